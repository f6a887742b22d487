"""Take an import back, from the last one of a dataset backwards, to exactly what was there."""

from data.datasets import delete_rows
from data.errors import ImportConflict, NotFound
from data.store import Store


def undo(store: Store, import_id: int) -> None:
    """Take an import back; only the last standing one of its dataset can be."""
    with store.transaction() as cursor:
        row = cursor.execute(
            "SELECT dataset_id, mode, undone_at FROM import_log WHERE import_id = $1", [import_id]
        ).fetchone()
        if row is None or row[2] is not None:
            raise NotFound(f"Import {import_id} is already undone or never was.")
        dataset_id, mode, _ = row
        later = cursor.execute(
            "SELECT max(import_id) FROM import_log "
            "WHERE dataset_id = $1 AND import_id > $2 AND undone_at IS NULL",
            [dataset_id, import_id],
        ).fetchone()
        if later and later[0] is not None:
            raise ImportConflict(
                f"Import {later[0]} came after import {import_id} and may rest on it. "
                f"Undo import {later[0]} first."
            )
        if mode in ("new", "demo"):
            delete_rows(cursor, dataset_id)
        else:
            for table in ("sales", "order_line"):
                cursor.execute(f"DELETE FROM {table} WHERE import_id = $1", [import_id])
                cursor.execute(
                    f"INSERT INTO {table} SELECT * EXCLUDE replaced_by FROM replaced_{table} "
                    "WHERE replaced_by = $1",
                    [import_id],
                )
                cursor.execute(f"DELETE FROM replaced_{table} WHERE replaced_by = $1", [import_id])
            for thing in ("product", "place"):
                cursor.execute(
                    f"DELETE FROM {thing} WHERE dataset_id = $1 AND {thing}_id NOT IN "
                    f"(SELECT {thing}_id FROM sales WHERE dataset_id = $1 UNION ALL "
                    f"SELECT {thing}_id FROM plan WHERE dataset_id = $1 "
                    f"AND {thing}_id IS NOT NULL)",
                    [dataset_id],
                )
        cursor.execute(
            "UPDATE import_log SET undone_at = now()::TIMESTAMP WHERE import_id = $1", [import_id]
        )
