"""Batches: endless windows to train on, drawn at random, and drawn again from a remembered place.

Shape suffixes: N series, B windows of a batch.
"""

import numpy as np
import torch
from torch import Tensor

from forecasting.arrays import IntArray
from forecasting.networks.tensors import PanelTensors

DRAWN = 64  # batches drawn at a time


class Batches:
    """Rows and cutoffs of windows; series come in proportion to a power of their volume.

    They are drawn on the CPU, so that every device trains on the same windows, and many batches at
    a time: the device gets one copy for all of them, and never waits for the next batch.
    """

    def __init__(
        self,
        tensors: PanelTensors,
        first_N: IntArray,
        last: int,
        *,
        size: int,
        scale_power: float,
        generator: torch.Generator,
    ) -> None:
        self._first_N, self._last, self._size = torch.as_tensor(first_N), last, size
        self._weights_N = _weights(tensors, self._first_N, last, scale_power)
        self._device = tensors.values_NT.device
        self._generator = generator
        self._drawn: list[tuple[Tensor, Tensor]] = []
        self._before = generator.get_state()
        self._taken = 0

    def next(self) -> tuple[Tensor, Tensor]:
        """Rows (B,) and cutoffs (B,) of the next batch, on the device."""
        if self._taken == len(self._drawn):
            self._draw()
        self._taken += 1
        return self._drawn[self._taken - 1]

    @property
    def place(self) -> tuple[Tensor, int]:
        """Where the batches are: the generator's state before the last draw, and how many of that
        draw were taken.
        """
        return self._before, self._taken

    def go_to(self, before: Tensor, taken: int) -> None:
        """Go on from a `place`."""
        self._generator.set_state(before)
        if taken:
            self._draw()
        self._taken = taken

    def _draw(self) -> None:
        self._before = self._generator.get_state()
        count = DRAWN * self._size
        rows = torch.multinomial(
            self._weights_N, count, replacement=True, generator=self._generator
        )
        share = torch.rand(count, generator=self._generator, dtype=torch.float64)
        span = (self._last - self._first_N[rows] + 1).double()
        cutoffs = self._first_N[rows] + (share * span).floor().long()
        rows, cutoffs = self._on_device(rows), self._on_device(cutoffs)
        pairs = zip(rows.split(self._size), cutoffs.split(self._size), strict=True)
        self._drawn, self._taken = list(pairs), 0

    def _on_device(self, drawn: Tensor) -> Tensor:
        if self._device.type != "cuda":
            return drawn.to(self._device)
        return drawn.pin_memory().to(self._device, non_blocking=True)


def _weights(tensors: PanelTensors, first_N: Tensor, last: int, power: float) -> Tensor:
    """How often each series is drawn (N,); a dead one never, unless all are."""
    usable_N = (first_N <= last) & torch.as_tensor(tensors.volumes > 0)
    if not bool(usable_N.any()):
        usable_N = first_N <= last
    volumes_N = tensors.volumes / max(tensors.volumes.max(), 1e-300)
    volumes_N = np.where(volumes_N > 0, volumes_N, 1.0) ** power
    return torch.as_tensor(volumes_N) * usable_N
