"""Drivers add up to the forecast, and say what moves it: on series made so that we know."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from data.scope import Freq, Scope
from engine.requests import PanelSpec
from tests.ui.test_forecasts import sales, wave
from ui import charts, driver_chart, forecast_drivers, forecast_words, forecasts
from ui.forecast_drivers import COLUMNS, LEVEL, Drivers

WEEKS = pd.date_range("2023-01-02", periods=130, freq="W-MON")
HORIZON = 6
SPEC = PanelSpec(freq="W-MON", known_covariates=("price", "promo"))


def parts(found: Drivers) -> np.ndarray:
    return found.frame[[LEVEL, *COLUMNS]].sum(axis=1).to_numpy()


@pytest.mark.parametrize("freq", ["D", "W", "M"])
@pytest.mark.parametrize("model", ["seasonal_naive", "theta"])
def test_when_a_simple_forecast_is_explained_then_drivers_add_up_to_it(
    freq: Freq, model: str
) -> None:
    season = {"D": 7, "W": 52, "M": 12}[freq]
    history = forecasts.history_of(sales(wave(3 * season, season), freq), "quantity")
    made = forecasts.forecast(forecasts.panel_of(history, freq), model, HORIZON)
    mean = pd.Series(made.mean[0], index=made.timestamps)
    found = forecast_drivers.of_simple(history, freq, model, mean)
    assert parts(found) == pytest.approx(made.mean[0])
    assert (found.explained, found.series, found.share) == (1, 1, 1.0)
    assert "promotion" not in found.present
    text = forecast_words.drivers(found, "quantity", "", freq)
    assert "no event, price or promotion moves it" in text


@pytest.mark.parametrize("values", [[5.0], [0.0] * 60, [9.0] * 20 + [0.0] * 110])
def test_when_a_series_is_too_poor_to_explain_then_all_of_it_is_level(values: list[float]) -> None:
    history = forecasts.history_of(sales(values), "quantity")
    made = forecasts.forecast(forecasts.panel_of(history, "W"), "theta", HORIZON)
    mean = pd.Series(made.mean[0], index=made.timestamps)
    found = forecast_drivers.of_simple(history, "W", "theta", mean)
    assert parts(found) == pytest.approx(made.mean[0])


@pytest.fixture(scope="module")
def promoted() -> tuple[fc.Forecaster, fc.Panel, pd.DataFrame, pd.DataFrame]:
    """Boosting on eight products that sell double in a promotion; one is planned for week 3."""
    rng = np.random.default_rng(5)
    stamps = WEEKS.append(pd.date_range(WEEKS[-1], periods=HORIZON + 1, freq="W-MON")[1:])
    frames = []
    for number in range(8):
        promo = (rng.random(len(stamps)) < 0.12).astype(float)
        promo[len(WEEKS) :] = 0.0
        promo[len(WEEKS) + 2] = 1.0
        price = np.full(len(stamps), 2.0 + number)
        level = 40.0 + 10 * number
        target = np.round(level * (1 + promo) + rng.normal(0, 2, len(stamps)))
        frames.append(
            pd.DataFrame(
                {
                    "series_id": str(number),
                    "timestamp": stamps,
                    "target": target,
                    "price": price,
                    "promo": promo,
                }
            )
        )
    whole = pd.concat(frames, ignore_index=True)
    is_past = whole["timestamp"] <= WEEKS[-1]
    panel = SPEC.of(whole[is_past])
    future = whole[~is_past].drop(columns="target")
    model = fc.create("gbm", horizon=HORIZON, seed=0).fit(panel)
    made = model.predict(panel, known_future=future)
    mean = pd.DataFrame(made.mean.T, index=made.timestamps, columns=made.series_ids)
    return model, panel, future, mean


def test_when_a_promotion_is_planned_then_it_is_the_driver_of_its_week(
    promoted: tuple[fc.Forecaster, fc.Panel, pd.DataFrame, pd.DataFrame],
) -> None:
    model, panel, future, mean = promoted
    told: list[float] = []
    found = forecast_drivers.of_run(model, panel, future, mean, told.append)
    assert parts(found) == pytest.approx(mean.sum(axis=1).to_numpy())
    week, rest = found.frame.iloc[2], found.frame.drop(index=2)
    assert week[list(COLUMNS)].astype(float).idxmax() == "promotion"
    assert week["promotion"] > 0.6 * 600  # of the 600 that it adds to the level
    assert rest["promotion"].abs().max() < 0.1 * week["promotion"]
    assert told[0] == 0.0
    alt = driver_chart.describe(found, Scope(dataset_id=1), "")
    assert "the largest is promotion, +" in alt


def test_when_only_the_largest_are_explained_then_the_rest_counts_like_them(
    promoted: tuple[fc.Forecaster, fc.Panel, pd.DataFrame, pd.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, panel, future, mean = promoted
    monkeypatch.setattr(forecast_drivers, "MOST", 3)
    found = forecast_drivers.of_run(model, panel, future, mean, lambda share: None)
    assert parts(found) == pytest.approx(mean.sum(axis=1).to_numpy())
    assert (found.explained, found.series) == (3, 8)
    largest = mean.sum().nlargest(3)
    assert found.share == pytest.approx(largest.sum() / mean.sum().sum(), rel=0.02)
    text = forecast_words.drivers(found, "quantity", "", "W")
    assert "worked out for the 3 largest of 8 series" in text


def test_when_the_work_is_not_wanted_any_more_then_it_ends_between_two_batches(
    promoted: tuple[fc.Forecaster, fc.Panel, pd.DataFrame, pd.DataFrame],
) -> None:
    model, panel, future, mean = promoted

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forecast_drivers.of_run(model, panel, future, mean, stop)


def drawn(found: Drivers | None) -> tuple[charts.Fan, object]:
    history = forecasts.history_of(sales(wave(130, 52)), "quantity")
    times = WEEKS[-1] + pd.to_timedelta(np.arange(1, 4) * 7, unit="D")
    future = pd.DataFrame({"timestamp": times, "mean": [120.0, 130.0, 110.0]})
    for level in (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975):
        future[f"q{level}"] = future["mean"] * (0.5 + level)
    chart = charts.Fan(history=history, future=future, freq="W", measure="quantity", currency="")
    figure = charts.fan(chart, height=360)
    driver_chart.below(figure, found, Scope(dataset_id=1), "")
    return chart, figure


def test_when_drivers_are_drawn_then_one_axis_of_time_and_room_for_every_bar() -> None:
    chart, _ = drawn(None)
    values = {name: [0.0, 0.0, 0.0] for name in COLUMNS}
    values |= {"promotion": [40.0, 0.0, 0.0], "season": [-10.0, 20.0, -5.0]}
    frame = pd.DataFrame(
        {"timestamp": chart.future["timestamp"], "level": [90.0, 110.0, 115.0], **values}
    )
    found = Drivers(frame=frame, series=1, explained=1, share=1.0)
    _, figure = drawn(found)
    assert {trace.xaxis or "x" for trace in figure.data} == {"x"}
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == ["Season", "Promotion"]
    assert bars[1].hovertext[:2] == ("Promotion: +40", "Promotion: 0")
    assert bars[0].hovertext[0] == f"Season: {chr(0x2212)}10"
    low, high = figure.layout.yaxis2.range
    assert low < -10
    assert high > 40
    assert any("Level: 90" in (trace.text or ()) for trace in figure.data)


def test_when_drivers_are_not_known_yet_then_their_place_is_kept() -> None:
    _, waiting = drawn(None)
    assert waiting.layout.height == driver_chart.HEIGHT
    assert waiting.layout.yaxis.domain == driver_chart.FAN
