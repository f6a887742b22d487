"""How good what was published turned out: by lag, and what changes by hand did to the error.

Held against the sales as they are today: where they were corrected by a later import, the numbers
here move with them, and a screen that shows them says so. Only periods that are over count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.queries import PERIOD, where
from data.scope import Freq, Scope
from data.store import Store

SIZES = ((0.0, 10.0), (10.0, 30.0), (30.0, float("inf")))  # percent, from and below
FEW = 5  # cases; below them similar ones are looked for more widely


@dataclass(frozen=True, kw_only=True)
class ValueAdded:
    """What past changes like one did to the error."""

    cases: int
    better: int  # of them, those that came closer to what sold
    error_before: float  # of the forecast, as a share of what sold
    error_after: float  # of the final
    how: str  # which cases: 'reason', 'size' or 'sign', the narrowest that there are enough of


def by_lag(store: Store, dataset_id: int, freq: Freq, lag: int, scope: Scope) -> pd.DataFrame:
    """What was published of a scope `lag` periods ahead, beside what sold.

    timestamp, publication_id, baseline, final, actual (units): a row for every period that is over,
    by the last version with that lag. The scope's own freq and measure are not read.
    """
    condition, bound = where(scope)
    frame = store.frame(
        f"""
        WITH {_PAST.format(unit=PERIOD[freq])}, told AS (
            SELECT publication_id, timestamp FROM versions WHERE lag = $lag
            QUALIFY row_number() OVER (PARTITION BY timestamp ORDER BY publication_id DESC) = 1
        )
        SELECT timestamp, publication_id, sum(mean) AS baseline, sum(final) AS final,
               sum(actual) AS actual
        FROM {_TOLD} WHERE {condition}
        GROUP BY ALL ORDER BY timestamp
        """,
        bound | {"dataset_id": dataset_id, "freq": freq, "lag": lag},
    )
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


def lags(
    store: Store, dataset_id: int, freq: Freq, scope: Scope, *, of: Sequence[int] = (1, 4)
) -> pd.DataFrame:
    """What was published of a scope some periods ahead: timestamp, published_lag1, …, actual.

    In units, NaN where nothing was published so long before; see `by_lag`.
    """
    parts = []
    for lag in of:
        told = by_lag(store, dataset_id, freq, lag, scope).set_index("timestamp")
        parts.append(told["final"].rename(f"published_lag{lag}"))
        parts.append(told["actual"].rename(f"actual_{lag}"))
    table = pd.concat(parts, axis=1).sort_index()
    table["actual"] = table[[f"actual_{lag}" for lag in of]].bfill(axis=1).iloc[:, 0]
    return table.drop(columns=[f"actual_{lag}" for lag in of]).reset_index()


def error(table: pd.DataFrame, column: str = "final") -> tuple[float, float]:
    """Error (WAPE) and bias of a column of `by_lag`, as shares of what sold; NaN where nothing did.

    >>> error(pd.DataFrame({"final": [8.0, 14.0], "actual": [10.0, 10.0]}))
    (0.3, 0.1)
    """
    sold = float(table["actual"].sum())
    if not sold > 0:
        return float("nan"), float("nan")
    off = table[column] - table["actual"]
    return float(off.abs().sum()) / sold, float(off.sum()) / sold


def cases(store: Store, dataset_id: int, freq: Freq) -> pd.DataFrame:
    """Every past change in every period of it that is over, by the last version before the period.

    edit_id, timestamp, reason, author, baseline, final, actual (units of the cells that it was the
    last to change) and percent, the size of the change.
    """
    frame = store.frame(
        f"""
        WITH {_PAST.format(unit=PERIOD[freq])}, told AS (
            SELECT publication_id, timestamp FROM versions
            QUALIFY row_number() OVER (PARTITION BY timestamp ORDER BY publication_id DESC) = 1
        ), reasons AS (
            SELECT edit_id, timestamp, product_id, any_value(reason) AS reason
            FROM demand_line WHERE dataset_id = $dataset_id GROUP BY ALL
        ), touched AS (
            SELECT c.last_edit AS edit_id, timestamp, c.product_id, c.mean, c.final, actual
            FROM {_TOLD} WHERE c.last_edit IS NOT NULL
        )
        SELECT t.edit_id, t.timestamp, any_value(coalesce(own.reason, wide.reason, '')) AS reason,
               any_value(author) AS author, sum(mean) AS baseline, sum(final) AS final,
               sum(actual) AS actual
        FROM touched t JOIN demand_edit e USING (edit_id)
        LEFT JOIN reasons own ON own.edit_id = t.edit_id AND own.timestamp = t.timestamp
            AND own.product_id = t.product_id
        LEFT JOIN reasons wide ON wide.edit_id = t.edit_id AND wide.timestamp = t.timestamp
            AND wide.product_id IS NULL
        GROUP BY t.edit_id, t.timestamp,
                 CASE WHEN e.kind = 'import' THEN t.product_id END
        ORDER BY t.edit_id, t.timestamp
        """,
        {"dataset_id": dataset_id, "freq": freq},
    )
    change = (frame["final"] / frame["baseline"].where(frame["baseline"] > 0) - 1) * 100
    frame["percent"] = change.where(frame["baseline"] > 0, 100.0)
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


def value_added(past: pd.DataFrame, *, percent: float, reason: str) -> ValueAdded | None:
    """What past changes of this size, sign and reason did; None where there are too few.

    `past` is a frame of `cases`. Where there are fewer than five of the reason, those of the size
    and sign count, then all of the sign.

    >>> past = pd.DataFrame({"reason": ["promotion"] * 5, "percent": [20.0] * 5,
    ...     "baseline": [100.0] * 5, "final": [120.0] * 5, "actual": [115, 118, 90, 130, 120]})
    >>> made = value_added(past, percent=15, reason="promotion")
    >>> made.better, made.cases, round(made.error_before, 3), round(made.error_after, 3)
    (4, 5, 0.162, 0.082)
    """
    if past.empty or not percent:
        return None
    low, high = next(pair for pair in SIZES if pair[0] <= abs(percent) < pair[1])
    same_sign = (past["percent"] > 0) == (percent > 0)
    same_size = same_sign & past["percent"].abs().ge(low) & past["percent"].abs().lt(high)
    tries: Sequence[tuple[str, Any]] = (
        ("reason", same_size & (past["reason"] == reason)),
        ("size", same_size),
        ("sign", same_sign),
    )
    for how, chosen in tries:
        found = past[chosen]
        sold = float(found["actual"].sum())
        if len(found) < FEW or sold <= 0:
            continue
        before = (found["baseline"] - found["actual"]).abs()
        after = (found["final"] - found["actual"]).abs()
        return ValueAdded(
            cases=len(found),
            better=int((after < before).sum()),
            error_before=float(before.sum()) / sold,
            error_after=float(after.sum()) / sold,
            how=how,
        )
    return None


# versions: of every publication the periods that are over now; actuals: what sold in them.
_PAST = """
    known AS (
        SELECT CASE any_value(frequency) WHEN 'W' THEN date_trunc('week', max(day))::DATE + 6
                                         WHEN 'M' THEN last_day(max(day)) ELSE max(day) END AS day
        FROM sales JOIN dataset USING (dataset_id) WHERE dataset_id = $dataset_id
    ), heads AS (
        SELECT publication_id, date_trunc('{unit}', sales_until + 1)::DATE AS begins
        FROM publication WHERE dataset_id = $dataset_id AND freq = $freq
    ), spans AS (
        SELECT DISTINCT publication_id, timestamp FROM publication_cell
        WHERE dataset_id = $dataset_id
    ), versions AS (
        SELECT publication_id, timestamp,
               datediff('{unit}', begins, timestamp) + 1 AS lag
        FROM spans JOIN heads USING (publication_id), known
        WHERE timestamp + INTERVAL 1 {unit} - INTERVAL 1 DAY <= known.day
    ), actuals AS (
        SELECT product_id, coalesce(place_id, 0) AS place_id,
               date_trunc('{unit}', day)::DATE AS timestamp, sum(quantity) AS actual
        FROM sales, (SELECT min(timestamp) AS first FROM versions) v
        WHERE dataset_id = $dataset_id AND day >= v.first
        GROUP BY GROUPING SETS ((product_id, place_id, 3), (product_id, 3))
    )
"""
_TOLD = """(
    SELECT c.*, coalesce(a.actual, 0) AS actual
    FROM publication_cell c SEMI JOIN told t ON t.publication_id = c.publication_id
        AND t.timestamp = c.timestamp
    LEFT JOIN actuals a ON a.product_id = c.product_id AND a.place_id = c.place_id
        AND a.timestamp = c.timestamp
) c"""
