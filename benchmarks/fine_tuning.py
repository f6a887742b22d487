"""Fine-tuning of the pretrained model against training from scratch, for the same seconds.

    python -m benchmarks.fine_tuning [--data FOLDER] [--out FOLDER] [--only NAMES] [--ways NAMES]
                                     [--seconds 60] [--processor] [--windows 1] [--keep FILE]

The data sets, windows and scores are those of `benchmarks.accuracy`. The goal: fine-tuned it is at
least 3 % better than trained from scratch, in geometric mean of WQL over the data sets. From
scratch is the same network, from random weights, learning of all of them by the same program for
the same seconds: so what is measured is what pretraining is worth. Beside it stands our LSTM,
trained for the same seconds, which is what a user would train instead.

On a machine that others use too, --processor counts seconds of the processor, so that all ways get
alike. With --keep results are added to a file, and the summary is of all that it holds.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import get_args
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np
import torch
from safetensors.torch import save_file

import forecasting as fc
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.datasets import DATASETS, prepared
from forecasting import metrics
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.sizes import size_of
from forecasting.pretraining.tuning import Unfrozen
from forecasting.pretraining.weights import CARD, SHIPPED, WEIGHTS, read_card

ZERO_SHOT, SCRATCH, LSTM = "zero-shot", "same network from scratch", "our lstm from scratch"
TUNED = get_args(Unfrozen)
WAYS = (ZERO_SHOT, *TUNED, SCRATCH, LSTM)
STEPS = 100_000  # more than any budget allows
GOAL = 0.97  # of the WQL from scratch


@dataclass(frozen=True, kw_only=True)
class Result:
    """One way on one data set; means over its windows, sums of seconds and steps."""

    data: str
    way: str
    wql: float
    seconds: float  # of the processor, to fit
    wall: float  # seconds, to fit
    steps: int
    kept: int  # the step whose weights were kept


def main() -> None:
    """Fit, score and print."""
    given = _arguments()
    if not given.data.is_dir():
        print(f"Fine-tuning: skipped, no data at {given.data}. Give --data or ALMANAC_DATA.")
        return
    clock = "seconds of the processor" if given.processor else "s"
    print(
        f"{date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}, "
        f"{given.seconds:g} {clock} each, one thread, {given.windows} windows"
    )
    print("| data | way | WQL | processor s | wall s | steps | kept |")
    print("|---" * 7 + "|")
    found = kept(given.keep)
    with tempfile.TemporaryDirectory() as folder:
        weights = untrained(Path(folder))
        for way in given.ways or WAYS:
            for name in given.only or DATASETS:
                contest = Contest.load(prepared(name, given.data, given.out, smoke=False))
                with _clock(processor=given.processor):
                    result = measured(contest, way, given.seconds, given.windows, weights)
                found.append(result)
                print(line(result), flush=True)
                if given.keep:
                    with given.keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(result)) + "\n")
    print(summary(found))


def measured(contest: Contest, way: str, seconds: float, windows: int, weights: Path) -> Result:
    """One way on the first windows of a contest; from scratch it begins with these weights."""
    scores, spent, wall, steps, best = [], 0.0, 0.0, 0, 0
    for cutoff in contest.cutoffs[:windows]:
        past = contest.past(cutoff)
        model = _model(way, contest.horizon, weights)
        began, clock = time.process_time(), time.perf_counter()
        model.fit(past, budget_seconds=seconds)
        spent += time.process_time() - began
        wall += time.perf_counter() - clock
        made = model.predict(past, known_future=contest.ahead(cutoff))
        actual = contest.panel.target[:, cutoff + 1 : cutoff + 1 + contest.horizon]
        scores.append(float(metrics.wql(actual, made.quantiles, made.quantile_levels)))
        report = getattr(model, "training", None)
        if report:
            steps, best = steps + report.steps, best + report.best_step
    return Result(
        data=contest.name,
        way=way,
        wql=float(np.mean(scores)),
        seconds=spent,
        wall=wall,
        steps=steps,
        kept=best,
    )


@contextmanager
def _clock(*, processor: bool) -> Iterator[None]:
    """Within, budgets are counted by the wall or by the processor."""
    if not processor:
        yield
        return
    with patch("time.monotonic", time.process_time):
        yield


def untrained(folder: Path) -> Path:
    """A folder of weights as the shipped ones are, but random."""
    card = read_card(SHIPPED)
    torch.manual_seed(0)
    network = PretrainedNetwork(size_of(card.size))
    save_file({key: each.contiguous() for key, each in network.state_dict().items()},
              folder / WEIGHTS)  # fmt: skip
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    card = dataclasses.replace(card, sha256=digest, steps=0, series=0, hours=0.0)
    (folder / CARD).write_text(json.dumps(asdict(card)), encoding="utf-8")
    return folder


def line(result: Result) -> str:
    """A row of the table."""
    return (
        f"| {result.data} | {result.way} | {result.wql:.4f} | {result.seconds:.0f} | "
        f"{result.wall:.0f} | {result.steps} | {result.kept} |"
    )


def summary(found: Iterable[Result]) -> str:
    """Each way over the same network and over our LSTM from scratch; the first is the goal's."""
    wql = {(each.data, each.way): each.wql for each in found}
    lines = []
    for way in (ZERO_SHOT, *TUNED):
        against = _over(wql, way, SCRATCH)
        if against:
            mean = _geometric(against)
            verdict = "reached" if mean <= GOAL else "missed"
            told = "" if way == ZERO_SHOT else f" (goal {GOAL}: {verdict})"
            begun = f"{way}: {mean:.3f} x the same network from scratch{told}"
            lines.append(f"{begun}; {_told(against)}")
        beside = _over(wql, way, LSTM)
        if beside:
            mean = _geometric(beside)
            lines.append(f"{way}: {mean:.3f} x beside our lstm; {_told(beside)}")
    return "\n".join(lines)


