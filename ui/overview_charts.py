"""Figures of the Overview, returned and never drawn; colours are places of the theme.

Tiles and places carry growth as colour: orange below last year, blue above, grey without a year
before. A treemap of plotly cannot be clicked in Streamlit, so tiles are bars, which can.
"""

import textwrap

import pandas as pd
import plotly.graph_objects as go

from data.scope import Freq
from data.split import Split
from ui import chart_zoom
from ui import format as fmt
from ui import overview_words as words
from ui.chart_style import (
    LEGEND,
    NAMED_AXIS,
    Row,
    amount_ticks,
    dates_format,
    plain,
    records,
    short,
)
from ui.chart_zoom import Window
from ui.charts import COLOURS, PAGE
from ui.overview_tiles import Tile, tiles

# Streamlit's stand-ins for chartDivergingColors, from far below to far above.
DIVERGING = tuple(f"#0000{place}" for place in range(21, 31))
FULL = 0.25  # growth from which a colour is at its end
UNKNOWN = COLOURS["last_year"] + "59"  # nothing to compare with

_WIDTH = 600  # pixels of a chart in its column, from which the length of labels is guessed
_FEW = 6  # points that all have their date below
_LETTER = 6.6  # pixels of a letter
_PHONE = 0.56  # of that width is left on a phone
_SMALL_LETTER = 5.9  # and letters are as small as they get
_LINE = 16  # pixels of a line of letters
_DATES = {"D": "%-d %b", "W": "%-d %b", "M": "%b %Y"}
_HEADS = {"D": "%a %-d %b %Y", "W": "Week of %a %-d %b %Y", "M": "%B %Y"}


def line(
    frame: pd.DataFrame, freq: Freq, measure: str, currency: str, shown: Window | None = None
) -> go.Figure:
    """This year's sales as a line, last year's dotted on the same dates; `frame` has a row for
    each of the `whole_periods`."""
    figure = go.Figure()
    alone = len(frame) == 1  # a line of one point is not seen
    for column, name, role, width, dash in (
        ("before", "Last year", "last_year", 1.6, "dot"),
        ("value", "This year", "sold", 2, "solid"),
    ):
        if frame[column].isna().all():
            continue
        figure.add_scatter(
            x=frame["start"],
            y=frame[column],
            name=name,
            mode="markers" if alone else "lines",
            line={"color": COLOURS[role], "width": width, "dash": dash},
            marker={"color": COLOURS[role], "size": 9},
            text=_line_texts(frame, column, name, measure, currency),
            hoverinfo="x+text",
        )
    figure.update_layout(
        height=280,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        hovermode="x unified",
        legend=LEGEND | {"traceorder": "reversed"},
    )
    figure.update_xaxes(
        type="date",
        nticks=7,
        tickformat=dates_format(_DATES[freq], frame["start"].iloc[-1]),
        hoverformat=_HEADS[freq],
        tickangle=0,
        ticks="outside",
        showgrid=False,
        zeroline=False,
        title=None,
    )
    seen = frame
    if shown is not None:
        seen = frame[frame["start"].between(shown.first, shown.last)]
    if len(seen) <= _FEW:
        figure.update_xaxes(tickvals=seen["start"])
    chart_zoom.draggable(figure, shown)
    _amount_axis(figure, seen, measure, currency)
    return figure


def whole_periods(frame: pd.DataFrame) -> pd.DataFrame:
    """Without weeks or months that are cut off at an end, unless hardly any would be left.

    A cut week looks like a fall that never was.
    """
    whole = frame[frame["complete"]]
    return whole if len(whole) >= 3 else frame


def _line_texts(
    frame: pd.DataFrame, column: str, name: str, measure: str, currency: str
) -> list[str]:
    texts = [f"{name}: {fmt.exact(value, measure, currency)}" for value in frame[column]]
    if column == "before":
        return texts
    changes = [
        words.growth(value, before) if pd.notna(before) else None
        for value, before in zip(frame["value"], frame["before"], strict=True)
    ]
    return [
        text if change is None else f"{text}, {fmt.growth(change)}"
        for text, change in zip(texts, changes, strict=True)
    ]


