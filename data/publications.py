"""Published versions of a plan: frozen, named and dated, for others to build on.

Nothing changes a publication. It has the cells of the periods that had not been over when it was
made: a product in a place (`place_id` 0: in all places together), what was forecast (`mean`) and
what people made of it (`final`). The *lag* of a period is how many periods lay between the last
day of sales known then and it: 1 is the first period to come.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from data import plan_log
from data.errors import Conflict, NotFound, PlanError
from data.plans import MOVED, Plan
from data.queries import where
from data.scope import Freq, Scope
from data.store import Store

MOST_CHARACTERS = 80  # of a name


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A version of a plan."""

    publication_id: int
    dataset_id: int
    plan_id: int
    freq: Freq
    name: str
    note: str
    author: str
    created_at: datetime
    run_id: str  # whose forecast it stands on; "" for a simple model
    model: str
    revision: int  # of the plan that was published
    sales_until: date | None  # the last day of sales known then
    first_period: date
    last_period: date
    cells: int
    baseline: float  # units forecast
    final: float  # units published


def publish(
    store: Store, plan: Plan, *, name: str, note: str = "", author: str, based_on: int
) -> Publication:
    """Freeze the plan as it is under a name that the dataset does not have yet.

    `based_on` is the revision that the author looked at; raises `Conflict` where somebody changed
    the plan since. Raises `PlanError` for a name that is empty, long or taken, and where all
    periods of the plan are over.
    """
    name = name.strip()
    if not 0 < len(name) <= MOST_CHARACTERS:
        raise PlanError(f"A version needs a name of at most {MOST_CHARACTERS} characters.")
    with store.transaction() as cursor:
        plan = plan_log.refreshed(cursor, plan)
        if plan.revision > based_on:
            _refuse_changed(cursor, plan, based_on)
        if cursor.execute(
            "SELECT 1 FROM publication WHERE dataset_id = $1 AND lower(name) = lower($2)",
            [plan.dataset_id, name],
        ).fetchone():
            raise PlanError(f"There is a version called “{name}” already. Choose another name.")
        row = cursor.execute("SELECT nextval('publication_key')").fetchone()
        assert row is not None
        bound = {"publication_id": row[0], "plan_id": plan.plan_id}
        cursor.execute(_COPY.format(end=_END[plan.freq]), bound)
        cursor.execute(
            _HEAD, bound | {"name": name, "note": note.strip(), "author": author.strip()}
        )
        made = cursor.execute(
            "SELECT count(*) FROM publication WHERE publication_id = $1", [row[0]]
        ).fetchone()
        if made is None or not made[0]:
            raise PlanError(
                "All periods of the plan are over. Begin it again from a new forecast; nothing "
                "was published."
            )
    return get(store, int(row[0]))


def listed(store: Store, dataset_id: int, freq: Freq | None = None) -> list[Publication]:
    """Every publication of a dataset, latest first."""
    return _read(
        store,
        "dataset_id = $1 AND freq = coalesce($2, freq) ORDER BY publication_id DESC",
        [dataset_id, freq],
    )


def stamp(store: Store) -> tuple[int, int]:
    """Changes with every publication, of any dataset."""
    (row,) = store.rows("SELECT coalesce(max(publication_id), 0), count(*) FROM publication")
    return row[0], row[1]


def latest(store: Store, dataset_id: int, freq: Freq | None = None) -> Publication | None:
    """The newest publication of a dataset (at a frequency); None where nothing is published."""
    found = listed(store, dataset_id, freq)
    return found[0] if found else None


def get(store: Store, publication_id: int) -> Publication:
    """A publication by its id; raises `NotFound`."""
    found = _read(store, "publication_id = $1", [publication_id])
    if not found:
        raise NotFound(f"There is no published version {publication_id} (any more).")
    return found[0]


def has_places(store: Store, publication_id: int) -> bool:
    """Whether its cells are of products in places, not of all places together."""
    return bool(
        store.rows(
            "SELECT 1 FROM publication_cell WHERE publication_id = $1 AND place_id > 0 LIMIT 1",
            [publication_id],
        )
    )


def rows(store: Store, publication_id: int, scope: Scope | None = None) -> pd.DataFrame:
    """The cells of a publication, all or of a scope.

    product_id, place_id (0: all places together), timestamp, mean, q10, q50, q90, final, price.
    The quantiles are moved with the changes: the final is to them what the mean was; NaN where the
    forecast had none.
    """
    condition, bound = where(scope) if scope else ("true", {})
    return _timed(
        store.frame(
            f"SELECT product_id, place_id, timestamp, mean, {MOVED}, final, price "
            f"FROM publication_cell WHERE publication_id = $publication_id AND {condition} "
            "ORDER BY product_id, place_id, timestamp",
            bound | {"publication_id": publication_id},
        )
    )


