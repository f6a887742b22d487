"""By what the Compare page breaks errors down: the switch, and a table for each part."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ui import (
    compare,
    compare_charts,
    compare_checks,
    compare_parts,
    compare_queries,
    kept_choice,
)
from ui import compare_words as words
from ui import format as fmt
from ui.compare_facts import Compared
from ui.compare_parts import MEASURES, PART, Table
from ui.compare_queries import Choice

EVERYTHING, STEPS, PRODUCTS = "Everything", "Steps", "Products"
_LISTED = 200  # products in a table; the file has all
_ORDERS = ("Largest error", "Highest WAPE", "Lowest WAPE")
_SMALL = 0.0005  # share of sales; smaller products have any WAPE and cost nothing


def switch(choice: Choice) -> str:
    """The segmented control; gives what was chosen."""
    found = compare_queries.parts(choice)
    steps = words.periods_ahead(choice.freq).capitalize()
    options = {EVERYTHING: EVERYTHING, "Level": "Level"}
    for column in ("category", "place", "segment"):
        if column in found and found[column].nunique() > 1:
            options[PART[column]] = PART[column]
    options |= {"Window": "Window", STEPS: steps}
    if found["name"].nunique() > 1:
        options[PRODUCTS] = "Products" if "product" in found else "Series"
    options |= {"Bands": "Bands", "Residuals": "Residuals", "Value added": "Value added"}
    asked = st.session_state.get("compare_by")
    if asked is not None and asked not in options:
        st.session_state["compare_by"] = EVERYTHING
    chosen = st.segmented_control(
        "By what",
        list(options),
        format_func=lambda key: options[key],
        default=kept_choice.default("compare_by", EVERYTHING),
        required=True,
        key="compare_by",
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(chosen or EVERYTHING)


def show(by: str, choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """What was chosen, of the ticked models."""
    shown: dict[str, Callable[[Choice, Compared, list[str]], None]] = {
        EVERYTHING: compare.everything,
        "Level": _levels,
        "Window": _windows,
        STEPS: _steps,
        PRODUCTS: _products,
        "Bands": compare_checks.bands,
        "Residuals": compare_checks.residuals,
        "Value added": compare_checks.value_added,
    }
    if by in shown:
        shown[by](choice, compared, ticked)
        return
    column = next(column for column, word in PART.items() if word == by)
    measure = _measure()
    table = compare_queries.by_part(choice, column, measure)
    _finding(table, compared, by.lower())
    _table(table, compared, ticked, by, measure)


def _measure(offered: tuple[str, ...] = MEASURES) -> str:
    """The error that tables and charts show."""
    if st.session_state.get("compare_measure") not in (None, *offered):
        st.session_state["compare_measure"] = offered[0]
    chosen = st.segmented_control(
        "Measure",
        offered,
        format_func=lambda each: "Bias" if each == "bias" else each,
        default=kept_choice.default("compare_measure", offered[0]),
        required=True,
        key="compare_measure",
        persist_state="session",
        label_visibility="collapsed",
    )
    return str(chosen or offered[0])


def _finding(table: Table, compared: Compared, noun: str) -> None:
    """Where the best model is not the best."""
    names = words.labels(compared)
    best = str(compared.board["key"].iloc[0])
    elsewhere = table.parts[table.parts["best"] != best]
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    if elsewhere.empty:
        text = f"{names[best]} is best in every {noun}."
    else:
        share = float(elsewhere["sold"].sum())
        text = (
            f"{names[best]} is best in {len(table.parts) - len(elsewhere)} of "
            f"{fmt.count(len(table.parts), noun, plural)}; in the others, {fmt.share(share)} of "
            "sales, another is."
        )
    st.caption(fmt.escape(text))


def _table(table: Table, compared: Compared, ticked: list[str], head: str, measure: str) -> None:
    """Parts with the errors of the ticked models, and which model is best in each."""
    st.dataframe(
        shown_table(table, compared, ticked, head, measure),
        hide_index=True,
        placeholder=fmt.DASH,
        height="auto" if len(table.parts) <= 12 else 420,
        alt=f"{measure} of the ticked models by {head.lower()}",
        column_config=columns(compared, ticked, measure, head),
    )


def shown_table(
    table: Table, compared: Compared, ticked: list[str], head: str, measure: str
) -> pd.DataFrame:
    """The columns of a table of parts; shares are times 100."""
    names = words.labels(compared)
    factor = 100 if compare_charts.is_percent(measure) else 1
    label = table.parts["label"]
    if pd.api.types.is_datetime64_any_dtype(label):
        label = label.map(lambda each: f"{each.day} {each:%b %Y}")
    many = {"Series": table.parts["series"]} if (table.parts["series"] > 1).any() else {}
    return pd.DataFrame(
        {
            head: label.astype(str),
            **many,
            "Sold": table.parts["sold"] * 100,
            **{names[key]: table.errors[key] * factor for key in ticked if key in table.errors},
            "Best": table.parts["best"].map(names),
        }
    )


def columns(compared: Compared, ticked: list[str], measure: str, head: str) -> dict[str, Any]:
    """How a table of parts is drawn."""
    names = words.labels(compared)
    form = (
        "%.1f%%"
        if compare_charts.is_percent(measure)
        else ("%,.1f" if measure in ("MAE", "RMSE") else "%.3f")
    )
    return {
        head: st.column_config.TextColumn(width="medium"),
        "Series": st.column_config.NumberColumn(format="%,d", width=70),
        "Sold": st.column_config.NumberColumn(
            format="%.1f%%", width=70, help="Share of what sold in the windows."
        ),
        **{names[key]: st.column_config.NumberColumn(format=form) for key in ticked},
        "Best": st.column_config.TextColumn(help="Least WQL among all models."),
    }


def _windows(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    measure = _measure()
    table = compare_queries.by_window(choice, measure)
    _finding(table, compared, "window")
    _table(table, compared, ticked, "Cut-off", measure)
    st.caption("A window begins after its cut-off; no model has seen what comes then.")


def _steps(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    measure = _measure(tuple(each for each in MEASURES if each not in ("MASE", "RMSSE")))
    looks = compare.looks_of(compared)
    errors = compare_queries.by_step(choice, measure)[ticked]
    compare.steps_chart(choice, compared, errors, measure, looks)
    factor = 100 if compare_charts.is_percent(measure) else 1
    frame = compare.named(errors * factor, looks)
    frame.insert(0, words.noun(choice.freq).capitalize(), errors.index)
    st.dataframe(
        frame,
        hide_index=True,
        placeholder=fmt.DASH,
        height="auto" if len(frame) <= 13 else 420,
        alt=f"{measure} by {words.periods_ahead(choice.freq)}",
        column_config=columns(compared, ticked, measure, "Part"),
    )


def _levels(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    noun = words.noun(choice.freq)
    levels = compare_queries.by_level(choice, noun)
    names = words.labels(compared)
    frame = compare.named(levels[ticked] * 100, compare.looks_of(compared))
    frame.insert(0, "Level", levels.index)
    frame["Best"] = levels.idxmin(axis=1).map(names).to_numpy()
    st.caption(
        "Errors above cancel: what one product sells too little, another sells too much. Judge the "
        "level you order at, over the time you order for."
    )
    st.dataframe(
        frame,
        hide_index=True,
        placeholder=fmt.DASH,
        alt="WAPE of the ticked models, of sums from every series to all together",
        column_config={
            "Level": st.column_config.TextColumn(width="medium"),
            **{
                names[key]: st.column_config.NumberColumn(format="%.1f%%", help="WAPE of the sums.")
                for key in ticked
            },
            "Best": st.column_config.TextColumn(help="Least WAPE among all models."),
        },
    )


def _products(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """Worst and best products; the chosen one is drawn below."""
    found = compare_queries.parts(choice)
    column = "product" if "product" in found else "name"
    order = st.segmented_control(
        "Order",
        _ORDERS,
        default=_ORDERS[0],
        required=True,
        key="compare_order",
        label_visibility="collapsed",
        help="Largest error: where the most units are forecast wrong. The other two leave out "
        "products of less than 0.05% of sales.",
    )
    key = ticked[0]
    table = ordered(compare_queries.by_part(choice, column, "WAPE"), key, str(order))
    head = "Product" if column == "product" else "Series"
    frame = shown_table(table, compared, ticked, head, "WAPE").head(_LISTED)
    frame.insert(
        list(frame.columns).index("Sold") + 1,
        "Of all error",
        (error_share(table, key) * 100).head(_LISTED),
    )
    name = words.labels(compared)[key]
    st.caption(
        fmt.escape(f"By {name}, the first ticked model.")
        + " Choose a row to see what was forecast and what sold."
    )
    event = st.dataframe(
        frame,
        hide_index=True,
        placeholder=fmt.DASH,
        height=285,
        key=f"compare-products-{'-'.join(choice.run_ids)}-{order}",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        alt="Products with the errors of the ticked models",
        column_config={
            **columns(compared, ticked, "WAPE", head),
            "Of all error": st.column_config.NumberColumn(
                format="%.1f%%", width=96, help="Share of all that this model was off."
            ),
        },
    )
    if len(table.parts) > _LISTED:
        st.caption(f"The first {_LISTED} of {len(table.parts):,}; the file of scores has all.")
    rows = [row for row in event.selection.rows if row < len(frame)] or [0]
    if len(frame):
        compare_checks.forecast_and_actual(
            choice, compared, ticked, column, str(table.parts["label"].iloc[rows[0]])
        )


def ordered(table: Table, key: str, order: str) -> Table:
    """Products from the worst or the best of a model."""
    if order == _ORDERS[0]:
        places = error_share(table, key).sort_values(ascending=False, kind="stable").index
    else:
        large = table.errors[key][table.parts["sold"] >= _SMALL].dropna()
        places = large.sort_values(ascending=order == _ORDERS[2], kind="stable").index
    return compare_parts.Table(parts=table.parts.loc[places], errors=table.errors.loc[places])


def error_share(table: Table, key: str) -> "pd.Series[float]":
    """Each part's share of all that a model was off."""
    off = (table.errors[key] * table.parts["sold"]).fillna(0.0)
    return off / (float(off.sum()) or np.nan)
