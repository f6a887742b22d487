"""A scope one level down: sums of a run, or shares of the forecast above, that add up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.scope import Level, Scope
from engine.registry import About
from tests.ui.test_forecasts import sales, wave
from ui import forecast_children, forecasts, run_forecasts
from ui.forecast_children import OTHERS, Apart

CATEGORIES = {1: ("Drinks", "Hot"), 2: ("Drinks", "Cold"), 3: ("Home",)}
NODES = run_forecasts.Nodes(categories=CATEGORIES)
WHOLE = Scope(dataset_id=1)


def long_frame(children: dict[str, list[float]]) -> pd.DataFrame:
    """Children as `data.queries.children` gives them: no rows where nothing sold."""
    parts = []
    for child, values in children.items():
        frame = sales(values)[["timestamp", "quantity", "revenue"]]
        parts.append(frame.assign(child_id=child, label=f"Product {child}"))
    long = pd.concat(parts)
    return long[long["quantity"] != 0]


def apart(children: dict[str, list[float]], horizon: int = 13) -> Apart:
    total = np.sum(list(children.values()), axis=0)
    history = forecasts.history_of(sales(list(total)), "quantity")
    found = forecast_children.apart(
        long_frame(children), history, freq="W", measure="quantity", horizon=horizon
    )
    assert found is not None
    return found


def test_when_children_are_forecast_then_the_largest_comes_first_and_new_ones_have_no_growth() -> (
    None
):
    big, small = wave(120, 52), [value / 10 for value in wave(120, 52)]
    new = [0.0] * 100 + [50.0 + i % 3 for i in range(20)]
    frame = forecast_children.on_their_own(apart({"2": small, "1": big, "3": new}))
    assert frame["child_id"].tolist() == ["1", "3", "2"]
    assert frame["label"].tolist() == ["Product 1", "Product 3", "Product 2"]
    assert frame["growth"].isna().tolist() == [False, True, False]


def test_when_a_child_is_dying_then_it_falls_to_zero_and_the_sum_stays() -> None:
    """A falling trend leads theta below zero; the others must not pay for it."""
    dying = [max(600.0 - 6 * week, 4.0) for week in range(105)]
    found = apart({"1": wave(105, 52), "2": dying})
    total = np.linspace(90, 130, 13)
    frame = forecast_children.added_up(found, total)
    assert frame["forecast"].sum() == pytest.approx(total.sum())
    assert (frame["forecast"] >= 0).all()
    assert frame.set_index("child_id").at["2", "forecast"] < 0.2 * total.sum()


@pytest.mark.parametrize("total", [0.0, 12.0])
def test_when_no_child_is_expected_to_sell_then_recent_shares_count(total: float) -> None:
    steps = pd.date_range("2026-01-05", periods=2, freq="W-MON")
    found = Apart(
        means=pd.DataFrame(0.0, index=steps, columns=["1", "2"]),
        recent=pd.Series({"1": 30.0, "2": 10.0}),
        before=pd.Series({"1": np.nan, "2": 5.0}),
        labels=pd.Series({"1": "One", "2": "Two"}),
    )
    frame = forecast_children.added_up(found, np.full(2, total))
    assert frame["forecast"].tolist() == pytest.approx([1.5 * total, 0.5 * total])


def test_when_there_are_more_children_than_listed_then_the_rest_is_one_line_at_the_end() -> None:
    children = {str(i): [float(200 - i)] * 60 for i in range(forecast_children.LISTED)}
    history = forecasts.history_of(sales([50_000.0] * 60), "quantity")
    found = forecast_children.apart(
        long_frame(children), history, freq="W", measure="quantity", horizon=4
    )
    assert found is not None
    frame = forecast_children.added_up(found, np.full(4, 50_000.0))
    assert frame["child_id"].iloc[-1] == OTHERS
    assert frame["label"].iloc[-1] == "All others"
    assert frame["forecast"].sum() == pytest.approx(200_000)
    assert OTHERS not in forecast_children.on_their_own(found)["child_id"].tolist()


def test_when_children_sold_only_in_the_unfinished_week_then_none_is_listed() -> None:
    history = forecasts.history_of(sales([5.0, 6.0, 7.0]), "quantity")
    late = pd.DataFrame(
        {
            "timestamp": [pd.Timestamp("2023-01-23")],
            "quantity": [1.0],
            "revenue": [1.0],
            "child_id": ["9"],
            "label": ["Late"],
        }
    )
    found = forecast_children.apart(late, history, freq="W", measure="quantity", horizon=4)
    assert found is None
    assert forecast_children.on_their_own(found).empty


RUN = pd.DataFrame(
    {
        "series_id": np.repeat(["1:1", "1:2", "2:1", "3:2"], 2),
        "timestamp": np.tile(pd.date_range("2026-01-05", periods=2, freq="W-MON"), 4),
        "mean": [1.0, 2, 10, 20, 100, 200, 1000, 2000],
    }
)


@pytest.mark.parametrize(
    ("asked", "level", "expected"),
    [
        (WHOLE, "product", {"3": 3000, "2": 300, "1": 33}),
        (WHOLE, "place", {"2": 3030, "1": 303}),
        (WHOLE, "category", {"Home": 3000, "Drinks": 333}),
        (replace(WHOLE, categories=("Drinks",)), "category", {"Cold": 300, "Hot": 33}),
        (replace(WHOLE, categories=("Drinks",), place_id=1), "product", {"2": 300, "1": 3}),
        (replace(WHOLE, product_id=1), "place", {"2": 30, "1": 3}),
    ],
)
def test_when_a_run_goes_so_far_then_its_children_add_up_to_its_forecast(
    asked: Scope, level: Level, expected: dict[str, float]
) -> None:
    about = About(model="lstm", scope={"split": "product_place"})
    wanted = run_forecasts.selects(about, WHOLE, asked, NODES)
    child = forecast_children.child_of(about, WHOLE, asked, level, NODES)
    assert wanted is not None
    assert child is not None
    chosen = RUN[RUN["series_id"].map(wanted)]
    sums = forecast_children.of_run(chosen, child, RUN["timestamp"])
    assert sums.to_dict() == expected
    assert sums.sum() == chosen["mean"].sum()


def test_when_a_run_has_one_series_for_all_then_it_says_nothing_of_children() -> None:
    for split, level in (("total", "product"), ("category", "place"), ("place", "category")):
        about = About(model="lstm", scope={"split": split})
        assert forecast_children.child_of(about, WHOLE, WHOLE, level, NODES) is None  # type: ignore[arg-type]
    own = About(model="lstm", scope={"split": "category"})
    child = forecast_children.child_of(own, WHOLE, WHOLE, "category", NODES)
    assert child is not None
    assert child("Drinks") == "Drinks"
    deeper = replace(WHOLE, categories=("Drinks",))
    assert forecast_children.child_of(own, WHOLE, deeper, "category", NODES) is None
