"""The SELECT that reads one file of a plan into typed columns; text in, SQL out.

All cells are read as text and converted here, so that a cell that cannot be converted is kept with
its reason instead of ending the import.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from data.errors import MappingError
from data.ingest.plan import Column, FilePlan, Join, Plan, Reading, Role
from data.ingest.sql import (
    empty_sql,
    guard_sql,
    ident,
    literal,
    loose_sql,
    scan_sql,
    value_sql,
)

# Single-valued roles that become a column of the staged lines, with their SQL type.
FIELDS: dict[str, str] = {
    "date": "TIMESTAMP",
    "product": "VARCHAR",
    "product_name": "VARCHAR",
    "place": "VARCHAR",
    "channel": "VARCHAR",
    "quantity": "DOUBLE",
    "price": "DOUBLE",
    "revenue": "DOUBLE",
    "discount": "DOUBLE",
    "promo": "BOOLEAN",
    "stock": "DOUBLE",
    "unit_cost": "DOUBLE",
    "lead_time": "DOUBLE",
    "order": "VARCHAR",
    "customer": "VARCHAR",
    "status": "VARCHAR",
}
REQUIRED: tuple[Role, ...] = ("date", "product")  # of every row, where the file has them
ONLY_PRODUCT = "All products"  # the code where no column names products
SEPARATOR = "\x1f"  # between column, reason and value of a problem; no header holds it
# Lines that do not split are kept apart, all of them, with the line and the reason.
KEEP_BROKEN = (
    "store_rejects=true, rejects_table='rejected_now', rejects_scan='scanned_now', rejects_limit=0"
)
WRONG = {"number": "is not a number", "date": "is not a date", "flag": "is not yes or no"}


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What the staged lines will hold: single roles and how many category levels."""

    roles: frozenset[str]
    categories: dict[tuple[str, str], str]  # (source, column) -> "category 0", widest first

    @classmethod
    def of(cls, plan: Plan) -> "Fields":
        roles = {c.role for file in plan.files for c in file.columns if c.role in FIELDS}
        categories: dict[tuple[str, str], str] = {}
        first_free = 0
        for file in plan.main_files:
            levels = file.having("category")
            for level, column in enumerate(levels):
                categories[file.source.name, column.name] = f"category {level}"
            first_free = max(first_free, len(levels))
        for file in lookups(plan):
            for column in file.having("category"):
                categories[file.source.name, column.name] = f"category {first_free}"
                first_free += 1
        return cls(roles=frozenset(roles | {"date", "product", "quantity"}), categories=categories)

    @property
    def names(self) -> list[str]:
        """The columns of the staged lines, in order."""
        return [name for name in FIELDS if name in self.roles] + sorted(
            set(self.categories.values())
        )

    def of_file(self, file: FilePlan) -> list[tuple[str, Column]]:
        """The columns of one file that become a field, with the field's name."""
        return [
            (c.role if c.role in FIELDS else self.categories[file.source.name, c.name], c)
            for c in file.columns
            if c.role in FIELDS or c.role == "category"
        ]


def lookups(plan: Plan) -> list[FilePlan]:
    return [file for file in plan.files if file.layout == "lookup"]


def lookup_select(file: FilePlan, joins: Sequence[Join], fields: Fields) -> str:
    """One row per key of a lookup file: its keys (`key NAME`) and its fields."""
    first = next(j.lookup_column for j in joins if j.lookup == file.source.name)
    values = [
        *_keys(file, joins),
        *(f"{value_sql(c)} AS {ident(n)}" for n, c in fields.of_file(file)),
    ]
    return (
        f"SELECT DISTINCT ON ({ident('key ' + first)}) {', '.join(values)} "
        f"FROM {scan_sql(file.source, KEEP_BROKEN)} WHERE {ident('key ' + first)} IS NOT NULL"
    )


def main_select(
    file: FilePlan, index: int, plan: Plan, fields: Fields, tables: dict[str, str]
) -> str:
    """All columns of the staged lines, read from one main file and its joined lookups.

    `tables` names the staged lookup tables by source.
    """
    rows_move = bool(tables) or file.layout in ("wide", "product_columns")
    inner, given = _parsed(file, plan.joins, fields, numbered=rows_move)
    clauses, joined = _join_clauses(file, plan, fields, tables)
    columns = [f"{index}::UTINYINT AS file", *(["m.row"] if rows_move else [])]
    for name in fields.names:
        if name in given:
            value = f"m.{ident(name)}"
        elif name in joined:
            value = joined[name]
        else:
            constants = {"quantity": "1::DOUBLE", "product": literal(ONLY_PRODUCT)}
            value = constants.get(name, f"NULL::{FIELDS.get(name, 'VARCHAR')}")
        if name == "date":
            value = f"({value})::{'TIMESTAMP' if file.layout == 'orders' else 'DATE'}"
        columns.append(f"{value} AS {ident(name)}")
    problem = "m.problem"
    for role in REQUIRED:
        if role not in given and role in joined:
            told = literal(SEPARATOR.join([role, "has no match in the linked file", ""]))
            missing = f"CASE WHEN {joined[role]} IS NULL THEN {told} END"
            problem = f"coalesce({problem}, {missing})"
    return f"SELECT {', '.join(columns)}, {problem} AS problem FROM ({inner}) m {clauses}"


