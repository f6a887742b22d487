"""Bands: what a network's forecasts of past windows say about the width of its bands.

Judged are the weights that have not seen the validated windows, on these and on a few windows
before. The latter were trained on, so they count less; but the validated windows often share one
cutoff, and what happened to all series after one cutoff is no measure of a band.

Shape suffixes: B windows, H horizon, Q quantile levels.
"""

import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from forecasting.arrays import BoolArray, FloatArray, IntArray
from forecasting.dependence import ASSUMED, normal_scores, step_correlation
from forecasting.networks.config import NetworkConfig
from forecasting.networks.windows import gather
from forecasting.panel import Panel
from forecasting.training import Split, Trainer
from forecasting.widths import Widths, rounded, whole_series

HELD = 768  # validated windows read at most
CUTOFFS = 4  # of earlier windows, a horizon apart
EARLIER = 384  # windows read per such cutoff at most
HELD_SHARE = 2 / 3  # of all weight that the validated windows have
AT_A_TIME = 1024  # windows

Picked = tuple[IntArray, IntArray]  # rows and cutoffs


@dataclass(frozen=True, kw_only=True, eq=False)
class Bands:
    """What corrects the quantiles of a network, and the correlation of its errors over steps."""

    widths: Widths
    step_correlation: float = ASSUMED

    @classmethod
    def unchanged(cls, levels: tuple[float, ...]) -> Self:
        """Bands as the network gives them."""
        return cls(widths=Widths.unchanged(levels))

    @classmethod
    def measured(cls, trainer: Trainer, panel: Panel) -> Self:
        """From past windows of the panel; unchanged where none were held out of training."""
        config, split, held_out = trainer.config, trainer.split, trainer.held_out_weights
        levels = config.quantile_levels
        if not config.calibrate or held_out is None:
            return cls.unchanged(levels)
        judged = copy.deepcopy(trainer.network).eval()
        judged.load_state_dict(held_out)
        held, earlier = _held(split, config.seed), _earlier(split, config)
        rows, cutoffs = (np.concatenate(pair) for pair in zip(held, earlier, strict=True))
        weights = np.ones(len(rows))
        if len(earlier[0]):
            odds = HELD_SHARE / (1 - HELD_SHARE)
            weights[: len(held[0])] = odds * len(earlier[0]) / len(held[0])
        quantiles, actual = _forecasts(judged, trainer, rows, cutoffs)
        volume, whole = trainer.tensors.volumes[rows], counts_of(panel, config)[rows]
        widths = Widths.fit(quantiles, actual, volume, levels, whole=whole, weights=weights)
        if len(levels) < 2:
            return cls(widths=widths)
        scores = normal_scores(actual, rounded(widths.moved(quantiles, volume), whole), levels)
        return cls(widths=widths, step_correlation=step_correlation(scores, weights))

    def moved(self, quantiles: FloatArray, volume: FloatArray) -> FloatArray:
        """Corrected quantiles (B, H, Q) of series with these volumes (B,)."""
        return self.widths.moved(quantiles, volume)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"widths": self.widths.to_json(), "step_correlation": self.step_correlation}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """What `to_json` wrote; other content raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            widths=Widths.from_json(content["widths"]),
            step_correlation=float(content["step_correlation"]),
        )


def counts_of(panel: Panel, config: NetworkConfig) -> BoolArray:
    """Which series (N,) get whole quantiles: those of whole numbers, where the options say so."""
    return np.asarray(whole_series(panel.target) & config.round_counts)


def _held(split: Split, seed: int) -> Picked:
    """The validated windows, or some of them."""
    rows, cutoffs = split.validated
    if len(rows) <= HELD:
        return rows, cutoffs
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), HELD, replace=False))
    return rows[chosen], cutoffs[chosen]


def _earlier(split: Split, config: NetworkConfig) -> Picked:
    """Windows of the last cutoffs trained on, of the same series at each."""
    series = np.random.default_rng(config.seed).permutation(len(split.first_N))[:EARLIER]
    rows, cutoffs = np.meshgrid(
        np.sort(series), split.last - config.horizon * np.arange(CUTOFFS), indexing="ij"
    )
    usable = cutoffs >= split.first_N[rows]
    return rows[usable], cutoffs[usable]


@torch.inference_mode()
def _forecasts(
    network: nn.Module, trainer: Trainer, rows: IntArray, cutoffs: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Quantiles (B, H, Q) of windows and their actuals (B, H), in units of the data."""
    tensors, horizon = trainer.tensors, trainer.config.horizon
    quantiles, actuals = [], []
    parts = (
        torch.as_tensor(each, device=trainer.device).split(AT_A_TIME) for each in (rows, cutoffs)
    )
    for rows_B, cutoffs_B in zip(*parts, strict=True):
        windows = gather(tensors, trainer.layout, rows_B, cutoffs_B, horizon)
        quantiles_BHQ, _ = network(windows)
        actual_BH = windows.target_BH.masked_fill(windows.observed_BH == 0, torch.nan)
        scale_B1 = windows.scale_B[:, None]
        quantiles.append((quantiles_BHQ * scale_B1[..., None]).cpu().numpy())
        actuals.append((actual_BH * scale_B1).cpu().numpy())
    units = tensors.volumes[rows][:, None]
    actual = np.concatenate(actuals).astype(np.float64) * units
    return np.concatenate(quantiles).astype(np.float64) * units[..., None], actual
