"""Tuning: a search for the options of a model that forecast earlier windows best.

The first trial is always the model as it would be without a search, so that the result is never
worse on these windows. Every trial is a backtest: it sees nothing after its cutoffs.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from forecasting.errors import ConfigError, PanelError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS
from forecasting.models import create
from forecasting.panel import Panel
from forecasting.progress import OnProgress
from forecasting.protocol import Forecaster
from forecasting.spaces import Space, default_space, read_space, space_as_json

Sampler = Literal["tpe", "random"]
DEFAULT_TRIALS = 20  # where neither trials nor seconds are given
OnTrials = Callable[[pd.DataFrame], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class TuningResult:
    """What a search found, and all it tried."""

    model: str
    horizon: int
    quantile_levels: tuple[float, ...]
    seed: int
    options: dict[str, Any]  # the best, with those that were fixed
    value: float  # their WQL over all windows
    default_value: float  # that of the model without a search
    trials: pd.DataFrame  # number, state, value, seconds, steps, why, and the options
    seconds: float  # of all trials, also of those before an interruption
    stopped: bool  # before the trials or the seconds were used up

    def create(self) -> Forecaster:
        """The model with the best options, ready to fit."""
        return create(
            self.model,
            horizon=self.horizon,
            quantile_levels=self.quantile_levels,
            seed=self.seed,
            **self.options,
        )


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is asked of a search."""

    model: str
    horizon: int
    options: dict[str, Any]  # fixed in all trials
    space: Space
    trials: int | None
    budget_seconds: float | None
    sampler: Sampler = "tpe"
    pruner: bool = True
    num_windows: int = 2
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0
    n_jobs: int = 1

    def __post_init__(self) -> None:
        for name in ("trials", "num_windows"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        budget = self.budget_seconds
        if budget is not None and not (math.isfinite(budget) and budget > 0):
            raise ConfigError(f"budget_seconds={budget!r} must be above 0, or None.")
        if self.sampler not in ("tpe", "random"):
            raise ConfigError(f"sampler={self.sampler!r} is unknown. Use 'tpe' or 'random'.")
        if both := sorted(self.options.keys() & self.space.keys()):
            raise ConfigError(
                f"options and space both name {', '.join(both)}. An option is fixed or searched."
            )

    def made(self, options: Mapping[str, Any]) -> Forecaster:
        """A model with these options beside the fixed ones."""
        return create(
            self.model,
            horizon=self.horizon,
            quantile_levels=self.quantile_levels,
            seed=self.seed,
            **self.options,
            **options,
        )

    def identity(self, panel: Panel) -> dict[str, Any]:
        """What must be the same for a search to go on; trials and seconds may grow."""
        digest = hashlib.sha256(repr([*panel.series_ids]).encode())
        for array in (panel.target, panel.known_covariates, panel.past_covariates):
            digest.update(array.tobytes())
        return {
            "model": self.model,
            "horizon": self.horizon,
            "options": self.options,
            "space": space_as_json(self.space),
            "num_windows": self.num_windows,
            "quantile_levels": list(self.quantile_levels),
            "seed": self.seed,
            "sampler": self.sampler,
            "panel": f"{panel.freq} to {panel.cutoff}, {digest.hexdigest()[:16]}",
        }


def tune(
    panel: Panel,
    name: str,
    *,
    horizon: int,
    options: Mapping[str, Any] | None = None,
    space: Mapping[str, Any] | None = None,
    trials: int | None = None,
    budget_seconds: float | None = None,
    sampler: Sampler = "tpe",
    pruner: bool = True,
    num_windows: int = 2,
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS,
    seed: int = 0,
    n_jobs: int = 1,
    storage: Path | str | None = None,
    on_progress: OnProgress | None = None,
    on_trials: OnTrials | None = None,
) -> TuningResult:
    """Search the options of a model by WQL over the last `num_windows` windows of the panel.

    `options` are fixed, `space` (default: `default_space`) is searched. It ends after `trials`,
    or `budget_seconds`, or 20 trials where neither is given. With both, a trial may take its equal
    share of the seconds, so that all are compared after the same training; with seconds alone, a
    trial may take all that is left. With a folder as `storage` a search that was interrupted goes
    on there; one process at a time. `on_trials` gets the frame of trials whenever it changes.
    Ctrl-C keeps the trials that are complete. The same seed tries the same options.
    """
    if trials is None and budget_seconds is None:
        trials = DEFAULT_TRIALS
    create(name, horizon=horizon, quantile_levels=quantile_levels, **(options or {}))
    usual = default_space(name, panel) if space is None else space
    fixed = dict(options or {})
    if space is None:
        usual = {option: each for option, each in usual.items() if option not in fixed}
    search = Search(
        model=name,
        horizon=horizon,
        options=fixed,
        space=read_space(name, usual),
        trials=trials,
        budget_seconds=budget_seconds,
        sampler=sampler,
        pruner=pruner,
        num_windows=num_windows,
        quantile_levels=tuple(quantile_levels),
        seed=seed,
        n_jobs=n_jobs,
    )
    needed = num_windows * horizon + 1
    if panel.length < needed:
        raise PanelError(
            f"{num_windows} windows of horizon {horizon} need at least {needed} timestamps; the "
            f"panel has {panel.length}. Use fewer windows or a shorter horizon."
        )
    from forecasting.tuner import Tuner  # late, because it loads Optuna

    folder = None if storage is None else Path(storage)
    return Tuner(panel, search, folder, on_progress=on_progress, on_trials=on_trials).run()
