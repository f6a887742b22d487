"""The plan on the Forecast page: periods as columns, fixed rows, and the bar that changes them."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import plans
from data.scope import Scope
from ui import (
    corrected,
    forecast_words,
    plan_bar,
    plan_log_view,
    plan_publish,
    plan_reads,
    plan_source,
    plan_versions,
    plan_words,
    state,
)
from ui import format as fmt
from ui.forecasts import NOUN, Outlook
from ui.plan_reads import Sheet
from ui.queries import Dataset

_GRID = "plan_grid"
_SAME = 0.02  # up to this share, two forecasts are the same to a reader
_TINT = {"light": "#F6E9F2", "dark": "#34203A"}  # of the override row; the theme's plum ground
_GREY = {"light": "#EEF1F5", "dark": "#252C38"}  # of frozen periods


def show(
    scope: Scope, outlook: Outlook, dataset: Dataset, actions: DeltaGenerator | None = None
) -> bool:
    """The sheet where there is a plan, else the button that begins one; gives whether it is there.

    Below a page's own forecast, of the same scope. Publishing goes to `actions`, the right end of
    the title row, where that is given.
    """
    found = plan_reads.plan(dataset.dataset_id, scope.freq)
    if found is None:
        _begin(scope, outlook, dataset, again=False)
        return False
    sheet = plan_reads.sheet(found, scope, outlook, dataset)
    if sheet.series.empty:
        _empty(sheet, scope, outlook, dataset)
        return False
    noun = NOUN[scope.freq][0]
    grey = " Grey is frozen." if sheet.series["frozen"].any() else ""
    st.markdown(
        f"**By {noun}** :gray[· mark one or more {NOUN[scope.freq][1]}, then change them "
        f"below.{grey}]",
    )
    _grid(sheet, scope, dataset)
    with actions or st.container(horizontal=True):
        plan_publish.button(sheet)
    _origin(sheet, scope, outlook, dataset)
    plan_bar.show(sheet)
    plan_log_view.show(sheet)
    plan_versions.show(sheet)
    return True


def _grid(sheet: Sheet, scope: Scope, dataset: Dataset) -> None:
    last = sheet.published
    when = f", {last.created_at.day} {last.created_at:%b}" if last else ""
    frame = plan_words.table(
        sheet.series,
        last_year=sheet.last_year,
        previous=sheet.previous,
        previous_name=f"Published{when}",
        freq=scope.freq,
        measure=scope.measure,
        currency=dataset.currency,
    )
    key = f"{_GRID}-{sheet.plan.plan_id}-{sheet.plan.revision}-{hash(scope):x}"
    headers = sheet.headers
    cell = st.column_config.TextColumn(alignment="right", width=66)
    st.dataframe(
        _tinted(frame, sheet),
        key=key,
        on_select=lambda: plan_bar.mark(
            sheet, [name for _, name in st.session_state[key].selection.cells if name in headers]
        ),
        selection_mode="multi-cell",
        alt=f"The plan by {NOUN[scope.freq][0]}: last year, published, forecast, override, final",
        column_config={
            " ": st.column_config.TextColumn(" ", width=104),
            **dict.fromkeys(frame.columns, cell),
        },
    )


def _tinted(frame: pd.DataFrame, sheet: Sheet) -> Any:
    """The override row in plum, the final in bold, frozen periods in grey."""
    mode = "dark" if st.context.theme.type == "dark" else "light"
    frozen = {
        header
        for header, is_frozen in zip(sheet.headers, sheet.series["frozen"], strict=True)
        if is_frozen
    }

    def style(row: "pd.Series[str]") -> list[str]:
        weight = "font-weight: 600;" if row.name == "Final" else ""
        plum = f"background-color: {_TINT[mode]};" if row.name == "Override" else ""
        grey = f"background-color: {_GREY[mode]};"
        return [weight + (grey if name in frozen else plum) for name in row.index]

    return frame.style.apply(style, axis=1)


def _origin(sheet: Sheet, scope: Scope, outlook: Outlook, dataset: Dataset) -> None:
    """What the plan stands on, the way to put another forecast below it, and files."""
    plan = sheet.plan
    when = f"{plan.replaced_at.day} {plan.replaced_at:%b, %H:%M}"
    of = "product and place" if plan.by_place else "product, all places together"
    text = (
        f"The plan stands on {fmt.escape(plan.model)}, by {of}, of {when}. Wider nodes are sums, "
        "so all levels agree."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text + _difference(sheet, scope, outlook), width="stretch")
        _replace(scope, outlook, dataset)


def _difference(sheet: Sheet, scope: Scope, outlook: Outlook) -> str:
    """A sentence where the chart shows another forecast than the plan stands on."""
    if scope.measure == "revenue":  # there, other prices alone make another number
        return ""
    planned = sheet.series.set_index("timestamp")["mean"]
    shown = outlook.future.set_index("timestamp")["mean"].reindex(planned.index)
    ours, theirs = float(planned[shown.notna()].sum()), float(shown.sum())
    if not theirs > 0 or abs(ours / theirs - 1) < _SAME:
        return ""
    amounts = [fmt.escape(fmt.units(each)) for each in (theirs, ours)]
    return (
        f" The chart shows {forecast_words.model_name(outlook.model, scope.freq)} instead: "
        f"{amounts[0]}, the plan {amounts[1]} before changes."
    )


def _replace(scope: Scope, outlook: Outlook, dataset: Dataset) -> None:
    """A quiet button that puts the newest forecast below the plan."""
    source = plan_source.source(scope, outlook)
    with st.popover("New forecast", type="tertiary", icon=":material/sync:"):
        st.markdown(
            f"Put **{fmt.escape(source.words)}** below the plan. Changes stay and are worked out "
            "again; frozen periods and locked products keep their numbers."
        )
        if st.button("Replace the forecast", key="plan_replace", icon=":material/sync:"):
            _start(source, scope, outlook, dataset)


def _begin(scope: Scope, outlook: Outlook, dataset: Dataset, *, again: bool) -> None:
    """The one step to a plan."""
    source = plan_source.source(scope, outlook)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        lead = "**All of the plan has passed.**" if again else "**No plan yet.**"
        noun = forecast_words.periods(len(outlook.future), scope.freq)
        st.markdown(
            f"{lead} Start one from this forecast: change it with a reason, publish it, and see "
            f"later how good it was.  \n:gray[{noun} of {fmt.escape(dataset.name)} by "
            f"{fmt.escape(source.words)}]",
            width="stretch",
        )
        if st.button("Start a plan", key="plan_begin", icon=":material/edit_calendar:"):
            _start(source, scope, outlook, dataset)


def _start(source: plan_source.Source, scope: Scope, outlook: Outlook, dataset: Dataset) -> None:
    with st.spinner("Working out every product…"):
        frame, model = plan_source.frame(source, dataset, outlook)
        plans.begin(
            state.store(),
            dataset.dataset_id,
            scope.freq,
            frame,
            model=model,
            author=corrected.author(),
            run_id=source.entry.run_id if source.entry else "",
        )
    st.rerun()


def _empty(sheet: Sheet, scope: Scope, outlook: Outlook, dataset: Dataset) -> None:
    """Nothing of the plan is in this scope, or all of it is over."""
    if sheet.plan.last_period <= outlook.history["timestamp"].iloc[-1].date():
        _begin(scope, outlook, dataset, again=True)
        return
    where = (
        "The plan is of all places together, so single places have none."
        if scope.place_id is not None and not sheet.plan.by_place
        else "It was not part of the forecast that the plan stands on, or sells no more."
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Nothing is planned here.** {where}", width="stretch")
        _replace(scope, outlook, dataset)
