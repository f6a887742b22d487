"""The Compare tab of Seasonality: categories, products or places of the scope side by side."""

import numpy as np
import streamlit as st

from data.scope import Level, Scope
from ui import address, background, chart_downloads, queries
from ui import format as fmt
from ui import scope as scopes
from ui import seasonality_compare as compare
from ui import seasonality_detail_charts as charts
from ui import seasonality_tables as tables
from ui.queries import Dataset
from ui.seasonality_facts import Patterns

OFFERED = 200  # members offered by name; a longer list would weigh more than the page
_LEVELS: dict[str, Level] = {"Categories": "category", "Products": "product", "Places": "place"}
_TABLE = "compare_table"


def show(found: Patterns, scope: Scope, dataset: Dataset) -> None:
    """Small multiples and a table of what lies inside the scope."""
    levels = [word for word, level in _LEVELS.items() if scopes.has_children(scope, level)]
    if not levels:
        st.caption("One product in one place has nothing inside to compare. Choose a wider scope.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        word = (
            st.segmented_control(
                "Compare",
                levels,
                default=levels[0],
                required=True,
                label_visibility="collapsed",
                key=f"compare_{'-'.join(levels).lower()}",
            )
            or levels[0]
        )
        views = ["A usual year", *(["A usual week"] if found.days else []), "Sales"]
        view = st.segmented_control(
            "Show",
            views,
            default=views[0],
            required=True,
            label_visibility="collapsed",
            key=f"compare_view_{len(views)}",
        )
    members = _members(scope, _LEVELS[word])
    chosen = st.multiselect(
        f"{word} to compare",
        list(members),
        format_func=lambda key: members[key],
        max_selections=12,
        placeholder=f"The {compare.MOST} largest; choose others by name",
        label_visibility="collapsed",
        key=f"compare_{word}_{scope.dataset_id}_{scope.categories}_{scope.product_id}",
    )
    try:
        children = queries.comparison(scope, _LEVELS[word], dataset.frequency, tuple(chosen))
    except background.NotYet:
        return
    drawn = {
        "A usual year": compare.usual_years,
        "A usual week": compare.usual_weeks,
        "Sales": compare.courses,
    }[view or views[0]](children)
    if not drawn:
        st.caption("None of these has sold for long enough yet.")
    else:
        unit = "own mean = 0%" if view == "Sales" else "above or below the mean"
        st.markdown(f"**{view}** :gray[· percent, {unit}, one scale]")
        chart_downloads.draw(
            charts.multiples(drawn),
            title=f"{view}, {word.lower()} compared",
            key=chart_downloads.keyed("multiples"),
            alt=charts.describe_multiples(drawn),
            data=lambda: tables.multiples(drawn),
        )
    _table(children, _LEVELS[word], scope, word)


def _table(children: list[compare.Child], level: Level, scope: Scope, word: str) -> None:
    if not children:
        return
    key = f"{_TABLE}-{word}-{scope}"
    frame = compare.table(children)
    frame = frame.drop(columns=[name for name in frame if frame[name].isna().all()])
    config = st.column_config
    percents = {"growth": 1} if "growth" in frame else {}
    st.dataframe(
        fmt.with_signed_percents(frame, percents),
        hide_index=True,
        placeholder=fmt.DASH,
        key=key,
        on_select=lambda: _go(key, [each.child_id for each in children], level, scope),
        selection_mode="single-cell",
        alt=f"{word} by strength of season and growth; a click goes there",
        column_config={
            "label": config.TextColumn(word, width=240),
            "yearly": config.ProgressColumn(
                "Yearly pattern",
                format="%d",
                min_value=0,
                max_value=100,
                width=120,
                help="Strength, of 100",
            ),
            "month": config.TextColumn("Top month", width=80),
            "weekly": config.ProgressColumn(
                "Weekly pattern",
                format="%d",
                min_value=0,
                max_value=100,
                width=120,
                help="Strength, of 100",
            ),
            "day": config.TextColumn("Top day", width=80),
            "growth": config.NumberColumn("Trend a year", width=100),
        },
    )


def _go(key: str, children: list[str], level: Level, scope: Scope) -> None:
    """Make the clicked one the scope."""
    cells = st.session_state[key].selection.cells
    if not cells:
        return
    child = children[cells[0][0]]
    address.go({"category": (*scope.categories, child)} if level == "category" else {level: child})


def _members(scope: Scope, level: Level) -> dict[str, str]:
    """What is inside the scope, best sellers first, by the id that the query uses."""
    if level == "place":
        places = queries.places(scope.dataset_id)
        return {str(key): str(places.at[key, "name"]) for key in places.index[:OFFERED]}
    products, depth = queries.products(scope.dataset_id), len(scope.categories)
    inside = np.array([path[:depth] == scope.categories for path in products["categories"]], bool)
    mine = products[inside]
    if level == "product":
        return {str(key): str(mine.at[key, "name"]) for key in mine.index[:OFFERED]}
    names = dict.fromkeys(path[depth] if len(path) > depth else "" for path in mine["categories"])
    return {name: name or "Without a category" for name in list(names)[:OFFERED]}
