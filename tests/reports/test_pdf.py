"""The PDF: set with every kind of name, on both papers, and honest about fonts."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import reports
from reports import ForecastFacts, ProductFacts, ReportError, Setting, fonts
from reports.pdf import _content
from tests.reports.conftest import HOSTILE, make_outlook

Facts = Callable[..., ForecastFacts]


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def paper_of(pdf: bytes) -> tuple[float, float]:
    found = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert found
    return float(found[1]), float(found[2])


def test_when_a_review_is_set_then_it_has_pages_of_the_chosen_paper(forecast_facts: Facts) -> None:
    review = reports.forecast_review(forecast_facts())
    a4, letter = reports.pdf(review), reports.pdf(review, paper="letter")
    assert a4.startswith(b"%PDF")
    assert pages_of(a4) >= 2
    assert paper_of(a4) == pytest.approx((595.3, 841.9), abs=0.1)
    assert paper_of(letter) == pytest.approx((612, 792), abs=0.1)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_when_a_name_is_hostile_then_it_is_only_text(forecast_facts: Facts, name: str) -> None:
    facts = forecast_facts(name=name, names=(name, "Tea", name + "2"))
    made = reports.pages(reports.forecast_review(facts), dots_per_inch=20)
    harmless = reports.forecast_review(forecast_facts(name="Coffee", names=("Coffee", "Tea", "C2")))
    assert abs(len(made) - len(reports.pages(harmless, dots_per_inch=20))) <= 1


def test_when_a_report_is_long_then_it_has_a_table_of_contents(
    product_facts: Callable[..., ProductFacts], setting: Callable[..., Setting]
) -> None:
    short = reports.product_sheets((product_facts(),), setting())
    long = reports.product_sheets(tuple(product_facts(f"P{n}") for n in range(4)), setting())
    assert b"/Annots" not in reports.pdf(short)  # its entries are links
    assert b"/Annots" in reports.pdf(long)


def test_when_no_font_carries_a_script_then_the_report_says_so(
    forecast_facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ("Libertinus Serif",))
    review = reports.forecast_review(forecast_facts("zh", name="咖啡"))
    assert reports.gaps(review) == ["Chinese"]
    assert reports.pdf(review).startswith(b"%PDF")


def test_when_all_is_latin_then_nothing_is_missing(forecast_facts: Facts) -> None:
    assert reports.gaps(reports.forecast_review(forecast_facts())) == []


def test_when_a_chart_is_placed_then_every_point_lies_in_the_frame(forecast_facts: Facts) -> None:
    content = _content(reports.forecast_review(forecast_facts()), "a4")
    charts = [
        block
        for section in content["sections"]
        for block in section["blocks"]
        if block["is"] == "chart"
    ]
    assert charts
    for chart in charts:
        points = [point for line in chart["lines"] for piece in line["pieces"] for point in piece]
        points += [(x, y) for x, low, high in chart["band"] for y in (low, high)]
        assert all(-1e-6 <= x <= 1 + 1e-6 and -1e-6 <= y <= 1 + 1e-6 for x, y in points)
        assert 0 < chart["cutoff"] < 1


def test_when_the_template_is_damaged_then_the_error_says_what_happened(
    forecast_facts: Facts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "report.typ"
    broken.write_text("#nothing-like-this", encoding="utf-8")
    monkeypatch.setattr(sys.modules["reports.pdf"], "TEMPLATE", broken)
    with pytest.raises(ReportError, match="cannot be set"):
        reports.pdf(reports.forecast_review(forecast_facts()))


def test_when_history_is_shorter_than_a_year_then_the_report_still_stands(
    setting: Callable[..., Setting],
) -> None:
    facts = ForecastFacts(
        setting=setting(),
        name="New",
        place="all places",
        outlook=make_outlook(weeks=6, ahead=4, tested=False),
    )
    assert reports.pdf(reports.forecast_review(facts)).startswith(b"%PDF")
