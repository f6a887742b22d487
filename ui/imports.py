"""The parts of the Imports page: the log, one import in detail, and undoing it."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from data import queries as database
from data.errors import DataError
from data.ingest.undo import undo
from ui import format as fmt
from ui import layout, queries, state
from ui.upload_checks import SEVERITY, counted

MODES = {"new": "New", "append": "Added", "replace": "Replaced days", "demo": "Demo shop"}


def log() -> int | None:
    """The table of imports; returns the selected one, the latest where none is selected."""
    imports = queries.imports()
    shown = pd.DataFrame(
        {
            "When": imports["started_at"],
            "Dataset": imports["dataset"],
            "What": [MODES[mode] for mode in imports["mode"]],
            "Files": [", ".join(files) or "generated" for files in imports["files"]],
            "Rows read": imports["rows_read"],
            "Left out": imports["rows_set_aside"] + imports["rows_refused"],
            "Product-days": imports["sales_added"],
            "Seconds": imports["seconds"],
            "State": [["Undone"] if pd.notna(at) else [] for at in imports["undone_at"]],
        }
    )
    picked = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="import_rows",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "Rows read": st.column_config.NumberColumn(format="%,d"),
            "Left out": st.column_config.NumberColumn(format="%,d"),
            "Product-days": st.column_config.NumberColumn(format="%,d"),
            "Seconds": st.column_config.NumberColumn(format="%.1f"),
            "State": st.column_config.MultiselectColumn(options=["Undone"], color=["gray"]),
        },
    )
    rows = picked.selection.rows
    if imports.empty:
        return None
    return int(imports["import_id"].iloc[rows[0] if rows and rows[0] < len(imports) else 0])


def detail(import_id: int) -> None:
    """What one import found and did, its rejected lines, and the button that takes it back."""
    row = next(r for r in queries.imports().to_dict("records") if r["import_id"] == import_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Import {import_id}** :gray[· {fmt.escape(row['dataset'])} · "
            f"{row['started_at']:%-d %b %Y, %H:%M}]",
            width="content",
        )
        st.space("stretch")
        if row["rows_set_aside"] + row["rows_refused"]:
            _download(import_id)
        if row["can_undo"]:
            if st.button("Undo this import", icon=":material/undo:"):
                _confirm(import_id, row)
        elif pd.isna(row["undone_at"]):
            st.caption("A later import stands on this one; undo that first.")
    with st.grid(4, min_column_width=165):
        st.metric("Rows read", f"{row['rows_read']:,}", border=True)
        st.metric("Accepted", f"{row['rows_accepted']:,}", border=True)
        st.metric("Set aside", f"{row['rows_set_aside']:,}", border=True)
        st.metric("Refused", f"{row['rows_refused']:,}", border=True)
    found = queries.findings(import_id)
    if found.empty:
        st.caption("Nothing unusual was found in this import.")
    for line in found.to_dict("records"):
        examples = fmt.escape(" · ".join(line["examples"]))
        st.markdown(
            f"{SEVERITY[line['severity']]} **{fmt.escape(line['title'])}** "
            f"{counted(line['rows'], line['unit'])}: {fmt.escape(line['choice'])}"
            f"  \n:gray[{examples}]"
        )


def _download(import_id: int) -> None:
    def rows() -> bytes:
        frame = fmt.cells(database.rejected(state.store(), import_id))
        return frame.to_csv(index=False).encode("utf-8-sig")

    st.download_button(
        "Rows left out",
        rows,
        file_name=f"import-{import_id}-rows-left-out.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


@st.dialog("Undo this import?")
def _confirm(import_id: int, row: Mapping[Hashable, Any]) -> None:
    if row["mode"] in ("new", "demo"):
        st.markdown(
            f"The dataset **{fmt.escape(str(row['dataset']))}** goes with all its "
            f"{row['sales_added']:,} product-days. The log keeps a line about it."
        )
    else:
        st.markdown(
            f"{row['sales_added']:,} product-days go, {row['sales_replaced']:,} come back as they "
            "were."
        )
    if st.button(f"Undo import {import_id}", type="primary"):
        try:
            undo(state.store(), import_id)
        except DataError as error:
            st.error(fmt.escape(str(error)))
            return
        layout.say_after_rerun(f"Import {import_id} is undone.")
        st.rerun()
