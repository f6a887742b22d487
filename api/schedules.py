"""Schedules: trainings that repeat, listed, added, paused, and started now."""

from typing import Literal

from pydantic import Field

from api.problems import Problem
from api.wire import Call, Moment, Wire, moment
from engine.schedules import Schedule
from ui import scheduled_runs, scheduling
from ui.engine import registry


class ScheduleParams(Wire):
    schedule: str = Field(min_length=1, max_length=64, description="Id of a schedule.")


class ScheduleBody(Wire):
    run: str = Field(min_length=1, max_length=64, description="The training that is repeated.")
    name: str = Field(default="", max_length=120, description="The run's own if not given.")
    cron: str = Field(
        default="",
        max_length=120,
        description="Such as `0 6 * * 1`; when new sales arrive if not given.",
    )
    zone: str = Field(default="UTC", max_length=64, description="Time zone of the line.")
    margin: float = Field(
        default=0.05, ge=0, le=1, description="Share by which a new one may be worse."
    )


class ChangeBody(Wire):
    action: Literal["pause", "resume", "start", "delete"]


class ScheduleAnswer(Wire):
    schedule: str
    name: str
    cron: str
    zone: str
    is_on: bool
    next_at: Moment | None = Field(description="Null: paused, or when new sales arrive.")
    last_state: str = Field(description="Of its last time; empty before one.")
    last_words: str


class SchedulesAnswer(Wire):
    schedules: list[ScheduleAnswer]


class ChangedAnswer(Wire):
    done: bool = Field(description="False: it is at work already.")


def every(call: Call[Wire, None]) -> SchedulesAnswer:
    """All schedules with how their last time ended."""
    found = scheduling.schedules().schedules()
    return SchedulesAnswer(schedules=[answer_of(each) for each in found])


def add(call: Call[Wire, ScheduleBody]) -> ScheduleAnswer:
    """Repeat a finished training on the newest sales."""
    asked = call.body
    entry = registry().entry(asked.run)
    if entry is None:
        raise Problem("not-found", f"There is no run {asked.run[:40]!r}.")
    source = scheduling.source(int(entry.about.scope["dataset"]))
    made = scheduling.schedules().add(
        name=asked.name or entry.name,
        template=scheduled_runs.template(entry),
        cron=asked.cron,
        zone=asked.zone,
        source=source,
        mark=scheduling.marks().get(source, ""),
        margin=asked.margin,
        who=call.who,
    )
    return answer_of(made)


def change(call: Call[ScheduleParams, ChangeBody]) -> ChangedAnswer:
    """Pause, resume, start now, or delete."""
    opened, key = scheduling.schedules(), call.params.schedule
    known = [each for each in opened.schedules() if each.schedule_id == key]
    if not known:
        raise Problem("not-found", f"There is no schedule {key[:40]!r}.")
    done = True
    if call.body.action == "pause":
        opened.pause(key)
    elif call.body.action == "resume":
        opened.resume(key, mark=scheduling.marks().get(known[0].source))
    elif call.body.action == "delete":
        opened.delete(key)
    else:
        done = opened.ask(key, who=call.who)
        scheduling.scheduler().wake()
    return ChangedAnswer(done=done)


def answer_of(schedule: Schedule) -> ScheduleAnswer:
    last = next(iter(scheduling.schedules().firings(schedule.schedule_id, limit=1)), None)
    return ScheduleAnswer(
        schedule=schedule.schedule_id,
        name=schedule.name,
        cron=schedule.cron,
        zone=schedule.zone,
        is_on=schedule.is_on,
        next_at=None if schedule.next_at is None else moment(schedule.next_at),
        last_state="" if last is None else last.state,
        last_words="" if last is None else last.words,
    )
