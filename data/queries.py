"""What the screens ask of the database: small frames, aggregated in SQL, never raw rows."""

from datetime import date
from typing import Any

import pandas as pd

from data.scope import Level, Scope
from data.store import Store

PERIOD = {"D": "day", "W": "week", "M": "month"}  # date_trunc units; DuckDB weeks are ISO weeks


def version(store: Store) -> tuple[int, int, int, int]:
    """Changes with every import, undo, deletion and edit of a calendar or a plan, so that a cache
    keyed by it is never stale."""
    (row,) = store.rows(
        "SELECT coalesce(max(import_id), 0), count(*), count(undone_at), "
        "(SELECT coalesce(max(edit_id), 0) FROM calendar_edit) "
        "+ (SELECT count(*) + count(undone_at) FROM plan_edit) FROM import_log"
    )
    return row[0], row[1], row[2], row[3]


def datasets(store: Store) -> pd.DataFrame:
    """One row per dataset, newest first, with its span and size."""
    return store.frame("""
        WITH span AS (
            SELECT dataset_id, min(day) AS first_day, max(day) AS last_day,
                   count(*) AS sales_rows, count(revenue) > 0 AS has_revenue
            FROM sales GROUP BY dataset_id
        ), products AS (SELECT dataset_id, count(*) AS products FROM product GROUP BY dataset_id),
        places AS (SELECT dataset_id, count(*) AS places FROM place GROUP BY dataset_id)
        SELECT d.dataset_id, d.name, d.source, d.currency, d.country, d.category_levels,
               d.created_at, d.gap_policy, d.frequency, first_day, last_day,
               coalesce(products, 0) AS products, coalesce(places, 0) AS places,
               coalesce(sales_rows, 0) AS sales_rows, coalesce(has_revenue, false) AS has_revenue
        FROM dataset d LEFT JOIN span USING (dataset_id)
        LEFT JOIN products USING (dataset_id) LEFT JOIN places USING (dataset_id)
        ORDER BY d.created_at DESC, d.dataset_id DESC
    """)


def products(store: Store, dataset_id: int) -> pd.DataFrame:
    """Every product with its totals, best sellers first."""
    return store.frame(
        """
        WITH sold AS (
            SELECT product_id, sum(quantity) AS quantity, sum(revenue) AS revenue
            FROM sales WHERE dataset_id = $1 GROUP BY product_id
        )
        SELECT p.product_id, p.code, p.name, p.categories, p.unit_cost, p.lead_time_days,
               coalesce(quantity, 0) AS quantity, revenue
        FROM product p LEFT JOIN sold USING (product_id)
        WHERE p.dataset_id = $1
        ORDER BY revenue DESC NULLS LAST, quantity DESC, p.code
        """,
        [dataset_id],
    )


def places(store: Store, dataset_id: int) -> pd.DataFrame:
    """Every place with its totals, largest first."""
    return store.frame(
        """
        WITH sold AS (
            SELECT place_id, sum(quantity) AS quantity, sum(revenue) AS revenue
            FROM sales WHERE dataset_id = $1 GROUP BY place_id
        )
        SELECT p.place_id, p.code, p.name, coalesce(quantity, 0) AS quantity, revenue
        FROM place p LEFT JOIN sold USING (place_id)
        WHERE p.dataset_id = $1
        ORDER BY revenue DESC NULLS LAST, quantity DESC, p.code
        """,
        [dataset_id],
    )


