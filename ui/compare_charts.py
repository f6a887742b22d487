"""Figures of the Compare page, returned and never drawn; colours as in `ui.charts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from forecasting.arrays import FloatArray
from ui import format as fmt
from ui.chart_style import LEGEND, amount_ticks, plain, records, short
from ui.charts import COLOURS
from ui.compare_facts import Model

HEIGHT, SMALL = 290, 210
_STRIP = 0.02  # a band may miss what it promises by this much
_APART = 0.08  # of two shares whose names do not run into each other
_FIXED = {  # the same model has the same colour everywhere
    "transformer": "#000001",
    "arima": "#000002",
    "lstm": "#000003",
    "gbm": "#000004",
    "ensemble": "#000009",
    "seasonal_naive": "#000008",
    "gru": "#000007",
    "theta": "#000007",
    "ets": "#000005",
    "pretrained": "#000006",
}
_DASHES = {"seasonal_naive": "dot", "gru": "dot", "theta": "dashdot", "lstm": "dash", "ets": "dash",
           "pretrained": "dashdot"}  # fmt: skip
_MARKS = {
    "transformer": "circle",
    "arima": "square",
    "lstm": "diamond",
    "gbm": "triangle-up",
    "ensemble": "star",
    "seasonal_naive": "x",
    "gru": "cross",
    "theta": "hexagon",
    "ets": "triangle-down",
    "pretrained": "pentagon",
}
OTHER = "#000008"
_CLOSE = 6  # times the seconds of another model: their names would touch
_SECOND = "longdashdot"  # dash of a second model of one name
_SECOND_TICKS = {0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 300: "5 min", 1800: "30 min",
                 7200: "2 h", 43200: "12 h"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one model is drawn."""

    label: str
    colour: str
    dash: str
    mark: str


def looks(models: Mapping[str, Model], labels: Mapping[str, str]) -> dict[str, Look]:
    """By key; a second model of one name has another dash and an open mark."""
    found: dict[str, Look] = {}
    seen: set[str] = set()
    for key, model in models.items():
        again = model.name in seen
        seen.add(model.name)
        mark = _MARKS.get(model.name, "pentagon")
        found[key] = Look(
            label=labels[key],
            colour=_FIXED.get(model.name, OTHER),
            dash=_SECOND if again else _DASHES.get(model.name, "solid"),
            mark=f"{mark}-open" if again else mark,
        )
    return found


def by_step(
    errors: pd.DataFrame, looks: Mapping[str, Look], *, noun: str, measure: str
) -> go.Figure:
    """Error by steps ahead; `errors` has a step per row and a key per column."""
    figure = go.Figure()
    percent = is_percent(measure)
    for key in errors.columns:
        look = looks[str(key)]
        figure.add_scatter(
            x=errors.index,
            y=errors[key],
            name=plain(short(look.label, 24)),
            mode="lines",
            line={"color": look.colour, "dash": look.dash, "width": width_of(look)},
            text=[f"{plain(look.label)}: {figure_of(value, measure)}" for value in errors[key]],
            hoverinfo="text",
        )
    last = int(errors.index.max())
    ticks = _step_ticks(last)
    style(figure, HEIGHT)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(
        tickvals=ticks,
        ticktext=[f"1 {noun}" if each == 1 else str(each) for each in ticks],
        range=[1 - 0.02 * last, last * 1.02],
    )
    figure.update_yaxes(tickformat=".0%" if percent else ".3~f")
    return figure


