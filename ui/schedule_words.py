"""Schedules in words: when they are due, when next, and how they ended. Knows no Streamlit."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from engine.drift import RANK
from engine.schedules import Firing, Schedule
from ui import format as fmt

KIND = "report"  # of the templates and numbers of schedules that deliver; others train
RHYTHMS = {"day": "Every day", "week": "Every week", "month": "Every month", "data": "New data"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STATES = {  # word and colour of its badge
    "on": ("On", "blue"),
    "running": ("Running", "blue"),
    "paused": ("Paused", "gray"),
    "failed": ("Failed", "red"),
}
DRIFT = {  # word, colour, icon
    "unknown": ("Not known", "gray", "help"),
    "ok": ("As before", "green", "check_circle"),
    "watch": ("Watch", "orange", "visibility"),
    "act": ("Act", "red", "priority_high"),
}
WHY = {"due": "on time", "new data": "new data", "asked": "on demand"}


def is_report(template: Mapping[str, Any]) -> bool:
    """Whether a schedule delivers a report; others train."""
    return template.get("kind") == KIND


def cron_of(rhythm: str, at: time, *, weekday: int = 0, day: int = 1) -> str:
    """The cron line of a rhythm; "" for new data. Weekday 0 is Monday.

    >>> cron_of("week", time(6), weekday=0), cron_of("day", time(22, 30)), cron_of("data", time(6))
    ('0 6 * * 1', '30 22 * * *', '')
    """
    tails = {"day": "* * *", "week": f"* * {(weekday + 1) % 7}", "month": f"{day} * *"}
    return f"{at.minute} {at.hour} {tails[rhythm]}" if rhythm in tails else ""


def rhythm(cron: str) -> str:
    """When a cron line is due, as people say it.

    >>> rhythm("0 6 * * 1"), rhythm("30 22 * * *"), rhythm("0 6 1 * *")
    ('Every Monday 06:00', 'Every day 22:30', 'Every month on day 1, 06:00')
    >>> rhythm(""), rhythm("0 6 * * 1-5"), rhythm("*/5 * * * *")
    ('When new data arrives', 'Every weekday 06:00', 'By cron */5 * * * *')
    >>> rhythm("0 6 * * 0,1")
    'Every Monday and Sunday 06:00'
    """
    if not cron:
        return "When new data arrives"
    minutes, hours, days, months, weekdays = croniter.expand(cron)[0]
    simple = [len(part) == 1 and part[0] != "*" for part in (minutes, hours)]
    every = [part == ["*"] for part in (days, months, weekdays)]
    if not all(simple) or not every[1]:
        return f"By cron {cron}"
    at = f"{int(hours[0]):02d}:{int(minutes[0]):02d}"
    if all(every):
        return f"Every day {at}"
    if every[0]:
        numbers = sorted((int(number) - 1) % 7 for number in weekdays)
        names = [WEEKDAYS[number] for number in numbers]
        return f"Every {'weekday' if numbers == [0, 1, 2, 3, 4] else _listed(names)} {at}"
    if every[2] and len(days) == 1:
        return f"Every month on day {days[0]}, {at}"
    return f"By cron {cron}"


def ahead(due: float, now: float) -> str:
    """How long until a moment.

    >>> ahead(3 * 86400, 0), ahead(5 * 3600, 0), ahead(90, 0), ahead(-5, 0), ahead(1.6 * 86400, 0)
    ('in 3 days', 'in 5 hours', 'in 2 min', 'now', 'in 2 days')
    """
    left = due - now
    if left <= 0:
        return "now"
    if left < 5400:
        return f"in {max(1, round(left / 60))} min"
    if left < 36 * 3600:
        return f"in {round(left / 3600)} hours"
    return f"in {round(left / 86400)} days"


def moment(at: float, zone: str, now: float) -> str:
    """A moment on the wall clock of a zone: the time today, else the day.

    >>> moment(1_795_000_000, "UTC", 1_795_100_000)
    'Wed 18 Nov'
    """
    then, today = (datetime.fromtimestamp(value, ZoneInfo(zone)) for value in (at, now))
    if then.date() == today.date():
        return f"today {then:%H:%M}"
    return fmt.day(then.date(), today.date())


def why(firing: Firing, zone: str, now: float) -> str:
    """Why it ran when it did."""
    if firing.why == "late":
        return f"made up for {moment(firing.due_at, zone, now)}"
    return WHY[firing.why]


def next_words(schedule: Schedule, now: float) -> str:
    """When it is due next."""
    if not schedule.is_on:
        return "paused"
    if schedule.next_at is None:
        return "on import"
    return ahead(schedule.next_at, now)


def outcome(firing: Firing) -> str:
    """How a time ended, in few words."""
    if firing.state == "due":
        return "about to start"
    if firing.numbers.get("kind") == KIND:
        return _delivered(firing)
    if firing.state == "running":
        return "running"
    if firing.state == "failed":
        return "failed"
    numbers = firing.numbers
    if "promoted" not in numbers:
        return "no new sales"
    wql, change = numbers.get("candidate"), change_of(firing)
    parts = [] if wql is None else [f"WQL {wql:.3f}"]
    if change is not None:
        rival = "before" if numbers.get("rival") == "in use" else "last year"
        side = "better" if change < 0 else "worse"
        size = fmt.growth(abs(change)).lstrip("+")
        parts.append(f"as good as {rival}" if size == "0%" else f"{size} {side} than {rival}")
    return ", ".join(parts) + (": in use" if numbers["promoted"] else ": not in use")


def _delivered(firing: Firing) -> str:
    """How a report got on."""
    failures = int(firing.numbers.get("failures", 0))
    if firing.state == "running":
        return f"not delivered yet, {failures} failed" if failures else "being delivered"
    if firing.state == "failed":
        return "not delivered"
    size = fmt.units(firing.numbers.get("bytes", 0) / 1000)
    return f"delivered, {size} KB"


def tries(firing: Firing, now: float) -> str:
    """When a delivery that failed is tried again; "" where none failed, or it is over."""
    failures = int(firing.numbers.get("failures", 0))
    if firing.state != "running" or not failures:
        return ""
    due = ahead(float(firing.numbers.get("next_at", now)), now)
    times = "Once" if failures == 1 else f"{failures} times"
    return f"{times} not delivered; tried again {due}. {firing.numbers.get('error', '')}"


def change_of(firing: Firing) -> float | None:
    """By which share the error of a run was other than that of the one in use."""
    first, second = firing.numbers.get("candidate"), firing.numbers.get("champion")
    return first / second - 1 if first is not None and second else None


def sentence(schedule: Schedule, last: Firing | None, now: float) -> str:
    """A schedule in a line: 'Every Monday 06:00 · next in 3 days · last: Mon 16 Nov, …'."""
    when, due = rhythm(schedule.cron), next_words(schedule, now)
    parts = [when, due if not schedule.is_on else f"next {due}" if schedule.cron else due]
    if schedule.is_on and not schedule.cron:
        parts = [when]
    if last is None:
        return " · ".join([*parts, "has not run yet"])
    began = moment(last.made_at, schedule.zone, now)
    return " · ".join([*parts, f"last: {began}, {outcome(last)}"])


def state_of(schedule: Schedule, last: Firing | None) -> str:
    """A key of STATES."""
    if last is not None and last.state in ("due", "running"):
        return "running"
    if not schedule.is_on:
        return "paused"
    return "failed" if last is not None and last.state == "failed" else "on"


def drift_of(firing: Firing) -> str:
    """A key of DRIFT: the worst of what was found when it began."""
    states = [str(signal["state"]) for signal in firing.drift]
    return max(states, key=RANK.__getitem__, default="unknown")


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
