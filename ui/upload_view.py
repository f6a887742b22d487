"""The first parts of the Upload page: where files come from, their columns, open questions."""

from datetime import date

import pandas as pd
import streamlit as st

from data.ingest.plan import Column, FilePlan, Question, Reading, Role
from ui import format as fmt
from ui import uploading
from ui.uploading import Upload

ROLES: dict[Role, str] = {
    "date": "Date",
    "product": "Product",
    "product_name": "Product name",
    "quantity": "Quantity",
    "price": "Price per unit",
    "revenue": "Revenue",
    "place": "Place",
    "channel": "Channel",
    "category": "Category",
    "promo": "Promotion",
    "discount": "Discount",
    "stock": "Stock on hand",
    "unit_cost": "Unit cost",
    "lead_time": "Lead time",
    "order": "Order number",
    "customer": "Customer",
    "status": "Order status",
    "date_column": "Quantity of a day",
    "product_column": "Quantity of a product",
    "key": "Links the files",
    "ignore": "Not used",
}
LAYOUTS = {
    "long": "One row per product and day",
    "orders": "Order lines: summed to product and day",
    "wide": "One column per day",
    "product_columns": "One column per product",
    "lookup": "Adds columns to another file",
}
CONFIDENCE = {"sure": "Sure", "likely": "Likely", "ask": "Ask"}
TYPES = ["csv", "tsv", "txt", "xlsx", "xls", "parquet", "zip", "gz", "xz"]
MANY = 40  # columns of one kind: shown as one line


def choose_files() -> None:
    """The two ways in: the browser, and the server's folder for files of gigabytes."""
    if refusal := uploading.refusal():
        st.error(fmt.escape(refusal))
    browser, server = st.columns(2)
    with browser.container(border=True, height="stretch"):
        st.markdown("**:material/upload_file: From this computer**")
        key = f"files-{uploading.widget_round()}"
        st.file_uploader(
            "CSV, Excel or Parquet, plain or packed; several at once",
            type=TYPES,
            accept_multiple_files=True,
            key=key,
            on_change=uploading.receive,
            args=(key,),
            help="Up to 1 GB here. For more, put the file into the server's folder.",
        )
    with server.container(border=True, height="stretch"):
        st.markdown("**:material/folder_open: From the server's folder**")
        names = uploading.server_files()
        if not names:
            st.caption(
                "For files of gigabytes: the operator puts them into the folder named by "
                "ALMANAC_DATA_FOLDER, and they are listed here. It is empty now."
            )
            return
        chosen = st.multiselect(
            "Files", names, key=f"server-{uploading.widget_round()}", placeholder="Choose files"
        )
        st.button(
            "Read from the server",
            disabled=not chosen,
            on_click=uploading.choose_on_server,
            args=(chosen,),
        )


def steps(upload: Upload | None) -> None:
    """The four steps as badges; what is done is green, what is open now is blue."""
    done = 0 if upload is None else (1 if upload.plan.open_questions else 3)
    names = ["File", "Columns", "Checks", "Import"]
    badges = [
        f":green-badge[:material/check: {i} {n}]"
        if i <= min(done, 1)
        else (f":blue-badge[{i} {n}]" if i <= done or i == done + 1 else f":gray-badge[{i} {n}]")
        for i, n in enumerate(names, start=1)
    ]
    st.markdown(" › ".join(badges))


def file_lines(upload: Upload) -> None:
    """One line per file: name, size, how it was read, what it is used for, a look at its rows."""
    with st.container(border=True):
        for file in upload.plan.files:
            source = file.source
            with st.container(horizontal=True, vertical_alignment="center"):
                size = _size(source.size_bytes)
                kind = source.encoding if source.format == "csv" else "Parquet"
                rows = f" · {source.rows:,} rows" if source.rows is not None else ""
                st.markdown(
                    f":material/draft: **{fmt.escape(source.name)}** · {size} · "
                    f"{fmt.escape(kind)}{rows} :blue-badge[{LAYOUTS[file.layout]}]",
                    width="content",
                )
                st.space("stretch")
                with st.popover("Preview rows", icon=":material/table:", type="tertiary"):
                    st.dataframe(
                        pd.DataFrame(source.sample[:20], columns=list(source.columns)),
                        hide_index=True,
                        width=700,
                    )
        notes = [*upload.plan.notes, *(n for s in upload.sources for n in s.notes)]
        for note in dict.fromkeys(notes):
            st.caption(fmt.escape(note))


