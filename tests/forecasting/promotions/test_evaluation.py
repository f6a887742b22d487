"""Promotions of a shop whose truth is known, and of shops with little to go by."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.elasticity import elasticities
from forecasting.promotions import Evaluation, evaluate, kinds

TRUE = 1.5 * 0.8**-2.0  # of the shop in conftest: uplift, and a fifth off at an elasticity of -2


@pytest.fixture(scope="module")
def found(rows: pd.DataFrame) -> Evaluation:
    cost = pd.Series(4.0, index=rows["product"].unique())
    return evaluate(rows, elasticities(rows).products, unit_cost=cost)


def test_when_promotions_are_planted_then_each_is_found_with_its_days_and_depth(
    found: Evaluation, rows: pd.DataFrame
) -> None:
    lines = found.lines
    flags = rows.pivot(index="product", columns="timestamp", values="promo").to_numpy()
    begins = (np.diff(np.pad(flags, ((0, 0), (1, 0))), axis=1) == 1).sum()
    assert len(lines) == begins
    whole = lines[~lines["note"].str.contains("still runs")]
    assert whole["days"].eq(10).all()
    np.testing.assert_allclose(whole["depth"], 0.2, atol=1e-9)
    assert whole["kind"].eq("cheaper").all()


def test_when_effects_are_planted_then_lift_pull_forward_and_bands_are_right(
    found: Evaluation,
) -> None:
    lines = found.lines[found.lines["verdict"] != "unknown"]
    true = lines["sold"] * (1 - 1 / TRUE)
    assert lines["lift"].sum() == pytest.approx(true.sum(), rel=0.05)
    assert lines["after"].sum() == pytest.approx(-0.2 * 0.7 * lines["without"].sum(), rel=0.35)
    assert abs(lines["before"].sum()) < 0.04 * lines["without"].sum()
    # The margin: 4.00 a unit on promotion, 6.00 before it, after it and beside it.
    dip = -0.2 * 0.7 * lines["sold"] / TRUE
    net = 4 * lines["sold"] - 6 * lines["sold"] / TRUE + 6 * (dip + lines["others"])
    inside = (lines["net_margin_low"] <= net) & (net <= lines["net_margin_high"])
    assert 0.82 <= inside.mean() <= 0.99
    assert (lines["net_margin_low"] <= lines["net_margin"]).all()


def test_when_siblings_lose_then_it_is_seen_and_counted(found: Evaluation) -> None:
    assert found.siblings.seen.all()
    assert found.siblings.slope.mean() == pytest.approx(-0.4, abs=0.15)
    assert (found.lines["others"] < 0).mean() > 0.95


def test_when_siblings_lose_nothing_then_nothing_is_claimed(
    make: Callable[..., pd.DataFrame],
) -> None:
    rows = make(taken=0.0, seed=3)
    made = evaluate(rows, elasticities(rows).products)
    assert not made.siblings.seen.any()
    assert made.lines["others"].eq(0).all()
    assert made.lines["net_margin"].isna().all()
    assert set(made.lines["verdict"]) <= {"earned", "lost", "chance", "unknown"}


def test_when_hardly_anything_sells_then_the_verdict_is_unknown(
    make: Callable[..., pd.DataFrame],
) -> None:
    rows = make(rate=0.05)
    made = evaluate(rows, elasticities(rows).products)
    assert (made.lines["verdict"] == "unknown").mean() > 0.8
    assert made.lines["note"].str.contains("Too little").any()


def test_when_a_timeline_is_asked_for_then_its_zones_and_sums_are_those_of_the_line(
    found: Evaluation,
) -> None:
    line = found.lines[found.lines["note"] == ""].iloc[3]
    time = found.timeline(int(line["promotion"]))
    during = time[time["zone"] == "during"]
    assert len(during) == 10
    assert during["sold"].sum() == line["sold"]
    assert during["without"].sum() == pytest.approx(line["without"])
    assert (time["zone"] == "after").sum() == 7
    assert (time["low"] <= time["without"]).all()
    with pytest.raises(fc.PanelError, match="no promotion 9999"):
        found.timeline(9999)


def test_when_kinds_are_summed_then_sums_add_up_and_the_best_is_first(found: Evaluation) -> None:
    summed = kinds(found.lines, "group")
    judged = found.lines[found.lines["verdict"] != "unknown"]
    assert summed["net"].sum() == pytest.approx(judged["net_margin"].sum())
    assert summed["per_week"].is_monotonic_decreasing
    assert summed["promotions"].sum() == len(judged)
    assert (summed["net_low"] < summed["net"]).all()


def test_when_nothing_was_promoted_then_it_is_said(rows: pd.DataFrame) -> None:
    with pytest.raises(fc.PanelError, match="Nothing was ever on promotion"):
        evaluate(rows.assign(promo=0.0), elasticities(rows).products)
    with pytest.raises(fc.PanelError, match="no column promo"):
        evaluate(rows.drop(columns="promo"), elasticities(rows).products)


def test_when_days_are_out_of_stock_then_they_count_nowhere(rows: pd.DataFrame) -> None:
    products = elasticities(rows).products
    empty = rows["timestamp"].dt.day.eq(3)
    changed = rows.assign(usable=~empty, target=rows["target"].where(~empty, 0.0))
    lines = evaluate(changed, products).lines
    whole = evaluate(rows, products).lines
    assert lines["lift_share"].median() == pytest.approx(whole["lift_share"].median(), abs=0.1)
