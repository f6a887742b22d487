"""What a shop did lately, from weekly frames: the numbers of Home. Knows no Streamlit."""

from dataclasses import dataclass

import pandas as pd

SPARK_WEEKS = 26
AHEAD_WEEKS = 4  # that the card of Home sums
YEAR = pd.Timedelta(days=364)  # 52 whole weeks, so that weekdays meet


@dataclass(frozen=True, kw_only=True)
class Recent:
    """The last complete week of one series."""

    week: pd.Timestamp  # its Monday
    value: float
    growth: float | None  # against the same week last year; None: nothing to compare
    spark: list[float]  # the last 26 weeks, oldest first


def recent(weekly: pd.DataFrame, column: str) -> Recent | None:
    """The last complete week of `column`; None where no week is complete."""
    complete = weekly[weekly["complete"]]
    if complete.empty:
        return None
    values = complete.set_index("timestamp")[column].astype(float)
    week = values.index[-1]
    return Recent(
        week=week,
        value=float(values.iloc[-1]),
        growth=change(values.iloc[-1], values.get(week - YEAR)),
        spark=values.iloc[-SPARK_WEEKS:].fillna(0).tolist(),
    )


def change(new: float, old: float | None) -> float | None:
    """The relative change; None where there is nothing to compare with.

    >>> change(150, 100), change(5, 0), change(5, None)
    (0.5, None, None)
    """
    if old is None or pd.isna(old) or pd.isna(new) or old <= 0:
        return None
    return float(new) / float(old) - 1


def movers(
    weekly: pd.DataFrame, column: str, last_week: pd.Timestamp, *, weeks: int = 4, rows: int = 10
) -> pd.DataFrame:
    """The children that gained or lost most over the last weeks against a year before.

    Takes a long frame of `data.queries.children`. Gives child_id, label, change (amount), latest,
    growth (share; None: new), spark; largest change first. A child with no sales in either time
    is left out.
    """
    mondays = pd.date_range(end=last_week, periods=SPARK_WEEKS, freq="7D")
    table = weekly.pivot_table(
        index="timestamp", columns="child_id", values=column, aggfunc="sum", sort=False
    ).astype(float)
    now = table.reindex(mondays[-weeks:]).sum()
    before = table.reindex(mondays[-weeks:] - YEAR).sum()
    frame = pd.DataFrame({"change": now - before, "latest": now})
    frame["growth"] = [change(new, old) for new, old in zip(now, before, strict=True)]
    spark = table.reindex(mondays).fillna(0)
    frame["spark"] = [spark[child].tolist() for child in frame.index]
    frame["label"] = weekly.groupby("child_id", sort=False)["label"].first().reindex(frame.index)
    frame = frame[(now != 0) | (before != 0)]
    order = frame["change"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].head(rows).rename_axis("child_id").reset_index()