def growth_parts(split: Split, measure: str, currency: str) -> go.Figure:
    """The steps of growth as bars from zero, their sum below."""
    rows = [(*words.STEPS[code], step / 100) for code, step in split.steps.items()]
    rows.append(("Growth", "all together", split.growth / 100))
    values = [value for *_, value in rows]
    colours = [DIVERGING[8] if value >= 0 else DIVERGING[2] for value in values[:-1]]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=[name for name, *_ in rows],
            orientation="h",
            marker={"color": [*colours, COLOURS["sold"]], "line": {"width": 0}},
            text=[words.difference(value, measure, currency) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                f"{name}: {_signed(value, measure, currency)}<br>{why}" for name, why, value in rows
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        height=280, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.35, dragmode=False
    )
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = (high - low or 1.0) * 0.34  # for the amounts beside the bars
    figure.update_xaxes(
        range=[low - room * (low < 0), high + room * (high > 0 or low == 0)],
        visible=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        autorange="reversed", ticks="", showgrid=False, fixedrange=True, title=None, automargin=True
    )
    figure.add_vline(x=0, line={"color": COLOURS["last_year"], "width": 1})
    return figure


def without_crowd(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, float] | None]:
    """The tiles without the many small ones together, where these would crush all others.

    Also gives the label and the amount that were left out, None where nothing was.
    """
    crowd = frame["kind"] == "other"
    drawn = frame[~crowd]
    if not crowd.any() or frame.loc[crowd, "value"].sum() <= drawn["value"].max():
        ordered = frame.sort_values("value", ascending=False, kind="stable")
        return ordered.reset_index(drop=True), None
    left_out = frame[crowd].iloc[0]
    return drawn.reset_index(drop=True), (str(left_out["label"]), float(left_out["value"]))


def tile_map(
    frame: pd.DataFrame, measure: str, currency: str, *, compared: bool, height: int = 340
) -> go.Figure:
    """A treemap: area is the amount, colour the growth; `frame` has values above zero only."""
    placed = tiles(frame["value"].tolist(), width=_WIDTH, height=height)
    total = float(frame["value"].sum())
    rows = records(frame)
    colours = [colour(row["value"], row["before"], compared) for row in rows]
    figure = go.Figure(
        go.Bar(
            x=[tile.x + tile.width / 2 for tile in placed],
            width=[tile.width for tile in placed],
            base=[tile.y for tile in placed],
            y=[tile.height for tile in placed],
            customdata=[[row["kind"], row["key"]] for row in rows],
            marker={"color": colours, "line": {"width": 2, "color": PAGE}},
            text=[
                _tile_text(row, tile, measure, currency, compared)
                for row, tile in zip(rows, placed, strict=True)
            ],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": [_letters(colour) for colour in colours]},
            textangle=0,
            hovertext=[_tile_hover(row, total, measure, currency, compared) for row in rows],
            hoverinfo="text",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    )
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        dragmode=False,
        clickmode="event+select",
        uniformtext={"minsize": 10, "mode": "hide"},
    )
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[0, _WIDTH], **hidden)
    figure.update_yaxes(range=[0, height], **hidden)
    return figure


def places(frame: pd.DataFrame, measure: str, currency: str, *, compared: bool) -> go.Figure:
    """A bar per place, largest first, with a mark where it stood last year."""
    rows = records(frame)
    figure = go.Figure(
        go.Bar(
            x=frame["value"],
            y=list(range(len(rows))),
            orientation="h",
            customdata=[[row["place_id"]] for row in rows],
            marker={
                "color": [colour(row["value"], row["before"], compared) for row in rows],
                "line": {"width": 0},
            },
            hovertext=[
                f"{plain(row['label'])}: {fmt.exact(row['value'], measure, currency)}"
                + (f", {words.growth_word(row['value'], row['before'])}" if compared else "")
                for row in rows
            ],
            hoverinfo="text",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            name="Now",
            showlegend=False,
        )
    )
    if compared:
        _mark_before(figure, frame["before"])
    figure.add_scatter(  # right of both bar and mark
        x=[max(row["value"], row["before"] if compared else 0, 0) for row in rows],
        y=list(range(len(rows))),
        mode="text",
        text=["  " + _place_text(row, measure, currency, compared) for row in rows],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        height=max(30 * len(rows) + 24, min(52 * len(rows) + 24, 344)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        bargap=0.35,
        dragmode=False,
        clickmode="event+select",
    )
    high = max(float(frame[["value", "before"]].max().max()), 1e-9)
    low = min(float(frame[["value", "before"]].min().min()), 0.0)
    figure.update_xaxes(range=[low * 1.1, high * 1.42], visible=False, fixedrange=True)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[plain(short(str(row["label"]), 20)) for row in rows],
        range=[len(rows) - 0.4, -0.6],
        automargin=True,
        **NAMED_AXIS,
    )
    return figure


