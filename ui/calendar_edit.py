"""Editing a calendar: festivals, own events and school terms, public holidays; files and undo."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import calendar_files, calendar_store, calendars
from data.calendar_entries import Entry, Kind
from data.errors import DataError
from ui import calendar_queries as queries
from ui import chart_downloads, layout, state
from ui import format as fmt
from ui import queries as shop
from ui.queries import Dataset

LISTS: dict[str, tuple[Kind, ...]] = {
    "Festivals": ("festival",),
    "Own events and school terms": ("own", "school"),
    "Public holidays": ("holidays",),
}
_EVERYWHERE = "everywhere"
_ROUND = "calendar_round"  # session: grows with every save, so that editors start afresh
_TERMS = {"own": "Own event", "school": "School term"}


def actions(place: DeltaGenerator, dataset: Dataset) -> None:
    """The right end of the title row: undo, and a file instead of the calendar."""
    words = calendar_store.undoable(state.store(), dataset.dataset_id)
    with place:
        if words and st.button(
            "Undo", icon=":material/undo:", type="tertiary", help=f"Takes back: {fmt.escape(words)}"
        ):
            _undo(dataset)
        with st.popover("Import", icon=":material/upload:"):
            file = st.file_uploader(
                "A calendar instead of this one",
                type=["csv"],
                max_upload_size=2,
                help="A file as the Download menu gives it. Undo takes it back.",
            )
            if file is not None and st.button("Replace the calendar", width="stretch"):
                _replace(file.getvalue(), dataset)


def downloads(place: DeltaGenerator, dataset: Dataset) -> None:
    """The Download menu: the calendar, and the charts."""
    with chart_downloads.menu(place):
        st.download_button(
            "The calendar (CSV)",
            lambda: calendar_files.write(
                queries.entries(dataset.dataset_id), _codes(dataset)
            ).encode("utf-8-sig"),
            file_name="calendar.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="calendar_csv",
        )


def grid(dataset: Dataset) -> None:
    """The lists to edit, one at a time, and what was changed lately."""
    entries = queries.entries(dataset.dataset_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Edit the calendar**", width="content")
        st.space("stretch")
        chosen = st.segmented_control(
            "List", list(LISTS), default="Festivals", required=True, key="calendar_list",
            label_visibility="collapsed",
        )  # fmt: skip
    kinds = LISTS[chosen or "Festivals"]
    mine = [each for each in entries if each.kind in kinds]
    number = st.session_state.get(_ROUND, 0)
    key = f"calendar-{chosen}-{dataset.dataset_id}-{shop.version()[3]}-{number}"
    if "festival" in kinds:
        edited = _festivals(mine, key)
    elif "holidays" in kinds:
        edited = _holidays(mine, key, dataset)
    else:
        edited = _own(mine, key, dataset)
    changed = edited != mine
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Save changes", type="primary", disabled=not changed, key="calendar_save"):
            others = [each for each in entries if each.kind not in kinds]
            order = (edited, others) if "festival" in kinds else (others, edited)
            _save(dataset, [each for part in order for each in part], _changes(mine, edited))
        st.caption(_hint(chosen or "Festivals"))
    _edits(dataset)


def _hint(chosen: str) -> str:
    return {
        "Festivals": "Days before and after are those whose sales move too.",
        "Own events and school terms": "Type in the last line to add one; tick a line to delete.",
        "Public holidays": "A country by its code, such as DE, or a part of it, such as DE-BY. "
        "A place with lines of its own has those instead of the ones everywhere.",
    }[chosen]


def _festivals(mine: Sequence[Entry], key: str) -> list[Entry]:
    column = st.column_config
    table = st.data_editor(
        pd.DataFrame(
            {
                # Typed, because a calendar from a file may have no festival at all.
                "On": pd.Series([each.is_on for each in mine], dtype=bool),
                "Festival": pd.Series([each.name for each in mine], dtype="str"),
                "When": pd.Series(
                    [calendars.RULES.get(each.name, "") for each in mine], dtype="str"
                ),
                "Days before": pd.Series([each.days_before for each in mine], dtype="int64"),
                "Days after": pd.Series([each.days_after for each in mine], dtype="int64"),
            }
        ),
        hide_index=True,
        key=key,
        disabled=["Festival", "When"],
        alt="Festivals: on or off, and the days around them",
        column_config={
            "On": column.CheckboxColumn(width=56),
            "Festival": column.TextColumn(width=210),
            "When": column.TextColumn(width=330),
            "Days before": _days_column(),
            "Days after": _days_column(),
        },
    )
    return [
        replace(
            each,
            is_on=bool(row["On"]),
            days_before=_number(row["Days before"]),
            days_after=_number(row["Days after"]),
        )
        for each, row in zip(mine, table.to_dict("records"), strict=True)
    ]


def _own(mine: Sequence[Entry], key: str, dataset: Dataset) -> list[Entry]:
    column = st.column_config
    codes = _codes(dataset)
    frame = pd.DataFrame(
        {
            "Name": pd.Series([each.name for each in mine], dtype="str"),
            "Kind": pd.Series([_TERMS[each.kind] for each in mine], dtype="str"),
            "First day": pd.to_datetime(pd.Series([each.first_day for each in mine])),
            "Last day": pd.to_datetime(pd.Series([each.last_day for each in mine])),
            "Yearly": pd.Series([each.yearly for each in mine], dtype=bool),
            "Days before": pd.Series([each.days_before for each in mine], dtype="int64"),
            "Days after": pd.Series([each.days_after for each in mine], dtype="int64"),
            "Place": pd.Series([_place_word(each, codes) for each in mine], dtype="str"),
            "On": pd.Series([each.is_on for each in mine], dtype=bool),
        }
    )
    table = st.data_editor(
        frame,
        hide_index=True,
        num_rows="dynamic",
        key=key,
        alt="Own events and school terms",
        column_config={
            "Name": column.TextColumn(width=190, required=True, max_chars=80),
            "Kind": column.SelectboxColumn(
                options=list(_TERMS.values()), default="Own event", width=112, required=True
            ),
            "First day": column.DateColumn(width=110, required=True),
            "Last day": column.DateColumn(width=110),
            "Yearly": column.CheckboxColumn(width=66, default=False),
            "Days before": _days_column(),
            "Days after": _days_column(),
            "Place": column.SelectboxColumn(
                options=[_EVERYWHERE, *codes.values()], default=_EVERYWHERE, width=112
            ),
            "On": column.CheckboxColumn(width=50, default=True),
        },
    )
    places = {code: place for place, code in codes.items()}
    kinds: dict[str, Kind] = {"Own event": "own", "School term": "school"}
    return [
        Entry(
            kind=kinds.get(row["Kind"], "own"),
            name=_text(row["Name"]),
            is_on=row["On"] is not False,
            first_day=_day(row["First day"]),
            last_day=_day(row["Last day"]) or _day(row["First day"]),
            yearly=row["Yearly"] is True,
            days_before=_number(row["Days before"]),
            days_after=_number(row["Days after"]),
            place_id=places.get(_text(row["Place"])),
        )
        for row in table.to_dict("records")
    ]


def _holidays(mine: Sequence[Entry], key: str, dataset: Dataset) -> list[Entry]:
    column = st.column_config
    codes = _codes(dataset)
    countries = [
        code
        for country, parts in calendars.supported_countries().items()
        for code in (country, *(f"{country}-{part}" for part in parts))
    ]
    frame = pd.DataFrame(
        {
            "Country": pd.Series([each.name for each in mine], dtype="str"),
            "Place": pd.Series([_place_word(each, codes) for each in mine], dtype="str"),
            "Days before": pd.Series([each.days_before for each in mine], dtype="int64"),
            "Days after": pd.Series([each.days_after for each in mine], dtype="int64"),
            "On": pd.Series([each.is_on for each in mine], dtype=bool),
        }
    )
    table = st.data_editor(
        frame,
        hide_index=True,
        num_rows="dynamic",
        key=key,
        alt="Countries whose public holidays count",
        column_config={
            "Country": column.SelectboxColumn(options=countries, width=150, required=True),
            "Place": column.SelectboxColumn(
                options=[_EVERYWHERE, *codes.values()], default=_EVERYWHERE, width=150
            ),
            "Days before": _days_column(),
            "Days after": _days_column(),
            "On": column.CheckboxColumn(width=50, default=True),
        },
    )
    places = {code: place for place, code in codes.items()}
    return [
        Entry(
            kind="holidays",
            name=_text(row["Country"]),
            is_on=row["On"] is not False,
            days_before=_number(row["Days before"]),
            days_after=_number(row["Days after"]),
            place_id=places.get(_text(row["Place"])),
        )
        for row in table.to_dict("records")
    ]


def _days_column() -> Any:
    return st.column_config.NumberColumn(width=112, min_value=0, max_value=60, step=1, default=0)


def _edits(dataset: Dataset) -> None:
    """The last edits, folded."""
    found = calendar_store.edits(state.store(), dataset.dataset_id)
    if not found:
        return
    with st.expander(f"Last edits ({len(found)})", icon=":material/history:"):
        for each in found:
            st.markdown(
                f"{fmt.escape(each.words)} :gray[· {fmt.day(each.edited_at.date())}, "
                f"{each.edited_at:%H:%M}]"
            )


def _save(dataset: Dataset, entries: list[Entry], words: str) -> None:
    try:
        calendar_store.save(state.store(), dataset.dataset_id, entries, words=words)
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    _done(f"Saved: {words}")


def _replace(content: bytes, dataset: Dataset) -> None:
    codes = _codes(dataset)
    try:
        entries = calendar_files.read(calendar_files.decode(content), codes)
        words = f"{fmt.count(len(entries), 'line')} from a file"
        calendar_store.save(state.store(), dataset.dataset_id, entries, words=words)
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    _done(f"The calendar has {words}.")


def _undo(dataset: Dataset) -> None:
    try:
        words = calendar_store.undo(state.store(), dataset.dataset_id)
    except DataError as error:
        st.error(str(error))
        return
    _done(f"Undone: {words}")


def _done(words: str) -> None:
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    layout.say_after_rerun(fmt.escape(words))
    st.rerun()


def _changes(before: Sequence[Entry], after: Sequence[Entry]) -> str:
    """What was changed, in words, for the list of edits; three things at most.

    >>> one = Entry(kind="festival", name="11.11", days_before=10)
    >>> _changes([one], [replace(one, is_on=False)])
    '11.11 off'
    >>> _changes([one], [replace(one, days_before=14)])
    '11.11: 14 days before instead of 10'
    """
    old = {(each.name, each.place_id, each.first_day): each for each in before}
    new = {(each.name, each.place_id, each.first_day): each for each in after}
    said = [f"{each.name} added" for key, each in new.items() if key not in old]
    said += [f"{each.name} removed" for key, each in old.items() if key not in new]
    for key in old.keys() & new.keys():
        said += _difference(old[key], new[key])
    said.sort()
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return "; ".join(said[:3]) + more or "Order changed"


def _difference(one: Entry, other: Entry) -> list[str]:
    said = []
    if one.is_on != other.is_on:
        said.append(f"{one.name} {'on' if other.is_on else 'off'}")
    if one.days_before != other.days_before:
        said.append(f"{one.name}: {other.days_before} days before instead of {one.days_before}")
    if one.days_after != other.days_after:
        said.append(f"{one.name}: {other.days_after} days after instead of {one.days_after}")
    if not said and one != other:
        said.append(f"{one.name} changed")
    return said


def _codes(dataset: Dataset) -> dict[int, str]:
    places = shop.places(dataset.dataset_id)
    return {int(str(key)): str(code) for key, code in places["code"].items()}


def _place_word(entry: Entry, codes: dict[int, str]) -> str:
    return _EVERYWHERE if entry.place_id is None else codes.get(entry.place_id, _EVERYWHERE)


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value).strip()  # type: ignore[call-overload]


def _number(value: object) -> int:
    return 0 if value is None or pd.isna(value) else int(str(value).partition(".")[0])  # type: ignore[call-overload]


def _day(value: object) -> Any:
    return None if value is None or pd.isna(value) else pd.Timestamp(str(value)).date()  # type: ignore[call-overload]
