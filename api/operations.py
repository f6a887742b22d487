"""An operation: what can be asked, with what, by whom, and what comes back."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from api.addresses import ADDRESSES, Method, names_in
from api.wire import Answer, Call, Wire

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = (CSV, PARQUET, EXCEL, "application/zip", "application/gzip", "application/octet-stream")


class Nothing(Wire):
    """No parameters."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One row of the table."""

    name: str  # operationId, and what the command line calls; a key of ADDRESSES
    scope: str  # of the key; "" for everybody
    title: str  # what it does, in a line
    words: str = ""  # what else to know
    does: Callable[[Call[Any, Any]], Answer]
    params: type[Wire] = Nothing  # of path and query
    body: type[Wire] | None = None  # JSON
    upload: tuple[str, ...] = ()  # media types of a body that is a file
    answer: type[Wire] | None = None  # None: a table or a file
    row: type[Wire] | None = None  # of a table
    files: tuple[str, ...] = ()  # media types of a file that comes back
    status: int = 200
    is_idempotent_by_key: bool = False  # takes the header Idempotency-Key
    stamp: Callable[[], Hashable] | None = None  # of what it reads; equal ones, equal answers

    @property
    def method(self) -> Method:
        return ADDRESSES[self.name][0]

    @property
    def path(self) -> str:
        """Below /api/v1; names in braces are parameters."""
        return ADDRESSES[self.name][1]

    @property
    def path_names(self) -> tuple[str, ...]:
        """The parameters in the path."""
        return names_in(self.path)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Media types that it can answer with, the usual one first."""
        if self.row is not None:
            return (JSON, CSV, PARQUET)
        return self.files or (JSON,)
