"""SQL that turns the text of a column into its value: NULL where it cannot be read.

Names and literals are quoted here and nowhere else; the common shapes (plain numbers, ISO days)
get the shortest expression, because tens of millions of rows pass through it.
"""

from data.ingest.numbers import CURRENCY, FANCY, FANCY_MEANS, pattern
from data.ingest.plan import Column, Reading, Source

NOTHING = ("", "na", "n/a", "#n/a", "null", "none", "nan", "nat", "-", "--", "\\n", "nil", "#null!")
YES = (
    "1", "y", "yes", "t", "true", "x", "on", "是", "有", "真", "ja", "j", "oui", "si", "sí", "s",
    "sim", "vero", "wahr", "promo", "✓", "✔",
)  # fmt: skip
NO = (
    "0", "n", "no", "f", "false", "off", "否", "无", "没有", "假", "nein", "non", "não", "nao",
    "falsch", "regular", "✗",
)  # fmt: skip


SKIP_BROKEN = "ignore_errors=true"  # for looking at a file: lines that do not split are left out


def ident(name: str) -> str:
    """A quoted identifier.

    >>> ident('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def scan_sql(source: Source, options: str = SKIP_BROKEN) -> str:
    """A FROM clause over all rows of a source, every column as text.

    `options` of read_csv say what becomes of lines that do not split into the right cells.
    """
    path = literal(str(source.path))
    if source.format == "parquet":
        columns = ", ".join(f"{ident(c)}::VARCHAR AS {ident(c)}" for c in source.columns)
        return f"(SELECT {columns} FROM read_parquet({path}))"
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in source.columns)
    return (
        f"read_csv({path}, columns={{{columns}}}, auto_detect=false, header=false, "
        f"skip={source.first_line - 1}, delim={literal(source.delimiter)}, "
        f"quote={literal(source.quote)}, escape={literal(source.quote)}, {options})"
    )


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(literal(word) for word in words)


def empty_sql(column: Column) -> str:
    """TRUE where the raw cell says nothing: NULL, blank, NA, null, a dash; never NULL itself."""
    cell = ident(column.name)
    return f"({cell} IS NULL OR list_contains([{_list(NOTHING)}], lower(trim({cell}))))"


def value_sql(column: Column) -> str:
    """DATE or TIMESTAMP, DOUBLE, BOOLEAN or trimmed VARCHAR of the raw VARCHAR column.

    A blank flag is FALSE; any other cell that cannot be read is NULL.
    """
    return guard_sql(column, loose_sql(column))


def loose_sql(column: Column) -> str:
    """As `value_sql`, but a number may be infinite and a date absurd: see `guard_sql`."""
    cell, reading = ident(column.name), column.reading
    if reading.kind == "number":
        return number_sql(cell, reading)
    if reading.kind == "date":
        return date_sql(cell, reading.date_format)
    if reading.kind == "flag":
        return flag_sql(cell)
    return text_sql(cell, whole=reading.whole)


def guard_sql(column: Column, value: str) -> str:
    """`value` where it is possible, else NULL: finite, and a year from 1900 to 2199, because
    others are misread ones: "%Y" takes "25" for the year 25.

    `value` is computed twice; over many rows let it be the name of a column computed before.
    """
    if column.reading.kind == "number":
        return f"(CASE WHEN isfinite({value}) THEN {value} END)"
    if column.reading.kind == "date":
        span = "BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'"
        return f"(CASE WHEN {value} {span} THEN {value} END)"
    return value


def text_sql(cell: str, *, whole: bool) -> str:
    """Trimmed text, NULL for what says nothing.

    Only a cell that is as short as the words for nothing, has a blank at an end or begins with an
    apostrophe is looked at closely; the spellings are listed to spare a lower().
    """
    spellings = tuple(
        dict.fromkeys(s for w in NOTHING for s in (w, w.upper(), w.capitalize(), "NaN", "NaT"))
    )
    bare = f"trim({cell})"
    # An apostrophe that our own files put before what a spreadsheet would run is taken off again.
    plain = f"regexp_replace({bare}, '^''([=+@\\t\\r-])', '\\1')"
    text = f"(CASE WHEN prefix({bare}, '''') THEN {plain} ELSE {bare} END)"
    text = f"regexp_replace({text}, '^(-?[0-9]+)\\.0+$', '\\1')" if whole else text
    close = f"CASE WHEN NOT list_contains([{_list(spellings)}], trim({cell})) THEN {text} END"
    if whole:
        return close
    short = max(map(len, spellings))
    odd = f"strlen({cell}) <= {short} OR prefix({cell}, ' ') OR suffix({cell}, ' ')"
    odd += f" OR prefix({cell}, '''')"
    return f"(CASE WHEN {odd} THEN {close} ELSE {cell} END)"


def number_sql(cell: str, reading: Reading) -> str:
    """A DOUBLE: the fast cast first, the spelled-out styles for what it cannot read."""
    if reading.decimal == ".":
        fast = f"TRY_CAST({cell} AS DOUBLE)"
    else:
        unpointed = f"CASE WHEN NOT contains({cell}, '.') THEN {cell} END"
        fast = f"TRY_CAST(replace({unpointed}, ',', '.') AS DOUBLE)"
    # The CASE keeps the optimizer from computing the parts of the slow style for every row.
    slow = f"CASE WHEN {cell} IS NOT NULL THEN {_styled_sql(cell, reading)} END"
    scale = " / 100" if reading.percent else ""
    return f"(COALESCE({fast}, {slow}){scale})"


def _styled_sql(cell: str, reading: Reading) -> str:
    """A number with currency, percent sign, thousands, minus behind or in parentheses.

    Each step is the argument of a lambda over a list of one, so that it is computed once.
    """
    text = f"translate(trim({cell}), {literal(FANCY)}, {literal(FANCY_MEANS)})"
    bare = f"trim(regexp_replace(text, {literal(f'{CURRENCY}|%')}, '', 'g'))"
    minus = "bare LIKE '(%)' OR bare LIKE '%-' OR bare LIKE '- %'"
    inner = "regexp_replace(bare, '^\\(\\s*|\\s*\\)$|\\s*-$|^-\\s+', '', 'g')"
    digits = "digits"
    if reading.thousands:
        digits = f"replace({digits}, {literal(reading.thousands)}, '')"
    if reading.decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    shape = literal(pattern(reading.decimal, reading.thousands))
    value = f"CASE WHEN regexp_full_match(digits, {shape}) THEN TRY_CAST({digits} AS DOUBLE) END"
    sign = f"CASE WHEN {minus} THEN -1 ELSE 1 END"
    share = "" if reading.percent else " * CASE WHEN contains(text, '%') THEN 0.01 ELSE 1 END"
    value = f"list_transform([{inner}], lambda digits: {value})[1] * {sign}{share}"
    value = f"list_transform([{bare}], lambda bare: {value})[1]"
    return f"list_transform([{text}], lambda text: {value})[1]"


def date_sql(cell: str, date_format: str) -> str:
    """A DATE, or a TIMESTAMP where the pattern has a time.

    ISO days and times take DuckDB's own cast, which also reads one in place of the other; the
    clock is kept as written, whatever zone follows it.
    """
    if date_format == "excel":
        day = f"TRY_CAST({cell} AS DOUBLE)"
        value = f"(TIMESTAMP '1899-12-30' + to_seconds(CASE WHEN {day} BETWEEN 1 AND 109571 THEN "
        value += f"round({day} * 86400) END))"
    elif date_format in ("unix", "unix_ms"):
        step = 1 if date_format == "unix" else 1000
        stamp = f"TRY_CAST({cell} AS DOUBLE)"
        value = f"make_timestamp(CASE WHEN {stamp} BETWEEN 0 AND {7_258_118_400 * step} THEN "
        value += f"CAST({stamp} * {1_000_000 // step} AS BIGINT) END)"
    elif date_format == "%Y-%m-%d" or not date_format:
        value = f"TRY_CAST({cell} AS DATE)"
    elif date_format.startswith("%Y-%m-%d"):
        value = f"TRY_CAST({cell} AS TIMESTAMP)"
    elif date_format.endswith("%V"):
        value = f"try_strptime(trim({cell}) || '-1', {literal(date_format + '-%u')})::DATE"
    elif "%z" in date_format:
        plain = f"regexp_replace({cell}, '\\s*(Z|[+-]\\d\\d:?\\d\\d)$', '')"
        value = f"try_strptime({plain}, {literal(date_format.replace('%z', ''))})"
    else:
        cast = "" if "%H" in date_format or "%I" in date_format else "::DATE"
        value = f"try_strptime({cell}, {literal(date_format)}){cast}"
    return value


def flag_sql(cell: str) -> str:
    """TRUE or FALSE: blank is FALSE, a number is TRUE where it is not 0, a name is TRUE."""
    word = f"lower(trim({cell}))"
    number = f"TRY_CAST({cell} AS DOUBLE)"
    return (
        f"CASE WHEN {cell} = '0' THEN FALSE WHEN {cell} = '1' THEN TRUE "
        f"WHEN {cell} IS NULL OR list_contains([{_list((*NOTHING, *NO))}], {word}) THEN FALSE "
        f"WHEN list_contains([{_list(YES)}], {word}) THEN TRUE "
        f"WHEN {number} IS NOT NULL THEN {number} <> 0 ELSE TRUE END"
    )
