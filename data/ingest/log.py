"""The log of imports: what was brought in, how it was read, what was found and done."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb
import pandas as pd

from data.errors import ImportConflict, NotFound
from data.ingest.plan import Plan
from data.ingest.report import Report
from data.ingest.staging import Staged
from data.store import Store

Mode = Literal["new", "append", "replace"]
UNLISTED = ("ignore", "date_column", "product_column")  # roles of too many columns to log


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an import did, beyond its report."""

    import_id: int
    dataset_id: int
    mode: Mode
    added: int  # product-days
    replaced: int
    started_at: datetime


def write_log(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, report: Report, outcome: Outcome
) -> None:
    """Add the import and its findings to the log, in the import's own transaction."""
    cursor.execute(
        """
        INSERT INTO import_log BY NAME
        SELECT $import_id AS import_id, $dataset_id AS dataset_id, $mode AS mode,
               $files::JSON AS files, $mapping::JSON AS mapping, $read AS rows_read,
               $accepted AS rows_accepted, $aside AS rows_set_aside, $refused AS rows_refused,
               $added AS sales_added, $replaced AS sales_replaced, $skipped AS sales_skipped,
               $first AS first_day, $last AS last_day, $started AS started_at,
               $seconds AS seconds,
               (SELECT name FROM dataset WHERE dataset_id = $dataset_id) AS dataset_name
        """,
        {
            "import_id": outcome.import_id,
            "dataset_id": outcome.dataset_id,
            "mode": outcome.mode,
            "files": json.dumps(_files(staged.plan)),
            "mapping": json.dumps(_mapping(staged)),
            "read": report.rows_read,
            "accepted": report.accepted,
            "aside": report.set_aside,
            "refused": report.refused,
            "added": outcome.added,
            "replaced": outcome.replaced,
            "skipped": report.product_days - outcome.added,
            "first": report.first_day,
            "last": report.last_day,
            "started": outcome.started_at,
            "seconds": (datetime.now() - outcome.started_at).total_seconds(),
        },
    )
    for f in report.findings:
        row = [outcome.import_id, f.code, f.severity, f.title, f.rows, f.unit, list(f.examples)]
        cursor.execute(
            "INSERT INTO import_finding VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [*row, f.choice, f.choice_label],
        )


def earlier_imports(store: Store, staged: Staged) -> pd.DataFrame:
    """Imports of these very files that still stand: import_id, dataset_id, dataset, at."""
    return store.frame(
        """
        SELECT import_id, dataset_id, d.name AS dataset, started_at AS at
        FROM import_log i JOIN dataset d USING (dataset_id)
        WHERE undone_at IS NULL AND mapping->>'fingerprint' = $1 ORDER BY import_id
        """,
        [staged.fingerprint],
    )


def refuse_same_files(cursor: duckdb.DuckDBPyConnection, staged: Staged, dataset_id: int) -> None:
    """Raise `ImportConflict` where the dataset holds these very files already."""
    row = cursor.execute(
        "SELECT import_id, started_at FROM import_log WHERE dataset_id = $1 "
        "AND undone_at IS NULL AND mapping->>'fingerprint' = $2",
        [dataset_id, staged.fingerprint],
    ).fetchone()
    if row:
        raise ImportConflict(
            f"The same file was imported on {row[1]:%-d %b %Y at %H:%M} (import {row[0]}). "
            "Nothing was added. To read it again with other choices, undo that import first."
        )


def dataset_of(store: Store, import_id: int) -> int:
    """The dataset that an import went into."""
    rows = store.rows("SELECT dataset_id FROM import_log WHERE import_id = $1", [import_id])
    if not rows:
        raise NotFound(f"There is no import {import_id}.")
    return int(rows[0][0])


def _files(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": file.source.name,
            "fingerprint": file.source.fingerprint,
            "size_bytes": file.source.size_bytes,
        }
        for file in plan.files
    ]


def _mapping(staged: Staged) -> dict[str, Any]:
    """What each column was used as, under the fingerprint that tells the same files again."""
    files = [
        {
            "name": file.source.name,
            "layout": file.layout,
            "columns": {
                c.name: [c.role, c.reading.label] for c in file.columns if c.role not in UNLISTED
            },
        }
        for file in staged.plan.files
    ]
    return {"fingerprint": staged.fingerprint, "files": files}
