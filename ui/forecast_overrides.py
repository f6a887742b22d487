"""What people changed of the forecast, on the fan chart: a diamond on a stem at each final."""

import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq, Scope
from ui import forecasts, plan_reads, plan_words
from ui import format as fmt
from ui.plan_source import same_scope

COLOUR = "#000004"  # plum, a place of the theme; see `ui.charts`
NAME = "Override"
_MOST_NAMED = 3  # periods in the description of the chart


def of_scope(scope: Scope, times: "pd.Series[pd.Timestamp]", currency: str) -> pd.DataFrame:
    """timestamp, mean (of the plan's forecast), value (the final) and words of changed periods.

    In the measure of the scope, only of `times`; empty where there is no plan or no change.
    """
    found = plan_reads.plan(scope.dataset_id, scope.freq)
    if found is None:
        return pd.DataFrame(columns=["timestamp", "mean", "value", "words"])
    series = plan_reads.of_scope(found, same_scope(scope))
    changed = series[(series["changed"] > 0) & series["timestamp"].isin(times)]
    return marked(changed, scope, currency)


def marked(changed: pd.DataFrame, scope: Scope, currency: str) -> pd.DataFrame:
    """The rows of `data.plans.series` that were changed, as the chart needs them."""
    money = "_money" if scope.measure == "revenue" else ""
    frame = changed.rename(columns={f"final{money}": "value"})
    frame = frame.assign(mean=changed[f"mean{money}"]).dropna(subset=["mean", "value"])
    words = [
        f"{NAME}: {plan_words.override(row, row['value'] - row['mean'], scope.measure, currency)}"
        f" to {fmt.exact(row['value'], scope.measure, currency)}"
        for row in frame.to_dict("records")
    ]
    return frame.assign(words=words)[["timestamp", "mean", "value", "words"]].reset_index(drop=True)


def add(figure: go.Figure, marks: pd.DataFrame) -> None:
    """Draw the changes on a fan chart whose axis has room for them."""
    if marks.empty:
        return
    ends = zip(marks["timestamp"], marks["mean"], marks["value"], strict=True)
    stems = [
        point for when, low, high in ends for point in ((when, low), (when, high), (None,) * 2)
    ]
    figure.add_scatter(
        x=[when for when, _ in stems],
        y=[value for _, value in stems],
        mode="lines",
        line={"color": COLOUR, "width": 2},
        legendgroup=NAME,
        showlegend=False,
        hoverinfo="skip",
        zorder=3,
    )
    figure.add_scatter(
        x=marks["timestamp"],
        y=marks["value"],
        name=NAME,
        legendgroup=NAME,
        mode="markers",
        marker={"symbol": "diamond", "size": 11, "color": COLOUR},
        text=marks["words"],
        hoverinfo="x+text",
        zorder=3,
    )


def describe(marks: pd.DataFrame, freq: Freq) -> str:
    """Which periods were changed, for those who cannot see the chart; "" for none."""
    if marks.empty:
        return ""
    if len(marks) > _MOST_NAMED:
        return f" {fmt.count(len(marks), *forecasts.NOUN[freq])} are overridden."
    named = [fmt.period(when, freq) for when in marks["timestamp"]]
    return f" Overridden: {', '.join(named)}."
