"""The figures of the What-if page, returned and never drawn: difference, margins, contributions."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from ui import format as fmt
from ui import what_if_words as words
from ui.chart_style import LEGEND, amount_ticks, dates_format, plain, short
from ui.charts import COLOURS
from ui.what_if_work import Result

MARKS = (
    ("#000001", "solid", "circle"),
    ("#000003", "dash", "diamond"),
    ("#000002", "dot", "square"),
    ("#000004", "dashdot", "triangle-up"),
    ("#000007", "longdash", "cross"),
)  # colour, dash and marker: the chosen scenario first
UP, DOWN = "#000001", "#000002"
_BAND = "2e"
_MARKED = 20  # weeks, above which markers would run together
_HEIGHT = 280


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One scenario in a chart."""

    letter: str
    name: str
    result: Result


def difference(shown: Sequence[Compared], chosen: int, measure: str, currency: str) -> go.Figure:
    """Difference to the plan by week, the chosen scenario with its band."""
    figure, field = go.Figure(), "revenue" if measure == "revenue" else "units"
    values = [0.0]
    for mark, at in _order(len(shown), chosen):
        one = shown[at]
        weeks = pd.to_datetime(pd.Series(one.result["weeks"]))
        steps = one.result["steps"][field]
        if mark == 0:
            _band(figure, weeks, steps["low"], steps["high"])
            values += [each for name in ("low", "high") for each in steps[name] if each is not None]
        values += [each for each in steps["difference"] if each is not None]
        colour, dash, symbol = MARKS[mark % len(MARKS)]
        name = f"{one.letter}, with 80% band" if mark == 0 else one.letter
        figure.add_scatter(
            x=weeks,
            y=steps["difference"],
            name=name,
            mode="lines+markers" if mark == 0 and len(weeks) <= _MARKED else "lines",
            line={"color": colour, "dash": dash, "width": 2.5 if mark == 0 else 2},
            marker={"symbol": symbol, "size": 6},
            text=[
                f"{one.letter}: {words.signed(v, measure, currency)}" for v in steps["difference"]
            ],
            hoverinfo="x+text",
        )
    figure.add_hline(y=0, line={"color": COLOURS["sold"], "width": 1})
    ticks = amount_ticks(min(values), max(values), measure, currency)
    labels = [_signed_tick(value, text) for value, text in ticks.items()]
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        legend=LEGEND,
        hovermode="x unified",
        dragmode=False,
    )
    last = pd.Timestamp(shown[chosen].result["weeks"][-1])
    figure.update_xaxes(
        tickformat=dates_format("%-d %b", last),
        hoverformat="Week of %a %-d %b %Y",
        nticks=5,
        tickangle=0,
        ticks="outside",
        showgrid=False,
        zeroline=False,
        title=None,
    )
    figure.update_yaxes(
        tickvals=list(ticks), ticktext=labels, ticks="", zeroline=False, fixedrange=True,
        title=None, automargin=True,
    )  # fmt: skip
    return figure


def margins(shown: Sequence[Compared], chosen: int, currency: str) -> go.Figure:
    """Margin against the plan of every scenario, with the band of the difference."""
    figure = go.Figure()
    ends = [0.0]
    field, _ = margin_measure(shown)
    rows = list(reversed(range(len(shown))))
    marks = {at: mark for mark, at in _order(len(shown), chosen)}
    for row, at in enumerate(rows):
        one = shown[at]
        total = one.result["totals"][field]
        if total["difference"] is None:
            continue
        colour, _, symbol = MARKS[marks[at] % len(MARKS)]
        ends += [total["low"], total["high"]]
        figure.add_scatter(
            x=[total["low"], total["high"]], y=[row, row], mode="lines",
            line={"color": colour, "width": 3}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=[total["difference"]],
            y=[row],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 11},
            text=[f"{one.letter} {plain(one.name)}: {words.between(total, 'revenue', currency)}"],
            hoverinfo="text",
            showlegend=False,
        )
    figure.add_vline(x=0, line={"color": COLOURS["sold"], "width": 1})
    ticks = _few(amount_ticks(min(ends), max(ends), "revenue", currency))
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 12, "t": 34, "b": 8}, dragmode=False, showlegend=False
    )
    figure.update_xaxes(
        tickvals=list(ticks),
        ticktext=[_signed_tick(value, text) for value, text in ticks.items()],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        tickangle=0,
        title=None,
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[shown[at].letter for at in rows],
        range=[-0.6, len(rows) - 0.4],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        title=None,
    )
    return figure


def margin_measure(shown: Sequence[Compared]) -> tuple[str, str]:
    """margin and its word, or revenue where no unit cost is known."""
    known = any(one.result["totals"]["margin"]["difference"] is not None for one in shown)
    return ("margin", "Margin") if known else ("revenue", "Revenue")


