"""The walk gives the paths of `Forecast.sample`, a step at a time."""

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.planning.walk import walk

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def test_when_walked_then_steps_have_the_forecast_s_quantiles_and_correlation() -> None:
    rng = np.random.default_rng(0)
    ladder = np.sort(rng.gamma(2.0, 10.0, size=(4, 6, 5)), axis=-1)
    forecast = fc.Forecast(
        mean=ladder.mean(axis=-1),
        quantiles=ladder,
        quantile_levels=LEVELS,
        series_ids=pd.RangeIndex(4),
        timestamps=pd.date_range("2026-11-01", periods=6),
        cutoff=pd.Timestamp("2026-10-31"),
        step_correlation=0.7,
    )
    steps = walk(ladder, LEVELS, 20_000, step_correlation=0.7, rng=np.random.default_rng(1))
    paths = np.stack(list(steps), axis=-1)
    sampled = forecast.sample(20_000, seed=2)
    np.testing.assert_allclose(
        np.quantile(paths, LEVELS, axis=1),
        np.quantile(sampled, LEVELS, axis=1),
        rtol=0.03,
        atol=0.4,
    )
    ours, theirs = (np.corrcoef(each[0].T)[0, 1] for each in (paths, sampled))
    assert abs(ours - theirs) < 0.03
    assert (paths >= 0).all()
