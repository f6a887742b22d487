"""What the builders of reports are given: frames of the Forecast screen and of runs, no more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from reports.content import Language

Freq = Literal["D", "W", "M"]
Level = Literal["category", "product", "place"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all reports of one request share."""

    dataset: str
    measure: Literal["quantity", "revenue"]
    currency: str
    freq: Freq
    made_on: pd.Timestamp
    language: Language = "en"


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """One series with its forecast and its tested error."""

    history: pd.DataFrame  # timestamp, value, stockout_share; complete periods
    future: pd.DataFrame  # timestamp, mean, q0.1, q0.9, last_year
    model: str  # as the library calls it
    naive: str  # the model that repeats last year, a key of scores
    scores: pd.DataFrame | None  # by model: wape, bias, coverage; None: too short to test
    tested: tuple[int, int]  # windows, and periods in each
    total_low: float  # 1 in 10 sums over the horizon is lower
    total_high: float  # 1 in 10 is higher
    near: int  # periods that count as the next few
    partial: pd.Timestamp | None  # the incomplete last period, left out
    fallback: str = ""  # why a simpler method was used, in English; "" if it was not

    @property
    def horizon(self) -> int:
        return len(self.future)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A scope one level down: label, forecast, before (NaN: not known), largest first."""

    level: Level
    frame: pd.DataFrame
    is_cut: bool = False  # whether only the largest are in it

    @property
    def changes(self) -> pd.DataFrame:
        """The parts with a year before, with `change`, by size of the change."""
        known = self.frame.dropna(subset="before")
        known = known.assign(change=known["forecast"] - known["before"])
        return known.sort_values("change", key=lambda each: -each.abs(), kind="stable")


@dataclass(frozen=True, kw_only=True)
class ForecastFacts:
    """For the forecast review."""

    setting: Setting
    name: str  # of the scope
    place: str
    outlook: Outlook
    parts: tuple[Parts, ...] = ()
    festivals: tuple[tuple[str, pd.Timestamp], ...] = ()  # within the forecast
    run: str = ""  # the name of the run, "" for a simple model
    run_from: pd.Timestamp | None = None
    rows: pd.DataFrame | None = None  # product, place, timestamp, mean, q0.1, q0.9


@dataclass(frozen=True, kw_only=True)
class ProductFacts:
    """One product for the product sheets."""

    name: str
    code: str
    categories: tuple[str, ...]
    outlook: Outlook
    prices: pd.DataFrame  # timestamp, price, promo_share, stockout_share; newest last
    places: Parts | None = None


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """For the model card."""

    setting: Setting
    name: str
    model: str
    scope: str
    series: int
    horizon: int
    seed: int
    data_until: str  # ISO day
    snapshot: str
    code_version: str
    trained_on: pd.Timestamp
    uploaded_from: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    covariates: Mapping[str, str] = field(default_factory=dict)
    leaderboard: pd.DataFrame | None = None  # model, WQL, MASE, WAPE, bias, coverage, fit_seconds
    windows: int = 0  # of the comparison
    reliability: pd.DataFrame | None = None  # of the model: level, observed
    steps: pd.DataFrame | None = None  # step, then the WAPE of each model
    fallbacks: Mapping[str, int] = field(default_factory=dict)  # reason: series
