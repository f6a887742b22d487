"""The parts of the Seasonality page: four answers, what sales are made of, their days."""

from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from ui import (
    chart_downloads,
    chart_zoom,
    layout,
    queries,
    seasonality_calendar,
    seasonality_charts,
)
from ui import format as fmt
from ui import scope as scopes
from ui import seasonality_tables as tables
from ui import seasonality_words as words
from ui.forecasts import NOUN
from ui.queries import Dataset
from ui.seasonality_charts import MONTHS, WEEKDAYS, Unit
from ui.seasonality_facts import Patterns

KINDS = ("Sales", "Without trend", "Left over")  # of which likeness can be measured
LAGS = {"D": 56, "W": 60, "M": 36}
_PARTS = "parts"


def read(scope: Scope, dataset: Dataset) -> Patterns:
    """The patterns of the scope; stops the page in words where there is nothing to learn from."""
    with st.skeleton(height=420):
        found = queries.patterns(scope, dataset.frequency)
    if found is None:
        series = queries.series(scope)
        noun = NOUN[scope.freq][0]
        if series[scope.measure].fillna(0).abs().sum() and not series["complete"].any():
            layout.stop(
                f"**No complete {noun} of sales here yet.** Patterns start after the first ones. "
                "Choose a shorter period or a wider scope above."
            )
        layout.stop(
            f"**Nothing was sold in {fmt.escape(scopes.name(scope))}.** Zeros have no seasons. "
            "Choose another product, category or place."
        )
    if len(found.shown.times) == 1:
        layout.stop(
            f"**One {NOUN[scope.freq][0]} of sales.** A weekly pattern shows after 15 days, a "
            "yearly one after two years. Choose a shorter period or a wider scope above."
        )
    return found


def caption(found: Patterns, dataset: Dataset) -> None:
    """What data, until when, what is left out."""
    st.caption(words.caption(found, dataset.name))


def cards(found: Patterns) -> None:
    """Four words: yearly and weekly pattern, trend, next peak."""
    with st.grid(4, min_column_width=165):
        for card in words.cards(found):
            st.metric(
                card.label,
                card.value,
                card.badge or (card.text or None),
                delta_color="off",
                delta_arrow="off",
                delta_description=card.text if card.badge and card.text else None,
                border=True,
                height="stretch",
                help=card.why,
            )


def made_of(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    """Sales taken apart: trend, seasons and what is left over; dragging looks closer."""
    unit = _unit(found, scope, dataset)
    noun = NOUN[scope.freq][0]
    shown = chart_zoom.window(_PARTS, found.shown.times)
    figure = seasonality_charts.decomposition(
        found, unit, shown=shown, height=470 if found.parts is not None else 240
    )
    marked = seasonality_charts.mark_festivals(
        figure, found.shown, _festivals(scope, found.shown.times), shown
    )
    dotted = ", dotted: festivals" if marked else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**What the sales are made of** :gray[· {measured(scope, unit, noun)}{dotted}]",
            width="content",
        )
        chart_zoom.reset(_PARTS, shown)
    if found.parts is None:
        st.markdown(words.too_short(found))
    key = chart_downloads.keyed(_PARTS)
    chart_downloads.draw(
        figure,
        title="What the sales are made of",
        key=key,
        alt=words.describe_parts(found),
        data=lambda: tables.parts(found, scope),
        on_select=lambda: chart_zoom.take(_PARTS, key),
        select=("box",),
    )


def memory(found: Patterns, scope: Scope) -> None:
    """How far back sales resemble themselves, without their trend."""
    noun = NOUN[scope.freq][1]
    made = correlogram(found, "Without trend")
    st.markdown(
        f"**How long sales remember** :gray[· likeness to k {noun} before]",
        help="Autocorrelation (ACF) of the sales without their trend. Blue: whole "
        + ("weeks." if scope.freq == "D" else "years."),
    )
    if made is None:
        st.caption(f"Too few {noun}, or all the same: likeness cannot be measured.")
        return
    text = words.memory(made, scope.freq)
    chart_downloads.draw(
        seasonality_charts.memory(made, scope.freq),
        title="How long sales remember",
        key=chart_downloads.keyed("memory"),
        alt=text,
        data=lambda: tables.memory(made),
    )
    st.caption(text)


