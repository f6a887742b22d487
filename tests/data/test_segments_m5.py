"""ABC, XYZ and demand patterns of a real shop (M5, store CA_1) against pandas, written apart."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.scope import Scope
from data.segments import Thresholds, classes, measures
from data.store import Store

REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "m5"


@pytest.fixture
def sold(store: Store) -> pd.DataFrame:
    """item, day, quantity, revenue from 2014 on; also written to the store as dataset 1."""
    path = REAL / "sales_daily" / "CA_1.parquet"
    if not path.exists():
        pytest.skip(f"no real data: {path} is absent (set ALMANAC_DATA)")
    frame = pd.read_parquet(
        path,
        columns=["item_id", "date", "units", "sell_price"],
        filters=[("date", ">=", date(2014, 1, 1)), ("units", ">", 0)],
    )
    frame["day"] = pd.to_datetime(frame["date"])
    frame["quantity"] = frame["units"].astype(float)
    frame["item"] = frame["item_id"].astype("category").cat.codes.astype(int) + 1
    frame["revenue"] = (frame["quantity"] * frame["sell_price"].astype(float)).round(2)
    frame = frame[["item", "day", "quantity", "revenue"]]
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at) "
            "VALUES (1, 'M5', 'upload', now()::TIMESTAMP)"
        )
        cursor.register("given", frame)
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name) "
            "SELECT DISTINCT item, 1, lpad(item::VARCHAR, 6, '0'), item::VARCHAR FROM given"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, "
            "import_id) SELECT 1, item, 1, day::DATE, quantity, revenue, 1 FROM given"
        )
    return frame


def test_when_m5_is_classified_then_classes_equal_an_independent_computation(
    store: Store, sold: pd.DataFrame
) -> None:
    found = classes(
        measures(store, Scope(dataset_id=1, measure="revenue"), "D"), Thresholds()
    ).sort_index()
    last = sold["day"].max() + pd.Timedelta(days=1)
    end = last - pd.Timedelta(days=last.weekday())  # the Monday after the last whole week
    year = sold[(sold["day"] < end) & (sold["day"] >= end - pd.Timedelta(weeks=52))]
    first = sold.groupby("item")["day"].min().dt.to_period("W-SUN").dt.start_time
    columns = pd.date_range(end - pd.Timedelta(weeks=52), periods=52, freq="7D")
    weekly = (
        year.assign(week=year["day"].dt.to_period("W-SUN").dt.start_time)
        .pivot_table(index="item", columns="week", values="quantity", aggfunc="sum")
        .reindex(index=first.index, columns=columns)
        .fillna(0.0)
    )
    lived = weekly.where(columns.to_numpy()[None, :] >= first.to_numpy()[:, None])
    lived.loc[first >= end, columns[-1]] = 0.0
    cv = lived.std(axis=1, ddof=0) / lived.mean(axis=1)
    sizes = lived.where(lived > 0)
    adi = lived.notna().sum(axis=1) / sizes.notna().sum(axis=1)
    cv2 = (sizes.std(axis=1, ddof=0) / sizes.mean(axis=1)) ** 2
    none = sizes.notna().sum(axis=1) == 0
    xyz = pd.cut(cv, [-1, 0.5, 1.0, np.inf], labels=["X", "Y", "Z"]).astype(object)
    assert found["xyz"].tolist() == xyz.where(~none, "").tolist()
    words = {(0, 0): "Smooth", (0, 1): "Erratic", (1, 0): "Intermittent", (1, 1): "Lumpy"}
    pattern = [
        "" if empty else words[a >= 1.32, c >= 0.49]
        for empty, a, c in zip(none, adi, cv2, strict=True)
    ]
    assert found["pattern"].tolist() == pattern
    revenue = year.groupby("item")["revenue"].sum().reindex(first.index).fillna(0.0)
    ranked = revenue.sort_values(ascending=False, kind="stable")
    before = ranked.cumsum().shift(fill_value=0.0) / ranked.sum()
    abc = pd.Series(np.where(before < 0.8, "A", np.where(before < 0.95, "B", "C")), ranked.index)
    abc[ranked == 0] = "C"
    assert (found["abc"] != abc.sort_index()).sum() <= 2  # rounding exactly at a cut
    assert set(found["abc"]) == {"A", "B", "C"}
    assert len(found) > 2_500
