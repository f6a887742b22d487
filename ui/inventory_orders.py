"""The order list as a file for the buyer: CSV, or a workbook that opens again as it was."""

import io
from collections.abc import Callable
from datetime import date

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import inventory_settings
from ui import format as fmt
from ui import inventory_facts as facts
from ui import queries, state, table_files
from ui.inventory import View

HEADS = {
    "product_code": "Product code",
    "product": "Product",
    "place_code": "Place code",
    "place": "Place",
    "order_day": "Order on",
    "delivery": "Delivery expected",
    "ordered": "Quantity",
    "pack_size": "Pack size",
    "unit_cost": "Unit cost",
    "order_cost": "Cost",
    "quantity": "Proposed",
    "reason": "Reason for the change",
    "author": "Decided by",
    "on_hand": "In stock",
    "on_order": "On order",
    "sells_out": "Sells out",
}
_DAYS = ("order_day", "delivery", "sells_out")
_MONEY = ("unit_cost", "order_cost")


def downloads(place: DeltaGenerator, view: View) -> None:
    """The Export menu: what is approved, all proposals, moves and settings."""
    approved = view.lines[view.lines["approved"] & (view.lines["ordered"] > 0)]
    wanted = facts.to_order(view.lines)
    label = f"Export {len(approved):,} approved" if len(approved) else "Download"
    with place.popover(
        label, icon=":material/download:", type="primary" if len(approved) else "secondary"
    ):
        if len(approved):
            _button(
                f"{fmt.count(len(approved), 'approved order')} (Excel)",
                lambda: workbook(frame(approved, view.today), view.dataset.currency),
                "orders.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
            _button(
                f"{fmt.count(len(approved), 'approved order')} (CSV)",
                lambda: csv(frame(approved, view.today)),
                "orders.csv",
            )
        else:
            st.caption("Approve lines to export them as orders.")
        _lines(
            lambda: frame(wanted, view.today),
            fmt.count(len(wanted), "proposal"),
            "order-proposals",
        )
        if len(view.moves):
            said = f"{fmt.count(len(view.moves), 'move')} between places"
            _lines(lambda: _moves(view), said, "moves")
        _lines(lambda: _settings(view), "Settings", "stock-settings")


def frame(lines: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """The lines with the columns of a purchase proposal, headed as a buyer reads them."""
    table = lines.assign(order_day=today)[list(HEADS)].reset_index(drop=True)
    for name in _DAYS:
        table[name] = [None if pd.isna(day) else day.date() for day in table[name]]
    for name in ("ordered", "quantity", "on_hand", "on_order"):
        table[name] = table[name].round().astype("Int64")
    table["order_cost"] = table["order_cost"].round(2)
    return table.rename(columns=HEADS)


def csv(table: pd.DataFrame) -> bytes:
    """A CSV that a spreadsheet opens: no cell is a formula."""
    return fmt.cells(table).to_csv(index=False).encode("utf-8-sig")


def workbook(table: pd.DataFrame, currency: str) -> bytes:
    """An Excel file with one sheet; numbers and days are such, and no cell is a formula."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(list(table.columns))
    for values in table.itertuples(index=False):
        sheet.append([None if pd.isna(value) else value for value in values])
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # words stay words, also those that begin like a formula
    formats = {HEADS[name]: "d mmm yyyy" for name in _DAYS}
    sign = currency.replace('"', "")
    formats |= {HEADS[name]: f'"{sign}"#,##0.00' for name in _MONEY}
    formats |= {HEADS[name]: "#,##0" for name in ("ordered", "quantity", "on_hand", "on_order")}
    for at, head in enumerate(table.columns, start=1):
        letter = get_column_letter(at)
        longest = max([len(str(head)), *(len(str(each)) for each in table[head].head(200))])
        sheet.column_dimensions[letter].width = min(longest + 2, 44)
        sheet.cell(1, at).font = Font(bold=True)
        if head in formats:
            for row in range(2, len(table) + 2):
                sheet.cell(row, at).number_format = formats[head]
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _moves(view: View) -> pd.DataFrame:
    names = {
        "product": "Product", "from": "From", "to": "To", "quantity": "Units",
        "money": "Margin saved", "spares": "Order less",
    }  # fmt: skip
    return view.moves[list(names)].round(2).rename(columns=names)


def _settings(view: View) -> pd.DataFrame:
    """The settings as a file that can be imported again, after what was exported was edited."""
    dataset_id = view.dataset.dataset_id
    given = inventory_settings.settings(state.store(), dataset_id)
    products, places = queries.products(dataset_id)["code"], queries.places(dataset_id)["code"]
    return given.assign(
        product=given["product_id"].map(products), place=given["place_id"].map(places)
    )[["class", "product", "place", *inventory_settings.COLUMNS]]


def _lines(source: Callable[[], pd.DataFrame], label: str, stem: str) -> None:
    table_files.buttons(source, label, stem=stem, key=f"inventory-{stem}")


def _button(label: str, data: object, name: str, mime: str = "text/csv") -> None:
    st.download_button(
        label,
        data,  # type: ignore[arg-type]
        file_name=name if not name.startswith("orders") else _dated(name),
        mime=mime,
        on_click="ignore",
        type="tertiary",
        key=f"inventory-{name}",
    )


def _dated(name: str) -> str:
    """The file with today's date, so that two days' orders are two files."""
    stem, _, ending = name.partition(".")
    return f"{stem}-{date.today():%Y-%m-%d}.{ending}"
