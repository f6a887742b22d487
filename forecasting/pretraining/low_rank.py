"""Low-rank adapters: small matrices beside frozen ones, merged into them when learning is over.

The idea is that of LoRA (Hu and others, 2021): a frozen matrix W is used as W + B A, where A and B
have few rows and columns, and B begins at zero.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

RANK = 8


class LowRank(nn.Module):
    """A weight with what two thin matrices add."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as it is used."""
        return weight + self.up @ self.down


def adapt(network: nn.Module, *, rank: int = RANK) -> None:
    """Freeze the network and put adapters beside the matrices of its blocks; only they learn."""
    network.requires_grad_(False)
    for name, each in network.named_modules():
        if isinstance(each, nn.Linear) and name.startswith("blocks."):
            adapter = LowRank(each.weight, rank).to(each.weight.device)
            parametrize.register_parametrization(each, "weight", adapter)


def merged(network: nn.Module) -> dict[str, Tensor]:
    """The weights of a network by its own names, with what adapters add to them."""
    found = {}
    for name, each in network.state_dict().items():
        if ".parametrizations.weight.0." in name:
            continue
        plain = name.replace(".parametrizations.weight.original", ".weight")
        if plain != name:
            each = network.get_submodule(plain.removesuffix(".weight")).weight
        found[plain] = each.detach().clone()
    return found
