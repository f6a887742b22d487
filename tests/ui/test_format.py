"""The doctests of the pure modules of ui, and the edges they leave out."""

import doctest
from datetime import date
from types import ModuleType

import numpy as np
import pytest

from ui import charts, forecast_words, forecasts, settings, summaries
from ui import format as fmt


@pytest.mark.parametrize("module", [charts, fmt, settings, summaries, forecasts, forecast_words])
def test_when_a_docstring_shows_an_example_then_it_holds(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (99_999.4, "99,999"),
        (99_999.6, "100.0K"),
        (999_949, "999.9K"),
        (999_950, "1.00M"),
        (12_345_678, "12.3M"),
        (9.96, "10"),
        (-0.04, "0.0"),
        (np.nan, "–"),
    ],
)
def test_when_units_cross_a_limit_then_the_short_form_changes(value: float, text: str) -> None:
    assert fmt.units(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(999.4, "€999"), (999.5, "€1.0K"), (-0.2, "€0"), (1.5e9, "€1.50B")]
)
def test_when_money_crosses_a_limit_then_the_short_form_changes(value: float, text: str) -> None:
    assert fmt.money(value, "€") == text


def test_when_a_change_is_shown_by_a_metric_then_its_minus_is_plain() -> None:
    assert fmt.delta(-0.0512) == "-5.1%"
    assert fmt.growth(-0.0512) == "−5.1%"


def test_when_the_iso_year_starts_then_the_week_is_one() -> None:
    assert fmt.week(date(2026, 12, 28)) == "W53"
    assert fmt.week(date(2025, 12, 29)) == "W01"


@pytest.mark.parametrize("text", ["<script>", "# head", "$a$ $b$", ":red[x]", "- item", "a|b"])
def test_when_text_is_escaped_then_every_sign_of_markdown_has_a_backslash(text: str) -> None:
    escaped = fmt.escape(text)
    assert escaped.replace("\\", "") == text
    for place, sign in enumerate(escaped):
        if sign in "<>#$[]:-|":
            assert escaped[place - 1] == "\\"
