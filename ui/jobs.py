"""Jobs as the screens need them: the queue, the run folder and the registry, joined. No widgets."""

import json
import shlex
import time
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from engine.errors import EngineError, QueueError
from engine.queue import ACTIVE, OVER, Job
from engine.registry import Entry
from engine.runs import Status
from ui import format as fmt
from ui import training, tuning_jobs
from ui.engine import engine, registry

LISTED = 60
FURTHER = ", fine-tuned"  # how the library ends the name of a network that is trained further
STATES = {  # word, colour of its badge, icon
    "queued": ("Waiting", "gray", "schedule"),
    "running": ("Running", "blue", "progress_activity"),
    "cancelling": ("Stopping", "orange", "stop_circle"),
    "succeeded": ("Done", "green", "check_circle"),
    "failed": ("Failed", "red", "error"),
    "cancelled": ("Stopped", "orange", "stop_circle"),
    "interrupted": ("Waiting", "gray", "schedule"),
}


@dataclass(frozen=True, kw_only=True)
class View:
    """One job with all that is known of it."""

    job: Job
    entry: Entry | None  # None: it was not submitted by a screen, or its run was deleted
    status: Status | None  # None: its worker has not begun
    began: float | None  # seconds since 1970
    ended: float | None
    search: tuple[float, float | None] | None = None  # of one that runs: share done, seconds left

    @property
    def is_search(self) -> bool:
        return self.job.kind == "tune"

    @property
    def is_active(self) -> bool:
        return self.job.state in ACTIVE

    @property
    def is_over(self) -> bool:
        return self.job.state in OVER

    @property
    def name(self) -> str:
        return self.entry.name if self.entry else f"{self.job.kind} {self.job.run_id}"

    @property
    def model(self) -> str:
        return self.entry.about.model if self.entry else ""

    @property
    def progress(self) -> float:
        if self.job.state == "succeeded":
            return 1.0
        if self.search is not None:
            return self.search[0]
        if self.status is None or self.job.state in ("queued", "interrupted"):
            return 0.0
        return min(max(self.status.progress, 0.0), 1.0)

    @property
    def seconds_left(self) -> float | None:
        """An estimate by the job's own pace; None where it has none."""
        if self.search is not None and self.is_active:
            return self.search[1]
        return self.status.eta_seconds if self.status and self.is_active else None

    @property
    def has_forecast(self) -> bool:
        return self.is_over and (engine().run(self.job.run_id).folder / FORECAST).is_file()

    @property
    def can_resume(self) -> bool:
        """Whether it ended early and left a checkpoint, or trials, to go on with."""
        if self.job.state not in ("failed", "cancelled"):
            return False
        run = engine().run(self.job.run_id)
        kept = [*run.checkpoint.glob("*.safetensors"), *(run.folder / "search").glob("*.journal")]
        return bool(kept) and (run.folder / PANEL).is_file()


FORECAST, PANEL = "forecast.parquet", "panel.parquet"


def views() -> list[View]:
    """The latest jobs: first what runs, then what waits, then what is over, the latest first."""
    entries = {entry.run_id: entry for entry in registry().entries()}
    rank = {"running": 0, "cancelling": 0, "queued": 1, "interrupted": 1}
    listed = sorted(
        engine().jobs(),
        key=lambda job: (rank.get(job.state, 2), job.number if job.state in rank else -job.number),
    )
    return [_view(job, entries.get(job.run_id)) for job in listed[:LISTED]]


def view(run_id: str) -> View | None:
    """One job; None where the queue does not know it."""
    try:
        return _view(engine().job(run_id), registry().entry(run_id))
    except QueueError:
        return None


def active() -> list[View]:
    """What runs, waits or is being stopped."""
    return [each for each in views() if not each.is_over]


def count_active() -> int:
    """How many jobs run, wait or are being stopped."""
    return sum(job.state not in OVER for job in engine().jobs())


