"""The fan chart: theme colours, shape, hover, and what it does with little data."""

import pandas as pd
import pytest
from streamlit.elements.lib import streamlit_plotly_theme as theme

from ui.chart_zoom import Window
from ui.charts import COLOURS, Fan, describe, fan


def history(periods: int = 60, freq: str = "W-MON") -> pd.DataFrame:
    times = pd.date_range("2025-01-06", periods=periods, freq=freq)
    return pd.DataFrame(
        {
            "timestamp": times,
            "value": [100.0 + i % 7 for i in range(periods)],
            "stockout_share": 0.0,
        }
    )


def future(past: pd.DataFrame, steps: int = 13) -> pd.DataFrame:
    times = pd.date_range(past["timestamp"].iloc[-1], periods=steps + 1, freq="W-MON")[1:]
    frame = pd.DataFrame({"timestamp": times, "mean": 110.0})
    for level, width in (("0.025", -30), ("0.1", -20), ("0.25", -10)):
        frame[f"q{level}"] = 110.0 + width
    for level, width in (("0.75", 10), ("0.9", 20), ("0.975", 30)):
        frame[f"q{level}"] = 110.0 + width
    return frame


def chart(**changes: object) -> Fan:
    past = history()
    fields = {
        "history": past,
        "future": future(past),
        "freq": "W",
        "measure": "quantity",
        "currency": "€",
    }
    return Fan(**(fields | changes))  # type: ignore[arg-type]


def trace(figure, name: str):
    return next(each for each in figure.data if each.name == name)


def test_when_streamlit_changes_its_stand_ins_then_this_fails() -> None:
    categorical = [getattr(theme, f"CATEGORY_{i}") for i in range(10)]
    places = {"forecast": 1, "rival": 2, "further": 3, "event": 5, "stockout": 6, "third": 7}
    places |= {"last_year": 8, "sold": 9, "previous": 10}
    assert {role: categorical.index(colour) + 1 for role, colour in COLOURS.items()} == places


def test_when_a_fan_is_drawn_then_forecast_and_bands_start_at_the_last_sold_point() -> None:
    drawn = chart()
    last = drawn.history.iloc[-1]
    figure = fan(drawn)
    line = trace(figure, "Forecast")
    assert (line.x[0], line.y[0]) == (last["timestamp"], last["value"])
    bands = [each for each in figure.data if each.fill == "toself"]
    assert [band.fillcolor for band in bands] == ["#0000011a", "#0000012e", "#00000147"]
    assert all(band.x[0] == last["timestamp"] for band in bands)
    assert [band.showlegend for band in bands] == [False, True, False]


def test_when_the_hover_is_read_then_it_is_a_sentence_and_bands_are_silent() -> None:
    figure = fan(chart())
    line = trace(figure, "Forecast")
    assert line.text[1] == "Forecast: 110 · 8 in 10: 90–130"
    assert line.hoverinfo[0] == "skip"
    assert all(band.hoverinfo == "skip" for band in figure.data if band.fill == "toself")
    assert figure.layout.xaxis.hoverformat.startswith("Week of")


def test_when_only_sales_are_shown_then_zero_is_the_ground_and_nothing_crosses_the_chart() -> None:
    figure = fan(chart())
    assert figure.layout.yaxis.range[0] == 0
    assert not figure.layout.xaxis.showgrid
    assert figure.layout.yaxis.ticktext[0] == "0"
    assert 3 <= len(figure.layout.yaxis.tickvals) <= 5
    assert figure.layout.title.text is None


def test_when_returns_exceed_sales_then_the_ground_is_below_zero() -> None:
    past = history()
    past.loc[past.index[-3], "value"] = -40.0
    figure = fan(chart(history=past))
    assert figure.layout.yaxis.range[0] < -40


def test_when_two_events_are_close_then_their_names_are_staggered() -> None:
    past = history()
    days = past["timestamp"].iloc[-10:-4:2]
    events = pd.DataFrame({"name": ["11.11", "Black Friday", "<b>Mine</b>"], "first_day": days})
    figure = fan(chart(events=events))
    notes = figure.layout.annotations
    assert [note.yshift for note in notes] == [0, -15, -30]
    assert notes[2].text == "&lt;b&gt;Mine&lt;/b&gt;"


def test_when_events_share_a_week_then_one_name_is_drawn_and_the_hover_has_both() -> None:
    past = history()
    day = past["timestamp"].iloc[-10]
    events = pd.DataFrame(
        {"name": ["Black Friday", "Cyber Monday"], "first_day": [day, day + pd.Timedelta(days=3)]}
    )
    figure = fan(chart(events=events))
    assert [note.text for note in figure.layout.annotations] == ["Black Friday"]
    assert figure.data[-1].text == ("Event: Black Friday, Cyber Monday",)


def test_when_an_event_is_off_screen_then_it_has_no_line() -> None:
    past = history()
    events = pd.DataFrame({"name": ["Old"], "first_day": [past["timestamp"].iloc[0]]})
    assert not fan(chart(events=events)).layout.annotations


def test_when_weeks_were_out_of_stock_then_neighbours_share_one_ground() -> None:
    past = history()
    past.loc[past.index[[-8, -7, -3]], "stockout_share"] = 1.0
    figure = fan(chart(history=past, stockouts=True))
    grounds = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert len(grounds) == 2
    assert all(ground.fillcolor == COLOURS["stockout"] + "21" for ground in grounds)


@pytest.mark.parametrize("periods", [1, 2, 5])
def test_when_history_is_short_then_the_chart_still_stands(periods: int) -> None:
    past = history(periods)
    figure = fan(chart(history=past, future=future(past)))
    assert len(trace(figure, "Sold").x) == periods


def test_when_all_is_zero_then_the_axis_has_a_height() -> None:
    past = history().assign(value=0.0)
    ahead = future(past)
    ahead[ahead.columns.drop("timestamp")] = 0.0
    low, high = fan(chart(history=past, future=ahead)).layout.yaxis.range
    assert low == 0
    assert high > 0


def test_when_nothing_was_sold_last_year_then_that_line_is_left_out() -> None:
    past = history()
    nothing = past[["timestamp"]].assign(value=float("nan"))
    names = [each.name for each in fan(chart(last_year=nothing)).data]
    assert "Last year" not in names


def test_when_the_chart_is_described_then_the_finding_is_in_it() -> None:
    text = describe(chart(measure="revenue"))
    assert text.startswith("Revenue sold, last €")
    assert "the forecast ends at €110" in text


def test_when_a_time_is_dragged_over_then_axes_and_event_names_follow_it() -> None:
    past = history()
    past.loc[past.index[-1], "value"] = 5000.0
    first, last = past["timestamp"].iloc[4], past["timestamp"].iloc[12]
    events = pd.DataFrame(
        {"name": ["Far", "Near"], "first_day": [past["timestamp"].iloc[-2], first]}
    )
    figure = fan(chart(history=past, events=events, window=Window(first, last)))
    low, high = figure.layout.xaxis.range
    assert (low, high) == (first - pd.Timedelta(days=3.5), last + pd.Timedelta(days=3.5))
    assert figure.layout.yaxis.range[1] < 200
    assert [note.text for note in figure.layout.annotations] == ["Near"]
    assert figure.layout.dragmode == "select"
