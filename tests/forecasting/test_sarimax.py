"""sarimax: known covariates are read, ahead and behind, and nothing else of the future."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

DAYS, HORIZON = 150, 14


def promoted(effect: float = 30.0) -> tuple[fc.Panel, pd.DataFrame]:
    """A panel whose promotions add `effect`, and the plan of the next days."""
    rng = np.random.default_rng(2)
    promo = (rng.random(DAYS + HORIZON) < 0.25).astype(float)
    frame = pd.DataFrame(
        {
            "series_id": "a",
            "timestamp": pd.date_range("2024-01-01", periods=DAYS + HORIZON),
            "target": 50 + effect * promo + rng.normal(0, 2, DAYS + HORIZON),
            "promo": promo,
            "useless": 1.0,
        }
    )
    known = ["promo", "useless"]
    past = fc.Panel.from_frame(frame.head(DAYS), freq="D", known_covariates=known)
    return past, frame.tail(HORIZON)


def test_when_a_promotion_is_planned_then_the_forecast_rises_with_it() -> None:
    panel, future = promoted()
    forecast = fc.create("sarimax", horizon=HORIZON).fit(panel).predict(panel, known_future=future)
    assert not forecast.notes
    np.testing.assert_allclose(forecast.mean[0], 50 + 30 * future["promo"], atol=4)
    turned = future.assign(promo=1 - future["promo"])
    other = fc.create("sarimax", horizon=HORIZON).fit(panel).predict(panel, known_future=turned)
    np.testing.assert_allclose(other.mean[0], 80 - 30 * future["promo"], atol=4)


def test_when_the_plan_is_missing_then_it_is_asked_for() -> None:
    panel, future = promoted()
    model = fc.create("sarimax", horizon=HORIZON).fit(panel)
    with pytest.raises(fc.PanelError, match="'promo', 'useless'"):
        model.predict(panel)
    hole = future.assign(promo=future["promo"].where(future.index != DAYS + 3))
    with pytest.raises(fc.PanelError, match=r"'promo' for 1 rows of series 'a'"):
        model.predict(panel, known_future=hole)


def test_when_backtested_then_known_covariates_win() -> None:
    panel, future = promoted()
    whole = pd.concat([panel.to_frame(), future])
    long = fc.Panel.from_frame(whole, freq="D", known_covariates=["promo", "useless"])
    result = fc.backtest(long, ["sarimax", "seasonal_naive"], horizon=HORIZON)
    board = result.leaderboard().set_index("model")
    assert board.loc["sarimax", "WQL"] < 0.3 * board.loc["seasonal_naive", "WQL"]


def test_when_there_are_gaps_then_they_stay_gaps() -> None:
    panel, future = promoted()
    frame = panel.to_frame()
    frame.loc[40:60, "target"] = np.nan
    gappy = fc.Panel.from_frame(frame, freq="D", known_covariates=["promo", "useless"])
    forecast = fc.create("sarimax", horizon=HORIZON).fit(gappy).predict(gappy, known_future=future)
    np.testing.assert_allclose(forecast.mean[0], 50 + 30 * future["promo"], atol=5)
