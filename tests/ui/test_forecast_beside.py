"""What stands beside a forecast: lines, what was forecast before, and how that has held."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.ui.test_forecasts import made, sales, wave
from ui import forecast_lags, forecast_rivals, forecast_words
from ui.charts import Fan, Line, fan
from ui.forecast_rivals import Previous
from ui.forecasts import Outlook


@cache
def outlook(weeks: int = 120) -> Outlook:
    """The forecast of a wave, some weeks of which are known."""
    return made(sales(wave(120, 52)).iloc[:weeks], model="seasonal_naive")


def test_when_what_was_published_is_sold_then_each_lag_has_its_error() -> None:
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-05", periods=4, freq="W-MON"),
            "published_lag1": [90.0, 110.0, np.nan, 100.0],
            "published_lag4": [np.nan, np.nan, 120.0, np.nan],
            "actual": [100.0, 100.0, 100.0, np.nan],
        }
    )
    one, four = forecast_lags.summary(frame)
    assert (one.lag, one.error, one.bias, one.periods) == (1, pytest.approx(0.1), 0.0, 2)
    assert (four.error, four.bias, four.periods) == (pytest.approx(0.2), pytest.approx(0.2), 1)
    assert "10.0% off 1 week ahead" in forecast_lags.in_words((one, four), "W")


def test_when_nothing_was_published_in_time_then_nothing_is_said() -> None:
    frame = pd.DataFrame({"published_lag1": [np.nan], "published_lag4": [3.0], "actual": [0.0]})
    assert forecast_lags.summary(frame) == ()
    assert forecast_lags.in_words((), "W") == ""


def test_when_the_forecast_has_changed_then_only_shared_periods_count() -> None:
    future = outlook().future
    earlier = future[["timestamp"]].assign(value=future["mean"] / 2).iloc[:3]
    found = forecast_rivals.change_since(
        Previous(frame=earlier, words="LSTM of Thu 5 Nov", short="5 Nov"), future
    )
    assert found is not None
    amount, share, periods = found
    assert amount == pytest.approx(future["mean"].iloc[:3].sum() / 2)
    assert (share, periods) == (pytest.approx(1.0), 3)
    passed = earlier.assign(timestamp=earlier["timestamp"] - pd.Timedelta(days=700))
    assert forecast_rivals.change_since(Previous(frame=passed, words="", short=""), future) is None
    assert (
        forecast_rivals.previous_line(Previous(frame=passed, words="", short=""), outlook()) is None
    )


def older() -> tuple[Fan, pd.DataFrame]:
    """A forecast that begins three weeks before the last sale."""
    history, early = outlook().history, outlook(117)
    return (
        Fan(history=history, future=early.future, freq="W", measure="quantity", currency=""),
        early.future,
    )


def test_when_a_forecast_is_older_than_the_sales_then_it_begins_where_it_was_made() -> None:
    chart, future = older()
    figure = fan(chart)
    line = next(each for each in figure.data if each.name == "Forecast")
    assert pd.Timestamp(line.x[0]) == future["timestamp"].iloc[0] - pd.Timedelta(days=7)
    assert pd.Timestamp(figure.layout.shapes[0].x0) == pd.Timestamp(line.x[0])


def test_when_sales_arrive_then_it_is_said_how_the_band_held() -> None:
    chart, future = older()
    passed = future.iloc[:3]
    found = replace(outlook(), passed=passed)
    sold = chart.history.set_index("timestamp")["value"].reindex(passed["timestamp"])
    off = float((passed["mean"] - sold.to_numpy()).abs().sum() / sold.sum())
    text = forecast_words.arrived(found, "W")
    assert text.startswith("Since it was made 3 weeks were sold")
    assert f"{off:.1%}" in text
    assert forecast_words.arrived(outlook(), "W") == ""


def test_when_rivals_are_drawn_then_no_two_share_dash_and_marker() -> None:
    chart, future = older()
    lines = tuple(
        Line(role, future[["timestamp"]].assign(value=5000.0), role, dash=dash, marker=marker)
        for role, dash, marker in forecast_rivals._STYLES
    )
    figure = fan(replace(chart, lines=lines))
    drawn = [each for each in figure.data if each.name in {line.name for line in lines}]
    assert len({(each.line.dash, each.mode, each.marker.symbol) for each in drawn}) == 3
    assert figure.layout.yaxis.range[1] > 5000
