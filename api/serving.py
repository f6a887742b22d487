"""The operations as an ASGI app: who asks, how often, what, and the answer in the asked format.

Operations run in threads, a few at a time, so that a slow one never keeps the screens waiting. A
client that goes away while it sends loses its request, and nothing is kept of it; one that goes
away later changes nothing: what was begun is finished.
"""

import hashlib
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
from anyio import CapacityLimiter, to_thread
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router

from api import keys, metrics, problems, rows
from api.answers import Answers
from api.limits import Rates, check_size
from api.mounting import mounted
from api.operations import JSON, Operation
from api.problems import Problem
from api.wire import Call, Download, Table, Upload, Wire
from ui import settings

log = logging.getLogger("almanac")
AT_ONCE = 8  # operations
STRANGER_SHARE = 0.05  # of the rate of a key: what an address without a valid one is allowed
MEGABYTE = 1_000_000
MOST_JSON = 20 * MEGABYTE  # of a body that is taken into memory
MOST_LOCAL = 100_000 * MEGABYTE  # of a file of the command line of this machine
MOST_KEY = 200  # characters of an idempotency key

Handler = Callable[[Request], Awaitable[Response]]


@cache
def application() -> Starlette:
    """The one app of this process, below /api."""
    from api.table import OPERATIONS

    return build(OPERATIONS, settings.from_environment())


