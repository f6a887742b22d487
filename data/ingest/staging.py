"""An upload in the staging database: every line read once, kept typed or with its reason.

Nothing of the shop's own tables is touched here, so an abandoned upload leaves no trace.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass

import duckdb

from data.errors import FileError, MappingError
from data.ingest.plan import Plan, Source
from data.ingest.selects import FIELDS, Fields, lookup_select, lookups, main_select
from data.store import Store

log = logging.getLogger("almanac")
SWALLOWED = 20  # lines: a quoted cell longer than this was never meant to be one


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What was staged; its tables carry `token` in their names.

    `lines`: file, the fields of the plan, problem (NULL, or column, reason and value).
    `broken`: file, line, text, reason of the lines that did not split into columns.
    """

    token: str
    plan: Plan
    fields: Fields
    rows_read: int  # lines of the main files; filled cells where one line holds many days
    rows_broken: int
    fingerprint: str  # the same for the same files

    def table(self, name: str) -> str:
        """The SQL name of one of this upload's staging tables."""
        return f'staging."{name}_{self.token}"'

    @property
    def is_orders(self) -> bool:
        return self.plan.main_files[0].layout == "orders"

    def has(self, role: str) -> bool:
        return role in self.fields.roles


def stage(store: Store, plan: Plan) -> Staged:
    """Read every file of the plan; `MappingError` or `FileError` when it cannot be imported."""
    check(plan)
    token = secrets.token_hex(6)
    fields = Fields.of(plan)
    lines, broken = f'staging."lines_{token}"', f'staging."broken_{token}"'
    with store.cursor() as cursor:
        try:
            cursor.execute(
                f"CREATE TABLE {broken} (file VARCHAR, line BIGINT, text VARCHAR, reason VARCHAR)"
            )
            tables = _stage_lookups(cursor, plan, fields, token)
            for index, file in enumerate(plan.main_files):
                select = main_select(file, index, plan, fields, tables)
                verb = f"CREATE TABLE {lines} AS" if index == 0 else f"INSERT INTO {lines}"
                _read(cursor, f"{verb} {select}", file.source)
                _keep_broken(cursor, file.source, broken)
            ((rows,),) = cursor.execute(f"SELECT count(*) FROM {lines}").fetchall()
            ((bad,),) = cursor.execute(f"SELECT count(*) FROM {broken}").fetchall()
        except Exception:
            if not store.is_broken:
                discard(store, token)
            raise
    return Staged(
        token=token,
        plan=plan,
        fields=fields,
        rows_read=rows + bad,
        rows_broken=bad,
        fingerprint=fingerprint(plan),
    )


def discard(store: Store, token: str) -> None:
    """Drop everything that was staged under the token."""
    with store.cursor() as cursor:
        names = cursor.execute(
            "SELECT table_name FROM duckdb_tables() "
            "WHERE database_name = 'staging' AND suffix(table_name, $1)",
            ["_" + token],
        ).fetchall()
        for (name,) in names:
            cursor.execute(f'DROP TABLE staging."{name}"')
        try:
            cursor.execute("CHECKPOINT staging")  # gives the space back to the disk
        except (duckdb.TransactionException, duckdb.IOException):
            log.info("Another upload is being staged; the space is given back with it.")


def fingerprint(plan: Plan) -> str:
    """The same for the same files, in whatever order they were given."""
    parts = sorted(file.source.fingerprint for file in plan.files)
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def check(plan: Plan) -> None:
    """Raise `MappingError` where the plan cannot be imported, naming what to choose."""
    if not plan.main_files:
        raise MappingError("None of the files has sales in it. Choose a product and a date column.")
    if plan.open_questions:
        raise MappingError(f"Please answer first: {plan.open_questions[0].text}")
    for file in plan.main_files:
        reachable = [file, *lookups(plan)]
        for role in FIELDS:
            named = [c.name for f in reachable for c in f.having(role)]  # type: ignore[arg-type]
            if len(named) > 1:
                raise MappingError(
                    f"{file.source.name}: {' and '.join(named[:3])} are both used as {role}. "
                    "Keep one and set the other to ignore."
                )
        have = {c.role for f in reachable for c in f.columns}
        if "date" not in have and file.layout != "wide":
            raise MappingError(
                f"{file.source.name}: no column is used as date. Choose one in the table."
            )
        if not have & {"product", "product_column", "quantity", "revenue", "date_column"}:
            raise MappingError(
                f"{file.source.name}: no column is used as product, quantity or revenue. "
                "Choose one in the table."
            )


