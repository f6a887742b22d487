"""Shrinkage: less error than the estimates themselves, bands that hold the truth."""

import numpy as np

from forecasting.shrinkage import shrink


def test_when_estimates_are_unsure_then_shrunk_ones_are_nearer_the_truth_and_bands_hold_it() -> (
    None
):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    truth = np.repeat(rng.normal(-2.0, 0.5, 20), 10) + rng.normal(0, 0.3, 200)
    errors = rng.uniform(0.1, 1.5, 200)
    own = truth + errors * rng.standard_normal(200)
    found = shrink(own, errors**2, np.ones(200, dtype=bool), group)
    assert np.abs(found.mean - truth).mean() < 0.6 * np.abs(own - truth).mean()
    inside = np.abs(found.mean - truth) <= 1.645 * np.sqrt(found.variance)
    assert 0.84 <= inside.mean() <= 0.96


def test_when_estimates_agree_as_far_as_they_can_then_there_is_no_spread() -> None:
    rng = np.random.default_rng(1)
    own = -2.0 + 0.5 * rng.standard_normal(60)
    found = shrink(own, np.full(60, 0.25), np.ones(60, dtype=bool), np.zeros(60, dtype=np.intp))
    assert found.spread[0] < 0.05
    assert found.weight.max() < 0.2


def test_when_a_group_has_no_estimate_then_it_borrows_from_the_others_and_is_less_sure() -> None:
    own = np.array([-2.0, -2.1, -1.9, -2.0, -3.0, -3.1, 0.0])
    known = np.array([True] * 6 + [False])
    group = np.array([0, 0, 0, 0, 1, 1, 2])
    found = shrink(own, np.full(7, 0.01), known, group)
    assert -3.0 < found.mean[6] < -2.0
    assert found.weight[6] == 0
    assert found.variance[6] > found.variance[:6].max()


def test_when_nothing_is_known_then_nothing_is_claimed() -> None:
    found = shrink(np.zeros(3), np.ones(3), np.zeros(3, dtype=bool), np.zeros(3, dtype=np.intp))
    assert np.isnan(found.mean).all()
    assert (found.weight == 0).all()
