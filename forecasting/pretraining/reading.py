"""Reading: windows of any series as the pretrained network sees them.

The last steps are read one by one, older ones as means of some. Each window is told in its own
scale (mean absolute value), through asinh, and against its own level and spread; the effects of
known covariates are taken out of what is read and put back into what is forecast. Every future
step gets candidates: values that it may resemble, such as those one season earlier.

Shape suffixes: B series, C context, H horizon, T = C + H, K covariates, J candidates, R tokens, F
features, M numbers, L half-lives.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from forecasting.pretraining.candidates import CANDIDATES, candidates
from forecasting.pretraining.effects import READINGS, effects, readings
from forecasting.pretraining.series import Series, means, steps_at
from forecasting.pretraining.sizes import AHEAD, FINE, PATCH, POOL

NUMBERS = 11
CONTEXT_CHANNELS = 6
POOLED_CHANNELS = 3
STEP_FEATURES = 2 * CANDIDATES + 4
SMALLEST_SCALE = 0.05  # of the mean over the whole context, for a recent past that is nearly empty
SMALLEST_SPREAD = 0.003
FARTHEST = 6.0  # spreads
STRIDED_SEASON = 8  # steps of a season up to which neighbours are a season apart
MOST_TARGET = 4.0  # asinh of scales; what lies beyond is an error in the data


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """A batch as the network reads it."""

    fine_BRF: Tensor  # tokens of the recent past
    pooled_BRF: Tensor  # tokens of the older past; R may be 0
    future_BRF: Tensor  # tokens of the horizon
    steps_BHF: Tensor  # features of each future step
    candidates_BHJ: Tensor  # asinh of scales
    exists_BHJ: Tensor  # 1 where the candidate does
    effect_BH: Tensor  # asinh of scales
    known_BHF: Tensor  # covariates as they are and against their recent past; F may be 0
    numbers_BM: Tensor
    unit_B: Tensor  # usual error, in asinh of scales
    scale_B: Tensor  # in units of the data
    non_negative_B: Tensor  # bool
    recent_BC: Tensor  # what the fine tokens show, in spreads: what reconstruction must find
    recent_seen_BC: Tensor
    level_is_known_B: Tensor  # bool: something but zero was observed


def windows_of(series: Series, horizon: int) -> Windows:
    """The windows of some series, at whose ends `horizon` steps are asked for."""
    series = _padded(series)
    observed_BC = torch.isfinite(series.values_BC).float()
    raw_BC = torch.nan_to_num(series.values_BC)
    scale_B = _scale(raw_BC, observed_BC)
    values_BC = torch.asinh((raw_BC / scale_B[:, None]).clamp(-1e4, 1e4))
    steps = values_BC.shape[1]
    if series.known_BTK.shape[-1]:
        stride_B = _stride(series)
        known_BTF = readings(series.known_BTK, observed_BC, stride_B, series.group_B)
        found_BT = effects(values_BC, observed_BC, known_BTF[..., 1], stride_B, series.group_B)
        effect_BT = series.strength * found_BT
    else:
        known_BTF = values_BC.new_zeros(len(values_BC), steps + horizon, 0, READINGS)
        effect_BT = values_BC.new_zeros(len(values_BC), steps + horizon)
    values_BC = (values_BC - effect_BT[:, :steps]) * observed_BC
    level = _Level.of(values_BC, observed_BC, series.season_B)
    candidates_BHJ, exists_BHJ = candidates(values_BC, observed_BC, series, horizon)
    effect_BH = effect_BT[:, steps:]
    channels_BCF = _channels(values_BC, observed_BC, effect_BT[:, :steps], level, series)
    fine_BCF = channels_BCF[:, -FINE:]
    steps_BHF = _step_features(candidates_BHJ, exists_BHJ, effect_BH, level)
    return Windows(
        fine_BRF=fine_BCF.unflatten(1, (-1, PATCH)).flatten(2),
        pooled_BRF=_pooled(values_BC[:, :-FINE], observed_BC[:, :-FINE], level),
        future_BRF=_future_tokens(steps_BHF),
        steps_BHF=steps_BHF,
        candidates_BHJ=candidates_BHJ,
        exists_BHJ=exists_BHJ,
        effect_BH=effect_BH,
        known_BHF=known_BTF[:, steps:].flatten(2),
        numbers_BM=_numbers(values_BC, observed_BC, effect_BT, raw_BC, level, series),
        unit_B=level.unit_B,
        scale_B=scale_B,
        non_negative_B=(raw_BC >= 0).all(dim=1),
        recent_BC=fine_BCF[..., 1],
        recent_seen_BC=fine_BCF[..., 2],
        level_is_known_B=(raw_BC != 0).any(dim=1),
    )


def _padded(series: Series) -> Series:
    """The series with a context of whole patches, and of whole pools beyond the fine part."""
    steps = series.values_BC.shape[1]
    whole = PATCH if steps <= FINE else PATCH * POOL
    missing = -steps % whole
    if not missing:
        return series
    return Series(
        values_BC=F.pad(series.values_BC, (missing, 0), value=torch.nan),
        known_BTK=F.pad(series.known_BTK, (0, 0, missing, 0)),
        season_B=series.season_B,
        long_season_B=series.long_season_B,
        group_B=series.group_B,
        strength=series.strength,
    )


def _scale(raw_BC: Tensor, observed_BC: Tensor) -> Tensor:
    """Mean absolute value of the recent past, at least a part of the whole's; 1 for nothing."""
    whole_B = means(raw_BC.abs(), observed_BC)
    recent_B = means(raw_BC[:, -FINE:].abs(), observed_BC[:, -FINE:])
    scale_B = torch.maximum(recent_B, SMALLEST_SCALE * whole_B)
    return torch.where(scale_B > 0, scale_B, 1.0)


