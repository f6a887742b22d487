"""The shipped weights: a safetensors file in half precision, and a card in JSON beside it.

The card holds the size, where the weights come from, and a checksum that is looked at when they
are read. Nothing is fetched from anywhere.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from forecasting.errors import ConfigError
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.run import FILE, Course, part_of, read_pretraining
from forecasting.pretraining.sizes import size_of

SHIPPED = Path(__file__).parent / "shipped"
WEIGHTS = "weights.safetensors"
CARD = "card.json"
READS = 1  # raised when windows hold other features, which older weights cannot read
REMEDY = "Install Almanac again, or copy the folder forecasting/pretraining/shipped anew."


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is known of the weights."""

    reads: int
    size: str
    sha256: str
    steps: int
    series: int
    hours: float
    parameters: int
    real_series: int = 0  # that were learned from; all are made up


def ship(folder: Path, to: Path) -> str:
    """Write the running average of the pretraining in `folder` as weights to ship; a line on it."""
    course, tensors = read_pretraining(folder / FILE)
    to.mkdir(parents=True, exist_ok=True)
    average = {name: each.half() for name, each in part_of(tensors, "average").items()}
    save_file(average, to / WEIGHTS)
    (to / WEIGHTS).chmod(0o644)  # others read what was installed
    card = _card(course, to / WEIGHTS, sum(each.numel() for each in average.values()))
    (to / CARD).write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    size = (to / WEIGHTS).stat().st_size
    return f"{to / WEIGHTS}: {size / 1e6:.1f} MB, {card.parameters:,} weights, {card.steps} steps"


def shipped(folder: Path = SHIPPED) -> tuple[PretrainedNetwork, Card]:
    """The network with the weights in a folder. Raises `ConfigError` where they cannot be used."""
    card = read_card(folder)
    file = folder / WEIGHTS
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}). {REMEDY}") from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ConfigError(
            f"{file} is truncated or damaged: its {len(content):,} bytes have another checksum "
            f"than {CARD} says. {REMEDY}"
        )
    network = PretrainedNetwork(size_of(card.size))
    try:
        network.load_state_dict({name: each.float() for name, each in load_file(file).items()})
    except (SafetensorError, RuntimeError) as error:
        raise ConfigError(
            f"{file} does not fit size {card.size!r} of this version. {REMEDY}"
        ) from error
    return network.eval(), card


def read_card(folder: Path) -> Card:
    """The card of weights. Raises `ConfigError` where it is missing, damaged or of other code."""
    file = folder / CARD
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        card = Card(**content)
    except OSError as error:
        raise ConfigError(
            f"The pretrained weights are missing: {file} cannot be read. {REMEDY}"
        ) from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{file} is damaged ({error}). {REMEDY}") from error
    if card.reads != READS:
        raise ConfigError(
            f"The weights in {folder} are of version {card.reads}; this version of Almanac reads "
            f"{READS}. {REMEDY}"
        )
    return card


def digest_of(network: torch.nn.Module) -> str:
    """A fingerprint of weights."""
    total = hashlib.sha256()
    for name, each in sorted(network.state_dict().items()):
        total.update(name.encode())
        total.update(each.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _card(course: Course, file: Path, parameters: int) -> Card:
    return Card(
        reads=READS,
        size=course.size,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        steps=course.steps,
        series=course.series,
        hours=round(course.seconds / 3600, 3),
        parameters=parameters,
    )
