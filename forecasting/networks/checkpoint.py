"""Checkpoints: a training that is not done, in one file that is replaced whole.

Tensors are safetensors, all else is JSON in the header of the same file, so that the two always
belong together; nothing is pickled. A digest tells whose checkpoint it is.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from forecasting.networks.config import NetworkConfig
from forecasting.panel import Panel

FILE = "checkpoint.safetensors"
SECONDS = 30.0  # between two checkpoints
FORMAT = 1  # raised when what is in a checkpoint changes its meaning


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is needed to go on."""

    state: dict[str, Any]  # JSON
    tensors: dict[str, Tensor]  # named "part/name"

    def part(self, part: str) -> dict[str, Tensor]:
        """The tensors of one part, by their own names."""
        start = f"{part}/"
        found = {name: each for name, each in self.tensors.items() if name.startswith(start)}
        return {name.removeprefix(start): each for name, each in found.items()}


class CheckpointFile:
    """The checkpoint of one training in a folder."""

    def __init__(self, folder: Path | str, digest: str) -> None:
        self.path = Path(folder) / FILE
        self.notes: list[str] = []  # what went wrong with it
        self._digest = digest
        self._written = time.monotonic()
        Path(folder).mkdir(parents=True, exist_ok=True)

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._written >= SECONDS

    def read(self) -> Checkpoint | None:
        """The checkpoint; None where there is none, or none of this training, which is noted."""
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                state = json.loads(header.get("state", "null"))
                whose = header.get("digest")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            self.ignore(f"it cannot be read ({error})")
            return None
        if whose != self._digest or not isinstance(state, dict):
            self.ignore("it belongs to other options or data")
            return None
        return Checkpoint(state=state, tensors=tensors)

    def ignore(self, why: str) -> None:
        """Note that training began anew."""
        self.notes.append(f"The checkpoint {self.path} was not used: {why}. Training began anew.")

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint. A training does not fail for want of one; it is noted instead."""
        fresh = self.path.with_name(f".{FILE}.new")
        header = {"state": json.dumps(checkpoint.state), "digest": self._digest}
        try:
            save_file(
                {name: each.cpu().contiguous() for name, each in checkpoint.tensors.items()},
                fresh,
                header,
            )
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
        except (SafetensorError, OSError) as error:
            fresh.unlink(missing_ok=True)
            note = f"The checkpoint {self.path} could not be written ({error})."
            if note not in self.notes:
                self.notes.append(note)
        self._written = time.monotonic()


def digest_of(name: str, config: NetworkConfig, network: nn.Module, panel: Panel) -> str:
    """A fingerprint of a training: equal for the same model, options, shapes and data."""
    total = hashlib.blake2b(digest_size=16)
    shapes = {key: tuple(each.shape) for key, each in network.state_dict().items()}
    described = [
        FORMAT, name, asdict(config), shapes, panel.freq, str(panel.timestamps[0]),
        panel.known_names, panel.past_names, list(map(str, panel.static_features.columns)),
    ]  # fmt: skip
    total.update(json.dumps(described, sort_keys=True, default=str).encode())
    for array in (panel.target, panel.known_covariates, panel.past_covariates):
        total.update(str(array.shape).encode())
        total.update(np.ascontiguousarray(array).data)
    statics = pd.util.hash_pandas_object(panel.static_features.astype(str))
    total.update(statics.to_numpy().tobytes())
    total.update("\n".join(map(str, panel.series_ids)).encode())
    return total.hexdigest()


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's own generators, which dropout draws from."""
    states = {"cpu": torch.random.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Go on from `random_states`."""
    torch.random.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
