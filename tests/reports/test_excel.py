"""The workbook: read back with openpyxl, native charts, and no word that is a formula."""

import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace

import openpyxl
import openpyxl.utils
import pandas as pd
import pytest

import reports
from reports import ForecastFacts, ModelFacts, ReportError
from tests.reports.conftest import HOSTILE
from tests.reports.plans import make_orders

Facts = Callable[..., ForecastFacts]


def opened(facts: ForecastFacts) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(reports.excel(reports.forecast_review(facts))))


def make_rows(count: int) -> pd.DataFrame:
    times = pd.date_range("2026-11-16", periods=count, freq="W-MON")
    return pd.DataFrame(
        {
            "product": [HOSTILE[n % len(HOSTILE)] for n in range(count)],
            "place": "Berlin",
            "timestamp": times,
            "mean": 1.5,
            "q0.1": float("nan"),
            "q0.9": float("inf"),
        }
    )


def test_when_a_review_is_written_then_each_section_is_a_sheet_with_its_numbers(
    forecast_facts: Facts,
) -> None:
    facts = forecast_facts(rows=make_rows(11))
    book = opened(facts)
    assert book.sheetnames[:3] == ["Summary", "History and forecast", "What moves"]
    assert book.sheetnames[-2:] == ["All rows", "Notes"]
    cells = [cell.value for row in book["History and forecast"].iter_rows() for cell in row]
    numbers = [round(value, 4) for value in cells if isinstance(value, float)]
    assert round(float(facts.outlook.future["mean"].iloc[0]), 4) in numbers
    assert book["All rows"].freeze_panes == "A2"
    assert book["All rows"].auto_filter.ref


def test_when_names_look_like_formulas_then_cells_hold_them_as_text(forecast_facts: Facts) -> None:
    facts = forecast_facts(name="=1+1", names=HOSTILE, rows=make_rows(len(HOSTILE)))
    book = opened(facts)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if cell.hyperlink]
    words = {cell.value for cell in book["All rows"]["A"]}
    assert {'=HYPERLINK("http://example.invalid","x")', "+1+1", "咖啡豆 · 特级"} <= words


def test_when_a_value_is_unknown_then_its_cell_is_empty(forecast_facts: Facts) -> None:
    sheet = opened(forecast_facts(rows=make_rows(3)))["All rows"]
    assert [sheet["D2"].value, sheet["E2"].value, sheet["F2"].value] == [1.5, None, None]
    assert sheet["C2"].is_date


def test_when_there_are_charts_then_they_are_native(forecast_facts: Facts) -> None:
    made = reports.excel(reports.forecast_review(forecast_facts()))
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 3  # the fan, the movers, the errors


def test_when_sections_share_a_name_then_sheets_do_not(
    product_facts: Callable[..., reports.ProductFacts], setting: Callable[..., reports.Setting]
) -> None:
    products = tuple(product_facts(name) for name in ("A/B:*?" * 20, "A/B:*?" * 20, "'", "History"))
    made = reports.excel(reports.product_sheets(products, setting()))
    names = openpyxl.load_workbook(io.BytesIO(made)).sheetnames
    assert len(names) == len({name.lower() for name in names}) == 6


def test_when_it_is_chinese_then_sheets_and_dates_are(
    model_facts: Callable[..., ModelFacts], forecast_facts: Facts
) -> None:
    made = reports.excel(reports.model_card(model_facts("zh")))
    assert "校准" in openpyxl.load_workbook(io.BytesIO(made)).sheetnames
    sheet = opened(forecast_facts("zh", rows=make_rows(2)))["全部预测"]
    assert "年" in sheet["C2"].number_format


def test_when_there_are_too_many_rows_then_the_error_names_the_way_out(
    forecast_facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["reports.excel"], "MOST_ROWS", 2)
    with pytest.raises(ReportError, match="Narrow the scope"):
        reports.excel(reports.forecast_review(forecast_facts(rows=make_rows(3))))


def test_when_the_disk_is_full_then_the_error_says_so(
    forecast_facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(ReportError, match="No space left"):
        reports.excel(reports.forecast_review(forecast_facts()))


def test_when_many_days_are_listed_then_no_number_behind_a_chart_stands_on_them(
    forecast_facts: Facts,
) -> None:
    """56 days fill 58 columns; the numbers behind the chart go beside them, and not to paper."""
    facts = forecast_facts()
    times = pd.date_range("2026-11-16", periods=56, freq="D")
    draws = pd.Series(range(1000, 1056), dtype=float)
    future = pd.DataFrame(
        {"timestamp": times, "mean": draws, "q0.1": 1.0, "q0.9": 2.0, "last_year": 3.0}
    )
    past = pd.date_range(end="2026-11-15", periods=400, freq="D")
    history = pd.DataFrame({"timestamp": past, "value": 5.0, "stockout_share": 0.0})
    made = replace(facts.outlook, history=history, future=future)
    facts = replace(facts, outlook=made, setting=replace(facts.setting, freq="D"))
    sheet = opened(facts)["History and forecast"]
    row = next(row for row in sheet.iter_rows(max_col=1) if row[0].value == "Forecast")[0].row
    shown = [sheet.cell(row, column).value for column in range(2, 59)]
    assert shown == [*draws, draws.sum()]
    behind = [cell.column for cell in sheet[4] if cell.value is not None]
    assert min(behind) > 58
    area = str(sheet.print_area).replace("$", "").rpartition(":")[2]
    last = openpyxl.utils.column_index_from_string(area.rstrip("0123456789"))
    assert 58 <= last < min(behind)


def test_when_a_paragraph_is_long_then_it_runs_over_columns_in_a_high_row(
    forecast_facts: Facts,
) -> None:
    sheet = opened(forecast_facts(names=("咖啡" * 60, "Tea", "=1+1")))["Summary"]
    row = next(
        row[0].row for row in sheet.iter_rows(min_row=4, max_col=1) if "咖啡" in str(row[0].value)
    )
    assert f"A{row}:H{row}" in [str(each) for each in sheet.merged_cells.ranges]
    assert sheet.row_dimensions[row].height >= 45
    assert sheet.cell(row, 1).alignment.wrap_text


def test_when_there_are_many_bars_then_the_chart_is_high_enough_to_name_them(
    setting: Callable[..., reports.Setting],
) -> None:
    names = tuple(f"Place {number}" for number in range(28))
    facts = make_orders(setting(), names=("Coffee",) * 28)
    facts = replace(facts, lines=facts.lines.assign(place=list(names)[: len(facts.lines)]))
    book = openpyxl.load_workbook(io.BytesIO(reports.excel(reports.order_proposal(facts))))
    anchor = book["Orders by place"]._charts[0].anchor
    assert anchor.to.row - anchor._from.row >= 28
