"""The pretrained model zero-shot: nothing of these data trained it, and nothing is fitted to them.

    python -m benchmarks.zeroshot [--data FOLDER] [--out FOLDER] [--only NAMES] [--weights FOLDER]
                                  [--whole-m5] [--speed] [--run-peers] [--public] [--variants]

The data sets, windows and scores are those of `benchmarks.accuracy`, and so is the store: results
of seasonal naive, AutoETS and DynamicOptimizedTheta that are there are read, and with --run-peers
made where they are missing. Those three know no covariates; the pretrained model is shown with and
without them.

With --public the public models in ALMANAC_PUBLIC_MODELS take part (docs/pretrained.md); one that
saw a data set in training is marked there. With --variants the network's smaller variants are
measured instead: bytes, seconds, and WQL on the last horizon of each data set.
"""

import argparse
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.datasets import DATASETS, prepared
from benchmarks.accuracy.outcome import COLUMNS
from benchmarks.accuracy.process import Run, play, slug
from benchmarks.accuracy.rivals import RIVALS
from benchmarks.accuracy.scores import Scores, score
from benchmarks.m5_data import read_m5
from forecasting import metrics
from forecasting.compression import compared
from forecasting.public.checkpoints import Checkpoint, configured
from forecasting.public.families import is_installed
from forecasting.public.licences import forbids_commercial_use
from forecasting.public.seen import MARK, seen_in_training

PEERS = ("SeasonalNaive", "AutoETS", "DynamicOptimizedTheta")
OURS, WITH = "pretrained", "pretrained, covariates"
HORIZON = 28  # of M5
VARIANTS_ON = ("pharma", "stallion", "m5")
GOAL_RATIO, GOAL_WORST = 0.92, 1.05  # of the best statistical WQL: in geometric mean, and on each
DECILES = tuple(round(0.1 * k, 1) for k in range(1, 10))  # by which published WQL of M5 is meant
GOAL_M5 = {"MASE": 0.91, "WQL": 0.56}
GOAL_COVARIATES = 0.92  # of the WQL without


@dataclass(frozen=True, kw_only=True)
class Row:
    """A data set's scores by forecaster."""

    name: str
    scores: dict[str, Scores]
    seconds: float  # of the pretrained model, fit and predict, all windows

    @property
    def best_peer(self) -> str | None:
        """The statistical method of least WQL."""
        peers = [name for name in PEERS if name in self.scores]
        return min(peers, key=lambda name: self.scores[name].wql) if peers else None

    def ratio(self, ours: str) -> float:
        """WQL over the best statistical one, NaN without either."""
        if self.best_peer is None or ours not in self.scores:
            return float("nan")
        return self.scores[ours].wql / self.scores[self.best_peer].wql


def main() -> None:
    """Forecast, score and print."""
    given = _arguments()
    if not given.data.is_dir():
        print(f"Zero-shot: skipped, no data sets at {given.data}. Give --data or ALMANAC_DATA.")
        return
    options = {"weights": str(given.weights)} if given.weights else {}
    print(f"{date.today()}, {os.cpu_count()} cores, {given.threads} threads", flush=True)
    if given.variants:
        _variants(given, options)
    elif not given.speed and not given.whole_m5:
        rows = [
            _row(prepared(name, given.data, given.out, smoke=False), options, given)
            for name in DATASETS
            if not given.only or name in given.only
        ]
        print(table(rows))
    if given.speed:
        _speed(given, options)
    if given.whole_m5:
        _whole_m5(given, options)


def forecast(
    contest: Contest, options: dict[str, Any], threads: int, name: str = OURS
) -> tuple[pd.DataFrame, float]:
    """Forecasts of all windows, and the seconds of fit and predict."""
    frames, began = [], time.perf_counter()
    for cutoff in contest.cutoffs:
        past = contest.past(cutoff)
        model = fc.create(name, horizon=contest.horizon, num_threads=threads, **options)
        found = model.fit(past).predict(past, known_future=contest.ahead(cutoff)).to_frame()
        found.insert(0, "cutoff", past.cutoff)
        frames.append(found[COLUMNS])
    return pd.concat(frames, ignore_index=True), time.perf_counter() - began


