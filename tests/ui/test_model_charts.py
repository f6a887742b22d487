"""Figures of one model: both marks in every row, and a line for tests only where there are some."""

import numpy as np
import pandas as pd

from ui import model_charts

TABLE = pd.DataFrame(
    {
        "cutoff": pd.to_datetime(["2026-08-17", "2026-09-28"]),
        "candidate": [0.070, 0.090],
        "champion": [0.080, 0.085],
    }
)
PERIODS = pd.DataFrame(
    {
        "timestamp": pd.date_range("2026-10-05", periods=3, freq="W-MON"),
        "error": [0.2, 0.1, 0.25],
        "expected": [0.1, 0.12, np.nan],
    }
)


def test_when_windows_are_drawn_then_each_has_both_marks_told_apart_by_shape() -> None:
    figure = model_charts.windows(TABLE, "LSTM", "R&B")
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert list(marks["LSTM"].x) == [0.070, 0.090]
    assert list(marks["R&amp;B"].x) == [0.080, 0.085]
    assert marks["LSTM"].marker.symbol != marks["R&amp;B"].marker.symbol
    low, high = figure.layout.xaxis.range
    assert low < 0.070
    assert high > 0.090
    words = model_charts.describe_windows(TABLE, "LSTM", "GRU")
    assert words == "LSTM is better than GRU in 1 of 2 test windows."


def test_when_errors_are_drawn_then_the_line_of_tests_is_there_only_where_there_are_some() -> None:
    assert [trace.name for trace in model_charts.errors(PERIODS, "W").data] == [
        "In its tests", "Since",
    ]  # fmt: skip
    untested = PERIODS.assign(expected=np.nan)
    (line,) = model_charts.errors(untested, "W").data
    assert line.name == "Since"
    assert model_charts.describe_errors(PERIODS) == "Off by 25.0% in the latest period."
    assert "10.0% in the latest period, 12.0% in its tests" in model_charts.describe_errors(
        PERIODS.iloc[:2]
    )
