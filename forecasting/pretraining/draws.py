"""Draws: random numbers of one generator, on its device, by the shapes that the generator uses.

Shape suffixes: B series, T steps.
"""

import math

import torch
from torch import Tensor


class Draws:
    """Random tensors; the same seed on the same kind of device gives the same."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.device = generator.device

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        random = torch.rand(shape, generator=self.generator, device=self.device)
        return low + (high - low) * random

    def log_uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers whose logarithms are uniform."""
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, share: float, *shape: int) -> Tensor:
        """1 with this probability, else 0."""
        return (self.uniform(0, 1, *shape) < share).float()

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Whole numbers from low to high - 1."""
        return torch.randint(low, high, shape, generator=self.generator, device=self.device)

    def poisson(self, rate: Tensor) -> Tensor:
        return torch.poisson(rate, generator=self.generator)

    def gamma(self, shape: Tensor) -> Tensor:
        """Gamma variates of unit scale."""
        found: Tensor = torch._standard_gamma(shape, generator=self.generator)
        return found


def spells(starts_BT: Tensor, length_B: Tensor) -> Tensor:
    """1 for as many steps from each start on, else 0.

    >>> spells(torch.tensor([[0.0, 1, 0, 0, 0]]), torch.tensor([2])).tolist()
    [[0.0, 1.0, 1.0, 0.0, 0.0]]
    """
    steps = starts_BT.shape[1]
    total_BT = starts_BT.cumsum(dim=1)
    before_BT = torch.arange(steps, device=starts_BT.device) - length_B[:, None]
    earlier_BT = total_BT.gather(1, before_BT.clamp(min=0)) * (before_BT >= 0)
    return (total_BT - earlier_BT > 0).float()


def autoregression(noise_BT: Tensor, memory_B: Tensor) -> Tensor:
    """Each step is `memory` of the one before and its own noise; of unit variance for unit noise.

    >>> autoregression(torch.tensor([[1.0, 0.0]]), torch.tensor([0.6])).tolist()
    [[1.0, 0.6000000238418579]]
    """
    fresh_B = (1 - memory_B**2).sqrt()
    found = [noise_BT[:, 0]]
    for step in range(1, noise_BT.shape[1]):
        found.append(memory_B * found[-1] + fresh_B * noise_BT[:, step])
    return torch.stack(found, dim=1)
