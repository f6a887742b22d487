"""The cards of the Forecast page: sums ahead and behind, and how far off the model was."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from ui import forecast_words, forecasts
from ui import format as fmt
from ui.forecasts import Outlook


def show(place: DeltaGenerator, made: Outlook, scope: Scope, currency: str) -> None:
    """Sums ahead and behind against last year, and how good the model was."""
    future, near, freq = made.future, forecasts.NEAR[scope.freq], scope.freq

    def words(value: float) -> str:
        return fmt.amount(value, scope.measure, currency).replace("$", "\\$")

    sold = made.history.tail(near)
    before = forecasts.last_year(made.history, sold["timestamp"], freq)
    nearby = forecast_words.periods(near, freq).removeprefix("1 ")
    sums = [
        (f"Last {nearby}", sold["value"], before),
        (
            f"Next {nearby}",
            future["mean"][:near],
            future["last_year"][:near],
        ),
        (
            f"Next {forecast_words.periods(len(future), freq)}",
            future["mean"],
            future["last_year"],
        ),
    ]
    with place, st.grid(6 if made.scores is not None else 3, min_column_width=148):
        for label, values, year_ago in sums:
            growth = forecasts.growth(values, year_ago)
            st.metric(
                label,
                words(float(values.sum())),
                fmt.delta(growth),
                delta_description="vs last year" if growth is not None else "no year before",
                border=True,
                height="stretch",
            )
        if made.scores is not None:
            _score_cards(made, freq)


def _score_cards(made: Outlook, freq: str) -> None:
    assert made.scores is not None
    score, naive = made.scores.loc[made.model], made.scores.loc[forecasts.LAST_YEAR]
    better = float(score["wape"] - naive["wape"]) * 100
    st.metric(
        "Forecast error",
        fmt.share(float(score["wape"])),
        f"{better:+.1f} pts" if abs(better) >= 0.05 else 0,
        delta_color="inverse",
        delta_description="vs last year" if freq != "D" else "vs last week",
        border=True,
        height="stretch",
        help="How far off we were, as a share of what sold (WAPE). Smaller is better. "
        "Measured on past periods that the model had not seen.",
    )
    bias = float(score["bias"])
    st.metric(
        "Bias",
        fmt.signed_percent(bias * 100, 1).replace("-", fmt.MINUS),
        "too high" if bias > 0.005 else "too low" if bias < -0.005 else "balanced",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Whether we forecast too much or too little on the whole.",
    )
    st.metric(
        "80% band held",
        f"{score['coverage']:.0%}",
        "should be 80%",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Share of past periods that fell inside the band.",
    )
