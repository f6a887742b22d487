"""Whether a forecast in use still fits: its errors since, its bias, and the data it was made from.

Pure functions on frames. Each gives a `Signal`: a state, the number it rests on, and one sentence.
Few values prove little: below `FEW` a signal is never worse than "watch", and where nothing can be
measured it is "unknown", not "ok".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import chi2

from forecasting import metrics

State = Literal["unknown", "ok", "watch", "act"]
RANK: dict[str, int] = {"unknown": 0, "ok": 1, "watch": 2, "act": 3}
WORDS = {  # what a signal is called
    "accuracy": "Accuracy",
    "bias": "Bias",
    "target": "Sales level",
    "price": "Prices",
    "zeros": "Share of zeros",
    "series": "Series",
}
# From which value on: (watch, act).
ERROR_RATIO = (1.25, 1.6)  # error since, over the error in the tests
BIAS_POINTS = (0.08, 0.16)  # bias since less the bias in the tests, as a share of sales
PSI = (0.10, 0.25)  # population stability index above chance; the usual bounds
ZERO_POINTS = (0.05, 0.15)  # change of the share of zeros
SERIES_SHARE = (0.05, 0.20)  # series that are new or gone
NO_BIAS = 5e-4  # what reads as 0.0%
FEW = 24  # values
LEAST_PER_BIN, MOST_BINS = 6, 5
CHANCE = 0.98  # of equal samples have an index below what is taken off for chance
RECENT = {"D": 56, "W": 13, "M": 6}  # periods, by the first letter of the frequency
SEASON = {"D": 364, "W": 52, "M": 12}
_KEYS = ["series_id", "timestamp"]


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One thing that is watched."""

    name: str  # key of WORDS
    state: State
    words: str  # a sentence with the numbers
    value: float | None = None  # what the bounds are for


def worst(signals: Sequence[Signal]) -> State:
    """The state of all together.

    >>> worst([Signal(name=name, state=name, words="") for name in ("ok", "act", "watch")])
    'act'
    """
    return max((each.state for each in signals), key=RANK.__getitem__, default="unknown")


def published(forecasts: Sequence[tuple[pd.Timestamp, pd.DataFrame]]) -> pd.DataFrame:
    """What was in use at each time, from forecasts and the last period that each learned from.

    A forecast counts until the next one takes over. `step` is the number of periods ahead.
    """
    ordered = sorted(forecasts, key=lambda pair: pair[0])
    parts = []
    for number, (_, frame) in enumerate(ordered):
        part = frame.assign(
            series_id=frame["series_id"].astype(str), step=frame["timestamp"].rank(method="dense")
        )
        if number + 1 < len(ordered):
            part = part[part["timestamp"] <= ordered[number + 1][0]]
        parts.append(part)
    empty = pd.DataFrame({name: [] for name in (*_KEYS, "mean", "step")})
    return pd.concat(parts, ignore_index=True) if parts else empty


def since(forecast: pd.DataFrame, newest: pd.DataFrame) -> pd.DataFrame:
    """The rows of a published forecast whose sales have arrived; these come as `actual`."""
    sold = newest[[*_KEYS, "target"]].rename(columns={"target": "actual"}).dropna()
    return forecast.merge(sold.assign(series_id=sold["series_id"].astype(str)), on=_KEYS)


def accuracy(rows: pd.DataFrame, tests: pd.DataFrame | None) -> Signal:
    """Error since, against that in the tests at as many periods ahead.

    `rows` are those of `since`, `tests` those of backtest.parquet of the model in use.
    """
    now, name = _errors(rows, "wape"), "accuracy"
    if now is None:
        return _unknown(name, "Nothing that was forecast has sold yet.")
    before = None if tests is None else _errors(_alike(tests, rows), "wape")
    lead = f"Since {_day(rows['timestamp'].min())} it was off by {now:.1%}"
    if not before:
        return _unknown(name, f"{lead}; there are no tests to compare with.")
    wql = [_errors(rows, "wql"), _errors(_alike(tests, rows), "wql")]
    more = f" (WQL {wql[0]:.3f}, {wql[1]:.3f} in its tests)" if None not in wql else ""
    words = f"{lead}, {before:.1%} in its tests{more}: "
    state = _graded(now / before, ERROR_RATIO, len(rows))
    said = {"ok": "as expected.", "watch": "more than expected.", "act": "far more than expected."}
    return Signal(name=name, state=state, words=words + said[state], value=now / before)


