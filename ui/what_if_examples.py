"""Scenarios to begin with, made of the shop's own products, promotions and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from data import what_if
from data.store import Store
from ui import calendar_queries, queries, state
from ui import format as fmt
from ui import what_if_kinds as kinds
from ui import what_if_reads as reads
from ui.queries import Dataset
from ui.what_if_kinds import Line

LOOKED_AT = 40  # products, the largest, whose promotions are looked at
_FAVOURITE = ("11.11", "Black Friday", "Christmas")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A scenario of one click."""

    name: str
    lines: tuple[Line, ...]


def of(dataset: Dataset) -> list[Example]:
    """Three of them: a price in the week of an event, a promotion moved, a product out of stock."""
    return _examples(queries.version(), dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _examples(version: queries.Version, dataset: Dataset) -> list[Example]:
    first = reads.last_day(dataset) + timedelta(days=1)
    products = queries.products(dataset.dataset_id)
    if products.empty:
        return []
    best = products.iloc[0]
    label = kinds.label_of(str(best["name"]), str(best["code"]))
    soon = first + timedelta(days=(7 - first.weekday()) % 7)
    week = (soon, soon + timedelta(days=6))
    priced, what = _priced(dataset, first, week)
    return [
        priced,
        _promotion(dataset, first, what, label, week),
        _empty(best["name"], label, week),
    ]


def _priced(dataset: Dataset, first: date, week: tuple[date, date]) -> tuple[Example, str]:
    category = _largest(dataset.dataset_id)
    named = kinds.path_label(category) if category else kinds.ALL_PRODUCTS
    said = category[-1] if category else "all products"
    name, begins = _event(dataset, first)
    if begins is not None:
        monday = begins - timedelta(days=begins.weekday())
        week = (max(monday, first), monday + timedelta(days=6))
    when = f"in the week of {name}" if begins is not None else f"from {fmt.day(week[0])}"
    line = Line(
        kind=kinds.PRICE,
        products=named,
        first=week[0].isoformat(),
        last=week[1].isoformat(),
        value="-10%",
    )
    return Example(name=f"Price −10% on {said} {when}", lines=(line,)), named


def _largest(dataset_id: int) -> tuple[str, ...]:
    """The widest category that sells most; () where there are none."""
    products = queries.products(dataset_id)
    paths = products["categories"].map(lambda path: path[:1])
    sold = products["revenue"].fillna(0.0)
    sums = (sold if sold.sum() > 0 else products["quantity"]).groupby(paths).sum()
    sums = sums[[len(path) > 0 for path in sums.index]]
    best: tuple[str, ...] = sums.index[int(sums.to_numpy().argmax())] if len(sums) else ()
    return best


def _event(dataset: Dataset, first: date) -> tuple[str, date | None]:
    """The next event that shops prepare for, within a year; no day where there is none."""
    found = calendar_queries.occurrences(dataset.dataset_id, first, first + timedelta(days=364))
    found = found[found["kind"].isin(["festival", "own"])]
    for name in _FAVOURITE:
        named = found[found["name"] == name]
        if len(named):
            return name, pd.Timestamp(named["first_day"].iloc[0]).date()
    if found.empty:
        return "", None
    return str(found["name"].iloc[0]), pd.Timestamp(found["first_day"].iloc[0]).date()


def _promotion(
    dataset: Dataset, first: date, category: str, label: str, week: tuple[date, date]
) -> Example:
    """The next planned promotion a week later; where none is planned, one next week."""
    products = queries.products(dataset.dataset_id).head(LOOKED_AT)
    found = _next_promotion(
        state.store(), dataset.dataset_id, first, [int(str(key)) for key in products.index]
    )
    if found is None:
        line = Line(
            kind=kinds.PROMOTION,
            products=label,
            first=week[0].isoformat(),
            last=week[1].isoformat(),
            value="-20%",
        )
        return Example(name=f"20% off {label.split(' · ')[0]}", lines=(line,))
    product, begins, ends = found
    row = products.loc[product]
    line = Line(
        kind=kinds.MOVE,
        products=kinds.label_of(str(row["name"]), str(row["code"])),
        first=begins.isoformat(),
        last=ends.isoformat(),
        value="+7 days",
    )
    return Example(name=f"Promotion of {row['name']} a week later", lines=(line,))


def _next_promotion(
    store: Store, dataset_id: int, first: date, products: Sequence[int]
) -> tuple[int, date, date] | None:
    """Product, first and last day of the next promotion that is planned and has not begun."""
    ahead = what_if.ahead(
        store,
        dataset_id,
        after=first - timedelta(days=1),
        until=first + timedelta(days=91),
        products=products,
    )
    plan = ahead.plan
    marked = plan[plan["promo"].astype("boolean").fillna(False).to_numpy(bool)]
    marked = marked.drop_duplicates(["product_id", "day"]).sort_values(["product_id", "day"])
    if marked.empty:
        return None
    gap = marked.groupby("product_id")["day"].diff() != pd.Timedelta(days=1)
    spans = marked.groupby(gap.cumsum()).agg(
        product=("product_id", "first"), begins=("day", "min"), ends=("day", "max")
    )
    spans = spans[spans["begins"] > pd.Timestamp(first)].sort_values("begins", kind="stable")
    if spans.empty:
        return None
    one = spans.iloc[0]
    return int(one["product"]), one["begins"].date(), one["ends"].date()


def _empty(name: object, label: str, week: tuple[date, date]) -> Example:
    line = Line(kind=kinds.OUT, products=label, first=week[0].isoformat(), last=week[1].isoformat())
    return Example(name=f"{name} out of stock in W{week[0].isocalendar().week:02d}", lines=(line,))
