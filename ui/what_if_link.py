"""What a link to the What-if page asks besides its scope: a price to try, from and until when.

`?product=7&price=2.49` opens with a scenario of that price; `from` and `to` are days (ISO), a
price may be all that a line of the grid takes, such as "-10%". What was asked is made once: the
address then names the scenario, so that opening it again shows the same one.
"""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from data import scenarios as stored
from data.scenarios import Scenario
from data.scope import Scope
from ui import address, corrected, queries, state
from ui import format as fmt
from ui import what_if_kinds as kinds
from ui import what_if_reads as reads
from ui import what_if_values as values
from ui.queries import Dataset
from ui.what_if_kinds import Line, RuleError

WEEKS = 4  # that a price is tried for, where the link does not say
MOST = 20  # characters of a price
_NAMES = ("price", "from", "to")


def take(dataset: Dataset, scope: Scope, listed: list[Scenario]) -> None:
    """Make the scenario that the address asks for, or show the one that says the same."""
    price = st.query_params.get("price", "").strip()
    if not any(name in st.query_params for name in _NAMES):
        return
    asked = {name: st.query_params.get(name, "") for name in _NAMES}
    address.go(dict.fromkeys(_NAMES))
    if not price:
        return
    try:
        line = line_of(dataset, scope, asked)
    except RuleError as error:
        st.caption(f":orange-badge[Price of the link] {fmt.escape(error)}")
        return
    same = [each for each in listed if [Line.of(change) for change in each.changes] == [line]]
    made = same[0].scenario_id if same else _made(dataset, scope, line)
    address.go({"scenario": made})
    st.rerun()


def line_of(dataset: Dataset, scope: Scope, asked: dict[str, str]) -> Line:
    """The line of a link. Raises `RuleError` for a price or day that cannot be."""
    first = kinds.day(asked["from"]) if asked["from"] else _soon(dataset)
    last = kinds.day(asked["to"]) if asked["to"] else first + timedelta(days=7 * WEEKS - 1)
    line = Line(
        kind=kinds.PRICE,
        products=_products(dataset, scope),
        places=_place(dataset, scope),
        first=first.isoformat(),
        last=last.isoformat(),
        value=asked["price"].strip()[:MOST],
    )
    if last < first:
        raise RuleError(f"It ends on {kinds.said(last)}, before it begins on {kinds.said(first)}.")
    span = {"first": pd.Timestamp(first), "last": pd.Timestamp(last)}
    values.change_of(line, span, dataset.currency)
    return line


def _soon(dataset: Dataset) -> date:
    """The first Monday to come."""
    first = reads.last_day(dataset) + timedelta(days=1)
    return first + timedelta(days=(7 - first.weekday()) % 7)


def _products(dataset: Dataset, scope: Scope) -> str:
    """What the grid calls the products of the address."""
    if scope.product_id is None:
        return kinds.path_label(scope.categories) if scope.categories else kinds.ALL_PRODUCTS
    row = queries.products(dataset.dataset_id).loc[scope.product_id]
    return kinds.label_of(str(row["name"]), str(row["code"]))


def _place(dataset: Dataset, scope: Scope) -> str:
    if scope.place_id is None:
        return kinds.ALL_PLACES
    return str(queries.places(dataset.dataset_id).loc[scope.place_id, "name"])


def scope_json(scope: Scope) -> dict[str, Any]:
    """What a scenario remembers of where it was made, for its link."""
    return {
        "category": list(scope.categories),
        "product": scope.product_id,
        "place": scope.place_id,
        "segment": scope.segment_id,
    }


def _made(dataset: Dataset, scope: Scope, line: Line) -> int:
    named = line.products.split(kinds.BETWEEN)[-1].partition(" · ")[0]
    sign = "" if not line.value[0].isdigit() else dataset.currency
    return stored.create(
        state.store(),
        dataset.dataset_id,
        stored.free_name(state.store(), dataset.dataset_id, f"{named} at {sign}{line.value}"),
        author=corrected.author(),
        scope=scope_json(scope),
        changes=[line.to_json()],
    )
