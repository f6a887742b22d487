"""Replay: bookkeeping that balances, and a fill rate that is the one asked for."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.planning import gaussian_levels, plan_orders, replay, up_to
from forecasting.planning.replay import Replay

LEVELS = tuple(float(level) for level in np.round(np.linspace(0.01, 0.99, 99), 2))


def test_when_replayed_by_hand_then_each_step_is_as_counted() -> None:
    found = replay(
        np.full((1, 6), 4.0),
        up_to(np.array([10.0])),
        stock=np.array([10.0]),
        lead_steps=np.array([1]),
        review_steps=2,
    )
    # 10 on the shelf: sold 4, 4 (2 left); ordered at step 2: 8, there at 3: sold 2 (2 lost), then
    # 4 of 8; ordered at step 4 (4 left): 6, there at 5: sold 4, 4 of 6.
    assert found.lost.tolist() == [2.0]
    assert found.ordered.tolist() == [14.0]
    assert found.orders.tolist() == [2.0]
    assert found.fill_rate == pytest.approx(22 / 24)
    assert found.mean_stock.tolist() == pytest.approx([(6 + 2 + 0 + 4 + 0 + 2) / 6])
    assert found.steps_out.tolist() == [pytest.approx(1 / 6)]


def test_when_stock_is_above_the_reorder_point_then_nothing_is_ordered() -> None:
    found = replay(
        np.full((1, 4), 2.0),
        up_to(np.array([20.0]), reorder_points=np.array([5.0])),
        stock=np.array([10.0]),
        lead_steps=np.array([0]),
        review_steps=1,
        pack_size=12.0,
    )
    assert found.ordered.tolist() == [24.0]  # once, at 4 left: 16 wanted, two packs
    assert found.orders.tolist() == [1.0]


def test_when_goods_spoil_then_they_are_written_off_oldest_first() -> None:
    found = replay(
        np.ones((1, 4)),
        up_to(np.array([6.0])),
        stock=np.array([6.0]),
        lead_steps=np.array([0]),
        review_steps=2,
        shelf_steps=2,
    )
    # 6 fresh ones: two sold, four gone after two days; the same again.
    assert found.spoilt.tolist() == [8.0]
    assert found.lost.tolist() == [0.0]


def test_when_items_differ_in_everything_then_each_is_replayed_as_if_alone() -> None:
    rng = np.random.default_rng(3)
    demand = rng.poisson(3.0, (4, 60)).astype(float)
    levels, stock = np.array([20.0, 45.0, 30.0, 60.0]), np.array([20.0, 5.0, 30.0, 0.0])
    lead, review = np.array([1, 4, 0, 6]), np.array([3, 7, 5, 14])
    shelf = np.array([5.0, np.inf, 8.0, 100.0])
    pack, least = np.array([1.0, 6.0, 1.0, 4.0]), np.array([0.0, 12.0, 5.0, 0.0])
    together = replay(
        demand, up_to(levels), stock=stock, lead_steps=lead, review_steps=review, pack_size=pack,
        min_order=least, shelf_steps=shelf, warm_up=10,
    )  # fmt: skip
    alone = [
        replay(
            demand[[at]], up_to(levels[[at]]), stock=stock[[at]], lead_steps=lead[[at]],
            review_steps=int(review[at]), pack_size=pack[at], min_order=least[at],
            shelf_steps=float(shelf[at]) if shelf[at] < 60 else None, warm_up=10,
        )
        for at in range(4)
    ]  # fmt: skip
    for name in ("demand", "lost", "spoilt", "ordered", "orders", "mean_stock", "steps_out"):
        each = np.concatenate([getattr(found, name) for found in alone])
        np.testing.assert_allclose(getattr(together, name), each, err_msg=name)
    assert together.spoilt[0] > 0
    assert together.spoilt[[1, 3]].tolist() == [0.0, 0.0]


def test_when_summed_by_step_then_it_is_what_the_items_sum_to() -> None:
    rng = np.random.default_rng(4)
    found = replay(
        rng.poisson(3.0, (5, 40)).astype(float), up_to(np.full(5, 25.0)), stock=np.full(5, 20.0),
        lead_steps=np.full(5, 3), review_steps=7, shelf_steps=9, warm_up=12,
    )  # fmt: skip
    assert len(found.lost_by_step) == found.steps == 28
    assert found.lost_by_step.sum() == pytest.approx(found.lost.sum())
    assert found.demand_by_step.sum() == pytest.approx(found.demand.sum())
    assert found.stock_by_step.mean() == pytest.approx(found.mean_stock.sum())


def test_when_items_ask_for_other_services_then_each_gets_the_bell_s_level_for_its_own() -> None:
    history = np.random.default_rng(5).poisson(4.0, (3, 90)).astype(float)
    asked, review = np.array([0.9, 0.99, 0.9]), np.array([7, 7, 14])
    lead = np.array([2, 7, 7])
    found = gaussian_levels(history, lead_steps=lead, review_steps=review, service_level=asked)
    for at in range(3):
        alone = gaussian_levels(
            history[[at]], lead_steps=lead[[at]], review_steps=int(review[at]),
            service_level=float(asked[at]),
        )  # fmt: skip
        assert found[at] == pytest.approx(alone[0])


@pytest.mark.parametrize(
    "wrong",
    [{"lead_steps": np.array([-1])}, {"review_steps": np.array([0])}, {"shelf_steps": 0.0}],
)
def test_when_a_time_cannot_be_then_it_is_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"lead_steps": np.array([1]), "review_steps": 1} | wrong
    with pytest.raises(fc.ConfigError, match="at least 0 steps"):
        replay(np.ones((1, 4)), up_to(np.ones(1)), stock=np.ones(1), **given)


def simulated(target: str, service: float) -> tuple[Replay, Replay]:
    """Ours and the Gaussian rule on 200 items that sell in lumps, with a forecast that is right."""
    rng, items, steps, horizon = np.random.default_rng(0), 200, 112, 14
    rate = rng.lognormal(0.5, 1.0, items)
    chance = 0.7 / (0.7 + rate[:, None])
    draws = rng.negative_binomial(0.7, chance, (items, 4000))
    demand = rng.negative_binomial(0.7, chance, (items, steps)).astype(float)
    forecast = fc.Forecast(
        mean=np.tile(rate[:, None], (1, horizon)),
        quantiles=np.repeat(np.quantile(draws, LEVELS, axis=1).T[:, None], horizon, axis=1),
        quantile_levels=LEVELS,
        series_ids=pd.RangeIndex(items),
        timestamps=pd.date_range("2026-11-01", periods=horizon),
        cutoff=pd.Timestamp("2026-10-31"),
        step_correlation=0.0,
    )
    asked = {
        "series_id": forecast.series_ids,
        "lead_time_days": 4.0,
        "review_days": 7.0,
        "target": target,
        "service_level": service,
        "unit_cost": 4.0,
        "price": 10.0,
    }

    def ours(step: int, stock: FloatArray, coming: FloatArray) -> FloatArray:
        rows, due = np.nonzero(coming)
        on_order = pd.DataFrame(
            {
                "series_id": forecast.series_ids[rows],
                "timestamp": forecast.timestamps[due],
                "quantity": coming[rows, due],
            }
        )
        frame = pd.DataFrame(asked | {"on_hand": stock})
        plan = plan_orders(forecast, frame, on_order=on_order, num_paths=300, seed=step)
        return plan.lines["quantity"].to_numpy()

    bell = gaussian_levels(
        draws[:, :112].astype(float),
        lead_steps=np.full(items, 4),
        review_steps=7,
        service_level=service,
    )
    both = [
        replay(
            demand,
            policy,
            stock=np.ceil(bell),
            lead_steps=np.full(items, 4),
            review_steps=7,
            warm_up=21,
        )
        for policy in (ours, up_to(bell))
    ]
    return both[0], both[1]


@pytest.mark.parametrize("service", [0.9, 0.97])
def test_when_a_fill_rate_is_asked_for_then_it_is_reached_within_two_points(
    service: float,
) -> None:
    ours, _ = simulated("fill", service)
    assert ours.fill_rate == pytest.approx(service, abs=0.02)


def test_when_ordered_at_least_cost_then_it_costs_no_more_than_the_bell_s_rule() -> None:
    ours, theirs = simulated("cost", 0.95)
    money = {"holding": 4.0 * 0.25 / 365, "shortage": 6.0}
    assert ours.cost(**money) <= theirs.cost(**money)