def parts_of(result: Result, measure: str) -> list[tuple[str, float]]:
    """What a scenario's difference is made of: each line alone, what it took from the days around

    it (units only) and from the rest of its category, and what the lines do together.
    """
    field = "revenue" if measure == "revenue" else "units"
    total = result["totals"][field]["difference"]
    if total is None:
        return []
    found, around, beside = [], 0.0, 0.0
    for part in result["parts"]:
        value = part[field] or 0.0
        if field == "units":
            around += part["around"] or 0.0
            value -= part["around"] or 0.0
        taken = part.get(f"beside_{field}") or 0.0  # none in results of before
        beside += taken
        value -= taken
        found.append((str(part["title"]), value))
    size = max([abs(value) for _, value in found], default=0.0)
    if abs(around) > 0.005 * size:
        found.append(("Bought before or after", around))
    if abs(beside) > 0.005 * size:
        found.append(("Rest of the category", beside))
    together = total - sum(value for _, value in found)
    if len(result["parts"]) > 1 and abs(together) > 0.005 * size:
        found.append(("Together", together))
    return found


def contributions(one: Compared, measure: str, currency: str) -> go.Figure:
    """Where the difference of a scenario comes from, a bar each."""
    parts = parts_of(one.result, measure)[:8]
    figure = go.Figure()
    values = [value for _, value in parts]
    names = [
        "<br>".join(short(plain(each), 24) for each in name.split(", ", 1)) for name, _ in parts
    ]
    figure.add_bar(
        x=values,
        y=list(range(len(parts))),
        orientation="h",
        marker={"color": [UP if value >= 0 else DOWN for value in values]},
        text=[words.signed(value, measure, currency) for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{plain(name)}: {words.signed(value, measure, currency)}" for name, value in parts
        ],
        hoverinfo="text",
    )
    reach = max([abs(value) for value in values], default=1.0) or 1.0
    low, high = min([0.0, *values]), max([0.0, *values])
    figure.add_vline(x=0, line={"color": COLOURS["sold"], "width": 1})
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        dragmode=False,
        showlegend=False,
        bargap=0.35,
    )
    figure.update_xaxes(
        range=[low - 0.45 * reach * (low < 0), high + 0.45 * reach * (high > 0)],
        visible=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=list(range(len(parts))),
        ticktext=names,
        range=[max(len(parts), 3) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        title=None,
        automargin=True,
    )
    return figure


def _order(count: int, chosen: int) -> list[tuple[int, int]]:
    """Places of `MARKS` and of scenarios: the chosen one has the first mark."""
    rest = [at for at in range(count) if at != chosen]
    return [(0, chosen), *((mark + 1, at) for mark, at in enumerate(rest))]


def _band(
    figure: go.Figure,
    weeks: "pd.Series[pd.Timestamp]",
    low: Sequence[float | None],
    high: Sequence[float | None],
) -> None:
    figure.add_scatter(
        x=[*weeks, *weeks[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        line={"width": 0, "color": MARKS[0][0]},
        fill="toself",
        fillcolor=MARKS[0][0] + _BAND,
        hoverinfo="skip",
        showlegend=False,
    )


def _few(ticks: dict[float, str]) -> dict[float, str]:
    """At most four labels, zero among them."""
    kept = list(ticks)
    while len(kept) > 4:
        kept = [value for value in kept if round(value / (kept[1] - kept[0])) % 2 == 0]
    return {value: ticks[value] for value in kept}


def _signed_tick(value: float, text: str) -> str:
    if value == 0:
        return "plan"
    return text if value < 0 else f"+{text}"


def describe(shown: Sequence[Compared], chosen: int, measure: str, currency: str) -> str:
    """The finding of the difference chart in one sentence."""
    one = shown[chosen]
    field = "revenue" if measure == "revenue" else "units"
    text = words.between(one.result["totals"][field], measure, currency)
    return f"Difference of {one.letter} {one.name} to the plan by week: in all {text}."


def describe_margins(shown: Sequence[Compared], currency: str) -> str:
    """The finding of the interval chart in one sentence."""
    field, word = margin_measure(shown)
    differences = [one.result["totals"][field]["difference"] for one in shown]
    parts = [
        f"{one.letter} {words.signed(value, 'revenue', currency)}"
        for one, value in zip(shown, differences, strict=True)
    ]
    return f"{word} against the plan: {', '.join(parts)}."


def describe_parts(one: Compared, measure: str, currency: str) -> str:
    """The finding of the bars in one sentence."""
    parts = parts_of(one.result, measure)
    said = ", ".join(
        f"{name} {words.signed(value, measure, currency)}" for name, value in parts[:8]
    )
    return f"Where the difference of {one.letter} comes from: {said or fmt.DASH}."
