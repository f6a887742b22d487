"""The look of all reports of this installation: logo, colours, paper and language, kept in a file.

One small JSON file in the folder of Almanac's things; whoever opens it next sees the new look.
"""

import base64
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import reports
from engine import files
from reports import Language, Paper, ReportError, Style
from reports.style import LARGEST
from ui import format as fmt
from ui import layout, settings

log = logging.getLogger("almanac")


@dataclass(frozen=True, kw_only=True)
class Look:
    """What reports look like where nobody asks for something else."""

    style: Style
    paper: Paper = "a4"
    language: Language = "en"


def path() -> Path:
    """Where it is kept."""
    return settings.from_environment().var / "reports" / "look.json"


def current() -> Look:
    """The kept look; the usual one where none was kept, or what was kept cannot be read."""
    try:
        kept = json.loads(path().read_text(encoding="utf-8"))
        return Look(
            style=Style(
                accent=kept["accent"],
                second=kept["second"],
                logo=base64.b64decode(kept["logo"], validate=True),
            ),
            paper="letter" if kept["paper"] == "letter" else "a4",
            language="zh" if kept["language"] == "zh" else "en",
        )
    except FileNotFoundError:
        return Look(style=Style())
    except (OSError, ValueError, KeyError, TypeError, ReportError) as error:
        log.warning("The look of reports in %s cannot be read, so it is the usual: %s",
                    path(), error)  # fmt: skip
        return Look(style=Style())


def keep(look: Look) -> None:
    """Keep a look for everybody. Raises `ReportError` where the disk takes no file."""
    content = {
        "accent": look.style.accent,
        "second": look.style.second,
        "logo": base64.b64encode(look.style.logo).decode(),
        "paper": look.paper,
        "language": look.language,
    }
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path(), json.dumps(content))
    except OSError as error:
        raise ReportError(f"The look cannot be kept: {error}. Free space on the disk.") from error


def popover() -> None:
    """The way to change it, in the title row."""
    with st.popover("Look", icon=":material/palette:", type="tertiary"):
        _form(current())


def _form(look: Look) -> None:
    st.markdown("**Look of all reports** :gray[· for everybody]")
    given = st.file_uploader(
        f"Logo (PNG, JPEG or SVG, up to {LARGEST // 1000} KB)",
        type=["png", "jpg", "jpeg", "svg"],
        max_upload_size=1,
        key="look_logo",
    )
    without = False
    if look.style.is_own:
        st.image(look.style.png(), width=150, alt="The logo that reports carry now")
        without = st.checkbox("Take this logo away", key="look_without")
    first, second = st.columns(2)
    accent = first.color_picker("Forecast, links", look.style.accent, key="look_accent")
    rival = second.color_picker("Rivals, decline", look.style.second, key="look_second")
    paper = st.segmented_control(
        "Paper",
        list(reports.PAPERS),
        default=look.paper,
        format_func=lambda key: reports.PAPERS[key],
        required=True,
        key="look_paper",
    )
    language = st.segmented_control(
        "Language",
        list(reports.LANGUAGES),
        default=look.language,
        format_func=lambda key: reports.LANGUAGES[key],
        required=True,
        key="look_language",
    )
    if not st.button("Keep for all reports", type="primary", key="look_keep"):
        return
    try:
        logo = b"" if without else look.style.logo
        if given is not None:
            logo = reports.checked_logo(given.getvalue())
        style = Style(accent=accent.upper(), second=rival.upper(), logo=logo)
        keep(Look(style=style, paper=paper or "a4", language=language or "en"))
    except ReportError as error:
        st.error(fmt.escape(str(error)))
        return
    layout.say_after_rerun("All reports have the new look.")
    st.rerun()
