"""From sources to plans: small files made here, and real ones where they are at hand."""

import gzip
import json
import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from data.errors import MappingError
from data.ingest import understand
from data.ingest.plan import Column, Plan
from data.ingest.sources import open_upload
from tests.data.ingest import corpus

TODAY = date(2026, 11, 20)
REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))


def plan_of(folder: Path, **files: str | bytes) -> Plan:
    """The guess for files given as text: `orders="a,b\\n"` is orders.csv."""
    sources = []
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        path = corpus.write(folder, f"{name}.csv", raw)
        sources += open_upload(path, name=path.name, workspace=folder / "work")
    return understand.guess(sources, today=TODAY)


def real_plan(folder: Path, *names: str) -> Plan:
    paths = [path for name in names for path in sorted(REAL.glob(name))]
    if not paths:
        pytest.skip(f"no real data: {REAL / names[0]} is absent (set ALMANAC_DATA)")
    sources = [
        source
        for path in paths
        for source in open_upload(path, name=path.name, workspace=folder / "work")
    ]
    return understand.guess(sources, today=TODAY)


def roles(plan: Plan, file: int = 0) -> dict[str, str]:
    return {c.name: c.role for c in plan.files[file].columns if c.role != "ignore"}


def column(plan: Plan, name: str, file: int = 0) -> Column:
    return next(c for c in plan.files[file].columns if c.name == name)


def test_when_names_are_english_then_roles_follow(tmp_path: Path) -> None:
    head = "Date,Store,SKU,Product Name,Category,Units Sold,Unit Price,Promotion,Stock on hand"
    rows = "".join(
        f"2025-01-{d:02d},S{d % 3},A{d % 5},Tea {d % 5},Drinks {d % 2 and 0},{d},1.{d:02d},"
        f"{d % 2},{90 - d}\n"
        for d in range(1, 29)
    )
    plan = plan_of(tmp_path, sales=f"{head}\n{rows}")
    assert roles(plan) == {
        "Date": "date", "Store": "place", "SKU": "product", "Product Name": "product_name",
        "Category": "category", "Units Sold": "quantity", "Unit Price": "price",
        "Promotion": "promo", "Stock on hand": "stock",
    }  # fmt: skip
    assert plan.files[0].layout == "long"
    assert all(c.confidence == "sure" for c in plan.files[0].columns)
    assert column(plan, "Date").reason.startswith("Name")
    assert column(plan, "SKU").examples == ("A1", "A2", "A3")
    assert not plan.questions


def test_when_headers_are_chinese_in_gb18030_then_roles_follow(tmp_path: Path) -> None:
    head = (
        "销售日期,门店名称,商品编码,商品名称,一级类目,二级类目,数量,单价,销售额,渠道,订单号,会员号"
    )
    rows = "".join(
        f"2025年1月{d}日,北京朝阳店,6901{d % 5},大白兔奶糖{d % 5},食品,糖果{d % 2 and 0},{d},9.90,"
        f"{d * 9.9:.2f},线上,DD{d},V{d % 9}\n"
        for d in range(1, 29)
    )
    plan = plan_of(tmp_path, sales=f"{head}\n{rows}".encode("gb18030"))
    assert list(roles(plan).values()) == [
        "date", "place", "product", "product_name", "category", "category", "quantity", "price",
        "revenue", "channel", "order", "customer",
    ]  # fmt: skip
    assert plan.files[0].layout == "orders"
    assert column(plan, "销售日期").reading.date_format == "%Y年%m月%d日"
    assert [c.name for c in plan.files[0].having("category")] == ["一级类目", "二级类目"]