def series(store: Store, scope: Scope) -> pd.DataFrame:
    """The sales of the scope as one series: a row for every period, zero where nothing sold.

    Starts with the scope's first row and ends with the dataset's last day, so that a product that
    stopped selling shows its zeros. `quantity` and `revenue` are NaN for a day without any row
    where the dataset's days without a row are not known. `complete` is False for periods that
    the data covers in part; `price` is the mean paid, `promo_share` and `stockout_share` are
    shares of product-days. For a corrected scope, periods of which at least half of the
    product-days are excluded are NaN too.
    """
    condition, parameters = where(scope)
    sales = relation(scope)
    unit = PERIOD[scope.freq]
    return store.frame(
        f"""
        WITH span AS (
            SELECT any_value(gap_policy) = 'missing' AS unknown,
                   min(CASE frequency WHEN 'W' THEN date_trunc('week', day)
                                      WHEN 'M' THEN date_trunc('month', day)
                                      ELSE day END) AS first_day,
                   max(CASE frequency WHEN 'W' THEN date_trunc('week', day) + INTERVAL 6 DAY
                                      WHEN 'M' THEN last_day(day) ELSE day END) AS last_day
            FROM (SELECT DISTINCT day FROM sales WHERE dataset_id = $dataset_id), dataset
            WHERE dataset_id = $dataset_id
        ), daily AS (
            SELECT day, sum(quantity) AS quantity, sum(revenue) AS revenue,
                   sum(revenue) FILTER (quantity > 0) AS paid,
                   sum(quantity) FILTER (quantity > 0 AND revenue IS NOT NULL) AS paid_units,
                   count(*) FILTER (promo) AS promos, count(promo) AS promo_known,
                   count(*) FILTER (stock_on_hand <= 0) AS empty,
                   count(stock_on_hand) AS stock_known,
                   count(*) FILTER (excluded) AS excluded, count(*) AS cells
            FROM {sales} WHERE {condition} GROUP BY day
        ), periods AS (
            SELECT unnest(generate_series(
                date_trunc('{unit}', (SELECT min(day) FROM daily))::TIMESTAMP,
                date_trunc('{unit}', (SELECT last_day FROM span))::TIMESTAMP,
                INTERVAL 1 {unit}
            ))::DATE AS timestamp
        ), sold AS (
            SELECT date_trunc('{unit}', day)::DATE AS timestamp,
                   2 * sum(excluded) >= sum(cells) AS hidden,
                   CASE WHEN NOT hidden THEN sum(quantity) END AS quantity,
                   CASE WHEN NOT hidden THEN coalesce(sum(revenue), 0) END AS revenue,
                   sum(paid) / nullif(sum(paid_units), 0) AS price,
                   sum(promos) / nullif(sum(promo_known), 0) AS promo_share,
                   sum(empty) / nullif(sum(stock_known), 0) AS stockout_share,
                   count(*) AS days
            FROM daily GROUP BY 1
        )
        SELECT timestamp, CASE WHEN days IS NULL AND NOT unknown THEN 0 ELSE quantity END
               AS quantity,
               CASE WHEN days IS NULL AND NOT unknown THEN 0 ELSE revenue END AS revenue,
               price, promo_share, stockout_share, coalesce(days, 0) AS days,
               timestamp >= first_day
               AND timestamp + INTERVAL 1 {unit} - INTERVAL 1 DAY <= last_day AS complete
        FROM periods LEFT JOIN sold USING (timestamp), span ORDER BY timestamp
        """,
        parameters,
    )


def children(store: Store, scope: Scope, level: Level, *, limit: int = 50) -> pd.DataFrame:
    """The sales of the scope split one level down: child_id, label, timestamp, quantity, revenue.

    Children are the next categories below `scope.categories`, the products in it, or the places;
    the `limit` largest are kept, largest first. Periods without sales are left out. For a corrected
    scope, an excluded day counts as the mean of its weekday around it, here and in `parts`.
    """
    condition, parameters = where(scope)
    sales = relation(scope)
    key, label = {
        "product": ("s.product_id::VARCHAR", "max(p.name)"),
        "place": ("s.place_id::VARCHAR", "max(l.name)"),
        "category": (
            "coalesce(p.categories[$depth], '')",
            "max(coalesce(p.categories[$depth], ''))",
        ),
    }[level]
    parameters |= {"limit": limit}
    if level == "category":
        parameters |= {"depth": len(scope.categories) + 1}
    grouped = {"product": "product_id", "place": "place_id", "category": "product_id"}[level]
    return store.frame(
        f"""
        WITH sold AS (
            SELECT {grouped}, date_trunc('{PERIOD[scope.freq]}', day)::DATE AS timestamp,
                   sum(quantity) AS quantity, sum(revenue) AS revenue
            FROM {sales} WHERE {condition} GROUP BY ALL
        ), named AS (
            SELECT {key} AS child_id, {label} AS label, timestamp,
                   sum(quantity) AS quantity, sum(revenue) AS revenue
            FROM sold s {_name_join(level)} GROUP BY child_id, timestamp
        ), ranked AS (
            SELECT child_id, row_number() OVER (
                ORDER BY sum(revenue) DESC NULLS LAST, sum(quantity) DESC, child_id) AS place
            FROM named GROUP BY child_id
        )
        SELECT child_id, label, timestamp, quantity, coalesce(revenue, 0) AS revenue
        FROM named JOIN ranked USING (child_id)
        WHERE ranked.place <= $limit ORDER BY ranked.place, timestamp
        """,
        parameters,
    )


