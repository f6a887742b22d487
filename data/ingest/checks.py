"""Check a staged upload: one report, with a choice for every finding, before anything is kept."""

from collections.abc import Iterator
from datetime import date

import duckdb

from data.ingest.daily import build_daily, build_keys
from data.ingest.report import Finding, Report
from data.ingest.rules import Rule, applicable, condition, set_aside_condition
from data.ingest.selects import problem_parts
from data.ingest.series_checks import frequency_of, series_findings
from data.ingest.sql import ident
from data.ingest.staging import Staged
from data.store import Store

SEVERITIES = ("refused", "fix", "look", "note")
MANY_REPEATS = (
    0.2  # share of product-days with several rows from which they are plainly order lines
)


def check(
    store: Store, staged: Staged, choices: dict[str, str] | None = None, *, today: date
) -> Report:
    """The report under these choices; what is not chosen takes its default.

    Leaves the product-days in the staging table `daily`, ready to be committed.
    """
    choices = dict(choices or {})
    with store.cursor() as cursor:
        build_keys(cursor, staged)
        counts = _count_lines(cursor, staged, choices, today)
        build_daily(cursor, staged, choices, today)
        repeats = list(_repeats(cursor, staged, choices))
        if any(f.code == "same_row" and f.choice == "sum" for f in repeats) and (
            choices.get("same_row") is None
        ):
            build_daily(cursor, staged, choices | {"same_row": "sum"}, today)
        findings = [
            *_refused(cursor, staged, counts),
            *_line_findings(cursor, staged, choices, counts, today),
            *_spellings(cursor, staged),
            *repeats,
            *series_findings(cursor, staged, choices),
        ]
        totals = cursor.execute(f"""
            SELECT (SELECT sum(days) FROM {staged.table("series")}), min(first_day), max(last_day),
                   count(DISTINCT product_key), count(DISTINCT place_key), sum(quantity),
                   (SELECT sum(revenue) FROM {staged.table("daily")})
            FROM {staged.table("series")}
        """).fetchall()[0]
        frequency = frequency_of(cursor, staged)
    findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    days, first, last, products, places, units, revenue = totals
    refused = counts["refused"] + staged.rows_broken
    return Report(
        rows_read=staged.rows_read,
        accepted=staged.rows_read - refused - counts["set_aside"],
        set_aside=counts["set_aside"],
        refused=refused,
        products=products,
        places=places,
        product_days=int(days or 0),
        first_day=first,
        last_day=last,
        units=units or 0.0,
        revenue=revenue,
        frequency=frequency,
        findings=tuple(findings),
    )


def rejected_sql(staged: Staged, choices: dict[str, str]) -> str:
    """A SELECT of every refused or set-aside line: status, file, line, column, value, reason.

    Binds $today; `lines.number_lines` must have run.
    """
    reasons = " ".join(
        f"WHEN {condition(rule, staged)} THEN '{rule.title}'"
        for rule in applicable(staged)
        if choices.get(rule.code, rule.options[0][0]) == "set_aside"
    )
    files = ", ".join(
        f"({i}, '{f.source.name.replace(chr(39), chr(39) * 2)}', {f.source.first_line})"
        for i, f in enumerate(staged.plan.main_files)
    )
    row = "l.row" if _has_row(staged) else "l.rowid - f.first_row"
    starts = (
        "(SELECT file, 0::BIGINT AS first_row FROM "
        f"(SELECT DISTINCT file FROM {staged.table('lines')}))"
        if _has_row(staged)
        else f"(SELECT file, min(rowid) AS first_row FROM {staged.table('lines')} GROUP BY file)"
    )
    told = problem_parts("problem")
    return f"""
        WITH named(file, name, first_line) AS (VALUES {files}),
        f AS (SELECT * FROM named JOIN {starts} USING (file)),
        bad AS (
            SELECT CASE WHEN l.problem IS NULL THEN 'set aside' ELSE 'refused' END AS status,
                   f.name, {row} AS row, f.first_line, l.problem, l.product,
                   CASE {reasons or "WHEN false THEN ''"} END AS reason
            FROM {staged.table("lines")} l JOIN f USING (file)
            LEFT JOIN {staged.table("codes")} p ON l.product = p.code
            WHERE l.problem IS NOT NULL OR {set_aside_condition(staged, choices)}
        )
        SELECT status, bad.name AS file, bad.row + first_line + coalesce(shift, 0) AS line,
               CASE WHEN problem IS NULL THEN 'product' ELSE {told[0]} END AS column_name,
               CASE WHEN problem IS NULL THEN product ELSE {told[2]} END AS value,
               CASE WHEN problem IS NULL THEN reason ELSE {told[1]} END AS reason
        FROM bad ASOF LEFT JOIN {staged.table("shifts")} s
             ON s.file = bad.name AND bad.row >= s.row
        WHERE $today IS NOT NULL
        UNION ALL
        SELECT 'refused', file, line, '', text, reason FROM {staged.table("broken")}
    """


