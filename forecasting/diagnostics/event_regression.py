"""The regression under the effects of events: a level, weekdays, a trend, a season and windows.

A quasi-Poisson regression with logarithmic link and a small ridge, by iterated least squares. Days
far from expected count less (P. J. Huber, 1964), except in the windows. See
`forecasting.diagnostics.events`, which averages it over how stiff the season may be.

Shapes: T periods, E windows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray

_KNOT_DAYS = 182  # between the bends of the trend
_WAVES = 12
_RIDGE = {"weekday": 1e-3, "bend": 0.4, "control": 0.01, "event": 0.45}  # times the mean weight
_HUBER = 4.0  # standard deviations from which a period counts less
_ROUNDS = 25  # of the regression, at most
_MOST_LOG = 12.0  # that a period's expectation may be away from the mean


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """One regression."""

    logs: FloatArray  # (E,) log lift of each window
    variance: FloatArray  # (E,)
    expected: FloatArray  # (T,)
    usual: FloatArray  # (T,) without any event
    alone: FloatArray  # (T, E) log of what each window does, by period
    noise: float  # variance over mean
    leaning: float
    deviance: float
    parameters: float


def base_columns(
    times: pd.DatetimeIndex, controls: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Columns (T, ·) for level, weekday, trend and controls, and their ridge."""
    length = len(times)
    days = ((times - times[0]) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)
    columns, ridge = [np.ones(length)], [0.0]
    if _is_daily(times):
        weekday = times.dayofweek.to_numpy()
        for number in range(6):
            columns.append((weekday == number) * 1.0 - (weekday == 6) * 1.0)
            ridge.append(_RIDGE["weekday"])
    columns.append((days - days.mean()) / 365.25)
    ridge.append(1e-3)
    for knot in np.arange(_KNOT_DAYS, days[-1] - _KNOT_DAYS / 2, _KNOT_DAYS):
        columns.append(np.maximum(days - knot, 0) / 365.25)
        ridge.append(_RIDGE["bend"])
    if controls is not None:
        for control in controls.T:
            usual = float(np.nanmean(control)) if np.isfinite(control).any() else 0.0
            centred = np.nan_to_num(control - usual)
            if np.ptp(centred) > 1e-9:
                columns.append(centred)
                ridge.append(_RIDGE["control"])
    return np.column_stack(columns), np.array(ridge)


def _is_daily(times: pd.DatetimeIndex) -> bool:
    return bool(times[1] - times[0] < pd.Timedelta(days=2))


def most_waves(times: pd.DatetimeIndex) -> int:
    """How many waves a year the season may have: none below a year, few below two."""
    years = (times[-1] - times[0]) / pd.Timedelta(days=365.25)
    if years < 1.0:
        return 0
    per_year = pd.Timedelta(days=365.25) / (times[1] - times[0])
    return 2 if years < 1.9 else min(_WAVES, max(1, int(per_year / 2.5)))


def waves_of_year(times: pd.DatetimeIndex, harmonics: int) -> FloatArray:
    """(T, 2 harmonics) sines and cosines of the day of the year, longest wave first."""
    angle = 2 * np.pi * times.dayofyear.to_numpy() / 365.25
    waves = [wave(k * angle) for k in range(1, harmonics + 1) for wave in (np.sin, np.cos)]
    return np.column_stack(waves) if waves else np.empty((len(times), 0))


