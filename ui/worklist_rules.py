"""The rules of the worklist: from what is known of sales, stock and forecasts to exceptions.

An exception is a row: key, kind, product_id, place_id (NaN: all places), units, money (NaN where
no price is known), what (the sentence). Knows no Streamlit and no database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

import numpy as np
import pandas as pd

from ui import format as fmt
from ui.chart_style import records

Kind = Literal[
    "sells_out", "too_much", "likely_out", "forecast_jumped", "off_last_year", "accuracy_slipped",
    "outside_band", "event_no_plan", "new_product",
]  # fmt: skip
COLUMNS = ["key", "kind", "product_id", "place_id", "units", "money", "what"]
NEAR = 4  # weeks that a forecast is judged over
WEEKS_A_YEAR = 52
GROWING = 4.0  # growth, from which last year says nothing about a product
FEWEST = 5  # units usual in the days of an event, below which a multiple says nothing


@dataclass(frozen=True)
class Word:
    """How a kind is called on the screen."""

    title: str
    colour: Literal["red", "orange", "blue", "violet", "yellow", "gray"]
    sum: str  # what its money is
    action: str  # the one thing to do
    help: str


KINDS: dict[Kind, Word] = {
    "sells_out": Word(
        "Sells out", "red", "lost sales", "Order",
        "Stock probably ends before a delivery ordered today. Money: margin lost without an order.",
    ),
    "too_much": Word(
        "Too much stock", "orange", "tied up", "See stock",
        "More than sells in 13 weeks. Money: what that stock cost.",
    ),
    "likely_out": Word(
        "Likely out", "red", "lost so far", "Look",
        "No sales for longer than chance explains, and no stock known. Money: what usually sells.",
    ),
    "forecast_jumped": Word(
        "Forecast jumped", "blue", "change", "Review change",
        "The newest forecast differs from the one before it. Money: the difference.",
    ),
    "off_last_year": Word(
        "Unlike last year", "blue", "change", "Review forecast",
        "The forecast is far from last year, and lately sales were not. Money: the difference.",
    ),
    "accuracy_slipped": Word(
        "Accuracy slipped", "violet", "more error", "See errors",
        "The newest test went much worse than those before. Money: the additional error.",
    ),
    "outside_band": Word(
        "Outside the band", "violet", "off forecast", "See forecast",
        "What sold since lies outside what 95 of 100 cases should hold. Money: the difference.",
    ),
    "event_no_plan": Word(
        "Event, no plan", "yellow", "more than usual", "Plan it",
        "Last year this event sold far more than usual, and no price or promotion is planned.",
    ),
    "new_product": Word(
        "New product", "gray", "sold so far", "See forecast",
        "Too new for a forecast of its own. Money: what it sold so far.",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From when on something counts. Each can be changed by name."""

    least_share: float = 0.02  # percent of four weeks' sales that must be at stake
    growth: float = 30.0  # percent, of a forecast against last year or the one before
    slipped: float = 1.5  # times the usual error
    error: float = 20.0  # percent, of an error below which nothing slipped
    chance: float = 0.1  # percent: of silence by chance
    event: float = 1.5  # times a usual week
    new_weeks: float = 8.0
    most: float = 25.0  # rows

    def with_changes(self, changed: Mapping[str, float]) -> "Limits":
        """The same with what somebody changed; names of other versions say nothing."""
        known = {each.name for each in fields(self)}
        return replace(self, **{name: value for name, value in changed.items() if name in known})

    def changes(self) -> dict[str, float]:
        """What differs from the usual limits."""
        usual = asdict(Limits())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What products sold lately. Units of weeks, newest first: column 0 ended last."""

    weeks: pd.DataFrame  # product_id (index) x ago: units, zero where nothing sold
    price: "pd.Series[float]"  # paid per unit, by product_id

    def near(self) -> "pd.Series[float]":
        """Units of the last weeks."""
        return self._sum(0)

    def year_before(self) -> "pd.Series[float]":
        """Units of the same weeks a year before."""
        return self._sum(WEEKS_A_YEAR)

    def ahead_last_year(self) -> "pd.Series[float]":
        """Units of the weeks a year before those to come; NaN where the data is too short."""
        return self._sum(WEEKS_A_YEAR - NEAR)

    def _sum(self, first: int) -> "pd.Series[float]":
        asked = [ago for ago in range(first, first + NEAR) if ago in self.weeks.columns]
        return self.weeks[asked].sum(axis=1, min_count=NEAR)


def off_last_year(sold: Sold, ahead: "pd.Series[float]", limits: Limits) -> pd.DataFrame:
    """Forecasts far from last year although the last weeks were not. `ahead`: units, by product."""
    before = sold.ahead_last_year().reindex(ahead.index)
    lately = _growth(sold.near(), sold.year_before()).reindex(ahead.index)
    growth = _growth(ahead, before)
    known = (growth < GROWING) & (lately < GROWING)  # a product that began has no last year
    unlike = (growth - lately).abs() * 100 >= limits.growth
    far = known & unlike & (growth.abs() * 100 >= limits.growth)
    chosen = far[far].index
    words = [
        f"Next {NEAR} weeks {_against(growth[key])} last year; the last {NEAR}: "
        f"{_against(lately[key])}"
        for key in chosen
    ]
    return _items("off_last_year", chosen, (ahead - before).abs()[chosen], words)


def forecast_jumped(
    ahead: "pd.Series[float]", before: "pd.Series[float]", since: str, limits: Limits
) -> pd.DataFrame:
    """Forecasts that differ from the one before over the same periods, both in units by product."""
    growth = _growth(ahead, before)
    chosen = growth.index[growth.abs() * 100 >= limits.growth]
    words = [
        f"Next {NEAR} weeks {'up' if growth[key] > 0 else 'down'} "
        f"{fmt.growth(abs(growth[key])).lstrip('+')} since {since}"
        for key in chosen
    ]
    return _items("forecast_jumped", chosen, (ahead - before).abs()[chosen], words)


def accuracy_slipped(tests: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Products whose newest test went much worse than the earlier ones.

    `tests` has product_id, window (0: the newest), wrong (absolute error), off (forecast less
    actual) and actual, in units.
    """
    sums = tests.assign(newest=tests["window"] == 0)
    table = sums.groupby(["product_id", "newest"])[["wrong", "off", "actual"]].sum().unstack()
    if not {True, False} <= set(table["actual"].columns):
        return _none()
    table = table.fillna(0.0)
    now = table["wrong"][True] / table["actual"][True].where(lambda value: value > 0)
    usual = table["wrong"][False] / table["actual"][False].where(lambda value: value > 0)
    slipped = (now * 100 >= limits.error) & (now >= limits.slipped * usual)
    chosen = slipped[slipped].index
    off = table["off"][True]
    words = [
        f"Error {fmt.share(now[key])} lately, usually {fmt.share(usual[key])}; "
        f"sold {'less' if off[key] > 0 else 'more'} than forecast"
        for key in chosen
    ]
    more = (now - usual) * table["actual"][True]
    return _items("accuracy_slipped", chosen, more[chosen], words)


