"""From a frame of sales to a forecast in numbers, words, a table and a file."""

import csv
import io
import itertools

import numpy as np
import pandas as pd
import pytest

from data.scope import Freq, Scope
from ui import forecast_words as words
from ui import forecasts, table_files
from ui.forecasts import Outlook

STEP = {"D": "D", "W": "W-MON", "M": "MS"}


def sales(
    values: list[float], freq: Freq = "W", *, start: str = "2023-01-02", last_complete: bool = True
) -> pd.DataFrame:
    """A frame as `data.queries.series` gives it, days as datetime64[us]."""
    start = "2015-01-01" if freq == "M" else start
    times = pd.date_range(start, periods=len(values), freq=STEP[freq]).astype("datetime64[us]")
    frame = pd.DataFrame({"timestamp": times, "quantity": values})
    frame["revenue"] = frame["quantity"] * 2.5
    frame["stockout_share"] = 0.0
    frame["complete"] = True
    frame.loc[frame.index[-1], "complete"] = last_complete
    return frame


def wave(periods: int, season: int) -> list[float]:
    rng = np.random.default_rng(3)
    steps = np.arange(periods)
    level = 100 + 30 * np.sin(2 * np.pi * steps / season)
    return list(np.round(level + rng.normal(0, 3, periods), 1))


def made(frame: pd.DataFrame, freq: Freq = "W", horizon: int = 4, model: str = "theta") -> Outlook:
    return forecasts.outlook(
        frame, freq=freq, measure="quantity", horizon=horizon, model=model, scores=None
    )


def test_when_the_last_period_is_not_over_then_it_is_left_out_of_training() -> None:
    frame = sales([*wave(120, 52), 3.0], last_complete=False)
    outlook = made(frame)
    assert len(outlook.history) == 120
    assert outlook.partial == frame["timestamp"].iloc[-1]
    assert outlook.future["timestamp"].iloc[0] == frame["timestamp"].iloc[-1]


def test_when_all_periods_are_over_then_nothing_is_left_out() -> None:
    outlook = made(sales(wave(120, 52)))
    assert outlook.partial is None
    assert len(outlook.history) == 120


def test_when_last_year_is_aligned_by_week_then_mondays_meet_mondays() -> None:
    outlook = made(sales(wave(120, 52)))
    for row in outlook.future.to_dict("records"):
        before = row["timestamp"] - pd.Timedelta(days=364)
        history = outlook.history.set_index("timestamp")["value"]
        assert before.day_name() == "Monday"
        assert row["last_year"] == history[before]


def test_when_last_year_is_aligned_by_month_then_the_same_month_is_meant() -> None:
    outlook = made(sales(wave(40, 12), "M"), "M", 6)
    first = outlook.future.iloc[0]
    history = outlook.history.set_index("timestamp")["value"]
    assert first["last_year"] == history[first["timestamp"] - pd.DateOffset(years=1)]


def test_when_days_are_aligned_then_weekdays_meet() -> None:
    times = pd.Series(pd.date_range("2026-11-27", periods=3))
    history = pd.DataFrame(
        {"timestamp": pd.date_range("2025-11-01", periods=60), "value": np.arange(60.0)}
    )
    assert forecasts.last_year(history, times, "D").tolist() == [27.0, 28.0, 29.0]


def test_when_the_data_does_not_reach_back_then_last_year_is_not_known() -> None:
    outlook = made(sales(wave(30, 52)))
    assert outlook.future["last_year"].isna().all()
    assert forecasts.growth(outlook.future["mean"], outlook.future["last_year"]) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([5.0], "repeats this value"),
        ([5.0, 7.0, 6.0], "only 3 weeks. The forecast repeats the last value"),
        ([12.0] * 60, "all 60 weeks are 12. The forecast repeats this value"),
        ([0.0] * 60, "all 60 weeks are 0"),
        ([9.0] * 20 + [0.0] * 110, "the last 110 weeks are all zero. The forecast is zero"),
    ],
    ids=["one", "three", "constant", "never", "dead"],
)
def test_when_a_series_is_short_constant_or_dead_then_the_fallback_and_why_are_said(
    values: list[float], said: str
) -> None:
    outlook = made(sales(values), model="ets")
    assert outlook.fallback
    assert outlook.reason
    assert np.isfinite(outlook.future.drop(columns=["timestamp", "last_year"])).all().all()
    text = " ".join(words.in_words(outlook, freq="W", measure="quantity", currency=""))
    assert "Not by ETS" in text
    assert said in text.replace("\\", "")


