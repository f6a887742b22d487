"""Why a forecast changed: the causes add up, and each finds what it is named for."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.revision import CAUSES, explain_revision

HORIZON = 6


def frame(days: int, level: float = 20.0) -> pd.DataFrame:
    """Two products by day; a promotion every tenth day doubles what sells."""
    rng = np.random.default_rng(0)
    times = pd.date_range("2026-01-05", periods=days)
    parts = []
    for name in ("a", "b"):
        promo = (np.arange(days) % 10 == 3).astype(float)
        target = level * (1 + promo) + rng.normal(0, 0.5, days)
        parts.append(
            pd.DataFrame({"series_id": name, "timestamp": times, "target": target, "promo": promo})
        )
    return pd.concat(parts, ignore_index=True)


def plan(panel: fc.Panel, promo: float) -> pd.DataFrame:
    return fc.fill_future(panel, HORIZON).assign(promo=promo)


def fitted(name: str, panel: fc.Panel) -> fc.Forecaster:
    return fc.create(name, horizon=HORIZON, seed=0).fit(panel)


def panel_of(days: int, **more: float) -> fc.Panel:
    return fc.Panel.from_frame(frame(days, **more), freq="D", known_covariates=["promo"])


def test_when_only_days_came_in_then_causes_add_up_and_the_plan_changed_nothing() -> None:
    old, new = panel_of(120), panel_of(123)
    model = fitted("seasonal_naive", old)
    before, after = model.predict(old, known_future=plan(old, 0)), fitted("theta", new).predict(new)
    found = explain_revision(
        before.to_frame(), after.to_frame(), earlier=model, panel=new,
        planned_before=plan(old, 0), planned=plan(new, 0),
    )  # fmt: skip
    assert len(found) == 2 * 3  # periods that both have
    total = found["before"] + found[list(CAUSES)].sum(axis=1)
    np.testing.assert_allclose(total, found["after"])
    assert (found["plan"] == 0).all()
    assert (found["model"].abs() > 0).any()


def test_when_a_promotion_is_planned_then_the_plan_is_the_cause() -> None:
    panel = panel_of(200)
    model = fitted("gbm", panel)
    before = model.predict(panel, known_future=plan(panel, 0))
    after = model.predict(panel, known_future=plan(panel, 1))
    found = explain_revision(
        before.to_frame(), after.to_frame(), earlier=model, panel=panel,
        planned_before=plan(panel, 0), planned=plan(panel, 1),
    )  # fmt: skip
    assert (found["plan"] > 5).all()
    np.testing.assert_allclose(found["data"], 0, atol=1e-6)
    np.testing.assert_allclose(found["model"], 0, atol=1e-6)


def test_when_the_earlier_plan_was_shorter_then_the_later_one_stands_in() -> None:
    panel = panel_of(200)
    model = fitted("gbm", panel)
    after = model.predict(panel, known_future=plan(panel, 1))
    first = panel.future_timestamps(1)[0]
    short = plan(panel, 0).query("timestamp == @first")
    found = explain_revision(
        after.to_frame(), after.to_frame(), earlier=model, panel=panel,
        planned_before=short, planned=plan(panel, 1),
    )  # fmt: skip
    changed = found.set_index("timestamp")["plan"].abs() > 1e-6
    assert changed[first].all()
    later = changed.index > panel.future_timestamps(2)[1]  # a day beside a promotion feels it
    assert not changed[later].any()


def test_when_forecasts_share_no_period_then_it_is_said() -> None:
    old, new = panel_of(60), panel_of(100)
    model = fitted("seasonal_naive", old)
    with pytest.raises(fc.PanelError, match="no series and period in common"):
        explain_revision(
            model.predict(old, known_future=plan(old, 0)).to_frame(),
            model.predict(new, known_future=plan(new, 0)).to_frame(),
            earlier=model, panel=new,
        )  # fmt: skip