def kept(file: Path | None) -> list[Result]:
    """Results of earlier runs."""
    if file is None or not file.is_file():
        return []
    rows = file.read_text(encoding="utf-8").splitlines()
    return [Result(**json.loads(row)) for row in rows]


def _over(wql: dict[tuple[str, str], float], way: str, other: str) -> dict[str, float]:
    """Ratios of WQL by data set, where both were measured."""
    return {
        data: value / wql[data, other]
        for (data, name), value in wql.items()
        if name == way and (data, other) in wql
    }


def _geometric(ratios: dict[str, float]) -> float:
    return float(np.exp(np.mean(np.log(list(ratios.values())))))


def _told(ratios: dict[str, float]) -> str:
    return ", ".join(f"{data} {ratio:.3f}" for data, ratio in ratios.items())


def _model(way: str, horizon: int, weights: Path) -> fc.Forecaster:
    if way == LSTM:
        return fc.create("lstm", horizon=horizon)
    if way == ZERO_SHOT:
        return fc.create("pretrained", horizon=horizon)
    if way == SCRATCH:
        rate = size_of(read_card(SHIPPED).size).learning_rate  # by which it was pretrained
        return fc.create(
            "pretrained",
            horizon=horizon,
            tune="all",
            tune_steps=STEPS,
            learning_rate=rate,
            weights=str(weights),
        )
    return fc.create("pretrained", horizon=horizon, tune=way, tune_steps=STEPS)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("var/benchmark-accuracy"))
    parser.add_argument("--only", type=_names, default=[], help="data sets, by comma")
    parser.add_argument("--ways", type=_names, default=[], help=f"of {', '.join(WAYS)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each way")
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    parser.add_argument("--windows", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--keep", type=Path, help="file of results, one a line")
    given = parser.parse_args()
    if unknown := [name for name in given.ways if name not in WAYS]:
        parser.error(f"--ways {unknown} is unknown. Use some of {', '.join(WAYS)}.")
    return given


if __name__ == "__main__":
    main()