def table(rows: list[Row]) -> str:
    """The table and the goals, for people."""
    lines = [
        "| data | forecaster | WQL | over the best | MASE | bias | 80 % band |",
        "|---" * 7 + "|",
    ]
    for row in rows:
        for name, scores in row.scores.items():
            lines.append(
                f"| {row.name} | {name} | {scores.wql:.4f} | {row.ratio(name):.3f} | "
                f"{scores.mase:.3f} | {scores.bias:+.1%} | {scores.coverage:.0%} |"
            )
    for name in (OURS, WITH):
        ratios = [row.ratio(name if name in row.scores else OURS) for row in rows]
        known = [each for each in ratios if not np.isnan(each)]
        if known:
            mean = float(np.exp(np.mean(np.log(known))))
            lines.append(
                f"{name}: geometric mean {mean:.3f} (goal {GOAL_RATIO}), worst {max(known):.3f} "
                f"(goal {GOAL_WORST}) over {len(known)} data sets"
            )
    for row in rows:
        if WITH in row.scores:
            gain = row.scores[WITH].wql / row.scores[OURS].wql
            goal = f" (goal {GOAL_COVARIATES})" if row.name == "dominicks" else ""
            lines.append(f"{row.name}: {gain:.3f} of the WQL with covariates{goal}")
    return "\n".join(lines)


def _row(folder: Path, options: dict[str, Any], given: argparse.Namespace) -> Row:
    contest, truth = Contest.load(folder), pd.read_parquet(folder / "truth.parquet")
    scores = {}
    for name in PEERS:
        missing = given.run_peers and not _is_stored(folder, name, contest)
        if missing and (failure := play(folder, RIVALS[name], smoke=False)):
            print(f"{name} on {contest.name}: {failure}", flush=True)
        if _is_stored(folder, name, contest):
            stored = pd.read_parquet(folder / slug(name) / "forecasts.parquet")
            scores[name] = score(truth, stored, rival=name)
    plain, seconds = forecast(contest.without_covariates(), options, given.threads)
    scores[OURS] = score(truth, plain, rival=OURS)
    if contest.panel.known_names:
        told, more = forecast(contest, options, given.threads)
        scores[WITH] = score(truth, told, rival=WITH)
        seconds += more
    for checkpoint in _public(given):
        theirs, _ = forecast(
            contest, _public_options(checkpoint, given), given.threads, checkpoint.family.model
        )
        name = marked(checkpoint, contest.name)
        scores[name] = score(truth, theirs, rival=name)
    row = Row(name=contest.name, scores=scores, seconds=seconds)
    print(
        f"{row.name}: {seconds:.1f} s, WQL {scores[OURS].wql:.4f}, "
        f"{row.ratio(OURS):.3f} of {row.best_peer}'s",
        flush=True,
    )
    return row


def marked(checkpoint: Checkpoint, dataset: str) -> str:
    """What the table calls a public model, with a mark where it saw the data set in training."""
    saw = seen_in_training(checkpoint.family.model, dataset)
    return f"{checkpoint.name}, {MARK}" if saw else checkpoint.name


def _public(given: argparse.Namespace) -> list[Checkpoint]:
    """The public models that are brought and can run."""
    if not given.public:
        return []
    return [
        each
        for each in configured()
        if is_installed(each.family)
        and (given.non_commercial or not forbids_commercial_use(each.licence))
    ]


def _public_options(checkpoint: Checkpoint, given: argparse.Namespace) -> dict[str, Any]:
    return {"weights": str(checkpoint.folder), "non_commercial": given.non_commercial}