def bands(held: pd.DataFrame, looks: Mapping[str, Look]) -> go.Figure:
    """Promised against observed share of central bands, with the strip that is fine.

    `held` has a promised share per row and a key per column.
    """
    figure = go.Figure()
    x = np.array([held.index.min() - 0.03, min(held.index.max() + 0.02, 1.0)])
    figure.add_scatter(x=x, y=x - _STRIP, mode="lines", line={"width": 0}, showlegend=False,
                       hoverinfo="skip")  # fmt: skip
    figure.add_scatter(x=x, y=np.minimum(x + _STRIP, 1.0), mode="lines", line={"width": 0},
                       fill="tonexty", fillcolor=OTHER + "40", name="±2 points: fine",
                       hoverinfo="skip")  # fmt: skip
    for key in held.columns:
        look = looks[str(key)]
        figure.add_scatter(
            x=held.index,
            y=held[key],
            showlegend=False,  # as in the chart beside it; one row has no room for all
            mode="lines+markers",
            line={"color": look.colour, "dash": look.dash, "width": width_of(look)},
            marker={"color": look.colour, "symbol": look.mark, "size": 8},
            text=[
                f"{plain(look.label)}: the {promised:.0%} band held {value:.1%}"
                for promised, value in held[key].items()
            ],
            hoverinfo="text",
        )
    style(figure, HEIGHT)
    shares = [float(share) for share in held.index]
    named = [share for share in shares if share == shares[-1] or shares[-1] - share > _APART]
    figure.update_xaxes(tickvals=shares, ticktext=[f"{each:.0%}" if each in named else "" for each
                        in shares], tickangle=0)  # fmt: skip
    figure.update_yaxes(tickformat=".0%")
    return figure


def worth(board: pd.DataFrame, looks: Mapping[str, Look]) -> go.Figure:
    """Error against seconds, on a logarithmic axis; every model is named beside its mark."""
    figure = go.Figure()
    known = board[board["seconds"] > 0].sort_values("seconds").reset_index(drop=True)
    for row, side in zip(records(known), _sides(known), strict=True):
        look = looks[row["key"]]
        said = f"{plain(look.label)}: {fmt.share(row['WAPE'])} in {seconds(row['seconds'])}"
        figure.add_scatter(
            x=[row["seconds"]],
            y=[row["WAPE"]],
            mode="markers+text",
            marker={"color": look.colour, "symbol": look.mark, "size": 11},
            text=[plain(short(look.label, 18))],
            textposition=side,
            hovertext=[said],
            hoverinfo="text",
            showlegend=False,
            cliponaxis=False,
        )
    style(figure, HEIGHT)
    low, high = np.log10([known["seconds"].min(), known["seconds"].max()])
    figure.update_xaxes(
        type="log",
        range=[low - 0.55, high + 0.55],
        tickvals=list(_SECOND_TICKS),
        ticktext=list(_SECOND_TICKS.values()),
    )
    spread = float(np.ptp(known["WAPE"])) or 0.01
    figure.update_yaxes(
        tickformat=".1%" if spread < 0.04 else ".0%",
        range=[known["WAPE"].min() - 0.15 * spread, known["WAPE"].max() + 0.15 * spread],
    )
    return figure


