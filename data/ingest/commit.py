"""Keep a checked upload: preview what changes, then import it in one transaction, whole or not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import pandas as pd

from data.datasets import exists
from data.errors import ImportConflict, MappingError, NotFound
from data.ingest.checks import rejected_sql
from data.ingest.daily import kept_lines, money, optional_fields
from data.ingest.lines import number_lines
from data.ingest.log import Mode, Outcome, refuse_same_files, write_log
from data.ingest.report import Report
from data.ingest.rules import CANCEL_WORDS
from data.ingest.staging import Staged
from data.store import Store


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an import would change in product-days; all zero but `added` for a new dataset."""

    added: int  # new product-days
    skipped: int  # append: already there, left as they are
    replaced: int  # replace: there before, and again after
    removed: int  # replace: there before, within the file's dates, and not in the file
    units_before: float  # of the dataset
    units_after: float


def preview(store: Store, staged: Staged, mode: Mode, dataset_id: int | None) -> Preview:
    """Compare the staged product-days with what the dataset holds."""
    with store.cursor() as cursor:
        ((days, units),) = cursor.execute(
            f"SELECT count(*), coalesce(sum(quantity), 0) FROM {staged.table('daily')}"
        ).fetchall()
        if mode == "new" or dataset_id is None:
            return Preview(added=days, skipped=0, replaced=0, removed=0, units_before=0,
                           units_after=units)  # fmt: skip
        ((before,),) = cursor.execute(
            "SELECT coalesce(sum(quantity), 0) FROM sales WHERE dataset_id = $1", [dataset_id]
        ).fetchall()
        ((both, both_new),) = cursor.execute(
            f"SELECT count(*), coalesce(sum(n.quantity), 0) "
            f"FROM ({_staged_sales(staged)}) n JOIN sales s ON {_SAME_KEY} "
            "WHERE s.dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
        if mode == "append":
            return Preview(added=days - both, skipped=both, replaced=0, removed=0,
                           units_before=before, units_after=before + units - both_new)  # fmt: skip
        ((covered, covered_units),) = cursor.execute(
            f"SELECT count(*), coalesce(sum(s.quantity), 0) FROM sales s "
            f"WHERE {_covered(staged)} AND dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
    return Preview(added=days - both, skipped=0, replaced=both, removed=covered - both,
                   units_before=before, units_after=before - covered_units + units)  # fmt: skip


def rejected_rows(
    store: Store, staged: Staged, choices: dict[str, str], *, today: date, status: str | None = None
) -> pd.DataFrame:
    """Refused and set-aside lines: status, file, line, column_name, value, reason."""
    with store.cursor() as cursor:
        number_lines(cursor, staged)
    where = "WHERE status = $status" if status else "WHERE $status IS NULL"
    return store.frame(
        f"SELECT * FROM ({rejected_sql(staged, choices)}) {where} ORDER BY file, line",
        {"today": today, "status": status},
    )


def import_staged(
    store: Store,
    staged: Staged,
    report: Report,
    *,
    mode: Mode,
    today: date,
    name: str = "",
    dataset_id: int | None = None,
    currency: str = "",
    started_at: datetime,
    before: Callable[[duckdb.DuckDBPyConnection], object] | None = None,
    after: Callable[[duckdb.DuckDBPyConnection, Outcome], object] | None = None,
) -> int:
    """Move the staged product-days into the shop and return the import's id.

    `name` is that of a new dataset, `dataset_id` the one to append to or replace in. `before` and
    `after` are called within the transaction: what they write stands or falls with the import.
    Raises `ImportConflict` for a name that is taken or a file that the dataset already holds.
    """
    if not report.product_days:
        raise MappingError("No line can be imported: all were refused or set aside.")
    choices = {f.code: f.choice for f in report.findings}
    if report.refused or report.set_aside:
        with store.cursor() as cursor:  # not in the transaction, which may write to one file only
            number_lines(cursor, staged)
    with store.transaction() as cursor:
        if before is not None:
            before(cursor)
        if mode == "new":
            dataset_id = _new_dataset(cursor, staged, report, name, currency)
        elif dataset_id is None or not exists(cursor, dataset_id):
            raise NotFound("The dataset to add to is gone. Choose another, or make a new one.")
        elif mode == "append":
            refuse_same_files(cursor, staged, dataset_id)
        ((import_id,),) = cursor.execute("SELECT nextval('import_key')").fetchall()
        bound = {"dataset_id": dataset_id, "import_id": import_id}
        _add_things(cursor, staged, dataset_id)
        replaced = _set_replaced_aside(cursor, staged, bound) if mode == "replace" else 0
        added = _add_sales(cursor, staged, bound, only_new=mode == "append")
        if staged.is_orders:
            _add_order_lines(cursor, staged, choices, bound, today)
        if report.refused or report.set_aside:
            rejected = rejected_sql(staged, choices)
            cursor.execute(
                f"INSERT INTO rejected_row SELECT {import_id}, * FROM ({rejected})",
                {"today": today},
            )
        outcome = Outcome(mode=mode, added=added, replaced=replaced, started_at=started_at, **bound)
        write_log(cursor, staged, report, outcome)
        if after is not None:
            after(cursor, outcome)
    return int(import_id)


# --- The parts of an import, inside its transaction -------------------------------------------

_SAME_KEY = (
    "s.product_id = n.product_id AND s.place_id = n.place_id AND s.channel = n.channel "
    "AND s.day = n.day"
)


def _staged_sales(staged: Staged) -> str:
    """The staged product-days with the shop's own ids; binds $dataset_id.

    Left joins, because before the import its new products have no id yet.
    """
    optional = "".join(f", d.{name}" for name in optional_fields(staged) if name != "channel")
    channel = "d.channel" if staged.has("channel") else "''"
    return f"""
        SELECT i.product_id, j.place_id, {channel} AS channel, d.day, d.quantity, d.revenue,
               d.price{optional}
        FROM {staged.table("daily")} d
        LEFT JOIN (SELECT p.product_key, m.product_id FROM {staged.table("products")} p
              JOIN product m ON upper(m.code) = p.folded AND m.dataset_id = $dataset_id) i
        USING (product_key)
        LEFT JOIN (SELECT p.place_key, m.place_id FROM {staged.table("places")} p
              JOIN place m ON m.code = p.code AND m.dataset_id = $dataset_id) j
        USING (place_key)
    """


def _covered(staged: Staged) -> str:
    """Condition on `sales s`: in a series of the file, between the file's first and last day."""
    return f"""
        (s.product_id, s.place_id) IN (
            SELECT DISTINCT (product_id, place_id) FROM ({_staged_sales(staged)})
            WHERE product_id IS NOT NULL AND place_id IS NOT NULL)
        AND s.day BETWEEN (SELECT min(day) FROM {staged.table("daily")})
                      AND (SELECT max(day) FROM {staged.table("daily")})
    """


def _new_dataset(
    cursor: duckdb.DuckDBPyConnection,
    staged: Staged,
    report: Report,
    name: str,
    currency: str,
) -> int:
    name = name.strip()
    if not name:
        raise MappingError("The new dataset needs a name.")
    if cursor.execute("SELECT 1 FROM dataset WHERE name = $1", [name]).fetchone():
        raise ImportConflict(
            f"There is a dataset called “{name}” already. Choose another name, or add to that one."
        )
    levels: dict[str, str] = {}
    for (_, column), level in staged.fields.categories.items():
        levels.setdefault(level, column)
    missing = "missing" in (report.choice("closed_days"), report.choice("missing_days"))
    ((dataset_id,),) = cursor.execute(
        """
        INSERT INTO dataset (dataset_id, name, source, currency, category_levels, created_at,
                             gap_policy, frequency)
        VALUES (nextval('dataset_key'), $1, 'upload', $2, $3, now()::TIMESTAMP, $4, $5)
        RETURNING dataset_id
        """,
        [
            name,
            currency,
            [levels[k] for k in sorted(levels)],
            "missing" if missing else "zero",
            report.frequency,
        ],
    ).fetchall()
    return int(dataset_id)


def _add_things(cursor: duckdb.DuckDBPyConnection, staged: Staged, dataset_id: int) -> None:
    """Insert the products and places that the dataset does not know yet."""
    name = "product_name" if staged.has("product_name") else "NULL"
    levels = sorted(set(staged.fields.categories.values()))
    path = ", ".join(f'"{level}"' for level in levels)
    categories = f"list_filter([{path}]::VARCHAR[], lambda x: x IS NOT NULL AND x <> '')"
    cost = "unit_cost" if staged.has("unit_cost") else "NULL"
    lead = "lead_time" if staged.has("lead_time") else "NULL"
    used = f"product_key IN (SELECT product_key FROM {staged.table('daily')})"
    cursor.execute(
        f"""
        INSERT INTO product
        SELECT nextval('product_key'), * FROM (
            SELECT $dataset_id, code, coalesce(nullif(trim({name}), ''), code),
                   {categories if levels else "[]"}, {cost}, {lead}
            FROM {staged.table("products")} p WHERE {used} AND p.folded NOT IN
                 (SELECT upper(code) FROM product WHERE dataset_id = $dataset_id)
            ORDER BY code)
        """,
        {"dataset_id": dataset_id},
    )
    cursor.execute(
        f"""
        INSERT INTO place
        SELECT nextval('place_key'), * FROM (
            SELECT $dataset_id, code, CASE WHEN code = '' THEN 'All places' ELSE code END, ''
            FROM {staged.table("places")} p
            WHERE place_key IN (SELECT place_key FROM {staged.table("daily")})
              AND code NOT IN (SELECT code FROM place WHERE dataset_id = $dataset_id)
            ORDER BY code)
        """,
        {"dataset_id": dataset_id},
    )


def _set_replaced_aside(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, bound: dict[str, Any]
) -> int:
    """Move the rows that the file covers out of the way, kept for undo; returns how many."""
    columns = {"sales": "s.day", "order_line": "s.sold_at::DATE"}
    ((count,),) = cursor.execute(
        f"SELECT count(*) FROM sales s WHERE dataset_id = $dataset_id AND {_covered(staged)}",
        {"dataset_id": bound["dataset_id"]},
    ).fetchall()
    for table, day in columns.items():
        where = f"dataset_id = $dataset_id AND {_covered(staged).replace('s.day', day)}"
        cursor.execute(
            f"INSERT INTO replaced_{table} SELECT s.*, $import_id FROM {table} s WHERE {where}",
            bound,
        )
        cursor.execute(f"DELETE FROM {table} s WHERE {where}", {"dataset_id": bound["dataset_id"]})
    return int(count)


def _add_sales(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, bound: dict[str, Any], *, only_new: bool
) -> int:
    """Insert the staged product-days; with `only_new` those that the dataset lacks."""
    new = (
        f"WHERE NOT EXISTS (SELECT 1 FROM sales s WHERE s.dataset_id = $dataset_id AND {_SAME_KEY})"
        if only_new
        else ""
    )
    ((added,),) = cursor.execute(
        f"INSERT INTO sales BY NAME SELECT $dataset_id AS dataset_id, n.*, "
        f"$import_id AS import_id FROM ({_staged_sales(staged)}) n {new}",
        bound,
    ).fetchall()
    return int(added)


def _add_order_lines(
    cursor: duckdb.DuckDBPyConnection,
    staged: Staged,
    choices: dict[str, str],
    bound: dict[str, Any],
    today: date,
) -> None:
    """Keep the lines themselves beside their sums, for the days that this import added."""
    revenue, price = money(staged)
    customer = "l.customer" if staged.has("customer") else "NULL::VARCHAR"
    status = "lower(trim(l.status))" if staged.has("status") else "''"
    words = ", ".join(f"'{word}'" for word in CANCEL_WORDS)
    channel = "coalesce(l.channel, '')" if staged.has("channel") else "''"
    distinct = "DISTINCT" if choices.get("repeated_lines") == "once" else ""
    cursor.execute(
        f"""
        INSERT INTO order_line
        SELECT {distinct} $dataset_id, $import_id, l."order", m.product_id, n.place_id,
               {channel}, l.date, {customer}, l.quantity, {price}, {revenue},
               CASE WHEN {status} IN ({words}) THEN 'cancelled'
                    WHEN l.quantity < 0 AND regexp_matches(l."order", '^[Cc][0-9]')
                    THEN 'cancelled' WHEN l.quantity < 0 THEN 'return' ELSE 'sale' END
        FROM (SELECT l.*, p.product_key, s.code AS place_code {kept_lines(staged, choices)}) l
        JOIN {staged.table("products")} k USING (product_key)
        JOIN product m ON upper(m.code) = k.folded AND m.dataset_id = $dataset_id
        JOIN place n ON n.code = l.place_code AND n.dataset_id = $dataset_id
        WHERE (m.product_id, n.place_id, {channel}, l.date::DATE) IN
              (SELECT (product_id, place_id, channel, day) FROM sales
               WHERE import_id = $import_id)
        """,
        bound | {"today": today},
    )
