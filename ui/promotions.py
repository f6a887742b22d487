"""The upper parts of the Promotions page: what all of them came to, and which kinds work."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data.scope import Scope
from forecasting.promotions import kinds
from ui import background, chart_downloads, layout, navigation, promotions_charts, queries
from ui import format as fmt
from ui import prices_reads as reads
from ui import prices_words as prices
from ui import promotions_facts as facts
from ui import promotions_words as words
from ui import scope as scopes
from ui.promotions_facts import Found
from ui.queries import Dataset

SPANS: dict[str, int | None] = {"Last 12 months": 365, "All time": None}
KINDS = {
    "Depth": "depth_class",
    "Category": "category",
    "Range": "range",
    "Length": "length",
    "Places": "reach",
}
TOP = 12  # kinds shown, best and worst
KEPT = 2  # datasets in memory
MANY_ROWS = 3_000_000  # of sales, above which price cuts are looked for only when asked
_CUTS = "promotions_cuts"


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """All of one screen."""

    dataset: Dataset
    scope: Scope
    found: Found
    lines: pd.DataFrame  # of `facts.described`, of the scope and span, newest first

    @property
    def noun(self) -> str:
        return "promotion" if self.found.flagged else "price cut"


def choose(dataset: Dataset) -> str:
    """How far back to look."""
    first, last = dataset.first_day, dataset.last_day
    if first is None or last is None or (last - first).days < 366:
        return "All time"
    return str(
        st.segmented_control(
            "Time",
            list(SPANS),
            default=None if "promotion_time" in st.session_state else "Last 12 months",
            required=True,
            key="promotion_time",
            bind="query-params",
            label_visibility="collapsed",
        )
    )


def read(dataset: Dataset, scope: Scope, span: str) -> View:
    """Past promotions of a scope; stops the page in words where there is none."""
    if not reads.has_prices(dataset):
        layout.stop(
            f"**{fmt.escape(dataset.name)} has no prices.** With prices, and best of all a column "
            "that says what was on promotion, this page says what each promotion earned.",
            link=navigation.UPLOAD,
            link_label="Upload sales with prices",
        )
    if dataset.sales_rows > MANY_ROWS and not reads.has_flags(dataset):
        _ask(dataset)
    with st.skeleton(height=420):
        found = background.result(
            "promotions",
            queries.version()[:3],
            dataset.dataset_id,
            lambda store, tell: facts.find(store, dataset.dataset_id, tell=tell),
            label="Working out what promotions earned",
            kept=KEPT,
        )
    if found is None:
        layout.stop(
            f"**No promotions in {fmt.escape(dataset.name)}.** Its sales say of none, and no price "
            "was cut by a twentieth for a while. Upload sales with a column such as “promo”."
        )
    lines = facts.described(found.lines, queries.products(dataset.dataset_id))
    days = SPANS[span]
    if days is not None and dataset.last_day is not None:
        since = pd.Timestamp(dataset.last_day) - pd.Timedelta(days=days)
        lines = lines[lines["last"] > since]
    wanted = reads.products_of(scope)
    if scope.product_id is not None:
        wanted = pd.Index([scope.product_id])
    lines = lines[lines["product"].isin(wanted)]
    if scope.place_id is not None:
        here = scope.place_id
        lines = lines[
            [any(each % found.places == here for each in series) for series in lines["series"]]
        ]
    if lines.empty:
        layout.stop(
            f"**No promotion** of {fmt.escape(scopes.name(scope))} in "
            f"{fmt.escape(scopes.place(scope))} in that time. Choose all time, or more products "
            "beside the title."
        )
    return View(dataset=dataset, scope=scope, found=found, lines=lines.reset_index(drop=True))


def _ask(dataset: Dataset) -> None:
    """Says at once that no promotion is marked; price cuts of a large shop wait to be asked for."""
    if st.session_state.get(_CUTS) == dataset.dataset_id:
        return
    with st.container(border=True, width=680):
        st.markdown(
            f"**No promotions in {fmt.escape(dataset.name)}.** Its sales do not say what was on "
            "promotion. Upload them with a column such as “promo”, or look at prices that were "
            f"cut for a while. With {dataset.sales_rows:,} rows that takes minutes; it goes on if "
            "you leave this page."
        )
        if st.button("Look for price cuts", icon=":material/search:", key="promotion_cuts"):
            st.session_state[_CUTS] = dataset.dataset_id
            st.rerun()
    st.stop()


def caption(place: Any, view: View) -> None:
    """What data, and how promotions are told."""
    how = (
        "promotions as flagged in the sales"
        if view.found.flagged
        else "no promotions are flagged: prices cut by at least 5% for a while"
    )
    parts = [
        fmt.escape(view.dataset.name),
        fmt.span(view.lines["first"].min(), view.lines["last"].max()),
        how,
        "against the same days without",
    ]
    if view.scope.place_id is not None:
        parts.append("all places of each are counted")
    place.caption(" · ".join(parts))


def cards(view: View) -> None:
    """Net effect, how many paid, what was pulled forward, what siblings lost."""
    judged, currency = view.lines[view.lines["verdict"] != "unknown"], view.dataset.currency
    net = float(judged["net"].sum())
    reach = float(np.sqrt((((judged["net_high"] - judged["net_low"]) / 2) ** 2).sum()))
    what = "margin" if view.lines["has_cost"].all() else "revenue"
    lift = float(judged["lift"].sum())
    counts = judged["verdict"].value_counts()
    with st.grid(4, min_column_width=165):
        _card(
            f"Net {what}",
            fmt.money(net, currency),
            prices.money_range(net - reach, net + reach, currency),
            "",
            "The range holds 8 in 10 cases. " + words.NET_HELP,
            color="green" if net - reach > 0 else "red" if net + reach < 0 else "off",
        )
        _card(
            f"{view.noun.capitalize()}s that earned",
            f"{int(counts.get('earned', 0)):,}",
            f"{int(counts.get('lost', 0)):,} cost money",
            f"of {len(judged):,}",
            words.VERDICT_HELP,
        )
        _card(
            "More units",
            fmt.units(round(lift)),
            fmt.growth(lift / judged["without"].sum() if judged["without"].sum() > 0 else None),
            "while they ran",
            words.WITHOUT_HELP,
        )
        moved = float((judged["before"] + judged["after"]).sum())
        taken = float(judged["others"].sum())
        _card(
            "Only moved",
            fmt.share(max(-(moved + taken), 0.0) / lift if lift > 0 else None),
            f"{fmt.units(round(-moved))} in time",
            f"{fmt.units(round(-taken))} beside" if taken else "",
            "Share of the extra units that were not new. " + words.AROUND_HELP + " "
            + words.OTHERS_HELP,
        )  # fmt: skip


def _card(
    label: str, value: str, badge: str, against: str, why: str, *, color: str = "off"
) -> None:
    st.metric(
        label,
        value.replace("$", "\\$"),
        badge.replace("$", "\\$") or None,
        delta_color=color,  # type: ignore[arg-type]
        delta_arrow="off",
        delta_description=against or None,
        border=True,
        height="stretch",
        help=why,
    )


def by_kind(view: View) -> None:
    """The best and worst kinds, by net money for each week of a promotion."""
    several = {name: column for name, column in KINDS.items() if view.lines[column].nunique() > 1}
    if not several:
        return
    if st.session_state.get("promotion_by") not in several:
        st.session_state["promotion_by"] = next(iter(several))
    with st.container(horizontal=True, vertical_alignment="center"):
        money = "margin" if view.lines["has_cost"].all() else "revenue"
        st.markdown(
            f"**What works** :gray[· net {money} for each week of one, tails: 8 in 10 cases]",
            width="content",
        )
        st.space("stretch")
        by = st.segmented_control(
            "By", list(several), required=True, key="promotion_by", label_visibility="collapsed"
        )
    summed = kinds(view.lines, several[str(by)], level=facts.LEVEL)
    if summed.empty:
        st.caption("Too little was sold around all of them to tell.")
        return
    if len(summed) > TOP:
        summed = pd.concat([summed.head(TOP // 2), summed.tail(TOP // 2)])
    best, worst = summed.index[0], summed.index[-1]
    chart_downloads.draw(
        promotions_charts.ranked(
            summed, view.dataset.currency, height=max(120, 34 * len(summed) + 40)
        ),
        title=f"Promotions by {str(by).lower()}",
        key=chart_downloads.keyed(f"promotion-kinds-{by}"),
        alt=f"Best: {best}; worst: {worst}.",
        data=lambda: summed.reset_index(),
    )
