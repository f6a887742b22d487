"""Working out changes of a plan: from a node down to its cells, and taking them back. All SQL.

A change has a line per period: percent, units more, or units. What a line asks of its node is
shared out over the cells below in proportion to what they have; where they have nothing, by what
they sold a year before; where that is nothing too, evenly. Locked cells and frozen periods stay.
In whole units the largest remainders get the units that rounding down leaves, so that the sum is
what was asked for, to the unit.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

Cursor = duckdb.DuckDBPyConnection


def spread(cursor: Cursor, plan_id: int, edit_id: int, revision: int) -> None:
    """Work out a change on the cells as they are now, and keep what they were before.

    Lines of all places come before lines of one place, so that of both the narrow one counts.
    """
    shapes = cursor.execute(
        "SELECT DISTINCT product_id IS NOT NULL AS p, place_id IS NOT NULL AS l FROM demand_line "
        "WHERE edit_id = $1 ORDER BY p, l",
        [edit_id],
    ).fetchall()
    for of_product, of_place in shapes:
        gather(cursor, plan_id, edit_id, of_product=of_product, of_place=of_place)
        whole = _is_whole(cursor, edit_id)
        cursor.execute(_TOTALS, {"edit_id": edit_id, "whole": whole})
        cursor.execute(_SHARES_WHOLE if whole else _SHARES)
        cursor.execute(_KEEP_BEFORE, {"plan_id": plan_id, "edit_id": edit_id})
        cursor.execute(
            "UPDATE demand_cell SET final = new, revision = $revision, last_edit = $edit_id "
            "FROM plan_new WHERE demand_cell.rowid = plan_new.spot",
            {"revision": revision, "edit_id": edit_id},
        )
        cursor.execute(
            "UPDATE demand_line SET before = t.before, after = t.wanted + t.held, "
            "spread = t.spread FROM plan_total t "
            "WHERE demand_line.edit_id = $edit_id AND demand_line.line = t.line",
            {"edit_id": edit_id},
        )


def gather(cursor: Cursor, plan_id: int, edit_id: int, *, of_product: bool, of_place: bool) -> None:
    """The cells of the lines of one shape, as the temporary table `plan_hit`.

    spot, cell, line, final, last_edit, last_year, revision, fixed (locked, or frozen).
    """
    row = cursor.execute(
        "SELECT e.categories, e.segment_products, p.frozen_until FROM demand_edit e "
        "JOIN demand_plan p USING (plan_id) WHERE edit_id = $1",
        [edit_id],
    ).fetchone()
    assert row is not None
    categories, members, frozen = row
    conditions, bound = [""], {"plan_id": plan_id, "edit_id": edit_id, "frozen": frozen}
    if categories and not of_product:
        conditions.append(
            "c.product_id IN (SELECT product_id FROM product WHERE "
            "categories[1:len($categories::VARCHAR[])] = $categories::VARCHAR[])"
        )
        bound["categories"] = categories
    if members is not None and not of_product:
        conditions.append("c.product_id IN (SELECT unnest($members::INTEGER[]))")
        bound["members"] = members
    join = [name for name, on in (("product_id", of_product), ("place_id", of_place)) if on]
    empty = [
        f"l.{name} IS {'NOT ' if on else ''}NULL"
        for name, on in (("product_id", of_product), ("place_id", of_place))
    ]
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE plan_hit AS
        SELECT c.rowid AS spot, c.cell, l.line, c.final, c.last_edit, c.last_year, c.revision,
               c.locked OR c.timestamp <= coalesce($frozen::DATE, DATE '1900-01-01') AS fixed
        FROM demand_cell c JOIN demand_line l USING ({", ".join(["timestamp", *join])})
        WHERE c.plan_id = $plan_id AND l.edit_id = $edit_id AND {" AND ".join(empty)}
              {" AND ".join(conditions)}
        """,
        bound,
    )


def replay(cursor: Cursor, plan_id: int, edits: Iterable[int], revision: int) -> None:
    """Work out changes once more, in their order."""
    for edit_id in edits:
        spread(cursor, plan_id, edit_id, revision)


def in_force(cursor: Cursor, plan_id: int) -> list[int]:
    """The changes that count and reach into the plan, in their order."""
    rows = cursor.execute(
        """
        SELECT edit_id FROM demand_edit e
        WHERE plan_id = $1 AND kind IN ('change', 'import') AND undone_at IS NULL
          AND EXISTS (SELECT 1 FROM demand_line l WHERE l.edit_id = e.edit_id AND l.timestamp >=
                      (SELECT min(timestamp) FROM demand_cell WHERE plan_id = $1))
        ORDER BY edit_id
        """,
        [plan_id],
    ).fetchall()
    return [edit_id for (edit_id,) in rows]


def standing_on(cursor: Cursor, plan_id: int, edit_id: int) -> list[int]:
    """The change and all later ones that touch a cell of it, or of one of those, in order."""
    found = [edit_id]
    while True:
        rows = cursor.execute(
            """
            SELECT DISTINCT edit_id FROM demand_before
            WHERE plan_id = $1 AND edit_id > $2 AND NOT list_contains($3::INTEGER[], edit_id)
              AND cell IN (SELECT cell FROM demand_before
                           WHERE plan_id = $1 AND list_contains($3::INTEGER[], edit_id))
            """,
            [plan_id, edit_id, found],
        ).fetchall()
        if not rows:
            return sorted(found)
        found += [later for (later,) in rows]


