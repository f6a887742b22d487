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

_FLOOR = 0.01  # of a logarithmic axis; smaller values stand on it
DRAWN = 1_500  # products with a point; more would be a cloud that no lasso can part
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
            y=mine[up].clip(lower=_FLOOR).to_numpy(dtype=np.float32),
            name=letter,
            mode="markers",
            customdata=[[int(key)] for key in mine.index],
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
        margin={"l": 8, "r": 8, "t": 50, "b": 8},
        dragmode="lasso",
        hovermode="closest",
        legend=LEGEND | {"y": 1.07},
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
    """Round ticks, and dotted lines where one class ends and the next begins."""
    shared = {"title": None, "fixedrange": True, "zeroline": False}
    made.update_xaxes(ticks="outside", tickangle=0, showgrid=False, **shared)
    made.update_yaxes(ticks="", automargin=True, type="log", **shared)
    if columns == "xyz":
        ticks = _decades(drawn["amount"], measure, currency)
        made.update_yaxes(tickvals=list(ticks), ticktext=list(ticks.values()))
        made.update_xaxes(rangemode="tozero", nticks=7)
        _line(made, "x", limits.x_cv, f"X until CV {limits.x_cv:g} ", anchor="right")
        _line(made, "x", limits.y_cv, f" Y until {limits.y_cv:g}", anchor="left")
        return
    made.update_xaxes(type="log", tickvals=[1, 1.5, 2, 3, 5, 10, 20, 50])
    made.update_yaxes(
        tickvals=[0.01, 0.1, 1, 10, 100], ticktext=["≤ 0.01", "0.1", "1", "10", "100"]
    )
    _line(made, "x", limits.adi, f" intermittent from ADI {limits.adi:g}", anchor="left")
    _line(made, "y", limits.cv2, f"erratic from CV² {limits.cv2:g}", anchor="right")


def _line(
    made: go.Figure, axis: Literal["x", "y"], value: float, text: str, *, anchor: str
) -> None:
    """A dotted line across the plot, with its name at the top or the right end."""
    place = float(np.log10(value)) if made.layout[f"{axis}axis"].type == "log" else value
    if axis == "x":
        ends = {"x0": value, "x1": value, "y0": 0, "y1": 1, "yref": "paper"}
        at = {"x": place, "y": 1, "yref": "paper", "yanchor": "bottom"}
    else:
        ends = {"y0": value, "y1": value, "x0": 0, "x1": 1, "xref": "paper"}
        at = {"y": place, "x": 1, "xref": "paper", "yanchor": "bottom"}
    grey = COLOURS["last_year"]
    made.add_shape(type="line", line={"color": grey, "width": 1, "dash": "dot"}, **ends)
    made.add_annotation(text=text, xanchor=anchor, showarrow=False, font={"size": 11}, **at)


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
