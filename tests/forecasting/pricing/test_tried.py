"""Past prices freed of season and level stand on the curve of today."""

import numpy as np
import pandas as pd
import pytest

from forecasting.elasticity import elasticities
from forecasting.pricing import tried_prices
from forecasting.promotions import Grid


def test_when_prices_were_tried_in_other_seasons_then_ratios_follow_the_elasticity() -> None:
    rng = np.random.default_rng(0)
    weeks, parts = 160, []
    season = 1 + 0.6 * np.sin(np.arange(weeks) * 2 * np.pi / 52)
    for number in range(8):
        price = np.where(np.arange(weeks) % 40 < 20, 10.0, 8.0)
        price = np.roll(price, 7 * number)
        parts.append(
            pd.DataFrame(
                {
                    "series_id": number, "product": number, "group": "tea",
                    "timestamp": pd.date_range("2023-01-02", periods=weeks, freq="7D"),
                    "target": rng.poisson(80 * season * (price / 10) ** -2.0).astype(float),
                    "price": price, "promo": 0.0,
                }
            )
        )  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    found = elasticities(rows.drop(columns="promo"), freq_days=7)
    tried = tried_prices(Grid.of(rows, freq_days=7), found.products, halo=1)
    wide = tried.pivot(index="product", columns="price", values="ratio")
    assert wide.shape == (8, 2)
    assert (wide[8.0] / wide[10.0]).mean() == pytest.approx((8 / 10) ** -2, rel=0.05)
    assert tried.groupby("product")["days"].sum().eq(weeks * 7).all()
    assert tried["last"].max() == rows["timestamp"].max()
