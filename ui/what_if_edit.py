"""The change grid of a scenario, changes from a file, and what is wrong or to know about them."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from data import scenarios as stored
from data.errors import DataError, FileError
from ui import chart_style, queries, state, what_if
from ui import format as fmt
from ui import what_if_file as files
from ui import what_if_kinds as kinds
from ui import what_if_reads as reads
from ui import what_if_results as results
from ui import what_if_words as words
from ui.what_if import View
from ui.what_if_kinds import Line

WARNINGS = 6  # shown before the rest is folded
_FILE = "what_if_file"


def grid(view: View) -> None:
    """The lines of the chosen scenario, to change; every change is kept and worked out."""
    letter = view.letter(view.chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Changes in {letter}** :gray[· against the plan]", width="content")
        st.space("stretch")
        if not results.locked(view.chosen):
            with st.popover("From a file", icon=":material/upload_file:"):
                _file(view)
    lines = results.lines_of(view.chosen)
    table = _table(view, lines)
    key = f"what_if_grid-{what_if.revision(view)}"
    if results.locked(view.chosen):
        shown = table.drop(columns=["on"])
        st.dataframe(
            shown, hide_index=True, column_config=_columns(view, lines),
            alt="The changes that became the plan.",
        )  # fmt: skip
    else:
        edited = st.data_editor(
            table,
            hide_index=True,
            num_rows="dynamic",
            placeholder=fmt.DASH,
            disabled=["effect"],
            key=key,
            column_config=_columns(view, lines),
            alt="The changes of the scenario: what, of which products, where, when, new value.",
        )
        _keep(view, lines, edited)
    _say(view, lines)


def _table(view: View, lines: list[Line]) -> pd.DataFrame:
    parts = {part["line"]: part["units"] for part in view.mine.result["parts"]}
    rows = [
        {
            "on": line.on,
            "kind": line.kind,
            "products": line.products,
            "places": line.places,
            "first": kinds.day_of(line.first),
            "last": kinds.day_of(line.last),
            "value": line.value or None,
            "effect": words.cell(parts.get(number)),
        }
        for number, line in enumerate(lines)
    ]
    columns = ["on", "kind", "products", "places", "first", "last", "value", "effect"]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("kind", "products", "places", "value", "effect"):
        frame[name] = frame[name].astype(object)
    return frame.astype({"on": bool})


def _columns(view: View, lines: list[Line]) -> dict[str, Any]:
    config = st.column_config
    products, places = reads.options(queries.version(), view.dataset.dataset_id)
    known, known_places = set(products), set(places)
    soon = _soon(view.dataset)
    examples = "; ".join(f"{kind}: {text}" for kind, text in kinds.EXAMPLES.items() if text)
    return {
        "on": config.CheckboxColumn("On", width=46, default=True),
        "kind": config.SelectboxColumn(
            "Change", options=kinds.KINDS, required=True, default=kinds.PRICE, width=112
        ),
        "products": config.SelectboxColumn(
            "Products",
            options=[
                *products,
                *dict.fromkeys(x.products for x in lines if x.products not in known),
            ],
            default=kinds.ALL_PRODUCTS,
            width=180,
            help="All, a category, or one product. From a file several, with ; between.",
        ),
        "places": config.SelectboxColumn(
            "Places",
            options=[
                *places,
                *dict.fromkeys(x.places for x in lines if x.places not in known_places),
            ],
            default=kinds.ALL_PLACES,
            width=96,
        ),
        "first": config.DateColumn("From", format="ddd D MMM YY", default=soon, width=110),
        "last": config.DateColumn(
            "To", format="ddd D MMM YY", default=soon + timedelta(days=6), width=110
        ),
        "value": config.TextColumn("New value", width=94, help=examples),
        "effect": config.TextColumn(
            "Effect, units",
            width=88,
            alignment="right",
            help="What this line does alone, with the days around a promotion; expected value. "
            + words.assumption(view.mine.result["by"]),
        ),
    }


def _soon(dataset: queries.Dataset) -> date:
    """The first Monday to come."""
    first = reads.last_day(dataset) + timedelta(days=1)
    return first + timedelta(days=(7 - first.weekday()) % 7)


def _keep(view: View, before: list[Line], edited: pd.DataFrame) -> None:
    """Keep what was edited, and run again with it."""
    lines = [Line.of(row) for row in chart_style.records(edited)]
    if lines == before:
        return
    stored.change(
        state.store(),
        view.dataset.dataset_id,
        view.chosen.scenario_id,
        [line.to_json() for line in lines],
    )
    st.rerun()


def _say(view: View, lines: list[Line]) -> None:
    """Warnings one line each; the smaller ones folded."""
    found = words.warnings(view.mine.result, [line.title for line in lines])
    if not lines:
        st.caption("No change yet: this is the plan. Add a line, or take an example under “New”.")
    for text in found[:WARNINGS]:
        st.markdown(text)
    if len(found) > WARNINGS:
        with st.expander(f"{len(found) - WARNINGS} more"):
            for text in found[WARNINGS:]:
                st.markdown(text)


def _file(view: View) -> None:
    """Upload, look, take: what is wrong is named with its line."""
    st.caption(f"CSV or Excel with the columns {', '.join(files.HEADS)}.")
    st.download_button(
        "Example (CSV)", files.EXAMPLE, "scenario.csv", "text/csv", type="tertiary",
        icon=":material/download:", on_click="ignore", key="what_if_file_example",
    )  # fmt: skip
    given = st.file_uploader(
        "File", type=["csv", "txt", "xlsx", "xls"], key=_FILE, label_visibility="collapsed"
    )
    if given is None:
        return
    asked = results.answerer(view.dataset, view.scope, view.by, results.lines_of(view.chosen))
    if asked is None:
        return
    try:
        parsed = files.read(given.getvalue(), given.name, reads.shop(view.dataset, asked))
    except FileError as error:
        st.error(str(error))
        return
    for number, reason in parsed.problems[:10]:
        st.markdown(f":red-badge[Line {number}] {fmt.escape(reason)}")
    if len(parsed.problems) > 10:
        st.caption(f"And {len(parsed.problems) - 10:,} more lines that mean nothing.")
    if not parsed.lines:
        st.caption("No line of this file can be taken.")
        return
    st.dataframe(
        pd.DataFrame([line.to_json() for line in parsed.lines]).drop(columns="on"),
        hide_index=True,
        height=220,
        alt="The lines of the file that can be taken.",
    )
    st.button(
        f"Add {fmt.count(len(parsed.lines), 'change')}",
        type="primary",
        key="what_if_file_take",
        on_click=_take,
        args=(view.dataset.dataset_id, view.chosen.scenario_id, parsed.lines),
    )


def _take(dataset_id: int, scenario_id: int, lines: tuple[Line, ...]) -> None:
    found = stored.find(state.store(), dataset_id, scenario_id)
    if found is None:
        what_if.note("This scenario was deleted meanwhile.")
        return
    changes = [*found.changes, *(line.to_json() for line in lines)]
    try:
        stored.change(state.store(), dataset_id, scenario_id, changes)
    except DataError as error:
        what_if.note(str(error))
        return
    st.session_state.pop(_FILE, None)
    what_if.note(f"{fmt.count(len(lines), 'change')} added.")
