"""What was decided for a file, kept for the next one of the same shape."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from data.ingest import dates, layouts
from data.ingest.numbers import NumberFit, judge
from data.ingest.plan import Column, FilePlan, Plan, Reading, Source
from data.ingest.questions import HEADERS, subject

REASON = "As in the last file of this shape"


def remember(file: FilePlan) -> dict[str, Any]:
    """Roles and readings by column, the day of numbered columns; JSON-able."""
    columns = {
        column.name: {"role": column.role, "reading": asdict(column.reading)}
        for column in file.columns
        if column.role != "date_column"
    }
    kept: dict[str, Any] = {"columns": columns}
    days = [c for c in file.columns if c.role == "date_column" and c.meaning]
    if days:
        kept["day_zero"] = _day_zero(days[0])
    return kept


def _day_zero(column: Column) -> str:
    """The ISO day of d_0, "" where the header is not a numbered day."""
    match = dates.NUMBERED_DAY.fullmatch(column.name)
    if match is None:
        return ""
    day = date.fromisoformat(column.meaning) - timedelta(days=int(match.group(1)))
    return day.isoformat()


def apply(
    plan: Plan,
    remembered: Callable[[str], Mapping[str, Any] | None],
    signature: Callable[[Source], str],
) -> Plan:
    """The plan with what is remembered for its files; a reading that no longer fits is not used."""
    files, settled = [], set()
    for file in plan.files:
        kept = remembered(signature(file.source))
        if kept is None:
            files.append(file)
            continue
        columns = []
        for column in file.columns:
            changed = _recalled(file, column, kept)
            columns.append(changed)
            if changed.reason == REASON:
                settled.add(f"{file.source.name}:{column.name}")
                if column.role == "date_column":
                    settled.add(f"{file.source.name}:{HEADERS}")
        layout = file.layout if file.layout == "lookup" else layouts.layout_of(columns)
        files.append(replace(file, columns=tuple(columns), layout=layout))
    questions = tuple(q for q in plan.questions if subject(q) not in settled)
    return replace(plan, files=tuple(files), questions=questions)


def _recalled(file: FilePlan, column: Column, kept: Mapping[str, Any]) -> Column:
    if column.role == "date_column":
        match = dates.NUMBERED_DAY.fullmatch(column.name)
        if match is None or not kept.get("day_zero") or column.meaning:
            return column
        day = date.fromisoformat(kept["day_zero"]) + timedelta(days=int(match.group(1)))
        return replace(column, meaning=day.isoformat(), confidence="sure", reason=REASON)
    entry = kept["columns"].get(column.name)
    if entry is None:
        return column
    reading = Reading(**entry["reading"])
    if not _still_fits(file.source, column.name, reading):
        return column
    meaning = column.name.strip() if entry["role"] == "product_column" else column.meaning
    return replace(
        column,
        role=entry["role"],
        reading=reading,
        confidence="sure",
        reason=REASON,
        meaning=meaning,
    )


def _still_fits(source: Source, name: str, reading: Reading) -> bool:
    """Whether at least four fifths of the sampled cells can be read as before."""
    index = source.columns.index(name)
    cells = [cell.strip() for row in source.sample if (cell := row[index]) and cell.strip()]
    if not cells or reading.kind in ("text", "flag"):
        return True
    if reading.kind == "date":
        read = dates.days_of(cells, reading.date_format)
        return sum(cell in read for cell in cells) >= 0.8 * len(cells)
    fit: NumberFit | None = judge(cells, like=reading)
    same = fit is not None and fit.reading.decimal == reading.decimal
    return same and fit is not None and fit.share >= 0.8
