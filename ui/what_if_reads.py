"""What the What-if page reads: the ground that scenarios stand on, and trained runs that answer.

All of it takes seconds, so it is read once by a thread for all visitors (`ui.background`).
"""

from datetime import date, timedelta

import streamlit as st

from data import scenarios
from data.scope import Scope
from data.store import Store
from ui import (
    background,
    calendar_queries,
    elasticity_reads,
    queries,
    state,
    what_if_siblings,
)
from ui import scope as scopes
from ui import what_if_ground as grounds
from ui import what_if_kinds as kinds
from ui.background import Tell
from ui.queries import Dataset
from ui.what_if_events import Events
from ui.what_if_ground import Ground
from ui.what_if_kinds import Line
from ui.what_if_rules import Shop
from ui.what_if_siblings import Siblings
from ui.what_if_work import Answerer


def ground(dataset: Dataset, scope: Scope, horizon: int) -> Ground | None:
    """The ground of a scope; the page shows how far it is until then. None: nothing sold."""
    measured = elasticity_reads.found(dataset)
    products = products_in(dataset, scope)
    asked = (scope.categories, scope.product_id, scope.place_id, scope.segment_id,
             scope.segment_revision, horizon)  # fmt: skip
    assert dataset.last_day is not None
    until = last_day(dataset)

    def body(store: Store, tell: Tell) -> Ground | None:
        return grounds.make(
            store,
            dataset.dataset_id,
            products=products,
            place_id=scope.place_id,
            until=until,
            by_week=dataset.frequency == "W",
            horizon=horizon,
            measured=measured,
            tell=tell,
        )

    version = (*queries.version(), stock_revision(dataset.dataset_id))
    return background.result(
        "scenario ground", version, (dataset.dataset_id, asked), body, label="Reading sales", kept=4
    )


def siblings(dataset: Dataset) -> Siblings | None:
    """What cheaper products take from the rest of their category, as far as it can be told."""
    return background.result(
        "siblings",
        queries.version()[:3],  # plans and calendars change nothing here
        dataset.dataset_id,
        lambda store, tell: what_if_siblings.find_once(store, dataset.dataset_id, tell=tell),
        label="Learning what promotions take from the rest of their category",
        kept=4,
    )


def last_day(dataset: Dataset) -> date:
    """The last day of the sales; of weeks, the end of the last one."""
    assert dataset.last_day is not None
    over = 6 - dataset.last_day.weekday() if dataset.frequency == "W" else 0
    return dataset.last_day + timedelta(days=over)


def horizon_of(dataset: Dataset, series: int, lines: list[Line]) -> int:
    """How many weeks are forecast: a year and a bit; of many series only as far as needed."""
    if series <= grounds.MANY:
        return grounds.LONG
    first = last_day(dataset) + timedelta(days=1)
    days = [kinds.day_of(text) for each in lines for text in (each.first, each.last)]
    far = any(day is not None and (day - first).days >= 7 * grounds.SHORT - 14 for day in days)
    return grounds.LONG if far else grounds.SHORT


def products_in(dataset: Dataset, scope: Scope) -> list[int]:
    """The products of a scope."""
    if scope.product_id is not None:
        return [scope.product_id]
    products = queries.products(dataset.dataset_id)
    depth = len(scope.categories)
    inside = [path[:depth] == scope.categories for path in products["categories"]]
    found = {int(str(key)) for key in products.index[inside]}
    if scope.segment_id is not None:
        from data import saved_segments

        found &= set(saved_segments.members(state.store(), scope.segment_id))
    return sorted(found)


def shop(dataset: Dataset, answerer: Answerer) -> Shop:
    """What the words of a line can mean."""
    products, places = queries.products(dataset.dataset_id), queries.places(dataset.dataset_id)
    pairs = answerer.ahead.pairs
    keys = [int(str(key)) for key in products.index]
    return Shop(
        names=dict(zip(keys, products["name"].astype(str), strict=True)),
        codes={str(code).lower(): key for code, key in zip(products["code"], keys, strict=True)},
        paths=dict(zip(keys, products["categories"], strict=True)),
        place_names={int(str(key)): str(name) for key, name in places["name"].items()},
        place_codes={str(code).lower(): int(str(key)) for key, code in places["code"].items()},
        pairs=frozenset(zip(pairs["product_id"].tolist(), pairs["place_id"].tolist(), strict=True)),
        currency=dataset.currency,
        first_day=answerer.first_day,
        last_day=answerer.last_day,
    )


def events(dataset: Dataset) -> Events:
    """When events come and what they did, by widest category; measured as on the Calendar page."""
    whole = Scope(dataset_id=dataset.dataset_id, freq=dataset.frequency, measure="quantity")
    found = calendar_queries.effects(whole)
    return Events(
        entries=tuple(calendar_queries.entries(dataset.dataset_id)), measured=found.measured
    )


def stock_revision(dataset_id: int) -> int:
    """Of stock settings, deliveries and counts."""
    from data import inventory

    return inventory.revision(state.store(), dataset_id)


def stand(dataset_id: int) -> str:
    """Of the data that results stand on; see `data.scenarios.state`."""
    return scenarios.state(state.store(), dataset_id)


@st.cache_resource(max_entries=8, show_spinner=False)
def options(version: queries.Version, dataset_id: int) -> tuple[list[str], list[str]]:
    """What the grid offers: products (all, categories, the best sellers), and places."""
    products = queries.products(dataset_id)
    paths = sorted(
        {path[:depth] for path in products["categories"] for depth in range(1, len(path) + 1)}
    )
    listed = products.head(scopes.LISTED)
    names = [
        kinds.label_of(str(name), str(code))
        for name, code in zip(listed["name"], listed["code"], strict=True)
    ]
    places = queries.places(dataset_id)
    return (
        [kinds.ALL_PRODUCTS, *(kinds.path_label(path) for path in paths), *names],
        [kinds.ALL_PLACES, *places["name"].astype(str)],
    )
