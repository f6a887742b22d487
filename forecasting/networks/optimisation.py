"""How weights move: AdamW, the course of its learning rate, and the running average."""

import math
from typing import Any

import torch
from torch import nn

WARM_UP = 0.05  # share of the steps


def adamw(network: nn.Module, *, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """The optimiser of the weights that may change; matrices decay, biases and norms do not."""
    free = [each for each in network.parameters() if each.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [each for each in free if each.ndim > 1], "weight_decay": weight_decay},
        {"params": [each for each in free if each.ndim <= 1], "weight_decay": 0.0},
    ]
    on_gpu = bool(free) and free[0].is_cuda
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=learning_rate, fused=on_gpu or None
    )


def pace(share: float, *, warm: bool) -> float:
    """The learning rate as a share of its peak: a short rise, then a cosine down to a hundredth.

    >>> [round(pace(share, warm=True), 3) for share in (0.0, 0.05, 1.0)]
    [0.04, 0.994, 0.01]
    """
    rise = min(1.0, (share + 0.002) / WARM_UP) if warm else 1.0
    return rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the running average of the weights towards the weights."""
    ours = [each.detach() for each in average.parameters()]
    torch._foreach_lerp_(ours, [each.detach() for each in network.parameters()], 1 - keep)
