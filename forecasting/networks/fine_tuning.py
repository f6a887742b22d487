"""Fine-tuning: which weights of a fitted network change, on which panels, and how fast."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from torch import nn

from forecasting.errors import ConfigError, PanelError
from forecasting.networks.config import NetworkConfig
from forecasting.networks.layout import Layout, check_panel
from forecasting.panel import Panel
from forecasting.validation import first_of

Unfrozen = Literal["all", "last", "head"]
HEADS = ("head", "gate", "mean_head", "mean_gate")  # modules of `Network`
DECODER = ("ahead", "summary", "norm", "mix", "last_norm")
SHARE = 0.25  # of the steps and of the learning rate of a fit


def tuning_config(
    config: NetworkConfig, *, steps: int | None, learning_rate: float | None
) -> NetworkConfig:
    """The options of a fine-tuning. Raises `ConfigError` for steps or rates that cannot be."""
    return replace(
        config,
        max_steps=max(1, round(SHARE * config.steps())) if steps is None else steps,
        learning_rate=SHARE * config.learning_rate if learning_rate is None else learning_rate,
    )


@contextmanager
def frozen_but(network: nn.Module, unfrozen: Unfrozen) -> Iterator[None]:
    """Within it only these weights learn; neither gradients nor decay move the others."""
    if unfrozen not in get_args(Unfrozen):
        raise ConfigError(f"unfrozen={unfrozen!r} is unknown. Use one of {get_args(Unfrozen)}.")
    free = {"all": None, "last": HEADS + DECODER, "head": HEADS}[unfrozen]
    for name, weights in network.named_parameters():
        weights.requires_grad_(free is None or name.split(".")[0] in free)
    try:
        yield
    finally:
        network.requires_grad_(True)


def check_same_columns(layout: Layout, panel: Panel, model: str) -> None:
    """The panel has the columns the network was fitted on and no others, or `PanelError`."""
    check_panel(layout, panel, model)
    for kind, known, given in (
        ("known covariates", layout.known, panel.known_names),
        ("past covariates", layout.past, panel.past_names),
        ("static features", layout.statics, tuple(map(str, panel.static_features.columns))),
    ):
        if extra := sorted(set(given) - {each.name for each in known}):
            raise PanelError(
                f"This panel has {kind} that model {model!r} was fitted without: "
                f"{first_of(extra)}. Leave them out, or fit a new model on this panel."
            )
    if layout.non_negative and bool((panel.target < 0).any()):
        below = list(panel.series_ids[np.flatnonzero((panel.target < 0).any(axis=1))])
        raise PanelError(
            f"Model {model!r} was fitted on data without negative values; this panel has some in "
            f"{first_of(below)}. Fit a new model on this panel."
        )


def require_windows(windows: int, panel: Panel, horizon: int) -> None:
    if not windows:
        raise PanelError(
            f"The panel is too short to learn from: its {panel.length} steps hold no window with "
            f"a horizon of {horizon}. Give more history, or use the model as it is."
        )
