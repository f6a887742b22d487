"""What reports say: sentences follow the data, in both languages."""

import ast
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reports
from reports import Festival, ForecastFacts, ModelFacts, ReportError, Review, Setting
from reports.content import Figures, Periods, Table, Text
from reports.festivals import ahead_blocks
from reports.vocabulary import CHINESE
from reports.words import Words

ROOM = Path(reports.__file__).parent
Facts = Callable[..., ForecastFacts]


def words_of(review: Review) -> str:
    return "\n".join(
        text
        for section in review.sections
        for block in section.blocks
        if isinstance(block, Text)
        for text in block.paragraphs
    )


def said() -> set[str]:
    """Every English text that the builders say."""
    found = set()
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "say" and node.args:
                found |= {
                    each.value
                    for each in ast.walk(node.args[0])
                    if isinstance(each, ast.Constant)
                    and isinstance(each.value, str)
                    and len(each.value) > 1
                }
    return found


def test_when_a_builder_says_something_then_it_is_known_in_chinese() -> None:
    names = {"revenue", "scope"}  # keys of choices, not words
    assert {text for text in said() - names if text not in CHINESE} == set()


@pytest.mark.parametrize("english", CHINESE)
def test_when_a_text_is_translated_then_it_takes_the_same_values(english: str) -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    assert fields(CHINESE[english]) == fields(english)


def test_when_more_is_expected_then_the_summary_says_by_how_much(forecast_facts: Facts) -> None:
    facts = forecast_facts()
    future = facts.outlook.future.assign(mean=120.0, last_year=100.0)
    facts = replace(facts, outlook=replace(facts.outlook, future=future))
    assert "20% more than last year" in words_of(reports.forecast_review(facts))


def test_when_last_year_is_unknown_then_no_change_is_claimed(forecast_facts: Facts) -> None:
    facts = forecast_facts()
    future = facts.outlook.future.assign(last_year=np.nan)
    facts = replace(facts, outlook=replace(facts.outlook, future=future), parts=())
    review = reports.forecast_review(facts)
    assert "than last year" not in words_of(review)
    sums = next(each for each in review.sections[0].blocks if isinstance(each, Figures))
    assert sums.figures[1].change is None
    assert sums.figures[1].against == "no year before"


def test_when_periods_are_listed_then_the_last_column_is_their_sum(forecast_facts: Facts) -> None:
    facts = forecast_facts()
    sheet = next(
        block
        for block in reports.forecast_review(facts).sections[1].blocks
        if isinstance(block, Periods)
    )
    row = next(row for row in sheet.rows if row.is_main)
    numbers = [value for value in row.values if value is not None]
    assert numbers[-1] == pytest.approx(sum(numbers[:-1]))
    assert len(sheet.heads) == 14


def test_when_something_stands_out_then_it_is_an_exception(forecast_facts: Facts) -> None:
    text = words_of(reports.forecast_review(forecast_facts()))
    assert "Out of stock on 8.0% of product-days in the last 4 weeks" in text
    assert "Without a year before, so judged by recent sales alone: Filters." in text
    assert "At least half more than last year: Coffee." in text


def test_when_nothing_stands_out_then_it_says_so(forecast_facts: Facts) -> None:
    facts = forecast_facts()
    history = facts.outlook.history.assign(stockout_share=np.nan)
    facts = replace(facts, outlook=replace(facts.outlook, history=history), parts=())
    assert "Nothing stands out." in words_of(reports.forecast_review(facts))


def test_when_a_model_is_no_better_than_last_year_then_its_card_says_use_that(
    model_facts: Callable[..., ModelFacts],
) -> None:
    good = model_facts()
    assert "use that instead" not in words_of(reports.model_card(good))
    assert good.leaderboard is not None
    worse = good.leaderboard.assign(WAPE=[0.3, 0.2, 0.25])
    text = words_of(reports.model_card(model_facts(leaderboard=worse)))
    assert "It was not closer than Last year's weeks: use that instead." in text
    assert "Its forecasts were 7.1% too low on the whole." in text
    assert "12 series got a simpler method: too short." in text


def test_when_a_model_was_never_tested_then_its_card_says_its_error_is_unknown(
    model_facts: Callable[..., ModelFacts],
) -> None:
    facts = model_facts(leaderboard=None, reliability=None, steps=None, windows=0)
    assert "never tested on the past" in words_of(reports.model_card(facts))


def test_when_there_is_no_product_then_the_error_says_what_to_do(
    setting: Callable[..., Setting],
) -> None:
    with pytest.raises(ReportError, match="Widen the scope"):
        reports.product_sheets((), setting())


def test_when_reviews_differ_then_so_do_their_digests(forecast_facts: Facts) -> None:
    first, same = (reports.forecast_review(forecast_facts()) for _ in range(2))
    other = replace(first, made_on=pd.Timestamp("2026-11-21"))
    assert first.digest() == same.digest() != other.digest()


def test_when_parts_are_cut_then_a_row_of_all_others_makes_them_add_up(
    forecast_facts: Facts,
) -> None:
    facts = forecast_facts(names=tuple(f"Product {number}" for number in range(40)))
    parts = replace(facts.parts[0], rest=500.0, rest_before=400.0)
    review = reports.forecast_review(replace(facts, parts=(parts,)))
    inside = next(each for each in review.sections if each.title == "Inside")
    table = inside.blocks[0]
    assert isinstance(table, Table)
    assert len(table.frame) == 25
    assert table.frame["label"].iloc[-1] == "All others"
    assert table.frame["forecast"].sum() == pytest.approx(parts.frame["forecast"].sum() + 500)
    assert table.frame["share"].sum() == pytest.approx(1.0)
    assert "add up to the forecast" in words_of(review)
    of_run = replace(facts, parts=(replace(parts, is_of_run=True),))
    assert "sums of the same run" in words_of(reports.forecast_review(of_run))


def test_when_a_festival_sells_less_on_its_day_and_more_around_it_then_both_are_said() -> None:
    given = Festival(
        name="Christmas", first_day=pd.Timestamp("2026-12-24"), lift=0.6, low=0.5, high=0.7,
        times=3, is_clear=True, extra=9_000.0,
    )  # fmt: skip
    table = ahead_blocks((given, replace(given, lift=2.0, extra=-5.0)), Words("en"))[0]
    assert isinstance(table, Table)
    assert table.frame["said"].tolist() == [
        "less, with more around it",
        "more, with less around it",
    ]
