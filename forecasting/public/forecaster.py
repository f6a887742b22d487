"""What all public models share: series in batches to a reader, forecasts kept near their series.

Nothing is learned: `fit` reads the weights. Series that are too short, constant or dead get the
fallbacks of every model. The mean is that of the quantiles where the weights give none: their
authors report the median, which is far too low for slow movers.

Shape suffixes: N series, B series of a batch, T steps, H horizon, Q levels, K known covariates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray
from forecasting.devices import device_named, threads
from forecasting.errors import ConfigError, NotFittedError
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture, known_future_array
from forecasting.memory import is_out_of_memory, no_memory_for_one
from forecasting.panel import Panel
from forecasting.pretraining.covariates import readable
from forecasting.pretraining.levels import at_levels
from forecasting.progress import OnProgress, Reporter
from forecasting.public.checkpoints import Checkpoint, checkpoint_of
from forecasting.public.config import PublicConfig
from forecasting.public.families import FAMILIES
from forecasting.seasonality import default_seasonality
from forecasting.storage import config_from, read_own_config, write_config
from forecasting.zero_shot import kept_sane, notes_of

# What the packages of others raise for weights that do not fit.
DAMAGE = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, OSError)
SERIES = 256  # at once, covariates counted as series
# Levels whose mean is the mean of a forecast.
EVENLY = tuple((k + 0.5) / 40 for k in range(40))


class Reader(Protocol):
    """Weights that forecast; made by a model's file from the package of its authors."""

    levels: tuple[float, ...]  # that it knows, ascending
    longest: int  # steps of context
    one_pass: int  # steps ahead that it was trained for; more are rolled out by its package
    reads_known: bool  # whether known covariates are read in context

    def read(
        self, target: FloatArray, known: Float32Array, horizon: int
    ) -> tuple[FloatArray, FloatArray | None]:
        """Quantiles (B, H, Q) and mean (B, H) or None after `target` (B, T), NaN where missing.

        `known` is (B, T + H, K), whole.
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fitted:
    checkpoint: Checkpoint
    reader: Reader


class PublicForecaster:
    """A public model with the weights that a user brings."""

    name: ClassVar[str]
    config_class: ClassVar[type[Any]] = PublicConfig
    uses_known_covariates: ClassVar[bool] = False

    def __init__(self, config: PublicConfig) -> None:
        self.config = config
        self._state: _Fitted | None = None

    @staticmethod
    def reader(checkpoint: Checkpoint, device: torch.device) -> Reader:
        """The weights, read by the package of their authors."""
        raise NotImplementedError  # a model's file says how

    @property
    def lineage(self) -> dict[str, str]:
        """Which weights forecast, and what their licence is."""
        found = self._fitted().checkpoint
        return {
            "weights": str(found.folder),
            "name": found.name,
            "licence": found.licence or "not stated",
            "sha256": found.sha256,
        }

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Read the weights; nothing is learned from the panel, and a budget changes nothing.

        Raises `ConfigError` where the package, the weights, the network to fetch them or the right
        to use them is missing.
        """
        self._read()
        Reporter(on_progress, "fit", 1).at(1)
        return self

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff."""
        reader, config = self._fitted().reader, self.config
        ahead = known_future_array(panel, known_future, config.horizon)
        known = readable(panel.known_covariates, ahead)
        known = known if reader.reads_known else known[..., :0]
        with threads(config.num_threads):
            quantiles, mean = _in_batches(reader, panel.target, known, config)
        quantiles = at_levels(quantiles, reader.levels, config.quantile_levels)
        series = kept_sane(
            panel,
            mean,
            quantiles,
            seasonality=config.seasonality or default_seasonality(panel.freq),
            levels=config.quantile_levels,
            round_counts=config.round_counts,
        )
        return Forecast(
            mean=np.stack([each.mean for each in series]),
            quantiles=np.stack([each.quantiles for each in series]),
            quantile_levels=config.quantile_levels,
            series_ids=panel.series_ids,
            timestamps=panel.future_timestamps(config.horizon),
            cutoff=panel.cutoff,
            notes=notes_of(panel, series, horizon=config.horizon, one_pass=reader.one_pass),
        )

    def save(self, folder: Path | str) -> None:
        """Write config.json. It names the weights and their checksum; they stay where they are."""
        found = self._fitted().checkpoint
        kept = {
            "weights": str(found.folder.resolve()),
            "sha256": found.sha256,
            "licence": found.licence,
            "name": found.name,
        }
        write_config(folder, self.name, self.config, {"checkpoint": kept})

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote, where the weights are the same. Raises `ConfigError`."""
        content = read_own_config(folder, cls.name)
        model = cls(config_from(cls.config_class, content["config"], cls.name))
        try:
            kept = content["fitted"]["checkpoint"]
            weights, sha256 = Path(kept["weights"]), str(kept["sha256"])
        except (KeyError, TypeError) as error:
            raise ConfigError(f"{folder} is damaged ({error}). Save the model again.") from error
        if not weights.is_dir():
            raise ConfigError(
                f"{folder} forecasts with the weights in {weights}, which are not there. Copy them "
                "back: a saved public model names its weights and holds none."
            )
        model._read(str(weights))
        if model._fitted().checkpoint.sha256 != sha256:
            raise ConfigError(
                f"The weights in {weights} have changed since {folder} was saved. Fit the model "
                "again, or copy the earlier weights back."
            )
        return model

    def _read(self, weights: str | None = None) -> None:
        checkpoint = checkpoint_of(
            FAMILIES[self.name],
            weights or self.config.weights,
            non_commercial=self.config.non_commercial,
        )
        reader = _reader(type(self).reader, checkpoint, device_named(self.config.device))
        self._state = _Fitted(checkpoint=checkpoint, reader=reader)

    def _fitted(self) -> _Fitted:
        if self._state is None:
            raise NotFittedError(f"Model {self.name!r} is not fitted. Call fit(panel) first.")
        return self._state


