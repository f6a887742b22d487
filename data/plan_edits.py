"""Making a scenario the plan: prices and promotions of days to come are written, and taken back.

An edit keeps the rows that it took away and those that it brought. Undoing it is refused where a
later edit or an import changed the same days since.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

from data import calendar_store
from data.calendar_entries import Entry
from data.errors import NotFound, ScenarioError
from data.store import Store

_FIELDS = "product_id, place_id, day, price, promo, discount"


@dataclass(frozen=True, kw_only=True)
class PlanEdit:
    """One edit of a plan."""

    edit_id: int
    scenario_id: int
    words: str
    author: str
    edited_at: datetime
    product_days: int
    is_undone: bool


def overwritten(store: Store, dataset_id: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Planned rows that new ones of product_id, place_id and day would replace.

    A row of a place replaces one of that place; what is planned everywhere stays for the others.
    """
    with store.cursor() as cursor:
        cursor.register("new_rows", _typed(rows))
        found = cursor.execute(
            f"SELECT {', '.join('q.' + name for name in _FIELDS.split(', '))} FROM plan q "
            "SEMI JOIN new_rows n ON n.product_id = q.product_id AND n.day = q.day "
            "AND n.place_id IS NOT DISTINCT FROM q.place_id WHERE q.dataset_id = $1 ORDER BY ALL",
            [dataset_id],
        ).df()
        cursor.unregister("new_rows")
    return found


def promote(
    store: Store,
    dataset_id: int,
    scenario_id: int,
    rows: pd.DataFrame,
    *,
    words: str,
    author: str,
    calendar: list[Entry] | None = None,
) -> int:
    """Write product_id, place_id, day, price, promo and discount into the plan; the edit's id.

    `calendar` is the dataset's calendar as it shall be, where events change too. All of it or
    nothing. Raises `ScenarioError` where there is nothing to write, or an edit of the same day.
    """
    rows = _typed(rows)
    if rows.empty and calendar is None:
        raise ScenarioError(
            "Nothing of this scenario can be planned: it changes no price, promotion or event."
        )
    if rows.duplicated(["product_id", "place_id", "day"]).any():
        raise ScenarioError("The scenario plans one day of a product twice. Nothing was changed.")
    edit_of_calendar = 0
    if calendar is not None:
        calendar_store.save(store, dataset_id, calendar, words=words)
        edit_of_calendar = calendar_store.edits(store, dataset_id, most=1)[0].edit_id
    with store.transaction() as cursor:
        found = cursor.execute("SELECT nextval('plan_edit_key')").fetchone()
        assert found is not None
        edit_id = int(found[0])
        cursor.execute(
            "INSERT INTO plan_edit VALUES ($1, $2, $3, $4, $5, now()::TIMESTAMP, $6, NULL)",
            [edit_id, dataset_id, scenario_id, words, author, edit_of_calendar],
        )
        if len(rows):
            _write(cursor, dataset_id, edit_id, rows)
        cursor.execute(
            "UPDATE scenario SET status = 'plan' WHERE scenario_id = $1 AND dataset_id = $2",
            [scenario_id, dataset_id],
        )
    return edit_id


def undo(store: Store, dataset_id: int, edit_id: int) -> str:
    """The plan of those days as it was before; the edit's words.

    Raises `NotFound` where it is undone already, `ScenarioError` where the days changed since.
    """
    with store.transaction() as cursor:
        row = cursor.execute(
            "SELECT words, scenario_id, calendar_edit FROM plan_edit "
            "WHERE dataset_id = $1 AND edit_id = $2 AND undone_at IS NULL",
            [dataset_id, edit_id],
        ).fetchone()
        if row is None:
            raise NotFound("This change of the plan was taken back already.")
        words, scenario_id, edit_of_calendar = str(row[0]), int(row[1]), int(row[2])
        _refuse_changed(cursor, dataset_id, edit_id)
        cursor.execute(
            "DELETE FROM plan q USING plan_edit_row n WHERE n.edit_id = $1 AND n.is_new "
            "AND q.dataset_id = n.dataset_id AND q.product_id = n.product_id AND q.day = n.day "
            "AND q.place_id IS NOT DISTINCT FROM n.place_id",
            [edit_id],
        )
        cursor.execute(
            f"INSERT INTO plan (dataset_id, {_FIELDS}) SELECT dataset_id, {_FIELDS} "
            "FROM plan_edit_row WHERE edit_id = $1 AND NOT is_new",
            [edit_id],
        )
        cursor.execute(
            "UPDATE plan_edit SET undone_at = now()::TIMESTAMP WHERE edit_id = $1", [edit_id]
        )
        cursor.execute("UPDATE scenario SET status = 'draft' WHERE scenario_id = $1", [scenario_id])
    if edit_of_calendar:
        _undo_calendar(store, dataset_id, edit_of_calendar)
    return words


