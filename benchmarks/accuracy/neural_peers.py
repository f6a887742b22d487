"""Peers of neuralforecast: 500 steps of 256 windows with the loss of our nine quantile levels.

Everything else is the library's default, except what its own documentation recommends for such
data: scaling of windows, padding of short series, masks for unobserved steps, one column per
category of the attributes.

Scaling and steps read were chosen in trials on the very windows that are scored, one run each, so
they flatter the peers. WQL on avocado with "standard" and "robust" scaling: NHITS 0.063 and 0.106,
LSTM 0.061 and 0.069 (150 steps), TFT 0.067 and 0.080 (25 steps); NHITS on M5 0.3597 and 0.3602.
PatchTST scales within the network: 0.099, and 0.108 with "standard" (60 steps). NHITS on avocado
read 52 weeks for 0.054, 104 for 0.063. No other data set was tried.
"""

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.outcome import LEVELS, Outcome, window_frame
from benchmarks.accuracy.rivals import Rival
from forecasting.history import fill_gaps

STEPS, WINDOWS = 500, 256
SMOKE_STEPS = 10
SCALERS = {"NHITS": "standard", "PatchTST": "identity", "TFT": "standard", "LSTM": "standard"}
READS_COVARIATES = ("NHITS", "TFT", "LSTM")  # PatchTST reads the target alone


def run(rival: Rival, contest: Contest, *, smoke: bool) -> Outcome:
    """Fit at the first cutoff, then forecast every window from the history up to its cutoff."""
    import torch
    from neuralforecast import NeuralForecast

    torch.set_num_threads(1)
    _quiet()
    reads = rival.model in READS_COVARIATES
    used = contest if reads else contest.without_covariates()
    statics = _statics(used.panel) if reads else None
    outcome = Outcome(note=f"reads {contest.input_size} steps, scaler {SCALERS[rival.model]}")
    model = _create(rival, used, statics, SMOKE_STEPS if smoke else STEPS)
    forecaster = NeuralForecast(models=[model], freq=contest.panel.freq)
    for cutoff in used.cutoffs:
        past = used.past(cutoff)
        history = _history(past)  # laid out off the clock, as our own models get a panel
        future = _future(used, cutoff, history) if past.known_names else None
        if cutoff == used.cutoffs[0]:
            with outcome.fit.measured():
                forecaster.fit(history, static_df=statics)
        with outcome.predict.measured():
            found = forecaster.predict(history, static_df=statics, futr_df=future)
        outcome.frames.append(_window(past, found, used.horizon))
    return outcome


def _create(rival: Rival, contest: Contest, statics: pd.DataFrame | None, steps: int) -> Any:
    from neuralforecast import models
    from neuralforecast.losses.pytorch import MQLoss

    known, attributes = list(contest.panel.known_names), []
    if statics is not None:
        attributes = [name for name in statics.columns if name != "unique_id"]
    return getattr(models, rival.model)(
        h=contest.horizon,
        input_size=contest.input_size,
        loss=MQLoss(quantiles=list(LEVELS)),
        max_steps=steps,
        windows_batch_size=WINDOWS,
        scaler_type=SCALERS[rival.model],
        start_padding_enabled=True,
        futr_exog_list=known or None,
        stat_exog_list=attributes or None,
        random_seed=0,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **rival.options,
    )


def _history(past: fc.Panel) -> pd.DataFrame:
    """The library's frame: since each launch, gaps filled but marked as not available."""
    steps = np.arange(past.length)
    rows, columns = np.nonzero(steps >= past.launched[:, None])
    filled = np.concatenate(
        [
            fill_gaps(past.target[row, start:], past.seasonality)
            for row, start in enumerate(past.launched)
        ]
    )
    frame = pd.DataFrame(
        {
            "unique_id": past.series_ids.take(rows),
            "ds": past.timestamps.take(columns),
            "y": filled,
            "available_mask": past.observed[rows, columns].astype(np.float64),
        }
    )
    for k, name in enumerate(past.known_names):
        frame[name] = past.known_covariates[rows, columns, k]
    return _without_holes(frame, past.known_names)


def _future(contest: Contest, cutoff: int, history: pd.DataFrame) -> pd.DataFrame:
    """Known covariates of the window; one that is unknown keeps the value before it."""
    past = contest.past(cutoff)
    last = history.groupby("unique_id")[list(past.known_names)].last()
    ahead = contest.ahead(cutoff).astype(np.float64)
    series, horizon, _ = ahead.shape
    frames = []
    for step in range(-1, horizon):
        values = last.loc[past.series_ids].to_numpy() if step < 0 else ahead[:, step]
        frame = pd.DataFrame(values, columns=list(past.known_names))
        frame.insert(0, "unique_id", past.series_ids)
        frames.append(frame.assign(step=step))
    frame = pd.concat(frames).sort_values(["unique_id", "step"], kind="stable")
    frame = _without_holes(frame, past.known_names)
    frame = frame[frame["step"] >= 0].drop(columns="step")
    stamps = past.future_timestamps(horizon)
    return frame.assign(ds=np.tile(stamps.to_numpy(), series)).reset_index(drop=True)


def _without_holes(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Covariates filled forwards, then at the start backwards, within each series."""
    for name in names:
        forwards = frame.groupby("unique_id")[name].ffill()
        frame[name] = forwards.groupby(frame["unique_id"]).bfill().fillna(0.0)
    return frame


def _statics(panel: fc.Panel) -> pd.DataFrame | None:
    """One column of 0 and 1 per category of each attribute; None without attributes."""
    if panel.static_features.empty or not len(panel.static_features.columns):
        return None
    columns = pd.get_dummies(panel.static_features.astype(str), dtype=np.float64)
    columns.columns = [f"static_{k}" for k in range(columns.shape[1])]
    return columns.rename_axis("unique_id").reset_index()


def _window(past: fc.Panel, found: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """The library's answer in the panel's order; its point forecast is the median, as it gives no
    mean beside quantiles.
    """
    names = [name for name in found.columns if name not in ("unique_id", "ds")]
    if len(names) != len(LEVELS):
        raise ValueError(f"neuralforecast gave the columns {names} for {len(LEVELS)} levels.")
    found = found.set_index("unique_id").loc[past.series_ids]
    quantiles = found[names].to_numpy(dtype=np.float64).reshape(past.num_series, horizon, -1)
    stamps = past.future_timestamps(horizon)
    if not (found["ds"].to_numpy().reshape(past.num_series, horizon) == stamps.to_numpy()).all():
        raise ValueError("neuralforecast forecast other timestamps than those asked for.")
    mean = quantiles[:, :, LEVELS.index(0.5)]
    return window_frame(past.cutoff, past.series_ids, stamps, mean, quantiles)


def _quiet() -> None:
    warnings.filterwarnings("ignore")  # of lightning: about workers, and its own next version
    for name in ("pytorch_lightning", "lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
