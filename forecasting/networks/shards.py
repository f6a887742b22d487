"""Predictions of very many series: as tasks of the Ray cluster that this process has joined.

The panel and the network lie once in the memory of each machine; a task is told which series are
its own.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from forecasting.arrays import FloatArray, IntArray
from forecasting.forecast import Forecast
from forecasting.panel import Panel
from forecasting.progress import Reporter
from forecasting.ray_tasks import is_driver, run_on_ray

SHARD = 8 * 1024  # series; whole batches of a prediction, so that its numbers are the same

Predict = Callable[[Panel, FloatArray], Forecast]


def are_worth_it(series: int) -> bool:
    """Whether there are enough series, and a cluster to share them."""
    return series > SHARD and is_driver()


def predict_in_shards(predict: Predict, panel: Panel, ahead: FloatArray) -> Forecast:
    """The forecast of the panel; `ahead` are its known covariates (N, H, K) after the cutoff."""
    positions = np.arange(panel.num_series)
    shards = [positions[start : start + SHARD] for start in range(0, len(positions), SHARD)]
    found = run_on_ray(
        partial(_predict_shard, predict, panel, ahead),
        shards,
        reporter=Reporter(None, "", len(shards)),
        deadline=None,
        chunk=1,
    )
    return joined([each for each in found if each is not None])


def joined(parts: Sequence[Forecast]) -> Forecast:
    """The forecast of all series, from those of some each by the same model."""
    first, *others = parts
    return Forecast(
        mean=np.concatenate([each.mean for each in parts]),
        quantiles=np.concatenate([each.quantiles for each in parts]),
        quantile_levels=first.quantile_levels,
        series_ids=first.series_ids.append([each.series_ids for each in others]),
        timestamps=first.timestamps,
        cutoff=first.cutoff,
        notes=tuple(note for each in parts for note in each.notes),
        step_correlation=first.step_correlation,
    )


def _predict_shard(
    predict: Predict, panel: Panel, ahead: FloatArray, positions: IntArray
) -> Forecast:
    return predict(panel.subset(panel.series_ids[positions]), ahead[positions])
