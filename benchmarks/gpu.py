"""Training on a GPU: windows a second, the share of its bf16 rate, seconds to the CPU's accuracy.

    python -m benchmarks.gpu [--data FOLDER] [--models lstm,transformer] [--series 30490]
                             [--preset balanced] [--device cuda] [--target-wql 0.52]

The panel is all of M5 in FOLDER/m5, or, without it, one of the same shape that is drawn: for rates
that is as good, for accuracy it is not. "To the CPU's WQL" is the time until the validation WQL is
at most `--target-wql`, or, where none is given, the one that the same preset reaches on this
machine's CPU, which is trained first. The rate of the card is that of a large bf16 product measured
in the same run; the work of a window is counted by torch over a forward pass, three times.
"""

import argparse
import itertools
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch, see benchmarks/m5.py
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

import forecasting as fc
from benchmarks.m5_data import read_m5

HORIZON, DAYS = 28, 1_885
COUNTED = 256  # series of the pass whose work is counted
SIDE, TURNS = 8192, 20  # of the product that measures the card
BACKWARD = 3  # forward and backward together, in forward passes


@dataclass(frozen=True, kw_only=True)
class Training:
    """What one training did."""

    seconds: float
    windows_per_second: float
    wql: float | None  # best validation
    course: tuple[tuple[float, float], ...]  # seconds, validation WQL


def main() -> None:
    """Print one table."""
    given = _arguments()
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("GPU: skipped, torch sees none here. Give --device cpu to try the benchmark itself.")
        return
    panel = panel_of(given.data, given.series)
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(
        f"{date.today()}, {named}, torch {torch.__version__}; "
        f"{panel.num_series:,} series x {panel.length:,} days"
    )
    peak = rate_of(device)
    print(f"bf16 product of {SIDE if device.type == 'cuda' else 1024}: {peak / 1e12:.1f} TFLOP/s\n")
    print(f"{'model':12}{'windows/s':>12}{'of bf16':>9}{'fit s':>8}{'WQL':>8}  to the CPU's WQL")
    for name in given.models.split(","):
        target = given.target_wql
        if target is None and device.type == "cuda":
            target = trained(name, panel, given.preset, "cpu")[1].wql
        model, made = trained(name, panel, given.preset, given.device)
        work = work_of_window(model, panel)
        reached = reaches(made.course, target)
        print(
            f"{name:12}{made.windows_per_second:12,.0f}"
            f"{made.windows_per_second * work / peak:9.1%}{made.seconds:8.1f}"
            f"{np.nan if made.wql is None else made.wql:8.4f}  "
            + ("no target" if target is None else f"{target:.4f} in {reached}"),
            flush=True,
        )


def rate_of(device: torch.device) -> float:
    """Floating-point operations a second of a large product in bf16."""
    side = SIDE if device.type == "cuda" else 1024
    left = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    right = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    for _ in range(3):
        left @ right
    _wait(device)
    began = time.perf_counter()
    for _ in range(TURNS):
        left @ right
    _wait(device)
    return 2 * side**3 * TURNS / (time.perf_counter() - began)


def work_of_window(model: fc.Forecaster, panel: fc.Panel) -> float:
    """Floating-point operations of one window in training, as torch counts them."""
    few = panel.subset(panel.series_ids[:COUNTED])
    ahead = fc.fill_future(few, HORIZON) if few.known_names else None
    with FlopCounterMode(display=False) as counter:
        model.predict(few, known_future=ahead)
    return BACKWARD * counter.get_total_flops() / len(few.series_ids)


def reaches(course: tuple[tuple[float, float], ...], target: float | None) -> str:
    """When the validation WQL was at most the target.

    >>> reaches(((10.0, 0.6), (20.0, 0.5)), 0.55), reaches(((10.0, 0.6),), 0.55)
    ('20 s', 'not reached')
    """
    found = [seconds for seconds, wql in course if target is not None and wql <= target]
    return f"{found[0]:.0f} s" if found else "not reached"


def trained(
    name: str, panel: fc.Panel, preset: str, device: str, *, steps: int | None = None
) -> tuple[fc.Forecaster, Training]:
    """Train; the rate is the median between reports in which nothing was validated."""
    model = fc.create(name, horizon=HORIZON, seed=0, preset=preset, device=device, max_steps=steps)
    reports: list[fc.Progress] = []
    began = time.perf_counter()
    model.fit(panel, on_progress=reports.append)
    seconds = time.perf_counter() - began
    assert isinstance(model, fc.Trainable)
    batch = model.training.batch_size
    told = [each for each in reports if each.loss is not None]
    rates = [
        (later.done - earlier.done) * batch / (later.elapsed_seconds - earlier.elapsed_seconds)
        for earlier, later in itertools.pairwise(told)
        if later.metric is None and later.elapsed_seconds > earlier.elapsed_seconds
    ]
    course = tuple((e.elapsed_seconds, e.metric) for e in reports if e.metric is not None)
    return model, Training(
        seconds=seconds,
        windows_per_second=float(np.median(rates)) if rates else float("nan"),
        wql=model.training.validation_wql,
        course=course,
    )


def panel_of(folder: Path | None, series: int) -> fc.Panel:
    """All of M5 less the last horizon, or a drawn panel of its shape."""
    if folder is not None and (folder / "m5" / "sales_daily").is_dir():
        whole = read_m5(folder, series=series)
        return whole.until(whole.timestamps[-1 - HORIZON])
    rng = np.random.default_rng(0)
    week = 1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    rate = rng.lognormal(-0.3, 1.2, series)[:, None]
    print("No M5 at hand: the panel is drawn. Its accuracy means nothing.")
    return fc.Panel(
        target=rng.poisson(rate * week * rng.gamma(0.8, 1 / 0.8, (series, DAYS))).astype(float),
        timestamps=pd.date_range("2011-01-29", periods=DAYS, unit="ns"),
        freq="D",
        series_ids=pd.Index([f"s{k:05d}" for k in range(series)]),
        known_covariates=np.zeros((series, DAYS, 0), dtype=np.float32),
        known_names=(),
        past_covariates=np.zeros((series, DAYS, 0), dtype=np.float32),
        past_names=(),
        static_features=pd.DataFrame(index=[f"s{k:05d}" for k in range(series)]),
    )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = os.environ.get("ALMANAC_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None)
    parser.add_argument("--models", default="lstm,transformer")
    parser.add_argument("--series", type=int, default=30_490)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--target-wql", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
