"""Choosing what to compare: the address names the runs (`?runs=a,b`), the popover changes them."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.registry import Entry
from ui import address, compare_queries, layout, navigation, sidebar
from ui import format as fmt
from ui.compare_queries import Choice
from ui.engine import registry
from ui.queries import Dataset

NAME = "runs"  # in the address
MOST = 5  # runs side by side
_SCOPES, _RUNS = "compare_scope", "compare_runs"


def chosen() -> tuple[Dataset, Choice, list[Entry]]:
    """The dataset, the comparisons of the address, else the latest, and all there are.

    Says what of the address cannot be shown. Stops the page where nothing was compared yet.
    """
    dataset = sidebar.chosen(
        shows="This page says which model is better, by how much, and whether that is chance."
    )
    offered = [
        entry
        for entry in compare_queries.comparisons(dataset.dataset_id)
        if compare_queries.is_readable(entry) and compare_queries.scope_of(entry)
    ]
    asked = [each for each in st.query_params.get(NAME, "").split(",") if each][:MOST]
    if not offered:
        _stop_without(dataset, asked)
    taken, said = sort_out(asked, offered)
    for sentence in said:
        st.caption(f":orange-badge[Left out] {sentence}")
    entries = taken or [_usual(offered)]
    found = compare_queries.scope_of(entries[0])
    assert found is not None  # only such are offered
    return dataset, Choice(entries=tuple(entries), scope=found[0], split=found[1]), offered


def sort_out(asked: Sequence[str], offered: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Which of the asked runs can be set beside each other, and a sentence on each other one."""
    by_id = {entry.run_id: entry for entry in offered}
    taken: list[Entry] = []
    said = []
    for run_id in dict.fromkeys(asked):
        entry = by_id.get(run_id)
        if entry is None:
            said.append(_why_not(run_id))
        elif taken and entry.about.scope_key != taken[0].about.scope_key:
            said.append(
                f"{fmt.escape(title(entry))} is of something else: "
                f"{fmt.escape(entry.about.scope_words)}, {entry.about.horizon} ahead. Only "
                "comparisons of one scope and one horizon can be set beside each other."
            )
        else:
            taken.append(entry)
    return taken, said


def control(place: DeltaGenerator, choice: Choice, offered: Sequence[Entry], windows: int) -> None:
    """The popover beside the title: what was forecast, and which comparisons of it."""
    about = choice.entries[0].about
    words = about.scope_words if len(about.scope_words) <= 44 else about.scope_words[:43] + "…"
    label = f"{fmt.escape(words)} · {about.horizon} ahead · {fmt.count(windows, 'window')}"
    by_scope: dict[str, list[Entry]] = {}
    for entry in offered:
        by_scope.setdefault(entry.about.scope_key, []).append(entry)
    alike = by_scope[about.scope_key]
    with place, st.popover(label, icon=":material/filter_alt:"):
        st.session_state[_SCOPES] = about.scope_key
        st.selectbox(
            "What was forecast",
            list(by_scope),
            format_func=lambda key: _scope_label(by_scope[key][0]),
            key=_SCOPES,
            on_change=_go_to_scope,
            args=({key: entries[0].run_id for key, entries in by_scope.items()},),
        )
        st.session_state[_RUNS] = list(choice.run_ids)
        st.multiselect(
            "Comparisons",
            [entry.run_id for entry in alike],
            format_func={entry.run_id: title(entry) for entry in alike}.__getitem__,
            key=_RUNS,
            on_change=_go_to_runs,
            max_selections=MOST,
            help="Several are compared on the windows and series that they share.",
            width=380,
        )


def title(entry: Entry) -> str:
    """What tells comparisons of one scope apart: when, and which models."""
    when = datetime.fromtimestamp(entry.about.created_at)
    return f"{when.day} {when:%b %H:%M} · {fmt.count(compare_queries.models_in(entry), 'model')}"


def _why_not(run_id: str) -> str:
    """Why a run of the address is not shown."""
    entry = registry().entry(run_id)
    if entry is None:
        return "One comparison of this link was deleted, or never was here."
    name = fmt.escape(entry.name)
    if entry.about.model:
        return f"{name} is one model. Its comparison with others is a run of its own."
    if not compare_queries.is_finished(entry):
        return f"{name} has no results: it is not done, or failed. Jobs says more."
    if not compare_queries.is_readable(entry):
        return f"{name} was made by an earlier version, which kept too little. Train again."
    return f"{name} is of another dataset. Choose it in the sidebar."


def _usual(offered: Sequence[Entry]) -> Entry:
    """The latest of what the address names, else the latest."""
    category, product, place = address.path(), address.number("product"), address.number("place")
    for entry in offered:
        scope = entry.about.scope
        if (tuple(scope["categories"]), scope["product"], scope["place"]) == (
            category, product, place
        ):  # fmt: skip
            return entry
    return offered[0]


def _stop_without(dataset: Dataset, asked: Sequence[str]) -> None:
    for run_id in asked:
        st.caption(f":orange-badge[Left out] {_why_not(run_id)}")
    if compare_queries.is_being_made():
        layout.stop(
            "**The first comparison is being made.** It forecasts past periods again and again; "
            "Jobs shows how far it is.",
            link=navigation.JOBS,
            link_label="Look at the job",
        )
    layout.stop(
        f"**Nothing compared in {fmt.escape(dataset.name)} yet.** Every training forecasts past "
        "periods that no model had seen, beside last year's weeks and ARIMA. This page then says "
        "which model was closest, by how much, and whether that is more than chance: by category, "
        "place and product, by weeks ahead, and what it cost.",
        link=navigation.TRAIN,
        link_label="Train models",
    )


def _scope_label(entry: Entry) -> str:
    return f"{entry.about.scope_words} · {entry.about.horizon} ahead"


def _go_to_scope(latest: dict[str, str]) -> None:
    address.go({NAME: latest[st.session_state[_SCOPES]]})


def _go_to_runs() -> None:
    address.go({NAME: ",".join(st.session_state[_RUNS]) or None})
