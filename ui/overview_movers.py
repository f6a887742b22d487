"""The products that gained and lost most: as two tables, or as a map to choose in by lasso."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from data import overview as database
from data.comparison import Comparison
from data.overview import SPARK, Overview
from data.scope import Scope
from ui import chart_downloads, navigation, queries, state
from ui import format as fmt
from ui import overview_words as words
from ui.chart_style import LEGEND, plain, records, short, tick
from ui.charts import COLOURS
from ui.queries import Dataset

Floats = npt.NDArray[np.float64]

MAPPED = 400  # products on the map
LISTED = 50  # chosen ones in the table below it


def show(found: Overview, scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    """Movers, where there is a year before and more than one product."""
    if not comparison.has_before or scope.product_id is not None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**What moved** :gray[· products, against last year]", width="content")
        st.space("stretch")
        view = st.segmented_control(
            "Movers as",
            ["Tables", "Map"],
            default="Tables",
            required=True,
            key="movers",
            bind="query-params",
            label_visibility="collapsed",
        )
    if view == "Map":
        _map(scope, comparison, dataset)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _table("Gained most", "gained", found.gained, scope, dataset)
    with right:
        _table("Lost most", "lost", found.lost, scope, dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _moved(version: queries.Version, scope: Scope, comparison: Comparison) -> pd.DataFrame:
    """The products that moved most either way: product_id, label, change, value, before."""
    found = database.products(state.store(), scope, comparison, limit=MAPPED)
    column = "revenue" if scope.measure == "revenue" else "units"
    frame = found[["product_id", "name"]].rename(columns={"name": "label"})
    frame["value"] = found[column].astype(float)
    frame["before"] = found[f"{column}_before"].astype(float)
    return frame.assign(change=frame["value"] - frame["before"])


def _map(scope: Scope, comparison: Comparison, dataset: Dataset) -> None:
    frame = _moved(queries.version(), scope, comparison)
    if frame.empty:
        st.caption("No product did.")
        return
    key = chart_downloads.keyed(f"moved-{hash((scope, comparison)):x}")
    chart_downloads.draw(
        figure(frame, scope.measure, dataset.currency),
        title="What moved",
        key=key,
        alt=f"{len(frame)} products by last year's amount and their change; "
        f"{str(frame['label'].iloc[0])[:60]} moved most.",
        data=lambda: words.ranked_table(frame, scope.measure),
        on_select="rerun",
        select=("points", "box", "lasso"),
    )
    st.caption(
        "Across: last year. Up: gained, down: lost. Draw around products to list them below."
        + (f" The {MAPPED} that moved most are drawn." if len(frame) == MAPPED else "")
    )
    if picked := {int(data[0]) for data in chart_downloads.chosen(key)}:
        mine = frame[frame["product_id"].isin(picked)].reset_index(drop=True)
        rest = f", the {LISTED} that moved most" if len(mine) > LISTED else ""
        title = f"{fmt.count(len(mine), 'product')} chosen{rest}"
        _table(title, "chosen", mine, scope, dataset)


def figure(frame: pd.DataFrame, measure: str, currency: str) -> go.Figure:
    """A point per product: last year's amount across, the change up or down."""
    up = frame["change"] >= 0
    made = go.Figure()
    for rows, name, role, symbol in (
        (frame[up], "Gained", "forecast", "triangle-up"),
        (frame[~up], "Lost", "rival", "triangle-down"),
    ):
        made.add_scatter(
            x=_root(rows["before"]),
            y=_root(rows["change"]),
            name=name,
            mode="markers",
            customdata=[[int(key)] for key in rows["product_id"]],
            marker={"color": COLOURS[role], "symbol": symbol, "size": 9, "opacity": 0.75},
            hovertext=[_sentence(row, measure, currency) for row in records(rows)],
            hoverinfo="text",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.15}},
        )
    made.update_layout(
        height=340,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        dragmode="lasso",
        hovermode="closest",
        legend=LEGEND,
    )
    for column, update in (("before", made.update_xaxes), ("change", made.update_yaxes)):
        ticks = _ticks(frame[column], measure, currency)
        update(
            tickvals=_root(pd.Series(list(ticks))),
            ticktext=list(ticks.values()),
            title=None,
            fixedrange=True,
        )
    made.update_xaxes(showgrid=False, zeroline=False, ticks="outside", tickangle=0)
    made.update_yaxes(ticks="", zeroline=True, automargin=True)
    return made


def _root(values: "pd.Series[float]") -> Floats:
    """Square roots with their sign: a few large products would press all others together."""
    amounts = values.to_numpy(dtype=np.float64)
    return np.asarray(np.sign(amounts) * np.sqrt(np.abs(amounts)))


def _ticks(values: "pd.Series[float]", measure: str, currency: str) -> dict[float, str]:
    """Zero, and both ways the largest round amount, a quarter and a sixteenth of it."""
    top = float(values.abs().max())
    if top <= 0:
        return {0.0: "0"}
    digit = 10.0 ** math.floor(math.log10(top))
    largest = math.floor(top / digit) * digit
    places = [0.0] + [sign * largest / part for part in (1, 4, 16) for sign in (1, -1)]
    inside = [at for at in sorted(places) if values.min() - 1e-9 <= at or at == 0]
    return {at: tick(at, measure, currency) for at in inside}


def _sentence(row: dict[str, Any], measure: str, currency: str) -> str:
    change = words.difference(row["change"], measure, currency)
    now = fmt.exact(row["value"], measure, currency)
    return (
        f"{plain(short(str(row['label']), 60))}: {change}<br>"
        f"{now} now, {words.growth_word(row['value'], row['before'])}"
    )


def _table(title: str, name: str, frame: pd.DataFrame, scope: Scope, dataset: Dataset) -> None:
    """The products of `frame`, with their last weeks where it has them; Open leads on."""
    st.markdown(f"**{title}**")
    if frame.empty:
        st.caption("No product did.")
        return
    money = scope.measure == "revenue"
    table = frame.head(LISTED).assign(open="Open")
    changes = [
        words.growth(value, before)
        for value, before in zip(table["value"], table["before"], strict=True)
    ]
    table["growth"] = pd.Series(changes, dtype="Float64", index=table.index) * 100
    unit = dataset.currency if money else ""
    last = f"{SPARK} {'months' if dataset.frequency == 'M' else 'weeks'}"
    click = f"open_{name}"
    config = st.column_config
    columns: dict[str, Any] = {
        "label": config.TextColumn("Product", width=194),
        "change": config.NumberColumn(
            f"Change{', ' + unit if unit else ''}", format="%+,d", width=84
        ),
        "growth": config.NumberColumn("Growth", width=62),
        "spark": config.LineChartColumn(last, width=72, y_min=0, color="gray"),
        "open": config.ButtonColumn("", key=click, type="tertiary", width=54),
    }
    if "spark" in table:
        table["spark"] = [[max(value, 0.0) for value in spark] for spark in table["spark"]]
    else:
        del columns["spark"]
    st.dataframe(
        fmt.with_signed_percents(table[list(columns)], {"growth": 0}),
        hide_index=True,
        placeholder="new",
        alt=f"{title}: {str(frame['label'].iloc[0])[:60]} first",
        column_config=columns,
    )
    if pressed := st.session_state.get(click):
        product = str(table.at[pressed["row"], "product_id"])
        navigation.open_forecast(dataset.dataset_id, product, scope.place_id)