def columns(upload: Upload) -> None:
    """The table of columns of every file; only what it is used as and how it is read change."""
    st.markdown("**Columns**")
    st.caption(
        "Matched by name, type and content. Change any role; your choice is remembered for the "
        "next file with these headers."
    )
    for file in upload.plan.files:
        if len(upload.plan.files) > 1:
            st.markdown(f":gray[{fmt.escape(file.source.name)}]")
        _column_table(upload, file)


def _column_table(upload: Upload, file: FilePlan) -> None:
    shown = _shown_columns(file)
    readings = {c.name: _reading_options(c) for c in shown}
    frame = pd.DataFrame(
        {
            "In your file": [c.name for c in shown],
            "Examples": [" · ".join(c.examples) for c in shown],
            "Used as": [ROLES[c.role] for c in shown],
            "Read as": [c.reading.label for c in shown],
            "": [[CONFIDENCE[c.confidence]] for c in shown],
            "Why": [c.reason for c in shown],
        }
    )
    labels = sorted({label for options in readings.values() for label in options})
    key = f"columns-{uploading.widget_round()}-{file.source.name}-{hash(file.columns)}"
    st.data_editor(
        frame,
        key=key,
        hide_index=True,
        disabled=["In your file", "Examples", "", "Why"],
        column_config={
            "In your file": st.column_config.TextColumn(width=130),
            "Examples": st.column_config.TextColumn(width=200),
            "Used as": st.column_config.SelectboxColumn(
                options=list(ROLES.values()), required=True, width=150
            ),
            "Read as": st.column_config.SelectboxColumn(options=labels, required=True, width=150),
            "": st.column_config.MultiselectColumn(
                options=list(CONFIDENCE.values()), color=["green", "gray", "orange"], width=75
            ),
            "Why": st.column_config.TextColumn(width=300),
        },
        on_change=_column_edited,
        args=(upload, file, key, shown, readings),
    )
    if hidden := len(file.columns) - len(shown):
        st.caption(f"{hidden:,} more columns like the last one are not listed.")


def _shown_columns(file: FilePlan) -> list[Column]:
    """All columns, but of a long run of days or products only the first three."""
    shown, run = [], 0
    for column in file.columns:
        run = run + 1 if column.role in ("date_column", "product_column") else 0
        if len(file.columns) <= MANY or run <= 3:
            shown.append(column)
    return shown


def _reading_options(column: Column) -> dict[str, Reading]:
    """The ways this column's text can be read, by their words; its own first."""
    ways = [
        column.reading,
        Reading(kind="text"),
        Reading(kind="number"),
        Reading(kind="number", decimal=",", thousands="."),
        Reading(kind="number", percent=True),
        Reading(kind="flag"),
        *(
            Reading(kind="date", date_format=pattern)
            for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d")
        ),
    ]
    options: dict[str, Reading] = {}
    for way in ways:
        options.setdefault(way.label, way)
    return options


def _column_edited(
    upload: Upload,
    file: FilePlan,
    key: str,
    shown: list[Column],
    readings: dict[str, dict[str, Reading]],
) -> None:
    by_label = {label: role for role, label in ROLES.items()}
    for row, change in st.session_state[key]["edited_rows"].items():
        column = shown[int(row)]
        if role := change.get("Used as"):
            uploading.set_role(upload, file.source.name, column.name, by_label[role])
        if label := change.get("Read as"):
            reading = readings[column.name].get(label) or next(
                options[label] for options in readings.values() if label in options
            )
            uploading.set_reading(upload, file.source.name, column.name, reading)


def questions(upload: Upload) -> None:
    """What must be answered before anything is read; no answer is preselected."""
    for question in upload.plan.questions:
        with (
            st.container(border=True),
            st.container(horizontal=True, vertical_alignment="center"),
        ):
            st.markdown(
                f":orange[:material/help:] **{fmt.escape(question.text)}** "
                f"{fmt.escape(question.detail)}",
                width="content",
            )
            st.space("stretch")
            _answer(upload, question)


def _answer(upload: Upload, question: Question) -> None:
    key = f"question-{uploading.widget_round()}-{question.id}"
    if not question.options:
        given = date.fromisoformat(question.answer) if question.answer else None
        day = st.date_input("Day", value=given, key=key, label_visibility="collapsed", width=160)
        if isinstance(day, date) and day.isoformat() != question.answer:
            uploading.set_answer(upload, question.id, day.isoformat())
            st.rerun()
        return
    labels = dict(question.options)
    picked = st.segmented_control(
        question.text,
        list(labels),
        default=question.answer,
        format_func=lambda value: labels[value],
        key=key,
        label_visibility="collapsed",
    )
    if picked is not None and picked != question.answer:
        uploading.set_answer(upload, question.id, picked)
        st.rerun()


def _size(count: int) -> str:
    """Bytes in the unit a person would use."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} bytes"
