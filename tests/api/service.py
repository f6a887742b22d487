"""A running interface, as tests ask it."""

import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import uvicorn

from api.mounting import mounted


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running interface; keys by their scope."""

    url: str  # with /api/v1
    var: Path
    secrets: dict[str, str]
    runs: dict[str, str]  # run ids by model

    def ask(self, method: str, path: str, *, key: str = "all", **given: Any) -> requests.Response:
        headers = {**given.pop("headers", {})}
        if key:
            headers["Authorization"] = f"Bearer {self.secrets[key]}"
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=60, **given)

    def get(self, path: str, **given: Any) -> Any:
        """The JSON of an answer that must be a good one."""
        answer = self.ask("GET", path, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()


class served:
    """An app on a free port, below /api, for the time of a `with` block."""

    def __init__(self, app: Any) -> None:
        from starlette.applications import Starlette

        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        whole = Starlette(routes=[mounted("/api", app)])
        self._server = uvicorn.Server(uvicorn.Config(whole, log_level="error", ws="none"))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server ended at once"
            time.sleep(0.01)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()
