"""Where an operation is done: in the running app, over HTTP, or in this process.

`ALMANAC_URL` and `ALMANAC_KEY` name an app elsewhere. Else the app that works on the folder is
asked, which says in `var/server.json` where it answers; without one this process opens the folder.
"""

import io
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import requests

from almanac.errors import OUT_OF_REACH, REFUSED, CommandError
from api import server_file
from api.addresses import ADDRESSES, names_in
from ui.settings import Settings

if TYPE_CHECKING:  # it takes a while to import
    import pandas as pd

    from api.problems import Problem

JSON, PARQUET = "application/json", "application/vnd.apache.parquet"
PATIENCE = 600  # seconds for one answer; a report of a large shop takes a while
_REFUSING = (401, 403, 503)

Params = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that came back."""

    content: bytes
    name: str


class Connection(Protocol):
    """Does operations by name; all raise `CommandError`."""

    is_local: bool  # jobs end with this process

    def call(
        self, name: str, params: Params, *, body: Params | None = None, upload: Path | None = None
    ) -> dict[str, Any]:
        """The answer as JSON gives it."""

    def table(self, name: str, params: Params) -> "pd.DataFrame":
        """All pages of a table."""

    def file(self, name: str, params: Params) -> File:
        """The file of an operation."""


@contextmanager
def connected(chosen: Settings) -> Iterator[Connection]:
    """The connection to what is there; closed at the end. Raises `CommandError`."""
    if url := os.environ.get("ALMANAC_URL"):
        yield Remote(url.rstrip("/"), os.environ.get("ALMANAC_KEY", ""))
        return
    address = server_file.read(chosen.var)
    if address is not None and _answers(address.url):
        yield Remote(address.url, address.token)
        return
    with _opened() as local:
        yield local


def _answers(url: str) -> bool:
    """Whether an app is there; a file that a crash has left behind says nothing."""
    try:
        return requests.get(f"{url}/api/v1/health", timeout=30).status_code < 500
    except requests.RequestException:
        return False


class Remote:
    """The REST interface of an app."""

    is_local = False

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url}/api/v1"
        self._session = requests.Session()
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def call(
        self, name: str, params: Params, *, body: Params | None = None, upload: Path | None = None
    ) -> dict[str, Any]:
        method, path, query = _addressed(name, params)
        headers = {"Accept": JSON}
        if upload is None:
            data = None if body is None else json.dumps(body).encode()
            headers |= {"Content-Type": JSON} if body is not None else {}
            return dict(self._sent(method, path, query, headers, data).json())
        headers["Content-Type"] = "application/octet-stream"
        headers["Almanac-File-Name"] = quote(upload.name)
        with upload.open("rb") as file:
            return dict(self._sent(method, path, query, headers, file).json())

    def table(self, name: str, params: Params) -> "pd.DataFrame":
        method, path, query = _addressed(name, params)
        import pandas as pd

        parts: list[pd.DataFrame] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {**query, "limit": 10_000, **({"cursor": cursor} if cursor else {})}
            answer = self._sent(method, path, asked, {"Accept": PARQUET}, None)
            parts.append(pd.read_parquet(io.BytesIO(answer.content)))
            cursor = answer.headers.get("Almanac-Next")
        return pd.concat(parts, ignore_index=True)

    def file(self, name: str, params: Params) -> File:
        method, path, query = _addressed(name, params)
        answer = self._sent(method, path, query, {"Accept": "*/*"}, None)
        said = answer.headers.get("Content-Disposition", "")
        return File(content=answer.content, name=said.partition('filename="')[2].rstrip('"'))

    def _sent(
        self,
        method: str,
        path: str,
        query: Params,
        headers: Mapping[str, str],
        data: Any,
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method, f"{self._url}{path}", params=query, headers=headers, data=data,
                timeout=PATIENCE,
            )  # fmt: skip
        except requests.RequestException as error:
            raise CommandError(
                f"Almanac at {self._url} does not answer: {type(error).__name__}. Start it with "
                "`python -m almanac serve`, or correct ALMANAC_URL.",
                OUT_OF_REACH,
            ) from error
        if answer.ok:
            return answer
        raise _refusal(answer)


class Local:
    """The operations in this process, on the folder itself."""

    is_local = True

    def call(
        self, name: str, params: Params, *, body: Params | None = None, upload: Path | None = None
    ) -> dict[str, Any]:
        answer: Any = self._done(name, params, body, upload)
        return dict(answer.model_dump(mode="json"))

    def table(self, name: str, params: Params) -> "pd.DataFrame":
        import pandas as pd

        parts: list[pd.DataFrame] = []
        asked = {**params, "limit": 10_000}
        while True:
            answer: Any = self._done(name, asked, None, None)
            parts.append(answer.rows)
            if answer.next is None:
                return pd.concat(parts, ignore_index=True)
            asked["cursor"] = answer.next

    def file(self, name: str, params: Params) -> File:
        answer: Any = self._done(name, params, None, None)
        return File(content=answer.content, name=answer.name)

    def _done(self, name: str, params: Params, body: Params | None, upload: Path | None) -> object:
        from pydantic import ValidationError

        from api import problems, sources, table
        from api.problems import Problem
        from api.wire import Call

        operation = table.named(name)
        try:
            checked = None if body is None or operation.body is None else body
            return operation.does(
                Call(
                    params=operation.params.model_validate(_as_sent(params)),
                    body=operation.body.model_validate(checked) if operation.body else None,
                    upload=None if upload is None else sources.of_file(upload),
                )
            )
        except Problem as problem:
            raise _in_words(problem) from problem
        except ValidationError as error:
            raise _in_words(problems.of_validation(error, where="options")) from error
        except Exception as error:
            found = problems.of_error(error)
            if found is None:
                raise
            raise _in_words(found) from error


@contextmanager
def _opened() -> Iterator[Local]:
    """This process as the one that works on the folder."""
    from streamlit import logger

    logger.set_log_level(logging.ERROR)  # it warns that there is no server, which is meant
    from data.errors import StoreError
    from ui import engine, scheduling, state

    try:
        store = state.store()
    except StoreError as error:
        raise CommandError(str(error), OUT_OF_REACH) from error
    try:
        yield Local()
    finally:
        scheduling.close()
        engine.close()
        store.close()
        state.store.clear()


def _as_sent(params: Params) -> dict[str, Any]:
    """Parameters as an address would carry them, so that both ways check the same.

    >>> _as_sent({"dataset": 1, "quantile": [0.1]})
    {'dataset': '1', 'quantile': ['0.1']}
    """
    return {
        name: [str(each) for each in value] if isinstance(value, list | tuple) else str(value)
        for name, value in params.items()
    }


def _addressed(name: str, params: Params) -> tuple[str, str, dict[str, Any]]:
    """The method of an operation, its path with the parameters in it, and the others."""
    method, path = ADDRESSES[name]
    inside = {key: quote(str(params[key]), safe="") for key in names_in(path)}
    query = {key: value for key, value in params.items() if key not in inside}
    return method, path.format(**inside), query


def _refusal(answer: requests.Response) -> CommandError:
    """The problem of an answer in words."""
    try:
        told = answer.json()
        words = str(told["detail"])
        faults = list(told.get("errors", []))
    except (ValueError, KeyError, TypeError):  # not from Almanac, such as a proxy's page
        words, faults = f"{answer.url} answered {answer.status_code} {answer.reason}.", []
    code = OUT_OF_REACH if answer.status_code in _REFUSING else REFUSED
    return CommandError(words, code, details=_details(faults))


def _in_words(problem: "Problem") -> CommandError:
    code = OUT_OF_REACH if problem.status in _REFUSING else REFUSED
    return CommandError(
        problem.detail, code, details=_details([each.model_dump() for each in problem.errors])
    )


def _details(faults: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        f"{fault['where']}: {fault['problem']}" + (f" ({fault['value']})" if fault["value"] else "")
        for fault in faults[:20]
    )
