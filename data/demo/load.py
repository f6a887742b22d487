"""Writes the demo shop into the database: all of it, or nothing."""

import json
import time
from datetime import date, datetime

import duckdb
import pandas as pd

from data.demo.catalogue import LEVELS
from data.demo.shop import DemoShop, build
from data.errors import ImportConflict
from data.store import Store

NAME = "Demo shop"


def load(
    store: Store, *, today: date, seed: int = 11, products: int = 300, days: int = 1095
) -> int:
    """The id of a new dataset "Demo shop" with everything of `build`, in one transaction.

    Raises `ImportConflict` where there is a dataset of this name, `DataError` as `build` does.
    """
    started_at, clock = datetime.now(), time.perf_counter()
    with store.cursor() as cursor:
        _refuse_second(cursor)  # before the work; once more where nobody can come between
    shop = build(seed=seed, today=today, products=products, days=days)
    with store.transaction() as cursor:
        _refuse_second(cursor)
        (dataset_id,) = _row(cursor, "SELECT nextval('dataset_key')")
        (import_id,) = _row(cursor, "SELECT nextval('import_key')")
        cursor.execute(
            "INSERT INTO dataset "
            "(dataset_id, name, source, currency, country, category_levels, created_at) "
            "VALUES (?, ?, 'demo', '€', 'DE', ?, ?)",
            [dataset_id, NAME, list(LEVELS), started_at],
        )
        _write(cursor, shop, dataset_id, import_id)
        cursor.execute(
            "INSERT INTO import_log (import_id, dataset_id, dataset_name, mode, files, mapping, "
            "rows_read, rows_accepted, sales_added, rows_set_aside, rows_refused, sales_replaced, "
            "sales_skipped, first_day, last_day, started_at, seconds) "
            "VALUES (?, ?, ?, 'demo', '[]', ?, ?, ?, ?, 0, 0, 0, 0, ?, ?, ?, ?)",
            [
                import_id,
                dataset_id,
                NAME,
                json.dumps({"seed": seed, "today": today.isoformat()}),
                *[len(shop.sales)] * 3,
                shop.sales["day"].min(),
                shop.sales["day"].max(),
                started_at,
                time.perf_counter() - clock,
            ],
        )
    return int(dataset_id)


def _write(
    cursor: duckdb.DuckDBPyConnection, shop: DemoShop, dataset_id: int, import_id: int
) -> None:
    """Insert every frame; its keys, which count from 1, become the database's own."""
    product = _new_keys(cursor, "product_key", len(shop.products))
    place = _new_keys(cursor, "place_key", len(shop.places))

    def insert(table: str, columns: str, frame: pd.DataFrame) -> None:
        frame = frame.copy(deep=False)
        for column, new in (("product_id", product), ("place_id", place)):
            if column in frame:
                frame[column] = new.reindex(frame[column]).array
        own, values = ("dataset_id", [dataset_id])
        if table == "sales":
            own, values = ("dataset_id, import_id", [dataset_id, import_id])
        cursor.register("demo_frame", frame)
        cursor.execute(
            f"INSERT INTO {table} ({own}, {columns}) "
            f"SELECT {', '.join('?' * len(values))}, {columns} FROM demo_frame",
            values,
        )
        cursor.unregister("demo_frame")

    insert(
        "product", "product_id, code, name, categories, unit_cost, lead_time_days", shop.products
    )
    insert("place", "place_id, code, name, country", shop.places)
    insert(
        "sales",
        "product_id, place_id, day, quantity, revenue, price, discount, promo, stock_on_hand",
        shop.sales,
    )
    insert(
        "event",
        "event_id, name, kind, first_day, last_day, days_before, days_after, place_id",
        shop.events.assign(event_id=_new_keys(cursor, "event_key", len(shop.events)).array),
    )
    insert("plan", "product_id, place_id, day, price, promo, discount", shop.plan)
    insert("demo_truth", "topic, product_id, place_id, day, name, value", shop.truth)


def _new_keys(cursor: duckdb.DuckDBPyConnection, sequence: str, count: int) -> "pd.Series[int]":
    """Fresh keys of a sequence, indexed by the frames' own keys from 1."""
    rows = cursor.execute("SELECT nextval(?) FROM range(?)", [sequence, count]).fetchall()
    return pd.Series([key for (key,) in rows], index=range(1, count + 1), dtype="Int64")


def _refuse_second(cursor: duckdb.DuckDBPyConnection) -> None:
    (count,) = _row(cursor, "SELECT count(*) FROM dataset WHERE name = ?", [NAME])
    if count:
        raise ImportConflict(
            f"There is a dataset called {NAME!r} already. Open it, or delete it first."
        )


def _row(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: list[object] | None = None
) -> tuple[int, ...]:
    row = cursor.execute(sql, parameters or []).fetchone()
    assert row is not None, f"{sql!r} returns one row"
    return row