def parts(
    store: Store, scope: Scope, level: Level, *, keys: tuple[str, ...] = (), limit: int = 12
) -> pd.DataFrame:
    """Some children of the scope at its frequency: child_id, label, timestamp, quantity, revenue.

    As `children`, but for the `keys` alone, or for the `limit` largest where none are given: the
    series of all others are never made. A row for every period from the scope's first, zero where
    nothing sold; `complete` is False for the last one where the data ends inside it.
    """
    condition, parameters = where(scope)
    sales = relation(scope)
    grouped = {"product": "product_id", "place": "place_id", "category": "product_id"}[level]
    key, label = {
        "product": ("product_id::VARCHAR", "p.name"),
        "place": ("place_id::VARCHAR", "l.name"),
        "category": ("coalesce(p.categories[$depth], '')",) * 2,
    }[level]
    if level == "category":
        parameters |= {"depth": len(scope.categories) + 1}
    asked = "WHERE list_contains($keys::VARCHAR[], child_id)" if keys else ""
    parameters |= {"limit": limit} | ({"keys": list(keys)} if keys else {})
    unit = PERIOD[scope.freq]
    return store.frame(
        f"""
        WITH totals AS (
            SELECT {grouped}, sum(revenue) AS revenue, sum(quantity) AS quantity
            FROM {sales} WHERE {condition} GROUP BY ALL
        ), named AS (
            SELECT {grouped}, {key} AS child_id, {label} AS label, revenue, quantity
            FROM totals {_name_join(level)}
        ), ranked AS (
            SELECT child_id, any_value(label) AS label, row_number() OVER (
                ORDER BY sum(revenue) DESC NULLS LAST, sum(quantity) DESC, child_id) AS place
            FROM named {asked} GROUP BY child_id
        ), chosen AS (
            SELECT {grouped}, child_id FROM named JOIN ranked USING (child_id)
            WHERE place <= $limit
        ), sold AS (
            SELECT child_id, date_trunc('{unit}', day)::DATE AS timestamp,
                   sum(quantity) AS quantity, sum(revenue) AS revenue
            FROM {sales} JOIN chosen USING ({grouped}) WHERE {condition} GROUP BY ALL
        ), span AS (
            SELECT CASE frequency WHEN 'W' THEN date_trunc('week', last_day) + INTERVAL 6 DAY
                                  WHEN 'M' THEN last_day(last_day) ELSE last_day END AS last_day
            FROM (SELECT max(day) AS last_day FROM sales WHERE dataset_id = $dataset_id), dataset
            WHERE dataset_id = $dataset_id
        ), periods AS (
            SELECT unnest(generate_series(
                (SELECT min(timestamp) FROM sold)::TIMESTAMP,
                date_trunc('{unit}', (SELECT last_day FROM span))::TIMESTAMP,
                INTERVAL 1 {unit}
            ))::DATE AS timestamp
        )
        SELECT child_id, label, timestamp, coalesce(quantity, 0) AS quantity,
               coalesce(revenue, 0) AS revenue,
               timestamp + INTERVAL 1 {unit} - INTERVAL 1 DAY <= last_day AS complete
        FROM ranked CROSS JOIN periods LEFT JOIN sold USING (child_id, timestamp), span
        WHERE place <= $limit ORDER BY place, timestamp
        """,
        parameters,
    )


