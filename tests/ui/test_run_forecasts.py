"""Forecasts of runs: which scopes their series add up to, and what their sums are."""

import numpy as np
import pandas as pd
import pytest

from data.scope import Scope
from engine.registry import About
from ui import run_forecasts

CATEGORIES = {1: ("Drinks", "Hot"), 2: ("Drinks", "Cold"), 3: ("Home",)}
WHOLE = Scope(dataset_id=1)


def chosen(split: str, of_run: Scope, asked: Scope, ids: list[str]) -> list[str] | None:
    about = About(model="lstm", scope={"split": split})
    wanted = run_forecasts.selects(about, of_run, asked, CATEGORIES)
    return None if wanted is None else [series_id for series_id in ids if wanted(series_id)]


PAIRS = ["1:1", "1:2", "2:1", "3:2"]


@pytest.mark.parametrize(
    ("split", "asked", "ids", "expected"),
    [
        ("product_place", WHOLE, PAIRS, PAIRS),
        ("product_place", Scope(dataset_id=1, place_id=2), PAIRS, ["1:2", "3:2"]),
        ("product_place", Scope(dataset_id=1, product_id=1), PAIRS, ["1:1", "1:2"]),
        ("product_place", Scope(dataset_id=1, categories=("Drinks",), place_id=1), PAIRS,
         ["1:1", "2:1"]),
        ("product", Scope(dataset_id=1, categories=("Drinks",)), ["1", "2", "3"], ["1", "2"]),
        ("product", Scope(dataset_id=1, product_id=3, categories=("Home",)), ["1", "3"], ["3"]),
        ("product", Scope(dataset_id=1, place_id=1), ["1"], None),
        ("category", Scope(dataset_id=1, categories=("Home",)), ["Drinks", "Home"], ["Home"]),
        ("category", Scope(dataset_id=1, categories=("Drinks", "Hot")), ["Drinks"], None),
        ("category", Scope(dataset_id=1, product_id=1, categories=("Drinks",)), ["Drinks"], None),
        ("place", Scope(dataset_id=1, place_id=2), ["1", "2"], ["2"]),
        ("total", WHOLE, ["total"], ["total"]),
        ("total", Scope(dataset_id=1, product_id=1), ["total"], None),
        ("product_place", Scope(dataset_id=2), PAIRS, None),
        ("product_place", Scope(dataset_id=1, freq="D"), PAIRS, None),
        ("product_place", Scope(dataset_id=1, measure="revenue"), PAIRS, None),
    ],
)  # fmt: skip
def test_when_a_scope_is_asked_then_the_series_that_add_up_to_it_are_chosen(
    split: str, asked: Scope, ids: list[str], expected: list[str] | None
) -> None:
    assert chosen(split, WHOLE, asked, ids) == expected


def test_when_the_run_is_of_less_than_the_scope_then_it_does_not_cover_it() -> None:
    tea = Scope(dataset_id=1, product_id=1)
    assert chosen("product_place", tea, WHOLE, PAIRS) is None
    assert chosen("total", Scope(dataset_id=1, place_id=1), WHOLE, ["total"]) is None
    assert chosen("total", tea, tea, ["total"]) == ["total"]


def forecast(actual: bool = False) -> pd.DataFrame:
    stamps = pd.date_range("2026-01-05", periods=3, freq="W-MON")
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(["1", "2", "3"], 3),
            "timestamp": np.tile(stamps, 3),
            "mean": [10.0, 20, 30, 1, 2, 3, 100, 100, 100],
        }
    )
    for level, share in ((0.1, -0.5), (0.5, 0.0), (0.9, 0.8)):
        frame[f"q{level}"] = frame["mean"] * (1 + share)
    if actual:
        frame["actual"] = frame["mean"] + 1
    return frame


def test_when_series_are_summed_then_means_add_up_and_bands_lie_between_both_extremes() -> None:
    total = run_forecasts.summed(forecast(), lambda series_id: series_id != "3", ["timestamp"])
    assert total["mean"].tolist() == [11, 22, 33]
    width = total["q0.9"] - total["mean"]
    together, apart = np.array([8.8, 17.6, 26.4]), np.sqrt(101) * 0.8 * np.array([1, 2, 3])
    assert (width < together).all()
    assert (width > apart).all()
    assert (total["q0.1"] <= total["q0.5"]).all()


def test_when_one_series_is_chosen_then_its_forecast_is_unchanged() -> None:
    one = run_forecasts.summed(forecast(), lambda series_id: series_id == "2", ["timestamp"])
    own = forecast().query("series_id == '2'").reset_index(drop=True)
    for column in ("mean", "q0.1", "q0.5", "q0.9"):
        assert one[column].tolist() == pytest.approx(own[column].tolist())


def test_when_a_comparison_is_summed_then_errors_are_those_of_the_sums() -> None:
    frame = forecast(actual=True).assign(cutoff=pd.Timestamp("2025-12-29"))
    both = pd.concat([frame.assign(model=name) for name in ("lstm", "seasonal_naive")])
    board = run_forecasts.scores(both, lambda series_id: series_id != "3")
    assert board is not None
    sold = 11 + 22 + 33 + 3 * 2
    assert board.loc["lstm", "wape"] == pytest.approx(6 / sold)
    assert board.loc["lstm", "bias"] == pytest.approx(-6 / sold)
    assert board.loc["lstm", "coverage"] == 1.0
    assert run_forecasts.scores(frame.assign(model="lstm"), lambda series_id: True) is None


def test_when_the_data_has_moved_on_then_only_what_is_ahead_is_shown() -> None:
    times = pd.date_range("2024-01-01", "2026-01-05", freq="W-MON")
    series = pd.DataFrame(
        {"timestamp": times, "quantity": 5.0, "revenue": 5.0, "stockout_share": 0.0,
         "complete": True}
    )  # fmt: skip
    made = run_forecasts.outlook(
        forecast(), None, series, about=About(model="lstm"), scope=WHOLE,
        wanted=lambda series_id: True, horizon=13,
    )  # fmt: skip
    assert made is not None
    assert made.future["timestamp"].tolist() == [
        pd.Timestamp("2026-01-12"), pd.Timestamp("2026-01-19"),
    ]  # fmt: skip
    assert made.future["mean"].tolist() == [122, 133]
    assert made.total_low < 255 < made.total_high
    assert made.future["baseline"].notna().all()
    late = series.assign(timestamp=times + pd.Timedelta(weeks=9))
    assert run_forecasts.outlook(
        forecast(), None, late, about=About(model="lstm"), scope=WHOLE,
        wanted=lambda series_id: True, horizon=13,
    ) is None  # fmt: skip
