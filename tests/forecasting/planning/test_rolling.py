"""Levels of a policy at past reviews: nothing of the future in them, and the service asked for."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.planning import (
    levels_asked,
    replay,
    review_levels,
    service_curve,
    up_to_by_review,
)

DAYS, SERIES = 300, 40


def demand(seed: int = 0) -> np.ndarray:
    """Poisson sales with a weekly pattern (B, T)."""
    rng = np.random.default_rng(seed)
    week = 1 + 0.5 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    return rng.poisson(rng.uniform(2, 8, SERIES)[:, None] * week).astype(float)


def panel_of(sold: np.ndarray) -> fc.Panel:
    times = pd.date_range("2026-01-05", periods=DAYS)
    frame = pd.DataFrame(sold.T, index=times, columns=[f"s{k:02}" for k in range(SERIES)])
    long = frame.melt(ignore_index=False, var_name="series_id", value_name="target")
    return fc.Panel.from_frame(long.rename_axis("timestamp").reset_index(), freq="D")


def items(panel: fc.Panel, **more: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"series_id": panel.series_ids, "lead_time_days": 7.0, "review_days": 7.0, **more}
    )


def fitted(panel: fc.Panel) -> fc.Forecaster:
    return fc.create("seasonal_naive", horizon=28).fit(panel)


def test_when_sales_after_a_review_change_then_its_level_does_not() -> None:
    sold = demand()
    other = sold.copy()
    other[:, 201:] += 50
    panels = panel_of(sold), panel_of(other)
    reviews = [panels[0].timestamps[201], panels[0].timestamps[208]]
    first, second = (
        review_levels(
            fitted(panel.until(panel.timestamps[190])), panel, items(panel), reviews, num_paths=100
        )
        for panel in panels
    )
    np.testing.assert_array_equal(first[0], second[0])
    assert (second[1] > first[1]).all()


def test_when_a_fill_rate_is_asked_for_then_the_replay_serves_about_it() -> None:
    sold = demand(1)
    panel = panel_of(sold)
    start = 160
    reviews = list(panel.timestamps[start::7])
    model = fitted(panel.until(panel.timestamps[start - 1]))
    asked = items(panel, target="fill", service_level=0.95)
    levels = review_levels(
        model,
        panel,
        asked,
        reviews,
        num_paths=200,
        step_correlation=0.0,  # days were drawn alone
    )
    found = replay(
        sold[:, start:],
        up_to_by_review(levels, review_steps=7),
        stock=levels[0],
        lead_steps=np.full(SERIES, 7),
        review_steps=7,
        warm_up=28,
    )
    assert found.fill_rate == pytest.approx(0.95, abs=0.03)


def test_when_a_review_has_no_past_then_it_is_refused() -> None:
    panel = panel_of(demand())
    with pytest.raises(fc.ConfigError, match="no past"):
        review_levels(fitted(panel), panel, items(panel), [panel.timestamps[0]])


def test_when_a_policy_serves_more_than_asked_then_the_curve_asks_for_less() -> None:
    sold = demand(2)
    panel = panel_of(sold)
    model = fitted(panel.until(panel.timestamps[139]))  # its steps are taken to go together: wide
    lead = np.full(SERIES, 7)
    first, second = list(panel.timestamps[140:217:7]), list(panel.timestamps[217:294:7])
    until = panel.until(panel.timestamps[216])
    curve = service_curve(
        model, until, items(panel), first, lead_steps=lead, review_steps=7, num_paths=100,
        warm_up=14, asked=(0.3, 0.6, 0.9),
    )  # fmt: skip
    assert (np.diff(curve.served, axis=1) > 0).all()
    level = curve.to_ask(0.95)
    assert set(curve.groups) == {0, 1, 2}
    assert (level < 0.9).all()
    asked = items(panel, target="fill", service_level=level)
    levels = review_levels(model, panel, asked, second, num_paths=100)
    found = replay(
        sold[:, 217:294], up_to_by_review(levels, review_steps=7), stock=levels[0],
        lead_steps=lead, review_steps=7, warm_up=14,
    )  # fmt: skip
    assert found.fill_rate == pytest.approx(0.95, abs=0.03)


def test_when_several_services_are_asked_for_then_each_gets_the_levels_it_gets_alone() -> None:
    panel = panel_of(demand(3))
    model = fitted(panel.until(panel.timestamps[139]))
    reviews = list(panel.timestamps[140:155:7])
    both = levels_asked(
        model, panel, items(panel, service_level=0.9), reviews, asked=(None, 0.7), num_paths=60
    )
    for found, level in zip(both, (0.9, 0.7), strict=True):
        alone = review_levels(
            model, panel, items(panel, service_level=level), reviews, num_paths=60
        )
        np.testing.assert_allclose(found, alone)
    assert (both[0] > both[1]).all()


def test_when_items_ask_for_services_of_their_own_then_each_gets_the_level_of_its_own() -> None:
    panel = panel_of(demand(3))
    model = fitted(panel.until(panel.timestamps[139]))
    reviews = [panel.timestamps[140]]
    wanted = np.linspace(0.6, 0.98, SERIES)
    filled = items(panel, target="fill")
    together = levels_asked(model, panel, filled, reviews, asked=(0.6, wanted, 0.98), num_paths=60)
    alone = review_levels(
        model, panel, items(panel, target="fill", service_level=wanted), reviews, num_paths=60
    )
    np.testing.assert_allclose(together[1], alone)
    assert (together[0, 0, 1:] < together[1, 0, 1:]).all()
    assert (together[1, 0, :-1] < together[2, 0, :-1]).all()


def test_when_goods_spoil_soon_then_no_more_is_held_than_sells_before() -> None:
    panel = panel_of(demand(4))
    model = fitted(panel.until(panel.timestamps[139]))
    reviews = [panel.timestamps[140]]
    kept = review_levels(model, panel, items(panel, service_level=0.99), reviews, num_paths=60)
    fresh = items(panel, service_level=0.99, shelf_life_days=3.0, lead_time_days=2.0)
    soon = review_levels(model, panel, fresh, reviews, num_paths=60)
    same_days = panel.target[:, 98:140].reshape(SERIES, 6, 7)[
        :, :, :5
    ]  # two to come, three to sell
    assert (soon < kept).all()
    assert soon.sum() == pytest.approx(same_days.mean(axis=1).sum(), rel=0.12)
