"""transformer: one network for all series, whose past is read by attention between patches."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from forecasting.errors import ConfigError
from forecasting.networks.config import NetworkConfig
from forecasting.networks.forecaster import NetworkForecaster


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(NetworkConfig):
    """Options of transformer."""

    num_layers: int = 2  # blocks of attention and feed-forward
    num_heads: int = 4  # of the attention; divides the width


class Transformer(NetworkForecaster):
    """Self-attention over patches of the past, with a decoder for every future step."""

    name = "transformer"
    config_class = TransformerConfig
    config: TransformerConfig

    def make_encoder(self, width: int, patches: int, dropout: float) -> nn.Module:
        return Encoder(self.config, width, patches, dropout)


class Encoder(nn.Module):
    """Tokens (B, R, D) to states (B, R, D)."""

    def __init__(self, config: TransformerConfig, width: int, patches: int, dropout: float) -> None:
        super().__init__()
        if width % config.num_heads:
            raise ConfigError(
                f"num_heads={config.num_heads} does not divide width={width}. Use a divisor."
            )
        self.place = nn.Parameter(0.02 * torch.randn(patches, width))
        self.blocks = nn.Sequential(
            *(Block(width, config.num_heads, dropout) for _ in range(config.num_layers))
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens_BRD: Tensor) -> Tensor:
        states_BRD: Tensor = self.norm(self.blocks(tokens_BRD + self.place))
        return states_BRD


class Block(nn.Module):
    """Attention, then a feed-forward layer, each added to what came in.

    Nothing is dropped within the attention: that would turn its fast path on the CPU off.
    """

    def __init__(self, width: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.before = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, states_BRD: Tensor) -> Tensor:
        heads = self.query_key_value(self.before(states_BRD)).unflatten(-1, (self.num_heads, -1))
        query, key, value = heads.transpose(1, 2).chunk(3, dim=-1)  # each (B, heads, R, D / heads)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        states_BRD = states_BRD + self.drop(self.out(mixed))
        return states_BRD + self.drop(self.feed(states_BRD))
