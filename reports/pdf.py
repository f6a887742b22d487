"""A review as a PDF, or as pictures of its pages, set by typst with charts drawn as vectors.

Everything goes to the template as one JSON string, so no word of a user is ever typst markup.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import typst

from reports import axes, fonts
from reports.content import (
    Bars,
    Block,
    Chart,
    Figures,
    Paper,
    Periods,
    Review,
    Row,
    Table,
    Text,
    fitted,
    shortened,
)
from reports.errors import ReportError
from reports.numbers import Writer
from reports.safe import breakable, clean, together
from reports.style import Style
from reports.words import Words

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_ACROSS = 7  # periods beside each other
_BAR_LETTERS = 36
_CELL_LETTERS = 120

Json = dict[str, Any]


def pdf(review: Review, *, paper: Paper = "a4", style: Style | None = None) -> bytes:
    """The PDF file. Raises `ReportError` where it cannot be set."""
    return _compiled(review, paper, style, "pdf")[0]


def pages(
    review: Review,
    *,
    paper: Paper = "a4",
    style: Style | None = None,
    dots_per_inch: float = 110,
) -> list[bytes]:
    """A PNG picture of every page. Raises `ReportError` where it cannot be set."""
    return _compiled(review, paper, style, "png", dots_per_inch)


def gaps(review: Review) -> list[str]:
    """The scripts of the review that no font of this machine carries."""
    return fonts.missing(json.dumps(_content(review, "a4"), ensure_ascii=False))


def _compiled(
    review: Review, paper: Paper, style: Style | None, form: Any, ppi: float | None = None
) -> list[bytes]:
    content = _content(review, paper, style or Style())
    absent = fonts.missing(json.dumps(content, ensure_ascii=False))
    say = Words(review.language)
    if absent:
        names = ", ".join(Words(_readable(review, absent))(name) for name in absent)
        content["warning"] = Words(_readable(review, absent))(
            "No font on this machine carries {scripts}: some letters are missing here.",
            scripts=names,
        )
    content["page_words"] = say("Page {page} of {pages}", page="{page}", pages="{pages}")
    try:
        made = typst.compile(
            TEMPLATE,
            root=TEMPLATE.parent,
            font_paths=fonts.installed(),
            format=form,
            ppi=ppi,
            sys_inputs={"data": json.dumps(content, ensure_ascii=False)},
        )
    except (typst.TypstError, OSError) as error:
        raise ReportError(f"The PDF cannot be set: {error}. The data is unharmed.") from error
    return made if isinstance(made, list) else [made or b""]


def _readable(review: Review, absent: list[str]) -> Any:
    """The language for a remark on fonts: Chinese without a font for it could not be read."""
    return "en" if "Chinese" in absent else review.language


def _content(review: Review, paper: Paper, style: Style | None = None) -> Json:
    style = style or Style()
    write = Writer(language=review.language, measure=review.measure, currency=review.currency)
    say = Words(review.language)
    return {
        "template": breakable(review.template),
        "title": breakable(shortened(review.title)),
        "running": breakable(shortened(f"{review.template} · {review.title}", 80)),
        "facts": [[breakable(label), breakable(value)] for label, value in review.facts],
        "language": review.language,
        "paper": "us-letter" if paper == "letter" else "a4",
        "fonts": fonts.families(),
        "logo": style.svg(),
        "logo_words": "Logo" if style.is_own else "Almanac",
        "accent": style.accent,
        "second": style.second,
        "contents": say("Contents"),
        "made": say("Made with Almanac, {day}", day=write.day(review.made_on)),
        "warning": "",
        "sections": [
            {
                "title": breakable(section.title),
                "starts_page": section.starts_page,
                "blocks": [part for block in section.blocks for part in _block(block, write)],
            }
            for section in review.sections
        ],
    }


def _block(block: Block, write: Writer) -> list[Json]:
    if isinstance(block, Text):
        texts = [breakable(text) for text in block.paragraphs]
        lead = breakable(block.lead)
        return [{"is": "text", "list": block.is_list, "lead": lead, "paragraphs": texts}]
    if isinstance(block, Figures):
        return [{"is": "figures", "figures": _figures(block, write)}]
    if isinstance(block, Chart):
        return [_chart(block, write)]
    if isinstance(block, Bars):
        return [_bars(block, write)]
    if isinstance(block, Table):
        return [_table(block, write)]
    return _periods(block, write)


def _figures(block: Figures, write: Writer) -> list[Json]:
    return [
        {
            "label": breakable(each.label),
            "value": write.brief(each.value, each.kind),
            "change": "" if each.change is None else write.full(each.change, each.change_kind),
            "against": breakable(each.against),
        }
        for each in block.figures
    ]


def _headed(block: Chart | Bars | Table | Periods, kind: str) -> Json:
    return {"is": kind, "title": breakable(block.title), "remark": breakable(block.remark)}


def _chart(block: Chart, write: Writer) -> Json:
    frame = block.frame
    names = [line.column for line in block.lines]
    names += [block.band.low, block.band.high] if block.band else []
    across = axes.times(block, write)
    up = axes.amounts(frame[names].to_numpy(dtype=float).ravel(), write, block)
    x = across.place(axes.positions(frame["x"]))

    def y(column: str) -> axes.Floats:
        return up.place(frame[column].to_numpy(dtype=float))

    band: list[list[float]] = []
    if block.band is not None:
        low, high = y(block.band.low), y(block.band.high)
        known = np.isfinite(low) & np.isfinite(high)
        band = _rounded(np.column_stack([x, low, high])[known])
    cutoff = None
    if block.cutoff is not None:
        cutoff = float(across.place(axes.positions(pd.DatetimeIndex([block.cutoff])))[0])
    return {
        **_headed(block, "chart"),
        "alt": breakable(block.finding),
        "x": across.ticks,
        "y": up.ticks,
        "lines": [
            {"role": line.role, "name": line.name, "pieces": _pieces(x, y(line.column))}
            for line in block.lines
        ],
        "band": band,
        "band_name": block.band.name if block.band else "",
        "cutoff": cutoff,
    }


def _pieces(x: axes.Floats, y: axes.Floats) -> list[list[list[float]]]:
    """The stretches of a line between gaps."""
    pieces: list[list[list[float]]] = [[]]
    for spot, height in zip(x, y, strict=True):
        if math.isfinite(height):
            pieces[-1].append([round(float(spot), 5), round(float(height), 5)])
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _rounded(points: axes.Floats) -> list[list[float]]:
    return [[round(float(value), 5) for value in point] for point in points]


def _bars(block: Bars, write: Writer) -> Json:
    values = np.asarray(block.values, dtype=float)
    sizes = np.where(np.isfinite(values), values, 0.0)
    low, high = min(0.0, float(sizes.min())), max(0.0, float(sizes.max()))
    width = high - low or 1.0
    return {
        **_headed(block, "bars"),
        "alt": breakable(block.finding),
        "bars": [
            {
                "label": together(fitted(clean(label), _BAR_LETTERS)),
                "start": (min(size, 0.0) - low) / width,
                "length": abs(size) / width,
                "value": write.brief(value, block.kind),
                "less": bool(value < 0),
                "strong": block.emphasis in (None, number),
            }
            for number, (label, value, size) in enumerate(
                zip(block.labels, values, sizes, strict=True)
            )
        ],
    }


def _table(block: Table, write: Writer) -> Json:
    columns = [
        [
            breakable(shortened(write.cell(value, column.kind), _CELL_LETTERS))
            for value in block.frame[column.name]
        ]
        for column in block.columns
    ]
    return {
        **_headed(block, "table"),
        "widths": [column.width for column in block.columns],
        "numeric": [column.kind not in ("text", "day", "soon") for column in block.columns],
        "head": [breakable(column.label) for column in block.columns],
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def _periods(block: Periods, write: Writer) -> list[Json]:
    """Wide sheets become several, of about equal width."""
    count = len(block.heads)
    each = math.ceil(count / math.ceil(count / _ACROSS))
    parts = []
    for start in range(0, count, each):
        chosen = slice(start, start + each)
        headed = _headed(block, "periods") if not start else {"is": "periods", "title": ""}
        parts.append(
            {
                "remark": "",
                **headed,
                "slots": each,
                "head": list(block.heads[chosen]),
                "subhead": list(block.subheads[chosen]),
                "rows": [_period_row(row, chosen, write) for row in block.rows],
            }
        )
    return parts


def _period_row(row: Row, chosen: slice, write: Writer) -> Json:
    values = [write.full(value, row.kind) for value in row.values[chosen]]
    return {"label": breakable(row.label), "main": row.is_main, "values": values}
