"""Segments as points: a product each, to choose by lasso where a class would cut through them."""

from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from data.scope import Scope
from data.segments import ABC, Thresholds
from ui import chart_downloads
from ui import format as fmt
from ui import segments_words as words
from ui.chart_style import LEGEND, amount_ticks, plain, short, tick
from ui.charts import COLOURS

Columns = Literal["xyz", "pattern"]

DRAWN = 2_000  # products with a point; more would be a cloud that no lasso can part
_LOOKS = {
    "A": (COLOURS["forecast"], "circle"),
    "B": (COLOURS["rival"], "diamond"),
    "C": (COLOURS["last_year"], "x-thin-open"),
}
_MODES: tuple[chart_downloads.Mode, ...] = ("points", "box", "lasso")


def show(
    within: pd.DataFrame,
    picked: words.Filter,
    columns: Columns,
    limits: Thresholds,
    scope: Scope,
    currency: str,
) -> None:
    """The products of `within` that have a place: variation across, amount up."""
    frame = placed(within, columns)
    if frame.empty:
        st.caption("No product has sold often enough to be placed.")
        return
    drawn = frame.head(DRAWN)
    chart_downloads.draw(
        figure(drawn, columns, limits, scope.measure, currency),
        title="What earns and how it sells, by product",
        key=_key(picked, columns, limits, scope),
        alt=f"{len(drawn)} products by how they vary and what they earn.",
        data=lambda: frame[["code", "name", "abc", "xyz", "pattern", "cv", "adi", "cv2", "amount"]],
        on_select="rerun",
        select=_MODES,
    )
    said = "" if len(frame) <= DRAWN else f" The largest {DRAWN:,} of {len(frame):,} are drawn."
    st.caption(f"Draw around products to look at them alone, and to save them.{said}")


def lassoed(picked: words.Filter, limits: Thresholds, scope: Scope) -> frozenset[int]:
    """The products that are chosen in the chart, which is drawn later; none is all."""
    columns: Columns = "pattern" if st.session_state.get("columns") == "Pattern" else "xyz"
    points = chart_downloads.chosen(_key(picked, columns, limits, scope))
    return frozenset(int(data[0]) for data in points)


def placed(classified: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Products with a variation and an amount above zero, largest first."""
    known = classified["cv"].notna() if columns == "xyz" else classified["adi"].notna()
    return classified[known & (classified["amount"] > 0)]


def figure(
    drawn: pd.DataFrame, columns: Columns, limits: Thresholds, measure: str, currency: str
) -> go.Figure:
    """A point per product: CV against the amount, or ADI against CV²; limits are dotted lines."""
    across, up = ("cv", "amount") if columns == "xyz" else ("adi", "cv2")
    made = go.Figure()
    for letter in ABC:
        mine = drawn[drawn["abc"] == letter]
        colour, symbol = _LOOKS[letter]
        made.add_scatter(
            x=mine[across].to_numpy(dtype=np.float32),
            y=mine[up].to_numpy(dtype=np.float32),
            name=letter,
            mode="markers",
            customdata=mine.index.to_numpy()[:, None],
            marker={
                "color": colour,
                "symbol": symbol,
                "size": 7,
                "opacity": 0.7,
                "line": {"width": 1},
            },
            hovertext=[
                f"{plain(short(str(name), 60))}: {fmt.exact(amount, measure, currency)}<br>"
                f"{letter}{xyz} · {pattern} · CV {cv:.2f} · ADI {adi:.2f}"
                for name, amount, xyz, pattern, cv, adi in zip(
                    *(mine[each] for each in ("name", "amount", "xyz", "pattern", "cv", "adi")),
                    strict=True,
                )
            ],
            hoverinfo="text",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 0.15}},
        )
    made.update_layout(
        height=380,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        dragmode="lasso",
        hovermode="closest",
        legend=LEGEND,
    )
    _axes(made, drawn, columns, limits, measure, currency)
    return made


def _axes(
    made: go.Figure,
    drawn: pd.DataFrame,
    columns: Columns,
    limits: Thresholds,
    measure: str,
    currency: str,
) -> None:
    shared = {"title": None, "fixedrange": True, "zeroline": False}
    made.update_xaxes(ticks="outside", tickangle=0, showgrid=False, **shared)
    made.update_yaxes(ticks="", automargin=True, **shared)
    if columns == "xyz":
        ticks = _decades(drawn["amount"], measure, currency)
        made.update_yaxes(type="log", tickvals=list(ticks), ticktext=list(ticks.values()))
        made.update_xaxes(rangemode="tozero", nticks=7)
        cuts = ((limits.x_cv, "X until"), (limits.y_cv, "Y until"))
        lines = [(value, f"{word} {value:g}", "x") for value, word in cuts]
    else:
        made.update_xaxes(type="log", dtick="D2")
        made.update_yaxes(rangemode="tozero", nticks=5)
        lines = [
            (limits.adi, f"intermittent from ADI {limits.adi:g}", "x"),
            (limits.cv2, f"erratic from CV² {limits.cv2:g}", "y"),
        ]
    for value, text, axis in lines:
        add = made.add_vline if axis == "x" else made.add_hline
        add(
            value,
            line={"color": COLOURS["last_year"], "width": 1, "dash": "dot"},
            annotation={"text": text, "font": {"size": 11}},
            annotation_position="top right",
        )


def _decades(values: "pd.Series[float]", measure: str, currency: str) -> dict[float, str]:
    """Powers of ten within the values, or round amounts where there are none."""
    low, high = float(values.min()), float(values.max())
    powers = [10.0**power for power in range(0, 13) if low <= 10.0**power <= high]
    if len(powers) < 2:
        ticks = amount_ticks(0.0, high, measure, currency)
        return {value: text for value, text in ticks.items() if value > 0}
    return {value: tick(value, measure, currency) for value in powers}


def _key(picked: words.Filter, columns: Columns, limits: Thresholds, scope: Scope) -> str:
    """Another one, and so without a selection, when anything that was drawn may change."""
    return chart_downloads.keyed(f"points-{hash((picked, columns, limits, scope)):x}")