def test_when_the_file_is_european_then_commas_are_decimals(tmp_path: Path) -> None:
    rows = "".join(
        f"{d:02d}.01.2025;F{d % 2};A{d % 4};{d};{d},50 €;1.{d:03d},00 €\n" for d in range(1, 29)
    )
    plan = plan_of(tmp_path, umsatz=f"Datum;Filiale;Artikelnummer;Menge;Einzelpreis;Umsatz\n{rows}")
    assert list(roles(plan).values()) == [
        "date", "place", "product", "quantity", "price", "revenue",
    ]  # fmt: skip
    assert column(plan, "Datum").reading.date_format == "%d.%m.%Y"
    revenue = column(plan, "Umsatz").reading
    assert (revenue.decimal, revenue.thousands) == (",", ".")
    assert plan.currency == "€"
    assert not plan.questions


def test_when_categories_have_levels_then_the_widest_is_first(tmp_path: Path) -> None:
    rows = "".join(
        f"2025-01-{d:02d},A{d % 8},sub {d % 8 // 2},dept {d % 8 // 4},{d}\n" for d in range(1, 29)
    )
    plan = plan_of(tmp_path, s=f"date,sku,subcategory,department,units\n{rows}")
    assert [c.name for c in plan.files[0].having("category")] == ["department", "subcategory"]


def test_when_both_day_orders_fit_then_it_is_asked_and_the_answer_is_used(tmp_path: Path) -> None:
    path = corpus.ambiguous_dates(tmp_path)
    (source,) = open_upload(path, name=path.name, workspace=tmp_path)
    plan = understand.guess([source], today=TODAY)
    (question,) = plan.open_questions
    assert question.id == "date:ambiguous.csv:date"
    assert question.options[0][0] == "%d/%m/%Y"
    assert question.options == (("%d/%m/%Y", "2 Jan 2025"), ("%m/%d/%Y", "1 Feb 2025"))
    assert question.text == "Is 02/01/2025 in date the 2nd of January or the 1st of February?"
    assert question.detail == "Both readings fit every row."
    assert column(plan, "date").confidence == "ask"
    done = understand.answer(plan, question.id, "%m/%d/%Y")
    assert not done.open_questions
    assert column(done, "date").reading.date_format == "%m/%d/%Y"
    with pytest.raises(MappingError, match="Choose 2 Jan 2025 or 1 Feb 2025"):
        understand.answer(plan, question.id, "%Y")
    with pytest.raises(MappingError, match="no question"):
        understand.answer(plan, "date:other.csv:date", "%Y")


def test_when_only_a_row_outside_the_sample_decides_then_it_is_found(tmp_path: Path) -> None:
    rows = [f"{i % 12 + 1}/{i % 11 + 1}/2025\tA{i % 9}\t{i % 9 + 1},500\n" for i in range(9000)]
    rows[4321:4421] = ["2/28/2025\tA1\t12,500,000\n"] * 100
    path = corpus.write(tmp_path, "s.csv", ("date\tsku\tunits\n" + "".join(rows)).encode())
    (source,) = open_upload(path, name="s.csv", workspace=tmp_path)
    hidden = tuple(row for row in source.sample if row[0] != "2/28/2025")
    plan = understand.guess([replace(source, sample=hidden)], today=TODAY)
    assert not plan.questions
    assert column(plan, "date").reading.date_format == "%m/%d/%Y"
    assert column(plan, "date").reason == "Name; 2/28/2025 shows the month first"
    assert column(plan, "units").reading.thousands == ","


def test_when_the_question_is_about_an_ignored_column_then_it_goes(tmp_path: Path) -> None:
    path = corpus.ambiguous_dates(tmp_path)
    (source,) = open_upload(path, name=path.name, workspace=tmp_path)
    plan = understand.guess([source], today=TODAY)
    assert understand.settle(plan).questions == plan.questions
    assert not understand.settle(plan.with_column(source.name, "date", role="ignore")).questions


