"""How sales answer prices and promotions by what was measured, day by day.

Shape suffixes: B series, D days.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import PanelError
from forecasting.scenarios.daily import DailyPlan

HALO_DAYS = 7  # before and after a promotion, in which people wait for it or have bought
_COLUMNS = ("elasticity", "error", "uplift", "uplift_error", "after", "before")


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """Slopes of log sales (B,); NaN where nothing is known."""

    elasticity: FloatArray  # per log of price
    error: FloatArray
    uplift: FloatArray  # of an announced promotion, beside its price
    uplift_error: FloatArray
    after: FloatArray  # of the days after one
    before: FloatArray

    @classmethod
    def of(cls, table: pd.DataFrame, series_ids: pd.Index) -> "Response":
        """From rows of series_id with these columns, logs all; columns may be missing."""
        if "series_id" not in table:
            raise PanelError("The responses have no column series_id.")
        found = table.set_index("series_id").reindex(series_ids)
        nothing = np.full(len(series_ids), np.nan)
        columns = {
            name: found[name].to_numpy(float) if name in found else nothing for name in _COLUMNS
        }
        return cls(**columns)

    def only(self, rows: BoolArray) -> "Response":
        """Of some series."""
        return Response(**{name: getattr(self, name)[rows] for name in _COLUMNS})


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """How many times as much sells (B, D), and the moves that its unsure slopes answer."""

    factor: FloatArray  # all of it
    direct: FloatArray  # without the days around promotions
    price_move: FloatArray  # of log price
    promo_move: FloatArray


def own_moves(
    plan: DailyPlan, edited: DailyPlan, response: Response
) -> tuple[FloatArray, FloatArray]:
    """Log of sales (B, D) that the own price brings, and that an own promotion does."""
    price = _slope(response.elasticity) * _price_move(plan, edited)
    return price, _slope(response.uplift) * (edited.promo - plan.promo)


def _price_move(plan: DailyPlan, edited: DailyPlan) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(np.log(edited.price) - np.log(plan.price)))


def answer(plan: DailyPlan, edited: DailyPlan, response: Response) -> Answer:
    """What the edited plan sells, in multiples of the plan."""
    price, promo = _price_move(plan, edited), edited.promo - plan.promo
    with np.errstate(invalid="ignore", divide="ignore"):
        times = np.where(plan.demand > 0, edited.demand / plan.demand, 0.0)
    by_price, by_promo = own_moves(plan, edited, response)
    direct = np.exp(by_price + by_promo) * times
    if not promo.any():
        return Answer(factor=direct, direct=direct, price_move=price, promo_move=promo)
    after, before = _around(edited.promo), _around(edited.promo[:, ::-1])[:, ::-1]
    after_was, before_was = _around(plan.promo), _around(plan.promo[:, ::-1])[:, ::-1]
    halo = _slope(response.after) * (after - after_was)
    halo = halo + _slope(response.before) * (before - before_was)
    return Answer(factor=direct * np.exp(halo), direct=direct, price_move=price, promo_move=promo)


def _slope(values: FloatArray) -> FloatArray:
    return np.nan_to_num(values)[:, None]


def _around(promo: FloatArray) -> FloatArray:
    """Days (B, D) without promotion that have one among the `HALO_DAYS` before them."""
    total = np.cumsum(promo, axis=1)
    earlier = np.zeros_like(total)
    reach = HALO_DAYS + 1
    earlier[:, reach:] = total[:, :-reach]
    return ((total - promo - earlier > 0) & (promo == 0)).astype(np.float64)


def unknown_prices(plan: DailyPlan, edited: DailyPlan, response: Response) -> int:
    """How many series have a new price that no measured elasticity answers."""
    with np.errstate(invalid="ignore"):
        moved = (np.abs(edited.price - plan.price) > 1e-9).any(axis=1)
    return int((moved & ~np.isfinite(response.elasticity)).sum())


def widened(response: Response, rows: BoolArray, times: float) -> Response:
    """The response with a larger error of the elasticity in some series."""
    return replace(response, error=np.where(rows, response.error * times, response.error))
