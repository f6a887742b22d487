"""The parts of What changed: which two forecasts, the sum of the causes, by period, by series."""

from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.registry import Entry
from ui import changes_reads as reads
from ui import format as fmt
from ui import layout, navigation, plan_words, sidebar, table_files
from ui.changes_reads import CAUSES, Changes, Pair
from ui.chart_style import LEGEND, amount_ticks, dates_format
from ui.queries import Dataset

NAMES = {"data": "New sales", "plan": "Plan", "model": "Model"}
HELP = {
    "data": "What the earlier model says differently now that it has seen the sales since.",
    "plan": "What other prices, promotions and events ahead change, by the same model.",
    "model": "The rest: trained again, with other options, or another method.",
}
_COLOURS = {"data": "#000001", "plan": "#000003", "model": "#000004"}  # recent, promotion, price
_TABLE_ROWS = 200
_NOW, _BEFORE = "now", "before"  # in the address


def chosen(place: DeltaGenerator) -> tuple[Dataset, Pair]:
    """The two forecasts of the address, else the newest that has an earlier one."""
    dataset = sidebar.chosen(
        shows="This page splits a changed forecast into new sales, plan and model."
    )
    offered = reads.forecasts(dataset.dataset_id)
    with_earlier = {
        each.run_id: (each, reads.earlier(each, offered))
        for each in offered
        if reads.earlier(each, offered)
    }
    if not with_earlier:
        layout.stop(
            "**No two forecasts of the same thing yet.** Once something was forecast twice, by "
            "training again or on a schedule, this page says for each product why the number is "
            "another one: new sales, another plan, or another model.",
            link=navigation.SCHEDULES if offered else navigation.TRAIN,
            link_label="Repeat a training" if offered else "Train models",
        )
    asked = st.query_params.get(_NOW, "")
    now, earlier = with_earlier.get(asked) or next(iter(with_earlier.values()))
    before = next(
        (each for each in earlier if each.run_id == st.query_params.get(_BEFORE)), earlier[0]
    )
    with place, st.popover(f"{_title(now)} against {_title(before)}", icon=":material/history:"):
        st.session_state["changes_now"] = now.run_id
        st.selectbox(
            "Forecast",
            list(with_earlier),
            format_func=lambda key: _title(with_earlier[key][0]),
            key="changes_now",
            on_change=_go,
            args=(_NOW, "changes_now"),
            width=380,
        )
        by_id = {each.run_id: each for each in earlier}
        st.session_state["changes_before"] = before.run_id
        st.selectbox(
            "Against",
            list(by_id),
            format_func=lambda key: _title(by_id[key]),
            key="changes_before",
            on_change=_go,
            args=(_BEFORE, "changes_before"),
        )
    return dataset, Pair(now=now, before=before)


def caption(pair: Pair, found: Changes) -> None:
    """Of what, and over which periods."""
    first, last = found.periods.index[0], found.periods.index[-1]
    st.caption(
        f"{fmt.escape(pair.now.about.scope_words)} · {fmt.span(first, last)}, the periods that "
        "both forecast"
    )


def cards(found: Changes, currency: str) -> None:
    """Before, what each cause adds, and after."""
    sums = found.periods.sum()
    measure = found.scope.measure

    def words(value: float, *, signed: bool = False) -> str:
        text = fmt.amount(value, measure, currency).replace("$", "\\$")
        return f"+{text}" if signed and value > 0 and text != "0" else text

    with st.grid(5, min_column_width=150):
        st.metric("Before", words(sums["before"]), border=True, height="stretch")
        for cause in CAUSES:
            share = sums[cause] / sums["before"] if sums["before"] else None
            st.metric(
                NAMES[cause],
                words(sums[cause], signed=True),
                fmt.delta(share),
                delta_color="off",
                delta_arrow="off",
                delta_description="of before" if share is not None else None,
                border=True,
                height="stretch",
                help=HELP[cause],
            )
        st.metric(
            "Now",
            words(sums["after"]),
            fmt.delta(sums["change"] / sums["before"] if sums["before"] else None),
            delta_color="off",
            delta_description="vs before",
            border=True,
            height="stretch",
        )


def chart(found: Changes, currency: str) -> None:
    """The causes by period, stacked around zero."""
    unit = "Revenue" if found.scope.measure == "revenue" else "Units"
    st.markdown(f"**{unit} more or less than before** :gray[· by period, of all together]")
    st.plotly_chart(
        figure(found, currency), key="changes_chart", alt=in_words(found, currency), config=_BARE
    )


_BARE = {"displayModeBar": False}


