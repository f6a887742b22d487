"""Breadth: series that are no sales: Gaussian processes, walks, and mixtures of such.

Shape suffixes: B series, T steps, W waves.
"""

import torch
from torch import Tensor

from forecasting.pretraining.calendars import Calendars
from forecasting.pretraining.demand import waves
from forecasting.pretraining.draws import Draws, autoregression

WAVES = 12  # cosines by which a smooth Gaussian process is drawn


def mixtures(draws: Draws, dates: Calendars, steps: int) -> Tensor:
    """Sums, and now and then products, of parts with random weights, (B, T)."""
    count = len(dates)
    parts = [
        _smooth(draws, dates, steps),
        _unit(draws.normal(count, steps).cumsum(dim=1)),
        autoregression(draws.normal(count, steps), draws.uniform(0, 0.98, count)),
        waves(draws, dates.season_B, steps, harmonics=5, roughness=draws.uniform(0, 2, count)),
        waves(draws, dates.year_B, steps, harmonics=3, roughness=draws.uniform(0.5, 2, count)),
        _straight(draws, dates, steps),
    ]
    weights_BP = draws.log_uniform(0.05, 1.5, count, len(parts))
    weights_BP = weights_BP * draws.chance(0.55, count, len(parts))
    total_BT = torch.zeros(count, steps, device=draws.device)
    for p, part_BT in enumerate(parts):
        total_BT = total_BT + weights_BP[:, p, None] * part_BT
    product_BT = _unit(parts[0]) * _unit(parts[3])
    total_BT = total_BT + draws.chance(0.12, count)[:, None] * product_BT
    noise_B1 = draws.log_uniform(0.01, 0.7, count)[:, None]
    return _placed(draws, total_BT + noise_B1 * draws.normal(count, steps))


def _smooth(draws: Draws, dates: Calendars, steps: int) -> Tensor:
    """A Gaussian process with a squared-exponential or a rough kernel, by random waves."""
    count = len(dates)
    time_T = torch.arange(steps, device=draws.device)
    length_B1 = (draws.log_uniform(0.02, 0.8, count) * dates.age_B)[:, None].clamp(min=2.0)
    rough_B1 = draws.chance(0.4, count)[:, None]
    tail_BW = 1 / draws.gamma(torch.ones(count, WAVES, device=draws.device)).clamp(min=0.05).sqrt()
    speed_BW = draws.normal(count, WAVES) / length_B1 * torch.where(rough_B1 > 0, tail_BW, 1.0)
    phase_BW = draws.uniform(0, 6.2832, count, WAVES)
    total_BT = torch.zeros(count, steps, device=draws.device)
    for w in range(WAVES):
        total_BT = total_BT + torch.cos(speed_BW[:, w, None] * time_T + phase_BW[:, w, None])
    return total_BT * (2 / WAVES) ** 0.5


def _straight(draws: Draws, dates: Calendars, steps: int) -> Tensor:
    time_T = torch.arange(steps, device=draws.device)
    return 2 * draws.normal(len(dates))[:, None] * time_T / dates.age_B[:, None]


def _unit(values_BT: Tensor) -> Tensor:
    """Values around zero with unit spread."""
    centred_BT = values_BT - values_BT.mean(dim=1, keepdim=True)
    return centred_BT / centred_BT.std(dim=1, keepdim=True).clamp(min=1e-6)


def _placed(draws: Draws, values_BT: Tensor) -> Tensor:
    """Values far above zero, around zero, never below zero, or as exponents."""
    count = len(values_BT)
    pick_B1 = draws.uniform(0, 1, count)[:, None]
    high_B1 = draws.log_uniform(2, 60, count)[:, None]
    above_BT = (_unit(values_BT) + high_B1).clamp(min=0)
    power_BT = torch.exp((0.7 * values_BT).clamp(-6, 6))
    around_BT = _unit(values_BT) + draws.normal(count)[:, None]
    return torch.where(pick_B1 < 0.55, above_BT, torch.where(pick_B1 < 0.85, power_BT, around_BT))
