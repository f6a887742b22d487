"""Doubts of the sample that all rows of the files may settle: which reading contradicts none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from data.ingest.plan import Column, Reading, Source
from data.ingest.profiles import Profile
from data.ingest.sql import empty_sql, ident, scan_sql, value_sql

TYPOS = 0.005  # a reading that fails on no more cells than this is not ruled out by them


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a reading did on all rows."""

    reading: Reading
    failures: int
    proof: str  # a cell that no other reading could read, "" where there is none


def settled(profile: Profile, sources: Sequence[Source]) -> Profile:
    """The profile, with the doubt about its dates or numbers gone where the rows decide it.

    Reads one column of the files, and only where the sample leaves a doubt.
    """
    date, number = profile.date, profile.number
    if date and date.others:
        readings = [replace(date.reading, date_format=f) for f in date.others]
        left = _surviving(sources, profile.name, [date.reading, *readings])
        first = left[0]
        others = tuple(trial.reading.date_format for trial in left[1:])
        fit = replace(date, reading=first.reading, others=others, proof=first.proof)
        return replace(profile, date=fit)
    if number and number.other and not date:
        left = _surviving(sources, profile.name, [number.reading, number.other])
        other = left[1].reading if len(left) > 1 else None
        return replace(profile, number=replace(number, reading=left[0].reading, other=other))
    return profile


def _surviving(sources: Sequence[Source], column: str, readings: Sequence[Reading]) -> list[Trial]:
    """The readings that the rows do not rule out, in the order given; never none."""
    trials = [Trial(reading=r, failures=0, proof="") for r in readings]
    filled = 0
    for source in sources:
        counts = _counts(source, column, readings)
        filled += counts[0]
        for index, trial in enumerate(trials):
            failures, proof = counts[1 + 2 * index], counts[2 + 2 * index]
            trials[index] = replace(
                trial,
                failures=trial.failures + int(failures),
                proof=trial.proof or str(proof or ""),
            )
    least = min(trial.failures for trial in trials)
    return [trial for trial in trials if trial.failures <= least + TYPOS * filled]


def _counts(source: Source, column: str, readings: Sequence[Reading]) -> tuple[Any, ...]:
    """Filled cells; then per reading the cells that it cannot read, and one only it can."""
    cells = [
        Column(name=column, role="ignore", reading=r, confidence="ask", reason="") for r in readings
    ]
    values = ", ".join(f"{value_sql(cell)} AS v{i}" for i, cell in enumerate(cells))
    wanted = ["count(*)"]
    for i in range(len(cells)):
        rest = " AND ".join(f"v{j} IS NULL" for j in range(len(cells)) if j != i)
        wanted += [f"count(*) FILTER (v{i} IS NULL)"]
        wanted += [f"any_value(cell) FILTER (v{i} IS NOT NULL AND {rest})"]
    with duckdb.connect() as connection:
        (row,) = connection.execute(
            f"SELECT {', '.join(wanted)} FROM (SELECT {ident(column)} AS cell, {values} "
            f"FROM {scan_sql(source)} WHERE NOT {empty_sql(cells[0])})"
        ).fetchall()
    return tuple(row)
