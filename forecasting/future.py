"""What is known of the future: a frame of known covariates, checked and laid out for the horizon.

Shape suffixes: N series, H horizon, K known covariates.
"""

import numpy as np
import pandas as pd

from forecasting.arrays import Float32Array, FloatArray
from forecasting.errors import PanelError
from forecasting.panel import Panel
from forecasting.validation import first_of, numbers, require_columns, timestamp_codes

KnownFuture = pd.DataFrame | Float32Array | FloatArray


def known_future_array(panel: Panel, known_future: KnownFuture | None, horizon: int) -> FloatArray:
    """Known covariates (N, H, K) after the cutoff, NaN where unknown.

    A frame must have a row and a value for every series and step; rows beyond are ignored. An
    array is taken as it is. Raises `PanelError` naming what is missing.
    """
    shape = (panel.num_series, horizon, len(panel.known_names))
    if not panel.known_names:
        return np.empty(shape)
    if known_future is None:
        raise PanelError(
            f"The panel has known covariates ({first_of(panel.known_names)}), so predict() needs "
            f"known_future with their values for {horizon} steps after {panel.cutoff}. "
            "Pass them, or fill_future(panel, horizon) to carry the last values forward."
        )
    if isinstance(known_future, np.ndarray):
        if known_future.shape != shape:
            raise PanelError(f"known_future has shape {known_future.shape}; it must be {shape}.")
        return known_future.astype(np.float64)
    dense = _laid_out(panel, known_future, horizon)
    _refuse_holes(panel, dense)
    return dense


def fill_future(
    panel: Panel, horizon: int, known_future: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A complete future frame: given values where there are any, else the last known ones.

    Right for prices; for promotions and holidays give their plan, or the last day's repeats.
    """
    shape = (panel.num_series, horizon, len(panel.known_names))
    dense = np.full(shape, np.nan)
    if known_future is not None:
        dense = _laid_out(panel, known_future, horizon, missing_columns_allowed=True)
    last = pd.DataFrame(index=range(panel.num_series))
    stamps = panel.future_timestamps(horizon)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(panel.series_ids.to_numpy(), horizon),
            "timestamp": np.tile(stamps.to_numpy(), panel.num_series),
        }
    )
    for k, name in enumerate(panel.known_names):
        history = pd.DataFrame(panel.known_covariates[:, :, k].T)
        last[name] = history.ffill().iloc[-1].fillna(0.0)
        steps = pd.DataFrame(np.column_stack([last[name], dense[:, :, k]])).ffill(axis=1)
        frame[name] = steps.to_numpy()[:, 1:].reshape(-1)
    return frame


def _laid_out(
    panel: Panel, frame: pd.DataFrame, horizon: int, *, missing_columns_allowed: bool = False
) -> FloatArray:
    names = [
        name for name in panel.known_names if name in frame.columns or not missing_columns_allowed
    ]
    require_columns(frame, ["series_id", "timestamp", *names])
    codes, stamps = timestamp_codes(frame["timestamp"])
    future = panel.future_timestamps(horizon)
    day_or_longer = bool((future == future.normalize()).all())
    steps = future.get_indexer(stamps.normalize() if day_or_longer else stamps)[codes]
    rows = panel.series_ids.get_indexer(pd.Index(frame["series_id"]))
    wanted = (rows >= 0) & (steps >= 0)
    dense = np.full((panel.num_series, horizon, len(panel.known_names)), np.nan)
    for name in names:
        values = numbers(frame[name], np.where(rows < 0, 0, rows), panel.series_ids)
        dense[rows[wanted], steps[wanted], panel.known_names.index(name)] = values[wanted]
    return dense


def _refuse_holes(panel: Panel, dense: FloatArray) -> None:
    holes = np.isnan(dense)
    if not holes.any():
        return
    columns = [name for k, name in enumerate(panel.known_names) if holes[:, :, k].any()]
    series = panel.series_ids[np.flatnonzero(holes.any(axis=(1, 2)))]
    step = int(np.argmax(holes.any(axis=(0, 2))))
    stamp = panel.future_timestamps(dense.shape[1])[step]
    raise PanelError(
        f"known_future has no value of {first_of(columns)} for {int(holes.any(axis=2).sum())} rows "
        f"of series {first_of(list(series))}, first at {stamp}. Add these rows, or complete the "
        "frame with fill_future(panel, horizon, known_future)."
    )
