"""Candidates: values that a future step may resemble, which the network weighs against each other.

The last value, means of the recent past, its drift; values and means one season earlier, as they
were and moved to today's level; and the level times what is usual at this place of the season.

Shape suffixes: B series, C context, H horizon, J candidates, L half-lives, X any steps.
"""

import torch
from torch import Tensor

from forecasting.pretraining.series import Series, means, steps_at
from forecasting.pretraining.sizes import FINE

HALF_LIVES = (1.0, 4.0, 16.0, 64.0)  # steps, of weighted means of the recent past
BACK = 4  # seasons in the mean over seasons
PROFILE = 16  # seasons in a profile
AROUND = 3  # steps before and after, in the mean of the same time a long season ago
MOST_RATIO = 4.0  # of a profile
LEAST = 0.02  # scales, in ratios
CANDIDATES = 3 + len(HALF_LIVES) + 6 + 2


def candidates(
    values_BC: Tensor, observed_BC: Tensor, series: Series, horizon: int
) -> tuple[Tensor, Tensor]:
    """Values (B, H, J) that each future step may resemble, and which exist."""
    recent_BC, seen_BC = values_BC[:, -FINE:], observed_BC[:, -FINE:]
    levels_BL, exist_BL = _weighted_means(recent_BC, seen_BC)
    steps_H = torch.arange(1, horizon + 1, device=values_BC.device)
    some_B = (seen_BC.sum(dim=1) > 0).float()
    last_B = _last(values_BC, observed_BC)
    flat_BJ = torch.stack([last_B, *levels_BL.unbind(dim=1), means(recent_BC, seen_BC)], dim=1)
    flat_exist_BJ = torch.stack([some_B, *exist_BL.unbind(dim=1), some_B], dim=1)
    slope_B = (levels_BL[:, 1] - levels_BL[:, 2]) / (HALF_LIVES[2] - HALF_LIVES[1]) * 0.69
    drift_BH = levels_BL[:, 1, None] + (slope_B[:, None] * (steps_H + HALF_LIVES[1])).clamp(-2, 2)
    values = [flat_BJ[:, None].expand(-1, horizon, -1), drift_BH[..., None]]
    exist = [
        flat_exist_BJ[:, None].expand(-1, horizon, -1),
        exist_BL[:, 1, None, None].expand(-1, horizon, 1),
    ]
    for lag_B in (series.season_B, series.long_season_B):
        lagged_BHJ, seen_BHJ = _seasonal(values_BC, observed_BC, lag_B, steps_H, levels_BL[:, 1])
        values.append(lagged_BHJ)
        exist.append(seen_BHJ)
    profile_BHJ, seen_BHJ = _profiles(values_BC, observed_BC, series, steps_H, levels_BL[:, 2])
    return torch.cat([*values, profile_BHJ], dim=-1), torch.cat([*exist, seen_BHJ], dim=-1)


def _profiles(
    values_BC: Tensor, observed_BC: Tensor, series: Series, steps_H: Tensor, level_B: Tensor
) -> tuple[Tensor, Tensor]:
    """The level times what is usual at this place of the season, and that times the long season's.

    Ratios are clipped, so that they serve values around zero badly but harmlessly.
    """
    plain_BC = torch.sinh(values_BC.clamp(-9, 9)) * observed_BC
    season_B1 = series.season_B[:, None]
    cutoff = values_BC.shape[1] - 1
    whole_BH = torch.div(steps_H + season_B1 - 1, season_B1, rounding_mode="floor")
    first_BH = cutoff + steps_H - season_B1 * whole_BH
    total_BH, count_BH = torch.zeros_like(first_BH.float()), torch.zeros_like(first_BH.float())
    for back in range(PROFILE):
        value_BH, seen_BH = steps_at(
            plain_BC, observed_BC, first_BH - back * season_B1, season_B1 > 1
        )
        total_BH, count_BH = total_BH + value_BH, count_BH + seen_BH
    age_C = torch.arange(cutoff, -1, -1, device=values_BC.device)
    read_BC = (age_C < PROFILE * season_B1).float() * observed_BC
    usual_B1 = means(plain_BC * read_BC, read_BC)[:, None]
    profile_BH = _ratio(total_BH / count_BH.clamp(min=1.0), usual_B1)
    long_BH, known_BH = _long_ratio(plain_BC, observed_BC, series.long_season_B, steps_H)
    level_B1 = torch.sinh(level_B.clamp(-9, 9))[:, None]
    seen_BH = (count_BH > 0).float()
    both = [profile_BH * level_B1, profile_BH * long_BH * level_B1]
    exist_BHJ = torch.stack([seen_BH, seen_BH * known_BH], dim=-1)
    return torch.asinh(torch.stack(both, dim=-1)) * exist_BHJ, exist_BHJ


