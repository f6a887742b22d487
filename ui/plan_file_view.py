"""Changes of the plan as a file: template, those in force, import with wrong lines named."""

import streamlit as st

from data import plan_files, plan_sheets
from data.errors import DataError
from data.plan_files import Parsed
from ui import chart_downloads, corrected, layout, state, table_files
from ui import format as fmt
from ui import scope as scopes
from ui.plan_reads import Sheet

_NAMED = 5  # wrong lines shown; the file has all


def menu(sheet: Sheet) -> None:
    """Downloads and the upload, in one popover."""
    with st.popover("File", icon=":material/table_view:", type="tertiary"):
        _downloads(sheet)
        _upload(sheet)


def _downloads(sheet: Sheet) -> None:
    """The plan to edit and the changes in force, each in three forms; an example of a line."""
    plan, stem = sheet.plan, chart_downloads.slug(f"plan {scopes.name(sheet.scope)}")
    if (count := int(sheet.series["cells"].sum())) > plan_sheets.MOST_LINES:
        st.caption(
            f"The plan of this scope has {count:,} lines, more than a file may have "
            f"({plan_sheets.MOST_LINES:,}). Narrow the scope to take it along."
        )
    else:
        table_files.buttons(
            lambda: plan_sheets.filled(state.store(), plan, sheet.scope),
            "Plan to edit",
            stem=stem,
            key="plan_filled",
        )
    table_files.buttons(
        lambda: plan_sheets.in_force(state.store(), plan),
        "Changes in force",
        stem="plan-changes",
        key="plan_changes",
    )
    st.download_button(
        "Template (CSV)",
        lambda: plan_files.template(state.store(), plan).encode("utf-8-sig"),
        file_name="plan-changes-template.csv",
        mime="text/csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key="plan_template",
    )


def _upload(sheet: Sheet) -> None:
    file = st.file_uploader(
        "Import changes (CSV, Excel or Parquet)",
        type=["csv", "xlsx", "xls", "parquet"],
        key=f"plan_file_{sheet.plan.plan_id}_{st.session_state.get('plan_files_kept', 0)}",
        max_upload_size=plan_sheets.LARGEST // 1_000_000,
        help="A line per product and period: product, place (empty: all), period, kind "
        "(%, units or to), amount, reason, comment. Lines of “Plan to edit” that still say what "
        "the plan says are left as they are.",
    )
    if file is None:
        return
    try:
        parsed = plan_files.read(state.store(), sheet.plan, file.getvalue(), file.name)
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    _problems(parsed)
    if parsed.unchanged:
        said = fmt.count(parsed.unchanged, "line says", "lines say")
        st.caption(f"{said} what the plan says already.")
    if not parsed.good:
        return
    label = f"Import {fmt.count(parsed.good, 'change')}"
    if parsed.problems:
        label += f", leave {len(parsed.problems):,} out"
    corrected.author_input()
    if st.button(label, type="primary", key="plan_import"):
        _keep(sheet, parsed)


def _problems(parsed: Parsed) -> None:
    """The wrong lines, the first of them on screen and all in a file."""
    if not parsed.problems:
        return
    st.markdown(
        f":red-badge[{fmt.count(len(parsed.problems), 'line')} cannot be used] of "
        f"{len(parsed.problems) + parsed.good:,}. Correct them and choose the file again, or "
        "import the others."
    )
    for each in parsed.problems[:_NAMED]:
        value = f" “{fmt.escape(each.value[:40])}”" if each.value else ""
        st.caption(f"Line {each.line:,}: {each.column}{value} {fmt.escape(each.reason)}")
    st.download_button(
        "All wrong lines (CSV)",
        plan_files.problems_csv(parsed.problems).encode("utf-8-sig"),
        file_name="wrong-lines.csv",
        mime="text/csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key="plan_problems",
    )


def _keep(sheet: Sheet, parsed: Parsed) -> None:
    try:
        plan_files.keep(
            state.store(),
            sheet.plan,
            parsed,
            author=corrected.author(),
            based_on=sheet.plan.revision,
            partly=True,
        )
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    st.session_state["plan_files_kept"] = st.session_state.get("plan_files_kept", 0) + 1
    layout.say_after_rerun(f"{fmt.count(parsed.good, 'change')} imported.")
    st.rerun()
