"""Named segments: sets of products that were chosen by their classes and kept with a name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from data.errors import ImportConflict, NotFound
from data.store import Store


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A named set of products."""

    segment_id: int
    dataset_id: int
    name: str
    rule: dict[str, Any]  # what was chosen, as `save` was given it
    revision: int
    built_through: date  # the last day of the sales that the members were worked out from
    products: int


def segments(store: Store, dataset_id: int) -> list[Segment]:
    """Every segment of a dataset, by name."""
    rows = store.rows(
        """
        SELECT segment_id, dataset_id, name, rule, revision, built_through,
               (SELECT count(*) FROM segment_product p WHERE p.segment_id = s.segment_id)
        FROM segment s WHERE dataset_id = $1 ORDER BY lower(name)
        """,
        [dataset_id],
    )
    return [
        Segment(
            segment_id=row[0],
            dataset_id=row[1],
            name=row[2],
            rule=json.loads(row[3]),
            revision=row[4],
            built_through=row[5],
            products=row[6],
        )
        for row in rows
    ]


def members(store: Store, segment_id: int) -> list[int]:
    """The products of a segment."""
    rows = store.rows(
        "SELECT product_id FROM segment_product WHERE segment_id = $1 ORDER BY product_id",
        [segment_id],
    )
    return [int(product_id) for (product_id,) in rows]


def save(
    store: Store,
    dataset_id: int,
    name: str,
    *,
    rule: dict[str, Any],
    products: Sequence[int],
    built_through: date,
) -> int:
    """Keep products under a name; gives the segment's id.

    Raises `ImportConflict` where the name is empty or taken, or where there are no products.
    """
    name = name.strip()
    if not name:
        raise ImportConflict("A segment needs a name. Nothing was saved.")
    if not products:
        raise ImportConflict(f"“{name}” would have no products. Choose more classes.")
    with store.transaction() as cursor:
        taken = cursor.execute(
            "SELECT 1 FROM segment WHERE dataset_id = $1 AND name = $2", [dataset_id, name]
        ).fetchone()
        if taken:
            raise ImportConflict(
                f"There is a segment called “{name}” already. Choose another name, or delete it."
            )
        row = cursor.execute(
            "INSERT INTO segment (segment_id, dataset_id, name, rule, built_through, saved_at) "
            "VALUES (nextval('segment_key'), $1, $2, $3, $4, now()::TIMESTAMP) "
            "RETURNING segment_id",
            [dataset_id, name, json.dumps(rule), built_through],
        ).fetchone()
        assert row is not None
        _fill(cursor, dataset_id, row[0], products)
    return int(row[0])


def rebuild(
    store: Store, segment: Segment, *, products: Sequence[int], built_through: date
) -> None:
    """Replace the members of a segment by those that its rule names now."""
    if not products:
        raise ImportConflict(
            f"No product belongs to “{segment.name}” any more. It was left as it is."
        )
    with store.transaction() as cursor:
        found = cursor.execute(
            "UPDATE segment SET revision = revision + 1, built_through = $2 "
            "WHERE segment_id = $1 RETURNING revision",
            [segment.segment_id, built_through],
        ).fetchone()
        if not found:
            raise NotFound(f"The segment “{segment.name}” is already deleted.")
        cursor.execute("DELETE FROM segment_product WHERE segment_id = $1", [segment.segment_id])
        _fill(cursor, segment.dataset_id, segment.segment_id, products)


def delete(store: Store, segment_id: int) -> None:
    """Forget a segment; its products and their sales stay."""
    with store.transaction() as cursor:
        cursor.execute("DELETE FROM segment_product WHERE segment_id = $1", [segment_id])
        cursor.execute("DELETE FROM segment WHERE segment_id = $1", [segment_id])


def _fill(
    cursor: duckdb.DuckDBPyConnection, dataset_id: int, segment_id: int, products: Sequence[int]
) -> None:
    cursor.execute(
        "INSERT INTO segment_product (dataset_id, segment_id, product_id) "
        "SELECT $1, $2, unnest($3::INTEGER[])",
        [dataset_id, segment_id, list(products)],
    )
