"""What is said of an event: factors in words, what it adds, the last years side by side."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.diagnostics.events import Measured, Window, measure
from ui import calendar_charts as charts
from ui import calendar_facts as facts

TIMES = pd.date_range("2022-01-01", periods=1096)
LIFTS = {"before": 0.9, "on": 2.0, "after": 0.8}


@pytest.fixture(scope="module")
def measured() -> Measured:
    values, windows = np.full(len(TIMES), 100.0), []
    for year in (2022, 2023, 2024):
        for phase, first, last in (("before", -4, -1), ("on", 0, 0), ("after", 1, 2)):
            day = pd.Timestamp(year, 6, 18)
            window = Window(
                "6.18", phase, day + pd.Timedelta(days=first), day + pd.Timedelta(days=last), year
            )
            windows.append(window)
            values[(window.first <= TIMES) & (window.last >= TIMES)] *= LIFTS[phase]
    values += np.random.default_rng(0).normal(0, 3, len(values))
    made = measure(TIMES, values, windows)
    assert made is not None
    return made


def test_when_an_event_is_told_then_its_day_and_what_is_around_it_are_in_the_sentence(
    measured: Measured,
) -> None:
    text = facts.sentence(measured, "6.18", "D", (4, 2))
    assert text.startswith("**6\\.18 sells ")
    assert "times as much as a usual day** (in 8 of 10 cases " in text
    assert "the 4 days before 0.9" in text
    assert "the 2 days after 0.8" in text
    assert text.endswith("Measured on 3 occurrences.")
    assert "never came in full" in facts.sentence(measured, "Unknown", "D", (0, 0))


def test_when_an_occurrence_comes_then_what_it_adds_counts_all_its_windows(
    measured: Measured,
) -> None:
    found = facts.extra(measured, "6.18", 1.0)
    assert found is not None
    assert found.expected == pytest.approx(100 - 4 * 10 - 2 * 20, abs=16)
    assert found.low < found.expected < found.high
    twice = facts.extra(measured, "6.18", 2.0)
    assert twice is not None
    assert twice.expected == pytest.approx(2 * found.expected)
    assert facts.extra(measured, "Unknown", 1.0) is None


def test_when_years_are_aligned_then_the_event_is_in_one_row_and_the_future_is_unknown() -> None:
    values = pd.Series(np.arange(len(TIMES), dtype=float), index=TIMES)
    firsts = [pd.Timestamp("2022-01-02"), pd.Timestamp("2023-06-18"), pd.Timestamp("2024-12-30")]
    table = facts.aligned(values, firsts, 3, 5)
    assert list(table.columns) == [2022, 2023, 2024]
    assert table[2022].isna().tolist() == [True, True] + [False] * 7  # before the first sale
    assert table.loc[0].tolist() == [
        values["2022-01-02"],
        values["2023-06-18"],
        values["2024-12-30"],
    ]
    assert table[2024].isna().sum() == 4
    figure = charts.years(table, table.mean(axis=1), "D", (0, 0), measure="revenue", currency="€")
    assert [trace.name for trace in figure.data] == ["2024", "2023", "2022", "Usual"]


def test_when_weeks_ahead_are_asked_for_then_what_is_over_or_far_is_left_out() -> None:
    found = pd.DataFrame(
        {
            "name": ["Over", "Running", "Next", "Far"],
            "first_day": pd.to_datetime(["2026-11-01", "2026-11-18", "2026-12-24", "2027-06-18"]),
            "last_day": pd.to_datetime(["2026-11-02", "2026-11-25", "2026-12-26", "2027-06-18"]),
        }
    )
    assert facts.coming(found, date(2026, 11, 20))["name"].tolist() == ["Running", "Next"]


def test_when_a_year_is_drawn_then_names_of_users_stay_text(measured: Measured) -> None:
    found = pd.DataFrame(
        {
            "name": ["<b>Fair</b>", "بازار " * 20],
            "kind": ["own", "school"],
            "first_day": pd.to_datetime(["2026-12-28", "2026-03-01"]),
            "last_day": pd.to_datetime(["2027-01-05", "2026-03-01"]),
            "days_before": [5, 0],
            "days_after": [0, 0],
        }
    )
    figure = charts.year(found, 2026, date(2026, 11, 19))
    assert "&lt;b&gt;" in figure.data[0].y[0]
    assert max(len(trace.y[0]) for trace in figure.data) <= 32
    ranked = charts.ranked({name: measured.effects[0] for name in ("A", "B")})
    assert list(ranked.data[0].y) == ["A", "B"]
