"""The settings of models in words: their names, what they do, and values to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting that can be searched."""

    label: str
    words: str  # what it does
    values: tuple[float, ...]  # to choose from; for a range, to choose its ends from


SETTINGS = {
    "learning_rate": Setting(
        label="Learning rate",
        words="How far each update moves the model. Too large never settles, too small is slow.",
        values=(1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
    ),
    "dropout": Setting(
        label="Dropout",
        words="Share of hidden units left out in training. More helps small data, against rote.",
        values=tuple(step / 20 for step in range(15)),
    ),
    "width": Setting(
        label="Width",
        words="Size of the hidden layers. Wider learns more and takes longer.",
        values=(8, 16, 32, 48, 64, 96, 128, 192, 256),
    ),
    "context_length": Setting(
        label="History read",
        words="Periods that a network reads before each forecast.",
        values=(),  # they depend on the period and on how much history there is
    ),
    "num_layers": Setting(
        label="Layers",
        words="Layers on top of each other. More than two seldom pay in sales.",
        values=(1, 2, 3, 4),
    ),
    "weight_decay": Setting(
        label="Weight decay",
        words="Pull of all weights towards zero. More keeps the model simpler.",
        values=(1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0),
    ),
    "batch_size": Setting(
        label="Batch",
        words="Stretches of history in each update. Larger is steadier and needs memory.",
        values=(16, 32, 64, 128, 256, 512, 1024),
    ),
    "num_leaves": Setting(
        label="Leaves",
        words="Leaves of each tree. More fit finer patterns, and chance.",
        values=(3, 5, 7, 15, 31, 63, 127, 255),
    ),
    "volume_weight": Setting(
        label="Weight of volume",
        words="How much more large sellers count: 0 all alike, 1 by their sales.",
        values=tuple(step / 10 for step in range(11)),
    ),
    "max_origins": Setting(
        label="Past dates",
        words="Past dates from which forecasts are learned. More take longer.",
        values=(20, 30, 60, 100, 150, 300, 600, 1000),
    ),
}


def shown(value: object) -> str:
    """A value of a setting as people read it.

    >>> shown(0.003123456), shown(64.0), shown(0), shown(4.57e-05), shown("fast")
    ('0.00312', '64', '0', '0.0000457', 'fast')
    """
    if not isinstance(value, float):
        return str(value)
    return f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")


def label(name: str) -> str:
    """What the screens call a setting.

    >>> label("max_steps"), label("num_layers")
    ('Max steps', 'Layers')
    """
    if name in SETTINGS:
        return SETTINGS[name].label
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def in_words(options: Mapping[str, Any], names: tuple[str, ...] | None = None) -> str:
    """Settings in a line; with `names` only these.

    >>> in_words({"width": 64, "learning_rate": 0.00312, "preset": "fast"}, ("width",))
    'width 64'
    """
    kept = options if names is None else {name: options[name] for name in names if name in options}
    return ", ".join(f"{label(name).lower()} {shown(value)}" for name, value in kept.items())