def bias(rows: pd.DataFrame, tests: pd.DataFrame | None) -> Signal:
    """Whether the forecast has been too high or too low since, beyond what its tests had."""
    now, name = _errors(rows, "bias"), "bias"
    if now is None:
        return _unknown(name, "Nothing that was forecast has sold yet.")
    tested = None if tests is None else _errors(_alike(tests, rows), "bias")
    before = tested or 0.0
    side = "too high" if now > 0 else "too low"
    said = f"{abs(now):.1%} {side} on the whole" if abs(now) >= NO_BIAS else "balanced on the whole"
    words = f"Since {_day(rows['timestamp'].min())} it was {said}"
    signed = f"{before:+.1%}" if abs(before) >= NO_BIAS else "0%"
    in_tests = f"{signed} in its tests".replace("-", "−")
    if tested is None:
        in_tests = "there are no tests to compare with"
    more = abs(now - before) if abs(now) > abs(before) else 0.0  # to lean less is no harm
    state = _graded(more, BIAS_POINTS, len(rows))
    return Signal(name=name, state=state, words=f"{words}, {in_tests}.", value=now - before)


def by_period(rows: pd.DataFrame, tests: pd.DataFrame | None) -> pd.DataFrame:
    """timestamp, error, expected: how far off each period since was, and the tests as far ahead.

    Both are shares of what sold; NaN where nothing did, or nothing was tested.
    """
    alike = _alike(tests, rows)
    of_step = {}
    if tests is not None and not alike.empty:
        steps = tests.groupby("cutoff")["timestamp"].rank(method="dense")[alike.index]
        of_step = {step: _errors(part, "wape") for step, part in alike.groupby(steps)}
    found = [
        {
            "timestamp": stamp,
            "error": _errors(part, "wape"),
            "expected": of_step.get(part["step"].iloc[0]),
        }
        for stamp, part in rows.groupby("timestamp", sort=True)
    ]
    return pd.DataFrame(found, columns=["timestamp", "error", "expected"]).astype(
        {"error": float, "expected": float}
    )


def inputs(trained: pd.DataFrame, newest: pd.DataFrame, freq: str) -> list[Signal]:
    """The data of today against those learned from: level, prices, zeros, number of series.

    Both have series_id, timestamp, target, and maybe price; `freq` is of pandas. The latest
    periods are compared with the same ones a year earlier where these were learned from, else
    with the latest that were; each series in units of its own mean.
    """
    letter = freq[:1].upper()
    old, new = (
        frame.assign(series_id=frame["series_id"].astype(str)) for frame in (trained, newest)
    )
    if old.empty or new.empty:
        return []
    recent = _latest(new, RECENT.get(letter, 13))
    stamps = np.union1d(old["timestamp"].unique(), new["timestamp"].unique())
    reference, when = _reference(old, recent, stamps, SEASON.get(letter, 52))
    found = [_level("target", old, reference, recent, when), _zeros(reference, recent, when)]
    if all("price" in frame and frame["price"].notna().any() for frame in (old, new)):
        found.insert(1, _level("price", old, reference, recent, when, column="price"))
    return [*found, _series(old, new)]


def _level(
    name: str,
    old: pd.DataFrame,
    reference: pd.DataFrame,
    recent: pd.DataFrame,
    when: str,
    *,
    column: str = "target",
) -> Signal:
    """Whether values, in units of each series' mean, are distributed as they were."""
    scale = old.groupby("series_id")[column].mean()
    before, now = (_scaled(frame, scale, column) for frame in (reference, recent))
    bins = min(MOST_BINS, min(len(before), len(now)) // LEAST_PER_BIN)
    if bins < 2:
        return _unknown(name, "There are too few values to tell.")
    chance = float(chi2.ppf(CHANCE, bins - 1)) * (1 / len(before) + 1 / len(now))
    value = max(0.0, stability_index(before, now, bins=bins) - chance)
    change = float(np.mean(now) / np.mean(before) - 1) if np.mean(before) else 0.0
    moved = f"{abs(change):.0%} {'above' if change > 0 else 'below'} {when}"
    if abs(change) < 0.005:
        moved = f"as {when}"
    subject = "Prices are" if name == "price" else "Sales of a series are"
    state = _graded(value, PSI, min(len(before), len(now)))
    tail = {"ok": "much the same", "watch": "somewhat different", "act": "very different"}[state]
    words = f"{subject} {moved}; their spread is {tail} (PSI {value:.2f})."
    return Signal(name=name, state=state, words=words, value=value)


def stability_index(before: np.ndarray, now: np.ndarray, *, bins: int) -> float:
    """Population stability index of two samples, in bins that hold equal shares of the first.

    0 is equal. Each bin counts half a value more than it holds, so that an empty one stays finite;
    equal values of the first share a bin. Of equal samples, index / (1/n + 1/m) is about
    chi-square with bins - 1 degrees of freedom.

    >>> round(stability_index(np.arange(100.0), np.arange(100.0), bins=10), 6)
    0.0
    """
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, x, "right"), minlength=len(edges) + 1)
        for x in (before, now)
    ]
    first, second = ((count + 0.5) / (count + 0.5).sum() for count in counts)
    return float(((second - first) * np.log(second / first)).sum())