def _stride(series: Series) -> Tensor:
    """How far neighbours are apart: a short season, or one step."""
    short_B = (series.season_B <= STRIDED_SEASON) | (series.long_season_B > series.season_B)
    return torch.where(short_B, series.season_B, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Level:
    """What is usual in a context, in asinh of scales."""

    level_B: Tensor  # mean of the recent past
    spread_B: Tensor  # standard deviation of it
    change_B: Tensor  # mean absolute change from step to step
    season_change_B: Tensor  # and from season to season
    unit_B: Tensor  # the less of the two

    @classmethod
    def of(cls, values_BC: Tensor, observed_BC: Tensor, season_B: Tensor) -> "_Level":
        recent_BC, seen_BC = values_BC[:, -FINE:], observed_BC[:, -FINE:]
        level_B = means(recent_BC, seen_BC)
        square_BC = (recent_BC - level_B[:, None]) ** 2
        spread_B = means(square_BC * seen_BC, seen_BC).sqrt().clamp(min=SMALLEST_SPREAD)
        change_B, _ = _changes(values_BC, observed_BC, torch.ones_like(season_B))
        season_change_B, pairs_B = _changes(values_BC, observed_BC, season_B)
        season_change_B = torch.where(pairs_B >= 4, season_change_B, change_B)
        unit_B = torch.minimum(change_B, season_change_B)
        unit_B = torch.where(unit_B > 0, unit_B, spread_B)
        return cls(
            level_B=level_B,
            spread_B=spread_B,
            change_B=change_B,
            season_change_B=season_change_B,
            unit_B=torch.maximum(unit_B, 0.1 * spread_B).clamp(SMALLEST_SPREAD, 1.0),
        )

    def against(self, values_BX: Tensor) -> Tensor:
        """Values in spreads from the level."""
        return ((values_BX - self.level_B[:, None]) / self.spread_B[:, None]).clamp(
            -FARTHEST, FARTHEST
        )


def _changes(values_BC: Tensor, observed_BC: Tensor, lag_B: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute change over a lag in the recent past, and from how many pairs."""
    recent = min(FINE, values_BC.shape[1])
    earlier_BC, seen_BC = _earlier(values_BC, observed_BC, lag_B, recent)
    pairs_BC = seen_BC * observed_BC[:, -recent:]
    change_B = means((values_BC[:, -recent:] - earlier_BC).abs() * pairs_BC, pairs_BC)
    return change_B, pairs_BC.sum(dim=1)


def _earlier(
    values_BC: Tensor, observed_BC: Tensor, lag_B: Tensor, recent: int
) -> tuple[Tensor, Tensor]:
    """For the last steps the values one lag earlier, and whether they were observed."""
    steps = values_BC.shape[1]
    at_BC = torch.arange(steps - recent, steps, device=values_BC.device) - lag_B[:, None]
    return steps_at(values_BC, observed_BC, at_BC, lag_B[:, None] > 0)


def _channels(
    values_BC: Tensor, observed_BC: Tensor, effect_BC: Tensor, level: _Level, series: Series
) -> Tensor:
    """What is told of each recent step (B, C, F)."""
    recent = min(FINE, values_BC.shape[1])
    observed_BC, all_seen_BC = observed_BC[:, -recent:], observed_BC
    told = [
        values_BC[:, -recent:],
        level.against(values_BC[:, -recent:]) * observed_BC,
        observed_BC,
        (effect_BC[:, -recent:] / level.spread_B[:, None]).clamp(-FARTHEST, FARTHEST),
    ]
    for lag_B in (series.season_B, series.long_season_B):
        earlier_BC, seen_BC = _earlier(values_BC, all_seen_BC, lag_B, recent)
        told.append(level.against(earlier_BC) * seen_BC)
    return torch.stack(told, dim=-1)


def _pooled(values_BC: Tensor, observed_BC: Tensor, level: _Level) -> Tensor:
    """Tokens (B, R, F) of the means of older steps."""
    if not values_BC.shape[1]:
        return values_BC.new_zeros(len(values_BC), 0, POOLED_CHANNELS * PATCH)
    seen_BC = observed_BC.unflatten(1, (-1, POOL)).sum(dim=-1)
    mean_BC = values_BC.unflatten(1, (-1, POOL)).sum(dim=-1) / seen_BC.clamp(min=1.0)
    told_BCF = torch.stack(
        [
            mean_BC,
            level.against(mean_BC) * (seen_BC > 0).float(),
            seen_BC / POOL,
        ],
        dim=-1,
    )
    missing = -told_BCF.shape[1] % PATCH
    return F.pad(told_BCF, (0, 0, missing, 0)).unflatten(1, (-1, PATCH)).flatten(2)


def _step_features(
    candidates_BHJ: Tensor, exists_BHJ: Tensor, effect_BH: Tensor, level: _Level
) -> Tensor:
    """What is told of each future step (B, H, F)."""
    against_BHJ = level.against(candidates_BHJ.flatten(1)).unflatten(1, candidates_BHJ.shape[1:])
    horizon = effect_BH.shape[1]
    place_H = torch.arange(1, horizon + 1, device=effect_BH.device)
    place_BH = place_H.expand(len(effect_BH), -1)
    effect_BH = (effect_BH / level.spread_B[:, None]).clamp(-FARTHEST, FARTHEST)
    before_BH = F.pad(effect_BH[:, :-1], (1, 0))
    places = [place_BH.float().log() / 5.0, place_BH / 64.0, effect_BH, before_BH]
    return torch.cat([against_BHJ * exists_BHJ, exists_BHJ, torch.stack(places, dim=-1)], dim=-1)


def _future_tokens(steps_BHF: Tensor) -> Tensor:
    """Some future steps at a time (B, R, F)."""
    missing = -steps_BHF.shape[1] % AHEAD
    return F.pad(steps_BHF, (0, 0, 0, missing)).unflatten(1, (-1, AHEAD)).flatten(2)


def _numbers(
    values_BC: Tensor,
    observed_BC: Tensor,
    effect_BT: Tensor,
    raw_BC: Tensor,
    level: _Level,
    series: Series,
) -> Tensor:
    """Numbers (B, M) that describe the window as a whole."""
    seen_B = observed_BC[:, -FINE:].sum(dim=1)
    zeros_B = ((raw_BC == 0).float() * observed_BC)[:, -FINE:].sum(dim=1) / seen_B.clamp(min=1.0)
    steps = values_BC.shape[1]
    told = [
        level.unit_B.log() / 3.0 + 1.0,
        level.spread_B.log() / 3.0 + 1.0,
        level.change_B.clamp(min=1e-3).log() / 3.0 + 1.0,
        level.season_change_B.clamp(min=1e-3).log() / 3.0 + 1.0,
        level.level_B,
        zeros_B,
        observed_BC.sum(dim=1).log1p() / 5.0 - 1.0,
        (effect_BT[:, :steps].std(dim=1) / level.spread_B).clamp(max=FARTHEST),
        (raw_BC < 0).any(dim=1).float(),
        series.season_B.float().log() / 3.0,
        series.long_season_B.float().log1p() / 5.0,
    ]
    return torch.stack(told, dim=-1)
