"""Reviews of categories, orders and scenarios: what they say, in every form."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest

import reports
from reports import ReportError, Review, Setting
from reports.content import Bars, Chart, Table
from tests.reports.conftest import HOSTILE, make_outlook
from tests.reports.plans import empty_parts, make_category, make_orders, make_scenarios
from tests.reports.test_reviews import words_of

Settings = Callable[..., Setting]


def tables_of(review: Review) -> list[Table]:
    return [
        block for section in review.sections for block in section.blocks if isinstance(block, Table)
    ]


def whole(setting: Setting) -> list[Review]:
    return [
        reports.category_review(make_category(setting, names=HOSTILE)),
        reports.order_proposal(make_orders(setting, names=HOSTILE)),
        reports.scenario_comparison(make_scenarios(setting, names=HOSTILE[:5])),
    ]


def test_when_a_category_grew_then_the_parts_add_up_to_the_change(setting: Settings) -> None:
    facts = make_category(setting())
    review = reports.category_review(facts)
    text = words_of(review)
    assert "€1.10M, +10% against last year (+€100.0K)" in text
    assert "Volume +€56.4K, Price +€51.0K, Mix −€7.4K" in text
    bars = next(block for block in review.sections[1].blocks if isinstance(block, Bars))
    assert sum(bars.values) == pytest.approx(facts.value - facts.before)


def test_when_classes_are_counted_then_every_product_is_in_one(setting: Settings) -> None:
    review = reports.category_review(make_category(setting()))
    table = next(each for each in tables_of(review) if "Products by class" in each.title)
    counts = table.frame[["X", "Y", "Z", "other"]].to_numpy().sum(axis=1)
    assert counts.tolist() == table.frame["products"].tolist() == [2, 1, 2]
    assert table.frame["share"].tolist() == pytest.approx([0.8, 0.15, 0.05])


def test_when_a_festival_was_never_clear_then_nothing_is_claimed(setting: Settings) -> None:
    review = reports.category_review(make_category(setting()))
    table = next(each for each in tables_of(review) if "did before" in each.title)
    assert table.frame["said"].tolist() == ["sells more", "could be chance", "never measured"]
    assert table.frame["extra"].notna().tolist() == [True, False, False]
    assert "Christmas comes on 25 Dec; in the past it sold 1.82× the usual." in words_of(review)


def test_when_there_is_no_year_before_then_no_change_is_claimed(setting: Settings) -> None:
    facts = make_category(
        setting(),
        has_before=False,
        before=0.0,
        steps={},
        pattern=reports.Pattern(),
        festivals=(),
        outlook=None,
        movers=empty_parts(),
        stockout_share=None,
    )
    text = words_of(reports.category_review(facts))
    assert "There is no year before." in text
    assert "against last year (" not in text
    assert "There is no complete period of sales to forecast from." in text
    assert "A yearly season cannot be told before two full years." in text


def test_when_orders_are_listed_then_late_ones_come_first_in_every_place(setting: Settings) -> None:
    facts = make_orders(setting(), times=3)
    mixed = facts.lines.assign(when=["Later", "Later", "Late", "Today"] * 3)
    review = reports.order_proposal(replace(facts, lines=mixed))
    lists = [each for each in tables_of(review) if each.title == "Orders, late ones first"]
    assert len(lists) == 2
    order = ["Late"] * 3 + ["Later"] * 3, ["Today"] * 3 + ["Later"] * 3
    assert sorted(each.frame["when"].tolist() for each in lists) == sorted(order)
    assert sum(len(each.frame) for each in lists) == 12


def test_when_a_place_orders_much_then_the_rest_is_in_the_workbook(setting: Settings) -> None:
    review = reports.order_proposal(make_orders(setting(), times=40))
    first = next(each for each in tables_of(review) if each.title == "Orders, late ones first")
    assert (len(first.frame), first.remark) == (60, "60 of 80; all are in the workbook")
    book = openpyxl.load_workbook(io.BytesIO(reports.excel(review)))
    assert book["All rows"].max_row == 161


def test_when_nothing_is_to_be_ordered_then_it_says_so(setting: Settings) -> None:
    review = reports.order_proposal(make_orders(setting(), names=()))
    text = words_of(review)
    assert "Nothing needs to be ordered today." in text
    assert "No move between places pays." in text
    assert reports.pdf(review).startswith(b"%PDF")
    assert reports.excel(review)
    assert reports.html(review)


def test_when_a_band_holds_zero_then_it_could_be_chance(setting: Settings) -> None:
    text = words_of(reports.scenario_comparison(make_scenarios(setting())))
    first, second = (line for line in text.splitlines() if "8 of 10" in line)
    assert first.startswith("Cheaper coffee: margin +€")
    assert "could be chance" not in first
    assert second.startswith("Two for one: revenue +€")
    assert "This could be chance. Worked out before the data changed." in second


def test_when_scenarios_are_drawn_then_each_has_a_line_of_its_own(setting: Settings) -> None:
    review = reports.scenario_comparison(make_scenarios(setting(), names=tuple("abcde")))
    chart = next(block for block in review.sections[1].blocks if isinstance(block, Chart))
    assert len({line.role for line in chart.lines}) == 5
    assert chart.frame["s0"].notna().all()


@pytest.mark.parametrize("number", [0, 6])
def test_when_there_are_too_few_or_too_many_scenarios_then_it_says_how_many(
    setting: Settings, number: int
) -> None:
    with pytest.raises(ReportError, match=f"{number} scenarios cannot be compared"):
        reports.scenario_comparison(make_scenarios(setting(), names=("x",) * number))


def test_when_a_scenario_has_no_result_then_it_is_named(setting: Settings) -> None:
    facts = make_scenarios(setting())
    lost = replace(facts.scenarios[0], totals=facts.scenarios[0].totals.assign(difference=np.nan))
    with pytest.raises(ReportError, match="'Cheaper coffee' has no result"):
        reports.scenario_comparison(replace(facts, scenarios=(lost,)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_when_names_are_hostile_then_every_form_takes_them(
    setting: Settings, language: str
) -> None:
    for review in whole(setting(language)):
        assert reports.pages(review, dots_per_inch=20)
        page = reports.html(review).decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        book = openpyxl.load_workbook(io.BytesIO(reports.excel(review)))
        cells = (cell for sheet in book for row in sheet for cell in row)
        assert not [cell.value for cell in cells if cell.data_type == "f"]


def test_when_the_language_is_chinese_then_no_english_word_of_ours_is_left(
    setting: Settings,
) -> None:
    """All that stays Latin are names, models and the currency."""
    for review in (
        reports.category_review(make_category(setting("zh"), name="饮料", names=("咖啡", "茶"))),
        reports.order_proposal(make_orders(setting("zh"), names=("咖啡", "茶", "杯", "纸"))),
        reports.scenario_comparison(make_scenarios(setting("zh"), names=("降价", "买一送一"))),
    ):
        heads = [column.label for table in tables_of(review) for column in table.columns]
        titles = [section.title for section in review.sections]
        latin = [
            text
            for text in (review.template, *heads, *titles)
            if text.isascii() and len(text) > 1 and text not in ("Berlin", "Hamburg")
        ]
        assert latin == []


def test_when_there_are_few_weeks_then_a_category_is_still_reviewed(setting: Settings) -> None:
    times = pd.date_range("2026-10-05", periods=6, freq="W-MON")
    facts = make_category(
        setting(),
        has_before=False,
        before=0.0,
        steps={},
        line=pd.DataFrame({"timestamp": times, "value": 1.0, "before": np.nan}),
        classes=pd.DataFrame({"abc": [], "xyz": [], "amount": []}),
        movers=None,
        outlook=make_outlook(weeks=6, ahead=4, tested=False),
    )
    assert reports.pdf(reports.category_review(facts)).startswith(b"%PDF")


def test_when_a_number_is_infinite_or_unknown_then_it_is_a_dash_in_every_form(
    setting: Settings,
) -> None:
    """An error against sales that were all zero is infinite, and no JSON holds that."""
    made = make_outlook()
    assert made.scores is not None
    scores = made.scores.assign(wape=[0.1, np.inf, np.nan], bias=[np.inf, -np.inf, 0.0])
    steps = {"volume": np.inf, "price": np.nan, "mix": -1.0}
    facts = make_category(setting(), outlook=replace(made, scores=scores), steps=steps)
    review = reports.category_review(facts)
    assert reports.pdf(review).startswith(b"%PDF")
    assert b"Infinity" not in reports.html(review).partition(b"</script>")[2]
    assert "NaN" not in reports.html(review).decode().partition("</script>")[2]
    assert openpyxl.load_workbook(io.BytesIO(reports.excel(review)))