def test_when_the_user_chooses_a_role_then_the_column_is_read_for_it(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-{d:02d},{d % 9}/1/2025,A,{d},$1.50,x\n" for d in range(1, 10))
    plan = plan_of(tmp_path, s=f"date,due date,sku,units,fee,note\n{rows}")
    assert column(plan, "fee").reading.kind == "text"
    plan = understand.use_as(plan, "s.csv", "fee", "price", today=TODAY)
    assert (column(plan, "fee").role, column(plan, "fee").reading.kind) == ("price", "number")
    assert column(plan, "fee").reason == "Your choice"
    plan = understand.use_as(plan, "s.csv", "date", "ignore", today=TODAY)
    plan = understand.use_as(plan, "s.csv", "due date", "date", today=TODAY)
    (question,) = plan.open_questions
    assert "in due date" in question.text
    plan = understand.use_as(plan, "s.csv", "due date", "ignore", today=TODAY)
    assert not plan.questions
    plan = understand.use_as(plan, "s.csv", "note", "order", today=TODAY)
    assert plan.files[0].layout == "orders"


def test_when_a_comma_may_part_thousands_or_decimals_then_it_is_asked(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-{d:02d}\tA1\t{d},500\n" for d in range(1, 29))
    plan = plan_of(tmp_path, s=f"date\tsku\tunits\n{rows}")
    (question,) = plan.open_questions
    assert question.options == ((".,", "1,500"), (",", "1.5"))
    done = understand.answer(plan, question.id, ",")
    reading = column(done, "units").reading
    assert (reading.decimal, reading.thousands) == (",", "")


def test_when_another_column_shows_the_style_then_nothing_is_asked(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-{d:02d};A1;{d}.500;{d},95\n" for d in range(1, 29))
    plan = plan_of(tmp_path, s=f"date;sku;units;price\n{rows}")
    assert not plan.questions
    reading = column(plan, "units").reading
    assert (reading.decimal, reading.thousands) == (",", ".")


def test_when_there_is_no_header_then_the_content_decides(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-{d:02d},SKU-{d % 5},{d},{d % 5}.95\n" for d in range(1, 29))
    plan = plan_of(tmp_path, s=rows)
    assert list(roles(plan).values()) == ["date", "product", "quantity", "price"]
    assert column(plan, "Column 2").confidence == "ask"


def test_when_no_date_can_be_read_then_the_column_is_asked_about(tmp_path: Path) -> None:
    path = corpus.unreadable_dates(tmp_path)
    (source,) = open_upload(path, name=path.name, workspace=tmp_path)
    plan = understand.guess([source], today=TODAY)
    assert column(plan, "date").role == "date"
    assert column(plan, "date").confidence == "ask"
    assert "no date could be read" in column(plan, "date").reason


@pytest.mark.parametrize(
    ("headers", "iso"),
    [
        (["2025-01-30", "2025-01-31", "2025-02-01"], "2025-01-30"),
        (["30.01.2025", "31.01.2025", "01.02.2025"], "2025-01-30"),
        (["1/30/2025", "1/31/2025", "2/1/2025"], "2025-01-30"),
        (["20250130", "20250131", "20250201"], "2025-01-30"),
        (["2025-W05", "2025-W06", "2025-W07"], "2025-01-27"),
        (["2025-01", "2025-02", "2025-03"], "2025-01-01"),
        (["2025年1月30日", "2025年1月31日", "2025年2月1日"], "2025-01-30"),
    ],
)
def test_when_headers_are_days_then_the_layout_is_wide(
    headers: list[str], iso: str, tmp_path: Path
) -> None:
    rows = "A1,North,3,4,5\nA2,South,,0,1\n"
    plan = plan_of(tmp_path, wide=f"SKU,Region,{','.join(headers)}\n{rows}")
    assert plan.files[0].layout == "wide"
    assert [c.name for c in plan.files[0].having("date_column")] == headers
    assert plan.files[0].having("date_column")[0].meaning == iso
    assert {roles(plan)["SKU"], roles(plan)["Region"]} == {"product", "place"}
    assert not plan.questions


def test_when_header_days_read_both_ways_then_it_is_asked(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, wide="sku,01/02/2025,01/03/2025,01/04/2025\nA1,3,4,5\n")
    (question,) = plan.open_questions
    done = understand.answer(plan, question.id, "%d/%m/%Y")
    days = [c.meaning for c in done.files[0].having("date_column")]
    assert days == ["2025-02-01", "2025-03-01", "2025-04-01"]


M5_HEAD = "id,item_id,dept_id,cat_id,store_id,state_id," + ",".join(f"d_{i}" for i in range(1, 29))
M5_ROWS = "".join(
    f"HOBBIES_1_{i:03d}_CA_1_validation,HOBBIES_1_{i:03d},HOBBIES_1,HOBBIES,CA_1,CA,"
    + ",".join(str((i * d) % 4) for d in range(1, 29))
    + "\n"
    for i in range(1, 9)
)


def test_when_days_are_numbered_as_in_m5_then_the_first_is_asked(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, sales=f"{M5_HEAD}\n{M5_ROWS}")
    ids = {name: role for name, role in roles(plan).items() if not name.startswith("d_")}
    assert ids == {
        "item_id": "product", "cat_id": "category", "dept_id": "category", "store_id": "place",
    }  # fmt: skip
    assert [c.name for c in plan.files[0].having("category")] == ["cat_id", "dept_id"]
    (question,) = plan.open_questions
    assert question.options == ()
    assert question.text == "Which day is d_1?"
    with pytest.raises(MappingError, match="is not a day"):
        understand.answer(plan, question.id, "soon")
    done = understand.answer(plan, question.id, "2011-01-29")
    days = done.files[0].having("date_column")
    assert (days[0].meaning, days[-1].meaning) == ("2011-01-29", "2011-02-25")


def test_when_a_calendar_comes_along_then_it_gives_the_days(tmp_path: Path) -> None:
    lines = [
        f"{date(2011, 1, 29) + timedelta(days=i)},11101,Saturday,1,1,2011,d_{i + 1}"
        for i in range(40)
    ]
    calendar = "date,wm_yr_wk,weekday,wday,month,year,d\n" + "\n".join(lines) + "\n"
    prices = "store_id,item_id,wm_yr_wk,sell_price\n" + "".join(
        f"CA_1,HOBBIES_1_{i:03d},{w},{i}.99\n" for i in range(1, 9) for w in (11101, 11102)
    )
    plan = plan_of(tmp_path, calendar=calendar, sales=f"{M5_HEAD}\n{M5_ROWS}", sell_prices=prices)
    assert [f.source.name for f in plan.files] == ["sales.csv"]
    days = plan.files[0].having("date_column")
    assert (days[0].meaning, days[-1].meaning) == ("2011-01-29", "2011-02-25")
    assert not plan.questions
    assert any("calendar.csv gives the days" in note for note in plan.notes)
    assert any("sell_prices.csv was left out" in note for note in plan.notes)


def test_when_products_are_columns_then_their_headers_are_products(tmp_path: Path) -> None:
    rows = "".join(f"{d}/1/2014;{d}.5;3;{d % 7};2014;1;Mon\n" for d in range(1, 29))
    plan = plan_of(tmp_path, s=f"datum;M01AB;N02BE;R03;Year;Month;Weekday Name\n{rows}")
    assert plan.files[0].layout == "product_columns"
    assert [c.meaning for c in plan.files[0].having("product_column")] == ["M01AB", "N02BE", "R03"]
    assert column(plan, "Year").reason == "Part of the date"


def test_when_files_share_headers_then_all_are_main_files(tmp_path: Path) -> None:
    january = "date,sku,units\n" + "".join(f"{d}/1/2025,A,{d}\n" for d in range(1, 13))
    february = "SKU,Date,Units\n" + "".join(f"A,{d}/2/2025,{d}\n" for d in range(1, 29))
    plan = plan_of(tmp_path, jan=january, feb=february)
    assert [f.source.name for f in plan.main_files] == ["jan.csv", "feb.csv"]
    assert plan.main_files[1].source.columns == ("sku", "date", "units")
    formats = {f.having("date")[0].reading.date_format for f in plan.main_files}
    assert formats == {"%d/%m/%Y"}
    assert not plan.questions


def test_when_a_product_list_comes_along_then_it_is_joined(tmp_path: Path) -> None:
    sales = "date,sku,units\n" + "".join(f"2025-01-{d:02d},A{d % 6},{d}\n" for d in range(1, 29))
    products = "SKU,Product name,Category,Unit cost\n" + "".join(
        f"A{i},Tea {i},Drinks,{i}.5\n" for i in range(8)
    )
    other = "year,rainfall\n2024,801.5\n2025,777.25\n"
    plan = plan_of(tmp_path, products=products, weather=other, sales=sales)
    assert [f.source.name for f in plan.files] == ["sales.csv", "products.csv"]
    assert roles(plan, 1) == {
        "SKU": "key", "Product name": "product_name", "Category": "category",
        "Unit cost": "unit_cost",
    }  # fmt: skip
    (join,) = plan.joins
    assert (join.main, join.main_column, join.lookup_column) == ("sales.csv", "sku", "SKU")
    assert any("weather.csv was left out" in note for note in plan.notes)


def test_when_a_mapping_is_remembered_then_the_next_file_uses_it(tmp_path: Path) -> None:
    path = corpus.ambiguous_dates(tmp_path)
    (source,) = open_upload(path, name=path.name, workspace=tmp_path)
    plan = understand.guess([source], today=TODAY)
    plan = understand.answer(plan, plan.questions[0].id, "%m/%d/%Y")
    plan = plan.with_column(source.name, "units", role="stock")
    kept = json.loads(json.dumps(understand.remember(plan.files[0])))
    memory = {understand.signature(source): kept}
    again = understand.guess([source], remembered=memory.get, today=TODAY)
    assert not again.questions
    assert column(again, "date").reading.date_format == "%m/%d/%Y"
    assert column(again, "units").role == "stock"
    assert column(again, "units").reason == "As in the last file of this shape"


def test_when_a_remembered_reading_no_longer_fits_then_it_is_not_used(tmp_path: Path) -> None:
    first = plan_of(tmp_path, a="date,sku,units\n" + "13/01/2025,A,1\n" * 5)
    memory = {understand.signature(first.files[0].source): understand.remember(first.files[0])}
    path = corpus.write(tmp_path, "b.csv", b"date,sku,units\n" + b"01/13/2025,A,1\n" * 5)
    sources = open_upload(path, name="b.csv", workspace=tmp_path)
    plan = understand.guess(sources, remembered=memory.get, today=TODAY)
    assert column(plan, "date").reading.date_format == "%m/%d/%Y"


def test_when_numbered_days_are_remembered_then_longer_files_go_on(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, sales=f"{M5_HEAD}\n{M5_ROWS}")
    plan = understand.answer(plan, plan.questions[0].id, "2011-01-29")
    memory = {understand.signature(plan.files[0].source): understand.remember(plan.files[0])}
    path = corpus.write(
        tmp_path, "next.csv", f"{M5_HEAD},d_29\n{M5_ROWS.replace(chr(10), ',1' + chr(10))}".encode()
    )
    sources = open_upload(path, name="next.csv", workspace=tmp_path)
    again = understand.guess(sources, remembered=memory.get, today=TODAY)
    assert not again.questions
    assert again.files[0].having("date_column")[-1].meaning == "2011-02-26"


def test_when_names_are_hostile_then_the_plan_is_ordinary(tmp_path: Path) -> None:
    path = corpus.hostile_names(tmp_path)
    sources = open_upload(path, name=path.name, workspace=tmp_path)
    plan = understand.guess(sources, today=TODAY)
    assert list(roles(plan).values()) == ["date", "product", "quantity"]
    assert column(plan, "sku").examples == corpus.HOSTILE


def test_when_there_is_no_file_then_the_message_says_so() -> None:
    with pytest.raises(MappingError, match="no file"):
        understand.guess([], today=TODAY)


def test_when_online_retail_is_read_then_every_column_is_right(tmp_path: Path) -> None:
    plan = real_plan(tmp_path, "online_retail_ii/raw/*.xz")
    assert roles(plan) == {
        "Invoice": "order", "StockCode": "product", "Description": "product_name",
        "Quantity": "quantity", "InvoiceDate": "date", "Price": "price",
        "Customer ID": "customer", "Country": "place",
    }  # fmt: skip
    assert column(plan, "InvoiceDate").reading.date_format == "%m/%d/%Y %H:%M"
    assert column(plan, "Customer ID").reading.whole
    assert "start with C" in column(plan, "Invoice").reason
    assert plan.files[0].layout == "orders"
    assert not plan.questions


def test_when_superstore_is_read_then_sales_are_money(tmp_path: Path) -> None:
    plan = real_plan(tmp_path, "superstore_demo/raw/*.csv")
    assert roles(plan) == {
        "Order ID": "order", "Order Date": "date", "Customer ID": "customer", "Region": "place",
        "Product ID": "product", "Category": "category", "Sub-Category": "category",
        "Product Name": "product_name", "Sales": "revenue", "Quantity": "quantity",
        "Discount": "discount",
    }  # fmt: skip
    assert column(plan, "Ship Date").reason == "A second date; Order Date is used"
    assert column(plan, "Order Date").reading.date_format == "%m/%d/%Y"
    assert not plan.questions


def test_when_olist_is_read_then_its_files_are_joined(tmp_path: Path) -> None:
    plan = real_plan(tmp_path, "olist_subset/raw/*.csv")
    names = [f.source.name.split("_dataset")[0] for f in plan.files]
    assert names[0] == "olist_order_items"
    assert sorted(names[1:]) == ["olist_customers", "olist_orders", "olist_products"]
    used = {c.role: c.name for f in plan.files for c in f.columns}
    assert used["date"] == "order_purchase_timestamp"
    assert used["status"] == "order_status"
    assert used["category"] == "product_category_name"
    assert used["place"] == "customer_state"
    assert used["customer"] == "customer_unique_id"
    assert "quantity" not in used
    assert any("counts as one unit" in note for note in plan.notes)
    assert len(plan.joins) == 3


def test_when_the_pharmacy_is_read_then_products_are_columns(tmp_path: Path) -> None:
    plan = real_plan(tmp_path, "pharma_sales/raw/*.csv")
    assert plan.files[0].layout == "product_columns"
    assert len(plan.files[0].having("product_column")) == 8
    assert column(plan, "datum").reading.date_format == "%m/%d/%Y"


def test_when_avocados_are_read_then_the_type_is_the_product(tmp_path: Path) -> None:
    plan = real_plan(tmp_path, "avocado/raw/*.csv")
    assert roles(plan) == {
        "Date": "date", "AveragePrice": "price", "Total.Volume": "quantity", "type": "product",
        "region": "place",
    }  # fmt: skip
    assert column(plan, "type").confidence == "ask"


def test_when_m5_is_made_wide_then_it_is_understood(tmp_path: Path) -> None:
    source = REAL / "m5" / "sales_daily" / "CA_1.parquet"
    if not source.exists():
        pytest.skip(f"no real data: {source} is absent (set ALMANAC_DATA)")
    wide = tmp_path / "wide.csv"
    duckdb.sql(
        f"""PIVOT (SELECT item_id, dept_id, cat_id, store_id, state_id, units,
               'd_' || (date - DATE '2011-01-28') AS d FROM '{source}'
               WHERE item_id LIKE 'FOODS_1_00%')
        ON d USING first(units)"""
    ).write_csv(str(wide))
    packed = corpus.write(tmp_path, "wide.csv.gz", gzip.compress(wide.read_bytes()))
    sources = open_upload(packed, name="wide.csv.gz", workspace=tmp_path / "work")
    plan = understand.guess(sources, today=TODAY)
    assert plan.files[0].layout == "wide"
    assert len(plan.files[0].having("date_column")) > 1900
    assert len(plan.open_questions) == 1