def _has_row(staged: Staged) -> bool:
    layout = staged.plan.main_files[0].layout
    joined = any(f.layout == "lookup" for f in staged.plan.files) and bool(staged.plan.joins)
    return layout in ("wide", "product_columns") or joined


def _count_lines(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str], today: date
) -> dict[str, int]:
    """How many readable lines each rule is about, in one pass over the lines."""
    rules = applicable(staged)
    counts = "".join(
        f", count(*) FILTER (l.problem IS NULL AND {condition(rule, staged)}) AS {ident(rule.code)}"
        for rule in rules
    )
    row = cursor.execute(
        f"""
        SELECT count(*) FILTER (l.problem IS NOT NULL) AS refused,
               count(*) FILTER (l.problem IS NULL AND {set_aside_condition(staged, choices)})
               AS set_aside{counts}
        FROM {staged.table("lines")} l LEFT JOIN {staged.table("codes")} p ON l.product = p.code
        WHERE $today IS NOT NULL
        """,
        {"today": today},
    ).fetchall()[0]
    return dict(zip(["refused", "set_aside", *(rule.code for rule in rules)], row, strict=True))


def _refused(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, counts: dict[str, int]
) -> Iterator[Finding]:
    """Lines that could not be read, a finding per reason."""
    told = problem_parts("problem")
    rows = cursor.execute(f"""
        SELECT {told[0]} AS column, {told[1]} AS reason, count(*) AS n,
               list(DISTINCT {told[2]})[1:3]
        FROM {staged.table("lines")} WHERE problem IS NOT NULL GROUP BY 1, 2 ORDER BY n DESC, 1
    """).fetchall()
    for column, reason, count, values in rows:
        examples = tuple(f"“{v}”" for v in values if v is not None)
        yield _refusal(staged, f"{column} {reason}", count, examples)
    rows = cursor.execute(f"""
        SELECT reason, count(*), array_agg('line ' || line ORDER BY line)[1:3]
        FROM {staged.table("broken")} GROUP BY reason ORDER BY 2 DESC
    """).fetchall()
    for reason, count, lines in rows:
        yield _refusal(staged, f"Line {reason}", count, tuple(lines))


def _refusal(staged: Staged, title: str, count: int, examples: tuple[str, ...]) -> Finding:
    return Finding(
        code=f"refused:{title}",
        severity="refused",
        title=title,
        rows=count,
        unit="rows",
        share=count / staged.rows_read,
        examples=examples,
        options=(("leave_out", "Leave out; download"),),
        choice="leave_out",
        why="These lines could not be read. Correct them in the file, or import without them.",
    )


def _line_findings(
    cursor: duckdb.DuckDBPyConnection,
    staged: Staged,
    choices: dict[str, str],
    counts: dict[str, int],
    today: date,
) -> Iterator[Finding]:
    for rule in applicable(staged):
        if counts[rule.code]:
            yield Finding(
                code=rule.code,
                severity=rule.severity,
                title=rule.title,
                rows=counts[rule.code],
                unit="rows",
                share=counts[rule.code] / staged.rows_read,
                examples=_examples(cursor, staged, rule, today),
                options=rule.options,
                choice=choices.get(rule.code, rule.options[0][0]),
                why=rule.why,
            )


def _examples(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, rule: Rule, today: date
) -> tuple[str, ...]:
    rows = cursor.execute(
        f"""
        SELECT DISTINCT {rule.example} FROM (
            SELECT l.*, p.is_product, p.high FROM {staged.table("lines")} l
            JOIN {staged.table("codes")} p ON l.product = p.code
            WHERE l.problem IS NULL AND {condition(rule, staged)} AND $today IS NOT NULL LIMIT 200
        ) l LIMIT 3
        """,
        {"today": today},
    ).fetchall()
    return tuple(str(example) for (example,) in rows)


