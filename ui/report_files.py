"""Built reports, kept as files: one build for all who ask at once, and none the second time.

Files lie in the folder of Almanac's things, named by what is in them, so nothing is ever out of
date; the oldest go when there are many. A disk that is full keeps nobody from a download.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import streamlit as st

import reports
from engine import files
from reports import Paper, Review, Style
from ui import settings

log = logging.getLogger("almanac")

MOST_FILES = 120
MOST_BYTES = 1_000_000_000
LARGE_ROWS = 20_000  # of the workbook, from which files are built before they are asked for
LARGE_SECTIONS = 16
MIMES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
}


class _Desk:
    """A lock per file, so that others wait for one build instead of doing it too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}

    def of(self, name: str) -> threading.Lock:
        with self._lock:
            return self._busy.setdefault(name, threading.Lock())

    def drop(self, name: str) -> None:
        with self._lock:
            self._busy.pop(name, None)


def is_large(made: Review) -> bool:
    """Whether its files take so long that they are built with the report."""
    rows = 0 if made.rows is None else len(made.rows)
    return rows > LARGE_ROWS or len(made.sections) > LARGE_SECTIONS


def file(made: Review, ending: str, *, paper: Paper, style: Style) -> bytes:
    """The report as `pdf`, `xlsx` or `html`, kept or built now. Raises `ReportError`."""
    render: dict[str, Callable[[], bytes]] = {
        "pdf": lambda: reports.pdf(made, paper=paper, style=style),
        "xlsx": lambda: reports.excel(made, paper=paper, style=style),
        "html": lambda: reports.html(made, style=style),
    }
    name = f"{_digest(made, ending)}-{paper}-{style.digest()}.{ending}"
    with _desk().of(name):
        path = folder() / name
        if path.is_file():
            path.touch()
            return path.read_bytes()
        content = render[ending]()
        _keep(path, content)
    _desk().drop(name)
    return content


def folder() -> Path:
    """Where they lie."""
    return settings.from_environment().var / "reports" / "files"


def _digest(made: Review, ending: str) -> str:
    """Of all that the file shows: its rows too, where it has them."""
    digest = made.digest()[:32]
    if ending == "xlsx" and made.rows is not None:
        text = made.rows.astype({each: str for each in made.rows.select_dtypes("object")})
        hashed = pd.util.hash_pandas_object(text, index=False).to_numpy().tobytes()
        digest += hashlib.sha256(hashed).hexdigest()[:16]
    return digest


def _keep(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path, durable=False) as fresh:
            fresh.write_bytes(content)
        _tidy(path.parent)
    except OSError as error:
        log.warning("The report %s cannot be kept for a second download: %s", path, error)


def _tidy(where: Path) -> None:
    """Drop the files that were longest not asked for."""
    found = sorted(where.glob("*-*-*.*"), key=lambda each: -each.stat().st_mtime)
    total = 0
    for number, each in enumerate(found):
        total += each.stat().st_size
        if number >= MOST_FILES or (total > MOST_BYTES and number):
            each.unlink(missing_ok=True)


@st.cache_resource(show_spinner=False)
def _desk() -> _Desk:
    return _Desk()
