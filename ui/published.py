"""Cached reads of published versions of the plan, for the screens that stand beside it."""

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from data import plan_accuracy, publications
from data.publications import Publication
from data.scope import Freq, Scope
from ui import forecast_lags, queries, state
from ui.queries import Version


def latest(dataset_id: int, freq: Freq) -> Publication | None:
    """The newest version; never cached, because publishing is no import."""
    return publications.latest(state.store(), dataset_id, freq)


def series(found: Publication, scope: Scope) -> pd.DataFrame:
    """timestamp and value of a version for a scope, in its measure; empty where it says nothing.

    A version never changes, so neither does this.
    """
    return _series(found.publication_id, found.created_at, _of_sales(scope))


def accuracy(scope: Scope) -> str:
    """How good what was published turned out to be, as a sentence; "" where nothing is past."""
    found = latest(scope.dataset_id, scope.freq)
    if found is None:
        return ""
    return _accuracy(queries.version(), found.publication_id, _of_sales(scope))


def _of_sales(scope: Scope) -> Scope:
    """The same whether sales are corrected or not: versions are of what was forecast."""
    return replace(scope, corrected=False, correction_revision=0)


@st.cache_data(max_entries=256, show_spinner=False)
def _series(publication_id: int, created_at: datetime, scope: Scope) -> pd.DataFrame:
    frame = publications.series(state.store(), publication_id, scope)
    name = "final_money" if scope.measure == "revenue" else "final"
    return frame[["timestamp", name]].rename(columns={name: "value"}).dropna()


@st.cache_data(max_entries=256, show_spinner=False)
def _accuracy(version: Version, publication_id: int, scope: Scope) -> str:
    frame = plan_accuracy.lags(state.store(), scope.dataset_id, scope.freq, scope)
    return forecast_lags.in_words(forecast_lags.summary(frame), scope.freq)
