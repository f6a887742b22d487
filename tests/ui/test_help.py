"""The assumption behind each number is one hover away: columns of numbers explain themselves."""

import ast
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "ui"
NUMBERS = ("NumberColumn", "metric", "number_input")
PAGES = sorted([*UI.glob("prices*.py"), *UI.glob("inventory*.py")])
# Names of what somebody did or typed, which are no estimates.
PLAIN = {"Quantity", "Proposed", "Price"}


def unexplained(source: str) -> list[str]:
    """Labels of numbers without a help text, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in NUMBERS or any(word.arg == "help" for word in node.keywords):
            continue
        first = node.args[0] if node.args else None
        label = first.value if isinstance(first, ast.Constant) else ""
        if label and label not in PLAIN:
            found.append(f"{node.lineno}: {label}")
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_when_a_screen_shows_a_number_then_a_hover_says_what_it_is(path: Path) -> None:
    assert unexplained(path.read_text()) == []


def test_when_a_number_has_no_help_then_the_check_finds_it() -> None:
    assert unexplained("config.NumberColumn('Stock', width=3)\nst.metric('A', 1, help='b')") == [
        "1: Stock"
    ]
