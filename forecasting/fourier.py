"""Fourier terms: a long season as a few sines and cosines, where a seasonal model is too slow."""

import numpy as np

from forecasting.arrays import FloatArray


def fourier_terms(steps: FloatArray, seasonality: int, pairs: int) -> FloatArray:
    """Sines and cosines (T, 2 * pairs) at step numbers (T,)."""
    angles = 2 * np.pi * np.outer(steps / seasonality, np.arange(1, pairs + 1))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def best_pairs(values: FloatArray, seasonality: int, *, most: int = 6) -> int:
    """Pairs of terms, 1 to `most`, that describe the season best beside a straight trend (BIC).

    >>> best_pairs(np.sin(2 * np.pi * np.arange(156) / 52) + np.arange(156) % 3, 52)
    1
    """
    steps = np.arange(len(values), dtype=np.float64)
    trend = np.column_stack([np.ones_like(steps), steps])
    scores = []
    for pairs in range(1, min(most, seasonality // 2) + 1):
        terms = np.concatenate([trend, fourier_terms(steps, seasonality, pairs)], axis=1)
        errors = values - terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
        variance = max(float(np.mean(errors**2)), 1e-12)
        scores.append(len(values) * np.log(variance) + terms.shape[1] * np.log(len(values)))
    return int(np.argmin(scores)) + 1
