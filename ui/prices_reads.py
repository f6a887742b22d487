"""What the Prices and Promotions pages read besides elasticities: what is sold now, products."""

import pandas as pd
import streamlit as st

from data import prices as database
from data import saved_segments
from data.scope import Scope
from ui import queries, state
from ui.queries import Dataset


def has_prices(dataset: Dataset) -> bool:
    """Whether any price is known."""
    return _has_prices(queries.version(), dataset.dataset_id)


def has_flags(dataset: Dataset) -> bool:
    """Whether any sale says that it was on promotion."""
    return _has_flags(queries.version(), dataset.dataset_id)


def now(dataset_id: int, place_id: int | None) -> pd.DataFrame:
    """See `data.prices.now`."""
    return _now(queries.version(), dataset_id, place_id)


def products_of(scope: Scope) -> pd.Index:
    """The products of the scope's category and segment, with the siblings of a chosen product."""
    products = queries.products(scope.dataset_id)
    depth = len(scope.categories)
    inside = products["categories"].map(lambda path: path[:depth] == scope.categories)
    kept = products.index[inside.to_numpy(dtype=bool)]
    if scope.segment_id is not None:
        members = saved_segments.members(state.store(), scope.segment_id)
        kept = kept.intersection(pd.Index(members))
    return kept


@st.cache_data(max_entries=8, show_spinner=False)
def _has_prices(version: queries.Version, dataset_id: int) -> bool:
    return database.has_prices(state.store(), dataset_id)


@st.cache_data(max_entries=8, show_spinner=False)
def _has_flags(version: queries.Version, dataset_id: int) -> bool:
    return database.has_flags(state.store(), dataset_id)


@st.cache_resource(max_entries=16, show_spinner=False)
def _now(version: queries.Version, dataset_id: int, place_id: int | None) -> pd.DataFrame:
    return database.now(state.store(), dataset_id, place_id)
