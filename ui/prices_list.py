"""The list of the Prices page: every product with its price, its best one, and how sure that is."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import chart_style, list_downloads, prices
from ui import format as fmt
from ui import prices_words as words
from ui.prices import View

WORTH, CHANCE, KEEP, NONE, ALL = PILLS = (
    "Worth changing", "Could be chance", "Keep", "No estimate", "All"
)  # fmt: skip
LISTED = 500
_OPEN, _PICKED = "prices_open", "prices_picked"


def show(view: View) -> int:
    """The pills and the list; gives the product to look at."""
    parts = _parts(view.lines)
    usual = WORTH if len(parts[WORTH]) else ALL
    pill = str(
        st.segmented_control(
            "Show",
            PILLS,
            format_func=lambda name: f"{name} {len(parts[name]):,}",
            default=usual,
            required=True,
            key="price_list",
            bind="query-params",
            label_visibility="collapsed",
        )
    )
    chosen = parts[pill]
    if chosen.empty:
        st.caption(f"No product here. All {len(view.lines):,} are under “All”.")
        chosen = view.lines
    else:
        _table(chosen.head(LISTED), view)
        if len(chosen) > LISTED:
            st.caption(
                f"The first {LISTED:,} of {len(chosen):,} are listed; the file has all of them."
            )
    return _picked(view, chosen)


def _parts(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    sure, advised = prices.worth(lines), lines["best"].notna()
    moved = advised & (lines["best"] != lines["price"])
    return {
        WORTH: lines[sure],
        CHANCE: lines[moved & ~sure],
        KEEP: lines[advised & ~moved],
        NONE: lines[~advised],
        ALL: lines,
    }


def _picked(view: View, chosen: pd.DataFrame) -> int:
    """What was clicked, else the address's product, else the first line."""
    picked = st.session_state.get(_PICKED)
    for product in (picked, view.scope.product_id):
        if product is not None and product in view.lines.index:
            return int(product)
    return int(chosen.index[0])


def _table(chosen: pd.DataFrame, view: View) -> None:
    config, currency = st.column_config, view.dataset.currency
    money = f"{currency}%,.2f"
    shown = pd.DataFrame(
        {
            "product": chosen["name"].to_numpy(),
            "price": chosen["price"].to_numpy(),
            "best": chosen["best"].to_numpy(),
            "change": (chosen["change"] * 100).to_numpy(),
            "gain": chosen["gain"].to_numpy(),
            "band": [
                words.money_range(low, high, currency)
                for low, high in zip(chosen["gain_low"], chosen["gain_high"], strict=True)
            ],
            "answer": [words.answer(value) for value in chosen["elasticity"]],
            "trust": [[words.TRUST[each][0]] for each in chosen["trust"]],
            "regret": chosen["regret"].to_numpy(),
            "note": [words.short(row) for row in chart_style.records(chosen)],
        }
    )
    st.dataframe(
        words.table(shown, percents=("change",), money=("gain", "regret"), currency=currency),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Products with their price now, the best price, what it brings and how sure it is.",
        column_config={
            "product": config.ButtonColumn(
                "Product", key=_OPEN, type="tertiary", alignment="left", width=176,
                on_click=_opened, args=(tuple(chosen.index.tolist()),),
                help="Click a product to see its curve.",
            ),
            "price": config.NumberColumn(
                "Price now", format=money, width=72,
                help="Asked last outside promotions, in the middle of its places.",
            ),
            "best": config.NumberColumn(
                "Best", format=money, width=70, help=f"Allowed price with the most {view.goal}."
            ),
            "change": config.Column(
                "Change", width=66, alignment="right", help="The best price against that now."
            ),
            "gain": config.Column(
                "Gain a week", width=86, alignment="right",
                help=f"Expected {view.goal} at the best price, less that at the price now.",
            ),
            "band": config.TextColumn(
                "8 in 10 cases", width=114,
                help="The gain lies in here in 8 of 10 cases, since the answer of sales to the "
                "price is only known within its own band.",
            ),
            "answer": config.TextColumn("1% dearer", width=100, help=words.ELASTICITY_HELP),
            "trust": config.MultiselectColumn(
                "Estimate", options=["Own", "Partly own", "Category's", "None"],
                color=["green", "blue", "orange", "gray"], width=90, help=words.TRUST_HELP,
            ),
            "regret": config.Column(
                "Regret", width=66, alignment="right", help=words.REGRET_HELP
            ),
            "note": config.TextColumn(
                "Note", width=150,
                help="Never charged so far: the answer of sales out there is a guess, and the band "
                "is wider for it. Own price never moved: its category's answer stands in.",
            ),
        },
    )  # fmt: skip


def _opened(shown: tuple[int, ...]) -> None:
    row = st.session_state[_OPEN]["row"]
    if row < len(shown):
        st.session_state[_PICKED] = shown[row]


def downloads(place: DeltaGenerator, view: View) -> None:
    """The Download menu: every line, then the charts."""
    label = fmt.count(len(view.lines), "product")
    list_downloads.show(place, lambda: table(view), label, stem="prices")


def table(view: View) -> pd.DataFrame:
    """Every line as a file has it: money to the cent, the rest to four digits."""
    lines = view.lines
    goal = view.goal.capitalize()
    columns: dict[str, Any] = {
        "Product": lines["name"],
        "Code": lines["code"],
        "Price now": lines["price"],
        "Best price": lines["best"],
        f"{goal} a week now": lines["now"],
        f"{goal} a week at the best price": lines["then"],
        "Gain a week": lines["gain"],
        "Gain, 1 in 10 below": lines["gain_low"],
        "Gain, 1 in 10 above": lines["gain_high"],
        "Units a week now": lines["units_now"],
        "Units a week at the best price": lines["units_then"],
        "Elasticity": lines["elasticity"],
        "Standard error": lines["error"],
        "Estimate": [words.TRUST[each][0] for each in lines["trust"]],
        "Regret a week": lines["regret"],
        "Never charged": lines["beyond"],
        "Note": lines["note"],
    }
    money = [name for name in columns if name.startswith((goal, "Gain", "Regret", "Price", "Best"))]
    return pd.DataFrame(columns).round(4).round(dict.fromkeys(money, 2))
