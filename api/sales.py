"""Sales that come in: as JSON rows or as a file, with the checks of the Upload page, whole or not.

A row that is refused stops everything unless the request says to leave such rows out; either way
the answer names them. The receipt of an idempotency key is written in the import's transaction.
"""

import csv
import hashlib
import shutil
import tempfile
from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import duckdb
from pydantic import Field

from api import datasets
from api.datasets import DatasetParams
from api.operations import CSV, EXCEL, PARQUET
from api.problems import SHOWN, Fault, Problem
from api.wire import Call, Day, Upload, Wire
from data import mappings, receipts
from data.ingest import commit, staging, understand
from data.ingest.checks import check
from data.ingest.log import Mode, Outcome
from data.ingest.plan import Plan, Role
from data.ingest.report import Report
from data.ingest.sources import open_upload
from data.ingest.staging import Staged
from data.receipts import AlreadyDone, Slip
from data.store import Store
from ui import state

Bad = Literal["refuse", "leave_out"]
ENDINGS = {CSV: "csv", PARQUET: "parquet", EXCEL: "xlsx", "application/zip": "zip",
           "application/gzip": "csv.gz"}  # fmt: skip
MOST_ROWS_SENT = 50_000


class AppendParams(DatasetParams):
    mode: Literal["append", "replace"] = Field(
        default="append",
        description="`append` leaves product-days that are there as they are; `replace` puts the "
        "new ones in the place of all days that the rows cover.",
    )
    bad_rows: Bad = Field(
        default="refuse",
        description="`refuse`: one bad row and nothing is kept. `leave_out`: the others are kept.",
    )
    answer: tuple[str, ...] = Field(
        default=(), description="Answers to questions that a file leaves open, as `question=value`."
    )


class NewParams(Wire):
    name: str = Field(min_length=1, max_length=300, description="Of the new dataset.")
    bad_rows: Bad = AppendParams.model_fields["bad_rows"].default
    answer: tuple[str, ...] = Field(default=(), description="As for adding to a dataset.")


class SalesRow(Wire):
    """What a product sold on a day, in a place and channel where there are several."""

    date: Day
    product: str = Field(min_length=1, max_length=300)
    quantity: float = Field(description="Units, returns subtracted.")
    product_name: str | None = Field(default=None, max_length=300)
    place: str | None = Field(default=None, max_length=300)
    channel: str | None = Field(default=None, max_length=300)
    revenue: float | None = None
    price: float | None = Field(default=None, ge=0)
    discount: float | None = Field(default=None, ge=0, le=1, description="Share of the list price.")
    promo: bool | None = Field(
        default=None, description="Not known if no row has it; else no for rows without it."
    )
    stock: float | None = Field(default=None, description="Units at the end of the day.")


class SalesBody(Wire):
    rows: list[SalesRow] = Field(min_length=1, max_length=MOST_ROWS_SENT)


class FindingLine(Wire):
    severity: str
    title: str
    rows: int
    done: str = Field(description="What was done about it.")


class ImportAnswer(Wire):
    """What an import did."""

    import_id: int
    dataset_id: int
    rows_read: int
    rows_accepted: int
    rows_left_out: int = Field(description="Refused or set aside; `left_out` lists them.")
    product_days_added: int
    product_days_replaced: int
    product_days_skipped: int = Field(description="Were there already, and stay as they are.")
    first_day: Day | None
    last_day: Day | None
    findings: list[FindingLine]
    left_out: list[Fault] = Field(description=f"At most {SHOWN}.")
    repeated: bool = Field(
        default=False, description="Answered from the first request of this key."
    )


def append_rows(call: Call[AppendParams, SalesBody]) -> ImportAnswer:
    """Add JSON rows to a dataset."""
    body = call.body
    with tempfile.TemporaryDirectory(dir=_staging_folder(), prefix="rows-") as folder:
        path = Path(folder) / "rows.csv"
        columns = _write(path, body.rows)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        upload = Upload(path=path, name="rows.csv", kind=CSV, digest=digest)
        return _into(call, upload, columns)


