"""A small contest: six daily series with a gap, a late start and a hole in the last window."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from benchmarks.accuracy.contest import Contest

STEPS, HORIZON = 120, 7


@pytest.fixture
def sales() -> pd.DataFrame:
    """Long frame with price known ahead; `e` starts at step 30, `f` after the first cutoff."""
    rng = np.random.default_rng(0)
    starts = {"a": 0, "b": 0, "c": 0, "d": 0, "e": 30, "f": STEPS - 10}
    frames = []
    for k, (name, start) in enumerate(starts.items()):
        steps = np.arange(start, STEPS)
        values = (k + 1) * (10 + 3 * np.sin(2 * np.pi * steps / 7)) + rng.normal(0, 1, len(steps))
        stamps = pd.date_range("2024-01-01", periods=STEPS)[steps]
        frame = pd.DataFrame({"series_id": name, "timestamp": stamps, "target": values.round(2)})
        frames.append(frame.assign(price=1.0 + steps % 5, shop="x" if k % 2 else "y"))
    long = pd.concat(frames, ignore_index=True)
    missing = pd.to_datetime(["2024-02-10", "2024-04-28"])
    holes = (long["series_id"] == "b") & long["timestamp"].isin(missing)
    return long[~holes]


@pytest.fixture
def contest(sales: pd.DataFrame) -> Contest:
    panel = fc.Panel.from_frame(sales, "D", known_covariates=["price"], static_features=["shop"])
    made = Contest(name="small", title="small", panel=panel, horizon=HORIZON, input_size=14)
    return made.entered()
