"""Workers on a Ray cluster: the same command as a Ray job, the same run folder on shared storage.

Where nothing is shared, a copy of the run goes by way of object storage (`engine.remote_copy`).
Ray is asked to start, to stop and how a job ended; what the worker says of itself is read from the
run folder. A cluster that does not answer while the worker is silent too is taken for lost.
"""

import logging
import os
import shlex
import signal
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.processes import RESOURCE, ROOT, THREADS, quiet_settings
from engine.queue import Job
from engine.remote_copy import RemoteCopy
from engine.runs import Run, Status

if TYPE_CHECKING:
    from ray.dashboard.modules.job.sdk import JobSubmissionClient

log = logging.getLogger("engine")

ON_RAY = "ALMANAC_ON_RAY"  # environment of a worker that is a Ray job
POLL_SECONDS = 1.0
RUNS_URL = "ALMANAC_RUNS_URL"  # environment of the app: where runs are shared, if not on a disk
STOP_SECONDS = 5  # that Ray leaves a worker to keep its best so far
FAR_STOP_SECONDS = 20  # and to put it where the app finds it
LOST_SECONDS = 20.0  # without an answer of the cluster and a heartbeat of the worker
SEEN_SECONDS = 60.0  # for what the worker wrote last to be seen here; NFS keeps old names that long
START_SECONDS = 60.0  # for the cluster to take the job; a head may be starting
NO_FOLDER, NO_COMMAND = 66, 127  # exit codes of the shell around the worker
_PACKAGES = ("engine", "forecasting")  # sent to the cluster, so that versions never differ


class RayBackend:
    """Workers are jobs of the Ray cluster whose dashboard is at `address`.

    The token comes from RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token. The cluster sees
    the run folders, or they are shared through `runs_url` (default: ALMANAC_RUNS_URL). Raises
    `EngineError` where Ray is not installed here, or the address or the URL cannot be used.
    """

    def __init__(
        self,
        address: str,
        *,
        runs_url: str | None = None,
        lost_seconds: float = LOST_SECONDS,
        start_seconds: float = START_SECONDS,
    ) -> None:
        if not address.startswith(("http://", "https://")):
            raise EngineError(
                f"The Ray address {address!r} must be that of the cluster's dashboard, such as "
                "http://head:8265."
            )
        if find_spec("ray") is None:
            raise EngineError(
                f"A Ray cluster is configured ({address}), but Ray is not installed here. "
                "Run pip install -r requirements-cluster.txt, or unset ALMANAC_RAY_ADDRESS."
            )
        _use_token()
        self.address = address
        self.runs_url = runs_url or os.environ.get(RUNS_URL) or None
        self.lost_seconds, self.start_seconds = lost_seconds, start_seconds
        if self.runs_url is not None:
            RemoteCopy(self.runs_url, "run", 0)  # a URL that cannot be used is refused now

    def launch(self, job: Job, run: Run) -> "RayJob":
        if not run.folder.is_dir():
            raise FileNotFoundError(f"{run.folder} does not exist (any more)")
        submission = _submission(job, run)
        if self.runs_url is not None:
            submission = _far(submission, self.runs_url, job)
        return RayJob(self, run, _name(job), submission=submission, copy=self._copy(job))

    def adopt(self, job: Job, run: Run) -> "RayJob":
        return RayJob(self, run, _name(job), submission=None, copy=self._copy(job))

    def _copy(self, job: Job) -> RemoteCopy | None:
        if self.runs_url is None:
            return None
        return RemoteCopy(self.runs_url, job.run_id, job.attempts)


