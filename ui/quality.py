"""The parts of the Data quality page: scope, cards, findings, holes in time, doubtful products."""

from datetime import date
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import quality as database
from data.quality import LISTED, Quality
from ui import address, layout, navigation, quality_charts, queries, sidebar, state
from ui import format as fmt
from ui import quality_words as words
from ui import scope as scopes
from ui.layout import Head
from ui.queries import Dataset
from ui.upload_checks import SEVERITY

IMPORTS = "pages/data/imports.py"

_OPEN = "open_doubtful"


def scope(head: Head) -> tuple[Dataset, int | None]:
    """The dataset and place of the address; the place is chosen beside the title."""
    dataset = sidebar.chosen(
        shows="This page says how far the data can be trusted: gaps, stock-outs, odd days."
    )
    places = queries.places(dataset.dataset_id)
    place_id = address.number("place")
    if place_id is not None and place_id not in places.index:
        st.markdown(
            f"This place does not exist in {fmt.escape(dataset.name)}. It may have been removed "
            "since."
        )
        st.button("Show everything", on_click=address.go, args=({"place": None},))
        st.stop()
    if len(places) > 1:
        names = {int(key): str(places.at[key, "name"]) for key in places.index}
        label = "all places" if place_id is None else fmt.escape(names[place_id])
        with head.scope.popover(f"All products · {label}", icon=":material/tune:"):
            scopes.place_choice(places, place_id)
    return dataset, place_id


def read(dataset: Dataset, place_id: int | None) -> Quality:
    """What was found; stops the page in words where the place has no sales."""
    with st.skeleton(height=420):
        quality = queries.quality(dataset.dataset_id, place_id)
    if quality is None:
        layout.stop(f"**{_where(dataset, place_id)}** has no sales. Choose another place.")
    return quality


def caption(quality: Quality, dataset: Dataset) -> None:
    """What data, until when."""
    totals = quality.totals
    st.caption(
        f"{fmt.escape(dataset.name)} · {fmt.span(totals.first_day, totals.last_day)} · "
        f"{fmt.count(totals.products, 'product')}, "
        f"{fmt.count(totals.series, 'series', 'series')} (products in places) by "
        f"{words.noun(dataset.frequency)}"
    )


def cards(quality: Quality, dataset: Dataset) -> None:
    """Four cards: coverage, stock, returns, freshness."""
    totals, noun = quality.totals, words.noun(dataset.frequency)
    with st.grid(4, min_column_width=150):
        st.metric(
            f"{noun.capitalize()}s covered",
            words.covered_share(quality),
            f"{fmt.units(totals.missing)} {noun}s" if totals.missing else "no gap",
            delta_color="off",
            delta_arrow="off",
            delta_description="without a row" if totals.missing else None,
            border=True,
            height="stretch",
            help=f"Of all product-{noun}s between the first and last row of each product in each "
            f"place: those with a row, or on which the shop was closed. "
            f"{totals.life - totals.missing:,} of {totals.life:,}.",
        )
        _stock_card(quality, noun)
        st.metric(
            "Returned",
            fmt.share(totals.returned / totals.sold if totals.sold > 0 else None),
            f"{fmt.units(totals.returned)} units" if totals.returned else None,
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Units returned, cancelled or booked as negative, as a share of the units sold. "
            "From order lines where there are any, else from negative days.",
        )
        _freshness_card(quality, dataset)


def _stock_card(quality: Quality, noun: str) -> None:
    totals, likely = quality.totals, quality.of("likely")
    if totals.stock_known:
        value = fmt.share(totals.stock_out / totals.stock_known)
        badge, text = f"{fmt.units(totals.stock_out)} {noun}s", "of known stock"
        why = (
            f"Share of product-{noun}s that ended with no stock: {totals.stock_out:,} of "
            f"{totals.stock_known:,} with a known stock."
        )
    elif likely:
        value = fmt.count(likely.times, "time")
        badge, text = f"{fmt.units(likely.rows)} days", "likely"
        why = (
            "Stock on hand is not in this data. Counted are runs of days without a sale that "
            "hardly come by chance in products that sell nearly every day."
        )
    else:
        value, badge, text = fmt.DASH, "", ""
        why = "Not known: this data has no stock on hand" + (
            ", and no steady seller paused for long."
            if noun == "day"
            else f", and pauses cannot be told in {noun}s."
        )
    st.metric(
        "Out of stock",
        value,
        badge or None,
        delta_color="off",
        delta_arrow="off",
        delta_description=text or None,
        border=True,
        height="stretch",
        help=why,
    )


