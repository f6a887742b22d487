"""A kind of job for tests alone: it waits, and may misbehave as asked.

Run as a script it is a worker that knows this kind: `python slow_kind.py RUN_DIR`.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from engine.files import replacing
from engine.requests import KINDS, Kind, PanelSpec
from engine.runs import Run
from engine.session import Session, Stop

DAILY = PanelSpec(freq="D")
COMMAND = (sys.executable, str(Path(__file__)))


@dataclass(frozen=True, kw_only=True)
class SlowRequest:
    kind: ClassVar[str] = "slow"
    panel: PanelSpec = DAILY
    seconds: float = 0.0
    saving_seconds: float = 0.0
    act: str = ""
    marks: str = ""  # a file that gets a line for each start


@dataclass
class Report:
    """Like `forecasting.Progress`, without loading it."""

    stage: str
    done: int
    total: int
    elapsed_seconds: float = 0.0
    loss: float | None = None
    metric: float | None = None

    @property
    def fraction(self) -> float:
        return self.done / self.total


def work(session: Session, request: SlowRequest) -> None:
    if request.marks:
        with open(request.marks, "a") as file:
            file.write(f"{session.run.run_id}\n")
    act = request.act
    if act == "die once" and not (marker := session.run.folder / "died").exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if act == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (session.run.folder / "child").write_text(str(child.pid))
    if act == "clock":
        real = time.time
        time.time = lambda: real() - 86_400
    if act == "quiet":
        time.sleep(request.seconds)
    report = session.on_progress()
    steps = max(1, int(request.seconds / 0.02))
    try:
        for step in range(steps):
            time.sleep(request.seconds / steps)
            report(Report("waiting", step + 1, steps))
    except Stop:
        if act != "keep":
            raise
    if act == "memory":
        bytearray(40 * 1024**3)
    if act == "grow":
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1) * 10 * 1024**2))
            time.sleep(0.01)
    if act == "cuda":
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
    if act == "exit":
        os._exit(7)
    if act == "fill":
        with session.run.folder.joinpath("big").open("wb") as file:
            while True:
                file.write(bytes(1024**2))
                file.flush()
    session.become("saving", "saving")
    with replacing(session.run.folder / "result") as fresh:
        fresh.write_text("do")
        time.sleep(request.saving_seconds)
        fresh.write_text("done")


def register() -> None:
    KINDS["slow"] = Kind(SlowRequest, "slow_kind:work")


def is_saved(run: Run) -> bool:
    return (run.folder / "result").is_file()


if __name__ == "__main__":
    import slow_kind

    from engine.worker import main

    slow_kind.register()
    sys.exit(main())
