"""From staged lines to product-days: keys, attributes, and one row per product, place and day.

Grouping ten million rows costs as much as reading them, so a file that already has one row per
product, place and day is recognised by a bitmap over (product, place, day) and passed through.
"""

import duckdb

from data.ingest.rules import SERVICES, set_aside_condition
from data.ingest.sql import ident
from data.ingest.staging import Staged

LARGEST_BITMAP = 1_000_000_000  # bits; a wider key space is grouped instead


def build_keys(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Create `codes` (spelling -> product_key), `products` and `places` from the lines."""
    lines = staged.table("lines")
    attributes = [name for name in ("product_name", "unit_cost", "lead_time") if staged.has(name)]
    attributes += sorted(set(staged.fields.categories.values()))
    log = "CASE WHEN quantity <> 0 THEN ln(abs(quantity)) END"
    chosen = "".join(
        f", arg_max({ident(a)}, n) FILTER ({ident(a)} IS NOT NULL) AS {ident(a)}"
        for a in attributes
    )
    grouped = "".join(f", {ident(a)}" for a in attributes)
    cursor.execute(f"""
        CREATE OR REPLACE TABLE {staged.table("spellings")} AS
        SELECT product AS code, count(*) AS n, sum(log) AS logs, count(log) AS log_n,
               sum(log * log) AS squares{grouped}
        FROM (SELECT *, {log} AS log FROM {lines} WHERE problem IS NULL) GROUP BY product{grouped}
    """)
    name = "product_name" if staged.has("product_name") else "NULL::VARCHAR"
    digits = "regexp_matches(code, '[0-9]')"
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE {staged.table("products")} AS
        WITH one AS (
            SELECT upper(code) AS folded, arg_max(code, n) AS code, sum(n) AS n,
                   count(DISTINCT code) AS spellings,
                   sum(logs) / nullif(sum(log_n), 0) AS mean,
                   sqrt(greatest(sum(squares) / nullif(sum(log_n), 0)
                        - (sum(logs) / nullif(sum(log_n), 0)) ** 2, 0)) AS deviation{chosen}
            FROM {staged.table("spellings")} GROUP BY folded
        ), numbered AS (
            SELECT sum(n) FILTER ({digits}) >= 0.95 * sum(n) AS yes FROM one
        )
        SELECT row_number() OVER (ORDER BY code)::INTEGER AS product_key, one.*,
               greatest(exp(mean + 5 * deviation), 10 * exp(mean), 20) AS high,
               NOT coalesce((SELECT yes FROM numbered) AND NOT {digits}, false)
               AND NOT regexp_matches(lower(trim(code)), $services)
               AND NOT coalesce(regexp_matches(lower(trim({name})), $services), false)
               AS is_product
        FROM one
        """,
        {"services": SERVICES},
    )
    cursor.execute(f"""
        CREATE OR REPLACE TABLE {staged.table("codes")} AS
        SELECT DISTINCT s.code, p.product_key, p.is_product, p.high
        FROM {staged.table("spellings")} s JOIN {staged.table("products")} p
        ON upper(s.code) = p.folded
    """)
    place = "coalesce(place, '')" if staged.has("place") else "''"
    cursor.execute(f"""
        CREATE OR REPLACE TABLE {staged.table("places")} AS
        SELECT row_number() OVER (ORDER BY code)::INTEGER AS place_key, code
        FROM (SELECT DISTINCT {place} AS code FROM {lines} WHERE problem IS NULL)
    """)


def build_daily(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str], today: object
) -> None:
    """Create `daily`: the lines that are kept, one row per product, place, channel and day.

    Where lines had to be merged, `copies` counts them and `same` says whether all were alike.
    """
    daily = staged.table("daily")
    kept = _kept(staged, choices)
    if staged.is_orders:
        merged = _summed(staged, kept, once=choices.get("repeated_lines") == "once")
        cursor.execute(f"CREATE OR REPLACE TABLE {daily} AS {merged}", {"today": today})
        return
    cursor.execute(f"CREATE OR REPLACE TABLE {daily} AS {kept}", {"today": today})
    if not _one_row_per_day(cursor, staged):
        cursor.execute(f"CREATE OR REPLACE TABLE {daily} AS {_merged(staged, choices)}")


def kept_lines(staged: Staged, choices: dict[str, str]) -> str:
    """FROM and WHERE of the lines that are kept, with their keys; binds $today."""
    place = "coalesce(l.place, '')" if staged.has("place") else "''"
    return (
        f"FROM {staged.table('lines')} l "
        f"JOIN {staged.table('codes')} p ON l.product = p.code "
        f"JOIN {staged.table('places')} s ON s.code = {place} "
        f"WHERE l.problem IS NULL AND NOT {set_aside_condition(staged, choices)} "
        "AND $today IS NOT NULL"
    )


