"""Past windows say how much of what covariates do is to be believed."""

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.pretraining.bands import STRENGTHS, past_windows

LEVELS = (0.1, 0.5, 0.9)


def panel() -> fc.Panel:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(list("abcd"), 80),
            "timestamp": np.tile(pd.date_range("2024-01-01", periods=80), 4),
            "target": 100 + rng.normal(0, 1, 320),
            "price": rng.uniform(1, 2, 320),
        }
    )
    return fc.Panel.from_frame(frame, "D", known_covariates=["price"])


def forecasts(
    target: np.ndarray, known: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Best at half of what covariates seem to do."""
    horizon = known.shape[1] - target.shape[1]
    mean = np.full((len(target), horizon), 100 + 40 * (strength - 0.5))
    return np.stack([mean - 1, mean, mean + 1], axis=-1), mean


def test_when_half_of_an_effect_forecasts_best_then_half_is_taken() -> None:
    past = past_windows(panel(), horizon=7, seed=0)
    assert past is not None
    strength, quantiles = past.best(forecasts, STRENGTHS, LEVELS)
    assert strength == 0.5
    assert quantiles.shape == (12, 7, 3)
    assert past.wql(quantiles, LEVELS) < 0.02


def test_when_two_strengths_do_alike_then_the_first_is_taken() -> None:
    past = past_windows(panel(), horizon=7, seed=0)
    assert past is not None
    assert past.best(forecasts, (0.75, 0.25), LEVELS)[0] in (0.75, 0.25)
    constant = past.best(lambda target, known, _: forecasts(target, known, 0.5), STRENGTHS, LEVELS)
    assert constant[0] == STRENGTHS[0]


def test_when_strength_is_zero_then_covariates_are_not_shown() -> None:
    past = past_windows(panel(), horizon=7, seed=0, cutoffs=1)
    assert past is not None
    shown: list[int] = []

    def look(target: np.ndarray, known: np.ndarray, strength: float) -> tuple[np.ndarray, ...]:
        shown.append(known.shape[2])
        return forecasts(target, known, strength)

    past.best(look, (1.0, 0.0), LEVELS)  # type: ignore[arg-type]
    assert shown == [1, 0]


def test_when_few_cutoffs_are_asked_for_then_only_the_last_horizons_are_looked_at() -> None:
    past = past_windows(panel(), horizon=7, seed=0, cutoffs=1)
    assert past is not None
    np.testing.assert_array_equal(past.actual, panel().target[:, -7:])
