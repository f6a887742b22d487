"""Forecasts of runs: which scopes their series add up to, and what their sums are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.scope import Scope
from engine.registry import About
from ui import run_forecasts

CATEGORIES = {1: ("Drinks", "Hot"), 2: ("Drinks", "Cold"), 3: ("Home",)}
WHOLE = Scope(dataset_id=1)
SEGMENT = Scope(dataset_id=1, segment_id=7, segment_revision=2)  # holds 1 and 3
NODES = run_forecasts.Nodes(categories=CATEGORIES, segments={(7, 2): frozenset({1, 3})})


def chosen(split: str, of_run: Scope, asked: Scope, ids: list[str]) -> list[str] | None:
    about = About(model="lstm", scope={"split": split})
    wanted = run_forecasts.selects(about, of_run, asked, NODES)
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


@pytest.mark.parametrize(
    ("split", "asked", "ids", "expected"),
    [
        ("product", SEGMENT, ["1", "2", "3"], ["1", "3"]),
        ("product", replace(SEGMENT, categories=("Drinks",)), ["1", "2", "3"], ["1"]),
        ("product", replace(SEGMENT, segment_id=8), ["1", "2", "3"], None),
        ("product_place", replace(SEGMENT, place_id=1), PAIRS, ["1:1"]),
        ("product", replace(SEGMENT, categories=("Drinks", "Cold")), ["1", "2", "3"], None),
        ("category", SEGMENT, ["Drinks", "Home"], None),
        ("category", replace(SEGMENT, categories=("Home",)), ["Drinks", "Home"], None),
        ("place", replace(SEGMENT, place_id=2), ["1", "2"], None),
        ("total", SEGMENT, ["total"], None),
    ],
)
def test_when_a_segment_is_asked_of_a_run_of_everything_then_only_its_members_count(
    split: str, asked: Scope, ids: list[str], expected: list[str] | None
) -> None:
    assert chosen(split, WHOLE, asked, ids) == expected


def test_when_a_run_is_of_a_segment_then_it_is_no_forecast_of_the_whole_category() -> None:
    for split, ids in (("total", ["total"]), ("product", ["1", "3"]), ("place", ["1"])):
        assert chosen(split, SEGMENT, WHOLE, ids) is None
        assert chosen(split, SEGMENT, SEGMENT, ids) == ids
    assert chosen("product", SEGMENT, Scope(dataset_id=1, product_id=3), ["1", "3"]) == ["3"]
    assert chosen("product", SEGMENT, Scope(dataset_id=1, product_id=2), ["1", "3"]) is None
    assert chosen("category", SEGMENT, Scope(dataset_id=1, categories=("Home",)), ["Home"]) is None
    home = replace(SEGMENT, categories=("Home",))
    assert chosen("category", SEGMENT, home, ["Drinks", "Home"]) == ["Home"]


def test_when_the_segment_was_built_again_then_what_its_run_is_of_is_not_known() -> None:
    earlier = replace(SEGMENT, segment_revision=1)
    assert chosen("total", earlier, SEGMENT, ["total"]) is None
    assert chosen("product", earlier, Scope(dataset_id=1, product_id=1), ["1", "3"]) is None


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


def some(*ids: str, actual: bool = False) -> pd.DataFrame:
    frame = forecast(actual)
    return frame[frame["series_id"].isin(ids)]


def test_when_a_comparison_is_summed_then_errors_are_those_of_the_sums() -> None:
    frame = some("1", "2", actual=True).assign(cutoff=pd.Timestamp("2025-12-29"))
    both = pd.concat([frame.assign(model=name) for name in ("lstm", "seasonal_naive")])
    board = run_forecasts.scores(both, "lstm")
    assert board is not None
    sold = 11 + 22 + 33 + 3 * 2
    assert board.loc["lstm", "wape"] == pytest.approx(6 / sold)
    assert board.loc["lstm", "bias"] == pytest.approx(-6 / sold)
    assert board.loc["lstm", "coverage"] == 1.0
    assert np.isnan(board.loc["seasonal_naive", "coverage"])
    assert run_forecasts.scores(frame.assign(model="lstm"), "lstm") is None


def test_when_the_data_has_moved_on_then_only_what_is_ahead_is_shown() -> None:
    times = pd.date_range("2024-01-01", "2026-01-05", freq="W-MON")
    series = pd.DataFrame(
        {"timestamp": times, "quantity": 5.0, "revenue": 5.0, "stockout_share": 0.0,
         "complete": True}
    )  # fmt: skip
    made = run_forecasts.outlook(
        forecast(), None, series, about=About(model="lstm"), scope=WHOLE,
        horizon=13,
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
        horizon=13,
    ) is None  # fmt: skip
