"""The numbers of Home."""

import pandas as pd

from ui import summaries
from ui.summaries import RHYTHMS

WEEKS, MONTHS = RHYTHMS["W"], RHYTHMS["M"]
MONDAY = pd.Timestamp("2026-11-09")


def weekly(values: list[float], *, complete: bool = True) -> pd.DataFrame:
    times = pd.date_range(end=MONDAY, periods=len(values), freq="7D")
    frame = pd.DataFrame({"timestamp": times, "quantity": values, "complete": True})
    frame.loc[frame.index[-1], "complete"] = complete
    return frame


def test_when_a_year_is_known_then_the_last_week_is_compared_with_the_same_week() -> None:
    values = [100.0] * 52 + [125.0]
    found = summaries.recent(weekly(values), "quantity", WEEKS)
    assert found is not None
    assert (found.start, found.value, found.growth) == (MONDAY, 125.0, 0.25)
    assert len(found.spark) == WEEKS.spark


def test_when_the_last_week_is_not_over_then_the_one_before_counts() -> None:
    found = summaries.recent(weekly([7.0, 8.0, 1.0], complete=False), "quantity", WEEKS)
    assert found is not None
    assert found.value == 8.0
    assert found.growth is None


def test_when_no_week_is_over_then_there_is_nothing_to_show() -> None:
    assert summaries.recent(weekly([3.0], complete=False), "quantity", WEEKS) is None


def long_frame(children: dict[str, list[float]]) -> pd.DataFrame:
    parts = [
        weekly(values).assign(child_id=child, label=child.upper())
        for child, values in children.items()
    ]
    return pd.concat(parts).drop(columns="complete")


def test_when_products_move_then_the_largest_change_comes_first() -> None:
    flat = [10.0] * 60
    frame = summaries.movers(
        long_frame(
            {
                "flat": flat,
                "up": [10.0] * 56 + [20.0] * 4,
                "down": [30.0] * 56 + [5.0] * 4,
                "new": [5.0] * 4,
            }
        ),
        "quantity",
        MONDAY,
        WEEKS,
    )
    assert frame["child_id"].tolist() == ["down", "up", "new", "flat"]
    assert frame["change"].tolist() == [-100.0, 40.0, 20.0, 0.0]
    assert frame["growth"].isna().tolist() == [False, False, True, False]
    assert all(len(spark) == WEEKS.spark for spark in frame["spark"])


def test_when_a_product_sold_in_neither_year_then_it_is_left_out() -> None:
    frame = summaries.movers(
        long_frame({"asleep": [5.0] * 3 + [0.0] * 57, "awake": [5.0] * 60}),
        "quantity",
        MONDAY,
        WEEKS,
    )
    assert frame["child_id"].tolist() == ["awake"]


def test_when_there_are_many_movers_then_the_list_is_cut() -> None:
    many = {f"p{i}": [1.0 * i] * 60 for i in range(1, 20)}
    assert len(summaries.movers(long_frame(many), "quantity", MONDAY, WEEKS, rows=5)) == 5


def test_when_the_data_is_monthly_then_the_same_month_last_year_counts() -> None:
    times = pd.date_range("2024-01-01", periods=30, freq="MS")
    values = [float(time.month) * (1 if time.year < 2026 else 2) for time in times]
    frame = pd.DataFrame({"timestamp": times, "quantity": values, "complete": True})
    found = summaries.recent(frame, "quantity", MONTHS)
    assert found is not None
    assert (found.start, found.value, found.growth) == (pd.Timestamp("2026-06-01"), 12.0, 1.0)
    children = frame.assign(child_id="a", label="A")
    moved = summaries.movers(children, "quantity", found.start, MONTHS)
    assert moved["change"].tolist() == [4.0 + 5.0 + 6.0]
    assert moved["latest"].tolist() == [30.0]
