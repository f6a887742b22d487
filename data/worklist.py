"""What people decided about the exceptions of the worklist, and their thresholds.

Nothing is ever deleted: the latest decision of an exception counts, and "reopen" takes it back.
What is done comes back after four weeks, or when half as much again is at stake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

from data.errors import DataError
from data.store import Store

Action = Literal["snooze", "assign", "done", "not_useful", "reopen"]
DONE_DAYS = 28  # after which what is done may be listed again
GROWN = 1.5  # times as much at stake as when it was decided, from which it is listed again


@dataclass(frozen=True, kw_only=True)
class Useful:
    """How the items that were dealt with were judged."""

    useful: int
    judged: int


def decide(
    store: Store,
    dataset_id: int,
    keys: Sequence[str],
    at_stake: Sequence[float],
    action: Action,
    *,
    author: str,
    until: date | None = None,
    assignee: str = "",
) -> None:
    """Keep one decision about several exceptions, all or none.

    Raises `DataError` for a snooze without a day, and an assignment without a name.
    """
    if action == "snooze" and until is None:
        raise DataError("Until when? Choose a day; nothing was changed.")
    if action == "assign" and not assignee.strip():
        raise DataError("To whom? Write a name; nothing was changed.")
    with store.transaction() as cursor:
        for key, money in zip(keys, at_stake, strict=True):
            cursor.execute(
                "INSERT INTO worklist_decision SELECT nextval('worklist_key'), $1, $2, $3, $4, $5, "
                "$6, $7, now()::TIMESTAMP",
                [dataset_id, key, action, until, assignee.strip(), float(money), author],
            )


def decisions(store: Store, dataset_id: int) -> pd.DataFrame:
    """The decision in force of every exception: exception_key (index), action, until, assignee,
    at_stake, author, decided_at."""
    return store.frame(
        """
        SELECT exception_key, action, until, assignee, at_stake, author, decided_at
        FROM worklist_decision WHERE dataset_id = $1
        QUALIFY row_number() OVER (PARTITION BY exception_key ORDER BY decision_id DESC) = 1
        """,
        [dataset_id],
    ).set_index("exception_key")


def hidden(items: pd.DataFrame, decided: pd.DataFrame, today: date) -> "pd.Series[bool]":
    """Which items (columns key, at_stake) are not listed today, by the decisions in force."""
    found = decided.reindex(items["key"])
    action = found["action"].fillna("").to_numpy()
    until = pd.to_datetime(found["until"]).to_numpy()
    back = pd.to_datetime(found["decided_at"]).to_numpy() + pd.Timedelta(days=DONE_DAYS).to_numpy()
    now = pd.Timestamp(today).to_numpy()
    snoozed = (action == "snooze") & (until > now)
    grown = items["at_stake"].to_numpy() > GROWN * found["at_stake"].to_numpy(dtype=float)
    over = (action == "done") | (action == "not_useful")
    return pd.Series(snoozed | (over & (back > now) & ~grown), index=items.index)


def useful(store: Store, dataset_id: int, *, latest: int = 20) -> Useful:
    """How many of the latest items that were done or called not useful were useful."""
    rows = store.rows(
        """
        SELECT count(*) FILTER (action = 'done'), count(*) FROM (
            SELECT action FROM worklist_decision WHERE dataset_id = $1
            QUALIFY row_number() OVER (PARTITION BY exception_key ORDER BY decision_id DESC) = 1
               AND action IN ('done', 'not_useful')
            ORDER BY decision_id DESC LIMIT $2)
        """,
        [dataset_id, latest],
    )
    return Useful(useful=int(rows[0][0]), judged=int(rows[0][1]))


def note_seen(store: Store, dataset_id: int, keys: Sequence[str], today: date) -> "set[str]":
    """Remember what is listed; gives the keys that were first listed today.

    On the very first day of a dataset's list everything is new, so nothing is called so.
    """
    asked = pd.DataFrame({"exception_key": list(keys)}, dtype="string")
    with store.transaction() as cursor:
        cursor.register("listed", asked)
        cursor.execute(
            "INSERT INTO worklist_seen SELECT $1, exception_key, $2 FROM listed "
            "ON CONFLICT DO NOTHING",
            [dataset_id, today],
        )
        cursor.unregister("listed")
    rows = store.rows(
        "SELECT exception_key FROM worklist_seen WHERE dataset_id = $1 AND first_day = $2 AND "
        "$2 > (SELECT min(first_day) FROM worklist_seen WHERE dataset_id = $1)",
        [dataset_id, today],
    )
    return {row[0] for row in rows} & set(keys)


def limits(store: Store, dataset_id: int) -> dict[str, float]:
    """The thresholds that somebody changed, by name."""
    return dict(
        store.rows("SELECT name, value FROM worklist_limit WHERE dataset_id = $1", [dataset_id])
    )


def set_limits(store: Store, dataset_id: int, values: Mapping[str, float]) -> None:
    """Replace all changed thresholds; none restores the usual ones."""
    with store.transaction() as cursor:
        cursor.execute("DELETE FROM worklist_limit WHERE dataset_id = $1", [dataset_id])
        for name, value in values.items():
            cursor.execute(
                "INSERT INTO worklist_limit VALUES ($1, $2, $3)", [dataset_id, name, float(value)]
            )
