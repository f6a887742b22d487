"""One product of the Prices page: what each price would bring, the answer, and selling off."""

from datetime import timedelta
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data import prices as database
from forecasting.errors import ForecastingError
from forecasting.pricing import MarkdownRules, Markdowns, plan_markdowns
from ui import chart_downloads, chart_style, navigation, prices_charts, queries, state
from ui import format as fmt
from ui import prices_reads as reads
from ui import prices_words as words
from ui.prices import LEVEL, View

WHAT_IF = "pages/plan/what_if.py"
_OUTCOMES = {"Margin": "margin", "Revenue": "revenue", "Units": "units"}
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


def show(view: View, product: int) -> None:
    """The curve left, the answer right; below, a plan to sell the stock off."""
    line = {str(key): value for key, value in view.lines.loc[product].to_dict().items()}
    left, right = st.columns([0.64, 0.36], gap="medium")
    with left:
        _curve(view, product, line)
    with right, st.container(border=True):
        _answer(view, product, line)
    _sell_off(view, product, line)


def _curve(view: View, product: int, line: dict[str, Any]) -> None:
    cost = _given(view, product)["unit_cost"]
    offered = [name for name in _OUTCOMES if name != "Margin" or cost == cost]
    if st.session_state.get("price_curve") not in offered:
        st.session_state["price_curve"] = view.goal.capitalize()
        if st.session_state["price_curve"] not in offered:
            st.session_state["price_curve"] = "Revenue"
    name = chart_style.short(str(line["name"]), 60)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{fmt.escape(name)}** :gray[· a week, by price]", width="content")
        st.space("stretch")
        shown = st.segmented_control(
            "Show by price", offered, required=True, key="price_curve",
            label_visibility="collapsed",
        )  # fmt: skip
    if line["trust"] == "none":
        st.caption(line["note"])
        return
    outcome = _OUTCOMES[str(shown)]
    points = view.advice.curve(product)
    given = _given(view, product)
    tried = _tried(view, given, line, outcome)
    chart_downloads.draw(
        prices_charts.curve(
            points,
            tried[tried["price"].between(points["price"].min(), points["price"].max())],
            outcome=outcome,
            now=line["price"],
            best=line["best"],
            tested=(given["lowest"], given["highest"]),
            currency=view.dataset.currency,
        ),
        title=f"Price of {line['name']}",
        key=chart_downloads.keyed(f"price-{product}-{outcome}"),
        alt=f"{shown} a week of {line['name']} by price. {_alt(line, view)}",
        data=lambda: points.drop(columns=["tested", "allowed"]),
    )


def _tried(view: View, given: dict[str, Any], line: dict[str, Any], outcome: str) -> pd.DataFrame:
    """Past prices with what they would sell now: price, value, days."""
    tried = view.found.tried[view.found.tried["product"] == line["product"]]
    units = given["units"] * tried["ratio"] / line["price"] ** line["elasticity"]
    each = {"units": 1.0, "revenue": tried["price"], "margin": tried["price"] - given["unit_cost"]}
    return pd.DataFrame(
        {"price": tried["price"], "value": units * each[outcome], "days": tried["days"]}
    )


def _given(view: View, product: int) -> dict[str, Any]:
    """The row of `advise` that the product came with."""
    products = view.advice.products
    row = products[products["product"] == product].iloc[0]
    return {str(key): value for key, value in row.to_dict().items()}


def _alt(line: dict[str, Any], view: View) -> str:
    if np.isnan(line["best"]):
        return line["note"] or "There is no advice."
    return (
        f"Now {fmt.price(line['price'], view.dataset.currency)}, best "
        f"{fmt.price(line['best'], view.dataset.currency)}."
    )


