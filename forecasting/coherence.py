"""Forecasts that add up: products to categories, places and the total, with bands at each level.

>>> import numpy as np, pandas as pd, forecasting as fc
>>> days = pd.date_range("2024-01-01", periods=28)
>>> frames = [pd.DataFrame({"series_id": s, "timestamp": days, "target": range(28)}) for s in "ab"]
>>> panel = fc.Panel.from_frame(pd.concat(frames), freq="D")
>>> forecast = fc.create("seasonal_naive", horizon=2).fit(panel).predict(panel)
>>> place = pd.DataFrame({"place": ["North", "South"]}, index=["a", "b"])
>>> levels = add_up(forecast, place, levels=[(), ("place",)])
>>> levels[()].mean.tolist(), list(levels[("place",)].series_ids)
([[42.0, 44.0]], ['place=North', 'place=South'])
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.correlation import Correlation
from forecasting.errors import PanelError
from forecasting.forecast import Forecast, Note
from forecasting.hierarchy import BOTTOM, Hierarchy, Level, by_series, merged, taken
from forecasting.paths import bands_of_sums
from forecasting.reconciliation import Method, reconciled
from forecasting.validation import first_of

NUM_PATHS = 500


def add_up(
    forecast: Forecast,
    attributes: pd.DataFrame,
    levels: Sequence[Sequence[str]] | None = None,
    *,
    correlation: Correlation | None = None,
    num_paths: int = NUM_PATHS,
    seed: int = 0,
) -> dict[Level, Forecast]:
    """Forecasts of every level from those of the series, which stay as they are (`BOTTOM`).

    `attributes` has a row per series, indexed by series_id; others than the forecast's are left
    out. Without `levels` these are the total and each attribute. Bands of sums come from joint
    sample paths: give the `correlation` that `correlation_of` measured in a backtest, or they rest
    on what other shops had.
    """
    attributes = by_series(attributes)
    known = forecast.series_ids.isin(attributes.index)
    if not known.all():
        missing = list(forecast.series_ids[~known])
        raise PanelError(
            f"{len(missing)} series of the forecast have no row of attributes: "
            f"{first_of(missing)}. Add them, or forecast without them."
        )
    rows = attributes.loc[forecast.series_ids]
    wanted = Hierarchy.from_frame(rows, levels=levels).levels
    chosen = correlation or Correlation(step=forecast.step_correlation)
    factors = [level for level in chosen.shared if level not in wanted]  # tie series, not shown
    hierarchy = Hierarchy.from_frame(rows, levels=[*wanted, *factors])
    coherent = _coherent(forecast, forecast.mean, hierarchy, chosen, num_paths=num_paths, seed=seed)
    shown = hierarchy.by_level(coherent)
    return {level: shown[level] for level in (*wanted, BOTTOM)}


def reconcile(
    base: Forecast | Mapping[Level, Forecast],
    hierarchy: Hierarchy,
    *,
    method: Method = "wls_struct",
    errors: pd.DataFrame | None = None,
    correlation: Correlation | None = None,
    num_paths: int = NUM_PATHS,
    seed: int = 0,
) -> Forecast:
    """One coherent forecast of all nodes, in the order of `hierarchy.node_ids`.

    `base` are forecasts of all nodes, or per level with the series under `BOTTOM`. Means add up
    exactly, and none is negative where no base mean is. The bands of the series move with their
    means; those above come from joint sample paths, so base bands above the series are not used.
    `wls_var` and `mint_shrink` need held-out `errors`, one row per node (`errors_of`). Notes say
    where another method had to be used.
    """
    whole = base if isinstance(base, Forecast) else merged(base, hierarchy)
    whole = taken(whole, hierarchy.align(whole))
    rows = None if errors is None else _errors_array(errors, hierarchy)
    found = reconciled(whole.mean, hierarchy, method=method, errors=rows)
    bottom = taken(whole, np.arange(len(whole.series_ids))[hierarchy.rows(BOTTOM)])
    coherent = _coherent(
        _moved(bottom, found.means),
        found.means,
        hierarchy,
        correlation or Correlation(step=bottom.step_correlation),
        num_paths=num_paths,
        seed=seed,
    )
    if not found.reason:
        return coherent
    note = Note("all nodes", found.method, found.reason)
    return replace(coherent, notes=(note, *coherent.notes))


def errors_of(*held_out: pd.DataFrame) -> pd.DataFrame:
    """Errors with a row per series or node and a column per cutoff and timestamp.

    Each frame is `Backtest.forecasts` of one model: of the series, of the nodes above them.
    """
    frames = []
    for frame in held_out:
        if "model" in frame.columns and frame["model"].nunique() > 1:
            raise PanelError(
                f"A frame has the models {first_of(list(frame['model'].unique()))}. Give the rows "
                "of one."
            )
        error = frame.assign(error=frame["actual"] - frame["mean"])
        frames.append(
            error.pivot(index="series_id", columns=["cutoff", "timestamp"], values="error")
        )
    return pd.concat(frames)


def _errors_array(errors: pd.DataFrame, hierarchy: Hierarchy) -> FloatArray:
    """Errors (N, T) of all nodes; series that no backtest scored have none, nodes above must."""
    if errors.index.has_duplicates:
        twice = list(errors.index[errors.index.duplicated()].unique())
        raise PanelError(f"errors have more than one row for {first_of(twice)}. Keep one.")
    missing = hierarchy.upper_ids[~hierarchy.upper_ids.isin(errors.index)]
    if len(missing):
        raise PanelError(
            f"errors lack {len(missing)} nodes: {first_of(list(missing))}. Backtest the panel of "
            "hierarchy.aggregate(panel) too, and give both frames to errors_of."
        )
    return errors.reindex(hierarchy.node_ids).to_numpy(dtype=np.float64)


def _coherent(
    bottom: Forecast,
    means: FloatArray,
    hierarchy: Hierarchy,
    correlation: Correlation,
    *,
    num_paths: int,
    seed: int,
) -> Forecast:
    """All nodes from the series: sums of the means, bands of summed paths."""
    bands = bands_of_sums(
        bottom, hierarchy, correlation=correlation, num_paths=num_paths, seed=seed
    )
    return replace(
        bottom,
        mean=hierarchy.aggregate_values(means),
        quantiles=np.concatenate([bands, bottom.quantiles]),
        series_ids=hierarchy.node_ids,
        step_correlation=correlation.step,
    )


def _moved(forecast: Forecast, means: FloatArray) -> Forecast:
    """The forecast with other means; its quantiles are shifted by as much, and zeros stay zero.

    Where nothing is negative, days without sales are as likely as before, so a quantile of zero
    stays. Multiplying instead was tried: theta has means of 1e-9 with bands up to 3, and a mean
    that MinT sets to zero took its whole band with it.
    """
    shifted = forecast.quantiles + (means - forecast.mean)[..., None]
    bounded = (forecast.quantiles >= 0).all(axis=2, keepdims=True)
    kept = np.where(forecast.quantiles == 0, 0.0, np.maximum(shifted, 0.0))
    return replace(forecast, mean=means, quantiles=np.where(bounded, kept, shifted))
