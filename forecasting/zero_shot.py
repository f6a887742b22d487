"""What every model that forecasts without training does with what its network says.

Shape suffixes: N series, H horizon, Q levels.
"""

from collections.abc import Sequence

import numpy as np

from forecasting.arrays import FloatArray
from forecasting.fallbacks import Needs, SeriesForecast, sane, without_a_model
from forecasting.forecast import Note
from forecasting.history import history_of
from forecasting.networks.checked import checked
from forecasting.panel import Panel

NEEDS = Needs(seasons=0)


def kept_sane(
    panel: Panel,
    mean: FloatArray,
    quantiles: FloatArray,
    *,
    seasonality: int,
    levels: tuple[float, ...],
    round_counts: bool,
) -> list[SeriesForecast]:
    """The forecast of each series from mean (N, H) and quantiles (N, H, Q).

    A series that they cannot serve gets the ladder's; with `round_counts` quantiles of a series of
    whole numbers are whole.
    """

    def looked_at(at: int, mean: FloatArray, quantiles: FloatArray) -> SeriesForecast:
        history = history_of(
            panel.target[at],
            seasonality=seasonality,
            max_history=None,
            covariates=np.empty((panel.length, 0)),
            future_covariates=np.empty((len(mean), 0)),
        )
        simplest = without_a_model(history, len(mean), levels, NEEDS)
        if simplest is not None:
            return sane(simplest, history, levels)
        seen = history.values[history.observed]
        if round_counts and bool((seen == np.floor(seen)).all()):
            quantiles = np.floor(quantiles + 0.5)
        return sane(SeriesForecast(mean, quantiles), history, levels)

    return checked(panel, mean, quantiles, looked_at, trained=True, round_counts=round_counts)


def notes_of(
    panel: Panel, series: Sequence[SeriesForecast], *, horizon: int, one_pass: int
) -> tuple[Note, ...]:
    """A note for each series that fell back, and for all where the horizon was rolled out."""
    rolled = (
        f"horizon={horizon} is more than the {one_pass} steps of one pass; later steps are "
        "forecast from the forecast of earlier ones"
    )
    pairs = zip(panel.series_ids, series, strict=True)
    if horizon <= one_pass:
        return tuple(Note(key, each.used, each.reason) for key, each in pairs if each.used)
    return tuple(Note(key, each.used or "rolled out", each.reason or rolled) for key, each in pairs)
