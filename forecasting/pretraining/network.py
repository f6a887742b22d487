"""The pretrained network: attention over what was and what is asked for, then a decoder per step.

Shape suffixes: B series, R tokens, D width, H horizon, F features, J candidates, Q levels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forecasting.models.transformer import Block
from forecasting.networks.network import MOST, QuantileHead
from forecasting.pretraining.candidates import CANDIDATES
from forecasting.pretraining.effects import READINGS
from forecasting.pretraining.reading import (
    CONTEXT_CHANNELS,
    NUMBERS,
    POOLED_CHANNELS,
    STEP_FEATURES,
    Windows,
)
from forecasting.pretraining.sizes import (
    AHEAD,
    FINE,
    LEVELS,
    MOST_CONTEXT,
    MOST_HORIZON,
    PATCH,
    POOL,
    Size,
)

FINE_TOKENS = FINE // PATCH
POOLED_TOKENS = (MOST_CONTEXT - FINE) // (POOL * PATCH)
FUTURE_TOKENS = MOST_HORIZON // AHEAD


@dataclass(frozen=True, kw_only=True, eq=False)
class Output:
    """What the network says, in asinh of scales unless told otherwise."""

    quantiles_BHQ: Tensor  # ascending, in scales
    mean_BH: Tensor  # in scales
    found_BRP: Tensor  # reconstructed recent past, in spreads


class PretrainedNetwork(nn.Module):
    """Tokens of the past and of the future, read together, and quantiles for each future step."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.width
        self.read_fine = Embed(CONTEXT_CHANNELS * PATCH, width)
        self.read_pooled = Embed(POOLED_CHANNELS * PATCH, width)
        self.read_future = Embed(STEP_FEATURES * AHEAD, width)
        self.describe = nn.Linear(NUMBERS, width)
        self.place_fine = nn.Parameter(0.02 * torch.randn(FINE_TOKENS, width))
        self.place_pooled = nn.Parameter(0.02 * torch.randn(POOLED_TOKENS, width))
        self.place_future = nn.Parameter(0.02 * torch.randn(FUTURE_TOKENS, width))
        self.hidden_token = nn.Parameter(0.02 * torch.randn(width))
        self.blocks = nn.ModuleList(Block(width, size.heads, 0.0) for _ in range(size.layers))
        self.norm = nn.LayerNorm(width)
        self.reconstruct = nn.Linear(width, PATCH)
        self.ahead = nn.Linear(STEP_FEATURES, width)
        self.within = nn.Parameter(0.02 * torch.randn(AHEAD, width))
        self.mix = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.head = QuantileHead(width, LEVELS)
        self.gate = nn.Linear(width, CANDIDATES)
        self.mean_gate = nn.Linear(width, CANDIDATES)
        self.mean_head = nn.Linear(width, 1)
        self.effect_head = nn.Linear(width, 1)
        self.told: nn.Linear | None = None  # what it learned of covariates of one panel
        for layer in (self.gate, self.mean_gate, self.mean_head, self.effect_head):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def read_known(self, covariates: int) -> None:
        """Make ready to learn what so many known covariates do; until then nothing changes."""
        features = READINGS * covariates
        if self.told is not None and self.told.in_features == features:
            return
        self.told = None
        if features:
            like = self.describe.weight
            self.told = nn.Linear(features, len(like), bias=False).to(like.device)
            nn.init.zeros_(self.told.weight)

    def forward(self, windows: Windows, hidden_BR: Tensor | None = None) -> Output:
        """The forecast; tokens of the recent past that are `hidden` (bool) are to be found."""
        states_BRD, fine = self._states(windows, hidden_BR)
        horizon = windows.effect_BH.shape[1]
        tokens = windows.future_BRF.shape[1]
        per_step_BRD = states_BRD[:, -tokens:].repeat_interleave(AHEAD, dim=1)[:, :horizon]
        within_HD = self.within.repeat(tokens, 1)[:horizon]
        hidden_BHD = self.ahead(windows.steps_BHF) + per_step_BRD + within_HD
        if self.told is not None and windows.known_BHF.shape[-1] == self.told.in_features:
            hidden_BHD = hidden_BHD + self.told(windows.known_BHF)
        hidden_BHD = F.gelu(hidden_BHD)
        hidden_BHD = self.last_norm(hidden_BHD + self.mix(hidden_BHD))
        effect_BH = windows.effect_BH * (1.0 + self.effect_head(hidden_BHD)[..., 0])
        missing_BHJ = windows.exists_BHJ < 0.5
        share_BHJ = _shares(self.gate(hidden_BHD), missing_BHJ)
        centre_BH = (windows.candidates_BHJ * share_BHJ).sum(dim=-1) + effect_BH
        away_BHQ = self.head(hidden_BHD) * windows.unit_B[:, None, None]
        steps_BHQ = (centre_BH[..., None] + away_BHQ).clamp(-MOST, MOST)
        return Output(
            quantiles_BHQ=torch.sinh(steps_BHQ),
            mean_BH=self._mean(windows, hidden_BHD, missing_BHJ, effect_BH),
            found_BRP=self.reconstruct(states_BRD[:, :fine]),
        )

    def _states(self, windows: Windows, hidden_BR: Tensor | None) -> tuple[Tensor, int]:
        """States of the fine tokens, the pooled and the future ones, and how many are fine."""
        fine, pooled = windows.fine_BRF.shape[1], windows.pooled_BRF.shape[1]
        fine_BRD = self.read_fine(windows.fine_BRF)
        if hidden_BR is not None:
            fine_BRD = torch.where(hidden_BR[..., None], self.hidden_token, fine_BRD)
        parts = [fine_BRD + self.place_fine[FINE_TOKENS - fine :]]
        if pooled:
            place_RD = self.place_pooled[POOLED_TOKENS - pooled :]
            parts.append(self.read_pooled(windows.pooled_BRF) + place_RD)
        tokens = windows.future_BRF.shape[1]
        parts.append(self.read_future(windows.future_BRF) + self.place_future[:tokens])
        states_BRD = torch.cat(parts, dim=1) + self.describe(windows.numbers_BM)[:, None]
        for block in self.blocks:
            states_BRD = block(states_BRD)
        return self.norm(states_BRD), fine

    def _mean(
        self, windows: Windows, hidden_BHD: Tensor, missing_BHJ: Tensor, effect_BH: Tensor
    ) -> Tensor:
        """Mean (B, H): positive data are multiplied by what is learned, others added to."""
        share_BHJ = _shares(self.mean_gate(hidden_BHD), missing_BHJ)
        base_BH = (torch.sinh(windows.candidates_BHJ.clamp(-MOST, MOST)) * share_BHJ).sum(dim=-1)
        change_BH = self.mean_head(hidden_BHD)[..., 0]
        times_BH = (change_BH + effect_BH).clamp(-MOST, MOST)
        positive_BH = base_BH.clamp(min=0.02) * times_BH.exp()
        signed_BH = base_BH + windows.unit_B[:, None] * change_BH + torch.sinh(effect_BH)
        return torch.where(windows.non_negative_B[:, None], positive_BH, signed_BH)


class Embed(nn.Module):
    """Features to a token: a linear part and what a hidden layer adds."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.straight = nn.Linear(features, width)
        self.bent = nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, features_BRF: Tensor) -> Tensor:
        """Tokens (B, R, D)."""
        tokens_BRD: Tensor = self.straight(features_BRF) + self.bent(features_BRF)
        return tokens_BRD


def _shares(scores_BHJ: Tensor, missing_BHJ: Tensor) -> Tensor:
    """Shares of the candidates that exist; all zero where none does."""
    shares_BHJ = scores_BHJ.float().masked_fill(missing_BHJ, -1e9).softmax(dim=-1)
    return shares_BHJ.masked_fill(missing_BHJ, 0.0)