def _parsed(
    file: FilePlan, joins: Sequence[Join], fields: Fields, *, numbered: bool
) -> tuple[str, set[str]]:
    """A SELECT with the file's own fields typed, its join keys, and what is wrong with a row."""
    source = scan_sql(file.source, KEEP_BROKEN)
    if file.layout in ("wide", "product_columns"):
        source, file = _unpivoted(file)
    elif numbered:
        source = f"(SELECT *, row_number() OVER () - 1 AS row FROM {source})"
    used = fields.of_file(file)
    values = [f"{loose_sql(column)} AS {ident(name)}" for name, column in used]
    raw = [f"{ident(c.name)} AS {ident('raw ' + n)}" for n, c in used if c.reading.kind != "text"]
    rest = [*_keys(file, joins), *(["row"] if numbered else [])]
    guarded = [f"{guard_sql(column, ident(name))} AS {ident(name)}" for name, column in used]
    names = [*guarded, *(key.split(" AS ")[-1] for key in rest)]
    # The values are computed once, inside; outside, only a NULL is looked at more closely.
    select = (
        f"SELECT {', '.join(names)}, {_problem(used, file)} AS problem "
        f"FROM (SELECT {', '.join([*values, *raw, *rest])} FROM {source})"
    )
    return select, {name for name, _ in used}


def _problem(used: list[tuple[str, Column]], file: FilePlan) -> str:
    """A CASE expression for the first thing wrong with a row: column, reason and value."""
    cases: list[str] = []
    suspects: list[str] = []
    for name, column in used:
        kind, value = column.reading.kind, ident(name)
        needed = name in REQUIRED or (name == "quantity" and file.layout in ("long", "orders"))
        missing = f"{guard_sql(column, value)} IS NULL"
        if kind != "text":
            suspects.append(missing)
            raw = ident("raw " + name)
            empty = empty_sql(replace(column, name="raw " + name))
            if needed:
                cases.append(f"WHEN {missing} AND {empty} THEN {_told(column, 'is empty')}")
            wrong = f"{missing} AND NOT {empty}"
            cases.append(f"WHEN {wrong} THEN {_told(column, WRONG[kind])} || {raw}")
            continue
        if needed:
            suspects.append(missing)
            cases.append(f"WHEN {missing} THEN {_told(column, 'is empty')}")
        if file.source.format == "csv" and not file.source.quote:
            open_quote = f"starts_with({value}, '\"')"
            suspects.append(open_quote)
            told = _told(column, "a quotation mark is not closed")
            cases.append(f"WHEN {open_quote} THEN {told} || {value}")
    if not cases:
        return "NULL::VARCHAR"
    # Most rows have every value: one look at all of them spares the many looks at each.
    return f"CASE WHEN {' OR '.join(suspects)} THEN CASE {' '.join(cases)} END END"


def _told(column: Column, reason: str) -> str:
    """The text of a problem up to its value, which may follow."""
    return literal(SEPARATOR.join([column.name, reason, ""]))


def _unpivoted(file: FilePlan) -> tuple[str, FilePlan]:
    """One row per filled cell of a wide file, and the plan of that longer table."""
    role: Role = "date_column" if file.layout == "wide" else "product_column"
    cells = file.having(role)
    if not cells:
        raise MappingError(f"{file.source.name}: no column holds quantities. Check the table.")
    kept = [c for c in file.columns if c.role not in (role, "ignore")]
    header = Column(
        name="header of the cell",
        role="date" if file.layout == "wide" else "product",
        reading=Reading(kind="date", date_format="%Y-%m-%d")
        if file.layout == "wide"
        else Reading(kind="text"),
        confidence="sure",
        reason="",
    )
    value = replace(cells[0], name="cell", role="quantity")
    rows = f"SELECT *, row_number() OVER () - 1 AS row FROM {scan_sql(file.source, KEEP_BROKEN)}"
    source = (
        f"(SELECT * FROM (SELECT {''.join(ident(c.name) + ', ' for c in kept)}row, "
        f"unnest([{', '.join(literal(cell.meaning) for cell in cells)}]) AS {ident(header.name)}, "
        f"unnest([{', '.join(ident(cell.name) for cell in cells)}]) AS {ident(value.name)} "
        f"FROM ({rows})) "
        f"WHERE NOT {empty_sql(value)})"
    )
    return source, replace(file, columns=(*kept, header, value))


def _join_clauses(
    file: FilePlan, plan: Plan, fields: Fields, tables: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """LEFT JOINs to the lookups reachable from `file`, and what each field is called there."""
    clauses: list[str] = []
    found: dict[str, str] = {}
    aliases = {file.source.name: "m"}
    for number, join in enumerate(plan.joins):
        if join.lookup not in tables or join.main not in aliases or join.lookup in aliases:
            continue
        alias = aliases[join.lookup] = f"l{number}"
        clauses.append(
            f"LEFT JOIN {tables[join.lookup]} {alias} "
            f"ON {aliases[join.main]}.{ident('key ' + join.main_column)} "
            f"= {alias}.{ident('key ' + join.lookup_column)}"
        )
        lookup = next(f for f in plan.files if f.source.name == join.lookup)
        for name, _ in fields.of_file(lookup):
            found.setdefault(name, f"{alias}.{ident(name)}")
    return " ".join(clauses), found


def _keys(file: FilePlan, joins: Sequence[Join]) -> list[str]:
    """The columns that this file joins by, as text under the name `key NAME`."""
    own = [j.main_column for j in joins if j.main == file.source.name]
    own += [j.lookup_column for j in joins if j.lookup == file.source.name]
    return [f"trim({ident(key)}) AS {ident('key ' + key)}" for key in dict.fromkeys(own)]


def problem_parts(problem: str) -> tuple[str, str, str]:
    """SQL for the column, the reason and the value (NULL: none) in a staged problem."""
    separator = literal(SEPARATOR)
    column, reason, value = (f"split_part({problem}, {separator}, {n})" for n in (1, 2, 3))
    return column, reason, f"nullif({value}, '')"