def figure(found: Changes, currency: str) -> go.Figure:
    """Bars of each cause; what adds stands above zero, what takes away below."""
    bars = go.Figure()
    measure = found.scope.measure
    for cause in CAUSES:
        values = found.periods[cause]
        bars.add_bar(
            x=found.periods.index,
            y=values,
            name=NAMES[cause],
            marker={
                "color": _COLOURS[cause],
                "line": {"width": 1, "color": "#000038"},
            },
            customdata=[fmt.amount(value, measure, currency) for value in values],
            hovertemplate=f"{NAMES[cause]}: %{{customdata}}<extra></extra>",
        )
    above = found.periods[list(CAUSES)].clip(lower=0).sum(axis=1).max()
    below = found.periods[list(CAUSES)].clip(upper=0).sum(axis=1).min()
    ticks = amount_ticks(float(below), float(above), measure, currency)
    last = found.periods.index[-1]
    bars.update_layout(
        barmode="relative",
        height=270,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        legend=LEGEND,
        hovermode="x unified",
        bargap=0.35,
    )
    named = [("+" if value > 0 else "") + text for value, text in ticks.items()]
    bars.update_yaxes(tickvals=list(ticks), ticktext=named, title=None)
    bars.update_xaxes(tickformat=dates_format("%-d %b", last), showgrid=False, title=None)
    return bars


def in_words(found: Changes, currency: str) -> str:
    """The finding in one sentence."""
    sums = found.periods.sum()
    measure = found.scope.measure
    largest = max(CAUSES, key=lambda cause: abs(sums[cause]))
    change = sums["change"]
    if abs(change) < 0.5 and abs(sums[largest]) < 0.5:
        return "Both forecasts say the same."
    way = "more" if change > 0 else "less"
    return (
        f"{fmt.amount(abs(change), measure, currency)} {way} than before; most of it is from "
        f"{NAMES[largest].lower()} ({fmt.amount(sums[largest], measure, currency)})."
    )


def table(found: Changes, dataset: Dataset) -> None:
    """The series that changed most; a click opens one on Forecast."""
    currency = dataset.currency if found.scope.measure == "revenue" else ""
    order = found.series["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = found.series.loc[order].head(_TABLE_ROWS)
    rows = shown.round(0).add(0.0).reset_index()  # no -0
    named = reads.labels(found)
    frame = pd.DataFrame(
        {
            "label": [named[str(each)] for each in rows["series_id"]],
            "change": rows["change"],
            "cause": [[_cause(row)] for row in shown.to_dict("records")],
            **{name: rows[name] for name in ("before", *CAUSES, "after")},
            "open": "Open",
        }
    )
    noun = {"product_place": "Product and place", "product": "Product", "place": "Place"}
    st.markdown(
        f"**What moved most** :gray[· {len(shown):,} of {fmt.count(len(found.series), 'line')}]"
    )
    config = st.column_config
    amount = f"{currency}%,d"
    signed = frame.style.format(
        lambda value: plan_words.signed(float(value), found.scope.measure, dataset.currency),  # type: ignore[arg-type]
        subset=["change", *CAUSES],
    )
    st.dataframe(
        signed,
        hide_index=True,
        key="changes_table",
        alt="Lines whose forecast changed most, with what the change is from",
        column_config={
            "label": config.TextColumn(noun.get(found.split, "Line"), width=200),
            "change": config.Column("Change", width=76),
            "cause": config.MultiselectColumn(
                "Mostly",
                options=[*NAMES.values(), "–"],
                color=["blue", "green", "violet", "gray"],
                width=92,
            ),
            "before": config.NumberColumn("Before", format=amount, width=76),
            **{cause: config.Column(NAMES[cause], help=HELP[cause], width=78) for cause in CAUSES},
            "after": config.NumberColumn("Now", format=amount, width=76),
            "open": config.ButtonColumn("", key="changes_open", type="tertiary", width=54),
        },
    )
    if click := st.session_state.get("changes_open"):
        _open(dataset, str(rows["series_id"].iloc[int(click["row"])]), found.split)


def download(place: DeltaGenerator, found: Changes) -> None:
    """Every line as a file."""
    frame = found.series.reset_index()
    frame.insert(1, "name", [reads.labels(found)[str(each)] for each in frame["series_id"]])
    with place.popover("Download", icon=":material/download:"):
        table_files.buttons(frame, "Every line", stem="what-changed", key="changes")


def _cause(row: dict[Any, Any]) -> str:
    """The largest cause; a dash where nothing changed."""
    largest = max(CAUSES, key=lambda cause: abs(row[cause]))
    return NAMES[largest] if abs(row[largest]) >= 0.5 else fmt.DASH


def _open(dataset: Dataset, series_id: str, split: str) -> None:
    product, place = reads.product_of(series_id, split)
    asked = {"dataset": str(dataset.dataset_id)}
    if product:
        asked["product"] = product
    if place:
        asked["place"] = place
    st.switch_page(navigation.FORECAST, query_params=asked)


def _title(entry: Entry) -> str:
    when = datetime.fromtimestamp(entry.about.created_at)
    return f"{fmt.escape(entry.name)}, {when.day} {when:%b %H:%M}"


def _go(name: str, key: str) -> None:
    st.query_params[name] = st.session_state[key]
    if name == _NOW and _BEFORE in st.query_params:
        del st.query_params[_BEFORE]