def _long_ratio(
    plain_BC: Tensor, observed_BC: Tensor, lag_B: Tensor, steps_H: Tensor
) -> tuple[Tensor, Tensor]:
    """What came after this time a long season ago (B, H) over what there was then."""
    cutoff = plain_BC.shape[1] - 1
    lag_B1 = lag_B[:, None]
    whole_BH = torch.div(steps_H + lag_B1 - 1, lag_B1.clamp(min=1), rounding_mode="floor")
    at_BH = cutoff + steps_H - lag_B1 * whole_BH.clamp(min=1)
    total_BH, count_BH = torch.zeros_like(at_BH.float()), torch.zeros_like(at_BH.float())
    for away in range(-AROUND, AROUND + 1):
        near_BH = (at_BH + away).clamp(max=cutoff)
        value_BH, seen_BH = steps_at(plain_BC, observed_BC, near_BH, lag_B1 > 0)
        total_BH, count_BH = total_BH + value_BH, count_BH + seen_BH
    then_BX = cutoff - lag_B1 - torch.arange(28, device=plain_BC.device)
    value_BX, seen_BX = steps_at(plain_BC, observed_BC, then_BX, lag_B1 > 0)
    then_B1 = means(value_BX, seen_BX)[:, None]
    known_BH = (count_BH >= AROUND).float() * (seen_BX.sum(dim=1) >= 14).float()[:, None]
    return _ratio(total_BH / count_BH.clamp(min=1.0), then_B1), known_BH


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """A clipped ratio of what is not negative."""
    found = (numerator.clamp(min=0) + LEAST) / (denominator.clamp(min=0) + LEAST)
    return found.clamp(1 / MOST_RATIO, MOST_RATIO)


def _weighted_means(recent_BC: Tensor, seen_BC: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B, L) in which steps count by half after every half-life, and whether there are any.

    Means are taken of the values themselves: of asinh they would be those of a typical day.
    """
    age_C = torch.arange(recent_BC.shape[1] - 1, -1, -1, device=recent_BC.device)
    lives_L = torch.tensor(HALF_LIVES, device=recent_BC.device)
    weights_CL = 0.5 ** (age_C[:, None] / lives_L)
    total_BL = (torch.sinh(recent_BC.clamp(-9, 9)) * seen_BC) @ weights_CL
    weight_BL = seen_BC @ weights_CL
    exists_BL = (weight_BL > 1e-6).float()
    return torch.asinh(total_BL / weight_BL.clamp(min=1e-6)) * exists_BL, exists_BL


def _last(values_BC: Tensor, observed_BC: Tensor) -> Tensor:
    """The last observed value (B,), 0 without any."""
    steps_C = torch.arange(1, values_BC.shape[1] + 1, device=values_BC.device)
    at_B = (observed_BC * steps_C).argmax(dim=1)
    return values_BC.gather(1, at_B[:, None])[:, 0]


def _seasonal(
    values_BC: Tensor, observed_BC: Tensor, lag_B: Tensor, steps_H: Tensor, level_B: Tensor
) -> tuple[Tensor, Tensor]:
    """The value seasons earlier, the mean of some such, and the first moved to today's level."""
    cutoff = values_BC.shape[1] - 1
    lag_B1 = lag_B[:, None].clamp(min=1)
    whole_BH = torch.div(steps_H + lag_B1 - 1, lag_B1, rounding_mode="floor")
    first_BH = cutoff + steps_H - lag_B1 * whole_BH
    wanted_B1 = lag_B[:, None] > 0
    pairs = [
        steps_at(values_BC, observed_BC, first_BH - back * lag_B1, wanted_B1)
        for back in range(BACK)
    ]
    last_BH, seen_BH = pairs[0]
    count_BH = torch.stack([seen for _, seen in pairs]).sum(dim=0)
    mean_BH = torch.stack([value for value, _ in pairs]).sum(dim=0) / count_BH.clamp(min=1.0)
    then_B, known_B = _level_before(values_BC, observed_BC, lag_B)
    moved_BH = last_BH + (level_B - then_B).clamp(-1.5, 1.5)[:, None]
    values_BHJ = torch.stack([last_BH, mean_BH, moved_BH], dim=-1)
    exist_BHJ = torch.stack([seen_BH, (count_BH > 0).float(), seen_BH * known_B[:, None]], dim=-1)
    return values_BHJ * exist_BHJ, exist_BHJ


def _level_before(values_BC: Tensor, observed_BC: Tensor, lag_B: Tensor) -> tuple[Tensor, Tensor]:
    """The level one season before the cutoff (B,), from the steps around, and if it is known."""
    cutoff = values_BC.shape[1] - 1
    around_X = torch.arange(-7, 1, device=values_BC.device)
    at_BX = cutoff - lag_B[:, None] + around_X
    value_BX, seen_BX = steps_at(values_BC, observed_BC, at_BX, lag_B[:, None] > 0)
    total_B = (torch.sinh(value_BX.clamp(-9, 9)) * seen_BX).sum(dim=1)
    count_B = seen_BX.sum(dim=1)
    return torch.asinh(total_B / count_B.clamp(min=1.0)), (count_B >= 3).float()