def append_file(call: Call[AppendParams, None]) -> ImportAnswer:
    """Add a file to a dataset."""
    assert call.upload is not None
    return _into(call, call.upload, ())


def create(call: Call[NewParams, None]) -> ImportAnswer:
    """A new dataset from a file."""
    assert call.upload is not None
    asked = call.params
    return _import(
        call.upload, mode="new", name=asked.name, dataset_id=None, bad_rows=asked.bad_rows,
        answers=asked.answer, slip=_slip(call, f"new {asked.name}"), roles=(),
    )  # fmt: skip


def _into(
    call: Call[AppendParams, SalesBody] | Call[AppendParams, None],
    upload: Upload,
    columns: Sequence[str],
) -> ImportAnswer:
    asked = call.params
    dataset = datasets.found(asked.dataset)
    slip = _slip(
        replace(call, upload=upload), f"{asked.mode} {asked.bad_rows} {dataset.dataset_id}"
    )
    return _import(
        upload, mode=asked.mode, name="", dataset_id=dataset.dataset_id, bad_rows=asked.bad_rows,
        answers=asked.answer, slip=slip, roles=columns,
    )  # fmt: skip


def _import(
    upload: Upload,
    *,
    mode: Mode,
    name: str,
    dataset_id: int | None,
    bad_rows: Bad,
    answers: Sequence[str],
    slip: Slip | None,
    roles: Sequence[str],
) -> ImportAnswer:
    """Read, check and keep a file in one go."""
    store, today, began = state.store(), _latest_day(datetime.now(UTC)), datetime.now()
    try:
        if slip is not None:
            receipts.look(store, slip)
        with tempfile.TemporaryDirectory(dir=_staging_folder(), prefix="open-") as folder:
            plan = _plan(store, upload, Path(folder), answers, roles, today)
            staged = staging.stage(store, plan)
            try:
                return _keep(
                    store, staged, mode=mode, name=name, dataset_id=dataset_id, bad_rows=bad_rows,
                    slip=slip, today=today, began=began, first=1 if roles else 0,
                )  # fmt: skip
            finally:
                staging.discard(store, staged.token)
    except AlreadyDone as done:
        return ImportAnswer.model_validate({**done.answer, "repeated": True})


def _plan(
    store: Store,
    upload: Upload,
    folder: Path,
    answers: Sequence[str],
    roles: Sequence[str],
    today: date,
) -> Plan:
    """What the file is, as the Upload page guesses it; of JSON rows each column is known."""
    named = upload.name or f"sales.{ENDINGS.get(upload.kind, 'csv')}"
    path = folder / f"0-{Path(named).name[-80:]}"
    shutil.copyfile(upload.path, path)
    sources = open_upload(path, name=Path(named).name, workspace=folder / "work")
    recalled = None if roles else mappings.recall(store)
    plan = understand.guess(sources, remembered=recalled, today=today)
    for role in roles:
        held = next(c for file in plan.main_files for c in file.columns if c.name == role)
        if held.role != role:
            name, kind = plan.main_files[0].source.name, cast(Role, role)
            plan = understand.use_as(plan, name, role, kind, today=today)
    for given in answers:
        question, _, value = given.rpartition("=")
        plan = understand.answer(plan, question, value)
    if plan.open_questions:
        faults = [
            Fault(where=f"question {each.id}", problem=each.text,
                  value=", ".join(value for value, _ in each.options))
            for each in plan.open_questions
        ]  # fmt: skip
        raise Problem(
            "invalid",
            f"{plan.open_questions[0].text} Answer with answer={plan.open_questions[0].id}=VALUE.",
            errors=faults,
        )
    return plan


