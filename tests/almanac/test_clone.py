"""A fresh clone goes from a file to a report by command line alone: nothing that git lacks."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.almanac.conftest import ROOT

WALK = """
import sys
from almanac import cli

def done(line):
    code = cli.main(line.split())
    assert code == 0, line

done("ingest sales.csv --dataset Teas --quiet")
done("quality Teas")
done("fit Teas --models theta --level total --horizon 4 --quiet")
done("export forecasts Teas --out forecast.csv")
done("report Teas --out review.html --horizon 4 --quiet")
done("models --json")
done("schedule list")
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is not a checkout")
def test_when_a_fresh_clone_is_walked_by_commands_then_a_report_comes_out(
    environment: dict[str, str], sales: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(clone)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    shutil.copy(sales, tmp_path / "sales.csv")
    walked = subprocess.run(
        [sys.executable, "-c", WALK], cwd=tmp_path, timeout=120, check=False,
        env={**environment, "PYTHONPATH": str(clone)}, capture_output=True, text=True,
    )  # fmt: skip
    assert walked.returncode == 0, walked.stderr
    assert "No schedules yet." in walked.stdout
    assert '"model": "theta"' in walked.stdout
    assert len((tmp_path / "forecast.csv").read_text().splitlines()) == 5
    assert (tmp_path / "review.html").stat().st_size > 100_000
