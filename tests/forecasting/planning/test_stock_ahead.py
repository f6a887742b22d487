"""Stock to come adds up day by day, and a forecast can be looked at from a later day."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.planning import Items, starting, stock_ahead
from tests.forecasting.planning.test_orders import items_of, normal_forecast


def certain(means: list[float], *, freq: str = "D") -> fc.Forecast:
    """One series that is known to sell these amounts."""
    values = np.array([means])
    times = pd.date_range("2026-11-02", periods=len(means), freq=freq)
    return fc.Forecast(
        mean=values,
        quantiles=np.repeat(values[:, :, None], 3, axis=2),
        quantile_levels=(0.1, 0.5, 0.9),
        series_ids=pd.Index(["s0"]),
        timestamps=times,
        cutoff=times[0] - (times[1] - times[0]),
    )


def item(forecast: fc.Forecast, **columns: object) -> Items:
    return Items.from_frame(items_of(forecast, **columns), forecast.series_ids)


def test_when_demand_is_certain_then_stock_is_what_came_less_what_sold() -> None:
    forecast = certain([10.0] * 10)
    due = pd.DataFrame({"timestamp": [pd.Timestamp("2026-11-04")], "quantity": [15.0]})
    found = stock_ahead(
        forecast, item(forecast, on_hand=25.0, lead_time_days=5.0), quantity=40.0, on_order=due
    )
    # 25 on 1 Nov; ten sell a day; 15 come on the 4th, 40 ordered come on the 7th.
    assert found.without.tolist() == [15, 5, 10, 0, 0, 0, 0, 0, 0, 0]
    assert found.with_order.tolist() == [15, 5, 10, 0, 0, 30, 20, 10, 0, 0]
    assert found.arrives == pd.Timestamp("2026-11-07")
    assert found.days[0] == pd.Timestamp("2026-11-02")


def test_when_steps_are_weeks_then_their_demand_is_spread_over_days() -> None:
    forecast = certain([70.0, 70.0], freq="W-MON")
    found = stock_ahead(forecast, item(forecast, on_hand=35.0), quantity=0.0, days=9)
    assert len(found.days) == 9
    np.testing.assert_allclose(found.without[:4], [25, 15, 5, 0])


def test_when_demand_varies_then_the_band_holds_the_middle_and_repeats_by_seed() -> None:
    forecast = normal_forecast(np.array([100.0]))
    one = item(forecast, on_hand=1500.0, lead_time_days=4.0, lead_time_sd_days=2.0)
    found = stock_ahead(forecast, one, quantity=500.0)
    assert (found.with_low <= found.with_order + 1e-9).all()
    assert (found.with_order <= found.with_high + 1e-9).all()
    again = stock_ahead(forecast, one, quantity=500.0)
    np.testing.assert_array_equal(found.with_order, again.with_order)


def test_when_stock_is_not_known_then_it_is_refused() -> None:
    forecast = certain([1.0, 1.0])
    with pytest.raises(fc.PanelError, match="known stock"):
        stock_ahead(forecast, item(forecast, on_hand=np.nan), quantity=1.0)


def test_when_a_forecast_is_looked_at_later_then_what_passed_is_gone() -> None:
    forecast = certain([7.0, 14.0, 21.0, 28.0], freq="W-MON")
    assert starting(forecast, pd.Timestamp("2026-11-02")) is forecast
    moved = starting(forecast, pd.Timestamp("2026-11-09"))
    assert moved.mean.tolist() == [[14, 21, 28]]
    assert moved.timestamps[0] == pd.Timestamp("2026-11-09")
    midweek = starting(forecast, pd.Timestamp("2026-11-12"))  # three days into the second week
    np.testing.assert_allclose(midweek.mean, [[17.0, 24.0]])
    assert midweek.timestamps.tolist() == [pd.Timestamp("2026-11-12"), pd.Timestamp("2026-11-19")]
    assert midweek.cutoff == pd.Timestamp("2026-11-05")
    with pytest.raises(fc.PanelError, match="has passed"):
        starting(forecast, pd.Timestamp("2026-11-23"))
