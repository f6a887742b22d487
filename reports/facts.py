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
    rest: float = 0.0  # forecast of all that are too small to be in it
    rest_before: float = 0.0
    is_of_run: bool = False  # sums of the series of a run; else shares of the forecast above

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
    scope: str  # its name
    place: str = ""
    is_corrected: bool = False  # whether it learned from corrected sales
    split: str = ""  # what a series is of, see `model_card.SPLITS`; "" where the scope is gone
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


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """When in a year and a week something sells, as numbers; None: not known."""

    yearly: float | None = None  # strength of the season, 0..1
    top_month: int | None = None  # 1 to 12
    weekly: float | None = None
    top_weekday: int | None = None  # 0 is Monday
    weekday_above: float | None = None  # share above a mean day
    trend: float | None = None  # growth a year
    since: pd.Timestamp | None = None  # of the trend


@dataclass(frozen=True, kw_only=True)
class Festival:
    """An event ahead, and what it did to sales before."""

    name: str
    first_day: pd.Timestamp
    lift: float | None = None  # times a usual period; None: never measured
    low: float | None = None  # in 8 of 10 cases
    high: float | None = None
    times: int = 0  # how often it was measured
    is_clear: bool = False  # unlikely to be chance
    extra: float | None = None  # what it is expected to add in all its days
    extra_low: float | None = None
    extra_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class CategoryFacts:
    """For the category review: the last year against the year before, and what comes."""

    setting: Setting
    name: str  # of the scope
    place: str
    first: pd.Timestamp  # the span that is looked at, inclusive
    last: pd.Timestamp
    has_before: bool  # whether a year before is known
    value: float  # in the measure of the setting
    before: float
    units: float
    units_before: float
    price: float | None  # mean paid
    price_before: float | None
    products: int  # that sold
    new: int
    gone: int
    stockout_share: float | None  # of product-days with a known stock
    steps: Mapping[str, float]  # of the growth, which add up; see `data.split`
    line: pd.DataFrame  # timestamp, value, before; complete periods
    classes: pd.DataFrame  # product_id's abc, xyz, amount
    movers: Parts | None  # products: `forecast` is the value of the span
    pattern: Pattern = Pattern()
    festivals: tuple[Festival, ...] = ()
    outlook: Outlook | None = None  # None: no complete period to forecast from
    parts: tuple[Parts, ...] = ()  # of the forecast
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """For the order proposal. A line is a product in a place; NaN where nothing is known.

    lines: product, code, place, when, sells_out, delivery, ordered, order_cost, unit_cost, on_hand,
        on_order, margin_if_not, approved, reason; late ones first
    excess: product, place, on_hand, excess, excess_cost; dearest first
    moves: product, source, destination, quantity, money
    """

    setting: Setting
    name: str
    place: str
    stock_day: pd.Timestamp
    source: str  # the run that it is planned on; "" for last year's weeks
    why_quick: str = ""  # why no run, in English
    all_lines: int  # looked at
    service: tuple[float, float]  # lowest and highest level; NaN: least cost
    cost: float  # of all orders
    units: float
    without_cost: int  # orders
    late_products: int
    margin_if_not: float
    excess_cost: float
    excess_units: float
    served: float  # share of demand until the next delivery
    served_without: float
    budget: float | None = None
    lines: pd.DataFrame
    excess: pd.DataFrame
    moves: pd.DataFrame
    notes: Mapping[str, int] = field(default_factory=dict)  # see `order_proposal.NOTES`


@dataclass(frozen=True, kw_only=True)
class ScenarioOne:
    """One scenario beside the plan.

    totals: measure (units, revenue, margin), plan, scenario, difference, low, high; NaN: not known
    steps: timestamp, measure, plan, difference, low, high
    parts: change (words), units, revenue, margin: the difference by it alone
    """

    name: str
    totals: pd.DataFrame
    steps: pd.DataFrame
    parts: pd.DataFrame
    notes: tuple[str, ...] = ()
    is_stale: bool = False  # worked out before the data changed


@dataclass(frozen=True, kw_only=True)
class ScenarioFacts:
    """For the scenario comparison: the plan and one to five scenarios over the same days."""

    setting: Setting
    name: str
    place: str
    by: str  # what answers: a run, or the measured elasticities
    first: pd.Timestamp
    last: pd.Timestamp
    scenarios: tuple[ScenarioOne, ...]
