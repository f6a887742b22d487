"""The rule that chooses a model: what it adds up, and when an exception is worth making."""

import numpy as np
import pandas as pd
import pytest

from forecasting.scores import SHARES, SUMS
from ui import champion_score

IDS = [str(number) for number in range(1, 13)]
HOME = {series_id: "Home" if int(series_id) <= 6 else "Toys" for series_id in IDS}


def scores(errors: dict[str, dict[str, tuple[float, float]]], windows: int = 2) -> pd.DataFrame:
    """Per model and part: (units over, units short) of every series, which sold 100."""
    rows = []
    for model, parts in errors.items():
        for cutoff in range(windows):
            for series_id in IDS:
                over, short = parts[HOME[series_id]]
                rows.append(
                    {
                        **dict.fromkeys((*SUMS, *SHARES), 1.0),
                        "model": model,
                        "cutoff": pd.Timestamp("2026-01-05") + pd.Timedelta(weeks=cutoff),
                        "series_id": series_id,
                        "actual": 100.0,
                        "absolute_actual": 100.0,
                        "error": over - short,
                        "absolute_error": over + short,
                        "quantile_loss": (over + short) / 2,
                    }
                )
    return pd.DataFrame(rows)


def test_when_models_are_scored_then_error_bias_and_money_are_added_up() -> None:
    found = champion_score.board(scores({"a": {"Home": (10, 0), "Toys": (0, 10)}}))
    row = found.loc["a"]
    assert row["WQL"] == pytest.approx(0.05)
    assert row["bias"] == pytest.approx(0.0)
    assert row["money"] == pytest.approx(0.03)  # half of 10% at 0.2, half at 0.4
    assert row["score"] == pytest.approx(0.05 + 0.5 * 0.03)


def test_when_two_are_equally_far_off_then_the_one_without_bias_and_too_few_is_better() -> None:
    found = champion_score.board(
        scores(
            {
                "low": {"Home": (0, 10), "Toys": (0, 10)},
                "high": {"Home": (10, 0), "Toys": (10, 0)},
                "even": {"Home": (5, 5), "Toys": (5, 5)},
            }
        )
    )
    assert found["WQL"].nunique() == 1
    assert found.index.tolist() == ["even", "high", "low"]


def test_when_prices_differ_then_being_off_on_the_dear_ones_costs_more() -> None:
    given = scores(
        {
            "dear": {"Home": (0, 10), "Toys": (0, 0)},
            "cheap": {"Home": (0, 0), "Toys": (0, 10)},
        }
    )
    prices = pd.Series({each: 50.0 if HOME[each] == "Home" else 1.0 for each in IDS})
    equal, priced = champion_score.board(given), champion_score.board(given, prices)
    assert equal["score"]["dear"] == pytest.approx(equal["score"]["cheap"])
    assert priced.index[0] == "cheap"
    unknown = champion_score.board(given, pd.Series(np.nan, index=IDS))
    pd.testing.assert_frame_equal(unknown, equal)


MODELS = {
    "lstm": {"Home": (10.0, 10.0), "Toys": (10.0, 10.0)},
    "gbm": {"Home": (20.0, 20.0), "Toys": (9.0, 9.0)},
    "theta": {"Home": (9.9, 9.9), "Toys": (30.0, 30.0)},
}


@pytest.mark.parametrize(
    ("kept", "expected"),
    [({"lstm", "gbm", "theta"}, [("Toys", "gbm")]), ({"lstm", "theta"}, []), (set(), [])],
    ids=["clear", "only by one percent", "none kept"],
)
def test_when_another_is_clearly_better_in_a_part_then_it_is_proposed(
    kept: set[str], expected: list[tuple[str, str]]
) -> None:
    found = champion_score.exceptions(
        scores(MODELS), pd.Series(HOME), "lstm", dict.fromkeys(kept, 1)
    )
    assert list(zip(found["part"], found["model"], strict=True)) == expected
    if expected:
        assert found["score"].iloc[0] < 0.95 * found["against"].iloc[0]
        assert found["series"].iloc[0] == 6


def test_when_it_is_better_in_one_window_alone_then_there_is_no_exception() -> None:
    """One lucky window is not a pattern, however large its gain."""
    given = scores(MODELS)
    later = given["cutoff"] == given["cutoff"].max()
    lucky = given["model"].eq("gbm") & later & given["series_id"].map(HOME).eq("Toys")
    given.loc[lucky, ["absolute_error", "quantile_loss"]] = 25.0
    given.loc[given["model"].eq("gbm") & ~later, ["absolute_error", "quantile_loss"]] = 0.0
    kept = dict.fromkeys(MODELS, 1)
    assert champion_score.exceptions(given, pd.Series(HOME), "lstm", kept).empty
