"""Bad inputs, built by code: each with the words that the plain message must hold.

`REFUSED` are refused when they are opened. `STRANGE` can be opened: their rows are judged one by
one, or their text is hostile and must stay text.
"""

import gzip
import io
import lzma
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import xlsxwriter

from data.ingest.limits import Limits

SALES = b"date,sku,units\n2025-01-30,A1,3\n2025-01-31,A2,4\n2025-02-01,A1,5\n"
SMALL_LIMITS = Limits(
    max_unpacked_bytes=8_000_000, ratio_from_bytes=1_000_000, max_ratio=50, spare_disk_bytes=0
)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))
HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "'; DROP TABLE sales; --")


@dataclass(frozen=True, kw_only=True)
class Case:
    path: Path
    words: tuple[str, ...]  # all of them must be in the message
    allowed: Path | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen, so shared safely


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def empty_file(folder: Path) -> Case:
    return Case(path=write(folder, "empty.csv", b""), words=("empty", "Export it again"))


def old_workbook(rows: list[list[str | float]]) -> bytes:
    """A minimal .xls: BIFF8 records of one sheet in a compound file of 512-byte sectors."""

    def record(code: int, body: bytes) -> bytes:
        return struct.pack("<HH", code, len(body)) + body

    def start(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0, 0x0600))

    cells = b""
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            place = struct.pack("<HHH", r, c, 0)
            if isinstance(cell, str):
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                cells += record(0x0204, place + text)
            else:
                cells += record(0x0203, place + struct.pack("<d", cell))
    end = record(0x000A, b"")
    head = start(0x0005) + record(0x0042, struct.pack("<H", 1200))
    offset = len(head) + 4 + 14 + len(end)
    head += record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 6, 0) + b"Verkau") + end
    size = struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0)
    stream = head + start(0x0010) + record(0x0200, size) + cells + end
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    last, free = 0xFFFFFFFE, 0xFFFFFFFF
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, last, 0, last, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    chain = [0xFFFFFFFD, last, *range(3, 2 + sectors), last]
    table = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(name: str, kind: int, child: int, first: int, length: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        links = struct.pack("<HBBIII", len(raw), kind, 1, free, free, child)
        return raw.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", first, length)

    folder = entry("Root Entry", 5, 1, last, 0) + entry("Workbook", 2, free, 2, len(stream))
    return header + table + folder.ljust(512, b"\0") + stream


def blank_file(folder: Path) -> Case:
    return Case(path=write(folder, "blank.csv", b"\n\n  \n,,,\n"), words=("empty",))


def header_only(folder: Path) -> Case:
    path = write(folder, "header.csv", b"date,sku,units\n")
    return Case(path=path, words=("header in line 1", "no rows"))


def header_only_workbook(folder: Path) -> Case:
    path = folder / "header.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_row(0, 0, ["date", "sku", "units"])
    return Case(path=path, words=("header", "no rows"))


def picture(folder: Path) -> Case:
    return Case(path=write(folder, "sales.csv", PNG), words=("a PNG picture", "CSV"))


def pdf(folder: Path) -> Case:
    path = write(folder, "sales.csv", b"%PDF-1.7\n" + bytes(range(256)))
    return Case(path=path, words=("a PDF document",))


def unknown_binary(folder: Path) -> Case:
    noise = random.Random(0).randbytes(4000).replace(b"\0", b"\x07")
    return Case(path=write(folder, "sales.csv", b"\x01\x02" + noise), words=("binary data",))


def web_page(folder: Path) -> Case:
    path = write(folder, "sales.xls", b"<html><body><table><tr><td>1</td></tr></table></body>")
    return Case(path=path, words=("a web page", ".xlsx"))


def json_text(folder: Path) -> Case:
    path = write(folder, "sales.csv", b'[{"date": "2025-01-01", "units": 3}]')
    return Case(path=path, words=("JSON",))


def nul_bytes(folder: Path) -> Case:
    path = write(folder, "nul.csv", SALES + b"2025-02-02,A\x001,3\n")
    return Case(path=path, words=("NUL byte", "line 5"))


def single_column(folder: Path) -> Case:
    path = write(folder, "one.csv", b"sales\n1\n2\n3\n")
    return Case(path=path, words=("single column", "semicolon"))


def five_thousand_columns(folder: Path) -> Case:
    header = ",".join(f"col{i}" for i in range(5000))
    row = ",".join("1" for _ in range(5000))
    path = write(folder, "wide.csv", f"{header}\n{row}\n{row}\n".encode())
    return Case(path=path, words=("5,000 columns", "not dates"))


def nested_zip(folder: Path) -> Case:
    path = write(folder, "outer.zip", zipped({"inner.zip": zipped({"a.csv": SALES})}))
    return Case(path=path, words=("another archive", "inner.zip", "unpack it"))


def disguised_nested_zip(folder: Path) -> Case:
    path = write(folder, "outer.zip", zipped({"inner.csv": zipped({"a.csv": SALES})}))
    return Case(path=path, words=("another archive", "inner.csv"))


def zip_with_password(folder: Path) -> Case:
    content = bytearray(zipped({"a.csv": SALES}))
    content[6] |= 1  # the flag of the local header and that of the directory: "encrypted"
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return Case(path=write(folder, "locked.zip", bytes(content)), words=("password", "a.csv"))


def workbook_with_password(folder: Path) -> Case:
    """What Excel writes for an encrypted .xlsx begins like this: an OLE file with one stream."""
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    content += "EncryptedPackage".encode("utf-16-le") + bytes(4096)
    path = write(folder, "locked.xlsx", content)
    return Case(path=path, words=("password", "save a copy"))


def zip_bomb(folder: Path) -> Case:
    path = write(folder, "bomb.zip", zipped({"zeros.csv": b"0," * 3_000_000}))
    return Case(path=path, words=("zip bomb", "not opened"), limits=SMALL_LIMITS)


def gzip_bomb(folder: Path) -> Case:
    path = write(folder, "bomb.csv.gz", gzip.compress(b"0," * 3_000_000))
    return Case(path=path, words=("zip bomb",), limits=SMALL_LIMITS)


def xz_bomb(folder: Path) -> Case:
    path = write(folder, "bomb.csv.xz", lzma.compress(b"0," * 3_000_000))
    return Case(path=path, words=("zip bomb",), limits=SMALL_LIMITS)


def too_large_unpacked(folder: Path) -> Case:
    noise = random.Random(1).randbytes(1_500_000).hex().encode()  # packs to half: no bomb
    limits = Limits(max_unpacked_bytes=2_000_000, spare_disk_bytes=0)
    path = write(folder, "large.csv.gz", gzip.compress(noise, 1))
    return Case(path=path, words=("unpacks to more than 1.91 MB",), limits=limits)


def lying_zip(folder: Path) -> Case:
    """A bomb whose headers claim a small size is stopped at that size: its checksum is wrong."""
    content = bytearray(zipped({"zeros.csv": b"0," * 3_000_000}))
    struct.pack_into("<I", content, 22, 1000)
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 1000)
    path = write(folder, "lying.zip", bytes(content))
    return Case(path=path, words=("damaged",), limits=SMALL_LIMITS)


