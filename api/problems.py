"""Errors as problem+json (RFC 9457): what is wrong, where, and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import Field, ValidationError

from api.wire import Wire

KIND = "application/problem+json"
SHOWN = 100  # errors of one request that are listed


class Fault(Wire):
    """One thing that is wrong, and where."""

    where: str = Field(description="Such as `body.series.0.values.3`, or `row 12, quantity`.")
    problem: str
    value: str = Field(default="", description="What was there, shortened.")


class ProblemBody(Wire):
    """What every error looks like."""

    type: str = Field(description="A URN that names the kind of error; the same for the same kind.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, in a sentence or two.")
    errors: list[Fault] = Field(default=[], description=f"At most {SHOWN} of them.")
    error_count: int = Field(default=0, description="How many there are.")


@dataclass(frozen=True)
class _Kind:
    status: int
    title: str


KINDS = {
    "unknown-key": _Kind(401, "No valid key"),
    "wrong-scope": _Kind(403, "The key may not do this"),
    "not-found": _Kind(404, "Not found"),
    "wrong-method": _Kind(405, "Not done this way"),
    "not-acceptable": _Kind(406, "Not available in this format"),
    "conflict": _Kind(409, "Contradicts what is there"),
    "too-large": _Kind(413, "Too large"),
    "wrong-kind": _Kind(415, "Not understood in this format"),
    "invalid": _Kind(422, "Invalid request"),
    "too-many": _Kind(429, "Too many requests"),
    "failed": _Kind(500, "Something went wrong"),
    "unavailable": _Kind(503, "Not available now"),
}


class Problem(Exception):
    """An error for the client; `kind` is a key of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        error_count: int | None = None,
        retry_seconds: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = list(errors)
        self.error_count = len(self.errors) if error_count is None else error_count
        self.retry_seconds = retry_seconds

    @property
    def status(self) -> int:
        return KINDS[self.kind].status

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it."""
        found = {"Cache-Control": "no-store"}
        if self.kind == "unknown-key":
            found["WWW-Authenticate"] = 'Bearer realm="Almanac"'
        if self.retry_seconds is not None:
            found["Retry-After"] = str(self.retry_seconds)
        return found

    def body(self) -> ProblemBody:
        return ProblemBody(
            type=f"urn:almanac:{self.kind}",
            title=KINDS[self.kind].title,
            status=self.status,
            detail=self.detail,
            errors=self.errors[:SHOWN],
            error_count=self.error_count,
        )


def of_status(status: int) -> Problem:
    """For what the router refuses by itself."""
    if status == HTTPStatus.NOT_FOUND:
        return Problem("not-found", "There is nothing at this address. See /api/v1/openapi.json.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return Problem("wrong-method", "This address does not know this method; see Allow.")
    return Problem("invalid", HTTPStatus(status).phrase)


def of_validation(error: ValidationError, *, where: str) -> Problem:
    """The places of a request that are wrong."""
    found = error.errors(include_url=False)
    faults = [
        Fault(
            where=".".join([where, *_place(each["loc"])]),
            problem=_words(each),
            value="" if each["type"] == "missing" else _short(each.get("input")),
        )
        for each in found[:SHOWN]
    ]
    first = f"{faults[0].where}: {faults[0].problem}"
    rest = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return Problem("invalid", f"{first}{rest}", errors=faults, error_count=len(found))


def of_error(error: Exception) -> Problem | None:
    """An error of the rooms below in words; None where it is a fault of ours."""
    from data import errors as data_errors
    from engine import errors as engine_errors
    from forecasting.errors import ForecastingError
    from reports import ReportError

    kinds: list[tuple[type[Exception], str]] = [
        (data_errors.NotFound, "not-found"),
        (data_errors.ImportConflict, "conflict"),
        (data_errors.KeyConflict, "conflict"),
        (data_errors.StoreError, "unavailable"),
        (data_errors.DataError, "invalid"),
        (engine_errors.EngineBusy, "unavailable"),
        (engine_errors.QueueError, "not-found"),
        (engine_errors.EngineError, "conflict"),
        (ForecastingError, "conflict"),
        (ReportError, "conflict"),
    ]
    for kind, name in kinds:
        if isinstance(error, kind):
            return Problem(name, str(error))
    return None


def _place(parts: Iterable[Any]) -> list[str]:
    return [str(part) for part in parts]


def _words(error: Any) -> str:
    """The problem without the checker's own prefix.

    >>> _words({"type": "value_error", "msg": "Value error, is no day"})
    'is no day'
    """
    if error["type"] == "finite_number":
        return "NaN and infinite numbers cannot be used. Send null for an unknown value."
    return str(error["msg"]).removeprefix("Value error, ")


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 80 else text[:79] + "…"