def money(staged: Staged) -> tuple[str, str]:
    """SQL for a line's revenue and price: given, or the one from the other; NULL where unknown."""
    price = "CASE WHEN l.price > 0 THEN l.price END" if staged.has("price") else "NULL::DOUBLE"
    if not staged.has("revenue"):
        return f"l.quantity * {price}", price
    if staged.has("price"):
        return f"coalesce(l.revenue, l.quantity * {price})", price
    return "l.revenue", "CASE WHEN l.quantity > 0 THEN l.revenue / l.quantity END"


def optional_fields(staged: Staged) -> dict[str, str]:
    """The optional columns that `daily` has for this upload, with the role they come from."""
    roles = {
        "discount": "discount",
        "promo": "promo",
        "stock_on_hand": "stock",
        "channel": "channel",
    }
    return {name: role for name, role in roles.items() if staged.has(role)}


def _kept(staged: Staged, choices: dict[str, str]) -> str:
    revenue, price = money(staged)
    optional = "".join(
        f", coalesce(l.{role}, '') AS {name}" if role == "channel" else f", l.{role} AS {name}"
        for name, role in optional_fields(staged).items()
    )
    return (
        f"SELECT p.product_key, s.place_key, l.date::DATE AS day, l.quantity, "
        f"{revenue} AS revenue, {price} AS price{optional} {kept_lines(staged, choices)}"
    )


def _one_row_per_day(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    """Whether (product, place, day) is unique, by counting the set bits of a bitmap of keys."""
    daily = staged.table("daily")
    (bounds,) = cursor.execute(
        f"SELECT max(product_key) + 1, max(place_key) + 1, min(day), "
        f"date_diff('day', min(day), max(day)) + 1, count(*) FROM {daily}"
    ).fetchall()
    products, places, first, days, rows = bounds
    if not rows:
        return True
    space = products * places * days
    key = f"((product_key * {places}::BIGINT + place_key) * {days} + (day - DATE '{first}'))"
    if space > LARGEST_BITMAP or staged.has("channel"):
        channel = ", channel" if staged.has("channel") else ""
        distinct = f"SELECT count(*) FROM (SELECT DISTINCT {key}{channel} FROM {daily})"
    else:
        distinct = (
            f"SELECT bit_count(bitstring_agg({key}, 0::BIGINT, {space}::BIGINT)) FROM {daily}"
        )
    return bool(cursor.execute(distinct).fetchall()[0][0] == rows)


_MEAN_PRICE = (
    "coalesce(sum(price * quantity) FILTER (quantity > 0 AND price IS NOT NULL) "
    "/ sum(quantity) FILTER (quantity > 0 AND price IS NOT NULL), max(price))"
)
_ALIKE = (
    "count(*) > 1 AND min(quantity) = max(quantity) "
    "AND min(price) IS NOT DISTINCT FROM max(price) "
    "AND min(revenue) IS NOT DISTINCT FROM max(revenue)"
)


def _group(staged: Staged, source: str, quantity: str, revenue: str) -> str:
    """Product-days of `source`; `copies` counts the lines and `same` says if all were alike."""
    how = {"discount": "avg", "promo": "bool_or", "stock_on_hand": "last"}
    optional = "".join(
        f", {how[name]}({name}) AS {name}" for name in optional_fields(staged) if name in how
    )
    channel = ", channel" if staged.has("channel") else ""
    return f"""
        SELECT product_key, place_key{channel}, day, {quantity} AS quantity,
               {revenue} AS revenue, {_MEAN_PRICE} AS price{optional},
               count(*) AS copies, {_ALIKE} AS same
        FROM {source} GROUP BY product_key, place_key{channel}, day
    """


def _summed(staged: Staged, lines: str, *, once: bool) -> str:
    """Order lines summed to product-days; exact repetitions once, where that was chosen."""
    if once:
        extra = ', l."order", l.date AS sold_at FROM'
        lines = f"SELECT DISTINCT * FROM ({lines.replace(' FROM', extra, 1)})"
    return _group(staged, f"({lines})", "sum(quantity)", "sum(revenue)")


def _merged(staged: Staged, choices: dict[str, str]) -> str:
    """Rows of one product, place and day made one: alike rows once, others as chosen."""
    how = {"sum": "sum", "mean": "avg", "last": "last", "first": "first"}
    verb = how[choices.get("several_rows", "sum")]
    quantity, revenue = f"{verb}(quantity)", f"{verb}(revenue)"
    if choices.get("same_row", "once") == "once":
        quantity = f"CASE WHEN {_ALIKE} THEN min(quantity) ELSE {quantity} END"
        revenue = f"CASE WHEN {_ALIKE} THEN min(revenue) ELSE {revenue} END"
    return _group(staged, staged.table("daily"), quantity, revenue)
