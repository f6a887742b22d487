"""Opening uploads: every encoding, every container, every refusal."""

import codecs
import errno
import gzip
import lzma
import os
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter

from data.errors import FileError
from data.ingest import archives, encoding, sources
from data.ingest.limits import Limits
from data.ingest.plan import Source
from data.ingest.sources import open_upload
from tests.data.ingest import corpus

ROWS = [("2025-01-30", "Käse", "3"), ("2025-01-31", "Brötchen", "4"), ("2025-02-01", "Öl", "5")]
CHINESE = "销售日期,商品编码,商品名称,销量\n" + "".join(
    f"2025-01-{day:02d},A{day % 3},大白兔奶糖原味装,{day}\n" for day in range(1, 29)
)


def open_one(path: Path, folder: Path, **options: Any) -> Source:
    (source,) = open_upload(path, name=path.name, workspace=folder / "work", **options)
    return source


def read_back(source: Source) -> list[tuple[str | None, ...]]:
    """All rows as DuckDB sees them with the options of the source."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in source.columns)
    return duckdb.sql(
        f"SELECT * FROM read_csv('{source.path}', columns={{{columns}}}, auto_detect=false, "
        f"header=false, skip={source.first_line - 1}, delim='{source.delimiter}', "
        f"quote='{source.quote}', escape='{source.quote}')"
    ).fetchall()


def table_text(delimiter: str = ",") -> str:
    lines = [("date", "sku", "units"), *ROWS]
    return "".join(delimiter.join(line) + "\n" for line in lines)


@pytest.mark.parametrize("name", corpus.REFUSED)
def test_when_a_bad_file_is_opened_then_a_plain_message_says_why(name: str, tmp_path: Path) -> None:
    case = corpus.REFUSED[name](tmp_path)
    with pytest.raises(FileError) as refusal:
        open_upload(
            case.path,
            name=case.path.name,
            workspace=tmp_path / "work",
            allowed=case.allowed,
            limits=case.limits,
        )
    message = str(refusal.value)
    assert case.path.name in message
    for word in case.words:
        assert word in message
    assert not list((tmp_path / "work").glob("*"))


@pytest.mark.parametrize(
    ("codec", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("latin-1", "Latin-1"),
    ],
)
def test_when_text_is_encoded_then_letters_survive(codec: str, shown: str, tmp_path: Path) -> None:
    path = corpus.write(tmp_path, "sales.csv", table_text().encode(codec))
    source = open_one(path, tmp_path)
    assert (source.encoding, source.columns) == (shown, ("date", "sku", "units"))
    assert source.sample == tuple(ROWS)
    assert read_back(source) == ROWS


def test_when_text_has_windows_quotes_then_it_is_cp1252(tmp_path: Path) -> None:
    text = table_text().replace("Käse", "Käse “mild” – 5 €")
    source = open_one(corpus.write(tmp_path, "s.csv", text.encode("cp1252")), tmp_path)
    assert source.encoding == "cp1252"
    assert source.sample[0][1] == "Käse “mild” – 5 €"


@pytest.mark.parametrize(
    ("codec", "shown", "text"),
    [
        ("gb18030", "GB18030", CHINESE),
        ("utf-8", "UTF-8", CHINESE),
        ("cp932", "Shift-JIS", CHINESE.replace("大白兔奶糖原味装", "あんパンとクリーム")
         .replace("销售日期", "日付").replace("编码", "番号").replace("销量", "数量")),
    ],
)  # fmt: skip
def test_when_text_is_chinese_or_japanese_then_it_is_recognised(
    codec: str, shown: str, text: str, tmp_path: Path
) -> None:
    raw = text.encode(codec, errors="ignore")
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.encoding == shown
    assert source.columns == tuple(raw.decode(codec).splitlines()[0].split(","))
    assert source.sample[0][2] in text


def test_when_few_bytes_are_broken_then_the_rest_stays_utf8(tmp_path: Path) -> None:
    lines = [f"2025-01-{i % 28 + 1:02d},Käse{i},{i}" for i in range(300)]
    raw = ("date,sku,units\n" + "\n".join(lines)).encode().replace(b"K\xc3\xa4se7,", b"K\xc3se7,")
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.encoding == "UTF-8"
    assert "1 letters could not be read" in source.notes[0]
    assert source.sample[8][1] == "Käse8"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_when_delimiters_differ_then_they_are_found(delimiter: str, tmp_path: Path) -> None:
    source = open_one(corpus.write(tmp_path, "s.csv", table_text(delimiter).encode()), tmp_path)
    assert source.delimiter == delimiter
    assert source.path == tmp_path / "s.csv"
    assert read_back(source) == ROWS


def test_when_numbers_have_decimal_commas_then_semicolons_split(tmp_path: Path) -> None:
    raw = b"datum;menge;preis\n31.01.2025;1,5;2,10\n01.02.2025;2,5;3,10\n"
    assert open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path).delimiter == ";"


def test_when_excel_names_the_separator_then_that_line_is_skipped(tmp_path: Path) -> None:
    raw = b"sep=;\r\ndate;sku;units\r\n2025-01-31;A,1;3\r\n"
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert (source.first_line, source.sample) == (3, (("2025-01-31", "A,1", "3"),))


def test_when_a_report_has_a_title_then_the_header_is_found_below(tmp_path: Path) -> None:
    raw = "Sales report 2025\nprinted by ERP\n\n" + table_text()
    source = open_one(corpus.write(tmp_path, "s.csv", raw.encode()), tmp_path)
    assert source.columns == ("date", "sku", "units")
    assert source.first_line == 5
    assert read_back(source) == ROWS
    assert "above the header" in source.notes[0]


def test_when_there_is_no_header_then_columns_are_numbered(tmp_path: Path) -> None:
    raw = "".join(",".join(row) + "\n" for row in ROWS).encode()
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert not source.has_header
    assert source.columns == ("Column 1", "Column 2", "Column 3")
    assert read_back(source) == ROWS


def test_when_there_is_a_mark_but_no_header_then_the_first_cell_is_clean(tmp_path: Path) -> None:
    raw = "".join(",".join(row) + "\r\n" for row in ROWS).encode("utf-8-sig")
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.path == tmp_path / "s.csv"
    assert source.sample == tuple(ROWS)
    assert read_back(source) == ROWS


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("2025-01-31,A1,3,", ("date", "sku", "units", "Column 4")),
        ("17,2025-01-31,A1,3", ("Column 1", "date", "sku", "units")),
    ],
)
def test_when_the_header_lacks_one_name_then_it_is_completed(
    row: str, columns: tuple[str, ...], tmp_path: Path
) -> None:
    raw = f"date,sku,units\n{row}\n{row}\n".encode()
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert (source.columns, source.first_line) == (columns, 2)


def test_when_headers_repeat_or_are_missing_then_each_gets_a_name(tmp_path: Path) -> None:
    raw = b"date,Price,price,,\n2025-01-31,1,2,3,\n2025-02-01,1,2,3,\n"
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.columns == ("date", "Price", "price (2)", "Column 4", "Column 5")


def test_when_the_last_row_is_a_total_then_a_note_says_so(tmp_path: Path) -> None:
    raw = table_text() + "Total,,12\n"
    source = open_one(corpus.write(tmp_path, "s.csv", raw.encode()), tmp_path)
    assert "looks like a total" in source.notes[-1]


def test_when_cells_hold_line_breaks_then_rows_stay_whole(tmp_path: Path) -> None:
    raw = b'date,name,units\n2025-01-31,"two\nlines",3\n2025-02-01,plain,4\n'
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.sample[0] == ("2025-01-31", "two\nlines", "3")


def test_when_lines_end_as_on_old_macs_then_they_are_read(tmp_path: Path) -> None:
    raw = table_text().replace("\n", "\r").encode()
    source = open_one(corpus.write(tmp_path, "s.csv", raw), tmp_path)
    assert source.sample == tuple(ROWS)
    assert read_back(source) == ROWS


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "s.csv.gz"), (lzma.compress, "s.xz")])
def test_when_a_file_is_packed_then_it_is_unpacked_once(
    pack: Any, name: str, tmp_path: Path
) -> None:
    source = open_one(corpus.write(tmp_path, name, pack(table_text().encode())), tmp_path)
    assert source.name == name
    assert source.path.parent == tmp_path / "work"
    assert read_back(source) == ROWS


def test_when_a_zip_holds_several_files_then_each_is_a_source(tmp_path: Path) -> None:
    members = {
        "deep/../../orders.csv": table_text().encode(),
        "__MACOSX/._orders.csv": b"junk",
        "werte.csv": table_text(";").encode("latin-1"),
        "readme.txt": b"These are our sales.\nEnjoy.\n",
    }
    path = corpus.write(tmp_path, "all.zip", corpus.zipped(members))
    found = open_upload(path, name="all.zip", workspace=tmp_path / "work")
    assert [s.name for s in found] == ["all.zip › orders.csv", "all.zip › werte.csv"]
    assert {s.path.parent for s in found} == {tmp_path / "work"}
    assert len({s.fingerprint for s in found}) == 1
    assert any("readme.txt was left out" in note for note in found[0].notes)


def test_when_a_packed_file_is_transcoded_then_one_copy_stays(tmp_path: Path) -> None:
    raw = gzip.compress(table_text().encode("latin-1"))
    source = open_one(corpus.write(tmp_path, "s.csv.gz", raw), tmp_path)
    assert source.sample == tuple(ROWS)
    assert list((tmp_path / "work").iterdir()) == [source.path]


def test_when_windows_packed_chinese_names_then_they_are_repaired(tmp_path: Path) -> None:
    raw = corpus.zipped({"ABCD.csv": table_text().encode()})
    raw = raw.replace(b"ABCD", "销售".encode("gbk"))
    path = corpus.write(tmp_path, "all.zip", raw)
    (source,) = open_upload(path, name="all.zip", workspace=tmp_path / "work")
    assert source.name == "all.zip › 销售.csv"


def workbook(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy"}) as book:
        sheet = book.add_worksheet("Verkauf")
        sheet.write(0, 0, "Report for January")
        sheet.write_row(2, 0, ["Datum", "Artikelnummer", "Menge", "Preis", "Summe"])
        for row, units in enumerate((3, 4, 5), start=3):
            sheet.write_datetime(row, 0, datetime(2025, 1, 30) + timedelta(days=row - 3))
            sheet.write(row, 1, 1234567890123)
            sheet.write(row, 2, units)
            sheet.write(row, 3, 0.1)
            sheet.write_formula(row, 4, f"=C{row + 1}*D{row + 1}", None, units / 10)
        book.add_worksheet("Leer")
        hidden = book.add_worksheet("Lager")
        hidden.write_row(0, 0, ["Artikelnummer", "Bestand"])
        hidden.write_row(1, 0, ["A\nB", 7])
        hidden.hide()
    return path


def test_when_a_workbook_is_opened_then_every_filled_sheet_is_a_source(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx")
    sales, stock = open_upload(path, name="book.xlsx", workspace=tmp_path / "work")
    assert sales.name == "book.xlsx › Verkauf"
    assert (sales.first_line, sales.rows) == (4, 3)
    assert sales.sample[0] == ("2025-01-30", "1234567890123", "3", "0.1", "0.3")
    assert read_back(sales)[2] == ("2025-02-01", "1234567890123", "5", "0.1", "0.5")
    assert "3 formulas" in sales.notes[0]
    assert "hidden" in stock.notes[0]
    assert stock.sample == (("A B", "7"),)


def test_when_an_old_workbook_is_opened_then_it_is_read_too(tmp_path: Path) -> None:
    raw = corpus.old_workbook([["Datum", "SKU", "Menge"], ["2025-01-31", "Käse", 3.5]])
    source = open_one(corpus.write(tmp_path, "old.xls", raw), tmp_path)
    assert source.name == "old.xls › Verkau"
    assert source.columns == ("Datum", "SKU", "Menge")
    assert source.sample == (("2025-01-31", "Käse", "3.5"),)


def test_when_some_sheets_hold_no_table_then_they_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Read me").write(0, 0, "Numbers of 2025, see the next sheet")
        sheet = book.add_worksheet("Sales")
        sheet.write_row(0, 0, ["sku", "2025-01-30", "2025-01-31"])
        sheet.write_row(1, 0, ["A1", 3, 4])
    (source,) = open_upload(path, name="book.xlsx", workspace=tmp_path / "work")
    assert source.name == "book.xlsx › Sales"
    assert "Sheet Read me was left out" in source.notes[-1]
    assert list((tmp_path / "work").iterdir()) == [source.path]


def test_when_parquet_is_opened_then_it_is_used_in_place(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    duckdb.sql(
        "SELECT DATE '2025-01-01' + range::INT AS day, 'A' || range % 7 AS sku, "
        "range / 4 AS units FROM range(5000)"
    ).write_parquet(str(path))
    source = open_one(path, tmp_path)
    assert (source.format, source.rows, source.path) == ("parquet", 5000, path)
    assert source.columns == ("day", "sku", "units")
    assert source.sample[0] == ("2025-01-01", "A0", "0.0")
    assert len(source.sample) == 1000
    assert source.sample[-1][0] == (date(2025, 1, 1) + timedelta(days=4999)).isoformat()


def large_file(folder: Path) -> Path:
    path = folder / "large.csv"
    with path.open("w") as file:
        file.write("date,sku,note,units\n")
        for i in range(220_000):
            file.write(f'{i % 12 + 1}/{i // 12000 + 1}/2025,A{i},"a, ""b""",{i}\n')
    return path


