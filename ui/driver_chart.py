"""What lifts or lowers a forecast, as stacked bars around zero under the fan chart.

Both share one x axis, so that one hover box lists them together: two axes of the same dates would
make two boxes.
"""

import plotly.graph_objects as go

from data.scope import Freq, Measure, Scope
from ui import format as fmt
from ui.chart_style import LEGEND, round_up, tick
from ui.charts import PAGE
from ui.forecast_drivers import COLUMNS, LEVEL, Drivers

HEIGHT = 540  # of both together
FAN = (0.34, 1.0)  # shares of it, from the bottom
_BARS = (0.0, 0.25)
COLOURS = {  # places of the theme; see `ui.charts`
    "season": "#000007",
    "event": "#000005",
    "promotion": "#000003",
    "price": "#000004",
    "recent": "#000001",
    "other": "#000008",
}
_PATTERNS = {"event": "/", "promotion": "", "price": "x", "recent": "", "season": "", "other": "."}
_ROOM = 1.12  # of the highest stack
_DAYS = {"D": 1, "W": 7, "M": 30}
_DAY_MS = 86_400_000
_WIDTH = 0.72  # of a period


def labels(freq: Freq) -> dict[str, str]:
    """What each driver is called.

    >>> labels("W")["recent"], labels("D")["recent"]
    ('Recent weeks', 'Recent days')
    """
    recent = {"D": "days", "W": "weeks", "M": "months"}[freq]
    return {
        "season": "Season",
        "event": "Event",
        "promotion": "Promotion",
        "price": "Price",
        "recent": f"Recent {recent}",
        "other": "Other",
    }


def below(figure: go.Figure, drivers: Drivers | None, scope: Scope, currency: str) -> None:
    """Put the drivers under a fan chart, which gets the upper part of the figure.

    None, while they are not known, leaves their place empty, so that nothing moves when they are.
    """
    if drivers is None:
        figure.add_scatter(x=[], y=[], yaxis="y2", showlegend=False, hoverinfo="skip")
        _arrange(figure, 0.0, 1.0, {})
        return
    frame, named = drivers.frame, labels(scope.freq)

    def words(value: float) -> str:
        return fmt.exact(value, scope.measure, currency)

    figure.add_scatter(  # unseen: so that the parts in the hover box add up
        x=frame["timestamp"],
        y=[0] * len(frame),
        yaxis="y2",
        mode="markers",
        marker={"opacity": 0, "color": COLOURS["other"]},
        text=[f"Level: {words(value)}" for value in frame[LEVEL]],
        hoverinfo="x+text",
        showlegend=False,
    )
    for name in drivers.present:
        figure.add_bar(
            x=frame["timestamp"],
            y=frame[name],
            yaxis="y2",
            name=named[name],
            legend="legend2",
            width=_DAYS[scope.freq] * _DAY_MS * _WIDTH,
            marker={
                "color": COLOURS[name],
                "line": {"color": PAGE, "width": 1},
                "pattern": {
                    "shape": _PATTERNS[name],
                    "fillmode": "overlay",
                    "fgcolor": PAGE,
                    "fgopacity": 0.5,
                    "size": 5,
                },
            },
            hovertext=[f"{named[name]}: {signed(words(abs(v)), v)}" for v in frame[name]],
            textposition="none",
            hoverinfo="x+text",
        )
    parts = frame[list(COLUMNS)]
    high = float(parts.clip(lower=0).sum(axis=1).max())
    low = float(parts.clip(upper=0).sum(axis=1).min())
    _arrange(figure, low, high, _ticks(low, high, scope.measure, currency))


def signed(amount: str, value: float) -> str:
    """An amount with the sign of a difference.

    >>> signed("170", 170.0), signed("4", -4.2), signed("0", -0.2)
    ('+170', '−4', '0')
    """
    if not any(sign in "123456789" for sign in amount):
        return "0"
    return ("+" if value > 0 else fmt.MINUS) + amount


def describe(drivers: Drivers, scope: Scope, currency: str) -> str:
    """The finding in one sentence: the most that any driver does, and when."""
    sizes = drivers.frame[list(COLUMNS)]
    if not (sizes.abs() > 0).any().any():
        return "Nothing lifts or lowers it."
    at = sizes.abs().max(axis=1).idxmax()
    name = str(sizes.loc[at].abs().idxmax())
    value = float(sizes[name].to_dict()[at])
    amount = signed(fmt.exact(abs(value), scope.measure, currency), value)
    when = fmt.period(drivers.frame["timestamp"].loc[at], scope.freq)
    driver = labels(scope.freq)[name].lower()
    return f"Below it its drivers; the largest is {driver}, {amount} in {when}."


def _arrange(figure: go.Figure, low: float, high: float, ticks: dict[float, str]) -> None:
    least = (high - low or 1.0) * 0.04  # so that a line at zero is whole
    figure.update_layout(
        height=HEIGHT,
        barmode="relative",
        hoversubplots="axis",
        xaxis={"anchor": "y2"},
        yaxis={"domain": FAN},
        yaxis2={
            "domain": _BARS,
            "anchor": "x",
            "fixedrange": True,
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "range": [min(low * _ROOM, -least), max(high * _ROOM, least)],
            "zeroline": True,
            "ticks": "",
            "automargin": True,
        },
        legend2={**LEGEND, "y": -0.08, "yanchor": "top"},
    )


def _ticks(low: float, high: float, measure: Measure, currency: str) -> dict[float, str]:
    """Round differences between two around zero.

    >>> _ticks(-300, 2100, "quantity", "")
    {0.0: '0', 1000.0: '+1,000', 2000.0: '+2,000'}
    >>> _ticks(0, 0, "quantity", "")
    {0.0: '0'}
    """
    if high - low <= 0:
        return {0.0: "0"}
    step = round_up((high - low) / 3)
    places = range(-int(-low // step), int(high // step) + 1)
    return {
        step * place: signed(tick(step * abs(place), measure, currency), float(place))
        for place in places
    }
