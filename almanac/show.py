"""What a command prints: its answer for people or as JSON, and progress on a terminal."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from almanac.connection import Connection

POLL_SECONDS = 1.0
WIDEST = 60  # characters of a cell


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Where a command prints to; quiet and JSON are for scripts and cron."""

    is_json: bool = False
    is_quiet: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    def answer(self, content: Mapping[str, Any], words: str) -> None:
        """The answer, as JSON or in words."""
        if self.is_json:
            print(json.dumps(content, ensure_ascii=False, indent=2), file=self.out)
        elif not self.is_quiet and words:
            print(words, file=self.out)

    def note(self, words: str) -> None:
        """Something beside the answer."""
        if not self.is_json and not self.is_quiet:
            print(words, file=self.err)

    def progress(self, words: str) -> None:
        """One line that replaces the one before; only on a terminal."""
        if not self.is_json and not self.is_quiet and self.err.isatty():
            print(f"\r\x1b[K{words[:100]}", end="", file=self.err, flush=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Rows in columns; `columns` gives the heading of each.

    >>> print(table([{"a": 1, "b": "x"}, {"a": 20, "b": None}], {"a": "Number", "b": "Name"}))
    Number  Name
    1       x
    20      -
    """
    cells = [list(columns.values())]
    cells += [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join(lines)


def wait(connection: Connection, jobs: Sequence[str], screen: Screen) -> list[dict[str, Any]]:
    """The jobs when all are over, with progress meanwhile."""
    while True:
        found = [connection.call("get_job", {"job": job}) for job in jobs]
        if all(each["is_over"] for each in found):
            screen.progress("")
            return found
        screen.progress(_progress(found))
        time.sleep(POLL_SECONDS)


def _progress(jobs: Sequence[Mapping[str, Any]]) -> str:
    over = sum(each["is_over"] for each in jobs)
    running = next((each for each in jobs if each["state"] == "running"), None)
    if running is None:
        return f"{over} of {len(jobs)} jobs done, waiting"
    left = running["eta_seconds"]
    eta = f", about {left:.0f} s left" if left else ""
    share = f"{running['progress']:.0%}"
    return f"{over} of {len(jobs)} jobs done; {running['name']}: {running['stage']} {share}{eta}"


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
