"""The generator: batches of made-up series, on the device, as training asks for them.

It reads nothing: no series that anybody could be scored on can have come in.

Shape suffixes: B series, C context, H horizon, T = C + H.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from forecasting.pretraining.breadth import mixtures
from forecasting.pretraining.calendars import GROUP, Calendars, calendars
from forecasting.pretraining.demand import Made, demand
from forecasting.pretraining.draws import Draws, spells
from forecasting.pretraining.series import Series

SALES = 0.72  # share of series that are sales of shops
WITH_KNOWN = 0.4  # share of batches with known covariates


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """Series and what came after them."""

    series: Series
    target_BH: Tensor  # NaN where nothing was observed


class Generator:
    """Endless lessons; the same seed on the same kind of device gives the same."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.draws = Draws(torch.Generator(device).manual_seed(seed))

    def lesson(self, count: int, *, context: int, horizon: int) -> Lesson:
        """So many series, rounded up to whole groups."""
        draws, count = self.draws, -(-count // GROUP) * GROUP
        dates = calendars(draws, count, context)
        known = float(draws.uniform(0, 1, 1)) < WITH_KNOWN
        made = self._made(dates, context + horizon, context, known=known)
        values_BT = made.values_BT
        if not known:
            values_BT = _mixed(draws, values_BT)
        values_BT = _holed(draws, dates, values_BT, context)
        return Lesson(
            series=Series(
                values_BC=values_BT[:, :context],
                known_BTK=made.known_BTK,
                season_B=dates.season_B,
                long_season_B=dates.long_season_B,
                group_B=torch.arange(count, device=draws.device) // GROUP,
            ),
            target_BH=values_BT[:, context:],
        )

    def _made(self, dates: Calendars, steps: int, context: int, *, known: bool) -> Made:
        """Sales, and other series in a share of the groups where nothing is known ahead."""
        made = demand(self.draws, dates, steps, context, known=known)
        if known:
            return made
        sales_G = self.draws.chance(SALES, len(dates) // GROUP)
        others_B = sales_G.repeat_interleave(GROUP) == 0
        if not bool(others_B.any()):
            return made
        some = Calendars(
            season_B=dates.season_B[others_B],
            long_season_B=dates.long_season_B[others_B],
            year_B=dates.year_B[others_B],
            age_B=dates.age_B[others_B],
            fine_B=dates.fine_B[others_B],
        )
        values_BT = made.values_BT.clone()
        values_BT[others_B] = mixtures(self.draws, some, steps)
        return Made(values_BT=values_BT, known_BTK=made.known_BTK)


def _mixed(draws: Draws, values_BT: Tensor) -> Tensor:
    """A tenth of the series are averages of two of their group, each in its own scale."""
    scaled_BT = values_BT / values_BT.abs().mean(dim=1, keepdim=True).clamp(min=1e-6)
    other_BT = scaled_BT.unflatten(0, (-1, GROUP)).roll(1, dims=1).flatten(0, 1)
    share_B1 = draws.uniform(0.2, 0.8, len(values_BT))[:, None]
    chosen_B1 = draws.chance(0.1, len(values_BT))[:, None]
    return torch.where(chosen_B1 > 0, share_B1 * scaled_BT + (1 - share_B1) * other_BT, values_BT)


def _holed(draws: Draws, dates: Calendars, values_BT: Tensor, context: int) -> Tensor:
    """NaN before the launch, and where values were lost one by one or in a row."""
    count, steps = values_BT.shape
    share_B1 = (draws.uniform(0, 0.35, count) * draws.chance(0.12, count))[:, None]
    lost_BT = (draws.uniform(0, 1, count, steps) < share_B1).float()
    often_B1 = (draws.chance(0.05, count) * 3 / dates.age_B)[:, None]
    starts_BT = (draws.uniform(0, 1, count, steps) < often_B1).float()
    length_B = (draws.uniform(0, 0.2, count) * dates.age_B).long() + 1
    lost_BT = torch.maximum(lost_BT, spells(starts_BT, length_B))
    time_T = torch.arange(steps, device=draws.device)
    lost_BT = torch.maximum(lost_BT, (time_T < context - dates.age_B[:, None]).float())
    return values_BT.masked_fill(lost_BT > 0, torch.nan)