# The last weights are kept, so that the windows of a backtest read them once.
@lru_cache(maxsize=1)
def _reader(
    read: Callable[[Checkpoint, torch.device], Reader], checkpoint: Checkpoint, device: torch.device
) -> Reader:
    try:
        return read(checkpoint, device)
    except ConfigError:
        raise
    # What their packages raise for weights that do not fit; they promise nothing about it.
    except (*DAMAGE, MemoryError) as error:
        if is_out_of_memory(error):
            raise ConfigError(
                f"There is not enough memory for the weights in {checkpoint.folder}. Take a "
                "smaller model, or a machine with more."
            ) from error
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(
            f"{checkpoint.folder} cannot be read as {checkpoint.family.title} ({reason}). Copy the "
            "whole folder of the hub anew."
        ) from error


def _in_batches(
    reader: Reader, target: FloatArray, known: Float32Array, config: PublicConfig
) -> tuple[FloatArray, FloatArray]:
    """Quantiles (N, H, Q) at the reader's levels and mean (N, H), in the units of the series.

    Series are read in units of their mean absolute value, so that neither 1e9 nor 1e-6 meets the
    limits of 32 bits.
    """
    start = max(0, target.shape[1] - min(config.context_length, reader.longest))
    target, known = target[:, start:], known[:, start:]
    size = max(1, SERIES // (1 + known.shape[2]))
    found, means = [], []
    for first in range(0, len(target), size):
        some = slice(first, first + size)
        scale, scaled = _scaled(target[some])
        quantiles, mean = _read(reader, scaled, known[some], config.horizon)
        quantiles = np.sort(quantiles.astype(np.float64), axis=2)
        if mean is None:
            mean = _mean_of(quantiles, reader.levels, target[some])
        found.append(quantiles * scale[:, None, None])
        means.append(mean.astype(np.float64) * scale[:, None])
    return np.concatenate(found), np.concatenate(means)


def _read(
    reader: Reader, target: FloatArray, known: Float32Array, horizon: int
) -> tuple[FloatArray, FloatArray | None]:
    """What the reader says of some series at once, or of halves where memory is short."""
    try:
        with torch.inference_mode():
            return reader.read(target, known, horizon)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        if len(target) == 1:
            raise ConfigError(no_memory_for_one(target.shape[1])) from error
    half = len(target) // 2
    first = _read(reader, target[:half], known[:half], horizon)
    second = _read(reader, target[half:], known[half:], horizon)
    means = [each for each in (first[1], second[1]) if each is not None]
    return np.concatenate([first[0], second[0]]), np.concatenate(means) if means else None


def _scaled(target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean absolute values (B,), 1 where there is none, and the series (B, T) in units of them.

    Of a series without any observation zeros are read; its forecast is the ladder's.
    """
    seen = ~np.isnan(target)
    scale = np.abs(np.nan_to_num(target)).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = np.where(seen.any(axis=1, keepdims=True), target / scale[:, None], 0.0)
    return scale, scaled


def _mean_of(quantiles: FloatArray, levels: tuple[float, ...], target: FloatArray) -> FloatArray:
    """The mean (B, H) of a forecast of which quantiles (B, H, Q) are known."""
    evenly = at_levels(quantiles, levels, EVENLY)
    low = np.fmin.reduce(target, axis=1)
    floor = np.where(low >= 0, 0.0, -np.inf)[:, None, None]
    return np.asarray(np.maximum(evenly, floor).mean(axis=2))
