"""What stays the same from one scenario to the next: the plan, prices, costs and elasticities."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture
from forecasting.panel import Panel
from forecasting.scenarios.changes import Change

MEASURES = ("units", "revenue", "margin")


class Answering(Protocol):
    """What a scenario asks: a fitted model, or several as one."""

    @property
    def name(self) -> str: ...

    @property
    def uses_known_covariates(self) -> bool: ...

    @property
    def config(self) -> Any: ...  # with its horizon

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What does not change from one scenario to the next."""

    planned: FloatArray  # (B, H, K)
    price_at: int | None  # column of the price
    cost: FloatArray  # (B, H), NaN where not known
    elasticity: FloatArray  # (B,), NaN where not known
    error: FloatArray  # (B,)
    seen: tuple[FloatArray, FloatArray]  # lowest and highest price (B,) so far

    @classmethod
    def of(
        cls,
        panel: Panel,
        planned: FloatArray,
        price: str | None,
        unit_cost: pd.Series | None,
        elasticity: pd.DataFrame | None,
    ) -> "Setting":
        count, horizon = planned.shape[:2]
        at = panel.known_names.index(price) if price in panel.known_names else None
        unknown = np.full(count, np.nan)
        cost = unknown if unit_cost is None else unit_cost.reindex(panel.series_ids).to_numpy(float)
        found, error = unknown, unknown
        if elasticity is not None:
            table = elasticity.set_index("series_id").reindex(panel.series_ids)
            found, error = table["elasticity"].to_numpy(float), table["error"].to_numpy(float)
        seen = (unknown, unknown)
        if at is not None:
            past = pd.DataFrame(panel.known_covariates[:, :, at])
            seen = (past.min(axis=1).to_numpy(float), past.max(axis=1).to_numpy(float))
        return cls(
            planned=planned,
            price_at=at,
            cost=np.repeat(cost[:, None], horizon, axis=1),
            elasticity=found,
            error=error,
            seen=seen,
        )

    def only(self, rows: BoolArray) -> "Setting":
        """Of some series."""
        return Setting(
            planned=self.planned[rows],
            price_at=self.price_at,
            cost=self.cost[rows],
            elasticity=self.elasticity[rows],
            error=self.error[rows],
            seen=(self.seen[0][rows], self.seen[1][rows]),
        )

    def price(self, future: FloatArray) -> FloatArray:
        """Prices (B, H), NaN where there are none."""
        if self.price_at is None:
            return np.full(future.shape[:2], np.nan)
        return future[:, :, self.price_at]


def means(
    setting: Setting, forecast: Forecast, future: FloatArray, cost: FloatArray
) -> dict[str, FloatArray]:
    """Expected units, revenue and margin (B, H); money NaN where price or cost is not known."""
    price = setting.price(future)
    units = forecast.mean
    return {"units": units, "revenue": units * price, "margin": units * (price - cost)}


def scaled(forecast: Forecast, cells: BoolArray, change: Change) -> Forecast:
    """The forecast with its demand changed in some cells, never below zero."""
    mean = np.where(cells, np.maximum(change.of(forecast.mean), 0.0), forecast.mean)
    quantiles = np.maximum(change.of(forecast.quantiles), 0.0)
    return replace(
        forecast, mean=mean, quantiles=np.where(cells[:, :, None], quantiles, forecast.quantiles)
    )


def times(forecast: Forecast, factor: FloatArray) -> Forecast:
    return replace(
        forecast, mean=forecast.mean * factor, quantiles=forecast.quantiles * factor[:, :, None]
    )
