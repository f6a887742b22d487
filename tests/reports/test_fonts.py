"""Fonts: the Latin one first, and a word in the log where a script has none."""

import logging

import pytest

from reports import fonts


def test_when_families_are_chosen_then_a_latin_one_is_first() -> None:
    first = fonts.families()[0]
    assert first in fonts.installed().families()
    assert not any(first in script.families for script in fonts.SCRIPTS if script.name == "Chinese")


def test_when_no_font_has_chinese_then_the_log_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ("DejaVu Sans",))
    with caplog.at_level(logging.WARNING, logger="almanac"):
        fonts.warn_at_start()
    assert "fonts-noto-cjk" in caplog.text


@pytest.mark.parametrize(
    ("text", "script"), [("咖啡", "Chinese"), ("قهوة", "Arabic"), ("☕", "emoji"), ("กาแฟ", "Thai")]
)
def test_when_a_script_has_no_font_then_it_is_named(
    text: str, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ("Libertinus Serif",))
    assert fonts.missing(f"Café {text}") == [script]
    assert fonts.missing("Café €5 − “x”") == []
