"""The network around an encoder: patches in, quantiles and a mean for every future step out.

The decoder mixes candidates (lagged values, recent means) by a gate and adds what it learns to
them, in asinh space, so that an untrained network already is a sensible baseline.

Shape suffixes: B windows, L context, R patches, D width, H horizon, F features, J candidates,
Q quantile levels, M numbers, S categories.
"""

from collections.abc import Callable
from statistics import NormalDist

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forecasting.networks.config import NetworkConfig
from forecasting.networks.layout import Layout
from forecasting.networks.presets import USUAL
from forecasting.networks.windows import Windows, WindowSizes

MakeEncoder = Callable[[int, int, float], nn.Module]  # width, patches, dropout
MOST = 7.0  # asinh of the largest value in scales, about 550
UNKNOWN_SHARE = 0.1  # of windows that are trained as if their series and categories were new


class Network(nn.Module):
    """Encoder, embeddings and decoder."""

    def __init__(
        self, config: NetworkConfig, layout: Layout, sizes: WindowSizes, make_encoder: MakeEncoder
    ) -> None:
        super().__init__()
        width = config.width or USUAL[config.preset].width
        patches = layout.context_length // layout.patch_length
        self.sizes = sizes
        self.patch_length = layout.patch_length
        self.non_negative = layout.non_negative
        sizes_of_text = [len(each.categories) for each in layout.statics if not each.spread]
        tables = [nn.Embedding(size + 1, min(16, 2 + size // 4)) for size in sizes_of_text]
        self.embeddings = nn.ModuleList(tables)
        self.series = nn.Embedding(len(layout.series) + 1, 16) if layout.series else None
        embedded = sum(each.embedding_dim for each in tables)
        embedded += 16 if self.series is not None else 0
        self.describe = nn.Linear(sizes.numbers + embedded, width)
        self.read = nn.Linear(sizes.context * layout.patch_length, width)
        self.encoder = make_encoder(width, patches, config.dropout)
        self.ahead = nn.Linear(sizes.future, width)
        self.summary = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(2 * width, width),
        )  # fmt: skip
        self.last_norm = nn.LayerNorm(width)
        self.head = QuantileHead(width, config.quantile_levels)
        self.gate = nn.Linear(width, sizes.candidates)
        self.mean_gate = nn.Linear(width, sizes.candidates)
        self.mean_head = nn.Linear(width, 1)
        for layer in (self.gate, self.mean_gate, self.mean_head):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, windows: Windows) -> tuple[Tensor, Tensor]:
        """Quantiles (B, H, Q) and mean (B, H), in scales."""
        known_BD = self._described(windows)
        patches_BRF = windows.context_BLC.unflatten(1, (-1, self.patch_length)).flatten(2)
        tokens_BRD = self.drop(self.read(patches_BRF) + known_BD[:, None])
        states_BRD = self.encoder(tokens_BRD)
        both_B2D = torch.cat([states_BRD[:, -1], states_BRD.mean(dim=1)], dim=-1)
        summary_BD = self.summary(both_B2D) + known_BD
        hidden_BHD = F.gelu(self.ahead(windows.future_BHF) + summary_BD[:, None])
        hidden_BHD = hidden_BHD + self.mix(self.norm(hidden_BHD))
        hidden_BHD = self.drop(self.last_norm(hidden_BHD))
        missing_BHJ = windows.known_BHJ < 0.5
        share_BHJ = _shares(self.gate(hidden_BHD), missing_BHJ)
        centre_BH = (torch.asinh(windows.candidates_BHJ) * share_BHJ).sum(dim=-1)
        steps_BHQ = (centre_BH[..., None] + self.head(hidden_BHD).float()).clamp(-MOST, MOST)
        return torch.sinh(steps_BHQ), self._mean(windows, hidden_BHD, missing_BHJ)

    def _described(self, windows: Windows) -> Tensor:
        parts = [windows.numbers_BM]
        new_B = torch.zeros_like(windows.series_B, dtype=torch.bool)
        if self.training:
            new_B = torch.rand(new_B.shape, device=new_B.device) < UNKNOWN_SHARE
        for s, embedding in enumerate(self.embeddings):
            parts.append(embedding(windows.categories_BS[:, s].masked_fill(new_B, 0)))
        if self.series is not None:
            parts.append(self.series(windows.series_B.masked_fill(new_B, 0)))
        return self.describe(torch.cat(parts, dim=-1))

    def _mean(self, windows: Windows, hidden_BHD: Tensor, missing_BHJ: Tensor) -> Tensor:
        """Mean (B, H): positive data are multiplied by what is learned, others added to."""
        share_BHJ = _shares(self.mean_gate(hidden_BHD), missing_BHJ)
        base_BH = (windows.candidates_BHJ * share_BHJ).sum(dim=-1)
        change_BH = self.mean_head(hidden_BHD).float()[..., 0]
        if self.non_negative:
            return base_BH.clamp(min=0.02) * change_BH.clamp(-MOST, MOST).exp()
        return base_BH + change_BH


class QuantileHead(nn.Module):
    """Quantiles that cannot cross: a centre and positive steps away from it."""

    def __init__(self, width: int, levels: tuple[float, ...]) -> None:
        super().__init__()
        self.centre = min(range(len(levels)), key=lambda q: abs(levels[q] - 0.5))
        self.project = nn.Linear(width, len(levels))
        scores = torch.tensor([NormalDist().inv_cdf(level) for level in levels])
        gaps = 0.5 * scores.diff().clamp(min=1e-3)
        bias = torch.log(torch.expm1(gaps))  # so that softplus gives the gaps of a normal
        nn.init.normal_(self.project.weight, std=0.01)
        with torch.no_grad():
            self.project.bias.zero_()
            self.project.bias[: self.centre] = bias[: self.centre]
            self.project.bias[self.centre + 1 :] = bias[self.centre :]

    def forward(self, hidden_BHD: Tensor) -> Tensor:
        """Ascending values (B, H, Q)."""
        raw_BHQ = self.project(hidden_BHD).float()
        centre_BH1 = raw_BHQ[..., self.centre : self.centre + 1]
        up_BHQ = F.softplus(raw_BHQ[..., self.centre + 1 :]).cumsum(dim=-1)
        down_BHQ = F.softplus(raw_BHQ[..., : self.centre]).flip(-1).cumsum(dim=-1).flip(-1)
        return torch.cat([centre_BH1 - down_BHQ, centre_BH1, centre_BH1 + up_BHQ], dim=-1)


def _shares(scores_BHJ: Tensor, missing_BHJ: Tensor) -> Tensor:
    """Shares of the candidates that exist; all zero where none does."""
    shares_BHJ = scores_BHJ.float().masked_fill(missing_BHJ, -1e9).softmax(dim=-1)
    return shares_BHJ.masked_fill(missing_BHJ, 0.0)
