"""Making a scenario the plan, which asks once and names what it overwrites; and taking it back."""

from dataclasses import dataclass
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import calendar_store, plan_edits
from data.calendar_entries import Entry
from data.errors import DataError
from ui import corrected, state, what_if, what_if_events
from ui import format as fmt
from ui import what_if_kinds as kinds
from ui import what_if_reads as reads
from ui import what_if_results as results
from ui import what_if_work as work
from ui.chart_style import short
from ui.what_if import View
from ui.what_if_kinds import Line, RuleError


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What making a scenario the plan would do."""

    rows: pd.DataFrame  # of the plan
    overwritten: int
    calendar: list[Entry] | None
    left_out: tuple[tuple[str, str], ...]  # title of a line, and why it cannot be planned

    @property
    def is_empty(self) -> bool:
        return self.rows.empty and self.calendar is None


def actions(place: DeltaGenerator, view: View) -> None:
    """Share link, and Make … the plan or Take back, in the title row."""
    letter = view.letter(view.chosen)
    with place:
        with st.popover("Share link", icon=":material/link:", type="tertiary"):
            st.code(link(view), language=None, wrap_lines=True)
        edit = what_if.last_edit(view)
        if edit is not None:
            st.button(
                "Take back from the plan",
                icon=":material/undo:",
                key="what_if_unplan",
                on_click=_undo,
                args=(view.dataset.dataset_id, edit.edit_id),
                help=f"{edit.words}, by {edit.author} on {fmt.day(edit.edited_at.date())}.",
            )
        elif st.button(
            f"Make {letter} the plan",
            type="primary",
            icon=":material/check:",
            key="what_if_make",
            disabled=not view.chosen.changes or results.locked(view.chosen),
        ):
            _ask(view)


def link(view: View) -> str:
    """The address of this scenario, with the scope that it is looked at in."""
    scope = view.scope
    named: list[tuple[str, str]] = [
        ("dataset", str(view.dataset.dataset_id)),
        ("scenario", str(view.chosen.scenario_id)),
        *(("category", each) for each in scope.categories if scope.product_id is None),
    ]
    for name, value in (
        ("product", scope.product_id), ("place", scope.place_id), ("segment", scope.segment_id),
    ):  # fmt: skip
        if value is not None:
            named.append((name, str(value)))
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode(named)}"


def draft(view: View) -> Draft:
    """What of the chosen scenario can be planned, and what stays out."""
    lines, dataset_id = results.lines_of(view.chosen), view.dataset.dataset_id
    asked = results.answerer(view.dataset, view.scope, view.by, lines)
    if asked is None:
        return Draft(rows=pd.DataFrame(), overwritten=0, calendar=None, left_out=())
    shop, store = reads.shop(view.dataset, asked), state.store()
    rows, problems = work.plan_rows(asked, lines, shop, everywhere=view.scope.place_id is None)
    left_out = [(lines[at].title, reason) for at, reason in problems.items()]
    calendar: list[Entry] | None = None
    for line in lines:
        if not line.on:
            left_out.append((line.title, "It is off."))
        elif line.kind in kinds.EVENTS:
            try:
                entries = calendar or calendar_store.read(store, dataset_id)
                calendar = what_if_events.planned(line, entries, reads.events(view.dataset), shop)
            except RuleError as error:
                left_out.append((line.title, str(error)))
        elif line.kind not in kinds.PLANNED:
            left_out.append((line.title, _why_not(line)))
    return Draft(
        rows=rows,
        overwritten=len(plan_edits.overwritten(store, dataset_id, rows)) if len(rows) else 0,
        calendar=calendar,
        left_out=tuple(left_out),
    )


def _why_not(line: Line) -> str:
    if line.kind == kinds.COST:
        return "Costs are kept with the products; change them under “How we order”, Inventory."
    return "Only prices, promotions and events can be planned."


def _ask(view: View) -> None:
    letter = view.letter(view.chosen)
    st.dialog(f"Make {letter} the plan", width="medium")(_dialog)(view)


def _dialog(view: View) -> None:
    made = draft(view)
    st.markdown(f"**{fmt.escape(view.chosen.name)}**")
    if len(made.rows):
        days = pd.to_datetime(made.rows["day"])
        products = fmt.count(made.rows["product_id"].nunique(), "product")
        st.markdown(
            f"Writes prices and promotions of **{products}** on "
            f"**{fmt.count(days.nunique(), 'day')}**, {fmt.span(days.min(), days.max())}."
        )
        kept = fmt.count(made.overwritten, "day of a product", "days of products")
        st.markdown(
            f"**Overwrites {kept}** that the plan has already."
            if made.overwritten
            else "The plan has nothing on these days yet; nothing is overwritten."
        )
    if made.calendar is not None:
        st.markdown("Changes the **calendar** of the dataset, where it can be seen and undone too.")
    if made.left_out:
        st.markdown("**Stays out of the plan**")
        for title, reason in made.left_out[:8]:
            st.markdown(f"- {fmt.escape(title)} :gray[· {fmt.escape(reason)}]")
    if made.is_empty:
        st.markdown("Nothing of this scenario can be planned.")
        return
    st.caption("Forecasts that read prices use the new plan from their next run on.")
    corrected.author_input()
    label = (
        f"Plan {fmt.count(len(made.rows), 'day of a product', 'days of products')}"
        if len(made.rows)
        else "Change the calendar"
    )
    if st.button(label, type="primary", icon=":material/check:", key="what_if_promote"):
        try:
            plan_edits.promote(
                state.store(),
                view.dataset.dataset_id,
                view.chosen.scenario_id,
                made.rows,
                words=f"Scenario “{short(view.chosen.name, 40)}”",
                author=corrected.author(),
                calendar=made.calendar,
            )
        except DataError as error:
            st.error(str(error))
            return
        what_if.note(f"“{view.chosen.name}” is the plan now.")
        st.rerun()


def _undo(dataset_id: int, edit_id: int) -> None:
    try:
        words = plan_edits.undo(state.store(), dataset_id, edit_id)
    except DataError as error:
        what_if.note(str(error))
        return
    what_if.note(f"{words} was taken back; the plan is as before.")
