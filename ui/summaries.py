"""What a shop did lately, from weeks or months of sales: the numbers of Home. No Streamlit."""

from dataclasses import dataclass

import pandas as pd

from data.scope import Freq


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """The periods that Home looks at: weeks, or months where the data has nothing finer."""

    word: str
    step: str  # pandas frequency of period starts
    year: pd.DateOffset  # back to the same period a year ago; 52 whole weeks, so weekdays meet
    spark: int  # periods of a sparkline
    latest: int  # periods that movers sum
    ahead: int  # periods that the forecast card sums
    horizon: int  # periods that the forecast card draws


RHYTHMS: dict[Freq, Rhythm] = {
    "W": Rhythm(
        word="week",
        step="7D",
        year=pd.DateOffset(days=364),
        spark=26,
        latest=4,
        ahead=4,
        horizon=13,
    ),
    "M": Rhythm(
        word="month",
        step="MS",
        year=pd.DateOffset(years=1),
        spark=24,
        latest=3,
        ahead=3,
        horizon=6,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Recent:
    """The last complete period of one series."""

    start: pd.Timestamp  # of the period
    value: float
    growth: float | None  # against the same period last year; None: nothing to compare
    spark: list[float]  # the last periods, oldest first


def recent(series: pd.DataFrame, column: str, rhythm: Rhythm) -> Recent | None:
    """The last complete period of `column`; None where no period is complete."""
    complete = series[series["complete"]]
    if complete.empty:
        return None
    values = complete.set_index("timestamp")[column].astype(float)
    start = values.index[-1]
    return Recent(
        start=start,
        value=float(values.iloc[-1]),
        growth=change(values.iloc[-1], values.get(start - rhythm.year)),
        spark=values.iloc[-rhythm.spark :].fillna(0).tolist(),
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
    children: pd.DataFrame, column: str, last: pd.Timestamp, rhythm: Rhythm, *, rows: int = 10
) -> pd.DataFrame:
    """The children that gained or lost most over the last periods against a year before.

    Takes a long frame of `data.queries.children`. Gives child_id, label, change (amount), latest,
    growth (share; None: new), spark; largest change first. A child with no sales in either time
    is left out.
    """
    starts = pd.date_range(end=last, periods=rhythm.spark, freq=rhythm.step)
    table = children.pivot_table(
        index="timestamp", columns="child_id", values=column, aggfunc="sum", sort=False
    ).astype(float)
    now = table.reindex(starts[-rhythm.latest :]).sum()
    before = table.reindex(starts[-rhythm.latest :] - rhythm.year).sum()
    frame = pd.DataFrame({"change": now - before, "latest": now})
    frame["growth"] = [change(new, old) for new, old in zip(now, before, strict=True)]
    spark = table.reindex(starts).fillna(0)
    frame["spark"] = [spark[child].tolist() for child in frame.index]
    frame["label"] = children.groupby("child_id", sort=False)["label"].first().reindex(frame.index)
    frame = frame[(now != 0) | (before != 0)]
    order = frame["change"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].head(rows).rename_axis("child_id").reset_index()
