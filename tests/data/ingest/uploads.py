"""Upload a text in one call, the way the page does: open, understand, stage, check, import."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from data.ingest.checks import check
from data.ingest.commit import import_staged
from data.ingest.log import Mode
from data.ingest.plan import Plan
from data.ingest.report import Report
from data.ingest.sources import open_upload
from data.ingest.staging import Staged, stage
from data.ingest.understand import guess
from data.store import Store

TODAY = date(2026, 11, 20)


@dataclass
class Trial:
    """An upload that is checked and not yet imported."""

    store: Store
    plan: Plan
    staged: Staged
    report: Report
    choices: dict[str, str]

    def keep(self, mode: Mode = "new", *, name: str = "Shop", dataset_id: int | None = None) -> int:
        return import_staged(
            self.store,
            self.staged,
            self.report,
            mode=mode,
            today=TODAY,
            name=name,
            dataset_id=dataset_id,
            started_at=datetime.now(),
        )


def understand(store: Store, folder: Path, *files: tuple[str, str | bytes]) -> Plan:
    """The plan for files given as (name, content)."""
    sources = []
    for name, content in files:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        sources += open_upload(path, name=name, workspace=store.staging_folder / "work")
    return guess(tuple(sources), today=TODAY)


def upload(
    store: Store,
    folder: Path,
    *files: tuple[str, str | bytes],
    choices: dict[str, str] | None = None,
    roles: dict[str, str] | None = None,
) -> Trial:
    """Everything up to the report; `roles` changes columns of the first file."""
    plan = understand(store, folder, *files)
    for column, role in (roles or {}).items():
        plan = plan.with_column(plan.files[0].source.name, column, role=role)
    staged = stage(store, plan)
    report = check(store, staged, choices, today=TODAY)
    return Trial(store, plan, staged, report, choices or {})