def _freshness_card(quality: Quality, dataset: Dataset) -> None:
    last = quality.totals.last_day
    ago = words.days_ago(last, dataset.frequency, date.today())
    stale = ago > words.STALE_DAYS and dataset.source != "demo"
    st.metric(
        "Data until",
        fmt.day(last),
        words.age(ago),
        delta_color="orange" if stale else "off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=f"Forecasts start where the data ends. Orange when that is more than "
        f"{words.STALE_DAYS} days ago.",
    )


def findings(quality: Quality, dataset: Dataset) -> None:
    """A line per kind of finding, worst first, and what the imports left out."""
    lines = words.lines(quality, dataset.frequency)
    left_out = quality.totals.refused + quality.totals.set_aside
    st.markdown("**What to look at**")
    if not lines and not left_out:
        st.caption("Nothing unusual was found.")
        return
    with st.container(border=True):
        for line in lines:
            _finding(line)
        if left_out:
            _left_out(quality.totals.refused, quality.totals.set_aside)


def _finding(line: words.Line) -> None:
    share = f" · {fmt.share(line.share)}" if line.share is not None else ""
    with st.container(gap="xxsmall"):
        st.markdown(
            f"{SEVERITY[line.severity]} **{fmt.escape(line.title)}** {line.count}{share}",
            help=line.why,
        )
        if line.examples:
            st.caption(fmt.escape(line.examples))


def _left_out(refused: int, set_aside: int) -> None:
    parts = [f"{refused:,} could not be read"] if refused else []
    parts += [f"{set_aside:,} set aside"] if set_aside else []
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall", width="content"):
            st.markdown(
                f"{SEVERITY['refused' if refused else 'note']} **Left out at import** "
                f"{fmt.count(refused + set_aside, 'row')}",
                help="Not part of anything on this page. Imports keeps each line with its "
                "reason, to download.",
            )
            st.caption(" · ".join(parts))
        st.space("stretch")
        st.page_link(IMPORTS, label="Imports", icon=":material/arrow_forward:")


def holes(quality: Quality, dataset: Dataset) -> None:
    """When series sold: bars by month, and a calendar in which a hole is blank."""
    freq = dataset.frequency
    if len(quality.days) < 2:
        st.caption(f"One {words.noun(freq)} of sales: the calendar of gaps begins with the second.")
        return
    mode = st.context.theme.type
    if len(quality.bins) > 1:
        st.markdown(f"**Series that sold** :gray[· products in places, by {quality.bin}]")
        st.plotly_chart(
            quality_charts.selling(quality.bins, quality.bin),
            key=f"selling-{mode}",
            config={"displayModeBar": False},
            alt=quality_charts.describe_selling(quality.bins, quality.bin),
        )
    shown = quality_charts.calendar_days(quality.days, freq)
    which = f"Every {words.noun(freq)}"
    if len(shown) < len(quality.days):
        which += " of the last three years"
    st.markdown(f"**{which}** :gray[· series with a row; blank = nothing sold]")
    st.plotly_chart(
        quality_charts.calendar(quality.days, freq),
        key=f"calendar-{mode}",
        config={"displayModeBar": False},
        alt=quality_charts.describe_calendar(shown, freq),
    )