def test_when_returns_exceed_sales_then_the_forecast_may_be_negative_and_is_still_shown() -> None:
    values = wave(120, 52)
    values[60] = -500.0
    outlook = made(sales(values), model="seasonal_naive")
    frame = words.table(outlook, freq="W", measure="quantity", currency="€")
    assert frame.shape == (6, 5)


def test_when_days_are_unknown_then_they_stay_unknown() -> None:
    frame = sales(wave(80, 7), "D")
    frame.loc[[5, 6, 79], ["quantity", "revenue"]] = np.nan
    history = forecasts.history_of(frame, "quantity")
    assert history["value"].isna().sum() == 2
    assert len(history) == 79
    assert np.isfinite(made(frame, "D", 14).future["mean"]).all()


def test_when_models_are_tested_then_the_best_is_named_with_its_error() -> None:
    frame = sales(wave(160, 52))
    history = forecasts.history_of(frame, "quantity")
    scores = forecasts.backtest(history, "W", 13, ("seasonal_naive", "theta"))
    assert scores is not None
    assert set(scores.index) == {"seasonal_naive", "theta"}
    outlook = forecasts.outlook(
        frame, freq="W", measure="quantity", horizon=13, model="automatic", scores=scores
    )
    assert scores.loc[outlook.model, "wape"] == scores["wape"].min()
    text = words.verdict(outlook, freq="W", horizon=13, automatic=True)
    assert "off in the last 3 × 13 weeks" in text


@pytest.mark.parametrize("values", [wave(30, 52), [0.0] * 160], ids=["short", "zero"])
def test_when_the_past_cannot_be_tested_then_the_page_says_so(values: list[float]) -> None:
    frame = sales(values)
    history = forecasts.history_of(frame, "quantity")
    assert forecasts.backtest(history, "W", 13) is None
    text = words.verdict(made(frame), freq="W", horizon=13, automatic=True)
    assert "too little history" in text


def test_when_values_after_the_cutoff_change_then_earlier_scores_do_not() -> None:
    """No leakage: an incomplete last period must not move the backtest."""
    one = forecasts.history_of(sales([*wave(120, 52), 1.0], last_complete=False), "quantity")
    two = forecasts.history_of(sales([*wave(120, 52), 9e6], last_complete=False), "quantity")
    models = ("seasonal_naive",)
    first, second = (forecasts.backtest(each, "W", 13, models) for each in (one, two))
    pd.testing.assert_frame_equal(first, second)


def test_when_a_table_is_made_then_its_last_column_is_the_sum() -> None:
    outlook = made(sales(wave(120, 52)))
    frame = words.table(outlook, freq="W", measure="revenue", currency="€")
    assert frame.columns[-1] == "4 weeks"
    assert frame.loc["Forecast", "4 weeks"] == f"€{outlook.future['mean'].sum():,.0f}"
    assert frame.columns[0] == f"W{outlook.future['timestamp'].iloc[0].isocalendar().week:02d}"
    assert outlook.total_low < outlook.future["mean"].sum() < outlook.total_high


def test_when_a_file_is_made_then_it_holds_scope_quantiles_and_baseline() -> None:
    outlook = made(sales(wave(120, 52)))
    scope = Scope(dataset_id=1, categories=("=cmd()", "Tea"), product_id=7)
    text = table_files.csv(
        words.file_rows(
            outlook, scope, dataset="Shop", node='Tea "green", 250 g', place="Köln", currency="€"
        )
    ).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4
    assert rows[0]["category"] == "'=cmd() / Tea"
    assert rows[0]["product"] == 'Tea "green", 250 g'
    assert rows[0]["unit"] == "units"
    assert rows[0]["baseline_model"] == "arima"
    assert float(rows[0]["mean"]) == pytest.approx(outlook.future["mean"].iloc[0], abs=0.001)
    for row in rows:
        levels = [value for name, value in row.items() if name.startswith("q0.")]
        assert all(float(a) <= float(b) for a, b in itertools.pairwise(levels))


def test_when_the_best_is_arima_then_the_baseline_is_another() -> None:
    assert made(sales(wave(60, 52)), model="arima").baseline == "theta"


def test_when_festivals_lie_ahead_then_they_are_named_without_holidays() -> None:
    outlook = made(sales(wave(120, 52)))
    day = outlook.future["timestamp"].iloc[1]
    events = pd.DataFrame(
        {
            "name": ["Black *Friday*", "Reformation Day", "Past"],
            "kind": ["festival", "holiday", "festival"],
            "first_day": [day, day, outlook.history["timestamp"].iloc[0]],
        }
    )
    text = words.festivals(events, outlook.future, known=False)
    assert text.startswith("Ahead: Black \\*Friday\\*")
    assert "Reformation" not in text
    assert "Past" not in text
