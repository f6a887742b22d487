"""Series as the network gets them, and how their steps are looked up.

Shape suffixes: B series, C context, H horizon, T = C + H, K covariates, X any steps.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """What is known of some series; the context ends at the cutoff."""

    values_BC: Tensor  # NaN where nothing was observed
    known_BTK: Tensor  # covariates of context and horizon, without holes
    season_B: Tensor  # steps, at least 1
    long_season_B: Tensor  # steps, 0 without a longer season than that
    group_B: Tensor  # series of one group share what covariates do
    strength: float = 1.0  # share of what covariates were found to do that counts

    def __len__(self) -> int:
        return len(self.values_BC)


def steps_at(
    values_BC: Tensor, observed_BC: Tensor, at_BX: Tensor, wanted_BX: Tensor
) -> tuple[Tensor, Tensor]:
    """Values and whether they were observed at steps; none before the context."""
    inside_BX = (at_BX >= 0) & wanted_BX
    at_BX = at_BX.clamp(min=0)
    seen_BX = observed_BC.gather(1, at_BX) * inside_BX.float()
    return values_BC.gather(1, at_BX) * seen_BX, seen_BX


def means(values_BX: Tensor, seen_BX: Tensor) -> Tensor:
    """Means (B,) of what was seen; values are 0 elsewhere."""
    return values_BX.sum(dim=1) / seen_BX.sum(dim=1).clamp(min=1.0)
