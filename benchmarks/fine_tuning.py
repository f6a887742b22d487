"""Fine-tuning of the pretrained model against a network from scratch, for the same seconds.

    python -m benchmarks.fine_tuning [--data FOLDER] [--out FOLDER] [--only NAMES] [--seconds 60]
                                     [--windows 1]

The data sets, windows and scores are those of `benchmarks.accuracy`. Zero-shot, fine-tuned in each
of the four ways, and a transformer from scratch; all with the covariates, by WQL, the seconds of
the processor, the steps made and those whose weights were kept. The goal: the best way is at least
3 % better than from scratch, in geometric mean over the data sets.
"""

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np

import forecasting as fc
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.datasets import DATASETS, prepared
from forecasting import metrics
from forecasting.pretraining.tuning import Unfrozen

ZERO_SHOT, SCRATCH = "zero-shot", "from scratch"
STEPS = 100_000  # more than any budget allows
GOAL = 0.97  # of the WQL from scratch


@dataclass(frozen=True, kw_only=True)
class Result:
    """One way on one data set; means over its windows, sums of seconds."""

    data: str
    way: str
    wql: float
    seconds: float  # of the processor, to fit
    steps: int
    kept: int  # the step whose weights were kept


def main() -> None:
    given = _arguments()
    if not given.data.is_dir():
        print(f"Fine-tuning: skipped, no data at {given.data}. Give --data or ALMANAC_DATA.")
        return
    print(
        f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, "
        f"{given.seconds:g} s each, one thread, {given.windows} windows"
    )
    print("| data | way | WQL | over from scratch | processor s | steps | kept |")
    print("|---" * 7 + "|")
    found: list[Result] = []
    for name in given.only or DATASETS:
        contest = Contest.load(prepared(name, given.data, given.out, smoke=False))
        results = list(compared(contest, given.seconds, given.windows))
        found += results
        for each in results:
            over = each.wql / _of(results, SCRATCH)
            print(
                f"| {each.data} | {each.way} | {each.wql:.4f} | {over:.3f} | {each.seconds:.0f} | "
                f"{each.steps} | {each.kept} |",
                flush=True,
            )
    print(summary(found))


def compared(contest: Contest, seconds: float, windows: int) -> Iterator[Result]:
    """Each way on the first windows of a contest."""
    ways = (ZERO_SHOT, *get_args(Unfrozen), SCRATCH)
    for way in ways:
        scores, spent, steps, kept = [], 0.0, 0, 0
        for cutoff in contest.cutoffs[:windows]:
            past = contest.past(cutoff)
            model = _model(way, contest.horizon)
            began = time.process_time()
            model.fit(past, budget_seconds=seconds)
            spent += time.process_time() - began
            made = model.predict(past, known_future=contest.ahead(cutoff))
            actual = contest.panel.target[:, cutoff + 1 : cutoff + 1 + contest.horizon]
            scores.append(float(metrics.wql(actual, made.quantiles, made.quantile_levels)))
            report = getattr(model, "training", None)
            steps, kept = (report.steps, report.best_step) if report else (0, 0)
        yield Result(
            data=contest.name,
            way=way,
            wql=float(np.mean(scores)),
            seconds=spent,
            steps=steps,
            kept=kept,
        )


def summary(found: list[Result]) -> str:
    """The geometric mean of each way over from scratch, and whether the goal is reached."""
    by_data = {each.data: [one for one in found if one.data == each.data] for each in found}
    lines = []
    for way in (ZERO_SHOT, *get_args(Unfrozen)):
        logs = [np.log(_of(each, way) / _of(each, SCRATCH)) for each in by_data.values()]
        mean = float(np.exp(np.mean(logs)))
        said = "reached" if mean <= GOAL else "missed"
        lines.append(f"{way}: {mean:.3f} x from scratch over {len(logs)} data sets (goal {GOAL}: "
                     f"{said})")  # fmt: skip
    return "\n".join(lines)


def _model(way: str, horizon: int) -> fc.Forecaster:
    if way == SCRATCH:
        return fc.create("transformer", horizon=horizon)
    if way == ZERO_SHOT:
        return fc.create("pretrained", horizon=horizon)
    return fc.create("pretrained", horizon=horizon, tune=way, tune_steps=STEPS)


def _of(results: list[Result], way: str) -> float:
    return next(each.wql for each in results if each.way == way)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("var/benchmark-accuracy"))
    parser.add_argument("--only", type=_names, default=[], help="data sets, by comma")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each way")
    parser.add_argument("--windows", type=int, default=1, choices=(1, 2, 3))
    return parser.parse_args()


if __name__ == "__main__":
    main()
