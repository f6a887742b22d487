"""What was answered to requests that may arrive twice: the second gets the answer of the first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from data.errors import DataError, ImportConflict
from data.store import Store

KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Which request it is: whose, under which key of the client's own, asking for what."""

    owner: str
    idempotency_key: str
    digest: str  # of everything that was asked


class AlreadyDone(DataError):
    """The request was done before; `answer` is what was answered then."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("This request was done before.")
        self.answer = answer


def refuse_second(cursor: duckdb.DuckDBPyConnection, slip: Slip) -> None:
    """Raise `AlreadyDone` where the request was done, `ImportConflict` where its key was for
    another one. In the transaction of the work, so that of two at once one is done.
    """
    found = cursor.execute(
        "SELECT digest, answer FROM api_receipt WHERE owner = $1 AND idempotency_key = $2",
        [slip.owner, slip.idempotency_key],
    ).fetchone()
    if found is None:
        return
    if found[0] != slip.digest:
        raise ImportConflict(
            f"The idempotency key {slip.idempotency_key!r} was used for another request before. "
            "Nothing was done. Use a new key for new content."
        )
    raise AlreadyDone(json.loads(found[1]))


def keep(cursor: duckdb.DuckDBPyConnection, slip: Slip, answer: Mapping[str, Any]) -> None:
    """Keep an answer, and forget those that are older than a month."""
    now = datetime.now(UTC).replace(tzinfo=None)
    cursor.execute("DELETE FROM api_receipt WHERE made_at < $1", [now - KEPT])
    cursor.execute(
        "INSERT INTO api_receipt VALUES ($1, $2, $3, $4::JSON, $5)",
        [slip.owner, slip.idempotency_key, slip.digest, json.dumps(dict(answer)), now],
    )


def look(store: Store, slip: Slip) -> None:
    """As `refuse_second`, before any work."""
    with store.cursor() as cursor:
        refuse_second(cursor, slip)
