"""Losses of quantiles and mean, in scales of the window, summed over the steps observed.

Shape suffixes: B windows, H horizon, Q quantile levels.
"""

import torch
from torch import Tensor


def quantile_loss(
    quantiles_BHQ: Tensor, target_BH: Tensor, observed_BH: Tensor, levels_Q: Tensor
) -> Tensor:
    """Twice the pinball loss per window (B,), averaged over levels.

    >>> levels = torch.tensor([0.5])
    >>> quantile_loss(torch.zeros(1, 2, 1), torch.tensor([[3.0, 9.0]]), torch.tensor([[1.0, 0]]),
    ...     levels).tolist()
    [3.0]
    """
    error_BHQ = target_BH[..., None] - quantiles_BHQ
    loss_BH = 2 * torch.maximum(levels_Q * error_BHQ, (levels_Q - 1) * error_BHQ).mean(dim=-1)
    return (loss_BH * observed_BH).sum(dim=1)


def mean_loss(
    mean_BH: Tensor, target_BH: Tensor, observed_BH: Tensor, *, non_negative: bool
) -> Tensor:
    """Loss per window (B,) whose best answer is the mean: Poisson's deviance, or squares.

    Poisson's needs no counts: it is right for any positive data whose variance grows with the mean.
    """
    if non_negative:
        loss_BH = mean_BH - target_BH * torch.log(mean_BH.clamp(min=1e-6))
    else:
        loss_BH = 0.5 * (mean_BH - target_BH).clamp(-20.0, 20.0) ** 2
    return (loss_BH * observed_BH).sum(dim=1)
