"""The guide for analysts does what it says: its commands, and its Python from top to bottom."""

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.docs import shell
from tests.docs.shell import ROOT


@pytest.mark.slow
def test_when_the_commands_of_the_guide_are_run_then_they_work(folder: Path) -> None:
    said = [shell.run(line) for line in shell.commands("analyst.md")]
    assert any("theta: WAPE" in each for each in said)
    assert {"q0.1", "q0.9"} <= set(pd.read_csv(folder / "forecast.csv").columns)


@pytest.mark.slow
def test_when_the_scripts_of_the_guide_are_run_in_order_then_they_work(folder: Path) -> None:
    """One after the other in one session, as in a notebook."""
    said, session = io.StringIO(), dict[str, object]()
    with contextlib.redirect_stdout(said):
        for number, block in enumerate(shell.blocks("analyst.md", "python")):
            exec(compile(block, f"docs/analyst.md, block {number + 1}", "exec"), session)
    assert re.search(r"80 % band held \d+%", said.getvalue())
    for model in ("seasonal_naive", "theta", "gbm"):
        assert model in said.getvalue()


def test_when_a_page_links_to_another_then_it_is_there() -> None:
    for page in sorted((ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
