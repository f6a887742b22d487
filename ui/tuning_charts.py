"""Figures of a search: the error of each trial with the best so far, and which setting mattered."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from ui import tuning_words

HEIGHT = 280
_BLUE, _ORANGE, _GREY, _INK, _RED = "#000001", "#000002", "#000008", "#000009", "#000006"


def values(trials: pd.DataFrame, *, asked: int, usual: float | None, view: str) -> go.Figure:
    """WQL by trial; pruned and failed ones, which have none, are marks at the upper edge."""
    figure = go.Figure()
    done = trials.dropna(subset="value")
    top = _top(done, usual)
    if usual is not None:
        figure.add_scatter(
            x=[0.5, asked + 0.5],
            y=[usual, usual],
            name="Usual settings",
            mode="lines",
            line={"color": _ORANGE, "width": 1.6, "dash": "dash"},
            hoverinfo="skip",
        )
    last = max(asked, int(trials["trial"].max()) if len(trials) else 1)
    if len(done):
        _add_complete(figure, done, last, usual)
    for state, name, symbol, colour in (
        ("pruned", "Pruned", "x", _GREY),
        ("failed", "Failed", "triangle-up", _RED),
    ):
        found = trials[trials["state"] == state]
        if len(found):
            figure.add_scatter(
                x=found["trial"],
                y=[top] * len(found),
                name=name,
                mode="markers",
                marker={"symbol": symbol, "size": 9, "color": colour},
                text=[f"Trial {number}: {name.lower()}" for number in found["trial"]],
                hoverinfo="text",
            )
    figure.update_xaxes(
        range=[0.5, last + 0.5],
        nticks=min(last + 1, 13),
        tickformat="d",
        title={"text": "trial", "font": {"size": 11}},
    )
    figure.update_yaxes(tickformat=".2~f" if top > 1 else ".3~f")
    return _styled(figure, view, shown=bool(len(trials)))


def _add_complete(figure: go.Figure, done: pd.DataFrame, last: int, usual: float | None) -> None:
    """Trials with a value as points, the best of them as a star, and a line of the best so far."""
    best = done["value"].cummin()
    figure.add_scatter(
        x=[*(done["trial"]), last + 0.5],
        y=[*best, best.iloc[-1]],
        name="Best so far",
        mode="lines",
        line={"color": _INK, "width": 2, "shape": "hv"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=done["trial"],
        y=done["value"],
        name="Complete",
        mode="markers",
        marker={"color": _BLUE, "size": 9},
        text=[
            _sentence(number, value, usual)
            for number, value in zip(done["trial"], done["value"], strict=True)
        ],
        hoverinfo="text",
    )
    star = done.iloc[int(done["value"].argmin())]
    figure.add_scatter(
        x=[star["trial"]],
        y=[star["value"]],
        name="Best",
        mode="markers",
        marker={"symbol": "star", "size": 15, "color": _BLUE},
        showlegend=False,
        text=[f"Best: {_sentence(star['trial'], star['value'], usual)}"],
        hoverinfo="text",
    )


def importance(shares: Mapping[str, float], *, view: str) -> go.Figure:
    """Bars of the share that each setting had in the differences, the largest on top."""
    ordered = list(shares.items())[::-1]
    figure = go.Figure(
        go.Bar(
            x=[100 * share for _, share in ordered],
            y=[tuning_words.label(name) for name, _ in ordered],
            orientation="h",
            marker={"color": _BLUE},
            text=[f"{share:.0%}" for _, share in ordered],
            textposition="outside",
            cliponaxis=False,
            hovertext=[f"{tuning_words.label(name)}: {share:.0%}" for name, share in ordered],
            hoverinfo="text",
        )
    )
    top = 100 * max(shares.values(), default=1.0)
    _styled(figure, view, shown=bool(shares))
    figure.update_xaxes(range=[0, top * 1.18], visible=False)
    figure.update_yaxes(showgrid=False)
    return figure.update_layout(showlegend=False)


def describe(trials: pd.DataFrame, usual: float | None) -> str:
    """The finding in a sentence, for those who cannot see the chart."""
    done = trials["value"].dropna()
    if done.empty:
        return "No trial is complete yet"
    pruned = int((trials["state"] == "pruned").sum())
    against = "" if usual is None else f"; usual settings {usual:.3f}"
    return f"Best WQL {done.min():.3f} of {len(done)} complete trials, {pruned} pruned{against}"


def _top(done: pd.DataFrame, usual: float | None) -> float:
    """A little above the highest value."""
    known = [*done["value"], *([] if usual is None else [usual])]
    if not known:
        return 1.0
    high, low = max(known), min(known)
    return high + max(0.12 * (high - low), 0.01 * high)


def _sentence(number: int, value: float, usual: float | None) -> str:
    words = f"Trial {number}: {value:.3f}"
    if usual:
        change = value / usual - 1
        words += f", {'as' if abs(change) < 5e-4 else f'{change:+.1%} against'} the usual settings"
    return words


def _styled(figure: go.Figure, view: str, *, shown: bool) -> go.Figure:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        hovermode="closest",
        uirevision=view,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemwidth": 30},
        bargap=0.4,
    )
    figure.update_xaxes(ticks="outside", showgrid=False, zeroline=False, visible=shown)
    figure.update_yaxes(
        nticks=5, ticks="", zeroline=False, title=None, automargin=True, visible=shown
    )
    return figure