def fit(
    waves: FloatArray,
    amounts: FloatArray,
    known: BoolArray,
    base: tuple[FloatArray, FloatArray],
    marks: Mapping[tuple[str, str], FloatArray],
    stiffness: float,
    *,
    start: FloatArray | None,
) -> Fitted | None:
    """The regression with so stiff a season, from an earlier expectation (T,) on.

    None where it has more than a column for two periods.
    """
    events: FloatArray = np.column_stack(list(marks.values()))
    x = np.column_stack([base[0], waves, events])
    if x.shape[1] > known.sum() / 2:
        return None
    bends = np.repeat(np.arange(1, waves.shape[1] // 2 + 1), 2) ** 4.0
    ridge = np.concatenate([base[1], stiffness * bends, np.full(events.shape[1], _RIDGE["event"])])
    if start is None:
        middle = float(amounts[known].mean())
        b = _solve(x, amounts, known.astype(float), ridge, np.maximum(amounts, 0.3 * middle))
        start = _expected(x, b, amounts, known)
    weights = _lighter(start, amounts, known, np.asarray(events.any(axis=1)))
    b = _solve(x, amounts, weights, ridge, start)
    expected = _expected(x, b, amounts, known)
    information = x.T @ ((weights * expected)[:, None] * x)
    inverse = np.linalg.inv(information + np.diag(ridge * (weights * expected).sum() / len(x)))
    residual = np.where(known, (amounts - expected) / np.sqrt(expected), 0.0) * np.sqrt(weights)
    freedom = float(np.trace(inverse @ information))
    noise = float((residual**2).sum() / max(known.sum() - freedom, 1.0))
    leaning = _leaning(residual)
    covariance = inverse @ information @ inverse * noise * (1 + leaning) / (1 - leaning)
    without = x.copy()
    without[:, -events.shape[1] :] = 0.0
    logs, places, alone = _lifts(marks, b)
    return Fitted(
        logs=logs,
        variance=np.diag(covariance)[places],
        expected=expected,
        usual=_expected(without, b, amounts, known),
        alone=alone,
        noise=noise,
        leaning=leaning,
        deviance=float((residual**2).sum()),
        parameters=freedom,
    )


def _lifts(
    marks: Mapping[tuple[str, str], FloatArray], b: FloatArray
) -> tuple[FloatArray, list[int], FloatArray]:
    """Of each window: log of its mean lift (E,), its first column, and log lift by period (T, E).

    The windows' columns are the last of the regression, in the order of `marks`.
    """
    place = len(b) - sum(mark.shape[1] for mark in marks.values())
    logs, places, alone = [], [], []
    for mark in marks.values():
        own = b[place : place + mark.shape[1]]
        logs.append(np.log(np.exp(mark[mark[:, 0] > 0] @ own).mean()))
        places.append(place)
        alone.append(mark @ own)
        place += mark.shape[1]
    return np.array(logs), places, np.column_stack(alone)


def _solve(
    x: FloatArray, amounts: FloatArray, weights: FloatArray, ridge: FloatArray, start: FloatArray
) -> FloatArray:
    """Coefficients of the quasi-Poisson regression, by iterated least squares from `start` (T,)."""
    limit = float(np.log(np.average(amounts, weights=weights)))
    expected: FloatArray = start
    last: FloatArray = np.full(x.shape[1], np.inf)
    for _ in range(_ROUNDS):
        w = weights * expected
        target = np.log(expected) + (amounts - expected) / expected
        scaled: FloatArray = np.sqrt(w)[:, None] * x
        left: FloatArray = scaled.T @ scaled + np.diag(ridge * w.sum() / len(w))
        right: FloatArray = x.T @ (w * target)
        b = np.asarray(np.linalg.solve(left, right), dtype=np.float64)
        eta = np.clip(x @ b, limit - _MOST_LOG, limit + _MOST_LOG)
        expected = np.asarray(np.exp(eta), dtype=np.float64)
        if float(np.abs(b - last).max()) < 1e-4:
            break
        last = np.asarray(b, dtype=np.float64)
    return b


def _expected(x: FloatArray, b: FloatArray, amounts: FloatArray, known: BoolArray) -> FloatArray:
    limit = np.log(amounts[known].mean())
    return np.exp(np.clip(x @ b, limit - _MOST_LOG, limit + _MOST_LOG))


def _lighter(
    expected: FloatArray, amounts: FloatArray, known: BoolArray, inside: BoolArray
) -> FloatArray:
    """Weights (T,) below one for periods outside all windows that are far from expected."""
    residual = np.where(known, (amounts - expected) / np.sqrt(expected), 0.0)
    scale = 1.4826 * float(np.median(np.abs(residual[known])))
    if scale <= 0:
        return known.astype(float)
    far = np.abs(residual) / scale
    weights = np.where(inside, 1.0, np.minimum(1.0, _HUBER / np.maximum(far, 1e-9)))
    return weights * known


def _leaning(residual: FloatArray) -> float:
    """Lag-one autocorrelation, 0 to 0.9."""
    total = float((residual**2).sum())
    found = float((residual[1:] * residual[:-1]).sum()) / total if total > 0 else 0.0
    return min(max(found, 0.0), 0.9)