def _answer(view: View, product: int, line: dict[str, Any]) -> None:
    currency = view.dataset.currency
    label, colour = words.TRUST[line["trust"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**What to charge**", width="content")
        st.badge(f"Estimate: {label.lower()}", color=colour, help=words.TRUST_HELP)  # type: ignore[arg-type]
    st.markdown(words.advice(line, view.goal, currency))
    if np.isfinite(line["best"]):
        if line["best"] != line["price"]:
            st.markdown(words.effects(line))
        st.markdown(words.regret(line, currency), help=words.REGRET_HELP)
        if line["note"]:
            st.markdown(f":orange-badge[Note] {fmt.escape(line['note'])}")
    if np.isfinite(line["elasticity"]):
        st.markdown(
            f"A 1% higher price {words.answer(line['elasticity'])}; in 8 of 10 cases "
            f"{words.answer_band(line['elasticity'], line['error'], _Z)}.",
            help=words.ELASTICITY_HELP,
        )
        given = _given(view, product)
        st.caption(
            f"{fmt.count(int(given['prices']), 'price')} so far, "
            f"{fmt.price(given['lowest'], currency)} to {fmt.price(given['highest'], currency)}. "
            "Season, promotions, growth and the rest of its category are taken out.".replace(
                "$", "\\$"
            )
        )
        _allowed(view, product)
    _what_if(product, line, currency)


def _allowed(view: View, product: int) -> None:
    """What the rules leave, and the competitor's price where it is known."""
    currency = view.dataset.currency
    row = view.advice.products[view.advice.products["product"] == product]
    low, high = (float(ends[0]) for ends in view.advice.rules.bounds(row))
    other = float(row["competitor"].iloc[0])
    competitor = "" if np.isnan(other) else f" The competitor charges {fmt.price(other, currency)}."
    if low <= high:
        st.caption(
            f"Rules allow {fmt.price(low, currency)} to {fmt.price(high, currency)}."
            f"{competitor}".replace("$", "\\$"),
            help="From the change at most and the rules above, all at once.",
        )
    elif competitor:
        st.caption(competitor.strip().replace("$", "\\$"))


def _what_if(product: int, line: dict[str, Any], currency: str) -> None:
    """A way to try the price in a scenario, where that page exists."""
    if not np.isfinite(line["best"]) or line["best"] == line["price"]:
        return
    if any(entry.path == WHAT_IF for entry in navigation.entries()):
        st.page_link(
            WHAT_IF,
            label=f"Try {fmt.price(line['best'], currency)} in What-if".replace("$", "\\$"),
            icon=":material/arrow_forward:",
            query_params={"product": str(product), "price": f"{line['best']:.2f}"},
        )


def _sell_off(view: View, product: int, line: dict[str, Any]) -> None:
    """A markdown plan: how to sell a stock by a date."""
    name = fmt.escape(chart_style.short(str(line["name"]), 50))
    folded = st.expander(
        f"Sell off the stock of {name}", icon=":material/sell:", key="price_off",
        on_change="rerun",
    )  # fmt: skip
    if not folded.open:
        return
    with folded:
        if not np.isfinite(line["elasticity"]):
            st.caption(line["note"])
            return
        stock, rules = _off_rules(view, product)
        if not stock:
            st.caption("Give the stock to sell.")
            return
        try:
            made = _planned(view, product, stock, rules)
        except ForecastingError as error:
            st.error(str(error))
            return
        _off(view, made, line)


def _off_rules(view: View, product: int) -> tuple[float, MarkdownRules]:
    known = reads.now(view.dataset.dataset_id, view.scope.place_id).set_index("product_id")
    on_hand = float(known["stock"].get(product, np.nan))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stock = st.number_input(
            "Stock to sell, units",
            min_value=0.0,
            value=None if np.isnan(on_hand) else on_hand,
            step=10.0,
            format="%.0f",
            key=f"price_off_stock-{product}-{view.scope.place_id}",
            width=170,
            help="The last stock known, over the places beside the title, unless you type another.",
        )
        weeks = st.number_input(
            "In weeks",
            min_value=1,
            max_value=26,
            value=8,
            key="price_off_weeks",
            width=120,
            help="By when all of it should be gone, from the day after the last sale.",
        )
        steps = st.segmented_control(
            "Price cuts at most",
            [1, 2, 3],
            default=2,
            required=True,
            key="price_off_steps",
            help="Each plan of so few cuts is tried, as far as prices only fall.",
        )
        salvage = st.number_input(
            "A unit left over still brings",
            min_value=0.0,
            value=0.0,
            step=0.5,
            format="%.2f",
            key="price_off_salvage",
            width=200,
            help="Money for each unit that did not sell by then: returned, recycled, given away.",
        )
    rules = MarkdownRules(
        weeks=int(weeks), most_steps=int(steps or 2), salvage=float(salvage or 0.0)
    )
    return float(stock or 0.0), rules


def _planned(view: View, product: int, stock: float, rules: MarkdownRules) -> Markdowns:
    row = view.advice.products[view.advice.products["product"] == product].assign(stock=stock)
    season = _season(queries.version(), view.dataset.dataset_id, product, rules.weeks)
    return plan_markdowns(row, rules, season=season)


@st.cache_data(max_entries=64, show_spinner=False)
def _season(
    version: queries.Version, dataset_id: int, product_id: int, weeks: int
) -> "np.ndarray[Any, np.dtype[np.float64]] | None":
    found = database.season(state.store(), dataset_id, product_id, weeks)
    factors = found.set_index("week")["factor"].reindex(range(weeks))
    return None if factors.isna().any() else factors.to_numpy(np.float64)


def _off(view: View, made: Markdowns, line: dict[str, Any]) -> None:
    """The plan in a sentence and by week."""
    currency, plan = view.dataset.currency, made.lines.iloc[0].to_dict()
    weeks = made.weeks
    start = view.dataset.last_day + timedelta(days=1) if view.dataset.last_day else None
    cuts = weeks[weeks["price"].diff().fillna(weeks["price"] - line["price"]) < -1e-9]
    steps = " and ".join(
        f"{fmt.price(price, currency)} from week {week + 1}"
        for week, price in zip(cuts["week"], cuts["price"], strict=True)
    )
    what = f"Charge {steps}." if steps else "Keep the price."
    kept = (
        f" At today's price {fmt.share(plan['kept_sold'])} would sell for "
        f"{fmt.money(plan['kept_revenue'], currency)}."
        if steps
        else ""
    )
    st.markdown(
        f"**{what}** {fmt.share(plan['sold'])} of it is expected to sell for "
        f"{fmt.money(plan['revenue'], currency)}, in 8 of 10 cases "
        f"{words.money_range(plan['revenue_low'], plan['revenue_high'], currency)}; it sells out "
        f"in {fmt.share(plan['sells_out'])} of cases.{kept}".replace("$", "\\$")
    )
    if plan["note"]:
        st.markdown(f":orange-badge[Note] {fmt.escape(plan['note'])}")
    config = st.column_config
    table = pd.DataFrame(
        {
            "week": [
                (start + timedelta(weeks=int(week))) if start else None for week in weeks["week"]
            ],
            "price": weeks["price"],
            "cut": -weeks["cut"] * 100,
            "units": weeks["units"],
            "stock": weeks["stock"],
        }
    )
    st.dataframe(
        fmt.with_signed_percents(table, {"cut": 0}),
        hide_index=True,
        width=560,
        alt="The price of each week, what sells, and what is left.",
        column_config={
            "week": config.DateColumn("Week from", format="ddd D MMM", width=110),
            "price": config.NumberColumn("Price", format=f"{currency}%,.2f", width=90),
            "cut": config.Column(
                "Against now", width=100, alignment="right", help="The price against that now."
            ),
            "units": config.NumberColumn(
                "Units", format="%,.0f", width=90, help="Expected sales, as long as stock lasts."
            ),
            "stock": config.NumberColumn(
                "Left", format="%,.0f", width=90, help="Expected stock at the end of the week."
            ),
        },
    )
    st.caption(
        "Prices only fall. Demand follows the same weeks of last year in its department, where "
        "they are known, and its level is unsure by a quarter."
    )