def build(operations: tuple[Operation, ...], chosen: settings.Settings) -> Starlette:
    """An app that serves the operations below /v1."""
    server = _Server(operations, chosen)
    by_path: dict[str, list[Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, []).append(operation)
    routes = [
        Route(path, server.endpoint(found), methods=[each.method for each in found])
        for path, found in by_path.items()
    ]
    return Starlette(
        routes=[mounted("/v1", Router(routes))],
        exception_handlers={HTTPException: _refused_by_router, Exception: _failed},
    )


class _Server:
    """What all requests share."""

    def __init__(self, operations: tuple[Operation, ...], chosen: settings.Settings) -> None:
        self._rates = Rates(chosen.api_rate)
        self._strangers = Rates(chosen.api_rate * STRANGER_SHARE)
        self._most = round(chosen.api_megabytes * MEGABYTE)
        self._var = chosen.var
        self._answers = {each.name: Answers(each.stamp) for each in operations if each.stamp}
        self._limiter: CapacityLimiter | None = None  # made in the event loop

    def endpoint(self, found: list[Operation]) -> Handler:
        """A handler for the operations of one path."""
        by_method = {each.method: each for each in found}

        async def handle(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            operation = by_method[method]  # type: ignore[index]
            began = time.perf_counter()
            response = await self._answered(operation, request)
            metrics.note(operation.name, response.status_code, time.perf_counter() - began)
            return response

        return handle

    async def _answered(self, operation: Operation, request: Request) -> Response:
        try:
            return await self._done(operation, request)
        except Problem as problem:
            return _problem(problem)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it; nothing was begun
        except Exception as error:
            return _problem(problems.of_error(error) or _unforeseen(operation, error))

    async def _done(self, operation: Operation, request: Request) -> Response:
        who = await self._admitted(operation, request)
        kind = _accepted(operation, request.headers.get("accept", "*/*"))
        if operation.name not in self._answers:
            return await self._made(operation, request, who, kind)
        asked = (request.url.path, request.url.query, kind)
        return await self._answers[operation.name].get(
            asked, lambda: self._made(operation, request, who, kind)
        )

    async def _made(
        self, operation: Operation, request: Request, who: keys.Caller, kind: str
    ) -> Response:
        given: dict[str, Any] = {
            "params": _params(operation, request),
            "body": None,
            "who": who.name,
            "idempotency_key": _idempotency_key(request),
        }
        if operation.body is not None:
            given["body"] = await self._json(operation.body, request)
        if not operation.upload:
            return await self._run(operation, Call(**given), kind)
        with tempfile.TemporaryDirectory(dir=self._staging(), prefix="api-") as folder:
            most = MOST_LOCAL if keys.LOCAL in who.scopes else self._most
            given["upload"] = await self._received(operation, request, Path(folder), most)
            return await self._run(operation, Call(**given), kind)

    async def _admitted(self, operation: Operation, request: Request) -> keys.Caller:
        """Who asks, if they may. Raises `Problem`."""
        address = request.client.host if request.client else ""
        if not operation.scope:
            self._rates.take(f"address {address}")
            return keys.Caller(name=address, scopes=frozenset())
        if not keys.is_loaded():
            await self._thread(keys.known)
        try:
            who = keys.caller(request.headers.get("authorization", ""))
        except Problem:
            self._strangers.take(address)
            raise
        self._rates.take(f"key {who.key_id}")
        keys.require(who, operation.scope)
        if keys.claims_use(who):
            await self._thread(keys.note_use, who)
        return who

    async def _json(self, body: type[Wire], request: Request) -> Wire:
        kind = _media_type(request)
        if kind not in ("", JSON):
            raise Problem("wrong-kind", f"Send the body as {JSON}, not as {kind}.")
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            check_size(len(content), min(MOST_JSON, self._most))
        try:
            return await self._thread(body.model_validate_json, bytes(content))
        except ValidationError as error:
            raise problems.of_validation(error, where="body") from error

    async def _received(
        self, operation: Operation, request: Request, folder: Path, most: int
    ) -> Upload:
        """The body on disk; gone with its folder."""
        kind = _media_type(request)
        if kind not in operation.upload:
            raise Problem(
                "wrong-kind",
                f"Content-Type is {kind or 'missing'}. Send one of {', '.join(operation.upload)}.",
            )
        check_size(int(request.headers.get("content-length") or 0), most)
        path, size, digest = folder / "body", 0, hashlib.sha256()
        async with await anyio.open_file(path, "wb") as target:
            async for chunk in request.stream():
                size += len(chunk)
                check_size(size, most)
                digest.update(chunk)
                await target.write(chunk)
        name = unquote(request.headers.get("almanac-file-name", ""))
        return Upload(path=path, name=name, kind=kind, digest=digest.hexdigest())

    async def _run(self, operation: Operation, call: Call[Any, Any], kind: str) -> Response:
        return await self._thread(_performed, operation, call, kind)

    async def _thread(self, work: Callable[..., Any], *given: Any) -> Any:
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        return await to_thread.run_sync(work, *given, limiter=self._limiter)

    def _staging(self) -> Path:
        folder = self._var / "staging"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _performed(operation: Operation, call: Call[Any, Any], kind: str) -> Response:
    """The operation done and its answer written; in a thread, since both take time."""
    answer = operation.does(call)
    headers = {"Cache-Control": "no-store"}
    if isinstance(answer, Table):
        content, more = rows.rendered(answer, kind)
        return Response(content, media_type=kind, headers=headers | more)
    if isinstance(answer, Download):
        if answer.name:
            headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
        return Response(answer.content, media_type=answer.kind, headers=headers)
    return Response(
        answer.model_dump_json(by_alias=True),
        status_code=operation.status,
        media_type=JSON,
        headers=headers,
    )


def _params(operation: Operation, request: Request) -> Wire:
    """Path and query, checked; a name may be repeated only where it is a list."""
    given: dict[str, Any] = dict(request.path_params)
    fields = operation.params.model_fields
    for name in dict.fromkeys(request.query_params.keys()):
        values = request.query_params.getlist(name)
        if name in operation.path_names:
            raise Problem("invalid", f"query.{name} is given by the path already.")
        is_list = name in fields and "tuple[" in str(fields[name].annotation)
        if len(values) > 1 and not is_list:
            raise Problem("invalid", f"query.{name} is given {len(values)} times. Give it once.")
        given[name] = values if is_list else values[0]
    try:
        return operation.params.model_validate(given)
    except ValidationError as error:
        raise problems.of_validation(error, where="query") from error


def _accepted(operation: Operation, accept: str) -> str:
    """The first media type of the header that the operation has; quality values in order."""
    wanted = []
    for number, part in enumerate(accept.split(",")):
        name, *options = [piece.strip() for piece in part.split(";")]
        quality = next((each[2:] for each in options if each.startswith("q=")), "1")
        with_quality = float(quality) if quality.replace(".", "", 1).isdigit() else 1.0
        if with_quality > 0:
            wanted.append((-with_quality, number, name.lower()))
    for _, _, name in sorted(wanted):
        for kind in operation.kinds:
            main = kind.split(";")[0]
            if name in ("*/*", "", main, f"{main.split('/')[0]}/*"):
                return kind
    raise Problem(
        "not-acceptable",
        f"Accept is {accept[:80]!r}; this answers with {', '.join(operation.kinds)}.",
    )


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > MOST_KEY:
        raise Problem("invalid", f"Idempotency-Key has more than {MOST_KEY} characters.")
    return key


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _problem(problem: Problem) -> Response:
    return Response(
        problem.body().model_dump_json(),
        status_code=problem.status,
        media_type=problems.KIND,
        headers=problem.headers,
    )


def _unforeseen(operation: Operation, error: Exception) -> Problem:
    log.error("%s failed", operation.name, exc_info=error)
    return Problem("failed", "Something went wrong; the details are in Almanac's log.")


async def _refused_by_router(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _problem(problems.of_status(error.status_code))
    response.headers.update(error.headers or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    log.error("%s failed", request.url.path, exc_info=error)
    return _problem(Problem("failed", "Something went wrong; the details are in Almanac's log."))
