"""The look of an installation's reports: its logo and two colours, checked before they are kept."""

import base64
import hashlib
import json
import re
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import typst

from reports.content import Role
from reports.errors import ReportError

OURS = Path(__file__).parent.parent / "assets" / "logo-ink.svg"
LARGEST = 300_000  # bytes of a logo
_MOST_PIXELS = 4_000  # along a side
_MOST_REUSED = 20  # elements of an SVG that repeat others: a few can stand for millions
_LEAST_CONTRAST = 3.0  # of a colour on white paper
_ACTIVE = {"script", "foreignobject", "image", "iframe", "style", "filter", "handler"}
_FIXED: dict[Role, str] = {
    "sold": "#1B2433",
    "last_year": "#8E949D",
    "reference": "#8E949D",
    "third": "#308177",
    "fourth": "#83326B",
    "fifth": "#946900",
}
Form = Literal["png", "jpeg", "svg"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """What all renderers take; raises `ReportError` for what cannot be printed."""

    accent: str = "#1745C2"  # forecasts, links
    second: str = "#DB7B1B"  # rivals, and what is less than before
    logo: bytes = b""  # PNG, JPEG or SVG; empty: Almanac's

    def __post_init__(self) -> None:
        for name, colour in (("first", self.accent), ("second", self.second)):
            if not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
                raise ReportError(f"The {name} colour {colour!r} is none. Write it as #1745C2.")
            if contrast(colour) < _LEAST_CONTRAST:
                raise ReportError(
                    f"The {name} colour {colour} is too pale to be read on white "
                    f"(contrast {contrast(colour):.1f}, at least {_LEAST_CONTRAST:.0f}). "
                    "Choose a darker one."
                )
        if self.logo:
            form_of(self.logo)

    @property
    def is_own(self) -> bool:
        """Whether a logo was uploaded."""
        return bool(self.logo)

    @property
    def mime(self) -> str:
        """Of the logo."""
        if not self.logo:
            return "image/svg+xml"
        return {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}[
            form_of(self.logo)
        ]

    def colour(self, role: Role) -> str:
        """Of a line of a chart."""
        if role == "forecast":
            return self.accent
        return self.second if role == "rival" else _FIXED[role]

    @property
    def pale(self) -> str:
        """The accent half way to white, for the edges of bands."""
        mixed = ((int(self.accent[at : at + 2], 16) + 255) // 2 for at in (1, 3, 5))
        return "#" + "".join(f"{each:02X}" for each in mixed)

    def content(self) -> bytes:
        """The logo as it was given; "" where there is none at all."""
        return self.logo or _ours()

    def svg(self) -> str:
        """The logo as SVG, which holds the picture where it is none itself."""
        if not self.logo:
            return _ours().decode()
        return _as_svg(self.logo)

    def png(self) -> bytes:
        """The logo as PNG, for files that take no SVG."""
        return _as_png(self.svg())

    def digest(self) -> str:
        """Equal for equal looks."""
        whole = f"{self.accent.lower()} {self.second.lower()} ".encode() + self.logo
        return hashlib.sha256(whole).hexdigest()[:12]


def contrast(colour: str) -> float:
    """The contrast of `#rrggbb` on white, 1 to 21 (WCAG 2).

    >>> round(contrast("#1745C2"), 1), contrast("#FFFFFF")
    (7.9, 1.0)
    """
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
              for each in channels]  # fmt: skip
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def checked_logo(content: bytes) -> bytes:
    """The logo, after it was set once. Raises `ReportError` where it cannot be used."""
    if form_of(content) != "svg":  # inside an SVG a damaged picture is left out without a word
        _typeset("#image(bytes(json(bytes(sys.inputs.logo))))", json.dumps(list(content)))
    _as_png(_as_svg(content))
    return content


@cache
def form_of(content: bytes) -> Form:
    """What kind of picture it is. Raises `ReportError` for others, large and dangerous ones."""
    if len(content) > LARGEST:
        raise ReportError(
            f"The logo has {len(content) / 1000:,.0f} KB, at most {LARGEST // 1000} are taken. "
            "Save it smaller, or as SVG."
        )
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_pixels(*_png_size(content))
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        _check_pixels(*_jpeg_size(content))
        return "jpeg"
    if b"<svg" in content[:2_000].lower():
        _check_svg(content)
        return "svg"
    raise ReportError("The logo is neither PNG, JPEG nor SVG. Save it as one of these.")


def _check_pixels(width: int, height: int) -> None:
    if not (0 < width <= _MOST_PIXELS and 0 < height <= _MOST_PIXELS):
        raise ReportError(
            f"The logo has {width:,} × {height:,} pixels, at most {_MOST_PIXELS:,} a side are "
            "taken. Save it smaller."
        )


def _png_size(content: bytes) -> tuple[int, int]:
    if len(content) < 24:
        raise ReportError("The logo is a PNG that ends in the middle. Save it anew.")
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """From the frame header, which stands after any number of other segments."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    raise ReportError("The logo is a JPEG that ends in the middle. Save it anew.")


def _check_svg(content: bytes) -> None:
    """No entities, scripts, pictures or addresses, and nothing that multiplies itself."""
    if b"<!doctype" in content.lower() or b"<!entity" in content.lower():
        raise ReportError("The logo declares entities, which is not taken. Save it as plain SVG.")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError) as error:
        raise ReportError(f"The logo is no SVG that can be read: {error}. Save it anew.") from error
    reused = 0
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2].lower()
        reused += name in ("use", "pattern", "mask")
        active = name in _ACTIVE or any(
            key.rpartition("}")[2].lower().startswith("on")
            or (key.rpartition("}")[2].lower() == "href" and not value.startswith("#"))
            for key, value in element.attrib.items()
        )
        if active:
            raise ReportError(
                f"The logo holds <{name[:20]}>, a script, a picture or an address, which is not "
                "taken. Save it as plain shapes."
            )
    if reused > _MOST_REUSED:
        raise ReportError(
            f"The logo repeats {reused} of its parts, at most {_MOST_REUSED} are taken. Save it as "
            "plain shapes."
        )


@cache
def _ours() -> bytes:
    return OURS.read_bytes() if OURS.is_file() else b""


@cache
def _as_svg(content: bytes) -> str:
    form = form_of(content)
    if form == "svg":
        return content.decode("utf-8", errors="replace")
    width, height = _png_size(content) if form == "png" else _jpeg_size(content)
    data = base64.b64encode(content).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"><image width="{width}" height="{height}" '
        f'href="data:image/{form};base64,{data}"/></svg>'
    )


@cache
def _as_png(svg: str) -> bytes:
    return _typeset(
        "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
        '#image(bytes(sys.inputs.logo), format: "svg", height: 12mm)',
        svg,
    )


def _typeset(page: str, logo: str) -> bytes:
    try:
        made = typst.compile(page.encode(), format="png", ppi=150, sys_inputs={"logo": logo})
    except (typst.TypstError, OSError, ValueError) as error:
        raise ReportError(f"The logo cannot be drawn: {str(error)[:200]}. Save it anew.") from error
    first = made[0] if isinstance(made, list) else made
    return first or b""
