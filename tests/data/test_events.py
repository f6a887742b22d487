"""Every occurrence between two days, and the columns that a panel gets of them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.calendar_entries import Entry, shipped
from data.errors import DataError
from data.event_columns import event_columns, events_of, strongest
from data.events import masks, occurrences, phases

NEW_YEAR = Entry(
    kind="own", name="Sale", first_day=date(2023, 12, 28), last_day=date(2024, 1, 5), yearly=True
)
FAIR = Entry(
    kind="own", name="Fair", first_day=date(2024, 5, 8), last_day=date(2024, 5, 9), yearly=True,
    days_before=7, days_after=2,
)  # fmt: skip
DE, AT = Entry(kind="holidays", name="DE"), Entry(kind="holidays", name="AT", place_id=8)


def days(found: pd.DataFrame) -> list[tuple[str, str]]:
    return [(row["name"], str(row["first_day"].date())) for row in found.to_dict("records")]


def test_when_an_event_is_yearly_then_it_comes_every_year_across_its_end():
    found = occurrences([NEW_YEAR], date(2022, 1, 1), date(2024, 12, 30))
    assert days(found) == [
        ("Sale", "2021-12-28"),
        ("Sale", "2022-12-28"),
        ("Sale", "2023-12-28"),
        ("Sale", "2024-12-28"),
    ]


def test_when_an_event_starts_on_a_leap_day_then_other_years_have_the_28th():
    leap = replace(FAIR, first_day=date(2024, 2, 29), last_day=date(2024, 2, 29))
    assert days(occurrences([leap], date(2025, 1, 1), date(2025, 12, 31))) == [
        ("Fair", "2025-02-28")
    ]


def test_when_only_a_window_touches_then_the_occurrence_is_there_as_its_entry_says():
    entry = replace(next(e for e in shipped() if e.name == "11.11"), days_before=40, days_after=0)
    assert days(occurrences([entry], date(2026, 10, 5), date(2026, 10, 6))) == [
        ("11.11", "2026-11-11")
    ]
    assert occurrences([entry], date(2026, 11, 12), date(2026, 11, 30)).empty
    assert occurrences([replace(entry, is_on=False)], date(2026, 1, 1), date(2026, 12, 31)).empty


def test_when_a_holiday_falls_on_a_short_festival_then_the_day_has_one_name():
    christmas = next(e for e in shipped() if e.name == "Christmas")
    found = occurrences([christmas, DE], date(2026, 12, 20), date(2027, 1, 2))
    assert days(found) == [("Christmas", "2026-12-24"), ("New Year's Day", "2027-01-01")]
    alone = occurrences([DE], date(2026, 12, 20), date(2027, 1, 2))
    assert len(alone) == 3


def test_when_a_place_has_holidays_of_its_own_then_it_has_those_instead():
    span = (date(2026, 10, 1), date(2026, 10, 31))
    assert days(occurrences([DE, AT], *span, place_id=8)) == [("National Day", "2026-10-26")]
    assert days(occurrences([DE, AT], *span, place_id=7)) == [("German Unity Day", "2026-10-03")]
    assert len(occurrences([DE, AT], *span)) == 2


def test_when_days_off_follow_each_other_then_they_are_one_occurrence():
    found = occurrences([Entry(kind="holidays", name="CN")], date(2024, 2, 1), date(2024, 2, 29))
    first = found.iloc[0]
    assert first["name"] == "Chinese New Year"
    assert (first["last_day"] - first["first_day"]).days == 4


def test_when_the_days_asked_for_are_swapped_then_they_are_named():
    with pytest.raises(DataError, match="lies after the last day"):
        occurrences([FAIR], date(2026, 2, 1), date(2026, 1, 1))


def test_when_centuries_are_asked_for_then_the_last_sixty_years_are_looked_at():
    yearly = Entry(kind="festival", name="Black Friday")
    found = occurrences([yearly], date(1726, 1, 1), date(2026, 1, 31))
    assert found["first_day"].iloc[0].year == 1966
    assert len(found) == 60
    shorter = occurrences([yearly], date(1980, 1, 1), date(2026, 1, 31))
    assert shorter["first_day"].iloc[0].year == 1980


def test_when_windows_are_listed_then_they_meet_without_sharing_days():
    found = list(phases(occurrences([FAIR], date(2024, 5, 1), date(2024, 5, 31))))
    assert [(each.phase, each.first.day, each.last.day) for each in found] == [
        ("before", 1, 7),
        ("on", 8, 9),
        ("after", 10, 11),
    ]


@pytest.mark.parametrize("freq", ["D", "W-MON", "MS"])
def test_when_periods_are_longer_then_they_hold_the_share_of_their_days(freq):
    starts = pd.date_range("2024-01-01", "2024-12-31", freq=freq)
    made = masks(occurrences([FAIR], date(2024, 1, 1), date(2024, 12, 31)), starts)
    length = np.diff([*starts, starts[-1] + (starts[-1] - starts[-2])]) / pd.Timedelta(days=1)
    assert (made["Fair", "before"] * length).sum() == pytest.approx(7)
    assert (made["Fair", "on"] * length).sum() == pytest.approx(2)
    assert max(made["Fair", "on"]) == pytest.approx({"D": 1, "W-MON": 2 / 7, "MS": 2 / 31}[freq])


def panel(weeks: int = 130, ahead: int = 13) -> pd.DataFrame:
    stamps = pd.date_range("2023-01-02", periods=weeks + ahead, freq="W-MON")
    return pd.DataFrame(
        {
            "series_id": np.repeat(["7", "8"], weeks + ahead),
            "timestamp": np.tile(stamps, 2),
            "target": 10.0,
            "ahead": np.tile(np.arange(weeks + ahead) >= weeks, 2),
        }
    )


def columns(entries: list[Entry], frame: pd.DataFrame, **places: int | None) -> pd.DataFrame:
    return event_columns(frame, entries, places=places, shares={7: 0.75, 8: 0.25})


def test_when_an_event_came_twice_then_it_has_a_column_for_each_window_in_every_row():
    frame = panel()
    made = columns([FAIR], frame, **{"7": 7, "8": 8})
    assert list(made.columns) == ["event: Fair", "event: Fair, after", "event: Fair, before"]
    assert made.index.equals(frame.index)
    assert not made.isna().any().any()
    may = frame["timestamp"] == "2024-05-06"
    assert made.loc[may, "event: Fair"].tolist() == [2 / 7, 2 / 7]


def test_when_an_event_came_once_then_nothing_can_be_learned_and_it_has_no_column():
    assert columns([replace(FAIR, yearly=False)], panel(), **{"7": 7}).empty


def test_when_an_event_is_in_one_place_then_other_places_do_not_have_it_and_the_total_in_part():
    frame = panel()
    here = replace(FAIR, place_id=8)
    may = frame["timestamp"] == "2024-05-06"
    apart = columns([here], frame, **{"7": 7, "8": 8})
    assert apart.loc[may, "event: Fair"].tolist() == [0.0, 2 / 7]
    together = columns([here], frame, **{"7": None, "8": None})
    assert together.loc[may, "event: Fair"].tolist() == pytest.approx([0.5 / 7, 0.5 / 7])


def test_when_there_are_many_events_then_the_strongest_are_taken_and_columns_stay_few():
    frame = panel()
    made = frame.join(columns([e for e in shipped("DE") if e.is_on], frame, **{"7": 7, "8": 8}))
    assert len(events_of(list(made.columns))) > 15
    made.loc[made["event: Christmas"] > 0, "target"] = 40.0
    chosen = strongest(made, "W")
    assert chosen[0] == "event: Christmas"
    taken = [name for name in made.columns if name.startswith(chosen)]
    assert len(taken) <= 9
