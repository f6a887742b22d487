"""The cached reads of Unusual sales, keyed by the data's and the corrections' versions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data import calendar_store, corrections, events
from data import unusual as database
from data.scope import Scope, Split
from data.store import Store
from ui import background, corrected, queries, state, unusual_facts
from ui.background import Tell
from ui.unusual_cells import Action, Effect, effect
from ui.unusual_facts import WHOLE, Found

_CALENDAR_YEARS = 50  # more of them are not asked for at once; nobody judges days so old
_READ = 0.4  # of the time, until the sales are read


def found(scope: Scope, split: Split) -> Found | None:
    """Everything unusual in the sales of the scope as they came; None without a period."""
    plain = replace(scope, measure="quantity", corrected=False, correction_revision=0)
    return background.result(
        "unusual sales",
        queries.version(),
        (plain, split),
        lambda store, tell: _found(store, plain, split, tell),
        label="Judging sales",
        kept=2,  # hundreds of megabytes each, where series are many
    )


def causes(scope: Scope, split: Split, table: pd.DataFrame) -> dict[int, Mapping[Any, Any]]:
    """What order lines know of the findings of a product, by their number in the table."""
    wanted = table[table["product_id"].notna()]
    if wanted.empty:
        return {}
    wanted = wanted.assign(finding=wanted.index)
    frame = _causes(
        queries.version(), replace(scope, measure="quantity"), split, tuple(wanted.index), wanted
    )
    return {int(row["finding"]): row for row in frame.to_dict("records")}


def in_force(dataset_id: int) -> pd.DataFrame:
    """The corrections and kept days that count now; see `data.corrections.in_force`."""
    return _in_force(queries.version(), corrected.revision(dataset_id), dataset_id)


def states(scope: Scope, made: Found) -> pd.Series:
    """What was decided about each finding: an action, or "" while it is open.

    That of its product's days; of the whole scope, what at least half of its products got.
    """
    table, decided = made.table, in_force(scope.dataset_id)
    if scope.place_id is not None:
        decided = decided[decided["place_id"] == scope.place_id]
    state = pd.Series("", index=table.index, dtype=object)
    if decided.empty or table.empty:
        return state
    single = table[table["product_id"].notna()]
    pairs = single.reset_index(names="finding").merge(
        decided[["product_id", "place_id", "day", "action"]],
        on="product_id", suffixes=("", "_done"),
    )  # fmt: skip
    inside = (pairs["day"] >= pairs["first"]) & (pairs["day"] <= pairs["last"])
    inside &= pairs["place_id"].isna() | (pairs["place_id"] == pairs["place_id_done"])
    inside &= (pairs["kind"] == "low") | (pairs["action"] != "accept")  # stock-outs are low only
    latest = pairs[inside].groupby("finding")["action"].last()
    state.loc[latest.index] = latest
    for number, row in unusual_facts.rows(table[table["series"] == WHOLE]):
        there = decided[(decided["day"] >= row["first"]) & (decided["day"] <= row["last"])]
        products = len(set(np.array(made.cells.products)[made.observed(row["at"])]))
        if not there.empty and 2 * there["product_id"].nunique() >= products:
            state[number] = there["action"].mode().iloc[0]
    return state


def outcome(
    scope: Scope, split: Split, made: Found, chosen: pd.DataFrame, action: Action,
    number: float | None,
) -> Effect:  # fmt: skip
    """What an action would do to the chosen findings; see `ui.unusual_cells.effect`."""
    key = tuple(zip(chosen["kind"], chosen["series"], chosen["at"], strict=True))
    return _outcome(queries.version(), scope, split, key, action, number, made, chosen)


def _found(store: Store, scope: Scope, split: Split, tell: Tell) -> Found | None:
    cells = database.cells(store, scope, split)
    if cells is None:
        return None
    tell(_READ)
    last = cells.times[-1] + pd.Timedelta(days=31)
    first = max(cells.times[0], last - pd.Timedelta(days=366 * _CALENDAR_YEARS))
    entries = calendar_store.read(store, scope.dataset_id)
    named = [each for each in entries if each.kind in ("festival", "own")]
    return unusual_facts.find(cells, events.occurrences(named, first.date(), last.date()))


@st.cache_data(max_entries=32, show_spinner=False)
def _causes(
    version: queries.Version, scope: Scope, split: Split, ids: tuple[int, ...],
    _wanted: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    return database.causes(state.store(), scope, _wanted)


@st.cache_resource(max_entries=4, show_spinner=False)
def _in_force(version: queries.Version, revision: int, dataset_id: int) -> pd.DataFrame:
    return corrections.in_force(state.store(), dataset_id)


@st.cache_resource(max_entries=8, show_spinner=False)
def _outcome(
    version: queries.Version, scope: Scope, split: Split, key: tuple[tuple[object, ...], ...],
    action: Action, number: float | None, _made: Found, _chosen: pd.DataFrame,
) -> Effect:  # fmt: skip
    return effect(state.store(), scope, _made, _chosen, action, number=number)
