"""Products by what they earn, how they vary and where they stand in their life.

`measures` sums the sales to products and periods in SQL, then takes their statistics. `classes`
turns these numbers into words by thresholds, so that a changed threshold needs no query.

Demand is looked at in periods: whole ISO weeks, or months in data of months. ADI is the number of
periods per period with a sale; CV2 the squared coefficient of variation of the sales in those. Both
and their cuts: Syntetos, Boylan and Croston, On the categorization of demand patterns, Journal of
the Operational Research Society 56 (2005).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from data import queries
from data.scope import Freq, Scope
from data.store import Store

WINDOW = {"W": 52, "M": 24}  # periods that variability is measured over
TREND = {"W": 13, "M": 3}  # periods compared with the same ones a year before
YEAR = {"W": 52, "M": 12}
BEFORE = 4  # periods whose mean guesses the next, for the score
FEWEST = 8  # guesses below which there is no score
SPARK = 26  # periods of a sparkline

Grid = npt.NDArray[np.float64]

ABC = ("A", "B", "C")
XYZ = ("X", "Y", "Z")
PATTERNS = ("Smooth", "Erratic", "Intermittent", "Lumpy")
STAGES = ("New", "Growing", "Steady", "Declining", "Ended")


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where one class ends and the next begins."""

    a_share: float = 0.80  # of the amount, from the largest product down
    b_share: float = 0.95
    x_cv: float = 0.5  # coefficient of variation over periods, inclusive
    y_cv: float = 1.0
    adi: float = 1.32  # periods per period with a sale
    cv2: float = 0.49  # squared, of the amounts in periods with a sale
    new_periods: int = 13  # since the first sale
    ended_periods: int = 13  # since the last sale
    trend: float = 0.20  # change against a year before


def period_of(freq: Freq) -> Literal["W", "M"]:
    """The period that demand is looked at in, for data of a frequency."""
    return "M" if freq == "M" else "W"


def measures(store: Store, scope: Scope, frequency: Freq) -> pd.DataFrame:
    """One row per product that ever sold in the scope, largest amount first.

    product_id (index), code, name, amount (last year's, in the measure of the scope), units,
    periods (of the window, since its first sale), adi, cv2 (NaN: no sale in the window), cv (NaN:
    nothing sold on the whole), trend (NaN: younger than a year and a quarter), score (0..100, NaN:
    too few periods), age, silent (periods since first and last sale, from 0), spark (units of the
    last 26 periods). Only whole periods count; where there is none, the one that has begun.
    """
    freq = period_of(frequency)
    with store.cursor() as cursor:
        last = _last_period(cursor, scope, freq)
        if last is None:
            return pd.DataFrame()
        life, cells = _summed(cursor, scope, freq, last)
    if life.empty:
        return life
    grid = {
        name: _grid(life["product_id"].to_numpy(), cells, name, _reach(freq))
        for name in ("units", "amount")
    }
    made = _statistics(grid["units"], life["age"].to_numpy(), freq)
    frame = life.assign(
        amount=grid["amount"][:, : YEAR[freq]].sum(axis=1),
        units=grid["units"][:, : YEAR[freq]].sum(axis=1),
        **made,
    )
    frame["spark"] = list(grid["units"][:, SPARK - 1 :: -1])
    frame = frame.sort_values(["amount", "code"], ascending=[False, True], kind="stable")
    return frame.set_index("product_id")


