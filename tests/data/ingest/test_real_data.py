"""Real files import as a person would expect; each number is computed once more with pandas."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.ingest.checks import check
from data.ingest.sources import open_upload
from data.ingest.staging import stage
from data.ingest.understand import answer, guess
from data.store import Store, open_store
from tests.data.ingest.uploads import TODAY, Trial

REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))


def real(*names: str) -> list[Path]:
    paths = [REAL / name for name in names]
    if missing := [path for path in paths if not path.exists()]:
        pytest.skip(f"no real data: {missing[0]} is absent (set ALMANAC_DATA)")
    return paths


def trial_of(store: Store, paths: list[Path], answers: dict[str, str] | None = None) -> Trial:
    sources = []
    for path in paths:
        sources += open_upload(path, name=path.name, workspace=store.staging_folder / "work")
    plan = guess(tuple(sources), today=TODAY)
    for question, value in (answers or {}).items():
        plan = answer(plan, question, value)
    staged = stage(store, plan)
    return Trial(store, plan, staged, check(store, staged, today=TODAY), {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that may also read the real data in place, as from the server's folder."""
    opened = open_store(tmp_path / "almanac.duckdb", allowed_folders=(REAL.resolve(), tmp_path))
    yield opened
    opened.close()


def test_when_online_retail_is_uploaded_then_lines_are_summed_and_the_odd_ones_named(
    store: Store,
) -> None:
    (path,) = real("online_retail_ii/raw/online_retail_II.csv.xz")
    trial = trial_of(store, [path])
    roles = {c.name: c.role for c in trial.plan.files[0].columns}
    assert roles == {
        "Invoice": "order",
        "StockCode": "product",
        "Description": "product_name",
        "Quantity": "quantity",
        "InvoiceDate": "date",
        "Price": "price",
        "Customer ID": "customer",
        "Country": "place",
    }
    report = trial.report
    assert report.rows_read == 1_067_371
    assert report.rows_read == report.accepted + report.set_aside + report.refused
    trial.keep()
    frame = pd.read_csv(path, dtype={"Invoice": str, "StockCode": str})
    mugs = frame[frame["StockCode"].str.upper() == "85123A"]
    got = store.rows(
        "SELECT sum(quantity) FROM sales JOIN product USING (product_id) WHERE code = '85123A'"
    )
    assert got == [(float(mugs["Quantity"].sum()),)]
    cancelled = frame["Invoice"].str.match(r"[Cc]\d") & (frame["Quantity"] < 0)
    found = {f.code: f.rows for f in report.findings}
    assert found["cancelled"] == cancelled.sum()
    assert found["returns"] == ((frame["Quantity"] < 0) & ~cancelled).sum()
    assert found["repeated_lines"] == frame.duplicated().sum()
    assert found["zero_price"] == (frame["Price"] == 0).sum()
    assert store.rows("SELECT count(*) FROM order_line") == [(report.accepted,)]


def test_when_superstore_is_uploaded_then_its_broken_rows_are_named(store: Store) -> None:
    (path,) = real("superstore_demo/raw/superstore_with_duplicates_as_found.csv")
    trial = trial_of(store, [path])
    assert (trial.report.accepted, trial.report.refused) == (9_994, 806)
    assert trial.report.revenue == pytest.approx(2_297_200.86, abs=0.01)
    trial.keep()
    rows = store.frame("SELECT * FROM rejected_row")
    assert len(rows) == 806
    assert rows["line"].is_unique
    assert rows["line"].min() == 9_996
    levels = store.rows("SELECT category_levels FROM dataset")
    assert levels == [(["Category", "Sub-Category"],)]


def test_when_olist_files_come_together_then_they_are_joined(store: Store) -> None:
    names = ("customers", "order_items", "order_payments", "orders", "products", "sellers")
    folder = "olist_subset/raw/olist_{}{}_dataset.csv"
    paths = real(*(folder.format(name, "") for name in names))
    trial = trial_of(store, paths)
    items, orders = pd.read_csv(paths[1]), pd.read_csv(paths[3])
    joined = items.merge(orders, on="order_id")
    gone = joined["order_status"].isin(["canceled", "unavailable"])
    assert trial.report.rows_read == len(items)
    assert trial.report.set_aside == gone.sum()
    trial.keep()
    sold = joined[~gone]
    assert store.rows("SELECT sum(quantity), round(sum(revenue), 2) FROM sales") == [
        (float(len(sold)), round(sold["price"].sum(), 2))
    ]
    days = pd.to_datetime(sold["order_purchase_timestamp"]).dt.date
    assert (trial.report.first_day, trial.report.last_day) == (days.min(), days.max())
    assert store.rows("SELECT count(*) FROM product WHERE len(categories) = 1")[0][0] > 4_500