def _variants(given: argparse.Namespace, options: dict[str, Any]) -> None:
    """Bytes, seconds and WQL of the network stored in other ways, by data set."""
    print("| data | variant | bytes | seconds | WQL | difference |\n" + "|---" * 6 + "|")
    for name in given.only or VARIANTS_ON:
        contest = Contest.load(prepared(name, given.data, given.out, smoke=False))
        past = contest.past(contest.cutoffs[-1])
        model = fc.create(OURS, horizon=contest.horizon, num_threads=given.threads, **options)
        for row in compared(model.fit(past), contest.panel).to_dict("records"):
            print(
                f"| {name} | {row['variant']} | {row['bytes']:,} | {row['seconds']:.2f} | "
                f"{row['WQL']:.4f} | {row['difference']:+.2%} |",
                flush=True,
            )


def _is_stored(folder: Path, name: str, contest: Contest) -> bool:
    run = Run.of(folder, name)
    return run is not None and run.data == contest.fingerprint()


def _speed(given: argparse.Namespace, options: dict[str, Any]) -> None:
    """Seconds for 1,000 series, context 512, horizon 28."""
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2022-01-01", periods=512)
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(np.arange(1000), 512),
            "timestamp": np.tile(stamps, 1000),
            "target": rng.poisson(5, 512_000).astype(float),
        }
    )
    panel = fc.Panel.from_frame(frame, "D")
    model = fc.create(
        OURS, horizon=HORIZON, context_length=512, num_threads=given.threads, **options
    )
    began, cpu = time.perf_counter(), time.process_time()
    model.fit(panel)
    fitted = time.perf_counter()
    model.predict(panel)
    ended, spent = time.perf_counter(), time.process_time() - cpu
    print(
        f"1,000 series, context 512, horizon {HORIZON}: fit {fitted - began:.1f} s, "
        f"predict {ended - fitted:.1f} s (goal 4 s on two cores), {spent:.1f} s of the processor, "
        f"load {os.getloadavg()[0]:.0f}",
        flush=True,
    )


def _whole_m5(given: argparse.Namespace, options: dict[str, Any]) -> None:
    """MASE, WQL and seconds on the last 28 days of all of M5, nothing known ahead."""
    whole = read_m5(given.data, series=None)
    nothing = np.empty((whole.num_series, whole.length, 0), dtype=np.float32)
    whole = fc.Panel(
        target=whole.target,
        timestamps=whole.timestamps,
        freq=whole.freq,
        series_ids=whole.series_ids,
        known_covariates=nothing,
        known_names=(),
        past_covariates=nothing,
        past_names=(),
        static_features=whole.static_features,
    )
    past = whole.until(whole.timestamps[-1 - HORIZON])
    model = fc.create(
        OURS,
        horizon=HORIZON,
        quantile_levels=DECILES,
        num_threads=given.threads,
        **options,
    )
    began, cpu = time.perf_counter(), time.process_time()
    found = model.fit(past).predict(past)
    seconds, spent = time.perf_counter() - began, time.process_time() - cpu
    actual = whole.target[:, -HORIZON:]
    scale, _ = metrics.seasonal_errors(past.target, 7)
    wql = float(metrics.wql(actual, found.quantiles, found.quantile_levels))
    mase = float(np.nanmean(metrics.mase(actual, found.quantile(0.5), scale)))
    print(
        f"all of M5, {past.num_series:,} series: MASE {mase:.3f} (goal {GOAL_M5['MASE']}), WQL "
        f"{wql:.3f} (goal {GOAL_M5['WQL']}), {seconds:.0f} s (goal 90 s on two cores), "
        f"{spent:.0f} s of the processor, load {os.getloadavg()[0]:.0f}",
        flush=True,
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("var/benchmark-accuracy"))
    parser.add_argument("--only", type=_names, default=[], help="data sets, by comma")
    parser.add_argument("--weights", type=Path, help="of `pretrain --ship`; default the shipped")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--run-peers", action="store_true", help="run missing statistical peers")
    parser.add_argument("--whole-m5", action="store_true", help="all of M5 alone")
    parser.add_argument("--speed", action="store_true", help="seconds of 1,000 series alone")
    parser.add_argument("--public", action="store_true", help="public models that are brought")
    parser.add_argument("--non-commercial", action="store_true", help="the use is not commercial")
    parser.add_argument("--variants", action="store_true", help="smaller variants alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
