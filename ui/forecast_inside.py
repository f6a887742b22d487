"""What is inside the scope of the Forecast page, one level down; a click goes there."""

import pandas as pd
import streamlit as st

from data.scope import Level, Scope
from ui import address, child_queries, forecast_children, forecast_words
from ui import format as fmt
from ui import scope as scopes
from ui.forecast_children import OTHERS
from ui.forecast_choice import Choice
from ui.forecasts import Outlook
from ui.queries import Dataset

_LEVELS: dict[str, Level] = {"Categories": "category", "Products": "product", "Places": "place"}
_CHILD_TABLE = "children"


_FROM_RUN = "Sums of the same run, so that every level adds up. A click goes there."
_SHARED_OUT = (
    "They add up to the forecast of the scope: each gets the share that a simple forecast of its "
    "own has in all of theirs. Opened, a line is forecast by the model that is best for it, and "
    "may differ a little; a trained run adds up at every level."
)


def show(made: Outlook, scope: Scope, choice: Choice, dataset: Dataset) -> None:
    """The scope one level down, adding up to its forecast; a click goes there."""
    levels = [word for word, level in _LEVELS.items() if scopes.has_children(scope, level)]
    if not levels:
        return
    ahead = forecast_words.periods(len(made.future), scope.freq)
    title = st.empty()
    word = levels[0]
    if len(levels) > 1:
        word = (
            st.segmented_control(
                "Inside by",
                levels,
                default=levels[0],
                required=True,
                label_visibility="collapsed",
                key="inside",
                bind="query-params",
            )
            or levels[0]
        )
    with st.skeleton(height=360):
        found = child_queries.children(scope, _LEVELS[word], made, choice.run)
    table = found.table
    title.markdown(
        f"**Inside {fmt.escape(scopes.name(scope))}** :gray[· next {ahead}]",
        help=_FROM_RUN if found.is_of_run else _SHARED_OUT,
    )
    key = f"{_CHILD_TABLE}-{word}-{scope}"
    money = scope.measure == "revenue"
    currency = dataset.currency if money else ""
    st.dataframe(
        fmt.with_signed_percents(
            pd.DataFrame(
                {
                    "label": table["label"],
                    "forecast": forecast_children.whole(table["forecast"]),
                    "growth": table["growth"] * 100,
                }
            ),
            {"growth": 0},
        ),
        hide_index=True,
        placeholder="new",
        key=key,
        on_select=lambda: _go_down(key, table["child_id"].tolist(), _LEVELS[word], scope),
        selection_mode="single-cell",
        alt=f"{word} inside {scopes.name(scope)}, by their forecast of the next {ahead}",
        column_config={
            "label": st.column_config.TextColumn(
                {"Categories": "Category", "Products": "Product", "Places": "Place"}[word],
                width=112,
            ),
            "forecast": st.column_config.NumberColumn(
                "Revenue" if money else "Units", format=f"{currency}%,d", width=70
            ),
            "growth": st.column_config.NumberColumn("vs LY", width=56),
        },
    )


def _go_down(key: str, children: list[str], level: Level, scope: Scope) -> None:
    """Make the clicked child the scope."""
    cells = st.session_state[key].selection.cells
    if not cells:
        return
    child = children[cells[0][0]]
    if child == OTHERS:
        return
    if level == "category":
        address.go({"category": (*scope.categories, child)})
    else:
        address.go({level: child})
