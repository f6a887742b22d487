"""One job in a process of its own: `python -m engine.worker RUN_DIR`.

It reads the request and the panel from the run folder, and writes status, log and results there;
SIGTERM means: stop, and keep the best so far. It needs nothing else of the engine, so the same
command does the job on any machine that sees the folder.
"""

import fcntl
import json
import logging
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.failures import Failure, explain, is_disk_full
from engine.processes import MEMORY, thread_settings
from engine.ray_jobs import is_ray_job, join_cluster
from engine.requests import KINDS
from engine.runs import Run
from engine.session import Session, Stop

DONE, FAILED, USAGE, TAKEN, GONE, DISK_FULL = 0, 1, 2, 3, 4, 28  # exit codes

HEADROOM_MB = 512  # address space of threads and the like, which is not memory in use

log = logging.getLogger("engine")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the job of the run folder; the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1 or not Path(given[0]).is_dir():
        print("usage: python -m engine.worker RUN_DIR", file=sys.stderr)
        return USAGE
    for name, value in thread_settings(1).items():
        os.environ.setdefault(name, value)  # the launcher has set them for its slot
    _limit_memory()
    run = Run(Path(given[0]))
    with _alone(run) as is_alone:
        if not is_alone:
            print(f"another worker does {run.run_id}", file=sys.stderr)
            return TAKEN
        return _work(run)


def _work(run: Run) -> int:
    session = Session(run)
    signal.signal(signal.SIGTERM, lambda *_: session.stop_wanted.set())
    try:
        _log_to(run)
        session.begin()
        if is_ray_job():
            join_cluster()
        request = run.request()
        log.info("%s begins in process %d", request.kind, os.getpid())
        session.check()
        KINDS[request.kind].import_function()(session, request)
        session.end("stopped" if session.was_stopped else "succeeded", kept=session.was_stopped)
    except Stop:
        if session.folder_is_gone:
            return GONE
        log.info("stopped before there was anything to keep")
        session.end("stopped")
    except Exception as error:
        return _failed(session, error)
    return DONE


def _failed(session: Session, error: Exception) -> int:
    """Write down why; where even that is impossible, the exit code says it."""
    if not session.run.folder.is_dir():
        return GONE
    failure = explain(error, session.stage)
    try:
        log.error(failure.what, exc_info=error)
        session.run.write_failure(failure)
        session.end("failed")
    except OSError as second:
        if is_disk_full(second):  # nothing can be printed either, and to try spoils the exit code
            return DISK_FULL
        traceback.print_exception(error)
    return FAILED


def failure_of(exit_code: int | None) -> Failure | None:
    """What the exit code of a worker says that could write no error.json."""
    if exit_code == DISK_FULL:
        return explain(OSError(28, "disk full"), "")
    return None


@contextmanager
def _alone(run: Run) -> Iterator[bool]:
    """Whether this is the only worker of the run; held until the process ends."""
    with (run.folder / "worker.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _limit_memory() -> None:
    """Allocations far beyond the limit fail; the session sees to what grows beyond it.

    Not at the limit itself: libraries that cannot start a thread may wait for it without end.
    """
    if limit := os.environ.get(MEMORY):
        size = (int(limit) + HEADROOM_MB) * 1024**2
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": time.time(),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _log_to(run: Run) -> None:
    """Log and warnings of all libraries go to log.jsonl of the run."""
    handler = logging.FileHandler(run.log, encoding="utf-8")
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written must not fill the output


if __name__ == "__main__":
    sys.exit(main())
