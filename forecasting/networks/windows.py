"""Windows: pieces of the panel's tensors as a network reads them, gathered by index.

A window belongs to one series and one cutoff: the context ends there and the horizon follows. All
values are in units of the window's own scale, the mean absolute value of its context. Those of the
context are also told in units of its spread around the recent mean: of a product that sells 1,000 a
week, give or take 10, the first units hardly tell one week from another.

Shape suffixes: B windows, L context, H horizon, C channels, F features of a future step, J
candidates (values that the forecast may lean on), M numbers per window, S categories.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from forecasting.networks.channels import FARTHEST
from forecasting.networks.layout import Layout
from forecasting.networks.tensors import PanelTensors

SMALLEST_SCALE = 0.05  # of the volume of the series, for contexts that are nearly empty
LARGEST = 1e4  # scales beyond which a value is an error in the data
SMALLEST_SPREAD = 0.002  # of the scale
READS = 2  # raised when windows hold other features, which older weights cannot read


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """A batch of windows."""

    context_BLC: Tensor
    future_BHF: Tensor
    candidates_BHJ: Tensor  # in scales
    known_BHJ: Tensor  # 1 where the candidate exists
    numbers_BM: Tensor
    categories_BS: Tensor
    series_B: Tensor
    scale_B: Tensor  # in volumes of the series
    target_BH: Tensor  # in scales, 0 where not observed
    observed_BH: Tensor


@dataclass(frozen=True, kw_only=True)
class WindowSizes:
    """Sizes of the last axis of each part of a window."""

    context: int
    future: int
    candidates: int
    numbers: int


def gather(
    tensors: PanelTensors, layout: Layout, rows_B: Tensor, cutoffs_B: Tensor, horizon: int
) -> Windows:
    """The windows of these rows of the panel, cut off after these steps."""
    device = rows_B.device
    reader = _Reader(tensors, rows_B)
    steps_BL = cutoffs_B[:, None] + torch.arange(1 - layout.context_length, 1, device=device)
    steps_BH = cutoffs_B[:, None] + torch.arange(1, horizon + 1, device=device)
    values_BL, observed_BL = reader.values(steps_BL)
    count_B = observed_BL.sum(dim=1)
    scale_B = values_BL.abs().sum(dim=1) / count_B.clamp(min=1.0)
    scale_B = scale_B.clamp(min=SMALLEST_SCALE)
    habit = _Habit.of(values_BL, observed_BL, scale_B, layout.recent)
    known_BLK, known_BHK = _own_channels(reader, steps_BL, steps_BH)
    past_BLP = reader.past(steps_BL)
    context_BLC = torch.cat(
        [
            torch.asinh(values_BL / scale_B[:, None])[..., None],
            habit.against(values_BL, observed_BL)[..., None],
            observed_BL[..., None],
            tensors.calendar_TC[steps_BL.clamp(min=0)],
            known_BLK,
            past_BLP,
        ],
        dim=-1,
    )
    candidates_BHJ, exists_BHJ = _candidates(reader, layout, cutoffs_B, horizon, steps_BL)
    candidates_BHJ = candidates_BHJ / scale_B[:, None, None]
    target_BH, target_seen_BH = reader.values(steps_BH)
    positions_H = torch.arange(1, horizon + 1, device=device) / horizon
    future_BHF = torch.cat(
        [
            positions_H[None, :, None].expand(len(rows_B), -1, 1),
            tensors.calendar_TC[steps_BH.clamp(max=tensors.steps - 1)],
            torch.asinh(candidates_BHJ),
            exists_BHJ,
            known_BHK,
            torch.cat([known_BLK[:, -1:], known_BHK[:, :-1]], dim=1),
            torch.cat([known_BHK[:, 1:], known_BHK[:, -1:]], dim=1),
        ],
        dim=-1,
    )
    return Windows(
        context_BLC=context_BLC,
        future_BHF=future_BHF,
        candidates_BHJ=candidates_BHJ.clamp(-LARGEST, LARGEST),
        known_BHJ=exists_BHJ,
        numbers_BM=torch.cat(
            [
                habit.numbers(scale_B),
                _numbers(tensors, rows_B, cutoffs_B, values_BL, observed_BL, scale_B),
            ],
            dim=-1,
        ),
        categories_BS=tensors.categories_NS[rows_B],
        series_B=tensors.series_N[rows_B],
        scale_B=scale_B,
        target_BH=(target_BH / scale_B[:, None]).clamp(-LARGEST, LARGEST),
        observed_BH=target_seen_BH,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Habit:
    """What is usual in a context, in volumes of the series."""

    recent_B: Tensor  # mean of the recent steps
    spread_B: Tensor  # standard deviation
    change_B: Tensor  # mean absolute change from one step to the next

    @classmethod
    def of(cls, values_BL: Tensor, observed_BL: Tensor, scale_B: Tensor, recent: int) -> Self:
        """Of values, 0 where not observed."""
        recent_B = _means(values_BL[:, -recent:], observed_BL[:, -recent:])
        mean_B1 = _means(values_BL, observed_BL)[:, None]
        variance_B = _means((values_BL - mean_B1) ** 2 * observed_BL, observed_BL)
        pairs_BL = observed_BL[:, 1:] * observed_BL[:, :-1]
        least_B = SMALLEST_SPREAD * scale_B
        return cls(
            recent_B=recent_B,
            spread_B=torch.maximum(variance_B.sqrt(), least_B),
            change_B=torch.maximum(
                _means(values_BL.diff(dim=1).abs() * pairs_BL, pairs_BL), least_B
            ),
        )

    def against(self, values_BL: Tensor, observed_BL: Tensor) -> Tensor:
        """Values in spreads from the recent mean, 0 where not observed."""
        unusual_BL = (values_BL - self.recent_B[:, None]) / self.spread_B[:, None]
        return unusual_BL.clamp(-FARTHEST, FARTHEST) * observed_BL

    def numbers(self, scale_B: Tensor) -> Tensor:
        """How much of the scale values move, from step to step and in all (B, 2)."""
        moves_B2 = torch.stack([self.change_B, self.spread_B], dim=-1) / scale_B[:, None]
        return 1.0 + moves_B2.log() / 2.0


def _means(values_BX: Tensor, seen_BX: Tensor) -> Tensor:
    """Means (B,) of what was seen; values are 0 elsewhere."""
    return values_BX.sum(dim=1) / seen_BX.sum(dim=1).clamp(min=1.0)


def _numbers(
    tensors: PanelTensors,
    rows_B: Tensor,
    cutoffs_B: Tensor,
    values_BL: Tensor,
    observed_BL: Tensor,
    scale_B: Tensor,
) -> Tensor:
    """Numbers (B, M): level, share of zeros, share observed, age, highest value, statics."""
    count_B = observed_BL.sum(dim=1)
    age_B = torch.log1p((cutoffs_B - tensors.launched_N[rows_B]).clamp(min=0).float()) / 7.0
    zeros_B = ((values_BL == 0) * observed_BL).sum(dim=1) / count_B.clamp(min=1.0)
    own_BM = torch.stack(
        [
            torch.tanh((tensors.levels_N[rows_B] + scale_B.log()) / 3.0),
            zeros_B,
            count_B / values_BL.shape[1],
            age_B,
            torch.asinh(values_BL.abs().amax(dim=1) / scale_B) / 3.0,
        ],
        dim=-1,
    )
    return torch.cat([own_BM, tensors.statics_NM[rows_B]], dim=-1)


def sizes_of(windows: Windows) -> WindowSizes:
    """What a network must know to read such windows."""
    return WindowSizes(
        context=windows.context_BLC.shape[-1],
        future=windows.future_BHF.shape[-1],
        candidates=windows.candidates_BHJ.shape[-1],
        numbers=windows.numbers_BM.shape[-1],
    )


class _Reader:
    """Reads steps of rows; a step outside the tensors is not observed."""

    def __init__(self, tensors: PanelTensors, rows_B: Tensor) -> None:
        self.tensors = tensors
        self.rows_B = rows_B

    def values(self, steps_BX: Tensor) -> tuple[Tensor, Tensor]:
        """Values and whether they were observed, both (B, X)."""
        flat_BX = self._flat(steps_BX)
        inside_BX = (steps_BX >= 0) & (steps_BX < self.tensors.steps)
        observed_BX = (self.tensors.observed_NT.view(-1)[flat_BX] & inside_BX).float()
        return self.tensors.values_NT.view(-1)[flat_BX] * observed_BX, observed_BX

    def known(self, steps_BX: Tensor) -> Tensor:
        return self.tensors.known.at(self.rows_B, steps_BX)

    def past(self, steps_BX: Tensor) -> Tensor:
        return self.tensors.past.at(self.rows_B, steps_BX)

    def _flat(self, steps_BX: Tensor) -> Tensor:
        steps = self.tensors.steps
        starts_B1 = (self.rows_B * steps)[:, None]
        return starts_B1 + steps_BX.clamp(0, steps - 1)


def _own_channels(reader: _Reader, steps_BL: Tensor, steps_BH: Tensor) -> tuple[Tensor, Tensor]:
    """Known covariates of context and horizon: as they are, and against the context's mean.

    The second kind tells a product that is cheaper than usual from one that is always cheap.
    """
    known_BLK, known_BHK = reader.known(steps_BL), reader.known(steps_BH)
    own_K, ratio_K = reader.tensors.own_K, reader.tensors.own_ratio_K
    if not len(own_K):
        return known_BLK, known_BHK
    since_launch_BL1 = (steps_BL >= reader.tensors.launched_N[reader.rows_B, None])[..., None]
    weight_BL1 = since_launch_BL1.float()
    total_B11 = weight_BL1.sum(dim=1, keepdim=True).clamp(min=1.0)
    mean_B1K = (known_BLK[..., own_K] * weight_BL1).sum(dim=1, keepdim=True) / total_B11

    def against_mean(known_BXK: Tensor) -> Tensor:
        own_BXK = (known_BXK[..., own_K] - mean_B1K) * ratio_K
        return torch.cat([known_BXK, own_BXK.clamp(-FARTHEST, FARTHEST)], dim=-1)

    return against_mean(known_BLK), against_mean(known_BHK)


def _candidates(
    reader: _Reader, layout: Layout, cutoffs_B: Tensor, horizon: int, steps_BL: Tensor
) -> tuple[Tensor, Tensor]:
    """Values that each future step may resemble, and which exist, both (B, H, J).

    Per lag the last value a whole multiple of it earlier, the mean of the last four such of a
    short season, the mean of the recent steps, and the mean of the context.
    """
    values, exist = [], []
    for lag in layout.lags:
        value_BH, seen_BH = reader.values(_lagged(cutoffs_B, horizon, lag, 0))
        values.append(value_BH)
        exist.append(seen_BH)
    for season in layout.season_means:
        pairs = [reader.values(_lagged(cutoffs_B, horizon, season, back)) for back in range(4)]
        count_BH = torch.stack([seen for _, seen in pairs]).sum(dim=0)
        total_BH = torch.stack([value for value, _ in pairs]).sum(dim=0)
        values.append(total_BH / count_BH.clamp(min=1.0))
        exist.append((count_BH > 0).float())
    for length in (layout.recent, layout.context_length):
        value_BL, seen_BL = reader.values(steps_BL[:, -length:])
        count_B = seen_BL.sum(dim=1)
        mean_B = value_BL.sum(dim=1) / count_B.clamp(min=1.0)
        values.append(mean_B[:, None].expand(-1, horizon))
        exist.append((count_B > 0).float()[:, None].expand(-1, horizon))
    return torch.stack(values, dim=-1), torch.stack(exist, dim=-1)


def _lagged(cutoffs_B: Tensor, horizon: int, lag: int, back: int) -> Tensor:
    """Steps (B, H) that lie the fewest whole lags before each future step, and `back` more."""
    steps_H = torch.arange(1, horizon + 1, device=cutoffs_B.device)
    whole_H = torch.div(steps_H + (lag - 1), lag, rounding_mode="floor")
    return cutoffs_B[:, None] + steps_H - lag * (whole_H + back)
