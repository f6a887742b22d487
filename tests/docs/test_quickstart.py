"""The script of the docs does what it says, on a small file, with a network of a few steps."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

FAST = '{"preset": "fast"}'
SCRIPT = Path(__file__).parents[2] / "docs" / "quickstart.py"


def test_when_the_quickstart_runs_then_it_compares_models_and_leaves_a_plot(
    tmp_path: Path,
) -> None:
    days = pd.date_range("2026-01-01", periods=100)
    frames = [
        pd.DataFrame({"series_id": name, "timestamp": days, "price": 2.5, "category": "tea"})
        for name in ("green", "black")
    ]
    frame = pd.concat(frames, ignore_index=True)
    frame["promo"] = (frame.index % 20 < 3).astype(float)
    noise = np.random.default_rng(0).poisson(5, len(frame))
    frame.assign(target=20.0 + 10 * frame["promo"] + noise).to_parquet(tmp_path / "sales.parquet")
    script = SCRIPT.read_text()
    assert script.count(FAST) == 1
    folder = tmp_path / "docs"
    folder.mkdir()
    for room in ("forecasting", "data"):  # beside docs/, where the script looks for them
        (tmp_path / room).symlink_to(SCRIPT.parents[1] / room)
    (folder / SCRIPT.name).write_text(script.replace(FAST, '{"preset": "fast", "max_steps": 40}'))
    done = subprocess.run(
        [sys.executable, str(folder / SCRIPT.name), "sales.parquet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for model in ("seasonal_naive", "theta", "lstm"):
        assert model in done.stdout
    assert "black: sold, and the next 28 days" in (tmp_path / "forecast.html").read_text()
    assert len(script.splitlines()) <= 40
