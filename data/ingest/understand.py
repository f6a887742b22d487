"""From readable tables to a plan: layout, roles, readings, joins, and what must be asked.

Nothing is guessed that the files leave open: two ways to read a date or a number that fit every
row looked at become a `Question`, and the import waits for the answer.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from data.errors import MappingError
from data.ingest import layouts, memory, names, questions
from data.ingest.joins import Group, find_joins, main_points
from data.ingest.plan import Column, FilePlan, Join, Plan, Role, Source
from data.ingest.profiles import Profile, profile_columns
from data.ingest.reasons import NUMBERS, reading_of
from data.ingest.roles import assign
from data.ingest.whole import settled

Remembered = Callable[[str], Mapping[str, Any] | None]


def guess(sources: Sequence[Source], *, remembered: Remembered | None = None, today: date) -> Plan:
    """What the files are most likely meant to be.

    `remembered` gives what `remember` kept under a `signature`, None where nothing is; `today`
    tells dates of the past from misread ones. Raises `MappingError` where there is no file.
    """
    if not sources:
        raise MappingError("There is no file to import. Choose at least one.")
    groups = _groups(sources)
    main = max(groups, key=main_points)
    others = [group for group in groups if group is not main]
    headers = layouts.day_headers(main.sources[0].columns)
    days, calendar = _days(headers, others)
    others = [group for group in others if group.name != calendar]
    joins, failures = find_joins(main, others)
    joined = [group for group in others if group.name not in failures]
    profiles = [p for group in (main, *joined) for p in group.profiles]
    columns = assign(profiles)
    used, joins = _needed(joined, joins, columns)
    plan = Plan(
        files=(
            *_main_plans(main, headers, days, columns),
            *(_lookup_plan(group, joins, columns) for group in used),
        ),
        joins=joins,
        currency=_currency(profiles, columns),
    )
    asked = questions.questions_of(plan, profiles, headers, days, today=today)
    plan = replace(plan, questions=asked)
    plan = memory.apply(plan, remembered, signature) if remembered else plan
    left_out = [g for g in joined if g not in used]
    return replace(plan, notes=_notes(plan, calendar, failures, left_out))


def answer(plan: Plan, question_id: str, value: str) -> Plan:
    """The plan with a question answered and the columns it is about read accordingly.

    Raises `MappingError` where the value is none of the options, or no ISO day where one is asked.
    """
    return questions.answer(plan, question_id, value)


def use_as(plan: Plan, file: str, column: str, role: Role, *, today: date) -> Plan:
    """The plan after the user gave a column another role, read as that role needs.

    All main files follow, for they share their headers. A reading that the file leaves open
    becomes a question.
    """
    asked = next(f for f in plan.files if f.source.name == file)
    alike = plan.main_files if asked.layout != "lookup" else (asked,)
    headers = layouts.day_headers(asked.source.columns)
    skip = frozenset(headers.columns if headers else ())
    sources = [f.source for f in alike]
    profile = next((p for p in profile_columns(sources, skip=skip) if p.name == column), None)
    if profile is None:  # the header is a day: its cells stay numbers
        return settle(plan.with_column(file, column, role=role))
    profile = settled(profile, sources)
    meaning = column.strip() if role == "product_column" else ""
    reading = reading_of(profile, role)
    for each in alike:
        name = each.source.name
        plan = plan.with_column(name, column, role=role, reading=reading, meaning=meaning)
    kept = tuple(q for q in plan.questions if questions.subject(q) != f"{sources[0].name}:{column}")
    used = next(
        c for f in plan.files if f.source.name == file for c in f.columns if c.name == column
    )
    new = questions.question_about(sources[0], profile, used, today=today)
    return settle(replace(plan, questions=(*kept, new) if new else kept))


def settle(plan: Plan) -> Plan:
    """The plan after roles were edited: layouts follow the roles, needless questions go."""
    files = tuple(
        file if file.layout == "lookup" else replace(file, layout=layouts.layout_of(file.columns))
        for file in plan.files
    )
    plan = replace(plan, files=files)
    return replace(plan, questions=tuple(q for q in plan.questions if questions.matters(plan, q)))


def signature(source: Source) -> str:
    """The same for files of the same shape: a hash of the headers, days among them left out."""
    headers = layouts.day_headers(source.columns)
    days = set(headers.columns) if headers else set()
    shape = [names.plain(column) for column in source.columns if column not in days]
    return hashlib.sha256("\n".join([*shape, "wide" if days else ""]).encode()).hexdigest()


def remember(file: FilePlan) -> dict[str, Any]:
    """What the next file of this shape should know: roles and readings, as JSON-able values."""
    return memory.remember(file)


def _groups(sources: Sequence[Source]) -> list[Group]:
    """Files with the same headers together, in whatever order and spelling they come."""
    by_shape: dict[tuple[str, ...], list[Source]] = {}
    for source in sources:
        plain = source.columns if source.format == "parquet" else map(names.plain, source.columns)
        by_shape.setdefault(tuple(sorted(plain)), []).append(source)
    found = []
    for members in by_shape.values():
        headers = layouts.day_headers(members[0].columns)
        alike = tuple(_spelled_like(source, members[0].columns) for source in members)
        skip = frozenset(headers.columns if headers else ())
        found.append(
            Group(
                sources=alike,
                profiles=tuple(settled(p, alike) for p in profile_columns(alike, skip=skip)),
                is_wide=headers is not None,
            )
        )
    return found


def _spelled_like(source: Source, columns: tuple[str, ...]) -> Source:
    """The source with its headers ("SKU") spelled like those of the first file ("sku")."""
    if source.format == "parquet" or source.columns == columns:
        return source
    spelling = dict(zip(map(names.plain, columns), columns, strict=True))
    own = tuple(spelling[names.plain(column)] for column in source.columns)
    return replace(source, columns=own) if len(set(own)) == len(own) else source


def _days(headers: layouts.Headers | None, others: Sequence[Group]) -> tuple[dict[str, str], str]:
    if headers is None:
        return {}, ""
    if headers.date_format:
        return layouts.header_days(headers), ""
    return layouts.calendar_days(headers, [s for group in others for s in group.sources])


def _main_plans(
    main: Group,
    headers: layouts.Headers | None,
    days: dict[str, str],
    columns: dict[tuple[str, str], Column],
) -> list[FilePlan]:
    own = [columns[main.name, p.name] for p in main.profiles]
    if headers:
        own = [_beside_days(column) for column in own]
        by_name = {c.name: c for c in (*own, *layouts.day_columns(main.sources, headers, days))}
        own = [by_name[name] for name in main.sources[0].columns]
    else:
        own = layouts.as_product_columns(own, main.profiles) or own
    levels = _levels(own, main.profiles)
    layout = layouts.layout_of(levels)
    return [FilePlan(source=s, layout=layout, columns=tuple(levels)) for s in main.sources]


def _beside_days(column: Column) -> Column:
    """In a wide file the cells are the quantities, so other numbers are not sales of a day."""
    if column.role in NUMBERS - {"unit_cost", "lead_time"} or column.role in ("date", "order"):
        return replace(column, role="ignore", confidence="sure", reason="The days are in columns")
    return column


def _levels(columns: Sequence[Column], profiles: Sequence[Profile]) -> list[Column]:
    """Categories in order, widest first: fewer values stand above more. Other columns stay.

    A small file may have as many of both; then the shorter values ("FOODS", "FOODS_1") are wider.
    """
    width = {
        p.name: (p.distinct, sum(map(len, p.filled)) / max(1, len(p.filled))) for p in profiles
    }
    levels = sorted((c for c in columns if c.role == "category"), key=lambda c: width[c.name])
    following = iter(levels)
    return [next(following) if c.role == "category" else c for c in columns]


def _needed(
    joined: Sequence[Group], joins: Sequence[Join], columns: dict[tuple[str, str], Column]
) -> tuple[list[Group], tuple[Join, ...]]:
    """The joined files that give something, or lead to one that does."""
    giving = {file for (file, _), column in columns.items() if column.role != "ignore"}
    kept: set[str] = set()
    for join in reversed(joins):
        if join.lookup in giving | kept:
            kept |= {join.lookup, join.main}
    return [g for g in joined if g.name in kept], tuple(j for j in joins if j.lookup in kept)


def _lookup_plan(
    group: Group, joins: Sequence[Join], columns: dict[tuple[str, str], Column]
) -> FilePlan:
    """A file that only describes; the columns it is joined by are keys."""
    keys = {j.lookup_column: j.main for j in joins if j.lookup == group.name}
    entry = set(keys)  # the file with the rows has these too
    keys |= {j.main_column: j.lookup for j in joins if j.main == group.name}
    own = []
    for profile in group.profiles:
        column = columns[group.name, profile.name]
        if profile.name in entry or (column.role == "ignore" and profile.name in keys):
            reason = f"Joins {keys[profile.name]}"
            column = replace(column, role="key", confidence="sure", reason=reason)
        own.append(column)
    levels = _levels(own, group.profiles)
    return FilePlan(source=group.sources[0], layout="lookup", columns=tuple(levels))


def _currency(profiles: Sequence[Profile], columns: dict[tuple[str, str], Column]) -> str:
    signs = {
        p.number.currency
        for p in profiles
        if p.number and p.number.currency and columns[p.file, p.name].role in NUMBERS
    }
    return signs.pop() if len(signs) == 1 else ""


def _notes(
    plan: Plan, calendar: str, failures: Mapping[str, str], left_out: Sequence[Group]
) -> tuple[str, ...]:
    notes = [note for file in plan.files for note in file.source.notes]
    roles = {column.role for file in plan.files for column in file.columns}
    if not roles & {"quantity", "date_column", "product_column"}:
        notes.append("No quantity column: each line counts as one unit.")
    if not roles & {"product", "product_column"}:
        notes.append("No product column: all sales count as those of one product.")
    if calendar:
        notes.append(f"{calendar} gives the days of the columns.")
    notes += [f"{name} was left out: {reason}." for name, reason in failures.items()]
    notes += [f"{group.name} was left out: nothing in it is needed." for group in left_out]
    return tuple(dict.fromkeys(notes))
