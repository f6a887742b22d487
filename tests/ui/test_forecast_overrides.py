"""Changes of the plan as marks on the fan chart: where, in which words, and with room."""

import pandas as pd
import pytest

from data.scope import Measure, Scope
from tests.ui.test_charts import chart, trace
from ui import charts, forecast_overrides

AHEAD = pd.to_datetime(["2026-03-02", "2026-03-09"])


def changed(**columns: object) -> pd.DataFrame:
    usual = {
        "timestamp": AHEAD, "mean": [100.0, 50.0], "final": [400.0, 40.0],
        "mean_money": [200.0, float("nan")], "final_money": [800.0, float("nan")],
        "changed": [3, 1], "measure": ["percent", None], "amount": [300.0, float("nan")],
    }  # fmt: skip
    return pd.DataFrame(usual | columns)


def marks(measure: Measure = "quantity") -> pd.DataFrame:
    return forecast_overrides.marked(changed(), Scope(dataset_id=1, measure=measure), "€")


def test_when_weeks_are_overridden_then_diamonds_on_the_finals_say_by_what() -> None:
    fan = chart(overrides=marks())
    figure = charts.fan(fan)
    forecast_overrides.add(figure, marks())
    diamonds = trace(figure, "Override")
    assert diamonds.marker.symbol == "diamond"
    assert diamonds.y.tolist() == [400.0, 40.0]
    assert diamonds.text.tolist() == ["Override: +300% to 400", "Override: −10 to 40"]
    stems = next(each for each in figure.data if each.mode == "lines" and not each.name)
    assert stems.y[:2] == (100.0, 400.0)
    assert stems.y[2] is None


def test_when_a_final_is_far_above_the_forecast_then_the_axis_has_room_for_it() -> None:
    fan = chart()
    high = pd.DataFrame({"timestamp": fan.future["timestamp"][:1], "value": [900.0]})
    assert charts.fan(chart(overrides=high)).layout.yaxis.range[1] > 900
    assert charts.fan(fan).layout.yaxis.range[1] < 300


def test_when_money_is_shown_then_a_period_without_a_price_has_no_mark() -> None:
    found = marks("revenue")
    assert found["words"].tolist() == ["Override: +300% to €800"]
    assert found["mean"].tolist() == [200.0]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, ""),
        (2, " Overridden: the week of 2 Mar, the week of 9 Mar."),
        (5, " 5 weeks are overridden."),
    ],
)
def test_when_the_chart_is_described_then_it_says_what_is_overridden(
    number: int, words: str
) -> None:
    times = pd.date_range("2026-03-02", periods=number, freq="W-MON")
    assert forecast_overrides.describe(pd.DataFrame({"timestamp": times}), "W") == words


def test_when_nothing_is_overridden_then_the_chart_has_no_legend_of_it() -> None:
    figure = charts.fan(chart())
    before = len(figure.data)
    forecast_overrides.add(figure, marks().head(0))
    assert len(figure.data) == before
