"""Search spaces: which options of a model a search may vary, and between which values.

A space maps names of options to `Between` or `Choice`; as JSON they are an object and a list.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from forecasting.errors import ConfigError
from forecasting.models import MODELS
from forecasting.panel import Panel

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Plain = bool | int | float | str | None  # what one choice may be


@dataclass(frozen=True, kw_only=True)
class Between:
    """Numbers between two bounds, both included."""

    low: float
    high: float
    log: bool = False  # ratios count, not differences
    whole: bool = False  # whole numbers alone

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"{name}={value!r} of a search space must be a number.")
            if not math.isfinite(value) or (self.whole and value != int(value)):
                kind = "a whole" if self.whole else "a finite"
                raise ConfigError(f"{name}={value!r} of a search space must be {kind} number.")
        if self.low >= self.high:
            raise ConfigError(f"low={self.low} of a search space must be below high={self.high}.")
        if self.log and self.low <= 0:
            raise ConfigError(f"low={self.low} must be above 0 where log=True.")

    @property
    def ends(self) -> tuple[Plain, ...]:
        """Values that a model must accept for the space to make sense."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def distribution(self) -> "BaseDistribution":
        """The same in Optuna's words."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    def holds(self, value: object) -> bool:
        """Whether a search could try the value."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # type: ignore[operator]


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    values: tuple[Plain, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ConfigError("A choice of a search space has no values. Give at least one.")
        for value in self.values:
            if not isinstance(value, Plain):
                raise ConfigError(
                    f"{value!r} in a search space must be a number, a text, true, false or None."
                )

    @property
    def ends(self) -> tuple[Plain, ...]:
        """Values that a model must accept for the space to make sense."""
        return self.values

    def distribution(self) -> "BaseDistribution":
        """The same in Optuna's words."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def holds(self, value: object) -> bool:
        """Whether a search could try the value."""
        return any(value is each or (type(value) is type(each) and value == each)
                   for each in self.values)  # fmt: skip


Dimension = Between | Choice
Space = Mapping[str, Dimension]

NETWORK: Space = {
    "width": Choice((32, 48, 64, 96, 128)),
    "dropout": Between(low=0.0, high=0.4),
    "learning_rate": Between(low=5e-4, high=1e-2, log=True),
    "weight_decay": Between(low=1e-4, high=0.3, log=True),
    "batch_size": Choice((64, 128, 256, 512)),
}
SPACES: dict[str, Space] = {
    "lstm": {**NETWORK, "num_layers": Choice((1, 2))},
    "gru": {**NETWORK, "num_layers": Choice((1, 2))},
    "transformer": {**NETWORK, "num_layers": Choice((1, 2, 3))},
    "gbm": {
        "num_leaves": Between(low=7, high=127, log=True, whole=True),
        "learning_rate": Between(low=0.02, high=0.2, log=True),
        "volume_weight": Between(low=0.0, high=1.0),
        "max_origins": Between(low=60, high=600, log=True, whole=True),
    },
}


def default_space(name: str, panel: Panel | None = None) -> Space:
    """The usual space of a model; with a panel, context lengths that suit it are part of it.

    Raises `ConfigError` for a model that has none.

    >>> default_space("gbm")["learning_rate"]
    Between(low=0.02, high=0.2, log=True, whole=False)
    """
    if name not in SPACES:
        raise ConfigError(
            f"Model {name!r} has no options that are usually searched. Those that have: "
            f"{', '.join(SPACES)}. Give a space of your own, such as "
            "space={'seasonality': Choice((7, 30))}."
        )
    space = dict(SPACES[name])
    if panel is not None and "width" in space and panel.length >= 16:
        space["context_length"] = _context_lengths(panel)
    return space


def read_space(name: str, given: Mapping[str, Any]) -> Space:
    """A space from what a person or a JSON file gave; unknown options and values are refused.

    Lists are choices, objects are bounds. Each end of each dimension must be an option that the
    model accepts beside its other defaults, or `ConfigError` names it.
    """
    if not given:
        raise ConfigError("The search space is empty. Name at least one option.")
    config_class = MODELS[name].import_class().config_class
    known = [field.name for field in fields(config_class)]
    fixed = {"horizon", "quantile_levels", "seed"}
    space: dict[str, Dimension] = {}
    for option, values in sorted(given.items()):  # the order of a file must not change the search
        if option not in known or option in fixed:
            raise ConfigError(
                f"The search space names {option!r}, which is no option of model {name!r} that "
                f"can be searched. Its options: {', '.join(o for o in known if o not in fixed)}."
            )
        dimension = _dimension(option, values)
        for value in dimension.ends:
            _require_accepted(config_class, option, value)
        space[option] = dimension
    return space


def space_as_json(space: Space) -> dict[str, Any]:
    """What `read_space` reads.

    >>> space_as_json({"width": Choice((8, 16))})
    {'width': [8, 16]}
    """
    return {
        name: list(each.values) if isinstance(each, Choice) else asdict(each)
        for name, each in space.items()
    }


def _dimension(option: str, values: Any) -> Dimension:
    if isinstance(values, Dimension):
        return values
    try:
        if isinstance(values, list | tuple):
            return Choice(tuple(values))
        if isinstance(values, Mapping):
            return Between(**values)
    except TypeError as error:
        raise ConfigError(f"The search space of {option!r} cannot be read: {error}.") from error
    raise ConfigError(
        f"The search space of {option!r} is {values!r}. Give a list of values, or "
        "{'low': ..., 'high': ..., 'log': false, 'whole': false}."
    )


def _require_accepted(config_class: type[Any], option: str, value: Plain) -> None:
    try:
        config_class(horizon=1, **{option: value})
    except (ConfigError, TypeError) as error:
        raise ConfigError(f"The search space of {option!r} goes too far: {error}") from error


def _context_lengths(panel: Panel) -> Choice:
    """Half, once and twice the context that networks read of such a panel by default."""
    from forecasting.networks.config import NetworkConfig
    from forecasting.networks.layout import layout_of
    from forecasting.networks.tensors import volumes_of

    layout = layout_of(panel, NetworkConfig(horizon=1), volumes_of(panel))
    usual, patch = layout.context_length, layout.patch_length
    lengths = {max(patch, each // patch * patch) for each in (usual // 2, usual, 2 * usual)}
    return Choice(tuple(sorted(lengths)))
