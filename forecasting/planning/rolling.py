"""What a policy from forecasts would have held: its levels at every review of the past.

At each review the model sees what had been sold by then and nothing later; it is not trained again.
For an honest replay it was trained before the first review. Shape suffixes: B items, R reviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray, IntArray
from forecasting.errors import ConfigError
from forecasting.panel import Panel
from forecasting.planning.items import Items
from forecasting.planning.orders import order_up_to
from forecasting.planning.replay import Policy, replay
from forecasting.planning.service import Asked, Service
from forecasting.protocol import Forecaster


def review_levels(
    model: Forecaster,
    panel: Panel,
    items: pd.DataFrame,
    reviews: Sequence[pd.Timestamp],
    *,
    num_paths: int = 500,
    step_correlation: float | None = None,
    seed: int = 0,
    on_review: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """The order-up-to level (R, B) of each series at the start of each review's period.

    `items` is as `plan_orders` takes it; stock says nothing here. A review at a timestamp sees the
    panel until the one before it, and the known covariates ahead. `step_correlation` is that of
    neighbouring steps, where tests have measured it; else the forecast's own. `on_review` gets the
    reviews done and all. Raises `ConfigError` for a review that has no past.
    """
    return levels_asked(
        model, panel, items, reviews, asked=(None,), num_paths=num_paths,
        step_correlation=step_correlation, seed=seed, on_review=on_review,
    )[0]  # fmt: skip


def levels_asked(
    model: Forecaster,
    panel: Panel,
    items: pd.DataFrame,
    reviews: Sequence[pd.Timestamp],
    *,
    asked: Sequence[Asked],
    num_paths: int = 500,
    step_correlation: float | None = None,
    seed: int = 0,
    on_review: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """`review_levels` (A, R, B) for several services; arrays (B,) of them go by the panel."""
    horizon, levels = model.config.horizon, []
    for number, review in enumerate(reviews):
        at = int(panel.timestamps.get_indexer(pd.DatetimeIndex([review]))[0])
        if at < 1:
            raise ConfigError(f"A review at {review} has no past in the panel. Begin later.")
        past = panel.until(panel.timestamps[at - 1])
        forecast = model.predict(past, known_future=_ahead(panel, at, horizon))
        if step_correlation is not None:
            forecast = changed(forecast, step_correlation=step_correlation)
        known = Items.from_frame(items, forecast.series_ids)
        rows = forecast.series_ids.get_indexer(panel.series_ids)
        own = panel.series_ids.get_indexer(forecast.series_ids)
        of_forecast = [_of_rows(each, own) for each in asked]
        found = order_up_to(forecast, known, asked=of_forecast, num_paths=num_paths, seed=seed)
        levels.append(np.where(rows >= 0, found[:, rows], 0.0))
        if on_review is not None:
            on_review(number + 1, len(reviews))
    return np.stack(levels, axis=1)


def _of_rows(asked: Asked, rows: IntArray) -> Asked:
    if isinstance(asked, Service) and isinstance(asked.level, np.ndarray):
        return changed(asked, level=asked.level[rows])
    return asked[rows] if isinstance(asked, np.ndarray) else asked


@dataclass(frozen=True, kw_only=True, eq=False)
class ServiceCurve:
    """What was served in the past when a service level was asked for, by group of items.

    Bands of sums that are a little too wide, levels that fall while the stock is still there, and
    packs all make a policy serve more than it was asked for. Asking for less puts that right.
    """

    asked: FloatArray  # (A,), ascending
    served: FloatArray  # (G, A): share of units, never falling
    groups: IntArray  # (B,): row of `served` of each item

    def to_ask(self, wanted: float) -> FloatArray:
        """The level (B,) to ask for, so that `wanted` is served; within what was tried."""
        found = [np.interp(wanted, row, self.asked) for row in self.served]
        return np.array(found)[self.groups]


def service_curve(
    model: Forecaster,
    panel: Panel,
    items: pd.DataFrame,
    reviews: Sequence[pd.Timestamp],
    *,
    lead_steps: IntArray,
    review_steps: int,
    asked: Sequence[float] = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995),
    num_groups: int = 3,
    num_paths: int = 200,
    warm_up: int = 0,
    on_review: Callable[[int, int], None] | None = None,
) -> ServiceCurve:
    """Replay the past at several fill rates, in groups of items of alike volume.

    Groups hold as much of the sales as others, so that few large items are one and many small ones
    another. `items` as for `review_levels`; `lead_steps` (B,) and `review_steps` as for `replay`,
    of which the steps before `warm_up` are not counted. What is served is that of the panel from
    the first review to its end.
    """
    start = int(panel.timestamps.get_indexer(pd.DatetimeIndex([reviews[0]]))[0])
    demand = panel.target[:, start:]
    groups = _by_volume(np.nansum(demand, axis=1), num_groups)
    served = np.empty((num_groups, len(asked)))
    filled = items.assign(target="fill")
    every = levels_asked(
        model, panel, filled, reviews, asked=asked, num_paths=num_paths, on_review=on_review
    )
    for column, levels in enumerate(every):
        found = replay(
            demand,
            up_to_by_review(levels, review_steps=review_steps),
            stock=levels[0],
            lead_steps=lead_steps,
            review_steps=review_steps,
            warm_up=warm_up,
        )
        for group in range(num_groups):
            rows = groups == group
            sold = max(float(found.demand[rows].sum()), 1e-9)
            served[group, column] = 1.0 - float(found.lost[rows].sum()) / sold
    rising = np.maximum.accumulate(served, axis=1) + np.arange(len(asked)) * 1e-9
    return ServiceCurve(asked=np.array(asked), served=rising, groups=groups)


def _by_volume(sold: FloatArray, num_groups: int) -> IntArray:
    """The group (B,) of each item; 0 holds the smallest, as much of the sales as any other."""
    order = np.argsort(sold, kind="stable")
    share = np.cumsum(sold[order]) / max(float(sold.sum()), 1e-9)
    groups = np.empty(len(sold), dtype=np.intp)
    groups[order] = np.minimum((share * num_groups - 1e-9).astype(np.intp), num_groups - 1)
    return groups


def up_to_by_review(levels: FloatArray, *, review_steps: int) -> Policy:
    """The policy that brings stock and orders up to the level (R, B) of each review in turn."""

    def policy(step: int, stock: FloatArray, coming: FloatArray) -> FloatArray:
        wanted = levels[min(step // review_steps, len(levels) - 1)]
        return np.asarray(wanted - stock - coming.sum(axis=1))

    return policy


def _ahead(panel: Panel, at: int, horizon: int) -> FloatArray:
    """Known covariates (B, H, K) from a step on; past the end of the panel the last ones go on."""
    steps = np.minimum(np.arange(at, at + horizon), panel.length - 1)
    return panel.known_covariates[:, steps].astype(np.float64)
