"""Options of the model `pretrained`."""

from dataclasses import dataclass
from typing import Literal, get_args

from forecasting.errors import ConfigError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, check_quantile_levels
from forecasting.pretraining.sizes import MOST_CONTEXT
from forecasting.pretraining.tuning import STEPS

Tune = Literal["none", "all", "last", "head", "low-rank"]
Covariates = Literal["where they help", "always", "never"]


@dataclass(frozen=True, kw_only=True)
class PretrainedConfig:
    """Options of pretrained."""

    horizon: int  # steps ahead; beyond MOST_HORIZON the forecast is rolled out
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0  # of fine-tuning; nothing else is random
    seasonality: int | None = None  # steps per season; None takes the frequency's
    context_length: int = MOST_CONTEXT  # past steps read at most
    tune: Tune = "none"  # what `fit` lets move: nothing, all, last, head or low-rank adapters
    tune_steps: int = STEPS  # updates of the weights, where any move
    learning_rate: float | None = None  # of fine-tuning, at its peak; None: what suits `tune`
    round_counts: bool = True  # quantiles of series of whole numbers are whole, so zero can be one
    covariates: Covariates = "where they help"  # on past windows of the panel
    calibrate: bool = True  # bands are made as wide as past windows say they should have been
    weights: str | None = None  # folder of `pretrain --ship`; None takes the shipped weights
    device: str = "auto"  # "auto" takes a GPU where there is one; or "cpu", "cuda", "cuda:1"
    num_threads: int = 1  # of the CPU

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        for name in ("horizon", "context_length", "tune_steps", "num_threads", "seasonality"):
            value = getattr(self, name)
            if value is None and name == "seasonality":
                continue
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        if self.context_length > MOST_CONTEXT:
            raise ConfigError(
                f"context_length={self.context_length} is more than the {MOST_CONTEXT} steps that "
                "the pretrained network can read. Use a shorter one."
            )
        for name, choices in (("tune", get_args(Tune)), ("covariates", get_args(Covariates))):
            if (value := getattr(self, name)) not in choices:
                raise ConfigError(f"{name}={value!r} is unknown. Use one of {choices}.")
