"""Options of the public models that a user brings."""

from dataclasses import dataclass

from forecasting.errors import ConfigError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, check_quantile_levels


@dataclass(frozen=True, kw_only=True)
class PublicConfig:
    """Options of chronos_bolt, chronos_2 and timesfm."""

    horizon: int  # steps ahead
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0  # nothing is random
    seasonality: int | None = None  # steps per season, of fallbacks; None takes the frequency's
    context_length: int = 2048  # past steps read at most; fewer where the weights read fewer
    # Folder of the weights, or their name on the hub; None takes those in ALMANAC_PUBLIC_MODELS.
    weights: str | None = None
    non_commercial: bool = False  # the user says that the use is not commercial
    round_counts: bool = True  # quantiles of series of whole numbers are whole, so zero can be one
    device: str = "auto"  # "auto" takes a GPU where there is one; or "cpu", "cuda", "cuda:1"
    num_threads: int = 1  # of the CPU

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        for name in ("horizon", "context_length", "num_threads", "seasonality"):
            value = getattr(self, name)
            if value is None and name == "seasonality":
                continue
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