def classes(measured: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """The measures with four more columns of words, empty where nothing can be said.

    abc: products in order of their amount, A while those before have less than `a_share` of the
    whole; without an amount above zero: C. xyz: by the coefficient of variation. pattern: by ADI
    and CV2. stage: by the first and last sale, then by the trend.
    """
    amount = measured["amount"].clip(lower=0).to_numpy()  # sorted, largest first
    whole = amount.sum()
    before = (np.cumsum(amount) - amount) / whole if whole > 0 else np.ones(len(amount))
    cv, adi, cv2 = (measured[name].to_numpy() for name in ("cv", "adi", "cv2"))
    rare, wild = adi >= thresholds.adi, cv2 >= thresholds.cv2
    trend = measured["trend"].to_numpy()
    age, silent = measured["age"].to_numpy(), measured["silent"].to_numpy()
    return measured.assign(
        share=amount / whole if whole > 0 else 0.0,
        abc=np.select(
            [amount <= 0, before < thresholds.a_share, before < thresholds.b_share],
            ["C", "A", "B"],
            "C",
        ),
        xyz=np.select(
            [np.isnan(cv), cv <= thresholds.x_cv, cv <= thresholds.y_cv], ["", "X", "Y"], "Z"
        ),
        pattern=np.select(
            [np.isnan(adi), rare & wild, rare, wild],
            ["", "Lumpy", "Intermittent", "Erratic"],
            "Smooth",
        ),
        stage=np.select(
            [
                silent >= thresholds.ended_periods,
                age < thresholds.new_periods,
                trend > thresholds.trend,
                trend < -thresholds.trend,
            ],
            ["Ended", "New", "Growing", "Declining"],
            "Steady",
        ),
    )


def _last_period(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, freq: Literal["W", "M"]
) -> date | None:
    """The start of the last whole period of the dataset; None where it has no sales."""
    unit = queries.PERIOD[freq]
    found = cursor.execute(
        f"""
        WITH span AS (
            SELECT min(day) AS first, max(day) AS last,
                   (SELECT frequency FROM dataset WHERE dataset_id = $dataset_id) AS frequency
            FROM sales WHERE dataset_id = $dataset_id
        )
        SELECT greatest(
            date_trunc('{unit}', first),
            CASE frequency WHEN 'D' THEN date_trunc('{unit}', last + INTERVAL 1 DAY)
                 ELSE date_trunc('{unit}', last) + INTERVAL 1 {unit} END - INTERVAL 1 {unit}
        )::DATE FROM span
        """,
        {"dataset_id": scope.dataset_id},
    ).fetchall()
    last: date | None = found[0][0]
    return last


def _summed(
    cursor: duckdb.DuckDBPyConnection, scope: Scope, freq: Literal["W", "M"], last: date
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame of products with their age, and columns of sums per product and period."""
    condition, bound = queries.where(scope)
    sales = queries.relation(scope)
    amount = "revenue" if scope.measure == "revenue" else "quantity"
    step = pd.DateOffset(months=1) if freq == "M" else pd.DateOffset(weeks=1)
    first = pd.Timestamp(last) - (_reach(freq) - 1) * step
    until = pd.Timestamp(last) + step - pd.Timedelta(days=1)
    bound |= {"last": last}
    cells = cursor.execute(
        f"""
        SELECT product_id, {_ago("day", freq)} AS ago, sum(quantity) AS units,
               coalesce(sum({amount}), 0) AS amount
        FROM {sales} WHERE {condition} AND day BETWEEN $first AND $until GROUP BY ALL
        """,
        bound | {"first": first.date(), "until": until.date()},
    ).fetchnumpy()
    life = cursor.execute(
        f"""
        WITH sold AS (
            SELECT product_id, min(day) AS first_sold, max(day) AS last_sold
            FROM {sales} WHERE {condition} AND quantity > 0 GROUP BY product_id
        )
        SELECT product_id, code, name, greatest({_ago("first_sold", freq)}, 0)::BIGINT AS age,
               greatest({_ago("last_sold", freq)}, 0)::BIGINT AS silent
        FROM sold JOIN product USING (product_id) ORDER BY product_id
        """,
        bound,
    ).df()
    return life, cells


def _ago(day: str, freq: Literal["W", "M"]) -> str:
    """Periods from that of a day to the last one, in SQL; below zero after it."""
    if freq == "M":
        return f"date_diff('month', {day}, $last::DATE)"
    return f"($last::DATE + 6 - {day}) // 7"


def _reach(freq: Literal["W", "M"]) -> int:
    """Periods that are needed for all statistics."""
    return max(WINDOW[freq] + BEFORE, YEAR[freq] + TREND[freq], SPARK)


def _grid(products: npt.NDArray[np.int64], cells: dict[str, Any], name: str, periods: int) -> Grid:
    """Sums as (product, periods ago), zero where nothing sold."""
    grid = np.zeros((len(products), periods))
    rows = np.searchsorted(products, cells["product_id"])
    known = (rows < len(products)) & (
        products[np.minimum(rows, len(products) - 1)] == cells["product_id"]
    )  # a product with returns alone never sold
    grid[rows[known], cells["ago"][known]] = np.asarray(cells[name], dtype=float)[known]
    return grid


def _statistics(
    units: Grid, age: npt.NDArray[np.int64], freq: Literal["W", "M"]
) -> dict[str, npt.NDArray[Any]]:
    """Everything that is known of a product's periods; `units` is (product, periods ago)."""
    window = units[:, : WINDOW[freq]]
    periods = np.minimum(age + 1, WINDOW[freq])
    inside = np.arange(window.shape[1]) < periods[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, spread = _moments(window, inside)
        sold = (window > 0) & inside
        size, size_spread = _moments(window, sold)
        lately = units[:, : TREND[freq]].sum(axis=1)
        earlier = units[:, YEAR[freq] : YEAR[freq] + TREND[freq]].sum(axis=1)
        comparable = (age >= YEAR[freq] + TREND[freq] - 1) & (earlier > 0)
        return {
            "periods": periods,
            "cv": np.where(mean > 0, spread / mean, np.nan),
            "adi": np.where(sold.any(axis=1), periods / sold.sum(axis=1), np.nan),
            "cv2": np.where(sold.any(axis=1), (size_spread / size) ** 2, np.nan),
            "trend": np.where(comparable, lately / earlier - 1, np.nan),
            "score": _score(units, age, freq),
        }


def _moments(values: Grid, inside: npt.NDArray[np.bool_]) -> tuple[Grid, Grid]:
    """Mean and standard deviation (of a population) of the cells inside, per row."""
    count = inside.sum(axis=1)
    mean = np.where(inside, values, 0).sum(axis=1) / count
    squares = np.where(inside, (values - mean[:, None]) ** 2, 0).sum(axis=1)
    return mean, np.sqrt(squares / count)


def _score(units: Grid, age: npt.NDArray[np.int64], freq: Literal["W", "M"]) -> Grid:
    """100 less the error in percent of guessing each period by the mean of those before it."""
    actual = units[:, : WINDOW[freq]]
    guess = sum(
        units[:, back : back + actual.shape[1]] for back in range(1, BEFORE + 1)
    ) / np.float64(BEFORE)
    guessed = np.arange(actual.shape[1]) + BEFORE <= age[:, None]
    missed = np.where(guessed, np.abs(actual - guess), 0).sum(axis=1)
    aimed = np.where(guessed, actual, 0).sum(axis=1)
    score = 100 * np.clip(1 - missed / aimed, 0, None)
    return np.where((guessed.sum(axis=1) >= FEWEST) & (aimed > 0), score, np.nan)
