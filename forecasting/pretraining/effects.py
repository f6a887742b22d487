"""Effects: what known covariates did to each series so far, and so will do in its future.

A ridge regression within the context, so that any number of covariates is used without training.
Sales and covariates are both told against their neighbours (the same day of other weeks, or the
weeks around), which takes season and trend out of both. What a series cannot tell by itself it
takes from its group, the other series of the panel: their common coefficients are the prior of its
own.

What counts of a covariate is how far it is from its own recent past, as shoppers compare a price
with the one they are used to: a promotion lifts sales while it is new, and a price that stays is no
reason for ever. Taken as they are, prices that rose for good spoilt forecasts of Stallion.

Shape suffixes: B series, G groups, C context, H horizon, T = C + H, K covariates.
"""

import torch
from torch import Tensor

READINGS = 2  # of each covariate
PRIOR = 300.0  # precision of a coefficient around the one of its group
GROUP_PRIOR = 300.0  # precision of a group's coefficient around zero
MOST_SERIES = 16  # that a group counts for: what hits all series at once is one witness, not many
FARTHEST = 5.0  # spreads of a covariate
BEYOND = 1.0  # spreads that a covariate may lie outside what its group has seen
MOST = 3.0  # of an effect, in asinh of scales
USED_TO = 8.0  # steps, the half-life of what a covariate is compared with ...
USED_TO_SEASONS = 4.0  # ... or short seasons
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
FEWEST = 8  # contrasts from which a series counts
LEAST_NOISE = 0.02


def readings(known_BTK: Tensor, observed_BC: Tensor, stride_B: Tensor, group_B: Tensor) -> Tensor:
    """Covariates (B, T, K, READINGS) in spreads: against their mean, and their recent past.

    Known covariates have no holes. `stride_B` is how many steps apart neighbours are, `group_B`
    numbers the groups from 0.
    """
    near_BTK = _near_zero(known_BTK, observed_BC, group_B)
    near_BTK = _near_what_was_seen(near_BTK, observed_BC, group_B)
    return torch.stack([near_BTK, _news(near_BTK, stride_B)], dim=-1)


def effects(
    values_BC: Tensor, observed_BC: Tensor, known_BTK: Tensor, stride_B: Tensor, group_B: Tensor
) -> Tensor:
    """Effects (B, T) around zero, in the units of the values, of covariates against their past."""
    steps = values_BC.shape[1]
    contrast_BC, counted_BC = _contrasts(values_BC, observed_BC, stride_B)
    design_BCK = torch.stack(
        [
            _contrasts(each, observed_BC, stride_B)[0]
            for each in known_BTK[:, :steps].unbind(dim=-1)
        ],
        dim=-1,
    )
    size_B = _root_mean_square(contrast_BC, counted_BC)
    contrast_BC = contrast_BC.clamp(-4 * size_B[:, None], 4 * size_B[:, None])
    weighted_BCK = design_BCK * counted_BC[..., None]
    gram_BKK = weighted_BCK.transpose(1, 2) @ design_BCK
    moment_BK = (weighted_BCK * contrast_BC[..., None]).sum(dim=1)
    alone_BK = _solved(gram_BKK, moment_BK, 1.0)
    residual_BC = contrast_BC - (design_BCK * alone_BK[:, None]).sum(dim=-1)
    noise_B = _root_mean_square(residual_BC, counted_BC).clamp(min=LEAST_NOISE)
    usable_B = (counted_BC.sum(dim=1) >= FEWEST).float() / noise_B**2
    gram_BKK = gram_BKK * usable_B[:, None, None]
    moment_BK = moment_BK * usable_B[:, None]
    common_BK = _of_groups(gram_BKK, moment_BK, group_B)
    own_BK = _solved(gram_BKK, moment_BK + PRIOR * common_BK, PRIOR)
    effect_BT: Tensor = (known_BTK * own_BK[:, None]).sum(dim=-1)
    return effect_BT.clamp(-MOST, MOST)


def _near_zero(known_BTK: Tensor, observed_BC: Tensor, group_B: Tensor) -> Tensor:
    """Covariates against the mean of their series, in spreads of their group."""
    steps = observed_BC.shape[1]
    weight_BC1 = observed_BC[..., None]
    count_B1 = weight_BC1.sum(dim=1).clamp(min=1.0)
    mean_BK = (known_BTK[:, :steps] * weight_BC1).sum(dim=1) / count_B1
    centred_BTK = known_BTK - mean_BK[:, None]
    square_BK = (centred_BTK[:, :steps] ** 2 * weight_BC1).sum(dim=1)
    groups = int(group_B.max()) + 1
    square_GK = square_BK.new_zeros(groups, square_BK.shape[1]).index_add_(0, group_B, square_BK)
    count_G1 = square_BK.new_zeros(groups, 1).index_add_(0, group_B, count_B1)
    spread_GK = (square_GK / count_G1).sqrt()
    inverse_GK = torch.where(spread_GK > 1e-6, 1 / spread_GK.clamp(min=1e-6), 0.0)
    return (centred_BTK * inverse_GK[group_B][:, None]).clamp(-FARTHEST, FARTHEST)