def windows(
    history: pd.DataFrame, tests: pd.DataFrame, looks: Mapping[str, Look], *, view: str
) -> go.Figure:
    """Sold, and what each model had said at each cutoff; a window is a line of its own.

    `history` has timestamp and actual; `tests` model, cutoff, timestamp, mean.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=history["timestamp"],
        y=history["actual"],
        name="Sold",
        mode="lines",
        line={"color": COLOURS["sold"], "width": 2},
        text=[f"Sold: {fmt.units(value)}" for value in history["actual"]],
        hoverinfo="text",
    )
    for cutoff in sorted(tests["cutoff"].unique()):
        figure.add_vline(x=cutoff, line={"color": OTHER, "width": 1})
    for (key, cutoff), part in tests.groupby(["model", "cutoff"], observed=True, sort=False):
        look = looks[str(key)]
        figure.add_scatter(
            x=part["timestamp"],
            y=part["mean"],
            name=plain(short(look.label, 24)),
            legendgroup=str(key),
            showlegend=cutoff == tests["cutoff"].min(),
            mode="lines",
            line={"color": look.colour, "dash": look.dash, "width": width_of(look)},
            text=[f"{plain(look.label)}: {fmt.units(value)}" for value in part["mean"]],
            hoverinfo="text",
        )
    style(figure, HEIGHT)
    figure.update_layout(hovermode="x unified", uirevision=view)
    figure.update_xaxes(nticks=8, tickformat="%-d %b<br>%Y", tickangle=0)
    most = float(np.nanmax([history["actual"].max(), tests["mean"].max(), 1.0]))
    ticks = amount_ticks(0.0, most, "quantity", "")
    figure.update_yaxes(rangemode="tozero", tickvals=list(ticks), ticktext=list(ticks.values()))
    return figure


def held(reliability: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Observed shares of the central bands: a promised share per row, a key per column."""
    columns = {}
    for key in keys:
        own = reliability[reliability["model"] == key].set_index("level")["observed"]
        columns[key] = {
            round(1 - 2 * level, 4): float(own[upper] - own[level])
            for level in own.index
            if level < 0.5 and (upper := _mirror(own.index, level)) is not None
        }
    return pd.DataFrame(columns).sort_index()


def is_percent(measure: str) -> bool:
    """Whether a measure is a share of what sold."""
    return measure in ("WAPE", "bias")


def figure_of(value: float, measure: str) -> str:
    """An error as text.

    >>> figure_of(0.1481, "WAPE"), figure_of(0.4312, "WQL"), figure_of(-0.021, "bias")
    ('14.8%', '0.431', '−2.1%')
    >>> figure_of(12.34, "MAE")
    '12.3'
    """
    if pd.isna(value):
        return fmt.DASH
    if measure == "bias":
        return fmt.growth(value) if abs(value) < 0.0995 else f"{value:+.1%}".replace("-", fmt.MINUS)
    if is_percent(measure):
        return fmt.share(value)
    return f"{value:,.1f}" if measure in ("MAE", "RMSE") else f"{value:.3f}"


def seconds(value: float) -> str:
    """Seconds as text, tenths below one.

    >>> seconds(0.31), seconds(44.2)
    ('0.3 s', '44 s')
    """
    return f"{value:.1f} s" if value < 0.95 else fmt.duration(value)


def _mirror(levels: pd.Index, level: float) -> float | None:
    found: FloatArray = np.asarray(levels)[np.isclose(levels, 1 - level)]
    return float(found[0]) if len(found) else None


def _sides(known: pd.DataFrame) -> list[str]:
    """Where names stand: above the mark, below or beside it where others of close seconds are."""
    sides = []
    for row in records(known):
        ratio = known["seconds"] / row["seconds"]
        close = known[(ratio < _CLOSE) & (ratio > 1 / _CLOSE)]["WAPE"]
        above, below = (close > row["WAPE"]).any(), (close < row["WAPE"]).any()
        if above and below:
            sides.append("middle left")
        else:
            sides.append("bottom center" if above else "top center")
    return sides


def _step_ticks(last: int) -> list[int]:
    """
    >>> _step_ticks(13), _step_ticks(4)
    ([1, 4, 8, 13], [1, 2, 3, 4])
    """
    if last <= 6:
        return list(range(1, last + 1))
    every = 4 if last <= 16 else 7 if last <= 35 else 13
    inner = [each for each in range(every, last, every) if last - each > every / 2]
    return [1, *inner, last]


def width_of(look: Look) -> float:
    return 1.6 if look.dash == "dot" else 2.2


def style(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 20, "t": 30, "b": 8},
        legend=LEGEND,
        dragmode=False,
        showlegend=any(trace.showlegend is not False and trace.name for trace in figure.data),
    )
    figure.update_xaxes(showgrid=False, ticks="outside", zeroline=False, title=None)
    figure.update_yaxes(nticks=5, ticks="", zeroline=False, title=None, automargin=True)