def _mark_before(figure: go.Figure, before: "pd.Series[float]") -> None:
    """A stroke across each bar, where it stood last year."""
    figure.add_scatter(
        x=before,
        y=list(range(len(before))),
        mode="markers",
        marker={"symbol": "line-ns", "size": 15, "line": {"width": 2, "color": COLOURS["sold"]}},
        hoverinfo="skip",
        showlegend=False,
    )


def colour(value: float, before: float, compared: bool) -> str:
    """The growth as a place of the diverging palette.

    >>> colour(100, 100, True) in DIVERGING[4:6], colour(200, 100, True) == DIVERGING[-1]
    (True, True)
    >>> colour(10, 100, True) == DIVERGING[0], colour(10, 0, True) == UNKNOWN
    (True, True)
    """
    change = words.growth(value, before) if compared else None
    if change is None:
        return UNKNOWN
    place = round((change / FULL + 1) / 2 * (len(DIVERGING) - 1))
    return DIVERGING[min(max(place, 0), len(DIVERGING) - 1)]


def _letters(ground: str) -> str:
    """The colour of letters on a colour: the ends of the palette are dark on a light page, and
    light on a dark one."""
    ends = (*DIVERGING[:2], *DIVERGING[-2:])
    return PAGE if ground in ends else COLOURS["sold"]


def _tile_text(row: Row, tile: Tile, measure: str, currency: str, compared: bool) -> str:
    """Name and growth in lines that fit the tile, on a phone too where they can; or nothing."""
    on_phone = int((tile.width * _PHONE - 8) / _SMALL_LETTER)
    room = on_phone if on_phone >= 6 else int((tile.width - 10) / _LETTER)
    lines = int((tile.height - 4) / _LINE)
    if room < 4 or not lines:
        return ""
    value, before = row["value"], row["before"]
    change = words.growth(value, before) if compared else None
    below = fmt.amount(value, measure, currency)
    if change is not None:
        grown = f"{below} · {fmt.growth(change)}"
        below = grown if len(grown) <= room else below
    name = _wrapped(str(row["label"]), room, min(max(lines - 1, 1), 3))
    text = "<br>".join(f"<b>{plain(line)}</b>" for line in name)
    return text if lines < 2 or len(below) > room else f"{text}<br>{below}"


def _wrapped(text: str, room: int, lines: int) -> list[str]:
    """At most so many lines of at most `room` letters, broken between words; longer ones are cut.

    >>> _wrapped("White hanging heart T-light holder", 9, 3)
    ['White', 'hanging', 'heart…']
    >>> _wrapped("Beverages", 12, 2), _wrapped("Spotty bunting", 6, 2)
    (['Beverages'], ['Spotty', 'bunti…'])
    """
    found = textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False) or [""]
    if len(found) > lines:
        found = [*found[: lines - 1], found[lines - 1] + "…"]
    return [
        short(line.removesuffix("…") + "…", room) if len(line) > room else line for line in found
    ]


def _tile_hover(row: Row, total: float, measure: str, currency: str, compared: bool) -> str:
    value, before = row["value"], row["before"]
    parts = [
        f"{plain(short(str(row['label']), 60))}: {fmt.exact(value, measure, currency)}",
        f"{fmt.share(value / total)} of these",
    ]
    if compared:
        parts.append(words.growth_word(value, before))
    if row["kind"] == "category":
        parts.append(fmt.count(row["products"], "product"))
    return "<br>".join(parts)


def _place_text(row: Row, measure: str, currency: str, compared: bool) -> str:
    value, before = row["value"], row["before"]
    change = words.growth(value, before) if compared else None
    amount = fmt.amount(value, measure, currency)
    return amount if change is None else f"{amount} {fmt.growth(change)}"


def _amount_axis(figure: go.Figure, frame: pd.DataFrame, measure: str, currency: str) -> None:
    """At most five lines at round amounts, from zero; lower only where returns prevail."""
    values = frame[["value", "before"]].astype(float)
    low, high = min(values.min().min(), 0.0), max(values.max().max(), 0.0)
    ticks = amount_ticks(low, high, measure, currency)
    first, last = min(ticks), max(ticks)
    room = (last - first) / len(ticks) * 0.12
    figure.update_yaxes(
        range=[low - (high - low) * 0.02, last + room],
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        ticks="",
        zeroline=bool(low < 0),
        fixedrange=True,
        title=None,
        automargin=True,
    )


def _signed(value: float, measure: str, currency: str) -> str:
    """To the cent, with its sign."""
    sign = "+" if value > 0 else fmt.MINUS if value < 0 else ""
    money = measure == "revenue"
    text = f"{abs(value):,.2f}" if money or value != round(value) else f"{abs(value):,.0f}"
    return f"{sign}{currency if money else ''}{text}"
