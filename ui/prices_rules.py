"""What prices may be, on the Prices page: goal, change, and the rules that the shop keeps."""

from typing import Any

import streamlit as st

from data import price_rules
from data.errors import DataError
from data.price_rules import SHAPES, Kept, ShopRules
from data.scope import Scope
from forecasting.pricing import PriceRules
from ui import corrected, layout, prices_limits, queries, state
from ui import format as fmt
from ui import prices_words as words
from ui.queries import Dataset

CHANGES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_SEEN = "price_rules_seen"  # the edit whose change is chosen


def choose(dataset: Dataset, scope: Scope) -> PriceRules:
    """The goal and how far a price may move, and the button of the kept rules."""
    has_cost = _has_cost(dataset)
    offered = ["Margin", "Revenue"] if has_cost else ["Revenue"]
    if st.session_state.get("price_goal") not in offered:
        st.session_state.pop("price_goal", None)
    kept = price_rules.kept(state.store(), dataset.dataset_id)
    usual = kept.rules.most_change
    if st.session_state.get(_SEEN, kept.edit_id) != kept.edit_id:
        st.session_state.pop("price_change", None)
    st.session_state[_SEEN] = kept.edit_id
    changes = sorted({*CHANGES, usual})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        goal = st.segmented_control(
            "Best price for",
            offered,
            default=offered[0],
            required=True,
            key="price_goal",
            bind="query-params",
            help="Margin: revenue less unit cost. Without unit costs only revenue can be judged.",
        )
        change = st.segmented_control(
            "Change at most",
            changes,
            format_func=lambda share: f"{share:.0%}",
            default=usual,
            required=True,
            key="price_change",
            help="Of the price now, up and down. The rules say what is usual here.",
        )
        if st.button("Rules", icon=":material/rule:", key="price_rules"):
            _dialog(dataset, scope)
    limited = len(price_rules.limits(state.store(), dataset.dataset_id))
    if said := words.rules(kept.rules, limited, dataset.currency, has_cost=has_cost):
        st.caption(f"Rules: {said}.".replace("$", "\\$"))
    return _for_advice(
        kept.rules,
        goal="margin" if goal == "Margin" else "revenue",
        most_change=usual if change is None else float(change),
        has_cost=has_cost,
    )


def _has_cost(dataset: Dataset) -> bool:
    return bool(queries.products(dataset.dataset_id)["unit_cost"].gt(0).any())


def _for_advice(rules: ShopRules, *, goal: Any, most_change: float, has_cost: bool) -> PriceRules:
    """The kept rules as the advice takes them."""
    under, over = (
        None if share is None else 1 + way * share
        for share, way in ((rules.under_competitor, -1), (rules.over_competitor, 1))
    )
    return PriceRules(
        goal=goal,
        most_change=most_change,
        ending=rules.shape == "nines",
        step=rules.step if rules.shape == "steps" else None,
        under=rules.under if rules.shape == "steps" else 0.0,
        ladder=rules.points if rules.shape == "points" else (),
        tested_only=rules.tested_only,
        least_margin=rules.least_margin if has_cost else None,
        competitor=_between(under, over),
        category=_between(rules.category_from, rules.category_to),
        weeks=rules.stock_weeks or 1.0,
    )


