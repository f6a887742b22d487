"""The worker of a machine that does not see the run folder: `python -m engine.far_worker URL ID N`.

It fetches attempt N of the run from under the URL to a disk of its own, does the job there as
`engine.worker` would, and puts what it writes under the URL while it works and at its end.
"""

import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import worker
from engine.processes import thread_settings
from engine.remote_copy import RemoteCopy

log = logging.getLogger("engine")

PUSH_SECONDS = 1.0
LAST_TRIES = 5  # to put the result under the URL
PAUSE_SECONDS = 2.0  # between them


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the job; the exit code, as that of `engine.worker`."""
    url, run_id, attempt = sys.argv[1:] if arguments is None else arguments
    for name, value in thread_settings(1).items():
        os.environ.setdefault(name, value)
    copy = RemoteCopy(url, run_id, int(attempt))
    runs = Path(tempfile.mkdtemp(prefix="almanac-"))
    try:
        folder = copy.receive(runs)
        with _printing_to(folder / "output.log"), _pushing(copy, folder):
            code = worker.main([str(folder)])
        _push_the_result(copy, folder)
        return code
    finally:
        shutil.rmtree(runs)


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """What this process prints, its C libraries included, goes to the file."""
    sys.stdout.flush()
    kept = [os.dup(each) for each in (1, 2)]
    with path.open("ab") as file:
        for each in (1, 2):
            os.dup2(file.fileno(), each)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, each in zip((1, 2), kept, strict=True):
            os.dup2(each, number)
            os.close(each)


@contextmanager
def _pushing(copy: RemoteCopy, folder: Path) -> Iterator[None]:
    """Push every second, in a thread."""
    done = threading.Event()

    def push() -> None:
        while not done.wait(PUSH_SECONDS):
            try:
                copy.push(folder)
            except Exception as error:  # each store has its own; the next try may succeed
                log.warning("The store does not take what was written: %s", error)

    thread = threading.Thread(target=push, name="push", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _push_the_result(copy: RemoteCopy, folder: Path) -> None:
    for left in reversed(range(LAST_TRIES)):
        try:
            copy.push(folder)
            return
        except Exception as error:  # each store has its own
            if not left:
                raise
            print(f"The store does not take the result: {error}", file=sys.stderr)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
