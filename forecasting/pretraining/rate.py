"""How busy a pretraining keeps its card: the network's operations a second, of the card's rate.

The card's rate is that of a large bf16 product, measured: the data sheet's is never reached.
Counted are the products of the network, forward and twice as many backward; series are made, and
their features computed, in the same time and count as idle.
"""

import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from forecasting.pretraining.generator import Lesson
from forecasting.pretraining.reading import windows_of

SIDE = 8192  # of the product's matrices
PRODUCTS = 20
BACKWARD = 3  # forward and backward, in forwards


def bf16_rate(device: torch.device, *, side: int = SIDE) -> float:
    """Floating-point operations a second of a large product in bf16."""
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(3):  # the first time warms up
        _wait(device)
        began = time.perf_counter()
        for _ in range(PRODUCTS):
            left @ right
        _wait(device)
        seconds.append(time.perf_counter() - began)
    return 2 * side**3 * PRODUCTS / min(seconds)


class Meter:
    """Adds up what lessons cost the network; a lesson of a shape is counted once."""

    def __init__(self, rate: float) -> None:
        self.rate = rate  # operations a second that the card could do
        self.done = 0.0  # operations
        self._each: dict[int, float] = {}  # operations of a series, by horizon

    def add(self, network: nn.Module, lesson: Lesson) -> None:
        """Count a lesson that was learned from."""
        horizon = lesson.target_BH.shape[1]
        if horizon not in self._each:
            windows = windows_of(lesson.series, horizon)
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                network(windows)
            self._each[horizon] = BACKWARD * counter.get_total_flops() / len(lesson.series)
        self.done += self._each[horizon] * len(lesson.series)

    def share(self, seconds: float) -> float:
        """What was done since it was asked last, as a share of what the card could have done."""
        done, self.done = self.done, 0.0
        return done / (seconds * self.rate)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
