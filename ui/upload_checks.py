"""The last parts of the Upload page: counts, findings with a choice each, and the import."""

from datetime import date

import streamlit as st

from data.errors import DataError
from data.ingest import commit, log
from data.ingest.plan import Plan
from data.ingest.report import Finding, Report
from ui import address, layout, navigation, progress, queries, state, uploading
from ui import format as fmt
from ui.uploading import Upload

SEVERITY = {
    "refused": ":red-badge[Refused]",
    "fix": ":orange-badge[Fix]",
    "look": ":blue-badge[Look]",
    "note": ":gray-badge[Note]",
}


def counts(report: Report) -> None:
    """Four counts that add up to the rows read."""
    with st.grid(4, min_column_width=165):
        st.metric("Rows read", f"{report.rows_read:,}", border=True)
        st.metric("Accepted", f"{report.accepted:,}", border=True)
        st.metric(
            "Set aside",
            f"{report.set_aside:,}",
            border=True,
            help="Kept with the reason; not part of sales.",
        )
        st.metric(
            "Refused", f"{report.refused:,}", border=True, help="Could not be read; see below."
        )
    if report.first_day and report.last_day:
        st.caption(
            f"{fmt.day(report.first_day)} – {fmt.day(report.last_day)} · "
            f"{fmt.count(report.products, 'product')} in {fmt.count(report.places, 'place')} · "
            f"{report.product_days:,} product-days · {fmt.units(report.units)} units"
        )


def counted(number: int, unit: str) -> str:
    """How many of what a finding counts.

    >>> counted(1, "rows"), counted(2, "rows"), counted(1, "series")
    ('1 row', '2 rows', '1 series')
    """
    return fmt.count(number, unit if unit == "series" else unit.removesuffix("s"), unit)


def findings(upload: Upload, report: Report) -> None:
    """A line per finding: how bad, what, how often, where, and what will be done about it."""
    if not report.findings:
        st.caption("Nothing unusual was found.")
        return
    with st.container(border=True):
        for finding in report.findings:
            _finding(upload, finding)


def _finding(upload: Upload, finding: Finding) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        share = f" · {fmt.share(finding.share)}" if finding.share else ""
        examples = fmt.escape(" · ".join(finding.examples))
        st.markdown(
            f"{SEVERITY[finding.severity]} **{fmt.escape(finding.title)}** "
            f"{counted(finding.rows, finding.unit)}{share}  \n:gray[{examples}]",
            help=finding.why,
            width="stretch",
        )
        if len(finding.options) == 1:
            st.markdown(f":gray[{fmt.escape(finding.choice_label)}]", width=290)
            return
        labels = dict(finding.options)
        key = f"choice-{uploading.widget_round()}-{finding.code}"
        picked = st.selectbox(
            finding.title,
            list(labels),
            index=list(labels).index(finding.choice),
            format_func=lambda value: labels[value],
            key=key,
            label_visibility="collapsed",
            width=290,
        )
        if picked != finding.choice:
            uploading.set_choice(upload, finding.code, picked)
            st.rerun()


def import_bar(upload: Upload, report: Report) -> None:
    """Where the rows go, what that changes, the rejected rows, and the one button."""
    assert upload.staged is not None
    known = queries.datasets()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            modes = {"new": "New dataset"}
            if known:
                modes |= {"append": "Add to a dataset", "replace": "Replace overlapping days"}
            mode = st.segmented_control(
                "Import as",
                list(modes),
                default="new",
                required=True,
                format_func=lambda value: modes[value],
                key=f"mode-{uploading.widget_round()}",
            )
            name, target = "", None
            if mode == "new":
                name = st.text_input(
                    "Name",
                    value=_suggested_name(upload.plan),
                    key=f"name-{uploading.widget_round()}",
                    width=220,
                )
            else:
                names = {d.dataset_id: d.name for d in known}
                target = st.selectbox(
                    "Dataset",
                    list(names),
                    format_func=lambda value: names[value],
                    key=f"target-{uploading.widget_round()}",
                    width=220,
                )
            st.space("stretch")
            _download_rejected(upload, report)
            pressed = st.button(
                f"Import {report.accepted:,} rows",
                type="primary",
                disabled=not report.product_days,
            )
        _say_what_changes(upload, mode, target)
        if pressed or progress.is_running(_import_key(upload)):
            _import(upload, report, mode, name, target)


def _download_rejected(upload: Upload, report: Report) -> None:
    count = report.refused + report.set_aside
    if not count or upload.staged is None:
        return
    staged, choices = upload.staged, {f.code: f.choice for f in report.findings}

    def rows() -> bytes:
        frame = commit.rejected_rows(state.store(), staged, choices, today=date.today())
        return fmt.cells(frame).to_csv(index=False).encode("utf-8-sig")

    st.download_button(
        f"Download {fmt.count(count, 'row')} left out",
        rows,
        file_name="rows-left-out.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _say_what_changes(upload: Upload, mode: str, target: int | None) -> None:
    assert upload.staged is not None
    store = state.store()
    for row in log.earlier_imports(store, upload.staged).to_dict("records"):
        st.markdown(
            f":orange-badge[Seen before] The same file is in **{fmt.escape(row['dataset'])}** "
            f"since {fmt.day(row['at'])} (import {row['import_id']})."
        )
    if mode == "new":
        st.caption("One step: all or nothing. You can undo the last import on Imports.")
        return
    change = commit.preview(store, upload.staged, mode, target)  # type: ignore[arg-type]
    parts = [f"{change.added:,} product-days are new"]
    if change.skipped:
        parts.append(f"{change.skipped:,} are there already and stay as they are")
    if mode == "replace":
        parts.append(f"{change.replaced:,} are replaced")
        parts.append(f"{change.removed:,} in the same days are missing in the file and go")
    st.caption(
        f"{', '.join(parts)}. Units in the dataset: {fmt.units(change.units_before)} before, "
        f"{fmt.units(change.units_after)} after. You can undo this on Imports."
    )


def _import_key(upload: Upload) -> str:
    return f"import-{upload.folder.name}-{upload.revision}"


def _import(upload: Upload, report: Report, mode: str, name: str, target: int | None) -> None:
    staged, store = upload.staged, state.store()
    assert staged is not None

    def work() -> int:
        return commit.import_staged(
            store,
            staged,
            report,
            mode=mode,  # type: ignore[arg-type]
            today=date.today(),
            name=name,
            dataset_id=target,
            currency=upload.plan.currency,
            started_at=upload.started_at,
        )

    try:
        import_id = progress.run(
            _import_key(upload), "Importing", work, store, cancel=uploading.start_over
        )
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    uploading.remember(upload)
    uploading.start_over()
    layout.say_after_rerun(f"Imported {report.accepted:,} rows.")
    dataset = log.dataset_of(store, import_id)
    address.go(
        {"dataset": dataset, "category": None, "product": None, "place": None, "segment": None}
    )
    st.switch_page(navigation.HOME)


def _suggested_name(plan: Plan) -> str:
    stem = plan.main_files[0].source.name if plan.main_files else plan.files[0].source.name
    stem = stem.split(" › ")[0].split("/")[-1].split(".")[0]
    words = stem.replace("_", " ").replace("-", " ").strip()
    return (words[:1].upper() + words[1:])[:60]
