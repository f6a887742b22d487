"""The measure of the M5 competition, against numbers worked out by hand and by plain loops."""

import itertools

import numpy as np
import pandas as pd
import pytest

from benchmarks.wrmsse import LEVELS, codes_of, squared_scales, weights_of, wrmsse

STATICS = pd.DataFrame(
    [
        ("apple", "fresh", "food", "S1", "CA"),
        ("soap", "clean", "home", "S1", "CA"),
        ("apple", "fresh", "food", "S2", "TX"),
        ("soap", "clean", "home", "S2", "TX"),
    ],
    columns=["item_id", "dept_id", "cat_id", "store_id", "state_id"],
)


def test_when_two_series_are_scored_then_the_levels_are_those_worked_out_by_hand() -> None:
    """One store with two products; the second is launched on the second day."""
    history = np.array([[0.0, 2.0, 4.0, 2.0], [np.nan, 1.0, 2.0, 4.0]])
    actual, forecast = np.array([[3.0, 1.0], [2.0, 2.0]]), np.array([[1.0, 1.0], [2.0, 4.0]])
    found = wrmsse(actual, {"x": forecast}, history, np.array([30.0, 10.0]), STATICS[:2])["x"]
    # Products: changes +2, -2 since the first sale, and +1, +2; errors -2, 0 and 0, +2.
    apple, soap = np.sqrt(2.0 / 4.0), np.sqrt(2.0 / 2.5)
    # Together 0, 3, 6, 6: changes 3 and 0 since the first sale; errors -2 and +2.
    total = np.sqrt(4.0 / 4.5)
    assert found["item, store"] == pytest.approx(0.75 * apple + 0.25 * soap)
    assert found["category"] == pytest.approx(found["item, store"])
    assert found["total"] == pytest.approx(total)
    assert found["store"] == pytest.approx(total)


def test_when_all_levels_are_scored_then_plain_loops_find_the_same() -> None:
    rng = np.random.default_rng(0)
    history = rng.poisson(1.5, (4, 60)).astype(float)
    history[1, :20], history[2, :7] = 0.0, np.nan
    actual, forecast = rng.poisson(2, (4, 5)).astype(float), rng.gamma(2.0, 1.0, (4, 5))
    revenue = np.array([4.0, 1.0, 2.0, 0.0])
    found = wrmsse(actual, {"x": forecast}, history, revenue, STATICS)["x"]
    assert len(found) == 12
    for level, columns in LEVELS.items():
        groups = STATICS.groupby(list(columns)).indices if columns else {"all": np.arange(4)}
        score = 0.0
        for rows in groups.values():
            sold = np.nansum(history[rows], axis=0)
            sold = sold[np.flatnonzero(sold)[0] :]
            squares = [(b - a) ** 2 for a, b in itertools.pairwise(sold)]
            errors = (forecast[rows].sum(axis=0) - actual[rows].sum(axis=0)) ** 2
            score += revenue[rows].sum() / 7.0 * np.sqrt(errors.mean() / np.mean(squares))
        assert found[level] == pytest.approx(score, rel=1e-5), level


@pytest.mark.parametrize("level", LEVELS)
def test_when_revenue_is_given_then_the_weights_of_a_level_add_up_to_one(level: str) -> None:
    codes = codes_of(STATICS, LEVELS[level])
    weights = weights_of(np.array([5.0, 1.0, 0.0, 3.0]), codes)
    assert len(weights) == codes.max() + 1
    assert weights.sum() == pytest.approx(1.0)


def test_when_a_series_never_sold_then_it_has_no_scale() -> None:
    scales = squared_scales(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 5.0], [1.0, 1.0, 3.0]]))
    assert np.isnan(scales[:2]).all()
    assert scales[2] == pytest.approx(2.0)
