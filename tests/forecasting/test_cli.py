"""The command line, run as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.cli import main


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "forecasting", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def file(tmp_path: Path, panel: fc.Panel) -> Path:
    path = tmp_path / "sales.parquet"
    some = panel.subset(["busy 0", "gappy", "dead"]).to_frame()
    days = (some["timestamp"] - some["timestamp"].min()).dt.days
    some.assign(promo=(days % 5 == 0) * 1.0, store="s1").to_parquet(path)
    return path


def test_when_models_are_listed_then_every_one_has_a_line() -> None:
    done = run("models")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(fc.MODELS)


def test_when_backtested_then_three_files_agree_with_the_library(
    file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run(
        *("backtest", file, "--freq", "D", "--horizon", 7, "--models", "seasonal_naive,theta"),
        *("--windows", 2, "--known-covariates", "promo", "--static-features", "store"),
        *("--out", out),
    )
    assert done.returncode == 0, done.stderr
    assert "theta: fitting series 3/3 (100 %)" in done.stderr
    assert "without arima" in done.stderr
    board = pd.read_csv(out / "leaderboard.csv")
    panel = fc.Panel.from_frame(pd.read_parquet(file), freq="D", known_covariates=["promo"])
    ours = fc.backtest(panel, ["seasonal_naive", "theta"], horizon=7, num_windows=2)
    assert list(board["model"]) == list(ours.leaderboard()["model"])
    np.testing.assert_allclose(board["WQL"], ours.leaderboard()["WQL"])
    assert board["model"].iloc[0] in done.stdout
    forecasts = pd.read_parquet(out / "forecasts.parquet")
    assert list(forecasts.columns[:6]) == [
        *("cutoff", "model", "series_id", "timestamp", "actual", "mean"),
    ]
    assert len(forecasts) == 2 * 2 * 3 * 7
    assert len(pd.read_parquet(out / "metrics.parquet")) == 2 * 2 * 3


def test_when_forecast_from_csv_then_a_file_with_quantiles_is_written(
    file: Path, tmp_path: Path
) -> None:
    csv, out = tmp_path / "sales.csv", tmp_path / "new" / "forecast.csv"
    pd.read_parquet(file).to_csv(csv, index=False)
    done = run("forecast", csv, "--freq", "D", "--horizon", 3, "--model", "theta", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 series by zero: the last 80 observations are all zero" in done.stderr
    written = pd.read_csv(out)
    assert len(written) == 9
    assert {"series_id", "timestamp", "mean", "q0.05", "q0.5", "q0.95"} <= set(written.columns)


def test_when_a_future_is_given_then_its_columns_are_the_known_covariates(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    future, out = tmp_path / "future.csv", tmp_path / "forecast.parquet"
    frame = pd.read_parquet(file)
    stamps = pd.date_range(frame["timestamp"].max(), periods=4)[1:]
    plan = (
        frame[["series_id"]].drop_duplicates().merge(pd.DataFrame({"timestamp": stamps}), "cross")
    )
    plan.assign(promo=1).to_csv(future, index=False)
    arguments = ["forecast", file, "--freq", "D", "--horizon", "3", "--model", "sarimax"]
    assert main([*map(str, arguments), "--future", str(future), "--out", str(out)]) == 0
    assert len(pd.read_parquet(out)) == 9
    plan.drop(index=4).assign(promo=1).to_csv(future, index=False)
    assert main([*map(str, arguments), "--future", str(future), "--out", str(out)]) == 2
    assert "known_future has no value of 'promo' for 1 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "does not exist"),
        ("empty.csv", "", "cannot be read"),
        ("header.csv", "series_id,timestamp,target\n", "no rows"),
        ("columns.csv", "id,ds,y\na,2024-01-01,1\n", "Missing columns: 'series_id'"),
        ("text.csv", "series_id,timestamp,target\na,2024-01-01,many\n", "'many', in series 'a'"),
        ("fake.parquet", "not parquet", "cannot be read"),
        ("sales.json", "{}", "ends in none of"),
    ],
)
def test_when_the_file_is_wrong_then_one_sentence_and_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
    message: str,
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    arguments = ["backtest", str(path), "--freq", "D", "--horizon", "2", "--out", str(tmp_path)]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert "Traceback" not in error


def test_when_model_or_frequency_is_unknown_then_no_traceback(file: Path, tmp_path: Path) -> None:
    common = ["backtest", file, "--horizon", 2, "--out", tmp_path]
    unknown = run(*common, "--freq", "D", "--models", "nonsense")
    assert unknown.returncode == 2
    assert unknown.stderr.splitlines()[-1].startswith("error: Model 'nonsense' is unknown")
    assert "Traceback" not in unknown.stderr
    weekly = run(*common, "--freq", "fortnight")
    assert weekly.returncode == 2
    assert "error: freq='fortnight'" in weekly.stderr


def test_when_a_product_is_new_then_its_analogues_are_named(tmp_path: Path) -> None:
    days = pd.date_range("2025-01-01", periods=120)
    week = 20 + 5 * np.sin(np.arange(120) * 2 * np.pi / 7)
    frames = [
        pd.DataFrame({"series_id": f"{kind} {i}", "timestamp": days, "kind": kind, "target": level})
        for kind, scale in (("tea", 1.0), ("rice", 6.0))
        for i, level in enumerate([week * scale * share for share in (0.8, 0.9, 1.0, 1.1, 1.2)])
    ]
    new = pd.DataFrame(
        {"series_id": "tea new", "timestamp": days[-2:], "kind": "tea", "target": [21.0, 19.0]}
    )
    pd.concat([*frames, new]).to_parquet(tmp_path / "sales.parquet")
    done = run(
        *("forecast", tmp_path / "sales.parquet", "--freq", "D", "--horizon", 7),
        *("--model", "seasonal_naive", "--static-features", "kind"),
        *("--out", tmp_path / "out.csv"),
    )
    assert done.returncode == 0, done.stderr
    assert "by analogues: " in done.stderr
    assert "in 'tea'" in done.stderr
    found = pd.read_csv(tmp_path / "out.csv").query("series_id == 'tea new'")
    assert found["mean"].mean() == pytest.approx(20, rel=0.3)
