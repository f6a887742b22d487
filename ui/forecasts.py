"""From the sales of a scope to a forecast that a page can show. Knows no Streamlit.

A *history* has one row per complete period: timestamp, value, stockout_share; a value is NaN where
nobody knows what sold. The period that the data covers only in part is left out of training, so
that half a week does not look like a slump.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

import forecasting as fc
from data.scope import Freq, Measure
from ui import summaries

LAST_YEAR = "seasonal_naive"  # the baseline that any model must beat
CANDIDATES = (LAST_YEAR, "theta", "ets", "arima")
AUTOMATIC = "automatic"
BANDS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)

PANDAS_FREQ = {"D": "D", "W": "W-MON", "M": "MS"}
NOUN = {"D": ("day", "days"), "W": ("week", "weeks"), "M": ("month", "months")}
HORIZONS = {"D": (14, 28, 56), "W": (4, 13, 26), "M": (3, 6, 12)}
DEFAULT_HORIZON = {"D": 28, "W": 13, "M": 6}
NEAR = {"D": 7, "W": 4, "M": 1}  # the next few periods, which the first card sums
SEASON = {"D": 7, "W": 52, "M": 12}
TRAINED_ON = {"D": 3 * 364, "W": 5 * 52, "M": 10 * 12}  # older periods tell little and cost time
_MOST_WINDOWS = 3
_PATHS = 400  # sample paths for the band of a sum


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """One series with its forecast and what is known about its error."""

    history: pd.DataFrame  # timestamp, value, stockout_share; complete periods
    future: pd.DataFrame  # timestamp, mean, q0.025 … q0.975, last_year, baseline
    model: str  # the one that made it
    baseline: str  # the one to compare with
    scores: pd.DataFrame | None  # by model: wape, bias, coverage; None: too short to test
    fallback: str  # the method used instead of the model; "" if none
    reason: str  # why
    total_low: float  # 1 in 10 sums over the horizon is lower
    total_high: float  # 1 in 10 is higher
    partial: pd.Timestamp | None  # the incomplete last period, left out
    passed: pd.DataFrame = field(default_factory=pd.DataFrame)
    """timestamp, mean, quantiles of what was forecast and has been sold since; of older runs."""


def history_of(series: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The complete periods of a `data.queries.series` frame, up to the last known one."""
    complete = series[series["complete"]]
    known = complete[measure].notna().to_numpy()
    complete = complete.iloc[: int(np.flatnonzero(known)[-1]) + 1 if known.any() else 0]
    return pd.DataFrame(
        {
            "timestamp": pd.to_datetime(complete["timestamp"]).astype("datetime64[ns]"),
            "value": complete[measure].astype(float),
            "stockout_share": complete["stockout_share"].astype(float),
        }
    ).reset_index(drop=True)


def partial_period(series: pd.DataFrame) -> pd.Timestamp | None:
    """The last period where the data ends inside it."""
    if series.empty or bool(series["complete"].iloc[-1]):
        return None
    return pd.Timestamp(series["timestamp"].iloc[-1])


def last_year(history: pd.DataFrame, timestamps: pd.Series, freq: Freq) -> pd.Series:
    """What was sold 52 weeks before each timestamp, so that weekdays meet; months: the same month.

    NaN where the data does not reach back.
    """
    if freq == "M":
        before = timestamps - pd.DateOffset(years=1)
    else:
        before = timestamps - pd.Timedelta(days=364)
    values = history.set_index("timestamp")["value"]
    return pd.Series(values.reindex(before).to_numpy(), index=timestamps.index)


def growth(values: pd.Series, year_ago: pd.Series) -> float | None:
    """The relative change of a sum; None where the year before is not known in full."""
    before = year_ago.sum(min_count=len(year_ago))
    return float(values.sum() / before - 1) if before > 0 else None


def panel_of(history: pd.DataFrame, freq: Freq) -> fc.Panel:
    """The recent history as a panel of one series."""
    recent = history.iloc[-TRAINED_ON[freq] :]
    frame = pd.DataFrame(
        {"series_id": "scope", "timestamp": recent["timestamp"], "target": recent["value"]}
    )
    return fc.Panel.from_frame(frame, freq=PANDAS_FREQ[freq])


