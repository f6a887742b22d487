"""gru: one network for all series, whose past is read patch by patch by a GRU."""

from dataclasses import dataclass

from torch import Tensor, nn

from forecasting.networks.config import NetworkConfig
from forecasting.networks.forecaster import NetworkForecaster


@dataclass(frozen=True, kw_only=True)
class GruConfig(NetworkConfig):
    """Options of gru."""

    num_layers: int = 1  # recurrent layers on top of each other


class Gru(NetworkForecaster):
    """A recurrent network over patches of the past, with a decoder for every future step."""

    name = "gru"
    config_class = GruConfig
    config: GruConfig

    def make_encoder(self, width: int, patches: int, dropout: float) -> nn.Module:
        return Encoder(width, self.config.num_layers)


class Encoder(nn.Module):
    """Tokens (B, R, D) to states (B, R, D)."""

    def __init__(self, width: int, num_layers: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(width, width, num_layers, batch_first=True)

    def forward(self, tokens_BRD: Tensor) -> Tensor:
        states_BRD: Tensor = self.recurrent(tokens_BRD)[0]
        return states_BRD
