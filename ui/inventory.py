"""The upper parts of the Inventory page: what it stands on, and four cards."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import inventory as stored
from data.scope import Scope
from forecasting.errors import ForecastingError
from ui import format as fmt
from ui import inventory_facts as facts
from ui import inventory_reads as reads
from ui import inventory_settings, layout, navigation, queries, state
from ui import inventory_words as words
from ui import scope as scopes
from ui.inventory_reads import Made
from ui.queries import Dataset

BUDGET = "inventory_budget"
PILL = "inventory_pill"


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """All of one screen."""

    dataset: Dataset
    scope: Scope
    made: Made
    lines: pd.DataFrame  # of `facts.decided`, within the budget, with names
    moves: pd.DataFrame  # of `facts.moves`, with names
    budget: float | None
    budget_problem: str  # why the budget was not used
    revision: int  # of the decisions, so that edits of old ones are forgotten

    @property
    def today(self) -> pd.Timestamp:
        return self.made.source.today


def caption_place() -> DeltaGenerator:
    """Where the caption goes once the page knows what it stands on."""
    return st.empty()


def read(dataset: Dataset, scope: Scope) -> View:
    """Plans the orders of a scope; stops the page in words where nothing can be planned."""
    if dataset.frequency == "M":
        layout.stop(
            f"**{fmt.escape(dataset.name)}** has its sales by month, which is too coarse to order "
            "by. Upload sales by day or week."
        )
    if not reads.has_stock(dataset.dataset_id):
        _without_stock(dataset)
    made = reads.made(dataset, scope)
    if made is None:
        layout.stop(
            f"**No stock is known** of {fmt.escape(scopes.name(scope))} in "
            f"{fmt.escape(scopes.place(scope))}, or it never sold. Choose another scope beside the "
            "title."
        )
    lines, budget, problem = made.lines, st.session_state.get(BUDGET), ""
    if budget is not None:
        try:
            lines = facts.budgeted(lines, made.plan.within(float(budget)))
        except ForecastingError as error:
            problem = str(error)
    store, dataset_id = state.store(), dataset.dataset_id
    decisions = stored.decisions(store, dataset_id, made.stock_day)
    lines = named(facts.decided(lines, decisions), dataset_id)
    return View(
        dataset=dataset,
        scope=scope,
        made=made,
        lines=lines,
        moves=named_moves(facts.moves(lines), dataset_id),
        budget=budget,
        budget_problem=problem,
        revision=stored.last_decision(store, dataset_id),
    )


def caption(place: DeltaGenerator, view: View) -> None:
    """What data, until when, by which forecast and service; what is left out, and what is odd."""
    made = view.made
    parts = [f"Stock as of {fmt.day(made.stock_day)}"]
    if made.source.entry is not None:
        parts.append(f"forecast “{fmt.escape(made.source.entry.name)}”")
    else:
        parts.append("forecast of last year's weeks")
    parts.append(_service_words(view.lines))
    with place.container(gap="xsmall"):
        st.caption(" · ".join(parts))
        for text in _warnings(view):
            st.markdown(text)
        if made.source.entry is None:
            with st.container(horizontal=True, vertical_alignment="center"):
                reason = made.source.why_quick
                st.markdown(
                    f":orange-badge[Quick forecast] :gray[{reason[0].upper()}"
                    f"{fmt.escape(reason[1:])}; the same weeks of last year stand in.]",
                    width="content",
                )
                st.page_link(navigation.TRAIN, label="Train", icon=":material/arrow_forward:")


def cards(view: View) -> None:
    """To order now, sells out before delivery, excess stock, service."""
    sums, currency = facts.totals(view.lines), view.dataset.currency
    with st.grid(4, min_column_width=165):
        _card(
            "To order now",
            fmt.money(sums.cost, currency) if sums.cost == sums.cost else fmt.units(sums.units),
            fmt.count(sums.lines, "line"),
            f"{sums.without_cost:,} without a cost" if sums.without_cost else "",
            "Orders of today at unit cost: what is needed from their delivery until that of the "
            "next order. Approved quantities count instead of proposed ones.",
        )
        _card(
            "Sells out before delivery",
            f"{sums.late_products:,}",
            fmt.count(int(view.lines["late"].sum()), "line"),
            f"of {len(view.lines):,}",
            "Products that sell out in some place before an order of today could come, in at least "
            "half of the possible futures. A line is a product in a place.",
            color="red" if sums.late_products else "off",
        )
        excess = sums.excess_cost
        _card(
            "Excess stock",
            fmt.money(excess, currency) if excess == excess else fmt.units(sums.excess_units),
            fmt.count(sums.excess_lines, "line"),
            "over 13 weeks",
            "Stock and deliveries above what will sell in 13 weeks, at unit cost.",
            color="orange" if sums.excess_lines else "off",
        )
        _card(
            "Service",
            fmt.share(sums.served),
            fmt.share(sums.served_without),
            "without orders",
            "Share of the units asked for until the delivery after next that stock will serve, if "
            "all of this is ordered today; mean of all possible futures.",
        )


def _card(
    label: str, value: str, badge: str, against: str, why: str, *, color: str = "off"
) -> None:
    st.metric(
        label,
        value.replace("$", "\\$"),
        badge.replace("$", "\\$"),
        delta_color=color,  # type: ignore[arg-type]
        delta_arrow="off",
        delta_description=against or None,
        border=True,
        height="stretch",
        help=why,
    )


def _warnings(view: View) -> list[str]:
    """What must be known before these numbers are believed; the smaller matters in one line."""
    made, lines = view.made, view.lines
    found = []
    if view.budget_problem:
        found.append(f":red-badge[Budget] :gray[{fmt.escape(view.budget_problem)}]")
    if made.coming.empty:
        found.append(
            ":orange-badge[No deliveries known] :gray[What is on its way is ordered again, unless "
            "you import it under “How we order” below.]"
        )
    if smaller := " · ".join(_smaller(made, lines)):
        found.append(f":gray[{smaller}.]")
    return found


def _smaller(made: Made, lines: pd.DataFrame) -> list[str]:
    found = []
    if stale := int((lines["stale"] >= facts.STALE_DAYS).sum()):
        found.append(f"{fmt.count(stale, 'line')} with stock over a week old, used as it is")
    if costless := int(lines["unit_cost"].isna().sum()):
        found.append(f"{fmt.count(costless, 'line')} without a unit cost, counted in units alone")
    if made.gone:
        found.append(f"left out: {fmt.count(made.gone, 'line')} with stock over 13 weeks old")
    if made.unforecast:
        found.append(f"left out: {fmt.count(made.unforecast, 'line')} without a forecast")
    if made.late:
        found.append(
            f"{fmt.count(made.late, 'delivery', 'deliveries')} due by the day of the stock, taken "
            "to be in it"
        )
    return [text[0].upper() + text[1:] if not at else text for at, text in enumerate(found)]


def _service_words(lines: pd.DataFrame) -> str:
    levels = lines["service_level"].unique()
    if (lines["target"] == "cost").all():
        return "least cost"
    if len(levels) == 1:
        return f"service level {words.percent(float(levels[0]))}"
    low, high = float(levels.min()), float(levels.max())
    return f"service levels {words.percent(low)} to {words.percent(high)}, by class or item"


def _without_stock(dataset: Dataset) -> None:
    """What the page would show, and both ways to tell it the stock; stops the page."""
    st.markdown(
        f"**{fmt.escape(dataset.name)} has no stock on hand.** With it this page says what to "
        "order, when each product sells out, what is too much, and what to move between places."
    )
    st.markdown(
        "Import a stock count here (product, place, day, quantity), or upload sales with a column "
        "of stock on hand at the end of each day."
    )
    inventory_settings.imports(dataset, kinds=("stock",))
    st.page_link(navigation.UPLOAD, label="Upload sales", icon=":material/arrow_forward:")
    st.stop()


def named(lines: pd.DataFrame, dataset_id: int) -> pd.DataFrame:
    """The lines with names and codes of product and place."""
    products, places = queries.products(dataset_id), queries.places(dataset_id)
    return lines.assign(
        product=lines["product_id"].map(products["name"]),
        product_code=lines["product_id"].map(products["code"]),
        place=lines["place_id"].map(places["name"]),
        place_code=lines["place_id"].map(places["code"]),
    )


def named_moves(moves: pd.DataFrame, dataset_id: int) -> pd.DataFrame:
    """The moves with the names of product and places."""
    products, places = queries.products(dataset_id), queries.places(dataset_id)
    found = moves.assign(product=moves["product_id"].map(products["name"]))
    found["from"] = moves["from_id"].map(places["name"])
    found["to"] = moves["to_id"].map(places["name"])
    return found