def hours(store: Store, scope: Scope) -> pd.DataFrame:
    """When in the week the scope sells: weekday (Monday 0), hour, quantity, revenue, days.

    From order lines that are sales; `days` is how many such weekdays the lines span, to divide by.
    Empty where there are no lines, or none has a time of day.
    """
    condition, parameters = where(scope)
    return store.frame(
        f"""
        WITH lines AS (
            SELECT sold_at, quantity, revenue FROM order_line WHERE {condition} AND kind = 'sale'
        ), weekdays AS (
            SELECT isodow(day) - 1 AS weekday, count(*) AS days
            FROM (SELECT unnest(generate_series(min(sold_at)::DATE, max(sold_at)::DATE,
                                                INTERVAL 1 DAY)) AS day FROM lines)
            GROUP BY 1
        )
        SELECT (isodow(sold_at) - 1)::INTEGER AS weekday, hour(sold_at)::INTEGER AS hour,
               sum(quantity) AS quantity, coalesce(sum(revenue), 0) AS revenue,
               any_value(days) AS days
        FROM lines JOIN weekdays ON weekday = isodow(sold_at) - 1
        WHERE EXISTS (SELECT 1 FROM lines WHERE sold_at <> sold_at::DATE)
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        parameters,
    )


def events(store: Store, dataset_id: int, first: date, last: date) -> pd.DataFrame:
    """Festivals, holidays and own events that touch the days from `first` to `last`."""
    return store.frame(
        """
        SELECT name, kind, first_day, last_day, days_before, days_after, place_id FROM event
        WHERE dataset_id = $1 AND first_day <= $3 AND last_day >= $2 ORDER BY first_day, name
        """,
        [dataset_id, first, last],
    )


def relation(scope: Scope) -> str:
    """What to read sales from, for a FROM clause beside `where`: recorded or corrected.

    Has the columns of `sales` but channel and import_id, and `excluded`. A corrected day is one
    row of all channels with its revenue at the day's price; an excluded one has its usual sales.
    """
    if not scope.corrected:
        return "(SELECT *, false AS excluded FROM sales)"
    return """(
        WITH fixed AS (
            SELECT product_id, place_id, day, quantity, usual, price FROM correction_in_force
            WHERE dataset_id = $dataset_id AND action <> 'keep' AND day BETWEEN
                (SELECT min(day) FROM sales WHERE dataset_id = $dataset_id) AND
                (SELECT max(day) FROM sales WHERE dataset_id = $dataset_id)
        ), knows AS (
            SELECT count(promo) > 0 AS promo FROM sales WHERE dataset_id = $dataset_id
        ), row AS (
            SELECT product_id, place_id, day, avg(price) AS price, avg(discount) AS discount,
                   bool_or(promo) AS promo, max(stock_on_hand) AS stock_on_hand
            FROM sales SEMI JOIN fixed USING (product_id, place_id, day)
            WHERE dataset_id = $dataset_id GROUP BY ALL
        )
        SELECT dataset_id, product_id, place_id, day, quantity, revenue, price, discount, promo,
               stock_on_hand, false AS excluded
        FROM sales ANTI JOIN fixed USING (product_id, place_id, day)
        WHERE dataset_id = $dataset_id
        UNION ALL BY NAME
        SELECT $dataset_id::INTEGER AS dataset_id, fixed.product_id, fixed.place_id, fixed.day,
               coalesce(fixed.quantity, usual, 0) AS quantity,
               coalesce(fixed.quantity, usual, 0) * fixed.price AS revenue,
               coalesce(row.price, fixed.price) AS price, discount,
               CASE WHEN row.day IS NULL AND knows.promo THEN false ELSE row.promo END AS promo,
               stock_on_hand, fixed.quantity IS NULL AS excluded
        FROM fixed LEFT JOIN row USING (product_id, place_id, day), knows)"""


def where(scope: Scope) -> tuple[str, dict[str, Any]]:
    """The rows of `sales` in the scope, as a condition with bound parameters."""
    conditions = ["dataset_id = $dataset_id"]
    bound: dict[str, Any] = {"dataset_id": scope.dataset_id}
    if scope.product_id is not None:
        conditions.append("product_id = $product_id")
        bound["product_id"] = scope.product_id
    elif scope.categories:
        conditions.append(
            "product_id IN (SELECT product_id FROM product WHERE dataset_id = $dataset_id "
            "AND categories[1:len($categories::VARCHAR[])] = $categories::VARCHAR[])"
        )
        bound["categories"] = list(scope.categories)
    if scope.segment_id is not None and scope.product_id is None:
        conditions.append(
            "product_id IN (SELECT product_id FROM segment_product WHERE segment_id = $segment_id)"
        )
        bound["segment_id"] = scope.segment_id
    if scope.place_id is not None:
        conditions.append("place_id = $place_id")
        bound["place_id"] = scope.place_id
    return " AND ".join(conditions), bound


def _name_join(level: Level) -> str:
    if level == "place":
        return "JOIN place l USING (place_id)"
    return "JOIN product p USING (product_id)"


def imports(store: Store) -> pd.DataFrame:
    """Every import, latest first; `can_undo` where nothing stands on it."""
    return store.frame("""
        SELECT import_id, i.dataset_id, coalesce(d.name, i.dataset_name) AS dataset, mode,
               [f->>'name' FOR f IN json_extract(files, '$[*]')] AS files,
               rows_read, rows_accepted, rows_set_aside, rows_refused,
               sales_added, sales_replaced, sales_skipped, i.first_day, i.last_day,
               started_at, seconds, undone_at,
               undone_at IS NULL AND import_id = max(import_id) FILTER (undone_at IS NULL)
                   OVER (PARTITION BY i.dataset_id) AS can_undo
        FROM import_log i LEFT JOIN dataset d USING (dataset_id)
        ORDER BY import_id DESC
    """)


def findings(store: Store, import_id: int) -> pd.DataFrame:
    """What an import found and what was done: severity, title, rows, unit, examples, choice."""
    return store.frame(
        """
        SELECT severity, title, rows, unit, examples, choice_label AS choice
        FROM import_finding WHERE import_id = $1
        ORDER BY array_position(['refused', 'fix', 'look', 'note'], severity), rows DESC
        """,
        [import_id],
    )


def rejected(store: Store, import_id: int) -> pd.DataFrame:
    """The lines that an import refused or set aside: status, file, line, column, value, reason."""
    return store.frame(
        """
        SELECT status, file, line, column_name, value, reason
        FROM rejected_row WHERE import_id = $1 ORDER BY file, line
        """,
        [import_id],
    )
