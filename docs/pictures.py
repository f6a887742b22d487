"""The pictures of docs/tour.md, of the demo shop, made anew: python -m docs.pictures [NAME ...].

Needs requirements-dev.txt and a Chromium. Every picture is 1280 pixels wide, with 128 colours, so
that all of them together stay small.
"""

import io
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers import chromium, server

if TYPE_CHECKING:  # Playwright comes with requirements-dev.txt only
    from playwright.sync_api import Page

FOLDER = Path(__file__).parent / "pictures"
WIDTH, COLOURS = 1280, 128
MOST_BYTES = 150_000
PATIENCE = 120.0  # seconds until a page must be drawn
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
AT_WORK = (
    "[...document.querySelectorAll('[data-testid=stSkeleton], [data-testid=stSpinner], "
    "[data-testid=stMain] [data-testid=stProgress]')].filter(each => each.offsetParent).length"
)
TOO_LARGE = ", more than is meant"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A page, how much of it, and what is pressed before."""

    path: str
    height: int = 900
    press: str = ""  # the beginning of a button's words


PAGES = {  # by the name of the file
    "home": Picture(path="/"),
    "quality": Picture(path="/quality", height=860),
    "overview": Picture(path="/overview"),
    "segments": Picture(path="/segments"),
    "seasonality": Picture(path="/seasonality"),
    "calendar": Picture(path="/calendar"),
    "lost-sales": Picture(path="/lost_sales"),
    "forecast": Picture(path="/forecast", height=980),
    "compare": Picture(path="/compare"),
    "train": Picture(path="/train"),
    "what-if": Picture(path="/what_if", press="Price"),
    "prices": Picture(path="/prices"),
    "inventory": Picture(path="/inventory"),
    "reports": Picture(path="/reports", height=860),
    "keys": Picture(path="/keys", height=760),
}


def main(names: list[str]) -> None:
    if unknown := sorted(set(names) - set(PAGES)):
        sys.exit(f"There is no picture {unknown[0]!r}. There are {', '.join(PAGES)}.")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        with server(Path(folder)) as (url, _), chromium() as browser:
            page = browser.new_context(viewport={"width": WIDTH, "height": 900}).new_page()
            for name in names or PAGES:
                shown = PAGES[name]
                page.set_viewport_size({"width": WIDTH, "height": shown.height})
                page.goto(url + shown.path)
                settle(page)
                if shown.press:
                    page.get_by_role("button", name=re.compile(f"^{shown.press}")).first.click()
                    settle(page)
                content = packed(page.screenshot())
                (FOLDER / f"{name}.png").write_bytes(content)
                size = f"{len(content) / 1000:.0f} kB"
                print(f"docs/pictures/{name}.png {size}{TOO_LARGE * (len(content) > MOST_BYTES)}")


def prepare(var: Path) -> None:
    """A demo shop, two keys for the page that lists them, and a comparison of two models."""
    os.environ["ALMANAC_VAR"] = str(var)
    from datetime import date

    from data import api_keys, demo
    from data.store import open_store

    store = open_store(var / "almanac.duckdb")
    demo.load(store, today=date(2026, 11, 18))
    api_keys.create(store, name="erp", scopes=["read"], days=365)
    api_keys.create(store, name="till", scopes=["write"])
    store.close()
    from almanac import cli

    asked = ["--models", "theta,gbm", "--level", "category", "--horizon", "13", "--windows", "2"]
    if code := cli.main(["train", "Demo shop", *asked]):
        sys.exit(code)


def settle(page: "Page") -> None:
    """Wait until nothing is being drawn or worked out, for a second on end."""
    until, calm = time.monotonic() + PATIENCE, 0
    page.wait_for_selector(READY, timeout=PATIENCE * 1000)
    while calm < 4:
        if time.monotonic() > until:
            sys.exit(f"{page.url} is still at work after {PATIENCE:.0f} s.")
        page.wait_for_timeout(300)
        is_calm = page.locator(READY).count() and not page.evaluate(AT_WORK)
        calm = calm + 1 if is_calm else 0
    page.mouse.move(1, 1)
    page.wait_for_timeout(500)


def packed(picture: bytes) -> bytes:
    """The same picture in fewer colours."""
    from PIL import Image

    drawn = Image.open(io.BytesIO(picture)).convert("RGB")
    target = io.BytesIO()
    few = drawn.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(target, "PNG", optimize=True)
    return target.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
