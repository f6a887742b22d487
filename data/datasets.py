"""A dataset as a whole: does it exist, rename it, delete it."""

import duckdb

from data.errors import ImportConflict, NotFound
from data.store import Store

TABLES = (
    "sales",
    "replaced_sales",
    "order_line",
    "replaced_order_line",
    "plan",
    "event",
    "calendar_edit",
    "calendar_entry",
    "demo_truth",
    "correction",
    "correction_batch",
    "segment_product",
    "segment",
    "alignment",
    "stock_setting",
    "stock_delivery",
    "stock_count",
    "stock_order",
    "stock_revision",
    "price_edit",
    "price_limit",
    "publication_cell",
    "publication",
    "demand_before",
    "demand_line",
    "demand_edit",
    "demand_cell",
    "demand_plan",
    "scenario",
    "scenario_result",
    "plan_edit",
    "plan_edit_row",
    "worklist_decision",
    "worklist_seen",
    "worklist_limit",
    "product",
    "place",
    "dataset",
)


def exists(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> bool:
    found = cursor.execute("SELECT 1 FROM dataset WHERE dataset_id = $1", [dataset_id]).fetchone()
    return found is not None


def rename(store: Store, dataset_id: int, name: str) -> None:
    """Give a dataset another name; `ImportConflict` when the name is taken or empty."""
    name = name.strip()
    with store.transaction() as cursor:
        if (
            not name
            or cursor.execute(
                "SELECT 1 FROM dataset WHERE name = $1 AND dataset_id <> $2", [name, dataset_id]
            ).fetchone()
        ):
            raise ImportConflict(f"“{name}” cannot be used: it is empty or another dataset's name.")
        cursor.execute("UPDATE dataset SET name = $1 WHERE dataset_id = $2", [name, dataset_id])


def delete(store: Store, dataset_id: int) -> None:
    """Remove a dataset with everything in it; its imports stay in the log as undone."""
    with store.transaction() as cursor:
        if not exists(cursor, dataset_id):
            raise NotFound("This dataset is already deleted.")
        delete_rows(cursor, dataset_id)
        cursor.execute(
            "UPDATE import_log SET undone_at = now()::TIMESTAMP "
            "WHERE dataset_id = $1 AND undone_at IS NULL",
            [dataset_id],
        )


def delete_rows(cursor: duckdb.DuckDBPyConnection, dataset_id: int) -> None:
    """Everything that belongs to the dataset but the log of its imports."""
    for table in TABLES:
        cursor.execute(f"DELETE FROM {table} WHERE dataset_id = $1", [dataset_id])