def _between(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    return (0.0 if low is None else low, float("inf") if high is None else high)


@st.dialog("Price rules", width="large")
def _dialog(dataset: Dataset, scope: Scope) -> None:
    with layout.errors_in_words():  # a dialog runs on its own, outside the guard of app.py
        kept = price_rules.kept(state.store(), dataset.dataset_id)
        every, single, file = st.tabs(["All products", "Single products", "From a file"])
        with every:
            _every(dataset, kept)
        with single:
            prices_limits.edit(dataset, scope, kept)
        with file:
            prices_limits.upload(dataset, kept)
        _undo(dataset, kept)


def _undo(dataset: Dataset, kept: Kept) -> None:
    """Who changed the rules last, and the way back."""
    if not kept.edit_id:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        when = f", {fmt.day(kept.edited_at.date())}" if kept.edited_at else ""
        st.caption(
            f"Last change: {fmt.escape(kept.words)}, by {fmt.escape(kept.author)}{when}.",
            width="content",
        )
        st.space("stretch")
        if st.button("Undo it", icon=":material/undo:", key="price_rules_undo"):
            undone = price_rules.undo(state.store(), dataset.dataset_id)
            layout.say_after_rerun(f"Undone: {undone}")
            st.rerun()


def _every(dataset: Dataset, kept: Kept) -> None:
    given = _shape(kept, dataset.currency) | _bounds(dataset, kept)
    corrected.author_input()
    if not st.button("Keep these rules", type="primary", key="price_rules_save"):
        return
    try:
        rules = ShopRules(**given)
        price_rules.save(
            state.store(), dataset.dataset_id, rules, words="Rules of all products",
            author=corrected.author(),
        )  # fmt: skip
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    layout.say_after_rerun("Rules kept; prices are advised by them.")
    st.rerun()


def _shape(kept: Kept, currency: str) -> dict[str, Any]:
    """How prices look: endings, steps, or the points of a ladder."""
    rules, edit = kept.rules, kept.edit_id
    shape = st.segmented_control(
        "Prices",
        SHAPES,
        format_func=lambda name: words.SHAPES[name],
        default=rules.shape,
        required=True,
        key=f"price_rule_shape-{edit}",
        help="End in 9: .99 from 10 on, below in 9 cents; under 1 any price is allowed.",
    )
    given: dict[str, Any] = {"shape": shape}
    if shape == "steps":
        with st.container(horizontal=True):
            given["step"] = st.number_input(
                f"Every ({currency})",
                value=rules.step,
                step=0.1,
                format="%.2f",
                width=160,
                key=f"price_rule_step-{edit}",
                help="Such as 0.50: prices 50 cents apart.",
            )
            given["under"] = st.number_input(
                f"Less ({currency})", value=rules.under, step=0.01, format="%.2f", width=160,
                key=f"price_rule_less-{edit}",
                help="A step of 1.00 less 0.01 gives 4.99, 5.99, 6.99; 0.00 gives 5.00, 6.00.",
            )  # fmt: skip
    if shape == "points":
        text = st.text_area(
            f"Price points ({currency})",
            value=" ".join(f"{price:.2f}" for price in rules.points),
            height=80,
            placeholder="4.99 7.99 9.99 14.99",
            key=f"price_rule_points-{edit}",
            help="The only prices that may be charged, apart by blanks or semicolons.",
        )
        with layout.errors_in_words():
            given["points"] = words.points(text)
    return given


def _bounds(dataset: Dataset, kept: Kept) -> dict[str, Any]:
    """How far prices may go, each in percent or weeks; empty is no limit."""
    rules, edit = kept.rules, kept.edit_id

    def percent(
        name: str, label: str, value: float | None, why: str, *, above: float = 0.0
    ) -> float | None:
        typed = st.number_input(
            label,
            value=None if value is None else round((value - above) * 100, 4),
            step=1.0,
            format="%g",
            placeholder="No limit",
            key=f"price_rule_{name}-{edit}",
            help=why,
        )
        return None if typed is None else above + typed / 100

    given: dict[str, Any] = {}
    with st.grid(2, min_column_width=260):
        change = percent(
            "change", "Change at most, %", rules.most_change, "Of the price now, up and down."
        )
        given["most_change"] = rules.most_change if change is None else change
        if _has_cost(dataset):
            given["least_margin"] = percent(
                "margin", "Margin at least, % of the price", rules.least_margin,
                "What has to remain of the price over the unit cost.",
            )  # fmt: skip
        given["over_competitor"] = percent(
            "over", "Above the competitor at most, %", rules.over_competitor,
            "Holds for products whose competitor's price is known: see Single products. 0: never "
            "dearer.",
        )  # fmt: skip
        given["under_competitor"] = percent(
            "under", "Below the competitor at most, %", rules.under_competitor,
            "Holds for products whose competitor's price is known. 0: never cheaper.",
        )  # fmt: skip
        given["category_from"] = percent(
            "from", "From, % of its category's price", rules.category_from,
            "Of the middle price of all products of the same finest category. 80: at least four "
            "fifths of it.",
        )  # fmt: skip
        given["category_to"] = percent(
            "to", "To, % of its category's price", rules.category_to,
            "120: at most a fifth above the middle price of its category.",
        )  # fmt: skip
        given["stock_weeks"] = st.number_input(
            "The stock has to last, weeks", value=rules.stock_weeks, step=1.0, format="%g",
            placeholder="Not counted", key=f"price_rule_weeks-{edit}",
            help="No price sells more than is in stock over that time. Products whose stock is not "
            "known are not held back.",
        )  # fmt: skip
    given["tested_only"] = st.toggle(
        "Only prices between the lowest and the highest ever charged",
        value=rules.tested_only,
        key=f"price_rule_tested-{edit}",
        help="Else prices never charged may be advised: marked, with a wider band.",
    )
    return given
