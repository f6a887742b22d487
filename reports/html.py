"""A review as one HTML file with interactive charts, which asks the network for nothing."""

import base64
import math
from functools import cache
from html import escape
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from reports import axes
from reports.content import (
    Bars,
    Block,
    Chart,
    Figures,
    Kind,
    Periods,
    Review,
    Table,
    shortened,
)
from reports.numbers import Writer
from reports.safe import clean, together
from reports.style import Style
from reports.words import Words

STYLE = Path(__file__).parent / "templates" / "report.css"
_DASHES = {
    "sold": "solid",
    "forecast": "solid",
    "last_year": "dot",
    "rival": "solid",
    "reference": "dash",
    "third": "dash",
    "fourth": "longdash",
    "fifth": "dot",
}
_MARKS: dict[Kind, str] = {"text": "", "day": ' class="day"', "soon": ' class="day"'}
_LAYOUT = {
    "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
    "paper_bgcolor": "#fff",
    "plot_bgcolor": "#fff",
    "font": {"color": "#1B2433", "size": 12},
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
}


def html(review: Review, *, style: Style | None = None) -> bytes:
    """The file, in UTF-8."""
    say, style = Words(review.language), style or Style()
    write = Writer(language=review.language, measure=review.measure, currency=review.currency)
    drawn = _Charts(style)
    body = [
        f'<header><div><p class="pale">{_text(review.template)}</p>'
        f"<h1>{_text(shortened(review.title))}</h1></div>{_mark(style)}</header>",
        "<dl>" + "".join(_fact(label, value) for label, value in review.facts) + "</dl>",
    ]
    if len(review.sections) > 3:
        body.append(_contents(review, say))
    for number, section in enumerate(review.sections):
        body.append(f'<section><h2 id="s{number}">{_text(section.title)}</h2>')
        body += [_block(block, write, drawn) for block in section.blocks]
        body.append("</section>")
    made = say("Made with Almanac, {day}", day=write.day(review.made_on))
    body.append(f"<footer>{_text(made)}</footer>")
    title = f"{_text(review.template)} · {_text(shortened(review.title))}"
    lang = "zh-CN" if review.language == "zh" else "en"
    policy = (
        "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
        "img-src data: blob:"
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_look(style)}</style>"
        f"<script>{_plotly()}</script></head><body>{''.join(body)}</body></html>"
    ).encode()


class _Charts:
    """Numbers the charts, so that each has an id of its own."""

    def __init__(self, style: Style) -> None:
        self._count, self.style = 0, style

    def html(self, figure: go.Figure, finding: str) -> str:
        self._count += 1
        made = figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"chart-{self._count}",
            config={"displaylogo": False, "responsive": True},
        )
        return f'<div class="chart" role="img" aria-label="{_text(finding)}">{made}</div>'


@cache
def _plotly() -> str:
    return str(get_plotlyjs())


def _mark(style: Style) -> str:
    """The logo, as a picture: there no script of an SVG would run."""
    if not style.content():
        return ""
    data = base64.b64encode(style.content()).decode()
    alt = "Logo" if style.is_own else "Almanac"
    return f'<img class="logo" alt="{alt}" src="data:{style.mime};base64,{data}">'


def _look(style: Style) -> str:
    return STYLE.read_text(encoding="utf-8").replace("#1745c2", style.accent)


