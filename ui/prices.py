"""The upper parts of the Prices page: the advice, what it stands on, four cards."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data import price_rules
from data.scope import Scope
from forecasting.pricing import Advice, PriceRules, advise
from ui import elasticity_reads, layout, navigation, prices_facts, queries, state
from ui import format as fmt
from ui import prices_reads as reads
from ui import prices_words as words
from ui import scope as scopes
from ui.prices_facts import Found
from ui.queries import Dataset

LEVEL = 0.8  # of all bands on the page: 8 in 10 cases
GRAIN = {"D": "day", "W": "week", "M": "month"}


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """All of one screen."""

    dataset: Dataset
    scope: Scope
    found: Found
    advice: Advice
    lines: pd.DataFrame  # of the advice, with name, code, elasticity, error; best gain first
    left_out: int  # products that did not sell in the last weeks

    @property
    def goal(self) -> str:
        return self.advice.rules.goal


def read(dataset: Dataset, scope: Scope, rules: PriceRules) -> View:
    """The advice for the products of a scope; stops the page in words where there is none."""
    if not reads.has_prices(dataset):
        layout.stop(
            f"**{fmt.escape(dataset.name)} has no prices.** With a price or a revenue beside the "
            "quantity this page says how sales answer prices, and which price earns most.",
            link=navigation.UPLOAD,
            link_label="Upload sales with prices",
        )
    with st.skeleton(height=420):
        found = elasticity_reads.found(dataset)
        if found is None:
            layout.stop(
                f"**{fmt.escape(dataset.name)}** has less than one complete "
                f"{GRAIN[dataset.frequency]} with prices. Upload more sales."
            )
        wanted = reads.products_of(scope)
        advice = _advice(queries.version(), dataset.dataset_id, scope.place_id, wanted, rules)
    lines = _named(advice, dataset.dataset_id)
    if lines.empty:
        layout.stop(
            f"**Nothing of {fmt.escape(scopes.name(scope))} sold** in "
            f"{fmt.escape(scopes.place(scope))} in the last 13 weeks, so no price can be judged."
        )
    if (lines["trust"] == "none").all():
        layout.stop(
            f"**No price of {fmt.escape(scopes.name(scope))} ever moved enough to learn from**, or "
            "sales rise with it in a whole category. Change a few prices for some weeks, or "
            "choose more products beside the title."
        )
    return View(
        dataset=dataset,
        scope=scope,
        found=found,
        advice=advice,
        lines=lines,
        left_out=len(wanted) - len(lines),
    )


def caption(place: Any, view: View) -> None:
    """What data, until when, and how it is known."""
    found = view.found
    parts = [
        fmt.escape(view.dataset.name),
        f"prices by {GRAIN[found.grain]}, {fmt.span(found.first, found.last)}",
        "units a week as in the last 13 weeks, outside promotions",
    ]
    if view.left_out:
        parts.append(f"left out: {fmt.count(view.left_out, 'product')} not sold in that time")
    place.caption(" · ".join(parts))


def cards(view: View) -> None:
    """Prices worth changing, what they bring, how sales answer, and how much of it is known."""
    lines, currency = view.lines, view.dataset.currency
    sure = lines[worth(lines)]
    up = int((sure["best"] > sure["price"]).sum())
    gain = float(sure["gain"].sum())
    reach = float(np.sqrt((((sure["gain_high"] - sure["gain_low"]) / 2) ** 2).sum()))
    own = int(lines["trust"].isin(["own", "shared"]).sum())
    with st.grid(4, min_column_width=165):
        _card(
            "Prices worth changing",
            f"{len(sure):,}",
            f"{up:,} up, {len(sure) - up:,} down" if len(sure) else "",
            f"of {len(lines):,}",
            "Products whose best allowed price brings more in at least 9 of 10 cases.",
        )
        _card(
            f"More {view.goal} a week",
            fmt.money(gain, currency) if len(sure) else fmt.DASH,
            words.money_range(gain - reach, gain + reach, currency) if len(sure) else "",
            "",
            "The range holds 8 in 10 cases. Expected from changing those prices, each by itself. "
            "What products of a category take from each other is not counted.",
        )
        _card(
            "A 1% higher price",
            words.answer(float(lines["elasticity"].median())),
            "",
            "middle of the products",
            words.ELASTICITY_HELP,
        )
        _card(
            "Own estimate",
            f"{own:,}",
            f"of {len(lines):,}",
            "products",
            words.TRUST_HELP,
        )


def worth(lines: pd.DataFrame) -> "pd.Series[bool]":
    """Lines whose best price is another one and brings more in most cases."""
    return (lines["best"] != lines["price"]) & (lines["gain_low"] > 0)


def _card(label: str, value: str, badge: str, against: str, why: str) -> None:
    st.metric(
        label,
        value.replace("$", "\\$"),
        badge.replace("$", "\\$") or None,
        delta_color="off",
        delta_arrow="off",
        delta_description=against or None,
        border=True,
        height="stretch",
        help=why,
    )


def _named(advice: Advice, dataset_id: int) -> pd.DataFrame:
    products = queries.products(dataset_id)
    known = advice.products.set_index("product")
    lines = advice.lines.set_index("product", drop=False)
    lines = lines.assign(
        name=products["name"].reindex(lines.index).astype(str),
        code=products["code"].reindex(lines.index).astype(str),
        elasticity=known["elasticity"],
        error=known["error"],
    )
    return lines.sort_values("gain", ascending=False, na_position="last", kind="stable")


def _advice(
    version: queries.Version,
    dataset_id: int,
    place_id: int | None,
    wanted: pd.Index,
    rules: PriceRules,
) -> Advice:
    edit = price_rules.kept(state.store(), dataset_id)
    counts_stock = edit.rules.stock_weeks is not None
    return _made(
        version, dataset_id, place_id, tuple(wanted.tolist()), rules, edit.edit_id, counts_stock
    )


@st.cache_resource(max_entries=12, show_spinner=False)
def _made(
    version: queries.Version,
    dataset_id: int,
    place_id: int | None,
    wanted: tuple[int, ...],
    rules: PriceRules,
    edit_id: int,  # of the limits: others, other advice
    counts_stock: bool,
) -> Advice:
    dataset = next(each for each in queries.datasets() if each.dataset_id == dataset_id)
    found = elasticity_reads.found(dataset)
    assert found is not None, "asked for after the elasticities were made"
    known = reads.now(dataset_id, place_id)
    limits = price_rules.limits(state.store(), dataset_id)
    table = prices_facts.of_now(found, known, queries.products(dataset_id), limits)
    chosen = table[table["product"].isin(wanted)]
    if not counts_stock:
        chosen = chosen.drop(columns="stock")
    return advise(chosen, rules, level=LEVEL)
