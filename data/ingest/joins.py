"""Several files of one upload: which holds the sales, which only describes them, joined by what.

Keys are proposed by name and proved on the content: unique in the file that describes, and found
there for most of the sampled rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from data.ingest import names
from data.ingest.plan import Join, Role, Source
from data.ingest.profiles import Profile
from data.ingest.sql import ident, scan_sql

MIN_FOUND = 0.5  # share of sampled keys that the other file must know
MIN_UNIQUE = 0.98  # share of its rows that must have a key of their own
KEY_ROLES: tuple[Role, ...] = ("product", "place", "order", "customer")
MAIN_POINTS: dict[Role, int] = {"product": 4, "quantity": 4, "revenue": 2, "price": 2, "date": 1}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Files with the same header, and the profiles of their columns (days in headers left out)."""

    sources: tuple[Source, ...]
    profiles: tuple[Profile, ...]
    is_wide: bool = False

    @property
    def name(self) -> str:
        return self.sources[0].name

    def profile(self, column: str) -> Profile | None:
        return next((p for p in self.profiles if p.name == column), None)


def main_points(group: Group) -> tuple[int, int]:
    """How much a group looks like the sales themselves; the larger one wins a draw."""
    found = {m.role for p in group.profiles for m in names.matches(p.name) if m.exact}
    if any(names.plain(p.name) in names.SALES_WORDS for p in group.profiles):
        found.add("quantity")
    points = sum(points for role, points in MAIN_POINTS.items() if role in found)
    return points + (10 if group.is_wide else 0), sum(s.path.stat().st_size for s in group.sources)


def find_joins(main: Group, others: Sequence[Group]) -> tuple[tuple[Join, ...], dict[str, str]]:
    """Joins from the main files outwards, and why each remaining group could not be joined."""
    joins: list[Join] = []
    reached, waiting = [main], list(others)
    failures: dict[str, str] = {}
    while waiting:
        found = None
        for group in waiting:
            for known in reached:
                join, failure = _join(known, group)
                if join:
                    found = group, join
                    break
                failures[group.name] = failures.get(group.name) or failure
            if found:
                break
        if not found:
            break
        group, join = found
        joins.append(join)
        if len(main.sources) > 1 and join.main == main.name:
            joins += [
                Join(
                    main=source.name,
                    lookup=join.lookup,
                    main_column=join.main_column,
                    lookup_column=join.lookup_column,
                )
                for source in main.sources[1:]
            ]
        reached.append(group)
        waiting.remove(group)
        failures.pop(group.name, None)
    return tuple(joins), {group.name: failures[group.name] for group in waiting}


def _join(known: Group, other: Group) -> tuple[Join | None, str]:
    """The best join between two groups, or the reason that there is none."""
    best: tuple[float, Join] | None = None
    failure = "no column of it is found in the other files"
    for left in known.profiles:
        for right in other.profiles:
            if not _same_meaning(left, right):
                continue
            unique, found = _proof(left, right, other.sources[0])
            if found < MIN_FOUND:
                continue
            if unique < MIN_UNIQUE:
                failure = f"{right.name} is not unique in it"
                continue
            join = Join(
                main=known.name,
                lookup=other.name,
                main_column=left.name,
                lookup_column=right.name,
            )
            if best is None or found > best[0]:
                best = found, join
    return (best[1], "") if best else (None, failure)


def _same_meaning(left: Profile, right: Profile) -> bool:
    """Whether two headers name the same key."""
    if any((p.is_number and not p.is_whole) or not p.filled for p in (left, right)):
        return False
    a, b = names.plain(left.name), names.plain(right.name)
    if a == b:
        return a not in names.CALENDAR_WORDS
    roles = [{m.role for m in names.matches(p.name) if m.exact} for p in (left, right)]
    return bool(roles[0] & roles[1] & set(KEY_ROLES))


def _proof(left: Profile, right: Profile, lookup: Source) -> tuple[float, float]:
    """Share of rows of the lookup with a key of their own, share of sampled keys found in it."""
    keys = list(dict.fromkeys(left.filled))
    key = f"trim({ident(right.name)})"
    with duckdb.connect() as connection:
        ((rows, unique, found),) = connection.execute(
            f"WITH lookup AS (SELECT {key} AS key FROM {scan_sql(lookup)} WHERE {key} <> '') "
            "SELECT count(*), count(DISTINCT key), "
            "(SELECT count(*) FROM (SELECT unnest(?::VARCHAR[]) AS own) "
            "WHERE own IN (SELECT key FROM lookup)) FROM lookup",
            [keys],
        ).fetchall()
    return (unique / rows if rows else 0.0), (found / len(keys) if keys else 0.0)
