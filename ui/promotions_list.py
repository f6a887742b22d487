"""The list of the Promotions page, and one of them: in time, in sum, and checked."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.causal import Effect
from forecasting.errors import ForecastingError
from ui import background, chart_downloads, chart_style, list_downloads, promotions_charts, queries
from ui import format as fmt
from ui import prices_words as prices
from ui import promotions_facts as facts
from ui import promotions_words as words
from ui.promotions import View

EARNED, LOST, CHANCE, ALL = PILLS = ("Earned", "Cost money", "Could be chance", "All")
LISTED = 500
_OPEN, _PICKED, _CHECK = "promotions_open", "promotions_picked", "promotions_check"
_OF = {EARNED: "earned", LOST: "lost", CHANCE: "chance"}


def show(view: View) -> int:
    """The pills and the list; gives the promotion to look at."""
    lines = view.lines
    parts = {name: lines[lines["verdict"] == code] for name, code in _OF.items()} | {ALL: lines}
    pill = str(
        st.segmented_control(
            "Show",
            PILLS,
            format_func=lambda name: f"{name} {len(parts[name]):,}",
            default=None if "promotion_list" in st.session_state else ALL,
            required=True,
            key="promotion_list",
            bind="query-params",
            label_visibility="collapsed",
        )
    )
    chosen = parts[pill]
    if chosen.empty:
        st.caption(f"None here. All {len(lines):,} are under “All”.")
        chosen = lines
    else:
        _table(chosen.head(LISTED), view)
        if len(chosen) > LISTED:
            st.caption(
                f"The newest {LISTED:,} of {len(chosen):,} are listed; the file has all of them."
            )
    picked = st.session_state.get(_PICKED)
    if picked is not None and (lines["promotion"] == picked).any():
        return int(picked)
    over = chosen[(chosen["verdict"] != "unknown") & (chosen["note"] == "")]
    return int((over if len(over) else chosen)["promotion"].iloc[0])


def _table(chosen: pd.DataFrame, view: View) -> None:
    config, currency = st.column_config, view.dataset.currency
    table = pd.DataFrame(
        {
            "product": chosen["name"].to_numpy(),
            "verdict": [[words.VERDICT[each][0]] for each in chosen["verdict"]],
            "net": chosen["net"].to_numpy(),
            "band": [
                prices.money_range(low, high, currency)
                for low, high in zip(chosen["net_low"], chosen["net_high"], strict=True)
            ],
            "first": chosen["first"].dt.date.to_numpy(),
            "days": chosen["days"].to_numpy(),
            "off": (-chosen["depth"] * 100).to_numpy(),
            "places": [
                f"{here} of {all_}"
                for here, all_ in zip(chosen["places"], chosen["of_places"], strict=True)
            ],
            "sold": chosen["sold"].to_numpy(),
            "lift": (chosen["lift_share"] * 100).to_numpy(),
        }
    )
    st.dataframe(
        prices.table(table, percents=("off", "lift"), money=("net",), currency=currency),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Past promotions, newest first, with their net effect and verdict.",
        column_config={
            "product": config.ButtonColumn(
                "Product", key=_OPEN, type="tertiary", alignment="left", width=216,
                on_click=_opened, args=(tuple(chosen["promotion"].tolist()),),
                help="Click a product to see the promotion in time.",
            ),
            "verdict": config.MultiselectColumn(
                "Verdict", options=[each[0] for each in words.VERDICT.values()],
                color=[each[1] for each in words.VERDICT.values()], width=130,
                help=words.VERDICT_HELP,
            ),
            "net": config.Column("Net", width=78, alignment="right", help=words.NET_HELP),
            "band": config.TextColumn("8 in 10 cases", width=134),
            "first": config.DateColumn("From", format="D MMM YYYY", width=98),
            "days": config.NumberColumn("Days", format="%,d", width=54),
            "off": config.Column(
                "Price", width=60, alignment="right", help="Against the usual price."
            ),
            "places": config.TextColumn("Places", width=66),
            "sold": config.NumberColumn("Sold", format="%,d", width=66, help="Units."),
            "lift": config.Column(
                "More", width=66, alignment="right",
                help="Units sold against what would have sold without it, while it ran.",
            ),
        },
    )  # fmt: skip


def _opened(shown: tuple[int, ...]) -> None:
    row = st.session_state[_OPEN]["row"]
    if row < len(shown):
        st.session_state[_PICKED] = shown[row]


def one(view: View, promotion: int) -> None:
    """The chosen promotion: chart left, sum right, check below."""
    row = view.lines[view.lines["promotion"] == promotion].to_dict(orient="records")[0]
    line: dict[str, Any] = {str(key): value for key, value in row.items()}
    left, right = st.columns([0.64, 0.36], gap="medium")
    with left:
        _timeline(view, line)
    with right, st.container(border=True):
        _sum(view, line)
    _check(view, line)


def _title(line: dict[str, Any]) -> str:
    one_day = line["first"] == line["last"]
    days = fmt.day(line["first"]) if one_day else fmt.span(line["first"], line["last"])
    return f"{chart_style.short(str(line['name']), 44)} · {days}"


def _timeline(view: View, line: dict[str, Any]) -> None:
    noun = {"D": "day", "W": "week", "M": "month"}[view.found.grain]
    days = {"D": 42, "W": 91, "M": 365}[view.found.grain]
    st.markdown(f"**{fmt.escape(_title(line))}** :gray[· units a {noun} · gold: the days around]")
    time = view.found.evaluation.timeline(int(line["promotion"]), days=days)
    chart_downloads.draw(
        promotions_charts.timeline(time, grain=view.found.grain),
        title=f"Promotion of {line['name']}",
        key=chart_downloads.keyed(f"promotion-{line['promotion']}"),
        alt=f"{fmt.units(line['sold'])} units sold, {fmt.units(line['without'])} without it.",
        data=lambda: time,
    )


def _sum(view: View, line: dict[str, Any]) -> None:
    label, colour = words.VERDICT[line["verdict"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**What it came to**", width="content")
        st.badge(label, color=colour, help=words.VERDICT_HELP)  # type: ignore[arg-type]
    st.markdown(words.headline(line, view.dataset.currency), help=words.NET_HELP)
    st.table(
        pd.DataFrame(words.parts(line), columns=["What", "Units"]),
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )
    if line["verdict"] != "unknown" and line["note"]:
        st.caption(line["note"])
    depth = "not cheaper" if line["kind"] == "shown" else f"{line['depth']:.0%} off"
    cost = "" if line["has_cost"] else " Its unit cost is not known, so the net is revenue."
    st.caption(
        f"{fmt.count(line['days'], 'day')}, {depth}, {line['places']} of "
        f"{fmt.count(line['of_places'], 'place')}.{cost}"
    )


def _check(view: View, line: dict[str, Any]) -> None:
    """Whether it was the promotion: against products that were left alone, with placebos."""
    promotion = int(line["promotion"])
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                "**Was it the promotion?** :gray[A second opinion, from untouched products alone.]",
                width="content",
            )
            st.space("stretch")
            if st.button("Check", icon=":material/science:", key="promotion_check"):
                st.session_state[_CHECK] = promotion
        if st.session_state.get(_CHECK) != promotion:
            return
        try:
            effect = background.result(
                "promotion check",
                queries.version()[:3],
                (view.dataset.dataset_id, promotion),
                lambda store, tell: facts.check(
                    store, view.dataset.dataset_id, view.found, promotion, tell=tell
                ),
                label="Comparing with untouched products",
            )
        except ForecastingError as error:
            st.markdown(f"**It cannot be checked.** {fmt.escape(error)}")
            return
        _checked(effect, line, view)


def _checked(effect: Effect, line: dict[str, Any], view: View) -> None:
    spaced = effect.placebos_space.dropna()
    left, right = st.columns([0.5, 0.5], gap="medium")
    with left:
        st.markdown(words.check(effect, len(spaced)))
        names = queries.products(view.dataset.dataset_id)["name"]
        top = effect.weights.abs().nlargest(3).index
        st.caption(
            f"{len(effect.weights)} products without promotion in that time; most weight: "
            + ", ".join(fmt.escape(names.get(each, str(each))) for each in top)
            + ". Days with a promotion or stock-out of its own are left out of what is learnt."
        )
        for note in effect.notes:
            st.caption(note)
    with right:
        if np.isfinite(effect.p_space):
            st.markdown("**Placebos** :gray[· effect in times the usual error of each]")
            chart_downloads.draw(
                promotions_charts.placebos(
                    effect.score, spaced, [str(names.get(each, each)) for each in spaced.index]
                ),
                title=f"Placebos of {line['name']}",
                key=chart_downloads.keyed(f"promotion-placebos-{line['promotion']}"),
                alt=f"The promotion at {effect.score:.1f} among {len(spaced)} untouched products.",
                data=lambda: spaced.rename("score").reset_index(),
            )


def downloads(place: DeltaGenerator, view: View) -> None:
    """The Download menu: every line, then the charts."""
    label = fmt.count(len(view.lines), view.noun)
    list_downloads.show(place, lambda: table(view), label, stem="promotions")


def table(view: View) -> pd.DataFrame:
    """Every line as a file has it, to four digits."""
    lines = view.lines
    columns: dict[str, Any] = {
        "Product": lines["name"],
        "Category": lines["category"],
        "From": lines["first"],
        "Until": lines["last"],
        "Days": lines["days"],
        "Places": lines["places"],
        "Discount": lines["depth"],
        "Units sold": lines["sold"],
        "Units without it": lines["without"],
        "Units the week before": lines["before"],
        "Units the week after": lines["after"],
        "Units of its category": lines["others"],
        "Net units": lines["net_units"],
        "Net revenue": lines["net_revenue"],
        "Net margin": lines["net_margin"],
        "Net, 1 in 10 below": lines["net_low"],
        "Net, 1 in 10 above": lines["net_high"],
        "Verdict": [words.VERDICT[each][0] for each in lines["verdict"]],
        "Note": lines["note"],
    }
    return pd.DataFrame(columns).round(4)
