"""What a policy from forecasts would have held: its levels at every review of the past.

At each review the model sees what had been sold by then and nothing later; it is not trained again.
For an honest replay it was trained before the first review. Shape suffixes: B items, R reviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.errors import ConfigError
from forecasting.panel import Panel
from forecasting.planning.items import Items
from forecasting.planning.orders import plan_orders
from forecasting.planning.replay import Policy
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
    horizon, levels = model.config.horizon, []
    for number, review in enumerate(reviews):
        at = int(panel.timestamps.get_indexer(pd.DatetimeIndex([review]))[0])
        if at < 1:
            raise ConfigError(f"A review at {review} has no past in the panel. Begin later.")
        past = panel.until(panel.timestamps[at - 1])
        forecast = model.predict(past, known_future=_ahead(panel, at, horizon))
        if step_correlation is not None:
            forecast = replace(forecast, step_correlation=step_correlation)
        known = items.assign(on_hand=0.0)
        plan = plan_orders(
            forecast, Items.from_frame(known, forecast.series_ids), num_paths=num_paths, seed=seed
        )
        found = plan.lines.set_index("series_id")["order_up_to"]
        levels.append(found.reindex(panel.series_ids).to_numpy(dtype=np.float64))
        if on_review is not None:
            on_review(number + 1, len(reviews))
    return np.nan_to_num(np.stack(levels))


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
