"""Imports go downwards only: almanac -> api, pages -> ui -> engine, reports -> library, data."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"almanac", "api", "pages", "ui", "engine", "reports", "forecasting", "data", "app"}
MAY_IMPORT = {
    "almanac": {"almanac", "api", "ui", "data"},
    "api": {"api", "ui", "engine", "reports", "forecasting", "data"},
    "pages": {"ui"},
    "ui": {"ui", "engine", "reports", "forecasting", "data"},
    "engine": {"engine", "forecasting"},
    "reports": {"reports", "forecasting", "data"},
    "forecasting": {"forecasting"},
    "data": {"data"},
}
FORBIDDEN = {
    "forecasting": {"streamlit", "duckdb", "plotly"},
    "data": {"streamlit", "torch", "plotly"},
    "engine": {"streamlit", "duckdb"},
    "reports": {"streamlit", "duckdb", "torch"},
    "pages": {"duckdb", "torch", "plotly"},
    "api": {"streamlit", "plotly"},
    "almanac": {"duckdb", "torch", "plotly"},
}


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_when_a_room_imports_then_only_from_below(room: str) -> None:
    wrong = {}
    for file in sorted((ROOT / room).rglob("*.py")):
        names = imported(file)
        bad = (names & ROOMS) - MAY_IMPORT[room] | (names & FORBIDDEN.get(room, set()))
        if bad:
            wrong[str(file.relative_to(ROOT))] = sorted(bad)
    assert not wrong