class RayJob:
    """A worker as a Ray job, followed by a thread of its own: every question takes the network."""

    process = None  # it may be on any machine

    def __init__(
        self,
        cluster: RayBackend,
        run: Run,
        name: str,
        *,
        submission: dict[str, Any] | None,
        copy: RemoteCopy | None,
    ) -> None:
        self.failure = self.death = ""
        self.exit_code: int | None = None
        self._cluster, self._run, self._name, self._submission = cluster, run, name, submission
        self._copy, self._is_sending = copy, False
        self._heard = time.monotonic()  # when the cluster or the worker last gave a sign
        self._beat = -1
        self._ended, self._wanted, self._wake = (threading.Event() for _ in range(3))
        self._told_to_stop = False
        self._trouble = "no answer"
        threading.Thread(target=self._follow, name=f"ray {name}", daemon=True).start()

    def has_ended(self) -> bool:
        """A question that hangs in a dead network must not keep this from being noticed."""
        if self._ended.is_set():
            return True
        status = self._run.status()
        if status and status.beat != self._beat:
            self._beat, self._heard = status.beat, time.monotonic()
        if self._is_sending:  # which takes as long as it takes
            self._heard = time.monotonic()
        silent, cluster = time.monotonic() - self._heard, self._cluster
        if self._submission is None:
            if silent > cluster.lost_seconds:
                self._end(
                    f"The Ray cluster at {cluster.address} was lost: for {silent:.0f} s neither "
                    f"it nor the worker gave a sign of life ({self._trouble})."
                )
        elif self._wanted.is_set():
            self._end("It was stopped before a machine of the cluster began with it.")
        elif silent > cluster.start_seconds:
            self._end(
                f"The Ray cluster at {cluster.address} does not take the job ({self._trouble}). "
                "Check that its head runs, and ALMANAC_RAY_ADDRESS."
            )
        return self._ended.is_set()

    def says(self, status: Status) -> bool:
        return True  # that of an earlier worker was removed before this one began

    def stop(self) -> None:
        self._wanted.set()
        self._wake.set()

    def kill(self) -> None:
        """As `stop`: Ray kills what has not ended within STOP_SECONDS of being asked."""
        self.stop()

    # --- the following thread ---

    def _follow(self) -> None:
        try:
            client = self._submitted()
            while client is not None and not self._ended.is_set():
                self._look(client)
                self._pause()
        except Exception as error:  # nobody else would see it
            log.exception("A Ray job cannot be followed.")
            self._end(f"The Ray job cannot be followed: {type(error).__name__}: {error}.")

    def _submitted(self) -> "JobSubmissionClient | None":
        """A client, once the cluster has the job; None where it will not have it, or too late."""
        if self._submission is not None and self._copy is not None and not self._send(self._copy):
            return None
        while not self._ended.is_set():
            try:
                client = _client(self._cluster.address)
                if self._submission is not None:
                    client.submit_job(submission_id=self._name, **self._submission)
            except _refusal() as error:
                self.failure = _refused(self._cluster.address, _short(error))
                self._end("")
                return None
            except (OSError, RuntimeError) as error:
                if "already exists" not in str(error):
                    self._trouble = _short(error)
                    self._pause()
                    continue
            if self._ended.is_set():
                client.stop_job(self._name)
                return None
            self._heard, self._submission = time.monotonic(), None
            return client
        return None

    def _send(self, copy: RemoteCopy) -> bool:
        """Whether the run could be put where the cluster finds it."""
        self._is_sending = True
        try:
            copy.send(self._run)
        except Exception as error:  # each store has its own
            self.failure = (
                f"The run cannot be put under {self._cluster.runs_url} ({_said(error)}). Check "
                f"{RUNS_URL}, and that this machine may write there."
            )
            self._end("")
        finally:
            self._is_sending = False
        return not self.failure

    def _fetch(self) -> bool:
        """Whether what the worker has written is in the run folder."""
        if self._copy is None:
            return True
        try:
            self._copy.fetch(self._run)
        except Exception as error:  # each store has its own
            self._trouble = _said(error)
            log.warning("Run %s cannot be fetched: %s", self._run.run_id, self._trouble)
            return False
        return True

    def _fetch_the_last(self) -> bool:
        """Fetch how it ended, and remove the copy; whether that was possible."""
        deadline = time.monotonic() + SEEN_SECONDS
        while not self._fetch():
            self._heard = time.monotonic()
            if self._heard >= deadline:
                self.failure = (
                    f"The worker has ended, but what it wrote under {self._cluster.runs_url} "
                    f"cannot be fetched ({self._trouble}). Check the store, and retry the job."
                )
                return False
            self._pause()
        try:
            if self._copy is not None:
                self._copy.remove()
        except Exception as error:  # each store has its own; the job is done all the same
            log.warning("The copy of run %s is left: %s", self._run.run_id, _said(error))
        return True

    def _pause(self) -> None:
        self._wake.wait(POLL_SECONDS)
        self._wake.clear()

    def _look(self, client: "JobSubmissionClient") -> None:
        """Stop the job where that is wanted, and see how far it is and whether it has ended."""
        self._fetch()
        try:
            if self._wanted.is_set() and not self._told_to_stop:
                client.stop_job(self._name)
                self._told_to_stop = True
            found = client.get_job_info(self._name)
        except (OSError, RuntimeError) as error:  # unreachable, or a new head that knows no jobs
            self._trouble = _short(error)
            return
        self._heard = time.monotonic()
        if found.status.is_terminal():
            self.exit_code = found.driver_exit_code
            if self._fetch_the_last():
                self._conclude(found.message or "", client)
            else:
                self._end("")

    def _conclude(self, message: str, client: "JobSubmissionClient") -> None:
        """What is known of the end, beyond what the worker wrote itself."""
        folder = self._run.folder
        if self.exit_code == NO_FOLDER:
            self.failure = (
                f"The cluster does not see {folder}. Put ALMANAC_VAR on storage that all its "
                "machines share under the same path (docs/scale.md)."
            )
        elif self.exit_code == NO_COMMAND:
            self.failure = (
                "The cluster's machines have no python on their PATH. Start Ray from the "
                "environment that has requirements-cluster.txt installed."
            )
        if self._is_said() or self._told_to_stop:
            self._end("")
            return
        try:
            tail = client.get_job_logs(self._name)[-500:].strip()
        except (OSError, RuntimeError) as error:
            tail = _short(error)
        said = " ".join(filter(None, (message.strip(), tail)))
        self._end(f"The worker ended on the cluster without a result; output.log says more. {said}")

    def _is_said(self) -> bool:
        """Whether the worker wrote down its end; shared storage may show it late."""
        patience = {0: SEEN_SECONDS, None: 2.0}.get(self.exit_code, 0.0)
        deadline = time.monotonic() + patience
        while not ((status := self._run.status()) and status.is_over):
            self._heard = time.monotonic()
            if self._heard >= deadline:
                return False
            time.sleep(0.1)
        return True

    def _end(self, death: str) -> None:
        self.death = death
        self._ended.set()