def edits(store: Store, dataset_id: int, *, most: int = 10) -> list[PlanEdit]:
    """The last edits, latest first."""
    rows = store.rows(
        "SELECT edit_id, scenario_id, words, author, edited_at, (SELECT count(*) FROM "
        "plan_edit_row r WHERE r.edit_id = e.edit_id AND is_new), undone_at IS NOT NULL "
        "FROM plan_edit e WHERE dataset_id = $1 ORDER BY edit_id DESC LIMIT $2",
        [dataset_id, most],
    )
    return [
        PlanEdit(
            edit_id=row[0], scenario_id=row[1], words=row[2], author=row[3], edited_at=row[4],
            product_days=row[5], is_undone=row[6],
        )
        for row in rows
    ]  # fmt: skip


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """With the types of the plan; an empty place is everywhere."""
    names = _FIELDS.split(", ")
    found = rows.reindex(columns=names)
    return found.assign(
        product_id=found["product_id"].astype("int64"),
        place_id=found["place_id"].astype("Int64"),
        day=pd.to_datetime(found["day"]),
        price=found["price"].astype(float),
        promo=found["promo"].astype("boolean"),
        discount=found["discount"].astype(float),
    ).reset_index(drop=True)


def _write(
    cursor: duckdb.DuckDBPyConnection, dataset_id: int, edit_id: int, rows: pd.DataFrame
) -> None:
    cursor.register("new_rows", rows)
    cursor.execute(
        f"INSERT INTO plan_edit_row SELECT $1, $2, true, {_FIELDS} FROM new_rows",
        [edit_id, dataset_id],
    )
    cursor.unregister("new_rows")
    same = (
        "q.dataset_id = n.dataset_id AND n.product_id = q.product_id AND n.day = q.day "
        "AND n.place_id IS NOT DISTINCT FROM q.place_id"
    )
    fields = ", ".join("q." + name for name in _FIELDS.split(", "))
    cursor.execute(
        f"INSERT INTO plan_edit_row SELECT $1, $2, false, {fields} FROM plan q "
        f"SEMI JOIN (FROM plan_edit_row WHERE edit_id = $1) n ON {same}",
        [edit_id, dataset_id],
    )
    cursor.execute(
        f"DELETE FROM plan q USING plan_edit_row n WHERE n.edit_id = $1 AND n.is_new AND {same}",
        [edit_id],
    )
    cursor.execute(
        f"INSERT INTO plan (dataset_id, {_FIELDS}) SELECT dataset_id, {_FIELDS} "
        "FROM plan_edit_row WHERE edit_id = $1 AND is_new",
        [edit_id],
    )


def _refuse_changed(cursor: duckdb.DuckDBPyConnection, dataset_id: int, edit_id: int) -> None:
    """Raises where a row that the edit brought is no longer as it was brought."""
    row = cursor.execute(
        f"""
        SELECT count(*), min(day) FROM (
            SELECT {_FIELDS} FROM plan_edit_row WHERE edit_id = $1 AND is_new
            EXCEPT SELECT {_FIELDS} FROM plan WHERE dataset_id = $2
        )
        """,
        [edit_id, dataset_id],
    ).fetchone()
    if row and row[0]:
        raise ScenarioError(
            f"The plan changed again since, from {row[1]:%-d %b %Y} on: {row[0]:,} days of "
            "products. Take back the later change first. Nothing was changed."
        )


def _undo_calendar(store: Store, dataset_id: int, edit_id: int) -> None:
    """Take back the calendar's edit, where it is still the one that holds."""
    last = calendar_store.edits(store, dataset_id, most=1)
    if last and last[0].edit_id == edit_id:
        calendar_store.undo(store, dataset_id)
