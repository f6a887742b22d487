"""The words and cells of a plan."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import Conflict
from data.plan_accuracy import ValueAdded
from data.plan_changes import Change, Effect, Measure
from data.plan_log import Edit
from data.scope import Scope
from ui import plan_cover, plan_words

WEEKS = pd.to_datetime(["2026-11-23", "2026-11-30"])


def series(**changed: object) -> pd.DataFrame:
    usual = {
        "timestamp": WEEKS, "mean": [100.0, 50.0], "final": [120.0, 50.0],
        "mean_money": [200.0, 100.0], "final_money": [240.0, 100.0],
        "changed": [3, 0], "measure": ["percent", None], "amount": [20.0, float("nan")],
    }  # fmt: skip
    return pd.DataFrame(usual | changed)


def table(frame: pd.DataFrame, **said: object) -> pd.DataFrame:
    usual = {
        "last_year": pd.Series([80.0, 50.0]), "previous": pd.Series([float("nan")] * 2),
        "previous_name": "Published", "freq": "W", "measure": "quantity", "currency": "€",
    }  # fmt: skip
    return plan_words.table(frame, **(usual | said))  # type: ignore[arg-type]


def test_when_a_week_is_changed_then_the_sheet_says_by_what_and_adds_up() -> None:
    made = table(series())
    assert made.columns.tolist() == ["W48", "W49", "2 weeks"]
    assert made["W48"].tolist() == ["23 Nov", "80", "–", "100", "+20%", "120", "+50%"]
    assert made["W49"].tolist() == ["30 Nov", "50", "–", "50", "", "50", "0%"]
    assert made["2 weeks"].tolist() == ["", "130", "–", "150", "+20", "170", "+31%"]


def test_when_several_changed_a_week_or_money_is_shown_then_the_difference_stands() -> None:
    several = series(measure=[None, None], amount=[float("nan")] * 2)
    assert table(several)["W48"]["Override"] == "+20"
    money = table(several, measure="revenue")
    assert money["W48"]["Override"] == "+€40"
    assert money["2 weeks"]["Final"] == "€340"


def effect(**changed: object) -> Effect:
    usual = {
        "lines": ((date(2026, 11, 23), 20.0),), "finals": (120.0,), "before": 100.0, "after": 120.0,
        "money_before": 200.0, "money_after": 240.0, "cells": 4, "locked": 0,
        "spread": "forecast", "revision": 1,
    }  # fmt: skip
    return Effect(**(usual | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "measure", "made", "words"),
    [
        (Scope(dataset_id=1), "percent", effect(),
         "100 → **120** · +€40 revenue at the price paid lately · spread over 4 products in places "
         "as their forecast"),
        (Scope(dataset_id=1, product_id=1), "value", effect(cells=2, locked=1),
         "100 → **120** (+20%) · +€40 revenue at the price paid lately · spread over 2 places as "
         "their forecast · 1 locked cell stays as it is"),
        (Scope(dataset_id=1, place_id=1), "amount",
         effect(before=0.0, spread="even", money_after=float("nan")),
         "0 → **120** · spread over 4 products evenly, since nothing is known of them"),
    ],
)  # fmt: skip
def test_when_a_change_is_made_then_one_line_says_what_it_does(
    scope: Scope, measure: Measure, made: Effect, words: str
) -> None:
    change = Change(scope=scope, periods=(date(2026, 11, 23),), measure=measure, amount=20.0,
                    reason="other")  # fmt: skip
    assert plan_words.effect(made, change, by_place=True, currency="€") == words


@pytest.mark.parametrize(
    ("before", "after", "said", "words"),
    [
        (3.24, 2.71, {}, "stock lasts **3.2 → 2.7 weeks**"),
        (61.7, 58.4, {}, "stock lasts **62 → 58 weeks**"),
        (0.0, 0.0, {}, "nothing in stock"),
        (4.01, 4.02, {}, "stock lasts 4.0 weeks, as before"),
        (300.0, float("inf"), {"has_coming": True}, "stock and deliveries last over two years"),
        (150.0, 90.0, {}, "stock lasts **over two years → 90 weeks**"),
        (2.0, 1.0, {"share": 0.5},
         "stock lasts **2.0 → 1.0 weeks** (50.0% of the forecast has a known stock)"),
    ],
)  # fmt: skip
def test_when_a_change_uses_stock_then_its_cover_is_said_before_and_after(
    before: float, after: float, said: dict[str, Any], words: str
) -> None:
    assert plan_words.cover(before, after, **({"has_coming": False, "share": 1.0} | said)) == words


@pytest.mark.parametrize(
    ("stock", "path", "periods"),
    [
        (25, [10, 10, 10], 2.5), (40, [10, 30], 2.0), (50, [10, 30], 2.5), (0, [10], 0.0),
        (5, [0, 0], np.inf), (10, [0, 10, 0, 5], 2.0),
    ],
)  # fmt: skip
def test_when_a_stock_is_sold_on_a_path_then_it_lasts_so_many_periods(
    stock: float, path: list[float], periods: float
) -> None:
    assert plan_cover.lasts(stock, np.array(path, dtype=float)) == pytest.approx(periods)


def test_when_past_changes_are_known_then_the_words_say_which_and_how_good() -> None:
    found = ValueAdded(cases=15, better=11, error_before=0.2, error_after=0.15, how="reason")
    assert plan_words.value_added(found, 20.0, "promotion") == (
        "Raises of 10–30% for “promotion” made the forecast better in **11 of 15** past cases "
        "(error 20.0% before, 15.0% after)."
    )
    wide = ValueAdded(cases=6, better=2, error_before=0.2, error_after=0.25, how="sign")
    assert plan_words.value_added(wide, -5.0, "price").startswith("Cuts made the forecast better")
    assert plan_words.nudge(5.0).startswith(":orange-badge[Small raise]")
    assert plan_words.nudge(25.0) == plan_words.nudge(-5.0) == ""


def test_when_two_collide_then_both_values_are_named() -> None:
    error = Conflict(
        author="Bea", made_at=datetime(2026, 11, 20, 10, 31), what="+50% on Coffee", cells=4,
        seen=3, now=4,
    )  # fmt: skip
    said = plan_words.conflict(error, 100.0, 150.0, "+20%")
    assert "Bea changed the same cells at 10:31" in said
    assert "You saw 100; now it is **150**" in said
    assert "nothing is lost" in said


def edit(kind: str, **changed: object) -> Edit:
    usual = dict.fromkeys(Edit.__dataclass_fields__) | {
        "kind": kind, "measure": "", "node": "Coffee", "reason": "event", "comment": "",
        "author": "Ada", "made_at": datetime(2026, 11, 20, 10, 31), "periods": 0, "lines": 0,
    }  # fmt: skip
    return Edit(**(usual | changed))  # type: ignore[arg-type]


def test_when_the_history_is_read_then_each_edit_is_a_sentence() -> None:
    change = edit(
        "change", measure="percent", amount=-5.0, first_period=date(2026, 11, 23), periods=3,
        last_period=date(2026, 12, 7), before=100.0, after=95.0,
    )  # fmt: skip
    assert plan_words.title(change, "W") == "**−5%** · Coffee · W48–W50 (3) · 100 → 95"
    assert plan_words.notes(change) == "Ada · 20 Nov, 10:31 · Event"
    assert plan_words.title(edit("freeze", amount=2.0), "W") == "Froze the first 2 weeks"
    assert plan_words.title(edit("freeze", amount=0.0), "W") == "Freed all periods"
    assert plan_words.title(edit("import", lines=1200), "W") == "1,200 changes from Coffee"
    assert plan_words.title(edit("lock"), "W") == "Locked Coffee"