def _stage_lookups(
    cursor: duckdb.DuckDBPyConnection, plan: Plan, fields: Fields, token: str
) -> dict[str, str]:
    """A table for every file that others join to, by source name."""
    tables: dict[str, str] = {}
    for index, file in enumerate(lookups(plan)):
        if not any(join.lookup == file.source.name for join in plan.joins):
            continue
        table = f'staging."lookup{index}_{token}"'
        _read(
            cursor,
            f"CREATE TABLE {table} AS {lookup_select(file, plan.joins, fields)}",
            file.source,
        )
        _forget_rejects(cursor, file.source)
        tables[file.source.name] = table
    return tables


def _read(cursor: duckdb.DuckDBPyConnection, sql: str, source: Source) -> None:
    """Run a statement that scans the source; its errors become words."""
    try:
        cursor.execute(sql)
    except duckdb.InvalidInputException as error:
        raise FileError(f"{source.name} cannot be read: {_first(error)}") from error
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        if "space" in str(error).lower():
            raise FileError(
                f"The disk is full while reading {source.name}. Free some space and upload it "
                "again. Nothing was imported."
            ) from error
        raise FileError(
            f"{source.name} could not be read to the end: {_first(error)} Nothing was imported."
        ) from error


def _keep_broken(cursor: duckdb.DuckDBPyConnection, source: Source, broken: str) -> None:
    """Move the lines that did not split from DuckDB's reject tables into `broken`."""
    if source.format == "parquet":
        return
    _refuse_runaway_quote(cursor, source)
    cursor.execute(
        f"""
        INSERT INTO {broken}
        SELECT $1, line, left(trim(any_value(csv_line), chr(10) || chr(13) || ' '), 300),
        any_value(CASE
            WHEN error_type IN ('MISSING COLUMNS', 'TOO MANY COLUMNS')
            THEN 'has ' || regexp_extract(error_message, 'Found: (\\d+)', 1) || ' cells, not '
                 || $2::VARCHAR
            WHEN error_type = 'UNQUOTED VALUE' THEN 'a quotation mark is not closed'
            WHEN error_type = 'INVALID ENCODING' THEN 'has letters that are not ' || $3
            ELSE lower(error_type) END)
        FROM rejected_now GROUP BY line ORDER BY line
        """,
        [source.name, len(source.columns), source.encoding],
    )
    _forget_rejects(cursor, source)


def _forget_rejects(cursor: duckdb.DuckDBPyConnection, source: Source) -> None:
    if source.format == "csv":
        cursor.execute("DROP TABLE IF EXISTS rejected_now")
        cursor.execute("DROP TABLE IF EXISTS scanned_now")


def _refuse_runaway_quote(cursor: duckdb.DuckDBPyConnection, source: Source) -> None:
    """An open quote that swallows many lines would lose them silently: refuse the file."""
    found = cursor.execute(
        "SELECT line, length(csv_line) - length(replace(csv_line, chr(10), '')) AS swallowed "
        "FROM rejected_now WHERE error_type = 'UNQUOTED VALUE' AND swallowed > $1 ORDER BY line",
        [SWALLOWED],
    ).fetchone()
    if found:
        raise FileError(
            f"{source.name}, line {found[0]:,}: a quotation mark is opened and not closed, so that "
            f"{found[1]:,} lines after it would be read as one cell. Close or remove it and upload "
            "the file again. Nothing was imported."
        )


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
