"""Demand: made-up sales of shops, with all that moves them.

Rates are products of seasons, trend, shifts, festivals, prices and promotions; sales are drawn
around them as counts or as continuous values, and spoilt by stock-outs, ends and closed days.

Shape suffixes: B series, G groups, T steps, K covariates.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from forecasting.pretraining.calendars import GROUP, Calendars
from forecasting.pretraining.draws import Draws, autoregression, spells

COVARIATES = 4  # price, promotion, festival, and one that does nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """Values (B, T) without holes, and known covariates (B, T, K)."""

    values_BT: Tensor
    known_BTK: Tensor


def demand(draws: Draws, dates: Calendars, steps: int, context: int, *, known: bool) -> Made:
    """Sales of shops; with `known`, some of what moves them is told in the covariates."""
    count = len(dates)
    since_BT = _since(dates, steps, context)
    rate_BT = _level(draws, count)[:, None] + _seasons(draws, dates, steps)
    rate_BT = rate_BT + _course(draws, dates, since_BT)
    memory_B = draws.uniform(0, 0.95, count)
    size_B = draws.log_uniform(0.01, 0.4, count) * draws.chance(0.6, count)
    rate_BT = rate_BT + size_B[:, None] * autoregression(draws.normal(count, steps), memory_B)
    festival_BT, feast_BT = _festivals(draws, dates, steps)
    promotion_BT, deal_BT = _promotions(draws, dates, steps)
    price_BT, cheap_BT = _prices(draws, dates, promotion_BT)
    rate_BT = rate_BT + feast_BT + deal_BT + cheap_BT
    values_BT = _spoilt(draws, dates, _sold(draws, rate_BT.clamp(-8, 9)), since_BT)
    if not known:
        return Made(values_BT=values_BT, known_BTK=values_BT.new_zeros(count, steps, 0))
    idle_BT = _idle(draws, promotion_BT)
    known_BTK = torch.stack([price_BT, promotion_BT, festival_BT, idle_BT], dim=-1)
    told_GK = draws.chance(0.75, count // GROUP, COVARIATES).repeat_interleave(GROUP, dim=0)
    return Made(values_BT=values_BT, known_BTK=known_BTK * told_GK[:, None])


def waves(
    draws: Draws, period_B: Tensor, steps: int, *, harmonics: int, roughness: Tensor
) -> Tensor:
    """Periodic courses (B, T) of about unit variance; their shapes change slowly or not at all."""
    count = len(period_B)
    time_T = torch.arange(steps, device=draws.device)
    number_K = torch.arange(1, harmonics + 1, device=draws.device)
    size_BK = draws.normal(count, harmonics) * number_K ** -roughness[:, None]
    size_BK = size_BK / (0.5 * size_BK.square().sum(dim=1, keepdim=True)).sqrt().clamp(min=1e-3)
    phase_BK = draws.uniform(0, 6.2832, count, harmonics)
    angle_BT = 6.2832 * time_T / period_B[:, None].clamp(min=1)
    drift_B = draws.normal(count) * draws.chance(0.2, count) * 1.5 / steps
    angle_BT = angle_BT + drift_B[:, None] * time_T
    total_BT = torch.zeros_like(angle_BT)
    for k in range(harmonics):
        wave_BT = torch.cos((k + 1) * angle_BT + phase_BK[:, k, None])
        total_BT = total_BT + size_BK[:, k, None] * wave_BT
    growth_B = 0.4 * draws.normal(count) * draws.chance(0.4, count)
    return total_BT * (1 + growth_B[:, None] * (time_T / steps - 0.5)).clamp(0.1, 2)


def _since(dates: Calendars, steps: int, context: int) -> Tensor:
    """Steps since the launch over the age at the cutoff: 0 at the launch, 1 at the cutoff."""
    time_T = torch.arange(steps, device=dates.age_B.device)
    return (time_T - (context - dates.age_B[:, None])) / dates.age_B[:, None]


def _level(draws: Draws, count: int) -> Tensor:
    """Logarithm of the usual rate; groups have levels of their own."""
    own_B = 0.9 * draws.normal(count)
    group_G = 1.4 + 1.8 * draws.normal(count // GROUP)
    return (own_B + group_G.repeat_interleave(GROUP)).clamp(-3.5, 8)


def _seasons(draws: Draws, dates: Calendars, steps: int) -> Tensor:
    count = len(dates)
    roughness_B = draws.uniform(0, 2, count)
    strength_B = _shared(draws, draws.log_uniform(0.03, 0.9, count // GROUP), 0.8, 0.3)
    strength_B = strength_B * (dates.season_B > 1)
    total_BT = strength_B[:, None] * waves(
        draws, dates.season_B, steps, harmonics=6, roughness=roughness_B
    )
    roughness_B = draws.uniform(0.5, 2, count)
    long_B = _shared(draws, draws.log_uniform(0.03, 0.7, count // GROUP), 0.7, 0.3)
    year_B = torch.where(dates.long_season_B == 168, 168.0, dates.year_B)
    total_BT = total_BT + (long_B * dates.fine_B)[:, None] * waves(
        draws, year_B, steps, harmonics=4, roughness=roughness_B
    )
    month_B = draws.log_uniform(0.02, 0.3, count) * draws.chance(0.15, count)
    month_B = month_B * (dates.long_season_B == 364)
    thirty_B = torch.full_like(dates.year_B, 30.44)
    return total_BT + month_B[:, None] * waves(
        draws, thirty_B, steps, harmonics=2, roughness=roughness_B
    )


def _shared(draws: Draws, value_G: Tensor, share: float, spread: float) -> Tensor:
    """The value of the group, with a spread of its own for each series, in a share of groups."""
    kept_G = value_G * draws.chance(share, len(value_G))
    own_B = (spread * draws.normal(len(value_G) * GROUP)).exp()
    return kept_G.repeat_interleave(GROUP) * own_B


def _course(draws: Draws, dates: Calendars, since_BT: Tensor) -> Tensor:
    """Trend with bends, a random walk, and shifts of the level."""
    count, steps = since_BT.shape
    trend_BT = 0.35 * (draws.normal(count) * draws.chance(0.6, count))[:, None] * since_BT
    for _ in range(2):
        bend_B = 0.5 * draws.normal(count) * draws.chance(0.35, count)
        at_B = draws.uniform(0, 1.1, count)
        trend_BT = trend_BT + bend_B[:, None] * (since_BT - at_B[:, None]).clamp(0, 1)
    walk_B = draws.log_uniform(0.05, 1.2, count) * draws.chance(0.6, count) / dates.age_B.sqrt()
    walk_BT = walk_B[:, None] * draws.normal(count, steps).cumsum(dim=1)
    often_B = draws.chance(0.25, count) * 2 / dates.age_B
    moved_BT = (draws.uniform(0, 1, count, steps) < often_B[:, None]) * draws.normal(count, steps)
    ramp_B = draws.chance(0.12, count)[:, None]
    pace_B = draws.uniform(0.02, 0.3, count)[:, None]
    ramp_BT = ramp_B * torch.log1p(-torch.exp(-since_BT.clamp(min=0.002) / pace_B))
    course_BT = trend_BT.clamp(-2.5, 2.5) + walk_BT.clamp(-2.5, 2.5)
    return course_BT + (0.6 * moved_BT).cumsum(dim=1).clamp(-2, 2) + ramp_BT


def _festivals(draws: Draws, dates: Calendars, steps: int) -> tuple[Tensor, Tensor]:
    """Whether there is the group's festival, and what festivals do to the rate."""
    count = len(dates)
    time_T = torch.arange(steps, device=draws.device)
    flag_BT = torch.zeros(count, steps, device=draws.device)
    effect_BT = torch.zeros_like(flag_BT)
    for shared in (True, False):
        place = draws.uniform(0, 1, count // GROUP if shared else count)
        place_B = place.repeat_interleave(GROUP) if shared else place
        year_B1 = dates.year_B[:, None]
        away_BT = (time_T - place_B[:, None] * year_B1) % year_B1
        away_BT = torch.minimum(away_BT, year_B1 - away_BT)
        width_B = torch.where(
            dates.fine_B > 0, draws.log_uniform(0.6, 10, count), draws.log_uniform(0.3, 1.5, count)
        )
        size_B = (0.5 + 0.6 * draws.normal(count)) * draws.chance(0.35, count)
        effect_BT = effect_BT + size_B[:, None] * torch.exp(
            -0.5 * (away_BT / width_B[:, None]) ** 2
        )
        if shared:
            flag_BT = (away_BT <= 1).float()
    return flag_BT, effect_BT


def _promotions(draws: Draws, dates: Calendars, steps: int) -> tuple[Tensor, Tensor]:
    """Whether there is a promotion, and what it does to the rate then and after."""
    count = len(dates)
    often_B = draws.log_uniform(0.01, 0.15, count // GROUP).repeat_interleave(GROUP)
    starts_BT = (draws.uniform(0, 1, count, steps) < often_B[:, None]).float()
    longest = torch.where(dates.fine_B > 0, 12.0, 3.0)
    length_B = (1 + draws.uniform(0, 1, count) * longest).long()
    flag_BT = spells(starts_BT, length_B)
    usual_G = draws.uniform(0.0, 1.4, count // GROUP) * draws.chance(0.7, count // GROUP)
    uplift_B = usual_G.repeat_interleave(GROUP) * (1 + 0.3 * draws.normal(count)).clamp(0, 2)
    dip_B = draws.uniform(0, 0.4, count) * draws.chance(0.2, count) * uplift_B
    after_BT = (spells(starts_BT, 2 * length_B) - flag_BT).clamp(min=0)
    return flag_BT, uplift_B[:, None] * flag_BT - dip_B[:, None] * after_BT


def _prices(draws: Draws, dates: Calendars, promotion_BT: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithms of prices, and what they do to the rate."""
    count, steps = promotion_BT.shape
    often_B = draws.uniform(0, 6, count) / dates.age_B
    changes_BT = (draws.uniform(0, 1, count, steps) < often_B[:, None]).float()
    list_BT = (0.1 * changes_BT * draws.normal(count, steps)).cumsum(dim=1)
    offers_BT = (
        spells(draws.chance(0.03, count, steps), (1 + draws.uniform(0, 6, count)).long())
        * draws.chance(0.5, count // GROUP).repeat_interleave(GROUP)[:, None]
    )
    with_G = draws.chance(0.5, count // GROUP).repeat_interleave(GROUP)[:, None]
    offers_BT = torch.maximum(offers_BT, promotion_BT * with_G)
    depth_BT = draws.uniform(0.05, 0.45, count)[:, None] * (
        0.6 + 0.4 * draws.uniform(0, 1, 1, steps)
    )
    weekly_BT = 0.06 * draws.chance(0.3, count)[:, None] * draws.normal(count, steps)
    price_BT = list_BT - depth_BT * offers_BT + weekly_BT
    usual_G = draws.uniform(0, 3.5, count // GROUP) * draws.chance(0.75, count // GROUP)
    elasticity_B = usual_G.repeat_interleave(GROUP) * (1 + 0.3 * draws.normal(count)).clamp(0, 2)
    return price_BT, (-elasticity_B[:, None] * price_BT).clamp(-2, 2.5)


def _idle(draws: Draws, like_BT: Tensor) -> Tensor:
    """A covariate that does nothing: a flag in half of the groups, noise or a walk in others."""
    count, steps = like_BT.shape
    flag_BT = draws.chance(0.1, count, steps)
    noise_BT = draws.normal(count, steps)
    walk_BT = noise_BT.cumsum(dim=1) / steps**0.5
    pick_B = draws.uniform(0, 1, count // GROUP).repeat_interleave(GROUP)[:, None]
    return torch.where(pick_B < 0.5, flag_BT, torch.where(pick_B < 0.75, noise_BT, walk_BT))


def _sold(draws: Draws, rate_BT: Tensor) -> Tensor:
    """Sales around the rate: counts, lumpy counts or continuous values, by groups."""
    count, steps = rate_BT.shape
    pick_B = draws.uniform(0, 1, count // GROUP).repeat_interleave(GROUP)[:, None]
    shape_B1 = draws.log_uniform(0.3, 30, count)[:, None]
    noise_B1 = draws.log_uniform(0.01, 0.5, count)[:, None]
    rate_BT = rate_BT.exp()
    varied_BT = rate_BT * draws.gamma(shape_B1.expand(-1, steps)) / shape_B1
    on_B1 = draws.uniform(0.08, 0.7, count)[:, None]
    bursts_BT = spells(
        (draws.uniform(0, 1, count, steps) < on_B1 / 2).float(), draws.integers(1, 4, count)
    )
    lumpy_BT = (1 + varied_BT) * bursts_BT
    counted_BT = torch.where(
        pick_B < 0.35, varied_BT, torch.where(pick_B < 0.45, lumpy_BT, rate_BT)
    )
    noise_BT = torch.exp(noise_B1 * draws.normal(count, steps) - noise_B1**2 / 2)
    counts_BT = draws.poisson(counted_BT)
    packs_B1 = torch.where(draws.chance(0.03, count) > 0, draws.integers(2, 13, count), 1)[:, None]
    counts_BT = torch.ceil(counts_BT / packs_B1) * packs_B1
    return torch.where(pick_B < 0.7, counts_BT, rate_BT * noise_BT)


def _spoilt(draws: Draws, dates: Calendars, sold_BT: Tensor, since_BT: Tensor) -> Tensor:
    """Sales with stock-outs, closed weekdays, ends and errors."""
    count, steps = sold_BT.shape
    often_B1 = draws.chance(0.12, count)[:, None] * draws.log_uniform(0.002, 0.03, count)[:, None]
    starts_BT = (draws.uniform(0, 1, count, steps) < often_B1).float()
    out_BT = spells(starts_BT, draws.log_uniform(1, 30, count).long())
    time_T = torch.arange(steps, device=draws.device)
    weekday_BT = (time_T + draws.integers(0, 7, count)[:, None]) % 7
    closes_B1 = (draws.chance(0.06, count) * (dates.season_B == 7))[:, None]
    closed_BT = closes_B1 * (weekday_BT == 0)
    end_B1 = torch.where(draws.chance(0.04, count) > 0, draws.uniform(0.6, 1.1, count), torch.inf)[
        :, None
    ]
    ended_BT = (since_BT > end_B1).float()
    error_BT = draws.chance(0.1, count)[:, None] * draws.chance(0.006, count, steps)
    error_BT = error_BT * draws.log_uniform(1, 8, count)[:, None]
    kept_BT = (1 - out_BT) * (1 - closed_BT) * (1 - ended_BT)
    return sold_BT * kept_BT * (1 + error_BT)
