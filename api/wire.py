"""What goes over the wire: the base of all messages, and the three kinds of answers.

Days are ISO days of the shop, without a time zone; moments are ISO 8601 in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

MOST_ROWS = 10_000  # of a page


class Wire(BaseModel):
    """A message. Unknown names are refused, and so are NaN and infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Params = TypeVar("Params", bound=Wire)
Body = TypeVar("Body", bound=Wire | None)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The body of a request, as a file."""

    path: Path  # gone when the request is over
    name: str  # as the client calls it
    kind: str  # media type
    digest: str  # SHA-256 of its bytes


@dataclass(frozen=True, kw_only=True)
class Call(Generic[Params, Body]):
    """A request, checked."""

    params: Params  # of the path and the query
    body: Body
    upload: Upload | None = None
    who: str = "command line"  # the name of the key
    idempotency_key: str = ""  # "": may be done twice


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows, and what they are of; sent as JSON, CSV or Parquet."""

    rows: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    next: str | None = None  # cursor of the rows that follow; None: these are the last


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file."""

    content: bytes
    kind: str  # media type
    name: str


Answer = Wire | Table | Download


def _day_of_the_shop(value: object) -> object:
    """A day is a day wherever the server is, so that a moment with a zone is not one."""
    if isinstance(value, str) and ("T" in value or ":" in value):
        raise ValueError(
            "is a moment, not a day. Send the day as the shop counts it, such as 2026-11-20"
        )
    if isinstance(value, int | float):
        raise ValueError("is a number, not a day. Send a text such as 2026-11-20")
    return value


def _within_reach(value: date) -> date:
    """Within what pandas can count in nanoseconds, horizon included."""
    if not 1700 <= value.year <= 2200:
        raise ValueError("is outside of the years 1700 to 2200")
    return value


Day = Annotated[date, BeforeValidator(_day_of_the_shop), AfterValidator(_within_reach)]


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


def moment(seconds: float) -> datetime:
    """A moment from seconds since 1970.

    >>> moment(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC)
