"""Options that every neural model has, and the presets that fill in those left at None."""

from dataclasses import dataclass, replace
from typing import Self

from forecasting.errors import ConfigError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS, check_quantile_levels
from forecasting.networks.presets import PRESETS, USUAL, Preset, suggested


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Options of every neural model; None takes what the preset, panel and device suggest."""

    horizon: int  # steps ahead, predicted in one pass
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS
    seed: int = 0  # the same seed on the same CPU gives the same weights
    preset: Preset = "balanced"  # how much time training may take: fast, balanced or best
    seasonality: int | None = None  # steps per season; None takes the frequency's
    context_length: int | None = None  # past steps read, rounded down to whole patches
    patch_length: int | None = None  # steps that the encoder reads as one
    width: int | None = None  # of all hidden layers
    dropout: float = 0.1  # share of hidden units dropped in training
    series_embedding: bool | None = None  # learn a vector per series; None: with long histories
    max_steps: int | None = None  # updates of the weights
    batch_size: int | None = None  # windows per update; halved when the device's memory is small
    learning_rate: float = 2e-3  # its peak, after the warm-up
    weight_decay: float = 0.01  # of AdamW
    patience: int = 8  # validations without improvement after which training ends; 20 in all
    finish_share: float = 0.15  # extra steps, as a share, that also see the validation windows
    scale_power: float = 0.7  # series are drawn in proportion to this power of their volume
    round_counts: bool = True  # quantiles of series of whole numbers are whole, so zero can be one
    calibrate: bool = True  # bands are made as wide as past windows say they should have been
    device: str = "auto"  # "auto" takes a GPU where there is one; or "cpu", "cuda", "cuda:1"
    compile: bool = False  # on a GPU; saves time where training takes minutes
    num_threads: int = 1  # of the CPU; one is fastest for small networks on busy cores
    num_workers: int = 1  # processes, or GPUs, that share every batch; on Ray, of all machines

    def __post_init__(self) -> None:
        check_quantile_levels(self.quantile_levels)
        if self.preset not in PRESETS:
            raise ConfigError(f"preset={self.preset!r} is unknown. Use one of {PRESETS}.")
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name}={value!r} must be a whole number of at least 1.")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name}={value!r} must lie between {low} and {high}.")
        if self.batch_size is not None and self.num_workers > self.batch_size:
            raise ConfigError(
                f"num_workers={self.num_workers} is more than batch_size={self.batch_size} windows."
            )

    def suited(self, num_series: int, length: int, device_type: str) -> Self:
        """The options with what the preset suggests for a panel of this size on this device."""
        found = suggested(
            self.preset, num_series=num_series, length=length, device_type=device_type
        )
        return replace(
            self,
            width=self.width or found.width,
            max_steps=self.max_steps or found.max_steps,
            batch_size=self.batch_size or found.batch_size,
        )

    def steps(self) -> int:
        """Updates of the weights that training takes at most."""
        return self.max_steps or USUAL[self.preset].max_steps

    def windows(self) -> int:
        """Windows per update of the weights."""
        return self.batch_size or USUAL[self.preset].batch_size


_COUNTS = (
    *("horizon", "seasonality", "context_length", "patch_length", "width", "max_steps"),
    *("batch_size", "patience", "num_threads", "num_workers"),
)
_RANGES = {
    "dropout": (0.0, 0.9),
    "learning_rate": (1e-6, 1.0),
    "weight_decay": (0.0, 1.0),
    "finish_share": (0.0, 1.0),
    "scale_power": (0.0, 1.0),
}
