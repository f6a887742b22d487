"""Orders: closed forms, sums that add up, packs and budgets, and clear words for odd items."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.arrays import FloatArray
from forecasting.planning import Items, Plan, plan_orders

LEVELS = tuple(float(level) for level in np.round(np.linspace(0.01, 0.99, 99), 2))
STEPS = 28


def normal_forecast(
    means: FloatArray, spread: float = 20.0, *, steps: int = STEPS, correlation: float = 0.0
) -> fc.Forecast:
    """Daily forecasts of normal demand with these means, from 1 Nov 2026."""
    scores = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    ladder = np.maximum(means[:, None] + spread * scores, 0.0)
    return fc.Forecast(
        mean=np.tile(means[:, None], (1, steps)),
        quantiles=np.repeat(ladder[:, None, :], steps, axis=1),
        quantile_levels=LEVELS,
        series_ids=pd.Index([f"s{k}" for k in range(len(means))]),
        timestamps=pd.date_range("2026-11-01", periods=steps),
        cutoff=pd.Timestamp("2026-10-31"),
        step_correlation=correlation,
    )


def items_of(forecast: fc.Forecast, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"series_id": forecast.series_ids, "on_hand": 0.0} | columns)


def records(plan: Plan) -> list[dict[str, Any]]:
    return [
        {str(key): value for key, value in row.items()} for row in plan.lines.to_dict("records")
    ]


def test_when_demand_is_normal_then_the_order_is_the_newsvendor_s_closed_form() -> None:
    forecast = normal_forecast(np.array([100.0]))
    # Nothing on hand, no lead time, one day to cover: the newsvendor of one day.
    asked = items_of(
        forecast,
        lead_time_days=0.0,
        review_days=1.0,
        target="cost",
        price=10.0,
        unit_cost=4.0,
        overage=2.0,
    )
    line = records(plan_orders(forecast, asked, num_paths=20_000))[0]
    best = 100 + 20 * NormalDist().inv_cdf(6 / 8)
    assert line["quantity"] - line["rounding"] == pytest.approx(best, abs=0.6)
    assert line["quantity"] == np.ceil(line["quantity"] - line["rounding"])


def test_when_asked_by_cycle_then_that_share_of_cycles_is_served() -> None:
    forecast = normal_forecast(np.full(3, 100.0))
    asked = items_of(
        forecast,
        on_hand=[0.0, 150.0, 5000.0],
        lead_time_days=3.0,
        review_days=4.0,
        service_level=0.9,
    )
    lines = records(plan_orders(forecast, asked, num_paths=8000))
    needed = 700 + NormalDist().inv_cdf(0.9) * 20 * np.sqrt(7)
    assert lines[0]["order_up_to"] == pytest.approx(needed, rel=0.005)
    assert lines[0]["reorder_point"] == pytest.approx(
        300 + NormalDist().inv_cdf(0.9) * 20 * np.sqrt(3), rel=0.01
    )
    # What is missed before the delivery is lost: only the four days after it are ordered for.
    after = 400 + NormalDist().inv_cdf(0.9) * 20 * np.sqrt(4)
    assert lines[0]["quantity"] == pytest.approx(after, rel=0.01)
    assert lines[0]["lost_before"] == pytest.approx(300, rel=0.01)
    assert lines[2]["quantity"] == 0
    assert lines[2]["excess"] == 0  # 5,000 sell within 13 weeks


def test_when_asked_by_fill_rate_then_that_share_of_units_is_served() -> None:
    forecast = normal_forecast(np.array([100.0]), spread=60.0)
    asked = items_of(
        forecast, lead_time_days=0.0, review_days=1.0, target="fill", service_level=0.97
    )
    plan = plan_orders(forecast, asked, num_paths=8000)
    line = records(plan)[0]
    quantity = line["quantity"] - line["rounding"]
    unmet = np.maximum(plan.need[0] - quantity, 0).mean() / plan.need[0].mean()
    assert unmet == pytest.approx(0.03, abs=1e-3)
    by_cycle = records(plan_orders(forecast, asked.assign(target="cycle"), num_paths=8000))
    assert by_cycle[0]["quantity"] > quantity


def test_when_a_line_is_explained_then_its_parts_add_up() -> None:
    forecast = normal_forecast(np.array([100.0, 30.0, 1.0]))
    asked = items_of(
        forecast, on_hand=[120.0, -5.0, 900.0], pack_size=[24.0, 1.0, 6.0], min_order=50.0
    )
    due = pd.DataFrame(
        {"series_id": ["s0"], "timestamp": [pd.Timestamp("2026-11-03")], "quantity": [70.0]}
    )
    plan = plan_orders(forecast, asked, on_order=due)
    frame, lines = plan.lines, records(plan)
    parts = frame["expected_demand"] + frame["safety"] - frame["on_hand"] - frame["on_order"]
    np.testing.assert_allclose(parts + frame["rounding"], frame["quantity"])
    assert (frame["quantity"] % [24, 1, 6] == 0).all()
    assert lines[1]["quantity"] >= 50
    assert frame["on_order"].tolist() == [70, 0, 0]
    assert "negative" in lines[1]["note"]


def test_when_stock_lasts_five_days_then_the_sell_out_and_the_last_day_to_order_are_dates() -> None:
    forecast = normal_forecast(np.array([100.0, 100.0]), spread=1.0)
    asked = items_of(forecast, on_hand=[550.0, 550.0], lead_time_days=3.0)
    due = pd.DataFrame(
        {"series_id": ["s1"], "timestamp": [pd.Timestamp("2026-11-04")], "quantity": [1000.0]}
    )
    lines = records(plan_orders(forecast, asked, on_order=due))
    assert lines[0]["sells_out"] == pd.Timestamp("2026-11-06")
    assert lines[0]["order_by"] == pd.Timestamp("2026-11-03")
    assert lines[0]["weeks_of_cover"] == pytest.approx(5.5 / 7, abs=0.01)
    assert lines[1]["sells_out"] == pd.Timestamp("2026-11-16")


def test_when_a_delivery_comes_too_late_then_the_days_before_it_are_lost() -> None:
    forecast = normal_forecast(np.array([100.0]), spread=1.0)
    asked = items_of(forecast, on_hand=100.0, lead_time_days=5.0)
    lines = records(plan_orders(forecast, asked))
    assert lines[0]["out_before"] == 1.0
    assert lines[0]["lost_before"] == pytest.approx(400, rel=0.01)
    # Sold out within 1 November, so an order had to leave five days before: it is too late.
    assert lines[0]["order_by"] == pd.Timestamp("2026-10-27")


def test_when_lead_times_vary_then_more_is_kept() -> None:
    forecast = normal_forecast(np.array([100.0, 100.0]))
    asked = items_of(forecast, lead_time_days=7.0, lead_time_sd_days=[0.0, 3.0])
    lines = records(plan_orders(forecast, asked, num_paths=4000))
    assert lines[1]["safety_stock"] > 1.8 * lines[0]["safety_stock"]
    assert lines[1]["expected_demand"] == pytest.approx(1400, rel=0.02)


def test_when_the_lead_time_is_longer_than_the_horizon_then_the_mean_goes_on_and_it_is_said() -> (
    None
):
    forecast = normal_forecast(np.array([100.0]), steps=10)
    lines = records(plan_orders(forecast, items_of(forecast, lead_time_days=30.0)))
    assert lines[0]["expected_demand"] == pytest.approx(3700, rel=0.02)
    assert "beyond the 10 days" in lines[0]["note"]


def test_when_goods_spoil_then_no_more_is_ordered_than_sells_fresh() -> None:
    forecast = normal_forecast(np.array([10.0, 10.0]), spread=5.0)
    asked = items_of(
        forecast,
        lead_time_days=1.0,
        review_days=14.0,
        shelf_life_days=[3.0, np.inf],
        pack_size=[1.0, 1.0],
    )
    lines = records(plan_orders(forecast, asked))
    assert lines[0]["quantity"] == pytest.approx(30, abs=2)
    assert lines[1]["quantity"] > 140
    assert "spoils" in lines[0]["note"]


def test_when_the_budget_is_short_then_the_units_that_earn_least_are_left_out() -> None:
    forecast = normal_forecast(np.array([100.0, 100.0]))
    asked = items_of(forecast, price=[10.0, 5.0], unit_cost=4.0)
    plan = plan_orders(forecast, asked)
    whole = plan.lines["cost"].sum()
    cut = plan.within(whole * 0.7).lines
    assert cut["cost"].sum() <= whole * 0.7
    assert cut["cost"].sum() > whole * 0.68
    assert cut["quantity"].iloc[0] > cut["quantity"].iloc[1]
    assert plan.within(whole).lines["quantity"].tolist() == plan.lines["quantity"].tolist()
    parts = cut["expected_demand"] + cut["safety"] - cut["on_hand"] - cut["on_order"]
    np.testing.assert_allclose(parts + cut["rounding"], cut["quantity"])


def test_when_the_budget_buys_nothing_then_the_error_names_the_cheapest_pack() -> None:
    forecast = normal_forecast(np.array([100.0]))
    plan = plan_orders(forecast, items_of(forecast, price=10.0, unit_cost=4.0, pack_size=12.0))
    with pytest.raises(fc.PanelError, match=r"cheapest pack that is needed costs 48\.00"):
        plan.within(10.0)


def test_when_stock_is_not_known_then_the_line_says_so_and_others_go_on() -> None:
    forecast = normal_forecast(np.array([100.0, 100.0]))
    lines = records(plan_orders(forecast, items_of(forecast, on_hand=[np.nan, 10.0])))
    assert np.isnan(lines[0]["quantity"])
    assert "no stock known" in lines[0]["note"]
    assert lines[1]["quantity"] > 0


def test_when_costs_are_odd_then_the_note_says_what_was_done() -> None:
    forecast = normal_forecast(np.array([100.0, 100.0]))
    asked = items_of(forecast, target="cost", price=[3.0, np.nan], unit_cost=4.0)
    lines = records(plan_orders(forecast, asked))
    assert lines[0]["quantity"] == 0
    assert "at or below cost" in lines[0]["note"]
    assert lines[1]["quantity"] > 0
    assert "by service level instead" in lines[1]["note"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("pack_size", 0.0, "pack_size must be above 0; it is 0 for 's0'"),
        ("lead_time_days", -1.0, "lead_time_days must be at least 0"),
        ("service_level", 1.0, "service_level must lie between 0 and 1"),
        ("target", "best", "target 'best' is unknown"),
        ("on_hand", np.inf, "on_hand must be finite"),
    ],
)
def test_when_an_item_cannot_be_then_the_error_names_it(
    column: str, value: object, words: str
) -> None:
    forecast = normal_forecast(np.array([100.0]))
    frame = items_of(forecast, **{column: value})
    with pytest.raises(fc.PanelError, match=words):
        Items.from_frame(frame, forecast.series_ids)


def test_when_on_order_names_a_stranger_then_it_is_refused() -> None:
    forecast = normal_forecast(np.array([100.0]))
    due = pd.DataFrame({"series_id": ["x"], "timestamp": ["2026-11-03"], "quantity": [1.0]})
    with pytest.raises(fc.PanelError, match="without a forecast: 'x'"):
        plan_orders(forecast, items_of(forecast), on_order=due)


def test_when_several_threads_work_then_the_plan_is_the_same() -> None:
    forecast = normal_forecast(np.linspace(1, 50, 2300), steps=8)
    frame = items_of(forecast, lead_time_sd_days=1.0)
    seen: list[tuple[int, int]] = []
    one = plan_orders(forecast, frame, num_paths=20)
    two = plan_orders(
        forecast, frame, num_paths=20, n_jobs=2, on_chunk=lambda done, of: seen.append((done, of))
    )
    pd.testing.assert_frame_equal(one.lines, two.lines)
    assert seen == [(1000, 2300), (2000, 2300), (2300, 2300)]
