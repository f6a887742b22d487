"""Eight real M5 series through the command line; metrics recomputed from the written files alone.

Nothing of `forecasting.metrics` is used here: the numbers come from loops over plain values.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.cli import main

M5 = Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "m5" / "sales_daily" / "CA_1.parquet"
HORIZON = 28
MODELS = "seasonal_naive,theta,ets,arima"

pytestmark = pytest.mark.skipif(
    not M5.is_file(), reason=f"M5 is not at {M5}; set ALMANAC_DATA to the folder of the data sets"
)


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    frame = pd.read_parquet(M5, columns=["series_id", "date", "units"])
    chosen = np.random.default_rng(1).choice(frame["series_id"].unique(), 8, replace=False)
    frame = frame[frame["series_id"].isin(chosen)]
    frame = frame.rename(columns={"date": "timestamp", "units": "target"})
    frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    return frame[frame["timestamp"] >= "2015-03-01"]  # enough to learn from, quick to test


@pytest.fixture(scope="module")
def out(sales: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("m5")
    sales.to_parquet(folder / "sales.parquet")
    arguments = ["--freq", "D", "--horizon", str(HORIZON), "--models", MODELS, "--jobs", "1"]
    file = str(folder / "sales.parquet")
    assert main(["backtest", file, *arguments, "--out", str(folder)]) == 0
    return folder


def test_when_metrics_are_recomputed_by_hand_then_the_leaderboard_agrees(
    sales: pd.DataFrame, out: Path
) -> None:
    board = pd.read_csv(out / "leaderboard.csv").set_index("model")
    assert sorted(board.index) == sorted(MODELS.split(","))
    forecasts = pd.read_parquet(out / "forecasts.parquet")
    history = {name: group for name, group in sales.groupby("series_id", observed=True)}
    levels = [column for column in forecasts.columns if column.startswith("q")]
    for model, rows in forecasts.groupby("model"):
        loss, size, error, signed, squares, mases, rmsses = 0.0, 0.0, 0.0, 0.0, 0.0, [], []
        for name, group in rows.groupby("series_id"):
            past = history[name]
            past = past[past["timestamp"] <= group["cutoff"].iloc[0]]["target"].to_list()
            changes = [past[t] - past[t - 7] for t in range(7, len(past))]
            actual, mean = group["actual"].to_list(), group["mean"].to_list()
            truth = history[name].set_index("timestamp")["target"]
            assert actual == truth.loc[group["timestamp"]].to_list()
            errors = [f - y for f, y in zip(mean, actual, strict=True)]
            size += sum(actual)
            error += sum(map(abs, errors))
            signed += sum(errors)
            squares += sum(e * e for e in errors)
            mases.append(sum(map(abs, errors)) / HORIZON / np.mean(np.abs(changes)))
            rmsses.append(
                np.sqrt(sum(e * e for e in errors) / HORIZON / np.mean(np.square(changes)))
            )
            for column in levels:
                level = float(column[1:])
                for y, q in zip(actual, group[column], strict=True):
                    loss += 2 * (level * (y - q) if y > q else (1 - level) * (q - y))
        expected = {
            "WQL": loss / len(levels) / size,
            "WAPE": error / size,
            "bias": signed / size,
            "MAE": error / len(rows),
            "RMSE": np.sqrt(squares / len(rows)),
            "MASE": np.mean(mases),
            "RMSSE": np.mean(rmsses),
        }
        for metric, value in expected.items():
            assert board.loc[model, metric] == pytest.approx(value, rel=1e-9), (model, metric)


def test_when_real_sales_are_forecast_then_every_method_beats_seasonal_naive(out: Path) -> None:
    board = pd.read_csv(out / "leaderboard.csv").set_index("model")
    for model in ("theta", "ets", "arima"):
        assert board.loc[model, "WQL"] < board.loc["seasonal_naive", "WQL"]
        assert board.loc[model, "fallbacks"] <= 2  # dead series, not failures of the method


def test_when_real_sales_are_forecast_then_bands_hold_roughly_what_they_promise(out: Path) -> None:
    board = pd.read_csv(out / "leaderboard.csv").set_index("model")
    assert board["coverage"].between(0.7, 0.99).all()