def test_when_a_file_is_large_then_the_sample_is_spread_over_it(tmp_path: Path) -> None:
    path = large_file(tmp_path)
    assert path.stat().st_size > 5_000_000
    source = open_one(path, tmp_path)
    units = [int(row[3] or 0) for row in source.sample]
    assert source.path == path
    assert 900 <= len(units) <= 1000
    assert units == sorted(units)
    assert units[0] == 0
    assert units[-1] == 219_999
    assert max(b - a for a, b in pairwise(units)) < 8_000
    assert not list((tmp_path / "work").iterdir())


def test_when_bytes_are_the_same_then_so_is_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = corpus.write(tmp_path, "a.csv", table_text().encode())
    second = corpus.write(tmp_path, "b.csv", table_text().encode())
    third = corpus.write(tmp_path, "c.csv", table_text().encode() + b"\n")
    assert sources.fingerprint_of(first) == sources.fingerprint_of(second)
    assert sources.fingerprint_of(first) != sources.fingerprint_of(third)
    monkeypatch.setattr(sources, "HASH_WHOLE_BELOW", 1_000_000)
    large = large_file(tmp_path)
    before = sources.fingerprint_of(large)
    with large.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"0")
    assert sources.fingerprint_of(large) != before


def test_when_a_large_file_is_judged_by_spots_then_a_legacy_encoding_is_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "WHOLE_BELOW", 10_000)
    rows = "".join(f"2025-01-01,Käse {i},{i}\n" for i in range(5000))
    path = corpus.write(tmp_path, "s.csv", f"date,sku,units\n{rows}".encode("latin-1"))
    assert encoding.judge(path, "s.csv").name == "Latin-1"


