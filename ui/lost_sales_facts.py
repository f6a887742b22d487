"""Lost sales as the screen needs them: days, spells of days, decisions. Knows no Streamlit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from data import kept
from data import lost_sales as database
from data.kept import Kept
from data.lost_sales import Ground, Piece
from data.scope import Scope
from data.store import Store
from forecasting.diagnostics import stockouts

_GROUND = 0.4  # of the time, until the first series is looked at
TIE = 0.2  # correlation of the errors of two days of a spell, which share their level
OPEN, ACCEPTED, REJECTED = "To review", "Accepted", "Rejected"
CELL = ["product_id", "place_id", "day"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Every likely stock-out day of a dataset in a span.

    `days` has product_id, place_id, day, spell (a number per run of days), by_stock, probability,
    sold, expected, low, high, lost (units) and money (revenue lost, NaN: price not known); `life`
    has product_id, place_id and days on sale.
    """

    first: date
    last: date
    days: pd.DataFrame
    life: pd.DataFrame
    has_stock: bool
    series_looked_at: int


def find(
    store: Store, dataset_id: int, *, days: int | None, tell: Callable[[float], None] | None = None
) -> Found | None:
    """Stock-outs of the last `days` days, or of all; None where sales are not by day.

    `tell` is called between parts with the share that is done.
    """
    span = database.span(store, dataset_id, days=days)
    if span is None:
        return None
    ground = database.ground(store, dataset_id, *span)
    parts, looked_at = [], 0
    for piece in database.pieces(store, ground):
        if tell is not None:
            tell(_GROUND + (1 - _GROUND) * looked_at / len(ground.series))
        parts.append(_in_piece(ground, piece))
        looked_at += len(piece.series)
    found = pd.concat([_nothing(), *parts], ignore_index=True)
    same = found[["product_id", "place_id"]].diff().eq(0).all(axis=1)
    found["spell"] = (~(same & (found["day"].diff() == pd.Timedelta(days=1)))).cumsum()
    found["lost"] = found["expected"] - found["sold"].clip(lower=0)
    found["money"] = found["lost"] * database.prices(store, dataset_id, found[CELL])
    return Found(
        first=span[0],
        last=span[1],
        days=found,
        life=ground.life,
        has_stock=ground.has_stock,
        series_looked_at=len(ground.series),
    )


def find_once(
    store: Store, dataset_id: int, *, days: int | None, tell: Callable[[float], None] | None = None
) -> Found | None:
    """As `find`, but read from a file where the same was found before in the same sales."""
    if (again := found_before(store, dataset_id, days=days)) is not None:
        return again
    found = find(store, dataset_id, days=days, tell=tell)
    if found is not None:
        facts = {
            "first": found.first.isoformat(),
            "last": found.last.isoformat(),
            "has_stock": found.has_stock,
            "series_looked_at": found.series_looked_at,
        }
        frames = {"days": found.days, "life": found.life}
        digest = _digest(store, dataset_id)
        kept.keep(store, dataset_id, _name(days), digest, Kept(frames=frames, facts=facts))
    return found


def found_before(store: Store, dataset_id: int, *, days: int | None) -> Found | None:
    """What `find_once` would read; None where nobody has asked for it in these sales."""
    again = kept.read(store, dataset_id, _name(days), _digest(store, dataset_id))
    if again is None:
        return None
    facts = again.facts
    return Found(
        first=date.fromisoformat(facts["first"]),
        last=date.fromisoformat(facts["last"]),
        days=again.frames["days"].astype({"day": "datetime64[ns]"}),
        life=again.frames["life"],
        has_stock=facts["has_stock"],
        series_looked_at=facts["series_looked_at"],
    )


def _name(days: int | None) -> str:
    return f"lost-sales-{days or 'all'}"


def _digest(store: Store, dataset_id: int) -> str:
    return kept.digest(store, dataset_id, (__file__, database.__file__, stockouts.__file__))


_COLUMNS = [*CELL, "by_stock", "probability", "sold", "expected", "low", "high"]