def in_a_line(listed: list[View]) -> tuple[str, str, float, str]:
    """What runs in few words, how long it takes, its share done, and the job to look at."""
    share = sum(each.progress for each in listed) / max(len(listed), 1)
    running = [each for each in listed if each.is_active]
    left = [each.seconds_left for each in running if each.seconds_left is not None]
    left_words = f"about {fmt.duration(max(left))} left" if left else "starting"
    first = (running or listed)[0]
    if len(listed) > 1:
        return f"{len(listed)} jobs · {share:.0%}", left_words, share, first.job.run_id
    name = training.model_name(first.model)
    doing = "Tuning" if first.is_search else "Training"
    words = f"{doing} {name}" if first.model else name
    return f"{words} · {share:.0%}", left_words, share, first.job.run_id


def _view(job: Job, entry: Entry | None) -> View:
    events = engine().history(job.run_id)
    began = [event.at for event in events if event.state == "running"]
    waits = job.state in ("queued", "interrupted")
    status = None if waits else engine().status(job.run_id)
    search = None
    if job.kind == "tune" and job.state not in OVER:
        found = tuning_jobs.search_of(engine().run(job.run_id))
        search = tuning_jobs.progress(found, status) if found else None
    return View(
        job=job,
        entry=entry,
        status=status,
        began=began[-1] if began else None,
        ended=job.changed_at if job.state in OVER else None,
        search=search,
    )


def table(listed: list[View]) -> pd.DataFrame:
    """The columns of the Jobs table."""
    return pd.DataFrame(
        {
            "State": [[STATES[each.job.state][0]] for each in listed],
            "Job": [each.name for each in listed],
            "When": [moment(each.job.submitted_at) for each in listed],
            "Progress": [round(each.progress, 2) for each in listed],
            "Time": [time_words(each) for each in listed],
            "Result": [result(each) for each in listed],
        }
    )


def moment(at: float, now: float | None = None) -> str:
    """A moment as people say it: the clock time today, else the day."""
    then = datetime.fromtimestamp(at)
    today = datetime.fromtimestamp(time.time() if now is None else now).date()
    if then.date() == today:
        return f"Today {then:%H:%M}"
    return f"{fmt.day(then.date(), today)} {then:%H:%M}"


def time_words(each: View) -> str:
    """How long a job took or will take."""
    if each.is_active:
        left = each.seconds_left
        if each.status is not None and each.status.state == "saving":
            return "saving"
        return "starting" if left is None else f"{fmt.duration(left)} left"
    if each.began is None or each.ended is None:
        return ""
    return fmt.duration(each.ended - each.began)


def result(each: View) -> str:
    """What came out, in a few words."""
    job = each.job
    if job.state == "failed":
        return job.why
    if each.is_search and (found := tuning_jobs.found(engine().run(job.run_id))):
        gain = 1 - found.value / found.default_value if found.default_value else 0.0
        better = f", {fmt.share(gain)} under the usual" if gain >= 0.0005 else ""
        return f"WQL {found.value:.3f}{better}"
    if job.state == "cancelled":
        kept = each.status is not None and each.status.kept
        return "best so far kept" if kept else "nothing kept"
    if job.state != "succeeded":
        return stage_words(each.status.stage, _part(each)) if each.status else ""
    if each.entry is None:
        return "deleted"
    error = each.entry.metrics.get("WAPE")
    if error is not None:
        return f"error {fmt.share(error)}"
    return "error is being measured" if each.model and _is_compared(each) else ""


def _is_compared(each: View) -> bool:
    """Whether a comparison of the job's group is still to come."""
    group = registry().group(each.entry.about.group) if each.entry else []
    others = [view(entry.run_id) for entry in group if not entry.about.model]
    return any(other is not None and not other.is_over for other in others)


def group_of(each: View) -> list[View]:
    """The jobs that were submitted together with this one, itself among them."""
    if each.entry is None or not each.entry.about.group:
        return [each]
    found = [view(entry.run_id) for entry in registry().group(each.entry.about.group)]
    return [other for other in found if other is not None]


def comparison_of(each: View) -> View | None:
    """The job that compares the models of the group."""
    return next((other for other in group_of(each) if other.entry and not other.model), None)


def board_of(each: View) -> pd.DataFrame | None:
    """The leaderboard of the job's group; None before there is one."""
    comparison = comparison_of(each)
    return None if comparison is None else engine().run(comparison.job.run_id).frame("leaderboard")


