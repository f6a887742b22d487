"""Which public models there are, which package runs each, and whether it is installed."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from forecasting.errors import ConfigError

REQUIREMENTS = "requirements-adapters.txt"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Public models of one kind, which one package runs."""

    model: str  # its name in MODELS
    title: str  # as its authors write it
    package: str  # that is imported
    requirement: str  # that pip installs
    example: str  # a name of its weights on the hub, free for commercial use


FAMILIES = {
    family.model: family
    for family in (
        Family(
            model="chronos_bolt",
            title="Chronos-Bolt",
            package="chronos",
            requirement="chronos-forecasting",
            example="amazon/chronos-bolt-small",
        ),
        Family(
            model="chronos_2",
            title="Chronos-2",
            package="chronos",
            requirement="chronos-forecasting",
            example="amazon/chronos-2",
        ),
        Family(
            model="timesfm",
            title="TimesFM",
            package="timesfm",
            requirement="timesfm",
            example="google/timesfm-2.5-200m-pytorch",
        ),
    )
}


def is_installed(family: Family) -> bool:
    """Whether its package is there; imports nothing, as that takes seconds."""
    return find_spec(family.package) is not None


def package_of(family: Family, module: str | None = None) -> Any:
    """Its package, or a module of it, imported now. Raises `ConfigError` where that is impossible.

    The packages have no types, hence Any.
    """
    if not is_installed(family):
        raise ConfigError(
            f"Model {family.model!r} needs the package {family.requirement}, which is not "
            f"installed. Install it with: pip install -r {REQUIREMENTS}"
        )
    try:
        return import_module(module or family.package)
    except ImportError as error:
        raise ConfigError(
            f"The package {family.requirement} is installed, but cannot be loaded ({error}). "
            f"Install it anew with: pip install -r {REQUIREMENTS}"
        ) from error