def _nothing() -> pd.DataFrame:
    """No days, with the types of some."""
    types: dict[str, str] = dict.fromkeys(_COLUMNS, "float64")
    types |= {"product_id": "int64", "place_id": "int64", "day": "datetime64[ns]"}
    types |= {"by_stock": "bool"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _in_piece(ground: Ground, piece: Piece) -> pd.DataFrame:
    """The days found in some series, within the span, in order of product, place and day."""
    series = piece.series
    found = stockouts.stock_outs(
        stockouts.Sales(
            sold=piece.sold,
            stock=piece.stock,
            promo=piece.promo,
            group=series["group_row"].to_numpy(),
            place=series["place_row"].to_numpy(),
            range_=series["range_row"].to_numpy(),
            product=piece.product,
            of_group=ground.of_group,
            of_place=ground.of_place,
            of_range=ground.of_range,
            of_product=piece.of_product,
            weekday=ground.days.dayofweek.to_numpy(),
        )
    )
    row = found["series"].to_numpy()
    found["product_id"] = series["product_id"].to_numpy()[row]
    found["place_id"] = series["place_id"].to_numpy()[row]
    found["day"] = ground.days.to_numpy()[found["step"].to_numpy()]
    return found.loc[found["day"] >= pd.Timestamp(ground.first), _COLUMNS]


def decided(days: pd.DataFrame, in_force: pd.DataFrame) -> pd.DataFrame:
    """The days with a column decision: what was accepted and rejected, by what counts now."""
    known = in_force[[*CELL, "action", "kind"]]
    joined = days.merge(known, on=CELL, how="left")
    ours = joined["kind"] == "stock_out"
    keep = joined["action"] == "keep"
    decision = np.select([ours & keep, ours], [REJECTED, ACCEPTED], OPEN)
    return days.assign(decision=decision)


def within(frame: pd.DataFrame, scope: Scope, products: pd.Index) -> pd.DataFrame:
    """The rows of the scope's products and place."""
    keep = frame["product_id"].isin(products)
    if scope.place_id is not None:
        keep &= frame["place_id"] == scope.place_id
    return frame[keep]


def spells(days: pd.DataFrame, *, by: str = "lost") -> pd.DataFrame:
    """A row per spell, most lost first: units, or `by` money; what has no price comes last.

    spell (index), product_id, place_id, first, last, days, by_stock, probability, sold, expected,
    low, high, lost, money, decision (that of its days, open where they differ).
    """
    below = (days["expected"] - days["low"]).to_numpy()
    above = (days["high"] - days["expected"]).to_numpy()
    wide = days.assign(below=below, above=above, below2=below**2, above2=above**2)
    grouped = wide.groupby("spell", sort=False)
    made = grouped.agg(
        product_id=("product_id", "first"),
        place_id=("place_id", "first"),
        first=("day", "min"),
        last=("day", "max"),
        days=("day", "size"),
        by_stock=("by_stock", "any"),
        probability=("probability", "max"),
        sold=("sold", "sum"),
        expected=("expected", "sum"),
        lost=("lost", "sum"),
        below=("below", "sum"),
        above=("above", "sum"),
        below2=("below2", "sum"),
        above2=("above2", "sum"),
        decision=("decision", "first"),
        decisions=("decision", "nunique"),
    )
    made["money"] = grouped["money"].sum(min_count=1)
    made["low"] = made["expected"] - _tied(made["below"], made["below2"])
    made["high"] = made["expected"] + _tied(made["above"], made["above2"])
    made.loc[made["decisions"] > 1, "decision"] = OPEN
    made = made.drop(columns=["below", "above", "below2", "above2", "decisions"])
    return made.sort_values(
        list(dict.fromkeys([by, "lost", "first"])),
        ascending=[each == "first" for each in dict.fromkeys([by, "lost", "first"])],
    )


def _tied(total: "pd.Series[float]", squares: "pd.Series[float]") -> "pd.Series[float]":
    """The reach of a sum whose parts are tied by `TIE`."""
    return ((1 - TIE) * squares + TIE * total**2) ** 0.5


_UNIT = {"D": "D", "W": "W-SUN", "M": "M"}


def by_period(days: pd.DataFrame, column: str, freq: str) -> pd.DataFrame:
    """start and value for each period that lost anything, `freq` D, W or M."""
    start = days["day"].dt.to_period(_UNIT[freq]).dt.start_time
    summed = days[column].groupby(start.to_numpy()).sum()
    return pd.DataFrame({"start": summed.index, "value": summed.to_numpy(dtype=float)})


def whole_periods(first: date, last: date, freq: str) -> tuple[date, date]:
    """The span without the periods that it cuts; itself where no whole one lies in it.

    A part of a week beside whole weeks reads like a fall.

    >>> whole_periods(date(2026, 11, 4), date(2026, 11, 18), "W")
    (datetime.date(2026, 11, 9), datetime.date(2026, 11, 15))
    >>> whole_periods(date(2026, 11, 4), date(2026, 11, 18), "M")
    (datetime.date(2026, 11, 4), datetime.date(2026, 11, 18))
    """
    begins, ends = (pd.Period(day, freq=_UNIT[freq]) for day in (first, last))
    if begins.start_time.date() < first:
        begins += 1
    if ends.end_time.date() > last:
        ends -= 1
    whole = begins.start_time.date(), ends.end_time.date()
    return whole if whole[0] < whole[1] or freq == "D" else (first, last)


def to_correct(days: pd.DataFrame) -> pd.DataFrame:
    """The days as corrections: demand instead of sales, with its band."""
    cells = days[[*CELL, "low", "high"]].copy()
    cells["quantity"] = days["expected"].round(2)
    return cells.reset_index(drop=True)