def outside_band(arrived: pd.DataFrame, noun: tuple[str, str]) -> pd.DataFrame:
    """Products that sold outside their 95% band more often than one in five periods.

    `arrived` has product_id, periods, outside (of them) and off (actual less forecast, in units).
    """
    often = (arrived["periods"] >= 3) & (arrived["outside"] > arrived["periods"] / 5)
    chosen = arrived[often & (arrived["outside"] >= 2)].set_index("product_id")
    words = [
        f"{row['outside']} of {fmt.count(int(row['periods']), *noun)} outside the 95% band; sold "
        f"{fmt.units(abs(row['off']))} {'more' if row['off'] > 0 else 'less'} than forecast"
        for row in records(chosen)
    ]
    return _items("outside_band", chosen.index, chosen["off"].abs(), words)


def likely_out(silent: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Products in places that are silent for longer than chance explains."""
    missed = 1.0 - silent["sold_share"].clip(upper=0.98)
    chance = missed ** silent["silent"]
    chosen = silent[chance * 100 <= limits.chance]
    units = chosen["silent"] * chosen["a_day"]
    words = [
        f"No sales since {fmt.day(row['last_sold'])}, usually {fmt.units(row['a_day'] * 7)} a week"
        for row in records(chosen)
    ]
    return _items("likely_out", chosen["product_id"], units, words, chosen["place_id"])


def event_no_plan(
    around: pd.DataFrame,
    sold: Sold,
    days_ahead: Mapping[str, int],
    planned: Mapping[str, set[int]],
    limits: Limits,
) -> pd.DataFrame:
    """Products that an event of last year sold far more of, with nothing planned for the next one.

    `around` has event, product_id, quantity and usual; a product is listed for its first event, and
    only if it still sells.
    """
    alive = sold.near().reindex(around["product_id"]).to_numpy() > 0
    around = around[alive & (around["usual"] >= FEWEST).to_numpy()]
    times = around["quantity"] / around["usual"]
    is_planned = [row["product_id"] in planned.get(row["event"], set()) for row in records(around)]
    ahead = around["event"].map(dict(days_ahead))
    chosen = around.assign(times=times, ahead=ahead)[
        (times >= limits.event) & ~np.array(is_planned, dtype=bool)
    ]
    chosen = chosen.sort_values("ahead", kind="stable").drop_duplicates("product_id")
    words = [
        f"{row['event']} {_in_days(int(row['ahead']))}; {row['times']:.1f} × usual last year, "
        "no plan"
        for row in records(chosen)
    ]
    more = chosen["quantity"] - chosen["usual"]
    return _items("event_no_plan", chosen["product_id"], more, words)


def new_products(new: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Products first sold in the last weeks."""
    weeks = ((today - pd.to_datetime(new["first_day"])).dt.days // 7).clip(lower=1)
    words = [
        f"{fmt.count(int(count), 'week')} of sales; its forecast leans on others" for count in weeks
    ]
    return _items("new_product", new["product_id"], new["quantity"], words)


def of_stock(lines: pd.DataFrame) -> pd.DataFrame:
    """What sells out and what is too much, from the lines of the Inventory page."""
    out = lines[lines["late"] & (lines["ordered"] > 0) & ~lines["approved"]]
    words = [
        f"Empty; {_delivery(row['delivery'])}; about {fmt.units(row['lost_if_not'])} short"
        if row["on_hand"] <= 0 or pd.isna(row["sells_out"])
        else f"Runs out {fmt.day(row['sells_out'])}, {_delivery(row['delivery'])}; about "
        f"{fmt.units(row['lost_if_not'])} short"
        for row in records(out)
    ]
    short = _items("sells_out", out["product_id"], out["lost_if_not"], words, out["place_id"])
    short["money"] = out["margin_if_not"].to_numpy(dtype=float)
    much = lines[lines["excess"] >= 1]
    words = [
        f"{_weeks(row['weeks_of_cover'])} of cover; {fmt.units(row['excess'])} of "
        f"{fmt.units(row['on_hand'])} will not sell in 13 weeks"
        for row in records(much)
    ]
    tied = _items("too_much", much["product_id"], much["excess"], words, much["place_id"])
    tied["money"] = much["excess_cost"].to_numpy(dtype=float)
    return pd.concat([short, tied], ignore_index=True)


def ranked(
    parts: Sequence[pd.DataFrame], sold: Sold, limits: Limits, *, has_money: bool
) -> pd.DataFrame:
    """All exceptions with `at_stake` (money, else units), those below the limit left out.

    The dearest first. Money that no rule gave is units at the price paid.
    """
    known = [part for part in parts if not part.empty]
    items = pd.concat(known, ignore_index=True) if known else _none()
    price = items["product_id"].map(sold.price)
    items["money"] = items["money"].fillna(items["units"] * price)
    items["at_stake"] = items["money"] if has_money else items["units"]
    near = sold.near()
    turnover = float((near * sold.price.reindex(near.index)).sum() if has_money else near.sum())
    least = turnover * limits.least_share / 100
    kept = items[items["at_stake"].fillna(0.0) > max(least, 0.0)]
    return kept.sort_values("at_stake", ascending=False, kind="stable").reset_index(drop=True)


def _items(
    kind: Kind,
    products: "pd.Index | pd.Series[int]",
    units: "pd.Series[float]",
    words: Sequence[str],
    places: "pd.Series[int] | None" = None,
) -> pd.DataFrame:
    ids = [int(each) for each in products]
    where = [int(each) for each in places] if places is not None else [None] * len(ids)
    keys = [
        f"{kind}:{product}:{'' if place is None else place}"
        for product, place in zip(ids, where, strict=True)
    ]
    return pd.DataFrame(
        {
            "key": pd.Series(keys, dtype=object),
            "kind": kind,
            "product_id": pd.Series(ids, dtype="int64"),
            "place_id": pd.Series(where, dtype="float64"),
            "units": units.to_numpy(dtype=float),
            "money": np.nan,
            "what": pd.Series(list(words), dtype=object),
        }
    )


def _none() -> pd.DataFrame:
    return _items("new_product", pd.Index([]), pd.Series(dtype=float), [])


def _growth(new: "pd.Series[float]", old: "pd.Series[float]") -> "pd.Series[float]":
    new, old = new.align(old, join="left")
    return (new / old.where(old > 0) - 1).astype(float)


def _against(growth: float) -> str:
    """A growth in words, before what it is against.

    >>> _against(0.42), _against(-0.2), _against(0.001), _against(30.0)
    ('42% above', '20% below', 'like it', '31.0 ×')
    """
    if abs(growth) < 0.005:
        return "like it"
    if growth >= 2:
        return f"{growth + 1:,.1f} ×"
    return f"{abs(growth):.0%} {'above' if growth > 0 else 'below'}"


def _in_days(days: int) -> str:
    return "is on" if days <= 0 else "tomorrow" if days == 1 else f"in {days} days"


def _delivery(day: pd.Timestamp) -> str:
    return f"delivery {day.day} {day:%b}"


def _weeks(weeks: float) -> str:
    return "Years" if not np.isfinite(weeks) or weeks > 104 else f"{weeks:.0f} weeks"
