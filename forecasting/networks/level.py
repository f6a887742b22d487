"""Levelling the mean: once trained, forecasts of the last long season add up to what was sold.

Windows of all years count alike in training, so where sales grow the mean is right over the whole
history and too low at its end: by 1.4 % over the last year of M5. One factor mends it. It is
measured on windows of a whole season, so that it neither takes a part of the year for a trend nor
follows the error of the last window alone. Only large panels tell it well enough: on Dominick's 913
series it was 2 to 4 % too high.

Shape suffixes: N series, B windows, H horizon.
"""

import numpy as np
import torch

from forecasting.arrays import FloatArray, IntArray
from forecasting.networks.layout import Layout
from forecasting.networks.network import Network
from forecasting.networks.tensors import PanelTensors
from forecasting.networks.windows import gather

DRAWN = 16_384  # windows, which tell the level of M5 to half a per cent
READ = 1024  # windows at a time
MOST = 1.25  # a factor beyond is no trend


def level_mean(
    network: Network,
    tensors: PanelTensors,
    layout: Layout,
    *,
    horizon: int,
    first_N: IntArray,
    last: int,
    seed: int,
) -> float:
    """Set the level of the mean; returns the factor.

    Windows are cut in the long season that ends at the step `last`, whose horizon is still
    observed; `first_N` are the earliest cutoffs of the series. Data with negative values keep their
    mean, which is no product.
    """
    volumes_N: FloatArray = np.where(first_N <= last, tensors.volumes, 0.0)
    if not layout.non_negative or not volumes_N.sum():
        return 1.0
    rng = np.random.default_rng(seed)
    season = max(layout.lags)
    rows = rng.choice(len(volumes_N), DRAWN, p=volumes_N / volumes_N.sum())
    cutoffs = rng.integers(np.maximum(first_N[rows], last + 1 - season), last + 1)
    sold, forecast = _sums(network.eval(), tensors, layout, horizon, rows, cutoffs)
    factor = float(np.clip(sold / forecast, 1 / MOST, MOST)) if sold and forecast else 1.0
    with torch.no_grad():
        network.mean_head.bias.add_(float(np.log(factor)))
    return factor


@torch.inference_mode()
def _sums(
    network: Network,
    tensors: PanelTensors,
    layout: Layout,
    horizon: int,
    rows: IntArray,
    cutoffs: IntArray,
) -> tuple[float, float]:
    """What was sold and what is forecast of it, both in volumes of the series."""
    device = tensors.values_NT.device
    sold = torch.zeros((), dtype=torch.float64, device=device)
    forecast = sold.clone()
    for first in range(0, len(rows), READ):
        rows_B = torch.as_tensor(rows[first : first + READ], device=device)
        cutoffs_B = torch.as_tensor(cutoffs[first : first + READ], device=device)
        windows = gather(tensors, layout, rows_B, cutoffs_B, horizon)
        _, mean_BH = network(windows)
        counted_BH = windows.observed_BH * windows.scale_B[:, None]
        sold += (windows.target_BH * counted_BH).sum()
        forecast += (mean_BH * counted_BH).sum()
    return float(sold), float(forecast)
