"""A small shop written straight into a store: rows of product, place, day, quantity, price."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from data.store import Store

Row = tuple[int, int, date, float, float | None]


def fill(
    store: Store,
    rows: Sequence[Row],
    *,
    frequency: str = "D",
    categories: Sequence[Sequence[str]] = ((),),
    names: Sequence[str] = (),
) -> None:
    """Dataset 1 with these rows; product `i` has the categories and name at place `i - 1`."""
    frame = pd.DataFrame(rows, columns=["product_id", "place_id", "day", "quantity", "price"])
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, currency, created_at, frequency) "
            "VALUES (1, 'Shop', 'upload', '€', now()::TIMESTAMP, ?)",
            [frequency],
        )
        for product in sorted(set(frame["product_id"].tolist())):
            name = names[product - 1] if names else f"Mug {product}"
            path = list(categories[(product - 1) % len(categories)])
            cursor.execute(
                "INSERT INTO product (product_id, dataset_id, code, name, categories) "
                "VALUES (?, 1, ?, ?, ?)",
                [product, f"P{product:05d}", name, path],
            )
        for place in sorted(set(frame["place_id"].tolist())):
            cursor.execute(
                "INSERT INTO place (place_id, dataset_id, code, name) VALUES (?, 1, ?, ?)",
                [place, f"S{place}", f"Store {place}"],
            )
        cursor.register("given", frame)
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, "
            "import_id) SELECT 1, product_id, place_id, day, quantity, "
            "round(quantity * price::DOUBLE, 2), price::DOUBLE, 1 FROM given"
        )