def take_out(cursor: Cursor, plan_id: int, edits: Sequence[int], revision: int) -> None:
    """Give the cells of changes what they were before the first of them."""
    cursor.execute(
        """
        UPDATE demand_cell SET final = b.was.final, last_edit = b.was.last_edit,
                               revision = $revision
        FROM (
            SELECT cell, arg_min({'final': final, 'last_edit': last_edit}, edit_id) AS was
            FROM demand_before
            WHERE plan_id = $plan_id AND list_contains($edits::INTEGER[], edit_id) GROUP BY cell
        ) b
        WHERE demand_cell.plan_id = $plan_id AND demand_cell.cell = b.cell
        """,
        {"plan_id": plan_id, "edits": list(edits), "revision": revision},
    )
    cursor.execute(
        "DELETE FROM demand_before WHERE plan_id = $1 AND list_contains($2::INTEGER[], edit_id)",
        [plan_id, list(edits)],
    )


def mark_locked(cursor: Cursor, plan_id: int) -> None:
    """Set which cells are locked, by the locks in force."""
    cursor.execute("UPDATE demand_cell SET locked = false WHERE plan_id = $1 AND locked", [plan_id])
    locks = cursor.execute(
        "SELECT categories, segment_products, product_id, place_id FROM demand_edit "
        "WHERE plan_id = $1 AND kind = 'lock' AND undone_at IS NULL",
        [plan_id],
    ).fetchall()
    for categories, members, product_id, place_id in locks:
        bound: dict[str, Any] = {
            "plan_id": plan_id,
            "categories": categories,
            "members": members,
            "product": product_id,
            "place": place_id,
        }
        cursor.execute(
            """
            UPDATE demand_cell SET locked = true WHERE plan_id = $plan_id
            AND product_id = coalesce($product::INTEGER, product_id)
            AND place_id = coalesce($place::INTEGER, place_id)
            AND ($members::INTEGER[] IS NULL
                 OR product_id IN (SELECT unnest($members::INTEGER[])))
            AND (len($categories::VARCHAR[]) = 0 OR product_id IN (
                 SELECT product_id FROM product
                 WHERE categories[1:len($categories::VARCHAR[])] = $categories::VARCHAR[]))
            """,
            bound,
        )


def _is_whole(cursor: Cursor, edit_id: int) -> bool:
    row = cursor.execute(
        "SELECT whole_units FROM demand_edit WHERE edit_id = $1", [edit_id]
    ).fetchone()
    return bool(row and row[0])


# A later forecast can be smaller than what a change takes away: then nothing is left, not less.
_TOTALS = """
    CREATE OR REPLACE TEMP TABLE plan_total AS
    WITH sums AS (
        SELECT line, sum(final) AS before, coalesce(sum(final) FILTER (fixed), 0) AS held,
               coalesce(sum(final) FILTER (NOT fixed), 0) AS free,
               coalesce(sum(last_year) FILTER (NOT fixed), 0) AS weight,
               count(*) FILTER (NOT fixed) AS number
        FROM plan_hit GROUP BY line
    )
    SELECT s.*, greatest(CASE measure WHEN 'percent' THEN free * (1 + amount / 100)
                                      WHEN 'amount' THEN free + amount
                                      ELSE amount - held END, 0)
                * (number > 0)::INTEGER AS asked,
           CASE WHEN $whole THEN round(asked) ELSE asked END AS wanted,
           CASE WHEN free > 0 THEN 'forecast' WHEN weight > 0 THEN 'last_year' ELSE 'even' END
               AS spread
    FROM sums s JOIN demand_line l ON l.line = s.line AND l.edit_id = $edit_id
"""
_SHARE = """
    CASE spread WHEN 'forecast' THEN h.final * wanted / free
                WHEN 'last_year' THEN h.last_year * wanted / weight
                ELSE wanted / number END
"""
_SHARES = f"""
    CREATE OR REPLACE TEMP TABLE plan_new AS
    SELECT spot, cell, h.final, last_edit, {_SHARE} AS new
    FROM plan_hit h JOIN plan_total USING (line) WHERE NOT fixed
"""
_SHARES_WHOLE = f"""
    CREATE OR REPLACE TEMP TABLE plan_new AS
    WITH shares AS (
        SELECT spot, cell, line, h.final, last_edit, wanted,
               {_SHARE} AS share, floor(share + 1e-9) AS low
        FROM plan_hit h JOIN plan_total USING (line) WHERE NOT fixed
    ), rests AS (
        SELECT line, any_value(wanted) - sum(low) AS rest FROM shares GROUP BY line
    ), ranked AS (
        SELECT s.*, row_number() OVER (PARTITION BY line ORDER BY share - low DESC, cell) AS place
        FROM shares s
    )
    SELECT spot, cell, final, last_edit, low + (place <= rest)::INTEGER AS new
    FROM ranked JOIN rests USING (line)
"""
_KEEP_BEFORE = """
    INSERT INTO demand_before
    SELECT $edit_id, $plan_id, p.dataset_id, n.cell, n.final, n.last_edit
    FROM plan_new n, (SELECT dataset_id FROM demand_plan WHERE plan_id = $plan_id) p
    WHERE NOT EXISTS (SELECT 1 FROM demand_before b
                      WHERE b.edit_id = $edit_id AND b.cell = n.cell)
"""
