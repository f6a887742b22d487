"""State: all that changes while a network trains, and how a checkpoint keeps it."""

import copy
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from forecasting.networks.batches import Batches
from forecasting.networks.checkpoint import Checkpoint, random_states, set_random_states

PhaseName = Literal["training", "finishing"]


@dataclass(kw_only=True)
class Phase:
    """One of the two passes of a training, and how far it is."""

    name: PhaseName
    total: int  # steps, where time allows them
    began: float  # seconds of the training before it
    step: int = 0
    best_step: int = 0
    best_wql: float | None = None
    stale: int = 0  # validations since the best one

    @property
    def is_main(self) -> bool:
        return self.name == "training"


@dataclass(kw_only=True, eq=False)
class State:
    """The weights and all that moves them."""

    phase: Phase
    network: nn.Module
    average: nn.Module
    best: dict[str, Tensor]  # weights, of the average
    optimiser: torch.optim.Optimizer
    batches: Batches
    batch_size: int
    steps_done: int = 0  # in both phases

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def kept(self) -> dict[str, Tensor]:
        """The best weights; those of the average where none was validated, or is any more."""
        if self.phase.is_main and self.phase.best_wql is not None:
            return self.best
        return self.average.state_dict()

    def look(self, wql: float) -> None:
        """Keep the average where its WQL is the best so far."""
        phase = self.phase
        if wql < (float("inf") if phase.best_wql is None else phase.best_wql):
            self.best = copy.deepcopy(self.average.state_dict())
            phase.best_step, phase.best_wql, phase.stale = phase.step, wql, 0
        else:
            phase.stale += 1

    def packed(self) -> Checkpoint:
        """All of it, besides what `unpacked` is given."""
        before, taken = self.batches.place
        moments = self.optimiser.state_dict()["state"]
        parts = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "best": self.best,
            "random": {**random_states(self.device), "batches": before},
            "moments": {f"{i}/{key}": each[key] for i, each in moments.items() for key in each},
        }
        numbers = {"batch_size": self.batch_size, "steps_done": self.steps_done, "taken": taken}
        return Checkpoint(
            state={"phase": asdict(self.phase), **numbers},
            tensors={
                f"{part}/{name}": each for part in parts for name, each in parts[part].items()
            },
        )

    def unpacked(self, found: Checkpoint) -> Self:
        """This state, made anew for the phase of the checkpoint, brought to where that was."""
        self.phase = Phase(**found.state["phase"])
        self.batch_size, self.steps_done = found.state["batch_size"], found.state["steps_done"]
        self.network.load_state_dict(found.part("network"))
        self.average.load_state_dict(found.part("average"))
        self.best = {name: each.to(self.device) for name, each in found.part("best").items()}
        moments: dict[int, dict[str, Any]] = {}
        for name, each in found.part("moments").items():
            index, key = name.split("/")
            moments.setdefault(int(index), {})[key] = each
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.batches.go_to(found.tensors["random/batches"], found.state["taken"])
        set_random_states(found.part("random"), self.device)
        return self
