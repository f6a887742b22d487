"""The parts of the Overview page: cards, this year and last, growth, tiles, places."""

from collections.abc import Iterator
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import overview as database
from data.comparison import Alignment, Comparison
from data.ingest.series_checks import DEAD_DAYS
from data.overview import Overview
from data.scope import Scope
from ui import (
    address,
    card_pairs,
    chart_downloads,
    chart_zoom,
    layout,
    overview_charts,
    overview_choice,
    queries,
    state,
    table_files,
)
from ui import format as fmt
from ui import overview_words as words
from ui import scope as scopes
from ui.queries import Dataset

_COURSE = "course"


def choose(dataset: Dataset) -> tuple[Comparison, Alignment]:
    """Time and alignment, drawn as one row."""
    return overview_choice.controls(dataset)


def read(scope: Scope, comparison: Comparison) -> Overview:
    """What was sold; stops the page in words where that is nothing."""
    with st.skeleton(height=420):
        found = queries.overview(scope, comparison)
    if found is None:
        layout.stop(
            f"**{fmt.escape(scopes.name(scope))}** sold nothing in "
            f"{fmt.escape(scopes.place(scope))} from "
            f"{fmt.span(comparison.first, comparison.last)} nor a year before. Choose a longer "
            "time, another product or another place."
        )
    return found


def caption(dataset: Dataset, comparison: Comparison, alignment: Alignment) -> str:
    """What data, which days, against which."""
    parts = [f"{fmt.escape(dataset.name)} · {words.against(comparison, alignment.by)}."]
    return " ".join(parts + words.remarks(comparison))