def products(quality: Quality, dataset: Dataset, place_id: int | None) -> None:
    """The products most in doubt; Open leads to their forecast."""
    money = sidebar.measure(dataset) == "revenue"
    table = words.table(quality.products, money=money, rows=LISTED)
    st.markdown(
        f"**Products to look at** :gray[· most {'revenue' if money else 'units'} in doubt first]"
    )
    if table.empty:
        st.caption("No product stands out.")
        return
    known = quality.totals.stock_known > 0
    columns = [
        *("name", "why", "doubt", "missing", "zero"),
        *(["out"] if known else []),
        *("returned", "largest", "first_day", "last_sold", "spark", "open"),
    ]
    table["open"] = "Open"
    st.dataframe(
        table[columns],
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Products with the most sales in doubt, and why",
        column_config=_columns(dataset, money=money),
    )
    if click := st.session_state.get(_OPEN):
        product = str(table.at[click["row"], "product_id"])
        navigation.open_forecast(dataset.dataset_id, product, place_id)


def _columns(dataset: Dataset, *, money: bool) -> dict[str, Any]:
    noun = words.noun(dataset.frequency)
    percent = "%.1f%%"
    marks = "; ".join(f"{mark}: {meaning}" for mark, meaning in words.MARKS.items())
    config = st.column_config
    return {
        "name": config.TextColumn("Product", width=188),
        "why": config.MultiselectColumn(
            "Why",
            options=list(words.MARKS),
            color=["gray" if mark in words.NOTES else "orange" for mark in words.MARKS],
            width=150,
            help=marks,
        ),
        "doubt": config.NumberColumn(
            "In doubt",
            format=f"{dataset.currency if money else ''}%,d",
            width=78,
            help="Returned, sold without a price, above the usual on unusually large "
            f"{noun}s, and not sold while out of stock"
            + (", at the mean price paid." if money else ", in units."),
        ),
        "missing": config.NumberColumn(
            "No row", format=percent, width=62, help=f"Share of its {noun}s without a row."
        ),
        "zero": config.NumberColumn(
            "Zero", format=percent, width=58, help=f"Share of its {noun}s with a row of zero."
        ),
        "out": config.NumberColumn(
            "No stock", format=percent, width=68, help=f"Share of its {noun}s out of stock."
        ),
        "returned": config.NumberColumn(
            "Returned", format=percent, width=72, help="Units returned as a share of units sold."
        ),
        "largest": config.NumberColumn(
            "Largest",
            format="%,.0f×",
            width=62,
            help=f"Its largest {noun} in one place, as a multiple of the mean {noun} with a sale.",
        ),
        "first_day": config.DateColumn("First", format="D MMM YY", width=76),
        "last_sold": config.DateColumn("Last sale", format="D MMM YY", width=76),
        "spark": config.LineChartColumn(
            "26 months" if noun == "month" else "26 weeks", width=92, y_min=0, color="gray"
        ),
        "open": config.ButtonColumn("", key=_OPEN, type="tertiary", width=54),
    }


def downloads(place: DeltaGenerator, dataset: Dataset, place_id: int | None) -> None:
    """The Download menu: every product, made when it is asked for."""

    def everything() -> bytes:
        table = database.products(state.store(), dataset.dataset_id, place_id)
        text = words.csv(table, dataset=dataset.name, place=_place(dataset, place_id))
        return text.encode("utf-8-sig")

    with place.popover("Download", icon=":material/download:"):
        st.download_button(
            f"All {fmt.count(dataset.products, 'product')} (CSV)",
            everything,
            file_name=f"data-quality-{_slug(dataset.name)}.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="quality_csv",
        )


def _place(dataset: Dataset, place_id: int | None) -> str:
    if place_id is None:
        return "all places"
    return str(queries.places(dataset.dataset_id).at[place_id, "name"])


def _where(dataset: Dataset, place_id: int | None) -> str:
    return fmt.escape(dataset.name if place_id is None else _place(dataset, place_id))


def _slug(text: str) -> str:
    parts = "".join(sign if sign.isalnum() else "-" for sign in text.lower()).split("-")
    return "-".join(part for part in parts if part)[:60] or "dataset"
