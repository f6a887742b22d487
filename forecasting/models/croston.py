"""croston, croston_sba, tsb, adida, imapa: flat forecasts of sporadic demand by statsforecast.

One file for five models, because they differ in one line. None has bands of its own: the errors
one step ahead within the history serve (see `intervals.from_errors`).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from forecasting.errors import ConfigError
from forecasting.fallbacks import Needs
from forecasting.history import History
from forecasting.intervals import from_errors
from forecasting.local import LocalConfig, LocalForecaster
from forecasting.simple import Prediction


class Sporadic(LocalForecaster):
    """What the five share; no season, and few observations are enough."""

    needs = Needs(seasons=0, observations=4)

    @abstractmethod
    def method(self) -> Any:
        """The statsforecast model."""

    def forecast_series(self, history: History) -> Prediction:
        result = self.method().forecast(history.values, self.config.horizon, fitted=True)
        return from_errors(result, history.values, self.config.quantile_levels)


class Croston(Sporadic):
    """Size and interval of demand smoothed apart."""

    name = "croston"

    def method(self) -> Any:
        from statsforecast.models import CrostonClassic

        return CrostonClassic()


class CrostonSba(Sporadic):
    """Croston times 0.95, which removes most of its bias."""

    name = "croston_sba"

    def method(self) -> Any:
        from statsforecast.models import CrostonSBA

        return CrostonSBA()


@dataclass(frozen=True, kw_only=True)
class TsbConfig(LocalConfig):
    """Options of tsb."""

    alpha_size: float = 0.2  # smoothing of the size of demand, between 0 and 1
    alpha_probability: float = 0.1  # smoothing of the probability of demand, between 0 and 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha_size", "alpha_probability"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be above 0 and at most 1.")


class Tsb(Sporadic):
    """Size and probability of demand smoothed apart, so that the forecast fades after the end."""

    name = "tsb"
    config_class = TsbConfig
    config: TsbConfig

    def method(self) -> Any:
        from statsforecast.models import TSB

        return TSB(alpha_d=self.config.alpha_size, alpha_p=self.config.alpha_probability)


class Adida(Sporadic):
    """Demand summed over its mean interval, smoothed, and spread again."""

    name = "adida"

    def method(self) -> Any:
        from statsforecast.models import ADIDA

        return ADIDA()


class Imapa(Sporadic):
    """The mean of adida over all interval lengths."""

    name = "imapa"

    def method(self) -> Any:
        from statsforecast.models import IMAPA

        return IMAPA()
