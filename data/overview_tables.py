"""The temporary tables of an overview: a row per product, and a row per day and place.

A few passes over the sales fill them, and all that the screen shows is summed from them. They live
on one cursor and end with it.
"""

from datetime import date
from typing import Any

import duckdb
import pandas as pd

from data import queries
from data.comparison import Comparison
from data.ingest.series_checks import DEAD_DAYS
from data.scope import Scope

NOW = "day BETWEEN $first AND $last"
BEFORE = "day BETWEEN $before_first AND $before_last"
NO_SPAN = (date(9999, 12, 31), date(9999, 12, 30))  # of no day at all


class Reading:
    """A scope and its spans on a cursor that holds the temporary tables."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, scope: Scope, comparison: Comparison
    ) -> None:
        self._cursor = cursor
        self.scope = scope
        self.comparison = comparison
        self.where, self.bound = queries.where(scope)
        self.sales = queries.relation(scope)
        self.column = "revenue" if scope.measure == "revenue" else "units"
        has = comparison.has_before
        self._span = {
            "first": comparison.first,
            "last": comparison.last,
            "before_first": comparison.before_first if has else NO_SPAN[0],
            "before_last": comparison.before_last if has else NO_SPAN[1],
        }

    def rows(self, sql: str, bound: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """What a query gives, as tuples."""
        return self._cursor.execute(sql, bound or {}).fetchall()

    def frame(self, sql: str, bound: dict[str, Any] | None = None) -> pd.DataFrame:
        """What a query gives, as a frame."""
        return self._cursor.execute(sql, bound or {}).df()

    def build_products(self) -> None:
        """`overview_product`: a row per product with sales in either span.

        Several narrow passes instead of one wide one with filters: it took a quarter of the time.
        """
        self._sums("overview_now", NOW, "first", "last")
        self._sums("overview_before", BEFORE, "before_first", "before_last")
        self._seen("overview_seen", "day <= $before_last", "before_last")
        self._seen("overview_recent", f"day > $last::DATE - {DEAD_DAYS} AND day <= $last", "last")
        self._cursor.execute("""
            CREATE OR REPLACE TEMP TABLE overview_product AS
            SELECT product_id, coalesce(n.units, 0) AS units, coalesce(n.revenue, 0) AS revenue,
                   coalesce(n.priced, 0) AS priced, coalesce(b.units, 0) AS units_before,
                   coalesce(b.revenue, 0) AS revenue_before, coalesce(b.priced, 0) AS priced_before,
                   $has_before AND product_id NOT IN (FROM overview_seen) AS is_new,
                   product_id NOT IN (FROM overview_recent) AS is_gone
            FROM overview_now n FULL JOIN overview_before b USING (product_id)
            """, {"has_before": self.comparison.has_before})  # fmt: skip

    def _sums(self, table: str, span: str, first: str, last: str) -> None:
        """Units and revenue per product; `priced` are the units whose revenue is known."""
        bound = self.bound | {name: self._span[name] for name in (first, last)}
        rows = f"FROM {self.sales} WHERE {self.where} AND {span}"
        unknown = self.rows(f"SELECT 1 {rows} AND revenue IS NULL LIMIT 1", bound)
        priced = "sum(quantity) FILTER (revenue IS NOT NULL)" if unknown else "sum(quantity)"
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT product_id, sum(quantity) AS units, "
            f"sum(revenue) AS revenue, {priced} AS priced {rows} GROUP BY product_id",
            bound,
        )

    def _seen(self, table: str, condition: str, day: str) -> None:
        """The products with a sale on some day of a time."""
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT product_id FROM sales "
            f"WHERE {self.where} AND quantity > 0 AND {condition}",
            self.bound | {day: self._span[day]},
        )

    def build_days(self) -> None:
        """`overview_day`: a row per day of either span and place."""
        column = "revenue" if self.scope.measure == "revenue" else "quantity"
        self._cursor.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE overview_day AS
            SELECT day, place_id, {NOW} AS is_now, {BEFORE} AS is_before,
                   coalesce(sum({column}), 0) AS value, count(stock_on_hand) AS stock_known,
                   count(*) FILTER (stock_on_hand <= 0) AS stock_out
            FROM {self.sales} WHERE {self.where} AND ({NOW} OR {BEFORE}) GROUP BY day, place_id
            """,
            self.bound | self._span,
        )
