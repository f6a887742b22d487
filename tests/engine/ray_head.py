"""A real Ray head for tests: small, with a token, started and ended for sure."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

MARK = "ALMANAC_TEST_HEAD"  # in the environment of all that the head starts


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
    return port


class Head:
    """A head with one machine; after `kill` it may be started again under the same address."""

    def __init__(self, cpus: int = 2) -> None:
        self.cpus, self.token = cpus, secrets.token_hex(16)
        self.port, self.gcs_port = free_port(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="rh", dir="/tmp"))  # Ray's sockets want it short
        self._name = self.folder.name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client_environment(self) -> dict[str, str]:
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def start(self) -> None:
        python = Path(sys.executable)
        command = [
            *(str(python.parent / "ray"), "start", "--head", "--block", "--disable-usage-stats"),
            *("--port", str(self.gcs_port), "--dashboard-port", str(self.port)),
            *("--dashboard-host", "127.0.0.1", "--dashboard-agent-listen-port", "0"),
            *(
                "--num-cpus",
                str(self.cpus),
                "--num-gpus",
                "0",
                "--ray-client-server-port",
                str(free_port()),
            ),
            *("--object-store-memory", "80000000", "--temp-dir", str(self.folder / "t")),
        ]
        environment = {
            **os.environ,
            **self.client_environment,
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "RAY_DISABLE_IMPORT_WARNING": "1",
            MARK: self._name,
        }
        with (self.folder / "head.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,  # nothing of ours can be imported from there
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 90
        while not self._answers():
            said = (self.folder / "head.log").read_text()[-2000:]
            assert self._process.poll() is None, f"the head ended: {said}"
            assert time.monotonic() < deadline, f"the head did not start: {said}"
            time.sleep(0.2)

    def kill(self) -> None:
        """End every process of the head at once, as a power cut would."""
        while left := self.processes():
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None:
                self._process.wait()
            time.sleep(0.1)

    def processes(self) -> list[int]:
        """Those that carry the mark in their environment: the head, its jobs and their tasks."""
        wanted = f"{MARK}={self._name}".encode()
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (each / "environ").read_bytes().split(b"\0"):
                    found.append(int(each.name))
            except OSError:  # it ended in between, or belongs to another user
                continue
        return found

    def titles(self) -> list[str]:
        """What its processes call themselves: that of a task has the name of its function."""
        found = []
        for pid in self.processes():
            with suppress(OSError):  # it ended in between
                found.append((Path("/proc") / str(pid) / "cmdline").read_text(errors="replace"))
        return found

    def _answers(self) -> bool:
        request = urllib.request.Request(
            f"{self.address}/api/jobs/", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False