def cards(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """Six cards, three of amounts and three of the assortment; fewer without prices, or for one
    product."""
    totals, currency = found.totals, dataset.currency
    count = (3 if dataset.has_revenue else 1) + (1 if scope.product_id is not None else 3)
    seat = card_pairs.seats(count)
    if dataset.has_revenue:
        with next(seat):
            _amount_card(
                "Revenue",
                fmt.money(totals.revenue, currency),
                (totals.revenue, totals.revenue_before),
                comparison,
            )
    with next(seat):
        _amount_card(
            "Units", fmt.units(totals.units), (totals.units, totals.units_before), comparison
        )
    if dataset.has_revenue:
        with next(seat):
            _amount_card(
                "Mean price paid",
                fmt.price(totals.price, currency),
                (totals.price or 0, totals.price_before or 0),
                comparison,
                colour="off",
                help="Revenue by units, of sales with a known revenue.",
            )
    if scope.product_id is None:
        _assortment_cards(found, scope, comparison, dataset, seat)
    with next(seat):
        _stock_card(found)


def _amount_card(
    label: str,
    value: str,
    pair: tuple[float, float],
    comparison: Comparison,
    *,
    colour: Literal["normal", "off"] = "normal",
    help: str = "Returns are subtracted.",
) -> None:
    change = words.growth(*pair) if comparison.has_before else None
    st.metric(
        label,
        value,
        fmt.delta(change),
        delta_color=colour,
        delta_description="vs last year" if change is not None else "no year before",
        border=True,
        height="stretch",
        help=help,
    )


def _assortment_cards(
    found: Overview,
    scope: Scope,
    comparison: Comparison,
    dataset: Dataset,
    seat: Iterator[DeltaGenerator],
) -> None:
    totals, measure, currency = found.totals, scope.measure, dataset.currency
    what = "revenue" if measure == "revenue" else "units"
    amount = totals.revenue if measure == "revenue" else totals.units
    before = totals.revenue_before if measure == "revenue" else totals.units_before
    known = comparison.has_before
    with next(seat):
        _share_card(
            "New products",
            _ratio(totals.new, totals.products) if known else None,
            fmt.share(_ratio(totals.new_value, amount)) if known and amount > 0 else None,
            f"of {what}",
            f"{totals.new:,} of the {totals.products:,} products that sold were first sold after "
            "the days of last year. They brought "
            f"{fmt.exact(totals.new_value, measure, currency)}.",
        )
    with next(seat):
        _share_card(
            "Discontinued",
            _ratio(totals.gone, totals.known) if known else None,
            fmt.share(_ratio(totals.gone_value, before)) if known and before > 0 else None,
            f"of {what} then",
            f"{totals.gone:,} of the {totals.known:,} products that sold last year have not sold "
            f"for {DEAD_DAYS} days. They brought "
            f"{fmt.exact(totals.gone_value, measure, currency)} then.",
        )


def _stock_card(found: Overview) -> None:
    totals = found.totals
    if totals.stock_known:
        _share_card(
            "Out of stock",
            totals.stock_out / totals.stock_known,
            fmt.count(totals.out_now, "product"),
            "now",
            f"Share of product-days that ended without stock: {totals.stock_out:,} of "
            f"{totals.stock_known:,}. Now: products with none left in some place.",
        )
    else:
        _share_card(
            "Out of stock",
            None,
            None,
            "not known",
            "Not known: these sales come without stock on hand.",
        )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _share_card(label: str, share: float | None, badge: str | None, text: str, help: str) -> None:
    st.metric(
        label,
        fmt.share(share),
        badge if share is not None else None,
        delta_color="off",
        delta_arrow="off",
        delta_description=text if share is not None else "not known",
        border=True,
        height="stretch",
        help=help.replace("$", "\\$"),
    )


def course(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """This year's line beside last year's; dragging across it looks closer."""
    noun = {"D": "day", "W": "week", "M": "month"}[scope.freq]
    line = overview_charts.whole_periods(found.line)
    whole = len(line) < len(found.line)
    said = [f"whole {noun}s"] * whole + ["last year on the same days"] * comparison.has_before
    rest = f" :gray[· {', '.join(said)}]" if said else ""
    shown = chart_zoom.window(_COURSE, pd.DatetimeIndex(line["start"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_what(scope)} a {noun}**{rest}", width="content")
        chart_zoom.reset(_COURSE, shown)
    key = chart_downloads.keyed(_COURSE)
    chart_downloads.draw(
        overview_charts.line(line, scope.freq, scope.measure, dataset.currency, shown),
        title=f"{_what(scope)} a {noun}",
        key=key,
        alt=words.describe_line(found, scope.measure, dataset.currency),
        data=lambda: words.line_table(found.line, scope.measure),
        on_select=lambda: chart_zoom.take(_COURSE, key),
        select=("box",),
    )


def growth(found: Overview, scope: Scope, dataset: Dataset) -> None:
    """Where the growth comes from, as bars that add up."""
    money = scope.measure == "revenue"
    st.markdown(
        "**Where growth comes from** "
        + (":gray[· volume, price, mix]" if money else ":gray[· more, less, new, gone]"),
        help="; ".join(f"{name}: {why}" for name, why in _steps(money))
        + ". Between products; the parts add up to the cent.",
    )
    if found.split is None:
        st.caption("There is no growth to split: nothing was sold a year before.")
        return
    split = found.split
    chart_downloads.draw(
        overview_charts.growth_parts(split, scope.measure, dataset.currency),
        title="Where growth comes from",
        key=chart_downloads.keyed("growth"),
        alt=words.split_sentence(split, scope.measure, dataset.currency),
        data=lambda: words.split_table(split, scope.measure),
    )


def _steps(money: bool) -> list[tuple[str, str]]:
    codes = ("volume", "price", "mix") if money else ("more", "less", "new", "gone")
    return [words.STEPS[code] for code in codes]


def where(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """What sells and where, side by side; for one product only where."""
    if scope.product_id is not None:
        _places(found, scope, comparison, dataset)
        return
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        _tiles(found, scope, comparison, dataset)
    with right:
        _places(found, scope, comparison, dataset)


def _tiles(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """What sells, one level down the tree; a click goes there."""
    colour = ", colour is growth: orange down, blue up" if comparison.has_before else ""
    frame = found.tiles[found.tiles["value"] > 0].reset_index(drop=True)
    st.markdown(f"**What sells** :gray[· area is {_what(scope).lower()}{colour}; click to go down]")
    if frame.empty:
        st.caption("Nothing above zero to draw here: everything was returned or nothing was sold.")
        return
    frame, left_out = overview_charts.without_crowd(frame)
    key = chart_downloads.keyed(f"tiles-{_view(scope, comparison)}")
    chart_downloads.draw(
        overview_charts.tile_map(
            frame, scope.measure, dataset.currency, compared=comparison.has_before
        ),
        title="What sells",
        key=key,
        alt=words.describe_ranked(frame, scope.measure, dataset.currency),
        data=lambda: words.ranked_table(found.tiles, scope.measure),
        on_select=lambda: _go_down(key, scope),
    )
    if left_out:
        st.caption(
            f"The largest {len(frame)} are drawn; {left_out[0]} have "
            f"{fmt.amount(left_out[1], scope.measure, dataset.currency)} together."
        )


def _go_down(key: str, scope: Scope) -> None:
    """The scope of the tile that was clicked; the others together lead nowhere."""
    for point in st.session_state[key].selection.points:
        kind, child = point["customdata"][0], point["customdata"][1]
        if kind == "category" and child:
            address.go({"category": (*scope.categories, child), "product": None})
        elif kind == "product":
            address.go({"product": int(child), "category": None})


def _places(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """The places, largest first; a click looks at one alone."""
    mark = " · mark = last year" if comparison.has_before else ""
    st.markdown(f"**Places** :gray[{mark}]" if mark else "**Places**")
    frame = found.places
    if scope.place_id is not None or len(frame) < 2:
        st.caption(
            f"Only {fmt.escape(str(frame['label'].iloc[0]))} is in view."
            if len(frame)
            else "No place is in view."
        )
        if scope.place_id is not None:
            st.button("Show all places", on_click=address.go, args=({"place": None},))
        return
    key = chart_downloads.keyed(f"places-{_view(scope, comparison)}")
    with st.container(height=352 if len(frame) > 10 else "content", border=False):
        chart_downloads.draw(
            overview_charts.places(
                frame, scope.measure, dataset.currency, compared=comparison.has_before
            ),
            title="Places",
            key=key,
            alt=words.describe_ranked(frame, scope.measure, dataset.currency),
            data=lambda: words.ranked_table(frame, scope.measure),
            on_select=lambda: _go_to_place(key),
        )
    if found.all_places > len(frame):
        st.caption(f"The largest {len(frame)} of {found.all_places:,}.")


def _go_to_place(key: str) -> None:
    for point in st.session_state[key].selection.points:
        if "customdata" in point:
            address.go({"place": int(point["customdata"][0])})


def downloads(
    place: DeltaGenerator, scope: Scope, comparison: Comparison, dataset: Dataset
) -> None:
    """The Download menu: every product with both spans, and the charts."""

    def everything() -> pd.DataFrame:
        table = database.products(state.store(), scope, comparison).drop(columns="product_id")
        return words.every_product(table, dataset=dataset.name, comparison=comparison)

    with chart_downloads.menu(place):
        stem = f"overview-{comparison.first}-{comparison.last}"
        table_files.buttons(everything, "All products", stem=stem, key="overview")


def _what(scope: Scope) -> str:
    return "Revenue" if scope.measure == "revenue" else "Units"


def _view(scope: Scope, comparison: Comparison) -> str:
    """A name for what is on screen: a selection ends when it changes."""
    return f"{hash((scope, comparison)):x}"
