"""One step of learning: what a lesson is, what counts as an error, and how weights follow.

Shape suffixes: B series, H horizon, R tokens, Q levels, P steps of a token.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from forecasting.networks.losses import mean_loss, quantile_loss
from forecasting.pretraining.draws import Draws
from forecasting.pretraining.generator import Generator, Lesson
from forecasting.pretraining.network import Output, PretrainedNetwork
from forecasting.pretraining.reading import MOST_TARGET, Windows, windows_of
from forecasting.pretraining.sizes import LEVELS, PATCH

# Errors count against the usual error of their series, so that steady series matter as much as
# restless ones; the mean's loss is of the second order, so it does against the square.
LEAST_UNIT = 0.01
LEAST_MEAN_UNIT = 0.05
MEAN_WEIGHT = 0.02  # of the mean's loss: its gradient is large, and shall not lead
FOUND_WEIGHT = 0.1  # of reconstruction
HIDDEN = 0.2  # of the tokens of the recent past, in half of the lessons
WARM_UP = 0.02  # share of the time
STEADY = 0.55  # share of the time after which the learning rate falls
CONTEXTS = ((128, 0.2), (256, 0.25), (512, 0.2), (1024, 0.35))
# Horizons by the share of the time from which they come.
HORIZONS = (
    (0.0, (8, 16, 28)),
    (0.1, (8, 16, 28, 28, 48)),
    (0.4, (8, 16, 28, 28, 48, 96)),
    (0.6, (8, 16, 28, 28, 48, 96, 256)),
)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What a lesson gave: `total` is to be made small."""

    total: Tensor
    quantiles: float
    mean: float
    found: float


def next_lesson(generator: Generator, *, batch_size: int, share: float) -> Lesson:
    """A lesson whose context and horizon are drawn; horizons grow with the share of the time."""
    draws = generator.draws
    pick = float(draws.uniform(0, 1, 1))
    context, rest = CONTEXTS[-1][0], pick
    for length, part in CONTEXTS:
        rest -= part
        if rest < 0:
            context = length
            break
    allowed = [horizons for since, horizons in HORIZONS if share >= since][-1]
    horizon = allowed[int(draws.integers(0, len(allowed), 1))]
    series = max(16, batch_size * min(1, 64 / horizon))
    return generator.lesson(int(series), context=context, horizon=horizon)


def loss_of(network: PretrainedNetwork, lesson: Lesson, draws: Draws) -> Loss:
    """The losses of a lesson, some tokens of which the network is not shown."""
    windows = windows_of(lesson.series, lesson.target_BH.shape[1])
    hidden_BR = _hidden_tokens(draws, windows)
    on_gpu = windows.unit_B.is_cuda
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=on_gpu):
        output = network(windows, hidden_BR)
    return judged(output, windows, lesson.target_BH, hidden_BR)


def _hidden_tokens(draws: Draws, windows: Windows) -> Tensor | None:
    """Which tokens (B, R) of the recent past are hidden: some, in half of the lessons."""
    if float(draws.uniform(0, 1, 1)) < 0.5:
        return None
    return draws.chance(HIDDEN, *windows.fine_BRF.shape[:2]) > 0


def judged(output: Output, windows: Windows, target_BH: Tensor, hidden_BR: Tensor | None) -> Loss:
    """Losses of an output; series without sales in their context do not count."""
    seen_BH = torch.isfinite(target_BH).float()
    most = math.sinh(MOST_TARGET)
    target_BH = (torch.nan_to_num(target_BH) / windows.scale_B[:, None]).clamp(-most, most)
    alive_B = (windows.recent_seen_BC.sum(dim=1) > 0) & (windows.level_is_known_B)
    counted_B = (alive_B & (seen_BH.sum(dim=1) > 0)).float()
    total = counted_B.sum().clamp(min=1.0)
    weight_B = counted_B / seen_BH.sum(dim=1).clamp(min=1.0)
    levels_Q = torch.tensor(LEVELS, device=target_BH.device)
    quantiles_B = quantile_loss(output.quantiles_BHQ, target_BH, seen_BH, levels_Q)
    positive_B = mean_loss(output.mean_BH, target_BH, seen_BH, non_negative=True)
    signed_B = mean_loss(output.mean_BH, target_BH, seen_BH, non_negative=False)
    mean_B = torch.where(windows.non_negative_B, positive_B, signed_B)
    quantiles = (quantiles_B * weight_B / (windows.unit_B + LEAST_UNIT)).sum() / total
    mean = (mean_B * weight_B / (windows.unit_B + LEAST_MEAN_UNIT) ** 2).sum() / total
    found = _found(output, windows, hidden_BR)
    return Loss(
        total=quantiles + MEAN_WEIGHT * mean + FOUND_WEIGHT * found,
        quantiles=float(quantiles.detach()),
        mean=float(mean.detach()),
        found=float(found.detach()),
    )


def _found(output: Output, windows: Windows, hidden_BR: Tensor | None) -> Tensor:
    """How far what was reconstructed of hidden tokens is from what was observed."""
    if hidden_BR is None:
        return output.mean_BH.new_zeros(())
    target_BRP = windows.recent_BC.unflatten(1, (-1, PATCH))
    counted_BRP = windows.recent_seen_BC.unflatten(1, (-1, PATCH)) * hidden_BR[..., None]
    error_BRP = F.smooth_l1_loss(output.found_BRP, target_BRP, reduction="none")
    return (error_BRP * counted_BRP).sum() / counted_BRP.sum().clamp(min=1.0)


def pace(share: float) -> float:
    """The learning rate as a share of its peak: a short rise, level, and a cosine down.

    >>> [round(pace(share), 2) for share in (0.0, 0.01, 0.3, 0.775, 1.0)]
    [0.02, 0.52, 1.0, 0.51, 0.02]
    """
    rise = min(1.0, 0.02 + share / WARM_UP)
    fallen = max(0.0, min(1.0, (share - STEADY) / (1 - STEADY)))
    return rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fallen)))
