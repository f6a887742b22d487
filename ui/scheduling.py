"""Schedules at work: a thread of the app begins what is due on the newest sales, and judges it.

The engine never opens the database, so the app makes the snapshot. Knows no widgets.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict

import streamlit as st

from data.errors import DataError
from engine import champions
from engine.errors import EngineBusy, EngineError, QueueError
from engine.queue import OVER, Job
from engine.schedules import Firing, Schedules
from ui import format as fmt
from ui import queries, scheduled_runs, settings, training
from ui.engine import engine, registry
from ui.schedule_words import is_report
from ui.scheduled_runs import CHOSEN, FOLLOW_UP

log = logging.getLogger("almanac")

TICK_SECONDS = 5.0


class Stopping(Exception):
    """The app ends while a report is built; it is built again at its next start."""


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def schedules() -> Schedules:
    """The open schedules of this process."""
    return Schedules(settings.from_environment().var)


@st.cache_resource(show_spinner=False, on_release=lambda running: running.stop())
def scheduler() -> "Scheduler":
    """The one scheduler of this process; the server starts it."""
    return Scheduler()


def close() -> None:
    """End the thread before what it uses is closed."""
    scheduler.clear()
    schedules.clear()


class Scheduler:
    """Looks every few seconds at what is due and at what has ended."""

    def __init__(self) -> None:
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._working = threading.Lock()
        self._thread: threading.Thread | None = None
        self._trouble = ""  # what kept the last round from its end

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="schedules", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread; what is due stays due."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the app ends: long work is left for its next start."""
        return self._stopping.is_set()

    def round(self) -> None:
        """Begin what is due, and end what is done."""
        with self._working:
            for firing in schedules().due(marks()):
                _kept_from_failing(firing, begin)
            for firing in schedules().running():
                _kept_from_failing(firing, conclude)

    def _look(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round()
                self._trouble = ""
            except Exception as error:  # such as a full disk, or a second Almanac on the folder
                if str(error) != self._trouble:
                    log.exception("The schedules could not be looked at; trying again.")
                self._trouble = str(error)
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()


def marks() -> dict[str, str]:
    """For each dataset, what changes with every import and undo."""
    imports = queries.imports()
    standing = imports[imports["undone_at"].isna()]
    latest = standing.groupby("dataset_id")["import_id"].max()
    return {source(int(str(key))): str(value) for key, value in latest.items()}


def source(dataset_id: int) -> str:
    """What schedules call a dataset."""
    return f"dataset {dataset_id}"


def begin(firing: Firing) -> None:
    """Start the runs of what is due; where nothing has changed since, end it at once."""
    schedule = schedules().schedule(firing.schedule_id)
    mark = marks().get(schedule.source)
    if is_report(schedule.template):
        from ui import deliveries  # late: what reports are made with is heavy to import

        deliveries.begin(schedules(), firing, schedule, mark, _tell)
        return
    made = scheduled_runs.build(schedule.template)
    earlier = schedules().firings(schedule.schedule_id)
    signals = [asdict(each) for each in scheduled_runs.watched(schedule, earlier, made)]
    if made.is_done():
        freq = str(made.requests[0][0].scope["freq"])
        until = fmt.period(made.frame["timestamp"].max(), freq)
        words = f"No new sales since {until}: the forecast stands as it is."
        schedules().end(firing.number, "done", words, drift=signals)
        return
    run_id = made.submit()
    schedules().begin(firing.number, run_id, mark=mark, note=made.note, drift=signals)


def conclude(firing: Firing) -> None:
    """Where the runs of a firing are over: judge the best new model, and put it in use or not."""
    schedule = schedules().schedule(firing.schedule_id)
    if is_report(schedule.template):
        from ui import deliveries

        deliveries.conclude(schedules(), firing, schedule)
        return
    try:
        trained, comparison = _jobs(firing.run_id)
    except QueueError as error:
        schedules().end(firing.number, "failed", str(error))
        return
    lost = [job for job in trained if job.state in ("failed", "cancelled")]
    if len(lost) == len(trained):
        if comparison is not None:
            engine().cancel(comparison.run_id, who="schedule")
        words = f"{_end_of(lost[0])} What was in use before still is."
        schedules().end(firing.number, "failed", words)
        return
    if all(job.state in OVER for job in trained) and (
        comparison is None or comparison.state in OVER
    ):
        _judge(firing, [job.run_id for job in trained if job not in lost], lost)


def _judge(firing: Firing, run_ids: list[str], lost: list[Job]) -> None:
    """Put the best new run in use; or leave what is, and have it forecast the newest sales."""
    schedule = schedules().schedule(firing.schedule_id)
    registry().collect_metrics()
    chosen = champions.best_of(registry(), run_ids)
    verdict = champions.evidence(registry().run(chosen)) or champions.decide(
        registry(),
        chosen,
        margin=schedule.margin,
        otherwise=schedule.template["run_id"],
        at=schedules().clock(),
    )
    words = _lead(chosen, run_ids, lost) + verdict.reason
    follow_up = str(firing.numbers.get(FOLLOW_UP, ""))
    if not verdict.promoted and verdict.against and not follow_up:
        try:
            follow_up = scheduled_runs.forecast_again(verdict.against)
        except EngineError as error:
            words += f" What is in use cannot forecast the newest sales: {error}"
        if follow_up:
            schedules().remember(firing.number, {FOLLOW_UP: follow_up})
            return
    elif follow_up:
        job = engine().job(follow_up)
        if job.state not in OVER:
            return
        if job.state == "succeeded":
            said = f"The same model, on newer sales. A new one was not better: {verdict.reason}"
            registry().crown(follow_up, why=said, who=champions.RULE, at=schedules().clock())
            words += " What was in use forecasts the newest sales again."
        else:
            words += " What is in use could not forecast the newest sales; its job says why."
            follow_up = ""
    numbers = asdict(verdict) | {FOLLOW_UP: follow_up, CHOSEN: chosen}
    schedules().end(firing.number, "done", words, numbers=numbers)


def _lead(chosen: str, run_ids: list[str], lost: list[Job]) -> str:
    """Which of several models it is about, and which of them came to nothing."""
    words = "".join(f"{_model_of(job.run_id)} is left out: {_end_of(job)} " for job in lost)
    if len(run_ids) + len(lost) == 1:
        return ""
    return f"{words}{_model_of(chosen)} is the best of {len(run_ids) + len(lost)}. "


def _end_of(job: Job) -> str:
    return job.why if job.state == "failed" else "It was stopped."


def _model_of(run_id: str) -> str:
    entry = registry().entry(run_id)
    return training.model_name(entry.about.model) if entry else "A deleted model"


def _jobs(run_id: str) -> tuple[list[Job], Job | None]:
    """The jobs of the models of a firing, and the one that compares them.

    Raises `QueueError` for a run that is gone.
    """
    entry = registry().entry(run_id)
    if entry is None:
        raise QueueError("Its run was deleted before it was compared.")
    group = registry().group(entry.about.group) or [entry]
    jobs = {each.run_id: engine().job(each.run_id) for each in group}
    compared = [jobs[each.run_id] for each in group if not each.about.model]
    return [jobs[each.run_id] for each in group if each.about.model], next(iter(compared), None)


def _tell(share: float, words: str) -> None:
    """Between the parts of building a report: the end of the app is not kept waiting."""
    if scheduler().is_stopping:
        raise Stopping(words)


def _kept_from_failing(firing: Firing, act: Callable[[Firing], None]) -> None:
    """One schedule that cannot be done must not keep the others from it."""
    try:
        act(firing)
    except Stopping:  # it stays due
        log.info("Schedule %s is done at the next start", firing.schedule_id)
    except EngineBusy:  # another Almanac works on the folder, and on its schedules
        raise
    except (EngineError, DataError) as error:
        schedules().end(firing.number, "failed", str(error))
    except Exception as error:
        from forecasting.errors import ForecastingError  # late: the library is heavy to import

        words = "Something went wrong; the details are in Almanac's log."
        if isinstance(error, ForecastingError):
            words = str(error)
        else:
            log.exception("Schedule %s could not be done", firing.schedule_id)
        schedules().end(firing.number, "failed", words)
