"""A small shop with promotions whose effects are known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

DAYS = 400
UPLIFT, DIP, TAKEN, ELASTICITY = 1.5, 0.8, -0.4, -2.0


def built(
    *, products: int = 8, groups: int = 4, rate: float = 60.0, taken: float = TAKEN, seed: int = 0
) -> pd.DataFrame:
    """Daily sales; a promotion is 10 days, 20 % off, twice as often as once in 60 days."""
    rng = np.random.default_rng(seed)
    day = np.arange(DAYS)
    season = 1 + 0.3 * np.sin(day * 2 * np.pi / 365)
    promo = np.zeros((groups * products, DAYS), dtype=bool)
    for flags in promo:
        for start in np.cumsum(rng.integers(50, 90, 8)):
            flags[start : start + 10] = True
    parts = []
    for number, flags in enumerate(promo):
        group = number // products
        members = promo[group * products : (group + 1) * products]
        share = (members.sum(axis=0) - flags) / (products - 1)
        after = np.zeros(DAYS, dtype=bool)
        for end in np.flatnonzero(np.diff(flags.astype(int)) == -1):
            after[end + 1 : end + 8] = True
        price = np.where(flags, 8.0, 10.0)
        mean = rate * season * (price / 10) ** ELASTICITY * np.where(flags, UPLIFT, 1.0)
        mean = mean * np.where(after & ~flags, DIP, 1.0) * np.exp(taken * share)
        parts.append(
            pd.DataFrame(
                {
                    "series_id": number,
                    "product": f"p{number:02d}",
                    "group": f"g{group}",
                    "timestamp": pd.date_range("2025-01-01", periods=DAYS),
                    "target": rng.poisson(mean).astype(float),
                    "price": price,
                    "promo": flags.astype(float),
                    "truth": mean,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="session")
def make() -> Callable[..., pd.DataFrame]:
    return built


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return built()
