"""What is read, refused and set aside, and that the counts always add up."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from data.errors import FileError, MappingError
from data.ingest.commit import rejected_rows
from data.ingest.report import Finding
from data.ingest.staging import discard, stage
from data.store import Store
from tests.data.ingest.uploads import TODAY, Trial, understand, upload

HEADER = "date,product,place,quantity,price\n"


def days(count: int, start: date = date(2026, 1, 5)) -> list[date]:
    return [start + timedelta(days=i) for i in range(count)]


def plain(products: int = 3, count: int = 40) -> str:
    """A clean long file: every product sells every day."""
    lines = [
        f"{day},p{p},Berlin,{p + 1 + day.day % 3},2.50"
        for day in days(count)
        for p in range(products)
    ]
    return HEADER + "\n".join(lines) + "\n"


def found(trial: Trial, code: str) -> Finding:
    return next(f for f in trial.report.findings if f.code == code)


def adds_up(trial: Trial) -> bool:
    report = trial.report
    return report.rows_read == report.accepted + report.set_aside + report.refused


def test_when_clean_then_everything_is_accepted(store: Store, tmp_path: Path) -> None:
    trial = upload(store, tmp_path, ("sales.csv", plain()))
    report = trial.report
    assert (report.rows_read, report.accepted, report.product_days) == (120, 120, 120)
    assert (report.products, report.places) == (3, 1)
    assert report.first_day == date(2026, 1, 5)
    assert report.revenue == pytest.approx(report.units * 2.5)
    assert not report.findings


def test_when_cells_cannot_be_read_then_line_column_value_and_reason_are_kept(
    store: Store, tmp_path: Path
) -> None:
    lines = plain().splitlines()
    lines[10] = lines[10].rsplit(",", 2)[0] + ",1O,2.50"
    lines[20] = "2026-13-45" + lines[20][10:]
    lines[30] = "2026-02-01,,Berlin,4,2.50"
    lines[40] = "2026-02-01,p1"
    lines[50] = lines[50].rsplit(",", 2)[0] + ",,2.50"
    trial = upload(store, tmp_path, ("sales.csv", "\n".join(lines) + "\n"))
    assert adds_up(trial)
    assert trial.report.refused == 5
    rows = rejected_rows(store, trial.staged, {}, today=TODAY)
    told = {
        row.line: (row.column_name, row.value, row.reason) for row in rows.fillna("").itertuples()
    }
    assert told == {
        11: ("quantity", "1O", "is not a number"),
        21: ("date", "2026-13-45", "is not a date"),
        31: ("product", "", "is empty"),
        41: ("", "2026-02-01,p1", "has 2 cells, not 5"),
        51: ("quantity", "", "is empty"),
    }


def test_when_lines_are_broken_at_random_then_line_numbers_are_exact(
    store: Store, tmp_path: Path
) -> None:
    """Torn and blank lines and line breaks in cells shift what is behind them, not its number."""
    chance = random.Random(7)
    lines = plain(products=5, count=60).replace(",place", ",place,note").splitlines()
    lines[1:] = [line.replace("Berlin,", 'Berlin,"fine",') for line in lines[1:]]
    numbers = list(range(2, len(lines)))
    chance.shuffle(numbers)
    torn, bad, blank, tall = (set(numbers[i * 25 : i * 25 + 25]) for i in range(4))
    text, torn_at, bad_at, at = "", set(), set(), 1
    for index, line in enumerate(lines):
        if index in torn:
            line = "torn,line"
            torn_at.add(at)
        elif index in bad:
            line = line.rsplit(",", 2)[0] + ",many,2.5"
            bad_at.add(at)
        elif index in blank:
            line = ""
        elif index in tall:
            line = line.replace('"fine"', '"two\nor ""three""\nlines"')
        text += line + "\n"
        at += 1 + line.count("\n")
    trial = upload(store, tmp_path, ("sales.csv", text))
    rows = rejected_rows(store, trial.staged, {}, today=TODAY)
    assert set(rows.loc[rows["value"] == "many", "line"]) == bad_at
    assert set(rows.loc[rows["column_name"] == "", "line"]) == torn_at
    assert adds_up(trial)


def test_when_a_number_is_infinite_then_it_is_refused(store: Store, tmp_path: Path) -> None:
    text = plain() + "2026-03-01,p1,Berlin,inf,2.5\n2026-03-02,p1,Berlin,1e999,2.5\n"
    trial = upload(store, tmp_path, ("sales.csv", text))
    assert trial.report.refused == 2


def test_when_one_quote_is_never_closed_then_its_line_is_refused(
    store: Store, tmp_path: Path
) -> None:
    lines = plain(count=60).splitlines()
    lines[100] = '2026-02-01,"p1,Berlin,4,2.5'
    trial = upload(store, tmp_path, ("sales.csv", "\n".join(lines) + "\n"))
    rows = rejected_rows(store, trial.staged, {}, today=TODAY)
    assert rows["line"].tolist() == [101]
    assert rows["reason"].tolist() == ["a quotation mark is not closed"]
    assert trial.report.accepted == 179


def test_when_an_open_quote_swallows_lines_then_the_file_is_refused_with_its_line(
    store: Store, tmp_path: Path
) -> None:
    lines = plain(count=60).splitlines()
    lines[1] = '2026-01-05,"p1",Berlin,4,2.5'
    lines[100] = '2026-02-01,"p1,Berlin,4,2.5'
    with pytest.raises(FileError, match="line 101: a quotation mark"):
        upload(store, tmp_path, ("sales.csv", "\n".join(lines) + "\n"))
    left = store.rows("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'staging'")
    assert left == [(0,)]


def test_when_dates_are_in_the_future_then_they_are_set_aside_unless_kept(
    store: Store, tmp_path: Path
) -> None:
    text = plain() + "2027-11-01,p1,Berlin,4,2.5\n"
    trial = upload(store, tmp_path, ("sales.csv", text))
    assert found(trial, "future").rows == trial.report.set_aside == 1
    kept = upload(store, tmp_path, ("sales.csv", text), choices={"future": "keep"})
    assert kept.report.set_aside == 0
    assert kept.report.last_day == date(2027, 11, 1)


def test_when_a_price_is_zero_then_units_count_and_the_price_does_not(
    store: Store, tmp_path: Path
) -> None:
    text = plain() + "2026-03-01,p1,Berlin,10,0\n"
    trial = upload(store, tmp_path, ("sales.csv", text))
    assert found(trial, "zero_price").rows == 1
    trial.keep()
    assert store.rows(
        "SELECT quantity, revenue, price FROM sales WHERE day = DATE '2026-03-01'"
    ) == [(10.0, None, None)]


def test_when_rows_repeat_in_a_daily_file_then_alike_ones_count_once_and_others_add_up(
    store: Store, tmp_path: Path
) -> None:
    text = plain() + (
        "2026-03-01,p1,Berlin,4,2.5\n2026-03-01,p1,Berlin,4,2.5\n"
        "2026-03-02,p1,Berlin,4,2.5\n2026-03-02,p1,Berlin,5,2.5\n"
    )
    trial = upload(store, tmp_path, ("sales.csv", text))
    assert (found(trial, "same_row").rows, found(trial, "several_rows").rows) == (1, 2)
    trial.keep()
    sold = store.rows("SELECT quantity FROM sales WHERE day >= DATE '2026-03-01' ORDER BY day")
    assert sold == [(4.0,), (9.0,)]
    other = upload(
        store,
        tmp_path,
        ("sales.csv", text),
        choices={"same_row": "sum", "several_rows": "last"},
    )
    other.keep(name="Other")
    sold = store.rows(
        "SELECT quantity FROM sales WHERE import_id = 2 AND day >= DATE '2026-03-01' ORDER BY day"
    )
    assert sold == [(4.0,), (5.0,)]


def test_when_orders_are_cancelled_then_they_are_subtracted_or_set_aside(
    store: Store, tmp_path: Path
) -> None:
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    lines = [
        f"{489000 + i},8{i % 5}048,MUG {i % 5},{2 + i % 3},2010-03-{1 + i % 28:02d} 10:15,2.5,"
        f"{13000 + i % 7}.0,United Kingdom"
        for i in range(200)
    ]
    lines += [
        "C489999,80048,MUG 0,-2,2010-03-10 11:00,2.5,13000.0,United Kingdom",
        "490001,80048,MUG 0,-1,2010-03-11 11:00,0,,United Kingdom",
        "490002,POST,POSTAGE,1,2010-03-11 11:00,18,13001.0,France",
        "490003,81048,MUG 1,1,2010-03-12 11:00,-5,13001.0,France",
    ]
    text = header + "\n".join(lines) + "\n"
    trial = upload(store, tmp_path, ("retail.csv", text))
    assert trial.staged.is_orders
    codes = {f.code: f.rows for f in trial.report.findings}
    assert codes["cancelled"] == 1
    assert codes["returns"] == 1
    assert codes["not_product"] == 1
    assert codes["negative_price"] == 1
    assert trial.report.set_aside == 2
    assert adds_up(trial)
    everything = sum(2 + i % 3 for i in range(200))
    assert trial.report.units == everything - 2 - 1
    aside = upload(store, tmp_path, ("retail.csv", text), choices={"cancelled": "set_aside"})
    assert aside.report.units == everything - 1
    trial.keep()
    kinds = dict(store.rows("SELECT kind, count(*) FROM order_line GROUP BY kind"))
    assert kinds == {"sale": 200, "cancelled": 1, "return": 1}
    customers = {c for (c,) in store.rows("SELECT DISTINCT customer FROM order_line")}
    assert "13000" in customers
    summed = store.rows("SELECT sum(quantity), sum(revenue) FROM order_line")
    assert summed == store.rows("SELECT sum(quantity), sum(revenue) FROM sales")


def test_when_codes_differ_in_case_then_they_are_one_product(store: Store, tmp_path: Path) -> None:
    text = plain() + "2026-03-01,P1,Berlin,4,2.5\n"
    trial = upload(store, tmp_path, ("sales.csv", text))
    assert found(trial, "spellings").examples == ("P1 = p1",)
    assert trial.report.products == 3


def test_when_hostile_names_are_uploaded_then_they_stay_text(store: Store, tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", "=cmd()|' /C calc'!A0", "'; DROP TABLE sales; --", 'a"b']
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    lines = [f"{day},{name},Berlin,3,2.5" for day in days(20) for name in quoted]
    trial = upload(store, tmp_path, ("sales.csv", HEADER + "\n".join(lines) + "\n"))
    trial.keep()
    assert sorted(name for (name,) in store.rows("SELECT name FROM product")) == sorted(names)
    assert store.rows("SELECT count(*) FROM sales") == [(80,)]


def test_when_headers_are_hostile_then_the_file_still_reads(store: Store, tmp_path: Path) -> None:
    header = 'date,product,quantity,"pri""ce\'); DROP TABLE sales; --"\n'
    lines = "\n".join(f"{day},p1,{1 + day.day},2.5" for day in days(20))
    trial = upload(store, tmp_path, ("sales.csv", header + lines + "\n"))
    assert trial.report.accepted == 20


def test_when_stock_is_given_then_empty_shelves_are_found(store: Store, tmp_path: Path) -> None:
    header = "date,product,quantity,stock on hand\n"
    lines = [f"{day},p1,3,{0 if day.day in (7, 8) else 20}" for day in days(28)]
    trial = upload(store, tmp_path, ("sales.csv", header + "\n".join(lines) + "\n"))
    assert found(trial, "stockout").rows == 2


def test_when_a_steady_seller_pauses_then_a_stockout_is_likely(
    store: Store, tmp_path: Path
) -> None:
    gap = {date(2026, 3, 1) + timedelta(days=i) for i in range(10)}
    lines = [f"{day},steady,Berlin,5,2" for day in days(150) if day not in gap]
    lines += [f"{day},rare,Berlin,1,2" for day in days(150)[::9]]
    lines += [f"{day},other,Berlin,5,2" for day in days(150)]
    trial = upload(store, tmp_path, ("sales.csv", HEADER + "\n".join(lines) + "\n"))
    finding = found(trial, "likely_stockout")
    assert finding.rows == 10
    assert finding.examples == ("steady: 28 Feb – 11 Mar 2026",)


def test_when_the_shop_closes_on_sundays_then_those_days_are_named(
    store: Store, tmp_path: Path
) -> None:
    lines = [f"{day},p1,Berlin,5,2" for day in days(90) if day.weekday() != 6]
    trial = upload(store, tmp_path, ("sales.csv", HEADER + "\n".join(lines) + "\n"))
    finding = found(trial, "closed_days")
    assert finding.rows == 12
    assert finding.examples[0] == "Sundays"


def test_when_rows_are_weeks_then_days_between_are_not_missing(
    store: Store, tmp_path: Path
) -> None:
    lines = [f"{day},p1,Berlin,5,2" for day in days(200)[::7]]
    trial = upload(store, tmp_path, ("sales.csv", HEADER + "\n".join(lines) + "\n"))
    assert trial.report.frequency == "W"
    assert [f.code for f in trial.report.findings] == ["coarse"]


def test_when_products_are_new_or_gone_then_they_are_counted(store: Store, tmp_path: Path) -> None:
    year = days(300)
    lines = [f"{day},steady,Berlin,5,2" for day in year]
    lines += [f"{day},new,Berlin,5,2" for day in year[-20:]]
    lines += [f"{day},gone,Berlin,5,2" for day in year[:100]]
    trial = upload(store, tmp_path, ("sales.csv", HEADER + "\n".join(lines) + "\n"))
    assert found(trial, "new_products").examples == ("new",)
    assert found(trial, "dead_products").examples == ("gone",)


def test_when_one_quantity_is_absurd_then_it_is_an_outlier(store: Store, tmp_path: Path) -> None:
    trial = upload(store, tmp_path, ("s.csv", plain() + "2026-03-01,p1,Berlin,80995,2.5\n"))
    assert found(trial, "outlier").examples == ("p1 on 1 Mar 2026: 80,995",)
    assert trial.report.set_aside == 0


def test_when_no_column_is_a_date_then_the_message_names_the_role(
    store: Store, tmp_path: Path
) -> None:
    plan = understand(store, tmp_path, ("sales.csv", plain()))
    plan = plan.with_column("sales.csv", "date", role="ignore")
    with pytest.raises(MappingError, match="used as date"):
        stage(store, plan)


def test_when_two_columns_have_one_role_then_both_are_named(store: Store, tmp_path: Path) -> None:
    plan = understand(store, tmp_path, ("sales.csv", plain()))
    plan = plan.with_column("sales.csv", "price", role="quantity")
    with pytest.raises(MappingError, match="quantity and price are both used"):
        stage(store, plan)


def test_when_an_upload_is_discarded_then_staging_is_empty(store: Store, tmp_path: Path) -> None:
    trial = upload(store, tmp_path, ("sales.csv", plain()))
    discard(store, trial.staged.token)
    left = store.rows("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'staging'")
    assert left == [(0,)]


def test_when_no_column_names_a_product_then_all_sales_are_one(
    store: Store, tmp_path: Path
) -> None:
    lines = [f"{day},{store_},{500 + day.day}" for day in days(30) for store_ in (1, 2)]
    text = "Date,Store,Sales\n" + "\n".join(lines) + "\n"
    trial = upload(store, tmp_path, ("stores.csv", text))
    assert (trial.report.products, trial.report.places, trial.report.accepted) == (1, 2, 60)
    assert any("No product column" in note for note in trial.plan.notes)


def test_when_two_cells_of_a_row_are_wrong_then_reason_and_value_are_of_the_first(
    store: Store, tmp_path: Path
) -> None:
    trial = upload(store, tmp_path, ("sales.csv", plain() + "2026-03-01,p1,Berlin,,cheap\n"))
    rows = rejected_rows(store, trial.staged, {}, today=TODAY).fillna("")
    assert rows[["column_name", "reason", "value"]].to_numpy().tolist() == [
        ["quantity", "is empty", ""]
    ]