def test_when_the_disk_is_full_then_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus.write(tmp_path, "s.csv.gz", gzip.compress(table_text().encode() * 1000))

    def full(self: Any, block: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.BoundedWriter, "write", full)
    with pytest.raises(FileError, match="disk is full"):
        open_one(path, tmp_path)
    assert not list((tmp_path / "work").iterdir())


def test_when_unpacking_would_fill_the_disk_then_it_stops_before(tmp_path: Path) -> None:
    path = corpus.write(tmp_path, "s.csv.gz", gzip.compress(table_text().encode()))
    with pytest.raises(FileError, match="disk is full"):
        open_one(path, tmp_path, limits=Limits(spare_disk_bytes=10**15))
    assert not list((tmp_path / "work").iterdir())


def test_when_a_server_file_is_inside_the_folder_then_it_is_read(tmp_path: Path) -> None:
    path = corpus.write(tmp_path, "s.csv", table_text().encode())
    assert open_one(path, tmp_path, allowed=tmp_path).columns == ("date", "sku", "units")


def test_when_names_are_hostile_then_they_stay_text(tmp_path: Path) -> None:
    source = open_one(corpus.hostile_names(tmp_path), tmp_path)
    assert {row[1] for row in source.sample} == set(corpus.HOSTILE)
    assert source.columns[3] == "<b>note</b>"
    assert codecs.BOM_UTF8.decode() not in source.columns[0]
