"""Which fonts this machine has for a report, and which scripts none of them carries.

The Latin font stands first, or a Chinese font would take digits and quotes.
"""

import logging
import re
from dataclasses import dataclass
from functools import cache

import typst

log = logging.getLogger("almanac")

_LATIN = (
    *("Source Sans 3", "Noto Sans", "Liberation Sans", "Arial", "Helvetica Neue"),
    *("DejaVu Sans", "Libertinus Serif"),  # the last comes with typst
)


@dataclass(frozen=True)
class Script:
    """A script, how to tell it, and the families that carry it."""

    name: str
    pattern: re.Pattern[str]
    families: tuple[str, ...]


SCRIPTS = (
    Script(
        "Chinese",
        re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"),
        (
            *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei"),
            *("PingFang SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimHei", "SimSun"),
            "Noto Serif CJK SC",
        ),
    ),
    Script(
        "Japanese",
        re.compile("[\u3040-\u30ff]"),
        ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic"),
    ),
    Script(
        "Korean",
        re.compile("[\uac00-\ud7a3\u1100-\u11ff]"),
        ("Noto Sans CJK SC", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic"),
    ),
    Script(
        "Arabic",
        re.compile("[\u0600-\u06ff\u0750-\u077f]"),
        ("Noto Sans Arabic", "Noto Naskh Arabic", "DejaVu Sans", "Arial", "Segoe UI"),
    ),
    Script(
        "Hebrew",
        re.compile("[\u0590-\u05ff]"),
        ("Noto Sans Hebrew", "DejaVu Sans", "Liberation Sans", "Arial"),
    ),
    Script("Thai", re.compile("[\u0e00-\u0e7f]"), ("Noto Sans Thai", "Leelawadee UI", "Loma")),
    Script("Devanagari", re.compile("[\u0900-\u097f]"), ("Noto Sans Devanagari", "Nirmala UI")),
    Script(
        "emoji",
        re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]"),
        ("Noto Emoji", "Noto Color Emoji", "Segoe UI Emoji", "Apple Color Emoji"),
    ),
)


@cache
def installed() -> typst.Fonts:
    """The fonts of this machine, looked for once."""
    return typst.Fonts(include_system_fonts=True)


@cache
def families() -> tuple[str, ...]:
    """The families that a report is set in, in this order; only those that are there."""
    have = set(installed().families())
    wanted = [name for name in _LATIN if name in have][:1]
    wanted += [name for script in SCRIPTS for name in script.families if name in have]
    wanted += [name for name in ("DejaVu Sans", "Libertinus Serif") if name in have]
    return tuple(dict.fromkeys(wanted))


def missing(text: str) -> list[str]:
    """The scripts of a text that no font here carries; a PDF would leave gaps for them."""
    have = set(families())
    return [
        script.name
        for script in SCRIPTS
        if not have.intersection(script.families) and script.pattern.search(text)
    ]


def warn_at_start() -> None:
    """Say in the log which of the two languages of reports cannot be set."""
    if "Chinese" in missing("中"):
        log.warning(
            "No font for Chinese was found: PDF reports will lack Chinese letters. Install one, "
            "for example fonts-noto-cjk on Debian."
        )
