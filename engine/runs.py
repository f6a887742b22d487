"""The run folder: all that is known of one job, in files that are replaced whole.

request.json, panel.parquet and future.parquet are written when the job is submitted; the worker
writes status.json, log.jsonl, curves.jsonl, events/ and checkpoint/ while it works, and at the end
its results (model/, forecast.parquet, backtest.parquet, leaderboard.parquet, metrics.parquet, ...)
or error.json.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import RunError
from engine.failures import Failure, is_disk_full
from engine.files import remove_tree, replace_folder, replacing, write_text
from engine.requests import Request, from_json, to_json

if TYPE_CHECKING:  # a worker must choose its threads before pandas is loaded
    import pandas as pd

    from forecasting import Forecaster

WorkerState = Literal["starting", "running", "saving", "succeeded", "stopped", "failed"]
CURVES = {  # columns of the loss curves
    "stage": "object",
    "step": "int64",
    "total": "int64",
    "loss": "float64",
    "metric": "float64",
    "seconds": "float64",  # since training began
}
REGISTRATION = "registration.json"
_TAIL = 64 * 1024  # bytes of the log that are read for its last lines


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a worker says of itself; the state of the job as a whole is in the queue."""

    pid: int
    pid_started: str  # as `processes.started` gives it
    state: WorkerState = "starting"
    kept: bool = False  # when stopped: the best so far was saved
    stage: str = ""  # what is being done, for people
    progress: float = 0.0  # share of the whole job, 0..1
    step: int | None = None  # of the stage
    total_steps: int | None = None
    loss: float | None = None  # of training
    metric: float | None = None  # on validation windows
    eta_seconds: float | None = None
    device: str = "cpu"
    memory_mb: float | None = None  # the most that was used so far
    beat: int = 0  # grows with every sign of life; needs no clock
    heartbeat: float = 0.0  # seconds since 1970 of the last one

    @property
    def is_over(self) -> bool:
        return self.state in ("succeeded", "stopped", "failed")


class Run:
    """One run folder. Readers get None for what is not there (yet)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def output(self) -> Path:
        """What the worker printed, and what C libraries printed in it."""
        return self.folder / "output.log"

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def curves_file(self) -> Path:
        return self.folder / "curves.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The folder in which a training keeps how far it is."""
        return self.folder / "checkpoint"

    @property
    def events(self) -> Path:
        """The folder of event files for TensorBoard."""
        return self.folder / "events"

    @property
    def model(self) -> Path:
        """The folder for `forecasting.load`."""
        return self.folder / "model"

    @classmethod
    def create(
        cls,
        folder: Path,
        request: Request,
        panel: "pd.DataFrame",
        future: "pd.DataFrame | None" = None,
        *,
        registration: str = "",
    ) -> "Run":
        """Write the folder of a new job; it appears whole, or not at all.

        `registration` is what the registry is to say of it; see `Registry.register`.
        Raises `RunError` where the disk is full or the frame cannot be written.
        """
        try:
            write = partial(
                _write_new, request=request, panel=panel, future=future, registration=registration
            )
            replace_folder(folder, write)
        except (OSError, ValueError, TypeError) as error:  # pyarrow derives its errors from these
            full = " Free space on its disk." if is_disk_full(error) else ""
            raise RunError(f"The job cannot be written to {folder}: {error}.{full}") from error
        return cls(folder)

    def request(self) -> Request:
        """The request. Raises `RunError` where it is missing, `RequestError` where unreadable."""
        path = self.folder / "request.json"
        try:
            return from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(
                f"{path} cannot be read ({error}): the run was deleted or damaged, at least in "
                "part. Submit the job again."
            ) from error

    def status(self) -> Status | None:
        """What the worker said last; None before it began, and for a file that is no status."""
        try:
            content = _parsed((self.folder / "status.json").read_bytes())
        except OSError:
            return None
        names = {each.name for each in fields(Status)}
        try:
            return Status(**{name: content[name] for name in names & content.keys()})
        except TypeError:  # pid is missing
            return None

    def write_status(self, status: Status, *, durable: bool = False) -> None:
        """Replace status.json. Only its last version need survive a power cut."""
        write_text(self.folder / "status.json", json.dumps(asdict(status)), durable=durable)

    def failure(self) -> Failure | None:
        """Why the job failed."""
        try:
            return Failure.from_json((self.folder / "error.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none was written
            return None

    def write_failure(self, failure: Failure) -> None:
        write_text(self.folder / "error.json", failure.to_json())

    def forget_outcome(self) -> None:
        """Remove what an earlier worker said of itself, before the next one starts."""
        for name in ("status.json", "error.json"):
            (self.folder / name).unlink(missing_ok=True)

    def write_frame(self, name: str, frame: "pd.DataFrame") -> None:
        """Replace `<name>.parquet`."""
        with replacing(self.folder / f"{name}.parquet") as fresh:
            frame.to_parquet(fresh, index=False)

    def frame(self, name: str) -> "pd.DataFrame | None":
        """The frame of `<name>.parquet`. Raises `PanelError` where the file is damaged."""
        from forecasting.files import read_frame

        path = self.folder / f"{name}.parquet"
        return read_frame(path) if path.is_file() else None

    def save_model(self, model: "Forecaster") -> None:
        """Replace the kept model."""
        replace_folder(self.model, model.save)

    def has_printed(self, words: str) -> bool:
        """Whether the words are in the last part of what the worker printed."""
        try:
            with self.output.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                return words.encode() in file.read()
        except FileNotFoundError:
            return False

    def log_tail(self, count: int = 100) -> list[dict[str, Any]]:
        """The last entries of the log: at, level, message, and traceback where there is one."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().splitlines()[-count:]
        except FileNotFoundError:
            return []
        return [entry for entry in map(_parsed, lines) if entry]  # less a line in the making

    def add_to_curves(self, point: Mapping[str, Any]) -> None:
        """Append a line of the loss curves; half a line that a killed worker left is closed."""
        with self.curves_file.open("a+b") as file:
            if size := file.seek(0, os.SEEK_END):
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(point).encode() + b"\n")

    def curves(self) -> "pd.DataFrame":
        """Training as it was reported: stage, step, total, loss, metric, seconds; maybe no rows.

        Steps that a killed worker had done since its checkpoint are left out where its successor
        did them again.
        """
        import pandas as pd

        try:
            lines = map(_parsed, self.curves_file.read_bytes().splitlines())
        except FileNotFoundError:
            lines = map(_parsed, ())
        rows = [{name: line.get(name) for name in CURVES} for line in lines if "step" in line]
        frame = pd.DataFrame(rows, columns=list(CURVES)).astype(CURVES)
        later = frame[::-1].groupby("stage", sort=False)["step"]
        is_last = frame["step"].eq(later.cummin()) & ~frame.duplicated(["stage", "step"], "last")
        return frame[is_last].reset_index(drop=True)

    def delete(self) -> None:
        remove_tree(self.folder)


def _write_new(
    folder: Path,
    *,
    request: Request,
    panel: "pd.DataFrame",
    future: "pd.DataFrame | None",
    registration: str,
) -> None:
    folder.mkdir(parents=True)
    if registration:
        (folder / REGISTRATION).write_text(registration, encoding="utf-8")
    (folder / "request.json").write_text(to_json(request), encoding="utf-8")
    panel.to_parquet(folder / "panel.parquet", index=False)
    if future is not None:
        future.to_parquet(folder / "future.parquet", index=False)


def _parsed(line: str | bytes) -> dict[str, Any]:
    """The JSON object of the text; empty where it is none."""
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