def _spellings(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> Iterator[Finding]:
    """Codes that differ only in upper and lower case."""
    (row,) = cursor.execute(f"""
        WITH doubled AS (SELECT folded FROM {staged.table("products")} WHERE spellings > 1)
        SELECT count(*), (SELECT count(*) FROM {staged.table("products")}),
               (SELECT list(spelled)[1:3] FROM (
                   SELECT string_agg(DISTINCT code, ' = ' ORDER BY code) AS spelled
                   FROM {staged.table("spellings")}
                   WHERE upper(code) IN (SELECT folded FROM doubled)
                   GROUP BY upper(code) ORDER BY upper(code) LIMIT 3))
        FROM doubled
    """).fetchall()
    if row[0]:
        yield Finding(
            code="spellings",
            severity="fix",
            title="Same code in upper and lower case",
            rows=row[0],
            unit="products",
            share=row[0] / row[1],
            examples=tuple(row[2]),
            options=(("join", "Take as one product"),),
            choice="join",
            why="Typed by hand: 85123a and 85123A are the same product.",
        )


def _repeats(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str]
) -> Iterator[Finding]:
    """The same line twice, and several lines for one product and day."""
    if staged.is_orders:
        yield from _repeated_lines(cursor, staged, choices)
        return
    daily, products = staged.table("daily"), staged.table("products")
    if not _was_merged(cursor, staged):
        return
    same, several, rows, doubled_keys, keys = cursor.execute(f"""
        SELECT coalesce(sum(copies - 1) FILTER (same), 0),
               coalesce(sum(copies) FILTER (copies > 1 AND NOT same), 0),
               coalesce(sum(copies), 0), count(*) FILTER (copies > 1), count(*)
        FROM {daily}
    """).fetchall()[0]
    for code, title, count, test, options, why in (
        (
            "same_row",
            "Same row twice",
            same,
            "same",
            (("once", "Keep one of them"), ("sum", "Add them up")),
            "Product, place, day and numbers are alike: most likely exported twice.",
        ),
        (
            "several_rows",
            "Several rows for one product and day",
            several,
            "copies > 1 AND NOT same",
            (
                ("sum", "Add them up"),
                ("last", "Keep the last"),
                ("first", "Keep the first"),
                ("mean", "Take their mean"),
            ),
            "Order lines, or a correction below the first entry.",
        ),
    ):
        if not count:
            continue
        if code == "same_row" and doubled_keys > MANY_REPEATS * keys:
            options = options[::-1]
        examples = cursor.execute(
            f"SELECT p.code || ' on ' || strftime(day, '%-d %b %Y') FROM {daily} "
            f"JOIN {products} p USING (product_key) WHERE {test} LIMIT 3"
        ).fetchall()
        yield Finding(
            code=code,
            severity="fix",
            title=title,
            rows=int(count),
            unit="rows",
            share=int(count) / max(int(rows), 1),
            examples=tuple(e for (e,) in examples),
            options=options,
            choice=choices.get(code, options[0][0]),
            why=why,
        )


def _was_merged(cursor: duckdb.DuckDBPyConnection, staged: Staged) -> bool:
    columns = cursor.execute(f"SELECT * FROM {staged.table('daily')} LIMIT 0").description
    return "copies" in {column[0] for column in columns or []}


def _repeated_lines(
    cursor: duckdb.DuckDBPyConnection, staged: Staged, choices: dict[str, str]
) -> Iterator[Finding]:
    names = ", ".join(ident(name) for name in staged.fields.names)
    rows = cursor.execute(f"""
        SELECT coalesce(sum(n - 1), 0), list("order" || ' / ' || product)[1:3] FROM (
            SELECT count(*) AS n, {names} FROM {staged.table("lines")}
            WHERE problem IS NULL GROUP BY {names} HAVING count(*) > 1)
    """).fetchall()[0]
    if rows[0]:
        options = (("both", "Keep both (separate order lines)"), ("once", "Keep one of them"))
        yield Finding(
            code="repeated_lines",
            severity="fix",
            title="Same row twice",
            rows=int(rows[0]),
            unit="rows",
            share=int(rows[0]) / staged.rows_read,
            examples=tuple(rows[1]),
            options=options,
            choice=choices.get("repeated_lines", "both"),
            why="Every cell is alike. In one order that can be two scans of one product.",
        )
