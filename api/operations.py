"""An operation: what can be asked, with what, by whom, and what comes back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from api.wire import Answer, Call, Wire

Method = Literal["GET", "POST", "DELETE"]
JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = (CSV, PARQUET, EXCEL, "application/zip", "application/gzip", "application/octet-stream")


class Nothing(Wire):
    """No parameters."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One row of the table."""

    name: str  # operationId, and what the command line calls
    method: Method
    path: str  # below /api/v1; names in braces are parameters
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

    @property
    def path_names(self) -> tuple[str, ...]:
        """The parameters in the path.

        >>> Operation(name="", method="GET", path="/a/{b}/c", scope="", title="",
        ...           does=lambda call: call.params).path_names
        ('b',)
        """
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Media types that it can answer with, the usual one first."""
        if self.row is not None:
            return (JSON, CSV, PARQUET)
        return self.files or (JSON,)
