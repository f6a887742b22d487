"""Sentences of other rooms in the language of a report, and festivals by their Chinese names."""

import ast
import re
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import reports
from data.calendars import RULES
from forecasting import fallbacks
from forecasting.fallbacks import Needs
from forecasting.history import History
from reports import ModelFacts, ProductFacts, Setting, told
from reports.order_proposal import NOTES
from reports.vocabulary import CHINESE
from reports.vocabulary_festivals import FESTIVALS
from reports.words import Words
from tests.reports.plans import make_orders, make_scenarios
from tests.reports.test_reviews import ROOM, words_of

LATIN = re.compile("[A-Za-z]{3,}")


@pytest.mark.parametrize(("written", "english", "chinese"), told._KNOWN)
def test_when_a_sentence_is_known_then_it_keeps_its_values(
    written: str, english: str, chinese: str
) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(written) if name}
    text = written.format(**{name: f"<{name}>" for name in names})
    said = told.told(text, "zh")
    assert said != text
    for name in names - {"unit"}:
        assert f"<{name}>" in said
        assert not english or f"<{name}>" in told.told(text, "en")


@pytest.mark.parametrize(
    "values", [[0.0] * 60, [3.0] * 60, [1.0, 2.0], [float(n % 7) for n in range(60)]]
)
def test_when_the_library_falls_back_then_its_reason_is_said_in_chinese(
    values: list[float],
) -> None:
    """Against the library itself, so that a sentence changed there is noticed here."""
    target = np.array(values)
    nothing = np.zeros((len(target), 0))
    history = History(
        values=target,
        observed=np.ones(len(target), bool),
        seasonality=52,
        covariates=nothing,
        future_covariates=nothing,
        zeros_at_end=int((target == 0).sum()) if not target.any() else 0,
        longest_pause=0,
    )
    found = fallbacks.without_a_model(history, 4, (0.1, 0.5, 0.9), Needs(seasons=2))
    assert found is not None
    assert not LATIN.search(told.told(found.reason, "zh")), found.reason


def test_when_a_festival_is_of_our_calendar_then_it_has_a_chinese_name() -> None:
    assert {name for name in RULES if name not in FESTIVALS} == set()
    assert Words("zh").festival("New Year's Day (observed)") == "元旦（补假）"
    assert Words("en").festival("Black Friday") == "Black Friday"


def test_when_something_is_counted_then_both_its_forms_are_known() -> None:
    many = {text for _, text in NOTES.values()}
    for file in Path(ROOM).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "counted":
                many |= {
                    str(each.value) for each in node.args[2:] if isinstance(each, ast.Constant)
                }
    assert {text for text in many if text not in CHINESE} == set()
    assert len(many) > 8


def test_when_there_is_one_of_something_then_english_says_so(
    setting: Callable[..., Setting],
) -> None:
    facts = make_orders(setting(), names=("Coffee",))
    text = words_of(reports.order_proposal(facts))
    assert "To order now: 1 line, " in text
    assert "1 line is late: it probably sells out" in text
    assert "3 lines have stock over a week old" in text


def test_when_a_sheet_is_chinese_then_its_reason_and_all_else_is(
    product_facts: Callable[..., ProductFacts], setting: Callable[..., Setting]
) -> None:
    facts = product_facts("咖啡", "001")
    made = replace(facts.outlook, fallback="88 weeks are fewer than 2 seasons of 52")
    facts = replace(facts, outlook=made, categories=("饮料",))
    text = words_of(reports.product_sheets((facts,), setting("zh")))
    assert "使用了更简单的方法：仅88期，不足2个长度为52的季节。" in text
    assert not LATIN.search(text.replace("ARIMA", ""))


def test_when_a_card_is_chinese_then_scope_and_days_are(
    model_facts: Callable[..., ModelFacts],
) -> None:
    card = reports.model_card(
        model_facts("zh", scope="All products", place="all places", split="product")
    )
    facts = dict(card.facts)
    assert facts["范围"] == "全部商品 · 全部门店、按商品、按周、销售额"
    tables = [block for section in card.sections for block in section.blocks]
    values = [text for block in tables if hasattr(block, "frame") and "value" in block.frame
              for text in block.frame["value"]]  # fmt: skip
    assert "2026年11月9日" in values
    gone = reports.model_card(model_facts("en", split=""))
    assert dict(gone.facts)["Scope"] == "All products, all places by product, week"


def test_when_a_scenario_changes_prices_then_chinese_says_so(
    setting: Callable[..., Setting],
) -> None:
    facts = make_scenarios(setting("zh"), names=("降价",))
    one = facts.scenarios[0]
    one = replace(
        one,
        parts=one.parts.assign(change=["Price -10%, 咖啡", "Out of stock"]),
        notes=("It counts from 3 Dec: the days before are sold.", "Our own remark."),
    )
    review = reports.scenario_comparison(replace(facts, scenarios=(one,)))
    text = words_of(review)
    assert "自3 Dec起计算：之前的日子已售出。" in text
    assert "Our own remark." in text
    labels = [block.labels for section in review.sections for block in section.blocks
              if hasattr(block, "labels")]  # fmt: skip
    assert labels == [("价格 -10%, 咖啡",)]  # of the other no margin is known
