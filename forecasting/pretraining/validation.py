"""Validation: the same made-up series every time, and real ones of a folder, if one is given.

What is found here chooses nothing; it shows how a pretraining goes. Real series are read from
Parquet files with series_id, timestamp and target, and forecast over their last horizon.

Shape suffixes: N series, H horizon, Q levels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from forecasting import metrics
from forecasting.arrays import FloatArray
from forecasting.errors import PanelError
from forecasting.files import read_frame
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS
from forecasting.frequency import fitting_frequency
from forecasting.panel import Panel
from forecasting.pretraining.generator import Generator, Lesson
from forecasting.pretraining.inference import Seasons, forecasts
from forecasting.pretraining.learning import judged
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.reading import windows_of
from forecasting.pretraining.seasons import seasons_of
from forecasting.pretraining.sizes import LEVELS

SEED = 20_240_229  # of the made-up lessons; training never uses it
LESSONS = ((128, 16), (256, 28), (1024, 28), (1024, 96))  # context and horizon
MOST_SERIES = 200  # of a real file
CONTEXT = 1024
HORIZONS = {24: 48, 7: 28, 5: 20, 52: 8, 12: 6, 4: 4}  # by steps per season


@dataclass(frozen=True, kw_only=True, eq=False)
class RealSeries:
    """The series of a file, cut off before their last horizon."""

    name: str
    past: FloatArray  # (N, T)
    actual: FloatArray  # (N, H)
    seasons: Seasons


class Validation:
    """Measures a network; made once, so that all its measurements are of the same series."""

    def __init__(
        self, device: torch.device, folder: Path | None = None, *, series: int = 128
    ) -> None:
        generator = Generator(SEED, device)
        self._lessons = [
            generator.lesson(series, context=context, horizon=horizon)
            for context, horizon in LESSONS
        ]
        files = sorted(folder.glob("*.parquet")) if folder else []
        if folder and not files:
            raise PanelError(f"{folder} holds no Parquet file to validate on. Give another folder.")
        self._real = [real_series(file) for file in files]

    def measured(self, network: PretrainedNetwork) -> dict[str, float]:
        """Loss on made-up series; of real files MASE and WQL, and both over seasonal naive's."""
        network.eval()
        found = {"made-up/loss": float(np.mean([_loss(network, each) for each in self._lessons]))}
        for each in self._real:
            found |= _on_real(network, each)
        network.train()
        return found


def real_series(file: Path) -> RealSeries:
    """The file's last series in time, at most MOST_SERIES of them."""
    frame = read_frame(file)
    freq = fitting_frequency(pd.DatetimeIndex(np.sort(frame["timestamp"].unique())))
    if freq is None:
        raise PanelError(f"{file} has timestamps without a frequency. Leave it out.")
    panel = Panel.from_frame(frame, freq)
    seasons = seasons_of(freq, None)
    horizon = HORIZONS.get(seasons.season, 4)
    usable = np.flatnonzero(panel.launched < panel.length - horizon - 8)
    if len(usable) > MOST_SERIES:
        usable = np.sort(np.random.default_rng(0).choice(usable, MOST_SERIES, replace=False))
    target = panel.target[usable]
    return RealSeries(
        name=file.stem,
        past=target[:, :-horizon],
        actual=target[:, -horizon:],
        seasons=seasons,
    )


@torch.inference_mode()
def _loss(network: PretrainedNetwork, lesson: Lesson) -> float:
    windows = windows_of(lesson.series, lesson.target_BH.shape[1])
    return judged(network(windows), windows, lesson.target_BH, None).quantiles


def _on_real(network: PretrainedNetwork, real: RealSeries) -> dict[str, float]:
    count, horizon = real.actual.shape
    nothing = np.zeros((count, real.past.shape[1] + horizon, 0), dtype=np.float32)
    quantiles, _ = forecasts(network, real.past, nothing, real.seasons, context=CONTEXT)
    asked = [LEVELS.index(level) for level in DEFAULT_QUANTILE_LEVELS]
    naive = _seasonal_naive(real)
    scale, _ = metrics.seasonal_errors(real.past, real.seasons.season)
    wql = metrics.wql(real.actual, quantiles[..., asked], DEFAULT_QUANTILE_LEVELS)
    naive_wql = metrics.wql(
        real.actual, np.repeat(naive[..., None], len(asked), axis=2), DEFAULT_QUANTILE_LEVELS
    )
    mase = _mase(real.actual, quantiles[..., LEVELS.index(0.5)], scale)
    return {
        f"{real.name}/WQL": float(wql),
        f"{real.name}/WQL over naive's": float(wql / naive_wql),
        f"{real.name}/MASE": mase,
        f"{real.name}/MASE over naive's": mase / _mase(real.actual, naive, scale),
    }


def _seasonal_naive(real: RealSeries) -> FloatArray:
    season, horizon = real.seasons.season, real.actual.shape[1]
    filled = np.nan_to_num(real.past)
    season = season if filled.shape[1] >= season else 1
    return filled[:, -season:][:, np.arange(horizon) % season]


def _mase(actual: FloatArray, point: FloatArray, scale: FloatArray) -> float:
    errors = np.nanmean(np.abs(actual - point), axis=1)
    return float(np.nanmean(metrics.ratio(errors, scale)))