def windows(length: int, freq: Freq, horizon: int) -> int:
    """How many times the past can be forecast with a season and a half left to learn from.

    >>> windows(156, "W", 13), windows(104, "W", 13), windows(60, "W", 13)
    (3, 2, 0)
    """
    enough = int(1.5 * SEASON[freq]) if freq != "D" else 6 * SEASON[freq]
    return max(0, min(_MOST_WINDOWS, (length - enough) // horizon))


def backtest(
    history: pd.DataFrame, freq: Freq, horizon: int, models: tuple[str, ...] = CANDIDATES
) -> pd.DataFrame | None:
    """wape, bias and coverage (of the 80% band) by model; None where the history is too short.

    Pools all steps of the last windows, forecast without having seen them.
    Raises `ForecastingError`.
    """
    recent = history.iloc[-TRAINED_ON[freq] :]
    count = windows(len(recent), freq, horizon)
    if not count or not recent["value"].iloc[-count * horizon :].abs().sum():
        return None
    result = fc.backtest(panel_of(history, freq), list(models), horizon=horizon, num_windows=count)
    board = result.leaderboard().set_index("model")[["WAPE", "bias", "coverage"]]
    return board.rename(columns={"WAPE": "wape"}).astype(float)


def best(scores: pd.DataFrame | None) -> str:
    """The model with the smallest error; theta where none could be tested."""
    if scores is None or scores["wape"].isna().all():
        return "theta"
    return str(scores["wape"].idxmin())


def outlook(
    series: pd.DataFrame,
    *,
    freq: Freq,
    measure: Measure,
    horizon: int,
    model: str,
    scores: pd.DataFrame | None,
) -> Outlook:
    """The forecast of a scope by `model` or, where that is "automatic", by the best of `scores`.

    Raises `ForecastingError` where the series has no complete period or a model fails.
    """
    history = history_of(series, measure)
    panel = panel_of(history, freq)
    chosen = best(scores) if model == AUTOMATIC else model
    baseline = "arima" if chosen != "arima" else "theta"
    made = forecast(panel, chosen, horizon)
    future = made.to_frame().drop(columns="series_id")
    future["last_year"] = last_year(history, future["timestamp"], freq)
    future["baseline"] = forecast(panel, baseline, horizon).mean[0]
    totals = made.sample(_PATHS).sum(axis=2)[0]
    low, high = np.quantile(totals, [0.1, 0.9])
    return Outlook(
        history=history,
        future=future,
        model=chosen,
        baseline=baseline,
        scores=scores,
        fallback=made.notes[0].used if made.notes else "",
        reason=made.notes[0].reason if made.notes else "",
        total_low=float(low),
        total_high=float(high),
        partial=partial_period(series),
    )


def forecast(panel: fc.Panel, model: str, horizon: int) -> fc.Forecast:
    """The forecast of every series of a panel by a model fitted to it."""
    made = fc.create(model, horizon=horizon)
    made.fit(panel)
    return made.predict(panel)


def panel_of_many(table: pd.DataFrame, freq: Freq) -> fc.Panel:
    """A panel of timestamps x series; NaN is left out."""
    frame = (
        table.melt(ignore_index=False, var_name="series_id", value_name="target")
        .rename_axis("timestamp")
        .reset_index()
        .dropna(subset="target")
    )
    return fc.Panel.from_frame(frame, freq=PANDAS_FREQ[freq])


def mean_of(history: pd.DataFrame, model: str, freq: Freq, horizon: int) -> np.ndarray:
    """The mean (H,) that a model forecasts for a history."""
    return forecast(panel_of(history, freq), model, horizon).mean[0]


def next_periods(made: Outlook, rhythm: summaries.Rhythm) -> summaries.Recent:
    """The sum of the next periods for the card of Home."""
    near = made.future.head(rhythm.ahead)
    return summaries.Recent(
        start=near["timestamp"].iloc[0],
        value=float(near["mean"].sum()),
        growth=growth(near["mean"], near["last_year"]),
        spark=made.future["mean"].tolist(),
    )
