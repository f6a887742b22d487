"""The pages of REST and command line are those of the code, and what they show works."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from almanac import docs
from tests.almanac.conftest import Run
from tests.docs import shell
from tests.docs.shell import ROOT


def test_when_the_code_changes_then_its_pages_are_written_anew() -> None:
    for name, text in docs.pages().items():
        said = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert said == text, f"docs/{name} is out of date: python -m almanac.docs --write"


@pytest.mark.slow
def test_when_the_commands_of_the_pages_are_run_then_they_work(folder: Path) -> None:
    for line in shell.commands("command-line.md", "rest.md"):
        assert line.startswith("python -m almanac ")
        shell.run(line)
    assert len(pd.read_csv(folder / "forecast.csv")) == 8
    assert pd.read_parquet(folder / "tomorrow.parquet")["timestamp"].min() == pd.Timestamp(
        "2026-11-16"
    )
    assert (folder / "review.html").stat().st_size > 100_000


@pytest.mark.slow
def test_when_the_client_of_the_docs_is_run_then_it_uploads_waits_reads_and_compares(
    run: Run, app: str, environment: dict[str, str], sales: Path
) -> None:
    made = run("keys", "create", "client", "--scopes", "read,write,jobs", "--json")
    own = {"ALMANAC_URL": app, "ALMANAC_KEY": json.loads(made.stdout)["secret"]}
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "client.py"), str(sales), "Teas"],
        env={**environment, **own}, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert "1600 of 1600 rows" in done.stdout
    assert re.search(r"(TEA|MUG)-1 2026-\d\d-\d\d: [\d.]+ \([\d.]+-[\d.]+\)", done.stdout)
    assert re.search(r"theta: [\d.]+% off", done.stdout)
