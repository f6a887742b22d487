"""When a schedule is due next: a cron line on the wall clock of a zone, as a moment in UTC.

croniter is given the wall clock alone. Given a zone it is wrong on the days when clocks change:
"0 6 * * 1" in Berlin came at 07:00 on the Monday after summer time, and at 05:00 and 06:00 on the
Monday after winter time.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from engine.errors import EngineError

_FIELDS = 5  # minute, hour, day of the month, month, weekday
_CHANGE = timedelta(hours=3)  # more than clocks are put on or back


def check(cron: str, zone: str) -> None:
    """Raises `EngineError` for a line that is no cron line or never due, and an unknown zone."""
    if len(cron.split()) != _FIELDS or not croniter.is_valid(cron):
        raise EngineError(
            f"cron={cron!r} cannot be read. Use five fields: minute, hour, day of the month, "
            "month, weekday; '0 6 * * 1' is every Monday at 06:00."
        )
    _zone(zone)
    try:
        croniter(cron, datetime(2026, 1, 1)).get_next(datetime)
    except CroniterError as error:
        raise EngineError(f"cron={cron!r} is never due: there is no such day.") from error


def next_after(cron: str, zone: str, after: float) -> float:
    """The first moment after `after` at which the line is due; both in seconds since 1970.

    A time that the clocks leave out is due as much later as they are put on; one that comes twice
    is due the first time only.

    >>> monday = next_after("0 6 * * 1", "Europe/Berlin", 1_795_000_000)
    >>> datetime.fromtimestamp(monday, ZoneInfo("UTC")).isoformat()
    '2026-11-23T05:00:00+00:00'
    """
    place = _zone(zone)
    wall = datetime.fromtimestamp(after, place).replace(tzinfo=None)
    times = croniter(cron, wall - _CHANGE)
    while True:
        due = times.get_next(datetime).replace(tzinfo=place).timestamp()
        if due > after:
            return float(due)


def in_reach(cron: str, zone: str, due: float, now: float) -> float:
    """`due`, or the next moment from now where the clock was ahead when `due` was worked out.

    A clock set back by less than a turn changes nothing, so that nothing runs twice.
    """
    first = next_after(cron, zone, now)
    return due if due <= next_after(cron, zone, first) else first


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EngineError(
            f"zone={name!r} is not known. Use a name such as 'UTC' or 'Europe/Berlin'."
        ) from error
