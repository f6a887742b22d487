"""An own logo and own colours: taken by every renderer, and refused where they would do harm."""

import io
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image

import reports
from reports import ForecastFacts, ReportError, Style
from reports.style import LARGEST

Facts = Callable[..., ForecastFacts]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10"><rect width="30" height="10" fill="#00aa77"/></svg>'  # noqa: E501


def picture(form: str, size: tuple[int, int] = (90, 30)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (0, 170, 119)).save(target, form)
    return target.getvalue()


def corner(png: bytes) -> set[tuple[int, ...]]:
    """The colours in the upper right of a page, rounded so that edges do not count."""
    page = Image.open(io.BytesIO(png)).convert("RGB")
    part = page.crop((page.width * 2 // 3, 0, page.width, page.height // 9))
    return {tuple(each // 32 for each in colour) for _, colour in part.getcolors(1 << 20) or []}  # type: ignore[union-attr]


@pytest.mark.parametrize("logo", [SVG, picture("PNG"), picture("JPEG")], ids=["svg", "png", "jpeg"])
def test_when_a_logo_is_given_then_every_form_carries_it(
    forecast_facts: Facts, logo: bytes
) -> None:
    review = reports.forecast_review(forecast_facts())
    style = Style(logo=reports.checked_logo(logo))
    green = (0, 5, 3)
    assert green in corner(reports.pages(review, style=style, dots_per_inch=60)[0])
    assert green not in corner(reports.pages(review, dots_per_inch=60)[0])
    page = reports.html(review, style=style).decode()
    assert f'src="data:{style.mime};base64,' in page
    with zipfile.ZipFile(io.BytesIO(reports.excel(review, style=style))) as book:
        media = [name for name in book.namelist() if name.startswith("xl/media/")]
        assert len(media) == 1
        assert Image.open(io.BytesIO(book.read(media[0]))).getpixel((9, 9))[:3] == pytest.approx(
            (0, 170, 119), abs=3
        )


def test_when_colours_are_given_then_every_form_uses_them(forecast_facts: Facts) -> None:
    review = reports.forecast_review(forecast_facts())
    style = Style(accent="#00695C", second="#AD1457")
    page = Image.open(io.BytesIO(reports.pages(review, style=style, dots_per_inch=60)[0]))
    assert (0, 105, 92) in {colour for _, colour in page.convert("RGB").getcolors(1 << 20) or []}
    text = reports.html(review, style=style).decode()
    assert "#00695C" in text
    assert "#1745c2" not in text.partition("<script>")[0]
    with zipfile.ZipFile(io.BytesIO(reports.excel(review, style=style))) as book:
        charts = b"".join(book.read(each) for each in book.namelist() if "charts/chart" in each)
    assert b"00695C" in charts
    assert b"1745C2" not in charts


@pytest.mark.parametrize(
    ("logo", "words"),
    [
        (b"GIF89a", "neither PNG, JPEG nor SVG"),
        (b"", "neither"),
        (picture("PNG") + b"x" * LARGEST, "at most 300"),
        (picture("PNG", (5_000, 2)), "5,000 × 2 pixels"),
        (picture("PNG")[:60], "cannot be drawn"),
        (picture("JPEG")[:100], "ends in the middle|cannot be drawn"),
        (b"\x89PNG\r\n\x1a\n", "ends in the middle"),
        (b"<svg", "cannot be drawn|no SVG"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "entities"),
        (SVG.replace(b"<rect", b"<script>alert(1)</script><rect"), "<script>"),
        (SVG.replace(b"<rect", b'<rect onload="x()"'), "<rect>"),
        (SVG.replace(b"<rect", b'<image href="http://example.invalid/x.png"/><rect'), "<image>"),
        (SVG.replace(b"<rect", b'<a href="http://example.invalid"/><rect'), "<a>"),
        (SVG.replace(b"<rect", b'<use href="#a"/>' * 21 + b"<rect"), "repeats 21"),
    ],
    ids=range(14),
)
def test_when_a_logo_cannot_be_used_then_it_says_why(logo: bytes, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        reports.checked_logo(logo)


@pytest.mark.parametrize("colour", ["blue", "#12", "#GGGGGG", '#111111" onload="x'])
def test_when_a_colour_is_none_then_it_is_refused(colour: str) -> None:
    with pytest.raises(ReportError, match="is none"):
        Style(accent=colour)


def test_when_a_colour_is_too_pale_then_it_is_refused() -> None:
    with pytest.raises(ReportError, match="too pale"):
        Style(second="#FFEE99")


def test_when_looks_differ_then_so_do_their_digests() -> None:
    found = {Style().digest(), Style(accent="#00695C").digest(), Style(logo=SVG).digest()}
    assert len(found) == 3
    assert Style(accent="#1745c2").digest() == Style().digest()
