"""Headers as well-known programs export them, and what their columns are used as."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from data.ingest import understand
from data.ingest.sources import open_upload
from tests.data.ingest import corpus

Cell = Callable[[int], object]
ROWS = 300


def day(pattern: str, every: int = 1) -> Cell:
    return lambda i: (date(2024, 1, 1) + timedelta(days=i // every)).strftime(pattern)


def text(cell: str) -> Cell:
    return lambda i: cell.format(i, i % 2, i % 9, i % 30)


EXPORTS: dict[str, dict[str, tuple[Cell, str]]] = {
    "shopify": {
        "Name": (text("#10{0}"), "ignore"),
        "Email": (text("a{2}@b.c"), "ignore"),
        "Financial Status": (text("paid"), "status"),
        "Discount Amount": (text("0.00"), "ignore"),
        "Created at": (day("%Y-%m-%d 09:59:59 +0100"), "date"),
        "Lineitem quantity": (text("{2}"), "quantity"),
        "Lineitem name": (text("Tea {3}"), "product_name"),
        "Lineitem price": (text("{3}.50"), "price"),
        "Lineitem sku": (text("T-{3}"), "product"),
        "Shipping Country": (text("FR"), "place"),
    },
    "amazon": {
        "index": (text("{0}"), "ignore"),
        "Order ID": (text("405-{0}-57"), "order"),
        "Date": (day("%m-%d-%y"), "date"),
        "Status": (text("Cancelled {1}"), "status"),
        "Sales Channel ": (text("Amazon.in"), "channel"),
        "SKU": (text("SET{3}-KR"), "product"),
        "Category": (text("kurta"), "category"),
        "ASIN": (text("B09{3}"), "ignore"),
        "Qty": (text("{2}"), "quantity"),
        "Amount": (text("{0}.62"), "revenue"),
        "ship-state": (text("MH"), "ignore"),
    },
    "taobao": {
        "订单编号": (text("12345678901{0}"), "order"),
        "买家会员名": (text("u{2}"), "customer"),
        "买家实际支付金额": (text("{2}9.90"), "revenue"),
        "宝贝标题": (text("茶叶{2}"), "product"),
        "宝贝总数量": (text("{2}"), "quantity"),
        "订单付款时间": (day("%Y/%m/%d 10:05"), "date"),
        "订单状态": (text("交易关闭{1}"), "status"),
        "店铺名称": (text("旗舰店"), "place"),
    },
    "inventory": {
        "Date": (day("%Y-%m-%d", every=9), "date"),
        "Store ID": (text("S{2}"), "place"),
        "Product ID": (text("P{3}"), "product"),
        "Category": (text("Toys"), "category"),
        "Region": (text("N{1}"), "ignore"),
        "Inventory Level": (text("2{2}"), "stock"),
        "Units Sold": (text("{2}"), "quantity"),
        "Demand Forecast": (text("{2}.5"), "ignore"),
        "Price": (text("33.{2}"), "price"),
        "Discount": (text("1{2}"), "discount"),
        "Holiday/Promotion": (text("{1}"), "promo"),
        "Competitor Pricing": (text("29.69"), "ignore"),
    },
    "sales of departments": {
        "Store": (text("{2}"), "place"),
        "Dept": (text("{3}"), "product"),
        "Date": (day("%Y-%m-%d"), "date"),
        "Weekly_Sales": (text("1{0}.25"), "quantity"),
        "IsHoliday": (text("FALSE"), "ignore"),
    },
    "point of sale": {
        "Date": (day("%m/%d/%y"), "date"),
        "Time": (text("10:31:02"), "ignore"),
        "Category": (text("Coffee"), "category"),
        "Item": (text("Drink {3}"), "product_name"),
        "Qty": (text("{2}"), "quantity"),
        "SKU": (text("D{3}"), "product"),
        "Gross Sales": (text("${3}.50"), "ignore"),
        "Net Sales": (text("${3}.50"), "revenue"),
        "Location": (text("Main St"), "place"),
    },
    "french": {
        "Date de vente": (day("%d/%m/%Y"), "date"),
        "Magasin": (text("M{1}"), "place"),
        "Référence": (text("R{3}"), "product"),
        "Désignation": (text("Thé {3}"), "product_name"),
        "Quantité": (text("{2}"), "quantity"),
        "Prix unitaire": (text("{3}.5"), "price"),
        "Montant total": (text("{3}.25"), "revenue"),
    },
    "spanish": {
        "Fecha": (day("%d/%m/%Y"), "date"),
        "Tienda": (text("T{1}"), "place"),
        "Código": (text("C{3}"), "product"),
        "Descripción": (text("Té {3}"), "product_name"),
        "Categoría": (text("Bebidas"), "category"),
        "Unidades": (text("{2}"), "quantity"),
        "Precio": (text("{3}.5"), "price"),
    },
}


@pytest.mark.parametrize("name", EXPORTS)
def test_when_a_program_exports_its_sales_then_the_columns_are_known(
    name: str, tmp_path: Path
) -> None:
    columns = EXPORTS[name]
    lines = [";".join(columns)]
    lines += [";".join(str(cell(i)) for cell, _ in columns.values()) for i in range(ROWS)]
    path = corpus.write(tmp_path, "s.csv", "\n".join(lines).encode())
    sources = open_upload(path, name="s.csv", workspace=tmp_path)
    plan = understand.guess(sources, today=date(2026, 11, 20))
    found = {column.name: column.role for column in plan.files[0].columns}
    assert found == {column.strip(): role for column, (_, role) in columns.items()}
    assert not plan.questions


def test_when_one_column_is_quantity_times_price_then_it_is_the_revenue(tmp_path: Path) -> None:
    lines = [f"2025-01-{d:02d},A{d % 3},{d},2.5,{d * 2.5},{d}" for d in range(1, 29)]
    raw = "date,sku,units,price,xyz,abc\n" + "\n".join(lines)
    path = corpus.write(tmp_path, "s.csv", raw.encode())
    sources = open_upload(path, name="s.csv", workspace=tmp_path)
    plan = understand.guess(sources, today=date(2026, 11, 20))
    (revenue,) = plan.files[0].having("revenue")
    assert (revenue.name, revenue.confidence) == ("xyz", "likely")
    assert revenue.reason.startswith("units × price in 100% of rows")
