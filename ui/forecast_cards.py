"""The cards of the Forecast page: sums ahead and behind, and how far off the model was."""

from collections.abc import Callable, Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Freq, Scope
from ui import card_pairs, forecast_rivals, forecast_words, forecasts
from ui import format as fmt
from ui.forecast_rivals import Previous
from ui.forecasts import Outlook


def show(
    place: DeltaGenerator, made: Outlook, scope: Scope, currency: str, before: Previous | None
) -> None:
    """Sums ahead and behind against last year, what has changed, and how good the model was."""
    future, near, freq = made.future, forecasts.NEAR[scope.freq], scope.freq

    def words(value: float) -> str:
        return fmt.amount(value, scope.measure, currency).replace("$", "\\$")

    sold = made.history.tail(near)
    year_before = forecasts.last_year(made.history, sold["timestamp"], freq)
    nearby = forecast_words.periods(near, freq).removeprefix("1 ")
    sums = [
        (f"Last {nearby}", sold["value"], year_before),
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
    change = None if before is None else forecast_rivals.change_since(before, future)
    with place:
        seats = card_pairs.seats(6) if made.scores is not None else _three()
    if change is not None and before is not None:  # says more than what is sold anyway
        _change_card(next(seats), change, before, words, freq)
        sums = sums[1:]
    for label, values, year_ago in sums:
        growth = forecasts.growth(values, year_ago)
        next(seats).metric(
            label,
            words(float(values.sum())),
            fmt.delta(growth),
            delta_description="vs last year" if growth is not None else "no year before",
            border=True,
            height="stretch",
        )
    if made.scores is not None:
        _score_cards(seats, made, freq)


def _three() -> Iterator[DeltaGenerator]:
    """Seats for three cards in a row."""
    grid = st.grid(3, min_column_width=card_pairs.CARD)
    return iter([grid, grid, grid])


def _change_card(
    seat: DeltaGenerator,
    change: tuple[float, float, int],
    before: Previous,
    words: Callable[[float], str],
    freq: Freq,
) -> None:
    amount, share, periods = change
    sign = "+" if amount > 0 else ""
    text = words(amount)
    seat.metric(
        f"Since {before.short}",
        text if not any(digit in text for digit in "123456789") else sign + text,
        fmt.delta(share),
        delta_color="off",
        delta_description=f"next {forecast_words.periods(periods, freq)}",
        border=True,
        height="stretch",
        help=f"By how much the forecast has changed since {before.words}, over the periods "
        "that both have.",
    )


def _score_cards(seats: Iterator[DeltaGenerator], made: Outlook, freq: str) -> None:
    assert made.scores is not None
    score, naive = made.scores.loc[made.model], made.scores.loc[forecasts.LAST_YEAR]
    better = float(score["wape"] - naive["wape"]) * 100
    next(seats).metric(
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
    next(seats).metric(
        "Bias",
        fmt.signed_percent(bias * 100, 1).replace("-", fmt.MINUS),
        "too high" if bias > 0.005 else "too low" if bias < -0.005 else "balanced",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Whether we forecast too much or too little on the whole.",
    )
    next(seats).metric(
        "80% band held",
        f"{score['coverage']:.0%}",
        "should be 80%",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Share of past periods that fell inside the band.",
    )