def _keep(
    store: Store,
    staged: Staged,
    *,
    mode: Mode,
    name: str,
    dataset_id: int | None,
    bad_rows: Bad,
    slip: Slip | None,
    today: date,
    began: datetime,
    first: int,
) -> ImportAnswer:
    report = check(store, staged, today=today)
    faults: list[Fault] = []
    if report.refused or report.set_aside:
        choices = {each.code: each.choice for each in report.findings}
        rejected = commit.rejected_rows(store, staged, choices, today=today)
        faults = [_fault(row, first) for row in rejected.to_dict("records")]
        if bad_rows == "refuse":
            raise Problem(
                "invalid",
                f"{len(faults)} of {report.rows_read} rows cannot be taken, so nothing was kept. "
                f"{faults[0].where}: {faults[0].problem}. Correct them, or send "
                "bad_rows=leave_out.",
                errors=faults[:SHOWN],
                error_count=len(faults),
            )
    answers: list[ImportAnswer] = []

    def before(cursor: duckdb.DuckDBPyConnection) -> None:
        if slip is not None:
            receipts.refuse_second(cursor, slip)

    def after(cursor: duckdb.DuckDBPyConnection, outcome: Outcome) -> None:
        answers.append(_answer(report, outcome, faults))
        if slip is not None:
            receipts.keep(cursor, slip, answers[0].model_dump(mode="json"))

    commit.import_staged(
        store, staged, report, mode=mode, today=today, name=name, dataset_id=dataset_id,
        currency=staged.plan.currency, started_at=began, before=before, after=after,
    )  # fmt: skip
    return answers[0]


def _answer(report: Report, outcome: Outcome, faults: Sequence[Fault]) -> ImportAnswer:
    return ImportAnswer(
        import_id=outcome.import_id,
        dataset_id=outcome.dataset_id,
        rows_read=report.rows_read,
        rows_accepted=report.accepted,
        rows_left_out=report.refused + report.set_aside,
        product_days_added=outcome.added,
        product_days_replaced=outcome.replaced,
        product_days_skipped=max(0, report.product_days - outcome.added),
        first_day=report.first_day,
        last_day=report.last_day,
        findings=[
            FindingLine(
                severity=each.severity, title=each.title, rows=each.rows, done=each.choice_label
            )
            for each in report.findings
        ],
        left_out=list(faults[:SHOWN]),
    )


def _fault(row: dict[Hashable, Any], first: int) -> Fault:
    """A line that was left out; of JSON rows its place in the list, from 0."""
    column = f", {row['column_name']}" if row["column_name"] else ""
    where = f"rows.{row['line'] - 2}" if first else f"line {row['line']}"
    return Fault(
        where=f"{where}{column}", problem=str(row["reason"]), value=str(row["value"] or "")[:80]
    )


def _write(path: Path, rows: Sequence[SalesRow]) -> list[str]:
    """The rows as CSV, in the columns that any of them has; the columns."""
    used = [
        name
        for name in SalesRow.model_fields
        if any(getattr(row, name) is not None for row in rows)
    ]
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_MINIMAL)
        writer.writerow(used)
        writer.writerows([_cell(getattr(row, name)) for name in used] for row in rows)
    return used


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value, "f") if isinstance(value, float) else value


def _slip(call: Call[Any, Any], what: str) -> Slip | None:
    """What tells the request again; None where the client gave no key."""
    if not call.idempotency_key:
        return None
    digest = call.upload.digest if call.upload else ""
    asked = hashlib.sha256(f"{what} {call.params!r} {digest}".encode()).hexdigest()
    return Slip(owner=call.who, idempotency_key=call.idempotency_key, digest=asked)


def _latest_day(now: datetime) -> date:
    """The day that has begun somewhere: shops and servers are in different zones.

    >>> _latest_day(datetime(2026, 11, 20, 11, tzinfo=UTC)).isoformat()
    '2026-11-21'
    """
    return (now + timedelta(hours=14)).date()


def _staging_folder() -> Path:
    folder = state.store().staging_folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder
