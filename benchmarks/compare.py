"""How Compare stands all of M5: 30,490 series, 5 models, 3 windows, 28 steps, with made-up scores.

    python -m benchmarks.compare [--products 3049] [--reruns 20] [--folder DIR]

`cold` is the first view of the page in a process that has its libraries but no score in memory,
`warm` the 95th percentile of further runs, both through Streamlit's test harness; then the same
for each way of breaking errors down. Scores are drawn, not forecast: Compare reads nothing else,
except for the lines of one product.
"""

import argparse
import os
import platform
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.ingest import verdict
from benchmarks.screens import p95
from benchmarks.servers import ROOT

GOAL_COLD, GOAL_WARM = 1.5, 0.4  # seconds
PLACES, HORIZON = 10, 28
MODELS = {"lstm": 0.76, "gbm": 0.80, "ets": 0.88, "arima": 0.90, "seasonal_naive": 1.0}
CUTOFFS = tuple(pd.Timestamp("2016-02-28") + pd.Timedelta(days=28 * k) for k in range(3))
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=3049)
    parser.add_argument("--reruns", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keeps the scores for other runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)) / "var"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["ALMANAC_VAR"] = str(folder)
        if not (folder / "registry.db").exists():
            write(folder, options.products)
        size = options.products * PLACES
        print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {size:,} series")
        measure(options.reruns)


def measure(reruns: int) -> None:
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from ui import navigation
    from ui.compare_by import EVERYTHING

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page(navigation.COMPARE).run()  # libraries
    st.cache_resource.clear()
    st.cache_data.clear()
    app.run()  # the store, without Compare
    worst = 0.0
    cold, cpu = spent(lambda: _fresh(app))
    warm = p95([timed(app.run) for _ in range(reruns)])
    assert not app.exception, app.exception
    print(f"{EVERYTHING:<14}cold {cold:5.2f} s (CPU {cpu:4.2f} s)   warm p95 {warm * 1000:4.0f} ms")
    for by in ("Level", "Category", "Place", "Segment", "Window", "Steps", "Bands", "Residuals"):
        app.session_state["compare_by"] = by
        first, cpu = spent(app.run)
        again = p95([timed(app.run) for _ in range(max(reruns // 4, 2))])
        assert not app.exception, app.exception
        worst = max(worst, again)
        print(f"{by:<14}first {first:4.2f} s (CPU {cpu:4.2f} s)   warm p95 {again * 1000:4.0f} ms")
    print(f"opens cold in {cold:.2f} s  goal {GOAL_COLD} s {verdict(cold <= GOAL_COLD)}; "
          f"warm {max(warm, worst) * 1000:.0f} ms  goal {GOAL_WARM * 1000:.0f} ms "
          f"{verdict(max(warm, worst) <= GOAL_WARM)}")  # fmt: skip


def _fresh(app) -> None:  # type: ignore[no-untyped-def]
    """The page with none of its own reads cached."""
    from ui import compare_queries

    for name in ("_tested", "_compared", "_parts", "_by_step", "_in_every_window", "_fallbacks"):
        getattr(compare_queries, name).clear()
    app.run()


def timed(work) -> float:  # type: ignore[no-untyped-def]
    return spent(work)[0]


def spent(work) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Wall seconds and CPU seconds: on a busy machine the second says what the first would be."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def write(folder: Path, products: int) -> None:
    """A dataset of so many products in ten places, and one comparison with made-up scores."""
    from data.store import open_store
    from engine.registry import About, Registry
    from engine.runs import Run

    store = open_store(folder / "almanac.duckdb")
    with store.transaction() as cursor:
        for statement in _DATASET:
            cursor.execute(statement, {"products": products} if "$products" in statement else None)
    store.close()
    series = np.array([f"{p}:{q}" for p in range(1, products + 1) for q in range(1, PLACES + 1)])
    about = About(
        model="",
        scope={
            "dataset": 1, "categories": [], "product": None, "place": None, "freq": "D",
            "measure": "quantity", "split": "product_place", "corrected": False,
        },
        scope_words="All products, all places by product × place, day",
        horizon=HORIZON,
        series=len(series),
        group="made",
    )  # fmt: skip
    registry = Registry(folder)
    registry.add("made-up", about, name="Comparison of made-up scores")
    registry.close()
    run = Run(folder / "runs" / "made-up")
    run.folder.mkdir(parents=True)
    for name, frame in frames(series).items():
        run.write_frame(name, frame)


_DATASET = (
    "INSERT INTO dataset (dataset_id, name, source, currency, category_levels, created_at) "
    "VALUES (1, 'M5, made up', 'upload', '$', ['department'], now()::TIMESTAMP)",
    "INSERT INTO product (product_id, dataset_id, code, name, categories) SELECT i, 1, "
    "'P' || i, 'Product ' || i, ['Department ' || i % 7] FROM range(1, $products + 1) t(i)",
    "INSERT INTO place (place_id, dataset_id, code, name) SELECT i, 1, 'S' || i, 'Store ' || i "
    f"FROM range(1, {PLACES + 1}) t(i)",
    # A fortnight with some of the pairs each day: Compare needs products, not sales.
    "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, import_id)"
    " SELECT 1, p, 1 + (p + d) % 10, DATE '2016-05-01' + d::INTEGER, 1 + p % 9, (1 + p % 9) * 2.5,"
    " 2.5, 1 FROM range(1, $products + 1) t(p), range(0, 14) u(d)",
)


def frames(series: np.ndarray) -> dict[str, pd.DataFrame]:
    """What a comparison keeps, with errors that are drawn; the same series is hard for everyone."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(3.0, 1.2, len(series))
    hard = rng.lognormal(0.0, 0.3, len(series))
    rows, steps = [], []
    for cutoff in CUTOFFS:
        for model, factor in MODELS.items():
            share = np.minimum(0.6 * factor * hard * rng.lognormal(0, 0.2, len(series)), 2.0)
            rows.append(_scores(model, cutoff, series, size, share, rng))
            steps.append(_steps(model, cutoff, factor, size.sum() / HORIZON, rng))
    scores = pd.concat(rows, ignore_index=True)
    board = scores.groupby("model")[["quantile_loss", "absolute_actual"]].sum()
    leaderboard = pd.DataFrame(
        {
            "model": board.index,
            "WQL": (board["quantile_loss"] / board["absolute_actual"]).to_numpy(),
            "fit_seconds": [10.0 * (1 + k) ** 2 for k in range(len(board))],
            "predict_seconds": 1.0,
        }
    )
    reliability = pd.DataFrame(
        [(model, level, 0.5 + (level - 0.5) * 0.97, len(series)) for model in MODELS
         for level in LEVELS],
        columns=["model", "level", "observed", "steps"],
    )  # fmt: skip
    edges = np.linspace(0, 1, 21)
    pit = pd.concat(
        [pd.DataFrame({"model": model, "low": edges[:-1], "high": edges[1:], "density": 1.0})
         for model in MODELS]
    )  # fmt: skip
    skipped = pd.DataFrame({"cutoff": [], "series_id": [], "reason": []}, dtype=object)
    return {
        "scores": scores,
        "step_scores": pd.concat(steps, ignore_index=True),
        "reliability": reliability,
        "pit": pit,
        "leaderboard": leaderboard,
        "skipped": skipped,
    }


def _scores(
    model: str,
    cutoff: pd.Timestamp,
    series: np.ndarray,
    size: np.ndarray,
    share: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    off = size * share
    return pd.DataFrame(
        {
            "model": model,
            "cutoff": cutoff,
            "series_id": series,
            "steps": float(HORIZON),
            "actual": size,
            "absolute_actual": size,
            "error": off * rng.uniform(-1, 1, len(series)),
            "absolute_error": off,
            "median_error": off * 0.95,
            "squared_error": off**2 / HORIZON * 1.5,
            "quantile_loss": off * 0.8,
            "inside_coverage": rng.binomial(HORIZON, 0.79, len(series)).astype(float),
            "inside_coverage_50": rng.binomial(HORIZON, 0.5, len(series)).astype(float),
            "inside_coverage_95": rng.binomial(HORIZON, 0.94, len(series)).astype(float),
            "absolute_scale": size / HORIZON * 0.8,
            "squared_scale": (size / HORIZON) ** 2,
            "fallback": np.where(rng.random(len(series)) < 0.01, "mean: too short", ""),
        }
    )


def _steps(
    model: str, cutoff: pd.Timestamp, factor: float, sold: float, rng: np.random.Generator
) -> pd.DataFrame:
    step = np.arange(1, HORIZON + 1)
    off = sold * 0.6 * factor * (0.85 + 0.01 * step) * rng.lognormal(0, 0.03, HORIZON)
    count = 30_490.0
    return pd.DataFrame(
        {
            "model": model,
            "cutoff": cutoff,
            "step": step,
            "steps": count,
            "actual": sold,
            "absolute_actual": sold,
            "error": sold * rng.normal(0.01, 0.05, HORIZON),
            "absolute_error": off,
            "median_error": off * 0.95,
            "squared_error": off**2 / count,
            "quantile_loss": off * 0.8,
            "inside_coverage": count * 0.79,
            "inside_coverage_50": count * 0.5,
            "inside_coverage_95": count * 0.94,
        }
    )


if __name__ == "__main__":
    main()
