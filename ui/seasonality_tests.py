"""The folded part of the Seasonality page: comparisons, and the tests an analyst asks for.

A tab computes only when it is opened.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from data.scope import Scope
from forecasting import diagnostics as dx
from ui import (
    chart_downloads,
    queries,
    seasonality,
    seasonality_calendar,
    seasonality_charts,
    seasonality_inside,
)
from ui import seasonality_detail_charts as charts
from ui import seasonality_tables as tables
from ui import seasonality_words as words
from ui.forecasts import NOUN
from ui.queries import Dataset
from ui.seasonality_charts import MONTHS, WEEKDAYS
from ui.seasonality_facts import PERIODS, Patterns


def show(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    """All tabs; the body of the open one."""
    bodies: dict[str, Callable[[Patterns, Scope, Dataset], None]] = {
        "Year by year": _years,  # first, because it costs next to nothing
        "Compare": seasonality_inside.show,
        "Changes": _changes,
        "Memory": _memory,
        "Stationarity": _stationarity,
        "Periods": _periods,
        "Transformation": _transformation,
        "Hour of day": _hours,
    }
    tabs = st.tabs(list(bodies), key="seasonality_tabs", on_change="rerun")
    for tab, body in zip(tabs, bodies.values(), strict=True):
        if tab.open:
            with tab:
                body(found, scope, dataset)


def _years(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    base = found.base
    noun = NOUN[base.freq][0]
    unit = seasonality_charts.unit_of(base.values, scope.measure, dataset.currency)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Year over year** :gray[· {seasonality.measured(scope, unit, noun)}]")
        chart_downloads.draw(
            charts.year_by_year(base, unit),
            title="Year over year",
            key=chart_downloads.keyed("years_over"),
            alt=f"A line per year over the same {noun}s.",
            data=lambda: tables.sales(base, scope.measure),
        )
    with right:
        fine = found.days or base
        names, phase = MONTHS, fine.times.month.to_numpy() - 1
        title = st.container(horizontal=True, vertical_alignment="center")
        if found.days is not None:
            with title:
                by = st.segmented_control(
                    "Subseries",
                    ["Months", "Weekdays"],
                    default="Months",
                    required=True,
                    label_visibility="collapsed",
                    key="subseries_by",
                )
            if by == "Weekdays":
                names, phase = WEEKDAYS, found.days.times.dayofweek.to_numpy()
        each = {"D": "a mean day", "W": "a mean week", "M": "a month"}[fine.freq]
        what = "month by month" if len(names) == 12 else "weekday by weekday"
        fine_unit = seasonality_charts.unit_of(fine.values, scope.measure, dataset.currency)
        title.markdown(
            f"**Over the years** :gray[· {seasonality.measured(scope, fine_unit)}, {each}]",
            help=f"Sales {what}: a small line over the years for each, blue is its mean.",
            width="content",
        )
        chart_downloads.draw(
            charts.subseries(fine, names, phase, fine_unit),
            title=f"{what.capitalize()} over the years",
            key=chart_downloads.keyed("subseries"),
            alt=f"Sales {what}, a small line over the years for each.",
            data=lambda: tables.subseries(fine, names, phase, scope.measure),
        )


def _changes(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    table = words.events_table(found, scope.measure, dataset.currency)
    if table.empty:
        known = "No change of the trend and no" if found.yearly is not None else "No"
        later = "" if found.yearly is not None else " Changes of the trend show after two years."
        st.caption(f"{known} unusual value stands out.{later}")
        return
    st.caption(
        "Changes: the sales without seasons follow another straight line from here on (optimal "
        "partitioning). Unusual: more than three interquartile ranges outside of what trend and "
        "season leave; festivals and what comes back every year are not counted."
    )
    st.dataframe(
        table,
        hide_index=True,
        alt="Changes of the trend and unusual values",
        column_config={
            "from": st.column_config.DateColumn("From", format="ddd D MMM YYYY", width=130),
            "what": st.column_config.TextColumn("What", width=90),
            "how": st.column_config.TextColumn("How", width=460),
        },
    )


def _memory(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    kind = st.segmented_control(
        "Of",
        list(seasonality.KINDS),
        default="Without trend",
        required=True,
        label_visibility="collapsed",
        key="memory_of",
    )
    made = seasonality.correlogram(found, kind or "Without trend")
    if made is None:
        st.caption("Too few values, or all the same: likeness cannot be measured.")
        return
    noun = NOUN[scope.freq][1]
    left, right = st.columns(2, gap="medium")
    for column, title, partial in (
        (left, "Autocorrelation (ACF)", False),
        (right, "Partial autocorrelation (PACF)", True),
    ):
        with column:
            st.markdown(f"**{title}** :gray[· {noun} before]")
            chart_downloads.draw(
                seasonality_charts.memory(made, scope.freq, partial=partial),
                title=title,
                key=chart_downloads.keyed(title),
                alt=f"{title} up to {made.lags[-1]} {noun} before.",
                data=lambda: tables.memory(made),
            )
    st.caption(
        words.memory(made, scope.freq) + " Partial: what a lag adds beyond all shorter ones. "
        f"The strip is ±{made.band:.2f}, 95% of pure noise."
    )


def _stationarity(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    if found.parts is None:
        st.caption("Too short for tests: they need 20 values.")
        return
    values, season = found.parts.values, PERIODS[scope.freq][0]
    noun = NOUN[scope.freq][0]
    rows = []
    for name, series in (
        ("Sales", values),
        (f"Change from {noun} to {noun}", np.diff(values)),
        (
            f"Change against {season} {noun}s before",
            values[season:] - values[:-season] if len(values) > season else values[:0],
        ),
    ):
        tests = dx.stationarity(series)
        if tests is not None:
            rows.append((name, words.unit_roots(tests)[0], tests))
    if not rows:
        st.caption("Too short, or all the same: the tests need 20 values that vary.")
        return
    answer, meaning = words.unit_roots(rows[0][2])
    st.markdown(f"**{answer}.** {meaning}")
    st.dataframe(
        pd.DataFrame(
            [
                (
                    name,
                    verdict,
                    tests.adf,
                    _p(tests.adf_p),
                    tests.kpss,
                    _p(tests.kpss_p, table=True),
                )
                for name, verdict, tests in rows
            ],
            columns=["series", "verdict", "adf", "adf_p", "kpss", "kpss_p"],
        ),
        hide_index=True,
        alt="Tests for a unit root and for stationarity",
        column_config={
            "series": st.column_config.TextColumn("Series", width=220),
            "verdict": st.column_config.TextColumn("Answer", width=150),
            "adf": st.column_config.NumberColumn(
                "ADF", format="%.2f", help="Augmented Dickey-Fuller. Below 0.05: it comes back."
            ),
            "adf_p": st.column_config.TextColumn("p"),
            "kpss": st.column_config.NumberColumn(
                "KPSS", format="%.2f", help="Below 0.05: it does not stay at one level."
            ),
            "kpss_p": st.column_config.TextColumn("p "),
        },
    )
    st.caption(
        ("In logarithms. " if found.parts.log else "") + "Gaps and what is left out are filled in."
    )


def _p(value: float, *, table: bool = False) -> str:
    """A p value; the table of KPSS ends at 0.01 and 0.10."""
    if table and value in (0.01, 0.1):
        return "≤ 0.01" if value == 0.01 else "≥ 0.10"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _periods(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    spectrum = dx.spectrum(found.parts.values) if found.parts is not None else None
    if spectrum is None:
        st.caption("Too short, or all the same: periods show from 16 values that vary.")
        return
    noun = NOUN[scope.freq][1]
    st.markdown(
        f"**Which periods repeat** :gray[· share of what varies, by length in {noun}]",
        help="Periodogram without the straight trend. Marked: Fisher's test, p < 0.01.",
    )
    chart_downloads.draw(
        charts.power(spectrum, scope.freq),
        title="Which periods repeat",
        key=chart_downloads.keyed("power"),
        alt="The periodogram with the periods that stand out.",
        data=lambda: tables.power(spectrum),
    )
    st.markdown(words.cycles(spectrum, scope.freq))


def _transformation(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    freq = scope.freq
    values = found.shown.clean
    # A year of weeks is too long a stretch to compare spread and level in few years of data.
    window = {"D": 7, "W": 13, "M": 12}[freq]
    st.markdown(words.advice(dx.advise_transform(values, window)))
    log = found.parts is not None and found.parts.log
    st.caption(
        "By Guerrero's method: the exponent that makes swings alike at every level. 0 is the "
        "logarithm, 1 leaves values as they are. The decomposition above "
        + (
            "multiplies its parts (logarithms), because everything is well above zero."
            if log
            else "adds its parts, because there are zeros, small or negative values."
        )
    )


def _hours(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    table = queries.hours(scope)
    if table.empty:
        st.caption("These sales have no time of day. Upload order lines with date and time.")
        return
    mean = (table[scope.measure] / table["days"]).to_numpy(dtype=np.float64)
    unit = seasonality_charts.unit_of(mean, scope.measure, dataset.currency)
    top = table.loc[int(np.nanargmax(mean))]
    measure = seasonality.measured(scope, unit, "hour")
    st.markdown(f"**When in the week** :gray[· mean {measure}, darker is more]")
    chart_downloads.draw(
        seasonality_calendar.hours(table, scope.measure, unit),
        title="When in the week",
        key=chart_downloads.keyed("hours"),
        alt=f"Most on {WEEKDAYS[int(top['weekday'])]} from {int(top['hour'])}:00.",
        data=lambda: tables.hours(table, mean, scope.measure),
    )