def far_away_cell(folder: Path) -> Case:
    """One cell at XFD1048576 would make a reader fill 17 billion cells."""
    path = folder / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["date", "sku", "units"])
        sheet.write_row(1, 0, ["2025-01-31", "A1", 3])
        sheet.write(1_048_575, 16_383, "x")
    return Case(path=path, words=("1,048,576 rows", "single cell"))


def unsaved_formulas(folder: Path) -> Case:
    """openpyxl writes formulas without their results, as other programs do."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["date", "sku", "units"])
    for row in range(2, 6):
        sheet.append([f"=TODAY()-{row}", f'="A"&{row}', f"={row}*2"])
    path = folder / "formulas.xlsx"
    book.save(path)
    return Case(path=path, words=("formulas", "Open it in Excel, save it"))


def cut_gzip(folder: Path) -> Case:
    content = gzip.compress(random.Random(2).randbytes(50_000).hex().encode())
    path = write(folder, "cut.csv.gz", content[: len(content) // 2])
    return Case(path=path, words=("ends too early", "Upload it again"))


def cut_xz(folder: Path) -> Case:
    content = lzma.compress(random.Random(3).randbytes(50_000).hex().encode())
    path = write(folder, "cut.csv.xz", content[: len(content) // 2])
    return Case(path=path, words=("ends too early",))


def cut_zip(folder: Path) -> Case:
    content = zipped({"a.csv": SALES * 500})
    path = write(folder, "cut.zip", content[: len(content) // 2])
    return Case(path=path, words=("ends too early",))


def cut_workbook(folder: Path) -> Case:
    whole = folder / "whole.xlsx"
    with xlsxwriter.Workbook(str(whole)) as book:
        book.add_worksheet().write_row(0, 0, ["date", "sku", "units"])
    content = whole.read_bytes()
    path = write(folder, "cut.xlsx", content[: len(content) // 2])
    return Case(path=path, words=("ends too early",))


def cut_parquet(folder: Path) -> Case:
    whole = folder / "whole.parquet"
    duckdb.sql("SELECT range AS a, range AS b FROM range(1000)").write_parquet(str(whole))
    path = write(folder, "cut.parquet", whole.read_bytes()[:2000])
    return Case(path=path, words=("ends too early",))


def empty_parquet(folder: Path) -> Case:
    path = folder / "none.parquet"
    duckdb.sql("SELECT range AS a, range AS b FROM range(0)").write_parquet(str(path))
    return Case(path=path, words=("no rows",))


def outside_folder(folder: Path) -> Case:
    allowed = folder / "allowed"
    allowed.mkdir()
    path = write(folder, "secret.csv", SALES)
    return Case(path=path, words=("outside the folder",), allowed=allowed)


def dotted_path(folder: Path) -> Case:
    case = outside_folder(folder)
    assert case.allowed is not None
    return Case(path=case.allowed / ".." / "secret.csv", words=case.words, allowed=case.allowed)


def link_out_of_folder(folder: Path) -> Case:
    case = outside_folder(folder)
    assert case.allowed is not None
    link = case.allowed / "innocent.csv"
    link.symlink_to(case.path)
    return Case(path=link, words=case.words, allowed=case.allowed)


def missing_file(folder: Path) -> Case:
    return Case(path=folder / "nowhere.csv", words=("missing",))


def a_folder(folder: Path) -> Case:
    return Case(path=folder, words=("a folder",))


REFUSED: dict[str, Callable[[Path], Case]] = {
    function.__name__: function
    for function in (
        empty_file, blank_file, header_only, header_only_workbook, picture, pdf, unknown_binary,
        web_page, json_text, nul_bytes, single_column, five_thousand_columns, nested_zip,
        disguised_nested_zip, zip_with_password, workbook_with_password, zip_bomb, gzip_bomb,
        xz_bomb, too_large_unpacked, lying_zip, far_away_cell, unsaved_formulas, cut_gzip, cut_xz,
        cut_zip, cut_workbook, cut_parquet, empty_parquet, outside_folder, dotted_path,
        link_out_of_folder, missing_file, a_folder,
    )
}  # fmt: skip


def unbalanced_quotes(folder: Path) -> Path:
    """Line 3 opens a quote that closes only two lines later: those lines must be refused."""
    rows = [b"date,sku,units", b"2025-01-30,A1,3", b'2025-01-31,"A2,4', b"2025-02-01,A1,5"]
    rows += [b'2025-02-02,"A3",6', b"2025-02-03,A1,7"]
    return write(folder, "quotes.csv", b"\n".join(rows) + b"\n")


def unreadable_dates(folder: Path) -> Path:
    rows = b"".join(b"someday %d,A1,%d\n" % (i, i) for i in range(20))
    return write(folder, "dates.csv", b"date,sku,units\n" + rows)


def hostile_names(folder: Path) -> Path:
    """Names that would be code if anything executed them; also as a header."""
    lines = ['date,sku,units,"<b>note</b>"']
    for day, name in enumerate(HOSTILE * 4, start=1):
        lines.append(f'2025-01-{day:02d},"{name}",{day},"x"')
    return write(folder, "hostile.csv", "\n".join(lines).encode())


def broken_rows(folder: Path) -> Path:
    """Rows with too few and too many cells between good ones."""
    return write(folder, "broken.csv", SALES + b"2025-02-02,A1\n2025-02-03,A1,4,5,6\n" + SALES[15:])


def ambiguous_dates(folder: Path) -> Path:
    rows = b"".join(b"%02d/%02d/2025,A1,%d\n" % (d, m, d) for m in range(1, 5) for d in range(1, 9))
    return write(folder, "ambiguous.csv", b"date,sku,units\n" + rows)


STRANGE: dict[str, Callable[[Path], Path]] = {
    function.__name__: function
    for function in (
        unbalanced_quotes, unreadable_dates, hostile_names, broken_rows, ambiguous_dates,
    )
}  # fmt: skip
