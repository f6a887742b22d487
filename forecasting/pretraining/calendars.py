"""Calendars of made-up series: their frequency, seasons and age.

Series come in groups that share a calendar, and what covariates do to them.

Shape suffixes: B series, G groups.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from forecasting.pretraining.draws import Draws

GROUP = 16  # series


@dataclass(frozen=True)
class Kind:
    """A kind of calendar."""

    name: str
    season: int  # steps
    long_season: int  # steps, 0 without
    year: float  # steps, 0 where none is seen
    share: float  # of all groups
    shortest: int  # steps of history
    longest: int


KINDS = (
    Kind("hour", 24, 168, 8766.0, 0.09, 48, 1024),
    Kind("day", 7, 364, 365.25, 0.43, 21, 1024),
    Kind("business day", 5, 260, 261.0, 0.04, 21, 1024),
    Kind("week", 52, 0, 52.18, 0.21, 16, 400),
    Kind("month", 12, 0, 12.0, 0.13, 8, 240),
    Kind("quarter", 4, 0, 4.0, 0.03, 6, 100),
    Kind("year", 1, 0, 0.0, 0.02, 6, 80),
    Kind("other", 0, 0, 0.0, 0.05, 12, 600),  # any season up to 60 steps
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Calendars:
    """Of each series."""

    season_B: Tensor
    long_season_B: Tensor
    year_B: Tensor
    age_B: Tensor  # steps of history
    fine_B: Tensor  # 1 where a step is a day or less

    def __len__(self) -> int:
        return len(self.season_B)


def calendars(draws: Draws, count: int, context: int) -> Calendars:
    """Calendars of `count` series, a multiple of GROUP, with at most `context` steps of history."""
    groups = count // GROUP
    shares = torch.tensor([kind.share for kind in KINDS], device=draws.device)
    kind_G = torch.multinomial(shares, groups, replacement=True, generator=draws.generator)
    kind_B = kind_G.repeat_interleave(GROUP)
    season_B = _column("season", kind_B)
    any_B = draws.integers(2, 61, groups).repeat_interleave(GROUP)
    year_B = _column("year", kind_B).float()
    low_B, high_B = _column("shortest", kind_B), _column("longest", kind_B)
    high_B = high_B.clamp(max=context).float()
    low_B = torch.minimum(low_B.float(), high_B)
    age_B = low_B * (high_B / low_B) ** draws.uniform(0, 1, count)
    whole_G = draws.chance(0.4, groups).repeat_interleave(GROUP)  # a panel that began at one time
    age_B = torch.where(whole_G > 0, age_B[::GROUP].repeat_interleave(GROUP), age_B)
    long_B = _column("long_season", kind_B)
    other = torch.tensor([kind.name == "other" for kind in KINDS], device=draws.device)[kind_B]
    return Calendars(
        season_B=torch.where(other, any_B, season_B),
        long_season_B=long_B,
        year_B=torch.where(year_B > 0, year_B, draws.log_uniform(50, 1000, count)),
        age_B=age_B.round(),
        fine_B=(long_B > 0).float(),
    )


def _column(name: str, kind_B: Tensor) -> Tensor:
    values = torch.tensor([getattr(kind, name) for kind in KINDS], device=kind_B.device)
    return values[kind_B]
