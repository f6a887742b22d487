"""The pages of REST and command line are those of the code, and what they show works."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from almanac import docs
from tests.almanac.conftest import Run, app, environment, run, sales

ROOT = Path(__file__).parents[2]
__all__ = ["app", "environment", "run", "sales"]  # fixtures


def commands(page: str) -> list[list[str]]:
    """The arguments of every command in the blocks of a page."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert all(line.startswith("python -m almanac ") for line in lines)
    return [line.split()[3:] for line in lines]


def test_when_the_code_changes_then_its_pages_are_written_anew() -> None:
    for name, text in docs.pages().items():
        said = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert said == text, f"docs/{name} is out of date: python -m almanac.docs --write"


@pytest.mark.slow
def test_when_the_commands_of_the_pages_are_run_then_they_work(
    run: Run, sales: Path, tmp_path: Path
) -> None:
    shutil.copy(sales, tmp_path / "sales.csv")
    (tmp_path / "new.csv").write_text(
        "date,product,store,quantity,price\n"
        + "".join(f"2026-11-{day:02},TEA-1,north,20,3.5\n" for day in range(5, 16))
    )
    for arguments in [*commands("command-line.md"), *commands("rest.md")]:
        done = run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
    assert len(pd.read_csv(tmp_path / "forecast.csv")) == 8
    assert pd.read_parquet(tmp_path / "tomorrow.parquet")["timestamp"].min() == pd.Timestamp(
        "2026-11-16"
    )
    assert (tmp_path / "review.html").stat().st_size > 100_000


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
