"""When cron lines are due, on days when clocks change too."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine import cron
from engine.errors import EngineError

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def following(line: str, zone: str, start: str, count: int) -> list[str]:
    """The next times on the wall clock."""
    found, moment = [], at(start, zone)
    for _ in range(count):
        moment = cron.next_after(line, zone, moment)
        found.append(f"{datetime.fromtimestamp(moment, ZoneInfo(zone)):%a %d %b %H:%M}")
    return found


def test_when_clocks_change_then_six_stays_six() -> None:
    """croniter itself, given the zone, says 07:00 and 05:00 here."""
    autumn = following("0 6 * * 1", BERLIN, "2026-10-20 12:00", 3)
    assert autumn == ["Mon 26 Oct 06:00", "Mon 02 Nov 06:00", "Mon 09 Nov 06:00"]
    spring = following("0 6 * * 1", BERLIN, "2026-03-25 12:00", 2)
    assert spring == ["Mon 30 Mar 06:00", "Mon 06 Apr 06:00"]


def test_when_an_hour_comes_twice_then_it_is_due_once() -> None:
    found = following("30 2 * * *", BERLIN, "2026-10-24 12:00", 3)
    assert found == ["Sun 25 Oct 02:30", "Mon 26 Oct 02:30", "Tue 27 Oct 02:30"]


def test_when_an_hour_is_left_out_then_it_is_due_after_it() -> None:
    found = following("30 2 * * *", BERLIN, "2027-03-27 12:00", 3)
    assert found == ["Sun 28 Mar 03:30", "Mon 29 Mar 02:30", "Tue 30 Mar 02:30"]


def test_when_worked_out_within_the_hour_left_out_then_it_is_not_missed() -> None:
    inside = at("2027-03-28 03:10")
    assert cron.next_after("30 2 * * *", BERLIN, inside) == at("2027-03-28 03:30")


def test_when_a_moment_is_due_then_the_next_one_is_later() -> None:
    monday = at("2026-11-23 06:00")
    assert cron.next_after("0 6 * * 1", BERLIN, monday) == at("2026-11-30 06:00")
    assert cron.next_after("0 6 * * 1", BERLIN, monday - 0.001) == monday


@pytest.mark.parametrize(
    "line", ["", "monday", "* * * *", "61 * * * *", "* * * * * *", "@daily", "0 6 * * 8"]
)
def test_when_a_line_cannot_be_read_then_it_says_how_one_looks(line: str) -> None:
    with pytest.raises(EngineError, match="every Monday at 06:00"):
        cron.check(line, "UTC")


def test_when_a_day_never_comes_then_it_is_refused() -> None:
    with pytest.raises(EngineError, match="never due"):
        cron.check("0 6 30 2 *", "UTC")
    cron.check("0 6 29 2 *", "UTC")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_when_a_zone_is_unknown_then_it_is_refused(zone: str) -> None:
    with pytest.raises(EngineError, match="is not known"):
        cron.check("0 6 * * 1", zone)
