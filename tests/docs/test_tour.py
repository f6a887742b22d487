"""The tour shows every picture that there is, none too large, and none that is not there."""

import re

from docs import pictures
from tests.docs.shell import ROOT


def test_when_the_tour_is_read_then_its_pictures_are_there_and_small() -> None:
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^]]+)\]\(pictures/([a-z-]+)\.png\)", text)
    assert {name for _, name in shown} == set(pictures.PAGES)
    assert all(len(words) > 20 for words, _ in shown)  # for those who cannot see them
    for _, name in shown:
        content = (pictures.FOLDER / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert int.from_bytes(content[16:20], "big") == pictures.WIDTH
        assert len(content) <= pictures.MOST_BYTES, name


def test_when_a_picture_is_listed_then_its_page_is_in_the_navigation() -> None:
    from ui import navigation

    paths = {
        "/" + entry.path.rpartition("/")[2].removesuffix(".py") for entry in navigation.entries()
    }
    asked = {shown.path for shown in pictures.PAGES.values()} - {"/"}
    assert asked <= paths