def usual(found: Patterns) -> None:
    """A usual week and a usual year, side by side."""
    shown: list[tuple[str, dx.Profile | None, tuple[str, ...], str]] = [
        ("A usual year", found.year, MONTHS, "shows after a full year."),
    ]
    if found.days is not None:
        shown.insert(0, ("A usual week", found.week, WEEKDAYS, "shows after two weeks."))
    for column, (title, profile, names, missing) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            st.markdown(f"**{title}**")
            if profile is None:
                st.caption(f"{title} {missing}" if found.base_parts else f"{title}: not yet known.")
                continue
            chart_downloads.draw(
                seasonality_charts.usual(profile, names),
                title=title,
                key=chart_downloads.keyed(title),
                alt=words.describe_usual(profile, names),
                data=partial(tables.usual, profile, names),
            )


def calendar(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    """Every day of the last year, or every week or month of all years."""
    if found.days is None:
        if len(found.base.times) < 2:
            return
        unit = _unit_of(found.base.values, scope, dataset)
        noun = NOUN[found.base.freq][0]
        st.markdown(f"**Every {noun}** :gray[· {_what(scope)}, darker is more]")
        chart_downloads.draw(
            seasonality_calendar.years(found.base, unit),
            title=f"Every {noun}",
            key=chart_downloads.keyed("years"),
            alt=words.describe_parts(found),
            data=lambda: tables.sales(found.base, scope.measure),
        )
        return
    days = found.days
    unit = _unit_of(days.values, scope, dataset)
    notes = ["darker is more", "blank = nothing sold"]
    if days.stocked_out.any():
        notes.insert(1, "× = mostly out of stock")
    st.markdown(f"**Every day of the last 52 weeks** :gray[· {_what(scope)}, {', '.join(notes)}]")
    chart_downloads.draw(
        seasonality_calendar.calendar(days, _festivals(scope, days.times), unit),
        title="Every day of the last 52 weeks",
        key=chart_downloads.keyed("days"),
        alt=f"Sales by day until {fmt.day(days.times[-1])}, a column per week.",
        data=lambda: tables.last_weeks(days, scope.measure),
    )


def downloads(place: DeltaGenerator, found: Patterns, scope: Scope) -> None:
    """The Download menu: the series with its parts, and the charts."""
    node, where = scopes.name(scope), scopes.place(scope)
    with chart_downloads.menu(place):
        st.download_button(
            "Sales and their parts (CSV)",
            lambda: tables.csv(found, scope, node=node, place=where).encode("utf-8-sig"),
            file_name=f"seasonality-{chart_downloads.slug(f'{node} {where}')}.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="seasonality_csv",
        )


def correlogram(found: Patterns, kind: str) -> dx.Correlogram | None:
    """Of the sales, of the sales without trend, or of what is left over."""
    parts = found.parts
    if parts is None:
        return None
    values = {
        "Sales": parts.values,
        "Without trend": parts.values - parts.trend,
        "Left over": parts.remainder,
    }[kind]
    return dx.correlogram(values, LAGS[found.shown.freq])


def _unit(found: Patterns, scope: Scope, dataset: Dataset) -> Unit:
    return _unit_of(found.shown.values, scope, dataset)


def _unit_of(values: FloatArray, scope: Scope, dataset: Dataset) -> Unit:
    return seasonality_charts.unit_of(values, scope.measure, dataset.currency)


def measured(scope: Scope, unit: Unit, per: str = "") -> str:
    """What the numbers of a chart are, such as "€ thousand a day", "thousand units"."""
    rate = f" a {per}" if per else ""
    if scope.measure == "quantity":
        return f"{unit.word} units{rate}".strip()
    if unit.sign:
        return f"{fmt.escape(unit.sign)} {unit.word}".strip() + rate
    return f"revenue{rate}" + (f", in {unit.word}s" if unit.word else "")


def _what(scope: Scope) -> str:
    """What a chart shows whose own labels carry the unit."""
    return "revenue" if scope.measure == "revenue" else "units"


def _festivals(scope: Scope, times: pd.DatetimeIndex) -> pd.DataFrame:
    events = queries.events(scope.dataset_id, times[0].date(), times[-1].date())
    return events[events["kind"] != "holiday"]
