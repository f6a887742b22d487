"""What a file is, judged by its first bytes and never by its name."""

from pathlib import Path
from typing import Literal

from data.errors import FileError

Kind = Literal["gzip", "xz", "zip", "parquet", "ole", "text"]

READABLE: tuple[tuple[bytes, Kind], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
)
FOREIGN = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a sound, film or WebP picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a Windows program"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"{\\rtf", "a Rich Text document"),
)
REMEDY = "Save the table as CSV, Excel or Parquet and upload that."


def kind_of(path: Path, name: str) -> Kind:
    """The kind of the file at `path`, which the user knows as `name`.

    Raises `FileError` where it is empty or something that holds no table.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise FileError(f"{name} is empty (0 bytes). Export it again and upload the new file.")
    for start, kind in READABLE:
        if head.startswith(start):
            return kind
    for start, words in FOREIGN:
        if head.startswith(start):
            raise FileError(f"{name} is not a table: it looks like {words}. {REMEDY}")
    if head[4:19] in (b"Standard Jet DB", b"Standard ACE DB"):
        raise FileError(f"{name} is not a table: it looks like an Access database. {REMEDY}")
    return "text"


def refuse_markup(start: str, name: str) -> None:
    """Raise `FileError` where text is a web page, XML or JSON instead of lines of a table."""
    text = start.lstrip("\ufeff \t\r\n")[:200].lower()
    if text.startswith(("<!doctype html", "<html", "<head", "<table", "<meta")):
        raise FileError(
            f"{name} holds a web page instead of a table. If it comes from a download, you may "
            "have to sign in first; if it opens in Excel, save it there as .xlsx and upload that."
        )
    if text.startswith("<?xml"):
        raise FileError(f"{name} holds XML instead of a table. {REMEDY}")
    if text.startswith(("{", "[{", "[\n", "[[")):
        raise FileError(f"{name} holds JSON instead of a table. {REMEDY}")
