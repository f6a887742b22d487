"""All models by name. To add one: write `forecasting/models/<name>.py`, and add one entry here.

An entry knows where the class is without importing it, so that `import forecasting` stays fast
and a machine needs only the libraries of the models it uses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

from forecasting.errors import ConfigError
from forecasting.forecast import DEFAULT_QUANTILE_LEVELS
from forecasting.protocol import Forecaster
from forecasting.storage import config_from, read_config


@dataclass(frozen=True)
class Model:
    """An entry of MODELS: where a model's class is, and a line for people."""

    location: str  # "module:Class", the module within forecasting.models
    summary: str
    is_brought: bool = False  # its weights and its package come from the user: forecasting.public

    def import_class(self) -> type[Forecaster]:
        """The class, imported now."""
        module, class_name = self.location.split(":")
        return getattr(import_module(f"forecasting.models.{module}"), class_name)


MODELS = {
    "naive": Model("naive:Naive", "The last value, repeated"),
    "seasonal_naive": Model("seasonal_naive:SeasonalNaive", "The value one season earlier"),
    "arima": Model(
        "arima:Arima", "ARIMA, orders chosen per series; Fourier terms for long seasons"
    ),
    "ets": Model("ets:Ets", "Exponential smoothing, form chosen per series"),
    "theta": Model("theta:Theta", "Dynamic optimised theta"),
    "ces": Model("ces:Ces", "Complex exponential smoothing"),
    "mstl": Model("mstl:Mstl", "Several seasons decomposed, the trend by exponential smoothing"),
    "croston": Model("croston:Croston", "Croston's method for sporadic demand"),
    "croston_sba": Model("croston:CrostonSba", "Croston with the Syntetos-Boylan correction"),
    "tsb": Model("croston:Tsb", "Teunter-Syntetos-Babai, for sporadic demand that may end"),
    "adida": Model("croston:Adida", "Sporadic demand forecast in longer periods"),
    "imapa": Model("croston:Imapa", "Sporadic demand forecast in periods of several lengths"),
    "sarimax": Model("sarimax:Sarimax", "Seasonal ARIMA with known covariates, such as price"),
    "gbm": Model("gbm:Gbm", "Gradient boosting of all series together, by LightGBM"),
    "ensemble": Model("ensemble:Ensemble", "Several models averaged, by what they were worth"),
    "lstm": Model("lstm:Lstm", "A network for all series; an LSTM reads the past"),
    "gru": Model("gru:Gru", "A network for all series; a GRU reads the past"),
    "transformer": Model("transformer:Transformer", "A network for all series; attention reads"),
    "pretrained": Model(
        "pretrained:Pretrained", "A network trained on made-up series alone; forecasts at once"
    ),
    "chronos_bolt": Model(
        "chronos_bolt:ChronosBolt", "Chronos-Bolt, with weights that you bring", is_brought=True
    ),
    "chronos_2": Model(
        "chronos_2:Chronos2", "Chronos-2, with weights that you bring", is_brought=True
    ),
    "timesfm": Model("timesfm:TimesFM", "TimesFM, with weights that you bring", is_brought=True),
}


def create(
    name: str,
    *,
    horizon: int,
    quantile_levels: tuple[float, ...] = DEFAULT_QUANTILE_LEVELS,
    seed: int = 0,
    **options: object,
) -> Forecaster:
    """A model that is ready to fit; its options are the fields of its config dataclass.

    Raises `ConfigError` for an unknown model or option, naming it.
    """
    model_class = _entry(name).import_class()
    given = {"horizon": horizon, "quantile_levels": tuple(quantile_levels), "seed": seed, **options}
    return model_class(config_from(model_class.config_class, given, name))


def with_processes(name: str, options: Mapping[str, Any], n_jobs: int) -> dict[str, Any]:
    """The options with `n_jobs` added, where the model can use processes and none are given.

    An unknown model gets none: `create` says that it is unknown.
    """
    given = dict(options)
    if name in MODELS:
        accepted = {each.name for each in fields(MODELS[name].import_class().config_class)}
        if "n_jobs" in accepted:
            given.setdefault("n_jobs", n_jobs)
    return given


def load(folder: Path | str) -> Forecaster:
    """The model that `save` wrote into the folder. Raises `ConfigError` for foreign files."""
    return _entry(str(read_config(folder)["model"])).import_class().load(folder)


def _entry(name: str) -> Model:
    if name not in MODELS:
        close = get_close_matches(name, MODELS, n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"Model {name!r} is unknown.{meant} Models: {', '.join(MODELS)}.")
    return MODELS[name]