def _near_what_was_seen(known_BTK: Tensor, observed_BC: Tensor, group_B: Tensor) -> Tensor:
    """Covariates that go no farther than a little beyond what their group has seen.

    Of a price far below all others nobody knows what it does: a line drawn on says too much.
    """
    steps, covariates = observed_BC.shape[1], known_BTK.shape[2]
    unseen_BC1 = observed_BC[..., None] < 0.5
    index_BK = group_B[:, None].expand(-1, covariates)
    nothing_GK = known_BTK.new_zeros(int(group_B.max()) + 1, covariates)
    ends = []
    for sign in (-1.0, 1.0):
        most_BK = (sign * known_BTK[:, :steps]).masked_fill(unseen_BC1, 0.0).amax(dim=1)
        most_GK = nothing_GK.scatter_reduce(0, index_BK, most_BK, "amax")
        ends.append(sign * (most_GK[group_B][:, None] + BEYOND))
    return known_BTK.clamp(min=ends[0], max=ends[1])


def _news(known_BTK: Tensor, stride_B: Tensor) -> Tensor:
    """Covariates against what they were in the recent past."""
    half_life_B = torch.where(stride_B > 1, USED_TO_SEASONS * stride_B, USED_TO)
    share_B1 = (1 - 0.5 ** (1 / half_life_B))[:, None]
    usual = [known_BTK[:, 0]]
    for before_BK in known_BTK[:, :-1].unbind(dim=1):
        usual.append(usual[-1] + share_B1 * (before_BK - usual[-1]))
    return known_BTK - torch.stack(usual, dim=1)


def _contrasts(values_BC: Tensor, observed_BC: Tensor, stride_B: Tensor) -> tuple[Tensor, Tensor]:
    """Values against the mean of their observed neighbours, and 1 where there are any."""
    steps = values_BC.shape[1]
    step_C = torch.arange(steps, device=values_BC.device)
    total_BC, count_BC = torch.zeros_like(values_BC), torch.zeros_like(values_BC)
    for away in NEIGHBOURS:
        at_BC = step_C + away * stride_B[:, None]
        inside_BC = ((at_BC >= 0) & (at_BC < steps)).float()
        at_BC = at_BC.clamp(0, steps - 1)
        seen_BC = observed_BC.gather(1, at_BC) * inside_BC
        total_BC = total_BC + values_BC.gather(1, at_BC) * seen_BC
        count_BC = count_BC + seen_BC
    counted_BC = observed_BC * (count_BC > 0).float()
    return (values_BC - total_BC / count_BC.clamp(min=1.0)) * counted_BC, counted_BC


def _of_groups(gram_BKK: Tensor, moment_BK: Tensor, group_B: Tensor) -> Tensor:
    """The coefficients (B, K) of the group of each series."""
    groups = int(group_B.max()) + 1
    covariates = moment_BK.shape[1]
    gram_GKK = gram_BKK.new_zeros(groups, covariates, covariates)
    moment_GK = moment_BK.new_zeros(groups, covariates)
    gram_GKK = gram_GKK.index_add_(0, group_B, gram_BKK)
    moment_GK = moment_GK.index_add_(0, group_B, moment_BK)
    size_G = torch.bincount(group_B, minlength=groups).to(gram_BKK.dtype)
    share_G = (MOST_SERIES / size_G.clamp(min=1)).clamp(max=1.0)
    gram_GKK, moment_GK = gram_GKK * share_G[:, None, None], moment_GK * share_G[:, None]
    return _solved(gram_GKK, moment_GK, GROUP_PRIOR)[group_B]


def _solved(gram_XKK: Tensor, moment_XK: Tensor, ridge: float) -> Tensor:
    """Coefficients (X, K); in double precision, as sums over a panel are large."""
    eye_KK = torch.eye(gram_XKK.shape[-1], device=gram_XKK.device, dtype=torch.float64)
    matrix_XKK = gram_XKK.double() + ridge * eye_KK
    found_XK: Tensor = torch.linalg.solve(matrix_XKK, moment_XK.double()[..., None])[..., 0]
    return found_XK.to(moment_XK.dtype)


def _root_mean_square(values_BC: Tensor, counted_BC: Tensor) -> Tensor:
    total_B = (values_BC**2 * counted_BC).sum(dim=1)
    return (total_B / counted_BC.sum(dim=1).clamp(min=1.0)).sqrt()