def join_cluster() -> None:
    """Make this process, a worker that is a Ray job, a driver of its cluster.

    What it spreads (`forecasting.parallel`) then becomes tasks of Ray.
    """
    import ray

    handler = signal.getsignal(signal.SIGTERM)
    ray.init(address="auto", log_to_driver=False, configure_logging=False)
    signal.signal(signal.SIGTERM, handler)  # Ray's own would end the process at once


def is_ray_job() -> bool:
    return ON_RAY in os.environ


def _submission(job: Job, run: Run) -> dict[str, Any]:
    """The arguments of `submit_job`: the command, what it needs, and our code."""
    is_gpu = job.resource.startswith("gpu")
    folder = shlex.quote(str(run.folder))
    hidden = "env" if is_gpu else "env CUDA_VISIBLE_DEVICES="  # Ray would show it every GPU
    environment = {
        **quiet_settings(),
        ON_RAY: "1",
        RESOURCE: job.resource,
        THREADS: "1",
        "PYTHONSAFEPATH": "1",  # what lies in the directory where Ray was started is not imported
        "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS),
    }
    return {
        "entrypoint": f"test -d {folder} || exit {NO_FOLDER}; exec {hidden} "
        f"python -m engine.worker {folder} >> {shlex.quote(str(run.output))} 2>&1",
        "entrypoint_num_cpus": 1,  # its tasks take those that are free besides
        "entrypoint_num_gpus": 1 if is_gpu else None,
        "runtime_env": {
            "py_modules": [str(ROOT / name) for name in _PACKAGES],
            "env_vars": environment,
        },
        "metadata": {"almanac_run": run.run_id, "almanac_kind": job.kind},
    }


def _far(submission: dict[str, Any], url: str, job: Job) -> dict[str, Any]:
    """The same for machines that do not see the run folder."""
    hidden = "env" if job.resource.startswith("gpu") else "env CUDA_VISIBLE_DEVICES="
    runtime = submission["runtime_env"]
    patience = {"RAY_JOB_STOP_WAIT_TIME_S": str(FAR_STOP_SECONDS)}
    return submission | {
        "entrypoint": f"exec {hidden} python -m engine.far_worker {shlex.quote(url)} "
        f"{shlex.quote(job.run_id)} {job.attempts}",
        "runtime_env": runtime | {"env_vars": runtime["env_vars"] | patience},
    }


def _name(job: Job) -> str:
    """The id of the Ray job: the next engine finds it by what is in the queue."""
    return f"almanac-{job.run_id}-{job.attempts}"


def _client(address: str) -> "JobSubmissionClient":
    from ray.job_submission import JobSubmissionClient

    return JobSubmissionClient(address)


def _use_token() -> None:
    """Ray 2.60 asks for a token on the cluster's side, and yet sends none unless told to."""
    kept = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", "~/.ray/auth_token")).expanduser()
    if os.environ.get("RAY_AUTH_TOKEN") or kept.is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _refusal() -> type[Exception]:
    """What Ray raises for a missing or wrong token."""
    from ray.exceptions import AuthenticationError

    return AuthenticationError


def _refused(address: str, trouble: str) -> str:
    return (
        f"The Ray cluster at {address} refuses the token ({trouble}). Give the cluster's token in "
        "RAY_AUTH_TOKEN or ~/.ray/auth_token, and start the app again."
    )


def _said(error: Exception) -> str:
    """What a store said."""
    return f"{type(error).__name__}: {error}"[:300]


def _short(error: Exception) -> str:
    if isinstance(error, OSError):  # of requests; its text is long and says no more
        return "it cannot be reached"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
