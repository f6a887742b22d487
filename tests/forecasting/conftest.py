"""Panels that the tests of the library share."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

collect_ignore = ["ray_script.py"]  # a script; it loads Ray, which settles on a token then


def daily_frame(days: int = 120, seed: int = 0) -> pd.DataFrame:
    """Twelve series with a weekly season: busy, slow, gappy, short, constant, dead, negative."""
    rng = np.random.default_rng(seed)
    stamps = pd.date_range("2024-01-01", periods=days, name="timestamp")
    week = 1 + 0.4 * np.sin(2 * np.pi * np.arange(days) / 7)
    series = {f"busy {i}": rng.poisson(30 * (i + 1) * week).astype(float) for i in range(4)}
    series |= {f"slow {i}": rng.poisson(0.3 * (i + 1), days).astype(float) for i in range(2)}
    series["gappy"] = np.where(rng.random(days) < 0.2, np.nan, rng.poisson(20 * week))
    series["short"] = np.where(np.arange(days) < days - 9, np.nan, rng.poisson(9 * week))
    series["single"] = np.where(np.arange(days) < days - 1, np.nan, 4.0)
    series["constant"] = np.full(days, 5.0)
    series["dead"] = np.where(np.arange(days) < 40, rng.poisson(8, days) + 1.0, 0.0)
    series["negative"] = rng.normal(0, 5, days).round(2)
    wide = pd.DataFrame(series, index=stamps).rename_axis(columns="series_id")
    return wide.stack(future_stack=True).rename("target").reset_index().dropna()


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return daily_frame()


@pytest.fixture(scope="session")
def panel(frame: pd.DataFrame) -> fc.Panel:
    return fc.Panel.from_frame(frame, freq="D")