def test_when_pharma_is_uploaded_then_its_columns_are_products(store: Store) -> None:
    (path,) = real("pharma_sales/raw/salesdaily.csv")
    trial = trial_of(store, [path])
    frame = pd.read_csv(path, sep=";")
    products = ["M01AB", "M01AE", "N02BA", "N02BE", "N05B", "N05C", "R03", "R06"]
    trial.keep()
    got = dict(
        store.rows(
            "SELECT code, sum(quantity) FROM sales JOIN product USING (product_id) GROUP BY 1"
        )
    )
    assert got == pytest.approx(frame[products].sum().to_dict())
    assert trial.report.first_day == date(2014, 1, 2)


def test_when_m5_comes_wide_then_every_cell_lands_on_its_day(store: Store, tmp_path: Path) -> None:
    (path,) = real("m5/sales_daily/CA_1.parquet")
    items = sorted(pd.read_parquet(path, columns=["item_id"])["item_id"].unique())[::30]
    frame = pd.read_parquet(path, filters=[("item_id", "in", items)])
    first = pd.Timestamp("2011-01-29")
    frame["d"] = (pd.to_datetime(frame["date"]) - first).dt.days + 1
    index = ["item_id", "dept_id", "cat_id", "store_id", "state_id"]
    wide = frame.pivot(index=index, columns="d", values="units").fillna(0).astype(int)
    wide.columns = [f"d_{number}" for number in wide.columns]
    wide = wide.reset_index()
    wide.insert(0, "id", wide["item_id"] + "_CA_1_validation")
    target = tmp_path / "sales_train.csv"
    wide.to_csv(target, index=False)
    trial = trial_of(store, [target], {"date:sales_train.csv:the headers": "2011-01-29"})
    assert trial.plan.files[0].layout == "wide"
    cells = int(np.count_nonzero([c.startswith("d_") for c in wide.columns])) * len(wide)
    assert trial.report.rows_read == trial.report.accepted == cells
    trial.keep()
    got = store.frame(
        "SELECT code AS item_id, day AS date, quantity FROM sales JOIN product USING (product_id) "
        "WHERE quantity <> 0 ORDER BY 1, 2"
    )
    want = frame[frame["units"] != 0].sort_values(["item_id", "date"])
    assert got["item_id"].tolist() == want["item_id"].tolist()
    assert got["quantity"].tolist() == want["units"].astype(float).tolist()
    assert got["date"].tolist() == pd.to_datetime(want["date"]).tolist()
    paths = store.rows("SELECT DISTINCT len(categories) FROM product")
    assert paths == [(2,)]


def test_when_headers_are_chinese_in_gb18030_then_it_reads_like_any_other(
    store: Store, tmp_path: Path
) -> None:
    lines = ["日期,门店,商品编码,商品名称,一级类目,销量,单价,是否促销"]
    for day in pd.date_range("2025-10-20", periods=40):
        lines.append(
            f"{day:%Y年%m月%d日},上海一店,A{day.day % 3}01,冷萃咖啡{day.day % 3},饮料,12,¥9.90,否"
        )
        lines.append(f"{day:%Y年%m月%d日},北京二店,B{day.day % 3}02,降临节日历,节日,3,¥59.00,是")
    path = tmp_path / "双十一.csv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    trial = trial_of(store, [path])
    assert (trial.report.accepted, trial.report.refused) == (80, 0)
    assert trial.plan.currency in ("¥", "￥")
    trial.keep()
    assert store.rows("SELECT name FROM place ORDER BY name") == [("上海一店",), ("北京二店",)]
    assert ("降临节日历", ["节日"]) in store.rows("SELECT DISTINCT name, categories FROM product")
    assert store.rows("SELECT sum(revenue) FROM sales") == [
        (pytest.approx(40 * 12 * 9.9 + 40 * 3 * 59),)
    ]
