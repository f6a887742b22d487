"""What the user decided for files with certain headers, offered again for the next one."""

import json
from collections.abc import Callable
from typing import Any

from data.ingest.plan import Plan
from data.ingest.understand import remember, signature
from data.store import Store


def keep(store: Store, plan: Plan) -> None:
    """Remember the mapping of every file of an imported plan under its headers."""
    with store.transaction() as cursor:
        for file in plan.files:
            cursor.execute(
                "INSERT OR REPLACE INTO remembered_mapping VALUES ($1, $2, now()::TIMESTAMP)",
                [signature(file.source), json.dumps(remember(file))],
            )


def recall(store: Store) -> Callable[[str], dict[str, Any] | None]:
    """A look-up of what was remembered for a signature, None where nothing was."""

    def look_up(key: str) -> dict[str, Any] | None:
        rows = store.rows("SELECT mapping FROM remembered_mapping WHERE signature = $1", [key])
        return json.loads(rows[0][0]) if rows else None

    return look_up