def series(store: Store, publication_id: int, scope: Scope) -> pd.DataFrame:
    """A publication of a scope, period by period: timestamp, mean, final, final_money."""
    condition, bound = where(scope)
    return _timed(
        store.frame(
            f"SELECT timestamp, sum(mean) AS mean, sum(final) AS final, "
            f"sum(final * price) AS final_money FROM publication_cell "
            f"WHERE publication_id = $publication_id AND {condition} GROUP BY 1 ORDER BY 1",
            bound | {"publication_id": publication_id},
        )
    )


def compared(store: Store, before: int, after: int, scope: Scope) -> pd.DataFrame:
    """Two publications of a scope: timestamp, before, after (units); NaN where one has none."""
    first, second = (series(store, each, scope)[["timestamp", "final"]] for each in (before, after))
    return (
        first.rename(columns={"final": "before"})
        .merge(second.rename(columns={"final": "after"}), on="timestamp", how="outer")
        .sort_values("timestamp", ignore_index=True)
    )


def movers(store: Store, before: int, after: int, scope: Scope, *, limit: int = 20) -> pd.DataFrame:
    """The products that differ most between two publications, over the periods of both.

    product_id, product, before, after (units) and moved (their difference), the largest first.
    """
    condition, bound = where(scope)
    return store.frame(
        f"""
        WITH cells AS (
            SELECT publication_id, product_id, timestamp, sum(final) AS final
            FROM publication_cell WHERE publication_id IN ($before, $after) AND {condition}
            GROUP BY ALL
        ), shared AS (
            SELECT timestamp FROM cells GROUP BY 1 HAVING count(DISTINCT publication_id) = 2
        ), sums AS (
            SELECT product_id,
                   coalesce(sum(final) FILTER (publication_id = $before), 0) AS before,
                   coalesce(sum(final) FILTER (publication_id = $after), 0) AS after
            FROM cells SEMI JOIN shared USING (timestamp) GROUP BY 1
        )
        SELECT product_id, name AS product, before, after, after - before AS moved
        FROM sums JOIN product USING (product_id) WHERE abs(after - before) > 1e-6
        ORDER BY abs(after - before) DESC, product_id LIMIT $limit
        """,
        bound | {"before": before, "after": after, "limit": limit},
    )


def _read(store: Store, condition: str, parameters: list[Any]) -> list[Publication]:
    names = Publication.__dataclass_fields__
    found = store.rows(f"SELECT {', '.join(names)} FROM publication WHERE {condition}", parameters)
    return [Publication(**dict(zip(names, row, strict=True))) for row in found]


def _refuse_changed(cursor: Any, plan: Plan, based_on: int) -> None:
    """Raise `Conflict` where what changed since is more than a lock or a freeze."""
    row = cursor.execute(
        "SELECT max(revision), count(*) FILTER (revision > $2) FROM demand_cell WHERE plan_id = $1",
        [plan.plan_id, based_on],
    ).fetchone()
    if row and row[1]:
        found: Conflict = plan_log.conflict(
            cursor, plan, revision=row[0], cells=row[1], seen=based_on
        )
        raise found


def _timed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


_END = {  # the last day of a period
    "D": "timestamp",
    "W": "timestamp + 6",
    "M": "last_day(timestamp)",
}
_UNTIL = """
    SELECT CASE any_value(frequency) WHEN 'W' THEN date_trunc('week', max(day))::DATE + 6
                                     WHEN 'M' THEN last_day(max(day)) ELSE max(day) END AS day
    FROM sales JOIN dataset USING (dataset_id)
    WHERE dataset_id = (SELECT dataset_id FROM demand_plan WHERE plan_id = $plan_id)
"""
_COPY = f"""
    INSERT INTO publication_cell
    SELECT $publication_id, dataset_id, product_id, place_id, timestamp, mean, q10, q50, q90,
           final, price, last_edit
    FROM demand_cell, ({_UNTIL}) known
    WHERE plan_id = $plan_id AND {{end}} > coalesce(known.day, DATE '1900-01-01')
    ORDER BY product_id, place_id, timestamp
"""
_HEAD = f"""
    INSERT INTO publication
    SELECT $publication_id, p.dataset_id, p.plan_id, p.freq, $name, $note, $author,
           now()::TIMESTAMP, p.run_id, p.model, p.revision, known.day, first, last, cells,
           baseline, final
    FROM demand_plan p, ({_UNTIL}) known, (
        SELECT min(timestamp) AS first, max(timestamp) AS last, count(*) AS cells,
               sum(mean) AS baseline, sum(final) AS final
        FROM publication_cell WHERE publication_id = $publication_id HAVING count(*) > 0
    ) c
    WHERE p.plan_id = $plan_id
"""
