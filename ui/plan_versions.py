"""Published versions of the plan: what they hold, two of them compared, and how they turned out."""

import pandas as pd
import streamlit as st

from data import plan_accuracy, publications
from data.publications import Publication
from data.scope import Freq, Scope
from ui import forecast_words, plan_words, queries, state
from ui import format as fmt
from ui.forecasts import NOUN
from ui.plan_reads import Sheet
from ui.plan_source import same_scope

LAGS = (1, 4)  # periods ahead
_SHOWN = 30


def show(sheet: Sheet) -> None:
    """Folded away; nothing is read before it is opened."""
    if sheet.published is None:
        return
    with st.expander("Published versions", on_change="rerun", key="plan_versions") as fold:
        if not fold.open:
            return
        listed = publications.listed(state.store(), sheet.dataset.dataset_id, sheet.plan.freq)
        _table(listed[:_SHOWN])
        st.caption(_turned_out(sheet))
        if len(listed) > 1:
            _compare(sheet, listed)


def _table(listed: list[Publication]) -> None:
    frame = pd.DataFrame(
        {
            "name": [each.name for each in listed],
            "when": [f"{each.created_at.day} {each.created_at:%b %Y, %H:%M}" for each in listed],
            "author": [each.author for each in listed],
            "periods": [
                f"{plan_words.header(each.first_period, each.freq)}–"
                f"{plan_words.header(each.last_period, each.freq)}"
                for each in listed
            ],
            "final": [each.final for each in listed],
            "changed": [
                (each.final / each.baseline - 1) * 100 if each.baseline > 0 else None
                for each in listed
            ],
            "note": [each.note for each in listed],
        }
    )
    column = st.column_config
    st.dataframe(
        fmt.with_signed_percents(frame, {"changed": 1}),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Published versions of the plan, latest first",
        column_config={
            "name": column.TextColumn("Name", width=170),
            "when": column.TextColumn("Published", width=140),
            "author": column.TextColumn("By", width=110),
            "periods": column.TextColumn("Periods", width=90),
            "final": column.NumberColumn("Units", format="%,d", width=90),
            "changed": column.TextColumn(
                "By hand", width=76, help="Final against the forecast below it."
            ),
            "note": column.TextColumn("Note", width=240),
        },
    )


def _turned_out(sheet: Sheet) -> str:
    """How far off versions were that many periods ahead, on the sales of today."""
    assert sheet.published is not None
    last, parts = sheet.published.publication_id, []
    for lag in LAGS:
        told = _told(
            queries.version(), last, sheet.dataset.dataset_id, sheet.plan.freq, lag,
            same_scope(sheet.scope),
        )  # fmt: skip
        off, bias = plan_accuracy.error(told)
        if told.empty or off != off:
            continue
        forecast = plan_accuracy.error(told, "baseline")[0]
        ahead = forecast_words.periods(lag, sheet.plan.freq)
        side = "too high" if bias > 0.005 else "too low" if bias < -0.005 else "balanced"
        parts.append(
            f"{ahead} ahead {fmt.share(off)} off, {side}; before changes {fmt.share(forecast)} "
            f"({forecast_words.periods(len(told), sheet.plan.freq)})"
        )
    if not parts:
        noun = NOUN[sheet.plan.freq][0]
        return f"How good they were shows once a {noun} of them is over."
    return f"In this scope: {'. '.join(parts)}. Held against the sales as they are today."


def _compare(sheet: Sheet, listed: list[Publication]) -> None:
    """The latest version against another, period by period, and what moved most."""
    latest = listed[0]
    other = st.selectbox(
        f"Compare {fmt.escape(latest.name)} with",
        listed[1:_SHOWN],
        format_func=lambda each: each.name,
        key="plan_compare",
        width=300,
    )
    scope, store = same_scope(sheet.scope), state.store()
    found = publications.compared(store, other.publication_id, latest.publication_id, scope)
    shared = found.dropna()
    before, after = float(shared["before"].sum()), float(shared["after"].sum())
    grown = fmt.growth(after / before - 1 if before > 0 else None)
    moved = publications.movers(store, other.publication_id, latest.publication_id, scope, limit=5)
    names = ", ".join(
        f"{fmt.escape(row['product'])} {plan_words.signed(row['moved'], 'quantity', '')}"
        for row in moved.to_dict("records")
    )
    st.markdown(
        f"In the {forecast_words.periods(len(shared), sheet.plan.freq)} of both, this scope went "
        f"from {fmt.units(before)} to **{fmt.units(after)}** units ({grown})."
        + (f" Most moved: {names}." if names else "")
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _told(
    version: queries.Version, last: int, dataset_id: int, freq: Freq, lag: int, scope: Scope
) -> pd.DataFrame:
    return plan_accuracy.by_lag(state.store(), dataset_id, freq, lag, scope)
