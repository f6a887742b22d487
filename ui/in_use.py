"""What is in use where: the champion of the nearest scope that covers what is asked, and why.

An exception for a category, segment or place goes before the champion of all that a run forecasts;
of several that cover a scope the narrowest counts, and of equally narrow ones the latest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from data.scope import Scope
from engine.choices import Choices
from engine.registry import Crowning, Entry
from ui import format as fmt
from ui import queries, run_queries, settings, training
from ui import scope as scopes
from ui.engine import registry
from ui.run_forecasts import Nodes

_OF_SCOPE = ("dataset_id", "categories", "product_id", "place_id", "segment_id", "freq", "measure")


@dataclass(frozen=True, kw_only=True)
class InUse:
    """A run that is used for a part of the tree, and the decision behind it."""

    run: Entry
    part: Scope  # for which it is used
    is_exception: bool  # made for a part of what the run forecasts
    why: str
    who: str
    at: float  # seconds since 1970; 0: before reasons were kept


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def choices() -> Choices:
    """The exceptions of this folder."""
    return Choices(settings.from_environment().var)


def of(scope: Scope) -> InUse | None:
    """What is used for a scope; None where nothing was ever chosen that covers it."""
    covering = [
        each
        for each in everything(scope.dataset_id)
        if contains(each.part, scope, _nodes(each.part, scope))
        and run_queries.covers(scope, each.run.run_id)
    ]
    return nearest(covering)


def shown(scope: Scope) -> InUse | None:
    """The same for a screen: where no money was forecast, units that have a price will do."""
    if (found := of(scope)) is not None or scope.measure != "revenue":
        return found
    units = of(run_queries.in_units(scope))
    return units if units is not None and run_queries.shows(scope, units.run.run_id) else None


def nearest(found: list[InUse]) -> InUse | None:
    """The one for the narrowest part, of equally narrow ones the latest."""
    return max(found, key=lambda each: (*_narrowness(each.part), each.at), default=None)


def everything(dataset_id: int) -> list[InUse]:
    """All champions and exceptions of a dataset whose runs are still there."""
    entries = {entry.run_id: entry for entry in registry().entries()}
    found = []
    for entry in entries.values():
        part = training.scope_of(entry.about) if entry.is_champion else None
        if part is not None and part.dataset_id == dataset_id:
            said = _crowned(entry, registry().crownings(entry.about.scope_key))
            found.append(_champion(entry, part, said))
    for choice in choices().in_force():
        part = from_part(choice.part)
        run = entries.get(choice.run_id)
        if part is None or run is None or part.dataset_id != dataset_id:
            continue
        found.append(
            InUse(
                run=run,
                part=part,
                is_exception=True,
                why=choice.why,
                who=choice.who,
                at=choice.at,
            )
        )
    return found


def contains(part: Scope, asked: Scope, nodes: Nodes) -> bool:
    """Whether a scope lies within the part of the tree that a decision is of."""
    if (part.dataset_id, part.freq, part.measure) != (asked.dataset_id, asked.freq, asked.measure):
        return False
    if part.place_id not in (None, asked.place_id):
        return False
    if part.product_id is not None:
        return part.product_id == asked.product_id
    if part.segment_id is not None and part.segment_id != asked.segment_id:
        members = next(
            (ids for key, ids in nodes.segments.items() if key[0] == part.segment_id), ()
        )
        if asked.product_id not in members:
            return False
    path = asked.categories
    if asked.product_id is not None:
        path = nodes.categories.get(asked.product_id, path)
    return path[: len(part.categories)] == part.categories


def sentence(found: InUse, scope: Scope) -> str:
    """Since when, what, for which part, and why: a line of Markdown."""
    name = training.model_name(found.run.about.model)
    since = f"In use since {_day(found.at)}" if found.at else "In use"
    where = ""
    if _narrowness(found.part) != _narrowness(scope):
        where = f" for {fmt.escape(words(found.part))}"
    why = f", chosen because: {fmt.escape(found.why.rstrip('.'))}" if found.why else ""
    return f"{since}{where}: {name}{why}."


def words(part: Scope) -> str:
    """A part of the tree, such as "Home, all places"."""
    return f"{scopes.name(part)}, {scopes.place(part)}"


def to_part(scope: Scope) -> dict[str, Any]:
    """A scope as it is kept; which version its segment was is no part of it."""
    values = {name: getattr(scope, name) for name in _OF_SCOPE}
    return {**values, "categories": list(scope.categories)}


def from_part(part: Mapping[str, Any]) -> Scope | None:
    """The scope that was kept; None for that of another version, or of a segment that is gone."""
    try:
        scope = Scope(
            **{**{name: part[name] for name in _OF_SCOPE}, "categories": tuple(part["categories"])}
        )
    except (KeyError, TypeError):
        return None
    kept = {each.segment_id for each in queries.segments(scope.dataset_id)}
    return scope if scope.segment_id is None or scope.segment_id in kept else None


def _nodes(part: Scope, asked: Scope) -> Nodes:
    return run_queries.nodes(asked, part)


def _crowned(entry: Entry, changes: list[Crowning]) -> Crowning | None:
    return next((each for each in changes if each.run_id == entry.run_id), None)


def _champion(entry: Entry, part: Scope, said: Crowning | None) -> InUse:
    return InUse(
        run=entry,
        part=part,
        is_exception=False,
        why=said.why if said else "",
        who=said.who if said else "",
        at=said.at if said else 0.0,
    )


def _narrowness(part: Scope) -> tuple[bool, bool, int, bool]:
    return (
        part.product_id is not None,
        part.segment_id is not None,
        len(part.categories),
        part.place_id is not None,
    )


def _day(at: float) -> str:
    return fmt.day(datetime.fromtimestamp(at).date())