def curves(each: View) -> dict[str, pd.DataFrame]:
    """The loss curves of the group's jobs by model, without the short finish of each."""
    found: dict[str, pd.DataFrame] = {}
    for other in group_of(each):
        frame = engine().run(other.job.run_id).curves()
        if other.model and not frame.empty:
            trained = frame.loc[frame["stage"].str.endswith(": training"), "stage"]
            found[other.model] = (
                frame[frame["stage"] == trained.iloc[-1]] if len(trained) else (frame)
            )
    return found


def headline(each: View) -> str:
    """One line over the bar: what is done now, how far, and how long it takes."""
    job, status = each.job, each.status
    if job.state in ("queued", "interrupted"):
        before = sum(other.job.number < job.number for other in active() if other is not each)
        return "Waiting" + (f" · {fmt.count(before, 'job')} before it" if before else " · next")
    if each.is_over:
        return job.why[:1].upper() + job.why[1:]
    if status is None:
        return "Starting its process"
    parts = [stage_words(status.stage, _part(each)) or "Starting"]
    counts = status.state == "running" and status.step and (status.total_steps or 0) > 1
    if counts:
        parts[0] += f", step {status.step:,} of {status.total_steps:,}"
    if job.state == "cancelling":
        parts.append("stopping, keeping the best")
    elif each.seconds_left is not None:
        parts.append(f"about {fmt.duration(each.seconds_left)} left")
    return " · ".join(parts)


def _part(each: View) -> str:
    return "Trial" if each.is_search else "Test"


def stage_words(stage: str, part: str = "Test") -> str:
    """The library's words for a stage, with the names that screens use.

    >>> stage_words("[2/3] lstm: training"), stage_words("seasonal_naive: fitting series")
    ('Test 2 of 3, LSTM: training', 'Last year: fitting series')
    >>> stage_words("[2/12] lstm, fine-tuned: training", "Trial")
    'Trial 2 of 12, LSTM, trained further: training'
    """
    lead, _, rest = stage.rpartition("] ")
    name, colon, what = rest.partition(":")
    further = name.endswith(FURTHER)
    name = training.model_name(name.removesuffix(FURTHER)) + (", trained further" * further)
    words = f"{name}:{what}" if colon else rest[:1].upper() + rest[1:]
    if lead:
        words = f"{part} {lead.lstrip('[').replace('/', ' of ')}, {words}"
    return words


def went_on(each: View) -> str:
    """What happened to earlier workers of the job, and to what it goes on from; "" for nothing."""
    try:
        request = engine().run(each.job.run_id).request()
    except EngineError:  # deleted
        return ""
    earlier = getattr(request, "continues", None)
    parts = ["It goes on where an earlier job ended."] if earlier else []
    if each.job.attempts > 1:
        why = [event.why for event in engine().history(each.job.run_id)
               if event.state == "interrupted"]  # fmt: skip
        kept = "Its finished trials were kept." if each.is_search else "It went on by itself."
        parts.append(f"{why[-1] if why else 'Its worker ended.'} {kept}")
    return " ".join(parts)


def events_command(each: View) -> str:
    """The command that shows the job's loss curves in TensorBoard; "" where it wrote none."""
    folder = engine().run(each.job.run_id).events
    written = folder.is_dir() and any(folder.iterdir())
    return f"tensorboard --logdir {shlex.quote(str(folder))}" if written else ""


def speed(each: View, points: pd.DataFrame | None) -> float | None:
    """Steps a second of the last reports."""
    if points is None or len(points) < 2:
        return None
    last = points.tail(8)
    took = last["seconds"].iloc[-1] - last["seconds"].iloc[0]
    return float((last["step"].iloc[-1] - last["step"].iloc[0]) / took) if took > 0 else None


def log_lines(each: View) -> str:
    """The last lines of the log, as people read them."""
    lines = []
    for entry in engine().run(each.job.run_id).log_tail(60):
        at = datetime.fromtimestamp(float(entry.get("at", 0)))
        lines.append(f"{at:%H:%M:%S}  {entry.get('message', '')}")
    return "\n".join(lines)


def asked(each: View) -> str:
    """What the job was asked, as text."""
    try:
        request = json.loads(
            (engine().run(each.job.run_id).folder / "request.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return "The request was deleted."
    return json.dumps(request, indent=1)


def refresh_metrics() -> None:
    """Take over the errors of finished comparisons."""
    try:
        registry().collect_metrics()
    except EngineError:  # a damaged comparison: the runs stay without errors
        return