def _zeros(reference: pd.DataFrame, recent: pd.DataFrame, when: str) -> Signal:
    before, now = (frame["target"].dropna().eq(0) for frame in (reference, recent))
    if before.empty or now.empty:
        return _unknown("zeros", "There are too few values to tell.")
    change = float(now.mean() - before.mean())
    words = f"{now.mean():.0%} of the periods sold nothing, {before.mean():.0%} {when}."
    state = _graded(abs(change), ZERO_POINTS, min(len(before), len(now)))
    return Signal(name="zeros", state=state, words=words, value=change)


def _series(old: pd.DataFrame, new: pd.DataFrame) -> Signal:
    """Series that came or went; one that is there but sells nothing is not gone."""
    before, now = set(old["series_id"]), set(new["series_id"])
    fresh, gone = len(now - before), len(before - now)
    value = (fresh + gone) / max(len(before), 1)
    if not value:
        words = f"All {len(before):,} series are those it learned from."
        return Signal(name="series", state="ok", words=words, value=0.0)
    state = _graded(value, SERIES_SHARE, FEW)
    words = f"{fresh:,} of {len(now):,} series are new to it, {gone:,} it learned from are gone."
    return Signal(name="series", state=state, words=words, value=value)


def _reference(
    old: pd.DataFrame, recent: pd.DataFrame, stamps: np.ndarray, season: int
) -> tuple[pd.DataFrame, str]:
    """The rows to compare with, and what they are; `stamps` are all periods, without a gap."""
    places = np.searchsorted(stamps, np.sort(recent["timestamp"].unique())) - season
    if places.min() >= 0:
        year_ago = old[old["timestamp"].isin(stamps[places])]
        if year_ago["timestamp"].nunique() == len(places):
            return year_ago, "a year before"
    return _latest(old, recent["timestamp"].nunique()), "when it was trained"


def _latest(frame: pd.DataFrame, periods: int) -> pd.DataFrame:
    stamps = np.sort(frame["timestamp"].unique())[-periods:]
    return frame[frame["timestamp"].isin(stamps)]


def _scaled(frame: pd.DataFrame, scale: pd.Series, column: str) -> np.ndarray:
    """Values in units of the mean of their series; series without one are left out."""
    values = (frame[column] / frame["series_id"].map(scale)).to_numpy(dtype=float)
    return np.asarray(values[np.isfinite(values)])


def _alike(tests: pd.DataFrame | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Tests of the same series, and as many periods ahead."""
    if tests is None:
        return rows.iloc[:0]
    step = tests.groupby("cutoff")["timestamp"].rank(method="dense")
    same = tests["series_id"].astype(str).isin(rows["series_id"]) & step.isin(rows["step"])
    return tests[same]


def _errors(rows: pd.DataFrame, metric: Literal["wape", "wql", "bias"]) -> float | None:
    """A metric of all rows together; None where nothing sold."""
    actual, mean = (rows[name].to_numpy(dtype=float) for name in ("actual", "mean"))
    if metric == "wql":
        names = [str(name) for name in rows.columns if str(name).startswith("q0.")]
        levels = tuple(float(name[1:]) for name in names)
        value = metrics.wql(actual, rows[names].to_numpy(dtype=float), levels) if names else np.nan
    else:
        value = metrics.wape(actual, mean) if metric == "wape" else metrics.bias(actual, mean)
    return float(value) if np.isfinite(value) else None


def _graded(value: float, bounds: tuple[float, float], count: int) -> Literal["ok", "watch", "act"]:
    """The state of a value; few values are no reason to act.

    >>> _graded(0.3, PSI, 100), _graded(0.3, PSI, 4), _graded(0.05, PSI, 100)
    ('act', 'watch', 'ok')
    """
    watch, act = bounds
    if value >= act and count >= FEW:
        return "act"
    return "watch" if value >= watch else "ok"


def _unknown(name: str, words: str) -> Signal:
    return Signal(name=name, state="unknown", words=words)


def _day(stamp: pd.Timestamp) -> str:
    return f"{stamp.day} {stamp:%b}"