def _band(style: Style) -> str:
    """The accent as the shade of a band."""
    red, green, blue = (int(style.accent[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def _text(text: str) -> str:
    return escape(together(clean(text)), quote=True)


def _in_chart(text: str) -> str:
    """Plotly reads a little HTML in its texts, and mathematics between dollar signs."""
    return escape(clean(text), quote=False).replace("$", "&#36;")


def _fact(label: str, value: str) -> str:
    return f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>"


def _contents(review: Review, say: Words) -> str:
    links = "".join(
        f'<li><a href="#s{number}">{_text(section.title)}</a></li>'
        for number, section in enumerate(review.sections)
    )
    return f'<nav aria-label="{_text(say("Contents"))}"><ul>{links}</ul></nav>'


def _block(block: Block, write: Writer, drawn: _Charts) -> str:
    if isinstance(block, Figures):
        return _figures(block, write)
    if isinstance(block, Chart):
        return _head(block) + drawn.html(_lines(block, write, drawn.style), block.finding)
    if isinstance(block, Bars):
        return _head(block) + _bars(block, write, drawn.style)
    if isinstance(block, Table):
        return _head(block) + _table(block, write)
    if isinstance(block, Periods):
        return _head(block) + _periods(block, write)
    if block.is_list:
        lead = f"<p>{_text(block.lead)}</p>" if block.lead else ""
        return (
            lead
            + "<ul>"
            + "".join(f"<li>{_text(each)}</li>" for each in block.paragraphs)
            + "</ul>"
        )
    return "".join(f"<p>{_text(each)}</p>" for each in block.paragraphs)


def _head(block: Chart | Bars | Table | Periods) -> str:
    if not block.title:
        return ""
    remark = f' <span class="pale">{_text(block.remark)}</span>' if block.remark else ""
    return f"<h3>{_text(block.title)}{remark}</h3>"


def _figures(block: Figures, write: Writer) -> str:
    cards = []
    for each in block.figures:
        change = "" if each.change is None else write.full(each.change, each.change_kind)
        cards.append(
            f'<div class="card"><span class="pale">{_text(each.label)}</span>'
            f"<b>{_text(write.brief(each.value, each.kind))}</b>"
            f'<span>{_text(change)} <span class="pale">{_text(each.against)}</span></span></div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _table(block: Table, write: Writer) -> str:
    marks = [_MARKS.get(column.kind, ' class="number"') for column in block.columns]
    heads = "".join(
        f'<th scope="col"{mark}>{_text(column.label)}</th>'
        for column, mark in zip(block.columns, marks, strict=True)
    )
    columns = [
        [
            f"<td{mark}>{_text(write.cell(value, column.kind))}</td>"
            for value in block.frame[column.name]
        ]
        for column, mark in zip(block.columns, marks, strict=True)
    ]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns, strict=True))
    return (
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _periods(block: Periods, write: Writer) -> str:
    heads = "".join(
        f'<th scope="col" class="number">{_text(head)}<br><small>{_text(below)}</small></th>'
        for head, below in zip(block.heads, block.subheads, strict=True)
    )
    rows = []
    for row in block.rows:
        cells = "".join(
            f'<td class="number">{_text(write.full(value, row.kind))}</td>' for value in row.values
        )
        mark = ' class="main"' if row.is_main else ""
        rows.append(f'<tr{mark}><th scope="row">{_text(row.label)}</th>{cells}</tr>')
    return (
        f'<div class="wide"><table><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _lines(block: Chart, write: Writer, style: Style) -> go.Figure:
    figure, x = go.Figure(), block.frame["x"]
    if block.band is not None:
        low, high = block.frame[block.band.low], block.frame[block.band.high]
        known = low.notna() & high.notna()
        figure.add_scatter(
            x=pd.concat([x[known], x[known][::-1]]),
            y=pd.concat([high[known], low[known][::-1]]),
            fill="toself",
            fillcolor=_band(style),
            line={"width": 0},
            mode="lines",
            name=_in_chart(block.band.name),
            hoverinfo="skip",
        )
    for line in block.lines:
        colour, dash = style.colour(line.role), _DASHES[line.role]
        values = block.frame[line.column]
        figure.add_scatter(
            x=x,
            y=values,
            name=_in_chart(line.name),
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2},
            hovertext=[
                _in_chart(f"{line.name}: {write.full(value, block.kind)}") for value in values
            ],
            hoverinfo="text",
        )
    if block.cutoff is not None:
        figure.add_vline(x=block.cutoff, line={"color": "#8E949D", "width": 1})
    names = [line.column for line in block.lines]
    names += [block.band.low, block.band.high] if block.band else []
    up = axes.amounts(block.frame[names].to_numpy(dtype=float).ravel(), write, block)
    spots = [up.low + place * (up.high - up.low) for place, _ in up.ticks]
    figure.update_yaxes(
        tickvals=spots, ticktext=[label for _, label in up.ticks], gridcolor="#DDE2EA",
        zerolinecolor="#DDE2EA", range=[up.low, up.high],
    )  # fmt: skip
    figure.update_xaxes(
        showgrid=False, ticks="outside", tickangle=0, tickformat=_x_format(block, write),
        hoverformat=_hover_format(block, write),
    )  # fmt: skip
    return figure.update_layout(**_LAYOUT, height=380, hovermode="x unified")


def _x_format(block: Chart, write: Writer) -> str:
    """Of the ticks: short, since they stand beside each other on a phone too."""
    if block.x_kind != "day":
        return _hover_format(block, write)
    moments = pd.DatetimeIndex(block.frame["x"])
    long = len(moments) > 1 and (moments[-1] - moments[0]).days > 400
    if write.language == "zh":
        return "%Y年<br>%-m月" if long else "%-m月%-d日"
    return "%b<br>%Y" if long else "%-d %b"


def _hover_format(block: Chart, write: Writer) -> str:
    if block.x_kind == "whole":
        return ".0%"
    if block.x_kind != "day":
        return "d"
    return "%Y年%-m月%-d日" if write.language == "zh" else "%-d %b %Y"


def _bars(block: Bars, write: Writer, style: Style) -> str:
    """Bars of plain HTML: their names wrap and their values stay beside them on any screen."""
    sizes = [value if math.isfinite(value) else 0.0 for value in block.values]
    low, high = min(0.0, *sizes), max(0.0, *sizes)
    width = high - low or 1.0
    rows = []
    for number, (label, value, size) in enumerate(
        zip(block.labels, block.values, sizes, strict=True)
    ):
        is_strong = block.emphasis in (None, number)
        colour = "#8E949D" if not is_strong else style.second if value < 0 else style.accent
        start, long = (min(size, 0.0) - low) / width, max(abs(size) / width, 0.002)
        rows.append(
            f"<span>{_text(label)}</span>"
            f'<i><b style="margin-left:{start:.2%};width:{long:.2%};background:{colour}"></b></i>'
            f"<span>{_text(write.brief(value, block.kind))}</span>"
        )
    words = _text(block.finding)
    return f'<div class="bars" role="group" aria-label="{words}">{"".join(rows)}</div>'
