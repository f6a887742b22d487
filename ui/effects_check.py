""" "Did it work?" of the Promotions page: a finished price change, or an event, checked."""

from typing import Any

import pandas as pd
import streamlit as st

from data import price_changes
from data.scope import Scope
from forecasting.causal import Effect
from forecasting.errors import ForecastingError
from ui import (
    background,
    calendar_queries,
    chart_downloads,
    effects_facts,
    forecasts,
    layout,
    promotions_charts,
    queries,
)
from ui import effects_words as words
from ui import format as fmt
from ui import prices_reads as reads
from ui import scope as scopes
from ui.chart_style import records
from ui.queries import Dataset

PROMOTIONS, CHECK = "What they earned", "Did it work?"
PRICES, EVENTS = "Price changes", "Events"
LISTED = 200
_PART, _WHAT = "promotion_part", "effect_of"


def is_asked() -> bool:
    """Which part of the page; the choice is drawn."""
    chosen = st.segmented_control(
        "Part",
        [PROMOTIONS, CHECK],
        default=None if _PART in st.session_state else PROMOTIONS,
        required=True,
        key=_PART,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen == CHECK


def show(dataset: Dataset, scope: Scope) -> None:
    """Choose a change or an event, and see what it did; the page ends here."""
    st.caption(
        "Pick something that happened. What sold is held against what would have sold without it, "
        "and the same is tried on earlier times, when nothing happened."
    )
    what = st.segmented_control(
        "What",
        [PRICES, EVENTS],
        default=None if _WHAT in st.session_state else PRICES,
        required=True,
        key=_WHAT,
        bind="query-params",
        label_visibility="collapsed",
    )
    if what == PRICES:
        _prices(dataset, scope)
    else:
        _events(dataset, scope)
    st.stop()


def _prices(dataset: Dataset, scope: Scope) -> None:
    found = background.result(
        "price changes",
        queries.version()[:3],
        dataset.dataset_id,
        lambda store, tell: price_changes.finished(store, dataset.dataset_id),
        label="Looking for changes of prices",
        kept=4,
    )
    products = queries.products(dataset.dataset_id)
    wanted = reads.products_of(scope)
    if scope.product_id is not None:
        wanted = pd.Index([scope.product_id])
    found = found[found["product_id"].isin(wanted)]
    if found.empty:
        layout.stop(
            f"**No finished price change** of {fmt.escape(scopes.name(scope))}. One counts when a "
            f"usual price stood for {price_changes.BEFORE} weeks, moved by at least 2%, and the "
            f"new one stood for {price_changes.STOOD}. Choose more products beside the title, or "
            "look at an event."
        )
    rows = records(found.head(LISTED))
    names = [
        words.price_change(row, str(products["name"].get(row["product_id"])), dataset.currency)
        for row in rows
    ]
    at = _chosen("Price change", names, f"price-{scope.categories}-{scope.product_id}")
    row, store_id = rows[at], dataset.dataset_id
    effect = _worked_out(
        ("price", store_id, row["product_id"], str(row["first"]), scope.place_id),
        lambda store, tell: effects_facts.price_change(
            store, store_id, row, place_id=scope.place_id, tell=tell
        ),
    )
    if effect is not None:
        _drawn(effect, names[at], words.against_products(len(effect.weights)), during="new price")


def _events(dataset: Dataset, scope: Scope) -> None:
    first, last = dataset.first_day, dataset.last_day
    if first is None or last is None or scope.freq == "M":
        layout.stop("Sales by month are too coarse to see an event in.")
    found = calendar_queries.occurrences(dataset.dataset_id, first, last, place_id=scope.place_id)
    past = found[
        found["kind"].isin(["festival", "own"]) & (found["last_day"] <= pd.Timestamp(last))
    ]
    past = past.drop_duplicates(["name", "first_day"]).iloc[::-1].head(LISTED)
    if past.empty:
        layout.stop(
            "**No event of the calendar is over yet.** Events are festivals and own ones of the "
            "Calendar page; add one there, or look at a price change."
        )
    rows = records(past)
    names = [words.event(row) for row in rows]
    at = _chosen("Event", names, "event")
    row = rows[at]
    # By day where there are days, whatever period the page looks at.
    fine = scopes_by(scope, dataset)
    history = forecasts.history_of(queries.series(fine), "quantity")
    begins = pd.Timestamp(row["first_day"]) - pd.Timedelta(days=int(row["days_before"]))
    ends = pd.Timestamp(row["last_day"]) + pd.Timedelta(days=int(row["days_after"]))
    effect = _worked_out(
        ("event", fine, row["name"], str(row["first_day"])),
        lambda store, tell: effects_facts.event(history, begins, ends, fine.freq),
    )
    if effect is not None:
        _drawn(effect, f"{names[at]}, {scopes.name(scope)}", words.AGAINST_WEEKS, during="event")


def scopes_by(scope: Scope, dataset: Dataset) -> Scope:
    """The scope by the finest period of the dataset, in units."""
    return Scope(
        dataset_id=scope.dataset_id, categories=scope.categories, product_id=scope.product_id,
        place_id=scope.place_id, segment_id=scope.segment_id,
        segment_revision=scope.segment_revision, freq=dataset.frequency, measure="quantity",
    )  # fmt: skip


def _chosen(label: str, names: list[str], key: str) -> int:
    return int(
        st.selectbox(
            label, range(len(names)), format_func=lambda at: names[at], key=f"effect-{key}",
            width=560,
        )
    )  # fmt: skip


def _worked_out(key: Any, body: Any) -> Effect | None:
    try:
        found: Effect = background.result(
            "effect check", queries.version()[:3], key, body, label="Comparing", kept=8
        )
    except ForecastingError as error:
        st.markdown(f"**It cannot be checked.** {fmt.escape(error)}")
        return None
    return found


def _drawn(effect: Effect, name: str, against: str, *, during: str) -> None:
    left, right = st.columns([0.62, 0.38], gap="medium")
    time = words.timeline(effect)
    step = words.step_of(effect)
    grain = "D" if step < pd.Timedelta(days=7) else "W" if step < pd.Timedelta(days=28) else "M"
    with left:
        st.markdown(f"**{fmt.escape(name)}** :gray[· units]")
        chart_downloads.draw(
            promotions_charts.timeline(time, grain=grain, during=during),
            title="Did it work",
            key=chart_downloads.keyed("effect-time"),
            alt=words.alt(effect),
            data=lambda: time,
        )
    with right, st.container(border=True):
        label, colour = words.VERDICT[effect.verdict]
        st.badge(label, color=colour)  # type: ignore[arg-type]
        st.markdown(words.told(effect))
        st.caption(against)
