"""The upper parts of the What-if page: which scenario, a new one, its menu, what is compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import plan_edits
from data import scenarios as stored
from data.errors import DataError
from data.plan_edits import PlanEdit
from data.scenarios import Scenario
from data.scope import Scope
from ui import address, corrected, layout, queries, state
from ui import format as fmt
from ui import scope as scopes
from ui import what_if_asked as runs
from ui import what_if_examples as examples
from ui import what_if_link as link
from ui import what_if_reads as reads
from ui import what_if_results as results
from ui import what_if_stale as stale
from ui import what_if_words as words
from ui.chart_style import short
from ui.queries import Dataset
from ui.what_if_kinds import Line
from ui.what_if_results import By, Found

MOST = 5  # scenarios side by side
USUAL = 3
_CHOICE, _COMPARE, _NAME, _BY = (
    "what_if_choice", "what_if_compare", "what_if_name", "what_if_by"
)  # fmt: skip
_DELETED = "what_if_deleted"
_SIBLINGS = "siblings"


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """All of one screen."""

    dataset: Dataset
    scope: Scope
    scenarios: list[Scenario]
    chosen: Scenario
    compared: list[Scenario]  # the chosen one among them
    found: dict[int, Found]
    by: By

    @property
    def mine(self) -> Found:
        """The result of the chosen scenario."""
        return self.found[self.chosen.scenario_id]

    def letter(self, scenario: Scenario) -> str:
        ids = [each.scenario_id for each in self.scenarios]
        return words.letter(ids.index(scenario.scenario_id))


def caption_place() -> DeltaGenerator:
    """Where the caption goes once the page knows what it stands on."""
    return st.empty()


def choose(dataset: Dataset, scope: Scope) -> tuple[list[Scenario], Scenario]:
    """The scenarios of a dataset and the one of the address; stops where there are none yet."""
    if dataset.frequency == "M":
        layout.stop(
            f"**{fmt.escape(dataset.name)}** has its sales by month, which is too coarse for "
            "prices and promotions. Upload sales by day or week."
        )
    listed = stored.listed(state.store(), dataset.dataset_id)
    link.take(dataset, scope, listed)
    asked = address.number("scenario")
    if not listed:
        _first(dataset, scope)
    chosen = next((each for each in listed if each.scenario_id == asked), listed[0])
    if asked is not None and chosen.scenario_id != asked:
        st.caption(":orange-badge[Scenario not found] It was deleted; another one is shown.")
    _switch(dataset, scope, listed, chosen)
    return listed, chosen


def read(dataset: Dataset, scope: Scope, listed: list[Scenario], chosen: Scenario) -> View:
    """The results of what is compared; stops the page in words where nothing sold."""
    compared = _compared(listed, chosen)
    by = results.answers(dataset, scope, chosen, compared)
    by = replace(by, siblings=bool(st.session_state.get(_SIBLINGS, True)))
    found, by = results.compare(dataset, scope, by, compared, anew=stale.is_asked())
    stale.done()
    if not found:
        layout.stop(
            f"**Nothing sold** of {fmt.escape(scopes.name(scope))} in "
            f"{fmt.escape(scopes.place(scope))}, so nothing can be asked. Choose another scope "
            "beside the title."
        )
    return View(
        dataset=dataset,
        scope=scope,
        scenarios=listed,
        chosen=chosen,
        compared=compared,
        found=found,
        by=by,
    )


def caption(place: DeltaGenerator, view: View) -> None:
    """What answers and what is compared; what is stale, and what became the plan."""
    result = view.mine.result
    with place.container(gap="xsmall"):
        st.caption(
            words.stands_on(
                result["by"],
                reads.last_day(view.dataset),
                first=result["first"],
                last=result["last"],
                series=result["series"],
            )
        )
        for said in words.shares(view.by.asked.shares, result["by"]) if view.by.asked else ():
            st.caption(f":gray[{said}]")
        if beside := words.BESIDE.get(result.get("beside", "")):
            st.caption(f":gray[{beside}]")
        if view.by.why:
            st.caption(f":gray[{fmt.escape(view.by.why)}: the measured price effects answer.]")
        stale.notes(view.dataset.dataset_id, view.chosen.scenario_id, view.found, view.by)


def _first(dataset: Dataset, scope: Scope) -> None:
    """What the page is for, with three scenarios of one click; stops the page."""
    with st.container(border=True, width=680):
        st.markdown(
            "**What if …** prices, promotions, events or stock were other than planned: what it "
            "does to units, revenue and margin, beside the plan. Nothing changes until you make a "
            "scenario the plan."
        )
        _new(dataset, scope)
        _restore(dataset)
    st.stop()


def _new(dataset: Dataset, scope: Scope) -> None:
    """Buttons of the examples, and of an empty scenario."""
    for number, example in enumerate(examples.of(dataset)):
        st.button(
            fmt.escape(example.name),
            key=f"what_if_example_{number}",
            icon=":material/play_arrow:",
            on_click=_create,
            args=(dataset.dataset_id, scope, example.name, example.lines),
        )
    st.button(
        "Empty scenario",
        key="what_if_empty",
        icon=":material/add:",
        type="tertiary",
        on_click=_create,
        args=(dataset.dataset_id, scope, "Scenario", ()),
    )


def _create(dataset_id: int, scope: Scope, name: str, lines: Sequence[Line]) -> None:
    store = state.store()
    made = stored.create(
        store,
        dataset_id,
        stored.free_name(store, dataset_id, name),
        author=corrected.author(),
        scope=link.scope_json(scope),
        changes=[line.to_json() for line in lines],
    )
    _show(made)


def _show(scenario_id: int | None) -> None:
    address.go({"scenario": scenario_id})


def _switch(dataset: Dataset, scope: Scope, listed: list[Scenario], chosen: Scenario) -> None:
    """The scenarios side by side, a new one, and the menu of the chosen one."""
    names = {
        each.scenario_id: f"{words.letter(at)} {fmt.escape(short(each.name, 34))}"
        + (" :blue[:material/check:]" if results.locked(each) else "")
        for at, each in enumerate(listed)
    }
    st.session_state[_CHOICE] = chosen.scenario_id
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "Scenario",
            list(names),
            format_func=lambda key: names[key],
            required=True,
            key=_CHOICE,
            on_change=_chosen,
            label_visibility="collapsed",
        )
        with st.popover("New", icon=":material/add:", key=f"what_if_new-{len(listed)}"):
            _new(dataset, scope)
        with st.popover("Edit", icon=":material/more_horiz:"):
            _menu(dataset, scope, chosen)
        st.toggle(
            "Rest of the category",
            value=True,
            key=_SIBLINGS,
            bind="query-params",
            help=words.SIBLINGS_HELP,
        )
    _undo_delete(dataset)


def _chosen() -> None:
    _show(st.session_state[_CHOICE])


def _menu(dataset: Dataset, scope: Scope, chosen: Scenario) -> None:
    """Rename, duplicate, what answers, delete."""
    key, dataset_id = chosen.scenario_id, dataset.dataset_id
    st.text_input(
        "Name",
        chosen.name,
        key=f"{_NAME}-{key}-{chosen.name}",
        max_chars=stored.MOST_CHARACTERS,
        on_change=_renamed,
        args=(dataset_id, key, chosen.name),
    )
    askers = {each.entry.run_id: each.entry.name for each in runs.askers(dataset, scope)}
    labels = {"": "The best there is", results.MEASURED: "Measured price effects", **askers}
    st.selectbox(
        "Answered by",
        list(labels),
        index=list(labels).index(chosen.base) if chosen.base in labels else 0,
        format_func=lambda each: labels[each],
        key=f"{_BY}-{key}",
        on_change=_answered,
        args=(dataset_id, key),
        help="A trained run of products in places that reads prices is asked again with the "
        "changed plan. Without one, what prices and promotions did so far answers.",
    )
    st.caption(f"Made by {fmt.escape(chosen.author)}, {fmt.day(chosen.created_at.date())}")
    with st.container(horizontal=True):
        st.button(
            "Duplicate",
            icon=":material/content_copy:",
            key="what_if_duplicate",
            on_click=_duplicate,
            args=(dataset_id, key),
        )
        st.button(
            "Delete",
            icon=":material/delete:",
            key="what_if_delete",
            on_click=_delete,
            args=(dataset_id, key),
            disabled=results.locked(chosen),
            help="It is the plan. Take that back first." if results.locked(chosen) else None,
        )
    _restore(dataset)


def _restore(dataset: Dataset) -> None:
    for each in stored.deleted(state.store(), dataset.dataset_id)[:3]:
        st.button(
            f"Bring back “{fmt.escape(short(each.name, 30))}”",
            key=f"what_if_restore_{each.scenario_id}",
            type="tertiary",
            icon=":material/undo:",
            on_click=_restored,
            args=(dataset.dataset_id, each.scenario_id),
        )


def _renamed(dataset_id: int, scenario_id: int, before: str) -> None:
    name = st.session_state[f"{_NAME}-{scenario_id}-{before}"]
    try:
        stored.rename(state.store(), dataset_id, scenario_id, name)
    except DataError as error:
        note(str(error))


def _answered(dataset_id: int, scenario_id: int) -> None:
    base = st.session_state[f"{_BY}-{scenario_id}"]
    stored.answer_by(state.store(), dataset_id, scenario_id, base)


def _duplicate(dataset_id: int, scenario_id: int) -> None:
    try:
        made = stored.duplicate(state.store(), dataset_id, scenario_id, author=corrected.author())
    except DataError as error:
        note(str(error))
        return
    _show(made)


def _delete(dataset_id: int, scenario_id: int) -> None:
    try:
        stored.delete(state.store(), dataset_id, scenario_id)
    except DataError as error:
        note(str(error))
        return
    st.session_state[_DELETED] = (dataset_id, scenario_id)
    _show(None)


def _undo_delete(dataset: Dataset) -> None:
    """The way back right after deleting."""
    dataset_id, scenario_id = st.session_state.get(_DELETED, (0, 0))
    gone = stored.deleted(state.store(), dataset.dataset_id) if dataset_id else []
    found = next((each for each in gone if each.scenario_id == scenario_id), None)
    if found is None or dataset_id != dataset.dataset_id:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"“{fmt.escape(found.name)}” was deleted.", width="content")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="what_if_undelete",
            on_click=_restored,
            args=(dataset_id, scenario_id),
        )


def _restored(dataset_id: int, scenario_id: int) -> None:
    stored.restore(state.store(), dataset_id, scenario_id)
    st.session_state.pop(_DELETED, None)
    _show(scenario_id)


def _compared(listed: list[Scenario], chosen: Scenario) -> list[Scenario]:
    """Those that are shown side by side: the chosen one, and what is ticked of the others."""
    ids = [each.scenario_id for each in listed]
    ticked = st.session_state.get(_COMPARE)
    wanted = [each for each in ids if each in ticked] if ticked else ids[:USUAL]
    if chosen.scenario_id not in wanted:
        most = MOST if ticked else USUAL
        wanted = sorted([*wanted[: most - 1], chosen.scenario_id], key=ids.index)
    return [each for each in listed if each.scenario_id in wanted[:MOST]]


def compare_choice(view: View) -> None:
    """Which scenarios stand side by side, where there are more than fit."""
    if len(view.scenarios) <= USUAL:
        return
    names = {each.scenario_id: view.letter(each) for each in view.scenarios}
    st.session_state[_COMPARE] = [each.scenario_id for each in view.compared]
    st.pills(
        "Compare",
        list(names),
        format_func=lambda key: names[key],
        selection_mode="multi",
        key=_COMPARE,
        persist_state="session",
        label_visibility="collapsed",
        help=f"Up to {MOST}; the chosen one is always among them.",
    )


def last_edit(view: View) -> PlanEdit | None:
    """The edit of the plan that the chosen scenario made, where it still holds."""
    for each in plan_edits.edits(state.store(), view.dataset.dataset_id, most=50):
        if each.scenario_id == view.chosen.scenario_id and not each.is_undone:
            return each
    return None


def note(text: str) -> None:
    """Say something on the next run."""
    layout.say_after_rerun(fmt.escape(text), icon=":material/info:")


def revision(view: View) -> str:
    """Changes with the lines of the chosen scenario, so that edits of old ones are forgotten."""
    return f"{view.chosen.scenario_id}-{view.chosen.changed_at:%H%M%S%f}-{queries.version()[3]}"
