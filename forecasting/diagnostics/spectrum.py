"""Which periods repeat, found without being told: the periodogram and its peaks."""

from dataclasses import dataclass

import numpy as np

from forecasting.arrays import FloatArray

LEVEL = 0.01  # of significance of a peak
LEAST_SHARE = 0.02  # of the variance, that a cycle worth its name explains
_HARMONICS = 6


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """A period that repeats, with its harmonics."""

    period: float  # steps
    share: float  # of the variance around the trend, 0..1
    p: float  # chance of such a peak in pure noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """Power by period, each (F,), long periods first, and the periods that stand out."""

    periods: FloatArray  # steps
    power: FloatArray  # share of the variance, sums to 1
    cycles: tuple[Cycle, ...]  # largest share first


def spectrum(values: FloatArray, *, most: int = 4) -> Spectrum | None:
    """The periodogram of values (T,) without gaps, straight trend removed.

    Peaks are tested one after the other by R. A. Fisher's g ("Tests of significance in harmonic
    analysis", 1929), each after the trend and the cycles found before, with their harmonics, were
    taken out by least squares. A period needs two full cycles and two percent of the variance.
    None where fewer than 16 values vary.
    """
    from scipy.signal import periodogram

    if len(values) < 16 or np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    design = _trend(len(values))
    rest = _without(values, design)
    total = float(rest @ rest)
    if total <= 1e-18 * float(values @ values):
        return None
    frequencies, power = periodogram(rest, detrend=False)
    cycles: list[Cycle] = []
    left = rest
    while len(cycles) < most and (found := _strongest(left)):
        frequency, p = found
        design = np.column_stack([design, _waves(frequency, len(values))])
        before, left = float(left @ left), _without(values, design)
        share = (before - float(left @ left)) / total
        if share < LEAST_SHARE:
            break
        cycles.append(Cycle(period=1 / frequency, share=share, p=p))
    return Spectrum(
        periods=1 / frequencies[1:],
        power=power[1:] / power[1:].sum(),
        cycles=tuple(sorted(cycles, key=lambda cycle: -cycle.share)),
    )


def _trend(length: int) -> FloatArray:
    return np.column_stack([np.ones(length), np.linspace(-1, 1, length)])


def _waves(frequency: float, length: int) -> FloatArray:
    """Sines and cosines of a frequency and its harmonics up to half a cycle per step."""
    multiples = np.arange(1, max(min(_HARMONICS, int(0.5 / frequency)), 1) + 1)
    angles = 2 * np.pi * np.outer(np.arange(length), multiples * frequency)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _without(values: FloatArray, design: FloatArray) -> FloatArray:
    return np.asarray(values - design @ np.linalg.lstsq(design, values, rcond=None)[0])


def _strongest(rest: FloatArray) -> tuple[float, float] | None:
    """Frequency of the highest peak and its chance in noise; None where that is large."""
    from scipy.signal import periodogram

    frequencies, power = periodogram(rest, detrend=False)
    frequencies, power = frequencies[1:], power[1:]
    if power.sum() <= 0:
        return None
    usable = np.where(frequencies >= 2 / len(rest) - 1e-12, power, 0.0)
    top = int(np.argmax(usable))
    p = _fisher(float(usable[top] / power.sum()), len(power))
    if p >= LEVEL:
        return None
    top = _fundamental(top, usable)
    return _refined(rest, float(frequencies[top])), p


def _refined(rest: FloatArray, frequency: float) -> float:
    """The frequency near a peak whose waves, harmonics included, fit best: periods are seldom
    whole fractions of the length."""
    step = 1 / len(rest)
    tried = frequency + np.linspace(-0.75, 0.75, 61) * step
    tried = tried[tried >= 1.5 * step]
    if not len(tried):
        return frequency
    fit = np.zeros(len(tried))
    for multiple in range(1, max(min(_HARMONICS, int(0.5 / frequency)), 1) + 1):
        angles = -2j * np.pi * np.outer(tried * multiple, np.arange(len(rest)))
        fit += np.abs(np.exp(angles) @ rest) ** 2
    return float(tried[int(np.argmax(fit))])


def _fundamental(top: int, power: FloatArray) -> int:
    """The slower frequency of which the peak is a harmonic, where that has power of its own."""
    for divisor in (4, 3, 2):
        slower, rest = divmod(top + 1, divisor)  # frequency k / T stands at k - 1
        if slower > 1 and not rest and power[slower - 1] > 0.25 * power[top]:
            return slower - 1
    return top


def _fisher(g: float, count: int) -> float:
    """Upper bound of the chance that the largest of `count` equal shares is at least g."""
    return float(min(1.0, count * (1 - min(g, 1.0)) ** (count - 1)))
