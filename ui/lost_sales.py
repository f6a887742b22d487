"""The upper parts of the Lost sales page: what is found, in sum, over time and by part."""

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import corrections, saved_segments
from data.scope import Scope
from ui import (
    address,
    background,
    chart_downloads,
    chart_zoom,
    corrected,
    layout,
    lost_sales_charts,
    queries,
    state,
)
from ui import format as fmt
from ui import lost_sales_facts as facts
from ui import lost_sales_words as words
from ui import scope as scopes
from ui.lost_sales_facts import Found
from ui.queries import Dataset

Part = Literal["Category", "Product", "Place"]

SPANS: dict[str, int | None] = {"Last 12 months": 365, "All time": None}
TOP = 8  # bars of a ranking
_TIME = "lost_time_chart"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What was found in a scope, with what was decided about it."""

    dataset_id: int
    found: Found
    days: pd.DataFrame  # of `Found.days`, with decision
    spells: pd.DataFrame  # of `facts.spells`
    on_sale: int  # product-days
    revision: int  # of the corrections
    by_money: bool  # the switch is on revenue, and prices are known


def choose(dataset: Dataset) -> str:
    """How far back to look."""
    first, last = dataset.first_day, dataset.last_day
    if first is None or last is None or (last - first).days < 366:
        return "All time"
    chosen = st.segmented_control(
        "Time",
        list(SPANS),
        default=None if "lost_time" in st.session_state else "Last 12 months",
        required=True,
        key="lost_time",
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(chosen)


def read(dataset: Dataset, scope: Scope, span: str) -> Shown:
    """What was found; stops the page in words where nothing can be or is."""
    with st.skeleton(height=420):
        found = _found(dataset.dataset_id, SPANS[span])
        shown = None if found is None else _shown(found, dataset, scope)
    if shown is None:
        per = {"W": "week", "M": "month"}.get(dataset.frequency, "day")
        layout.stop(
            f"**{fmt.escape(dataset.name)}** has its sales by {per}. Days without stock cannot be "
            "told in them: upload sales by day."
        )
    if shown.days.empty:
        how = (
            "No day ended without stock, and no pause is improbable."
            if shown.found.has_stock
            else "Stock on hand is not in this data, and no pause in the sales of a product is "
            "improbable enough to be a stock-out."
        )
        layout.stop(
            f"**No lost sales found** for {fmt.escape(scopes.name(scope))} in "
            f"{fmt.escape(scopes.place(scope))}, "
            f"{fmt.span(shown.found.first, shown.found.last)}. {how}"
        )
    return shown


def caption(shown: Shown, dataset: Dataset) -> str:
    """What data, until when, and how stock-outs are told."""
    found = shown.found
    by_stock, by_zeros = shown.days["by_stock"].any(), (~shown.days["by_stock"]).any()
    if by_stock and by_zeros:
        how = "by stock on hand where it is known, else by improbable runs of zeros"
    elif by_stock:
        how = "days that ended without stock on hand"
    else:
        how = "stock on hand is not known: runs of zeros that are improbable for the product"
    return f"{fmt.escape(dataset.name)} · {fmt.span(found.first, found.last)} · {how}"


def cards(shown: Shown, scope: Scope, dataset: Dataset) -> None:
    """Four cards: units, revenue, share of days, products; three without prices."""
    days = shown.days
    lost, money = float(days["lost"].sum()), float(days["money"].sum())
    sold = queries.series(replace(scope, freq="D", corrected=False, correction_revision=0))
    within = sold[sold["timestamp"] >= pd.Timestamp(shown.found.first)]
    has_money = bool(days["money"].notna().any())
    with st.grid(4 if has_money else 3, min_column_width=150):
        _card(
            "Units lost",
            fmt.units(lost),
            _of(lost, float(within["quantity"].sum())),
            "of units sold",
            "What would have sold on days out of stock, less what did. Expected from the product's "
            "own level, week and promotions, and from what the rest of its range did that day.",
        )
        if has_money:
            _card(
                "Revenue lost",
                fmt.money(money, dataset.currency),
                _of(money, float(within["revenue"].sum())),
                "of revenue",
                "Units lost at the price of the day, or the last one known.",
            )
        _card(
            "Out of stock",
            fmt.share(len(days) / shown.on_sale if shown.on_sale else None),
            fmt.count(len(shown.spells), "spell"),
            f"of {fmt.count(round(len(days) / len(shown.spells)), 'day')}",
            f"{len(days):,} of {shown.on_sale:,} days on which a product was on sale in a place.",
        )
        hit = days["product_id"].nunique()
        on_sale = len(_products(scope))
        _card(
            "Products hit",
            f"{hit:,}",
            f"of {on_sale:,}",
            "",
            "Products that were out of stock in some place on some day.",
        )


def _card(label: str, value: str, delta: str | None, against: str, why: str) -> None:
    st.metric(
        label,
        value.replace("$", "\\$"),
        delta,
        delta_color="off",
        delta_arrow="off",
        delta_description=against or None,
        border=True,
        height="stretch",
        help=why,
    )


def _of(part: float, whole: float) -> str | None:
    return fmt.share(part / whole) if whole > 0 else None


def charts(shown: Shown, scope: Scope, dataset: Dataset) -> None:
    """Over time, and beside it where, unless the scope has no parts."""
    if not _parts(shown, scope):
        over_time(shown, scope, dataset)
        return
    left, right = st.columns([0.58, 0.42], gap="medium")
    with left:
        over_time(shown, scope, dataset)
    with right:
        ranked(shown, scope, dataset)


def over_time(shown: Shown, scope: Scope, dataset: Dataset) -> None:
    """What was lost in each period."""
    measure, column = ("revenue", "money") if shown.by_money else ("quantity", "lost")
    noun = {"D": "day", "W": "week", "M": "month"}[scope.freq]
    what = "Revenue" if measure == "revenue" else "Units"
    span = facts.whole_periods(shown.found.first, shown.found.last, scope.freq)
    first, last = pd.Timestamp(span[0]), pd.Timestamp(span[1])
    days = shown.days[shown.days["day"].between(first, last)]
    is_cut = span != (shown.found.first, shown.found.last)
    periods = facts.by_period(days, column, scope.freq)
    window = chart_zoom.window(_TIME, pd.DatetimeIndex(periods["start"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        whole = f" :gray[· whole {noun}s]" if is_cut else ""
        st.markdown(f"**{what} lost a {noun}**{whole}", width="content")
        chart_zoom.reset(_TIME, window)
    figure = lost_sales_charts.over_time(periods, span, scope.freq, measure, dataset.currency)
    chart_zoom.draggable(figure, window)
    key = chart_downloads.keyed("lost-time")
    chart_downloads.draw(
        figure,
        title=f"{what} lost a {noun}",
        key=key,
        alt=words.describe(shown.spells, measure, dataset.currency),
        data=lambda: periods.rename(columns={"value": f"{what.lower()}_lost"}),
        on_select=lambda: chart_zoom.take(_TIME, key),
        select=("box",),
    )


def ranked(shown: Shown, scope: Scope, dataset: Dataset) -> None:
    """Where it was lost: by category, product or place, largest first; a click goes there."""
    measure, column = ("revenue", "money") if shown.by_money else ("quantity", "lost")
    offered = _parts(shown, scope)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Where**", width="content")
        st.space("stretch")
        if st.session_state.get("lost_by") not in offered:
            st.session_state["lost_by"] = offered[0]
        part = str(
            st.segmented_control(
                "By", offered, key="lost_by", required=True, label_visibility="collapsed"
            )
        )
    keys, labels = _labels(shown, scope, part)
    sums = shown.days[column].groupby(keys.to_numpy()).sum().nlargest(TOP)
    sums = sums[sums > 0]
    listed = pd.DataFrame({part.lower(): [labels[each] for each in sums.index], "lost": sums})
    key = chart_downloads.keyed(f"lost-where-{part}-{hash((scope, shown.found.first)):x}")
    chart_downloads.draw(
        lost_sales_charts.ranked(
            [labels[each] for each in sums.index],
            [float(value) for value in sums],
            [str(each) for each in sums.index],
            measure,
            dataset.currency,
        ),
        title=f"Where it was lost, by {part.lower()}",
        key=key,
        data=lambda: listed,
        on_select=lambda: _go(key, part, scope),
        alt=f"{part} with the most lost: {labels[sums.index[0]] if len(sums) else 'none'}",
    )


def _parts(shown: Shown, scope: Scope) -> list[Part]:
    found: list[Part] = []
    if scope.product_id is None:
        found += ["Category"] if scopes.has_deeper_categories(scope) else []
        found.append("Product")
    if scope.place_id is None and shown.days["place_id"].nunique() > 1:
        found.append("Place")
    return found


def _labels(shown: Shown, scope: Scope, part: str) -> tuple["pd.Series[str]", dict[str, str]]:
    """The key of every day, and the label of every key."""
    products, days = queries.products(scope.dataset_id), shown.days
    if part == "Category":
        depth = len(scope.categories)
        names = products["categories"].map(lambda path: path[depth] if len(path) > depth else "")
        keys = days["product_id"].map(names).fillna("")
        return keys, {name: name or "No category" for name in keys.unique()}
    frame = products if part == "Product" else queries.places(scope.dataset_id)
    keys = days["product_id" if part == "Product" else "place_id"].astype(str)
    return keys, {str(key): str(name) for key, name in frame["name"].items()}


def _go(key: str, part: str, scope: Scope) -> None:
    for point in st.session_state[key].selection.points:
        chosen = str(point["customdata"][0])
        if part == "Category" and chosen:
            address.go({"category": (*scope.categories, chosen)})
        elif part == "Product":
            address.go({"product": int(chosen), "category": None})
        elif part == "Place":
            address.go({"place": int(chosen)})


def downloads(place: DeltaGenerator, shown: Shown, scope: Scope) -> None:
    """The Download menu: every day, and the charts."""

    def everything() -> bytes:
        products, places = queries.products(scope.dataset_id), queries.places(scope.dataset_id)
        return words.csv(shown.days, products, places).encode("utf-8-sig")

    with chart_downloads.menu(place):
        st.download_button(
            f"{fmt.count(len(shown.days), 'day')} (CSV)",
            everything,
            file_name="lost-sales.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="lost_csv",
        )


def _products(scope: Scope) -> pd.Index:
    """The products of the scope."""
    products = queries.products(scope.dataset_id)
    if scope.product_id is not None:
        return pd.Index([scope.product_id])
    depth = len(scope.categories)
    keep = products["categories"].map(lambda path: path[:depth] == scope.categories)
    found = products.index[keep.to_numpy(dtype=bool)]
    if scope.segment_id is not None:
        members = _members(scope.segment_id, scope.segment_revision)
        found = found.intersection(members)
    return found


def _shown(found: Found, dataset: Dataset, scope: Scope) -> Shown:
    revision = corrected.revision(dataset.dataset_id)
    products = _products(scope)
    days = facts.within(found.days, scope, products)
    days = facts.decided(days, _decisions(revision, dataset.dataset_id))
    by_money = scope.measure == "revenue" and bool(days["money"].notna().any())
    return Shown(
        dataset_id=dataset.dataset_id,
        found=found,
        days=days,
        spells=facts.spells(days, by="money" if by_money else "lost"),
        on_sale=int(facts.within(found.life, scope, products)["days"].sum()),
        revision=revision,
        by_money=by_money,
    )


def _found(dataset_id: int, days: int | None) -> Found | None:
    return background.result(
        "lost sales",
        queries.version()[:3],  # calendars change nothing here
        (dataset_id, days),
        lambda store, tell: facts.find_once(store, dataset_id, days=days, tell=tell),
        label="Looking for days without stock",
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _decisions(revision: int, dataset_id: int) -> pd.DataFrame:
    return corrections.in_force(state.store(), dataset_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _members(segment_id: int, revision: int) -> pd.Index:
    return pd.Index(saved_segments.members(state.store(), segment_id))
