"""One rival on one data set in a process of its own, and the store of what came out.

    python -m benchmarks.accuracy.process FOLDER RIVAL [--smoke]

FOLDER/<rival>/ holds forecasts.parquet, run.json and log.txt. Parents start it through `play`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py

from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.rivals import RIVALS, Rival

RUNNERS = {
    "almanac": "benchmarks.accuracy.ours",
    "statsforecast": "benchmarks.accuracy.statistical_peers",
    "neuralforecast": "benchmarks.accuracy.neural_peers",
}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait by spinning slow everything else
    "GOMP_SPINCOUNT": "0",
    "CUDA_VISIBLE_DEVICES": "",  # the same processor for all
}
LOG_TAIL = 3  # lines shown of a run that failed


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a rival's run cost, as stored beside its forecasts."""

    rival: str
    data: str  # the contest's fingerprint
    digest: str
    fit_seconds: float
    fit_cpu_seconds: float
    predict_seconds: float
    predict_cpu_seconds: float
    peak_gb: float  # of the whole process, libraries and data included
    fallbacks: int
    note: str
    load: float  # processes that waited for the machine's cores in the last minute, at the end
    finished: str  # local time

    @classmethod
    def of(cls, folder: Path, rival: str) -> "Run | None":
        """The stored run, or None where there is none."""
        file = folder / slug(rival) / "run.json"
        return cls(**json.loads(file.read_text())) if file.is_file() else None


def slug(rival: str) -> str:
    """The rival's folder."""
    return rival.replace(" ", "_")


def play(folder: Path, rival: Rival, *, smoke: bool) -> str:
    """Run the rival on the contest in the folder; what went wrong, or nothing."""
    own = folder / slug(rival.name)
    own.mkdir(parents=True, exist_ok=True)
    (own / "run.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.accuracy.process", str(folder), rival.name]
    environment = os.environ | ONE_THREAD
    with (own / "log.txt").open("w") as log:
        done = subprocess.run(
            [*command, *(["--smoke"] if smoke else [])],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
    if done.returncode == 0:
        return ""
    tail = (own / "log.txt").read_text(errors="replace").strip().splitlines()[-LOG_TAIL:]
    return f"exit {done.returncode}: {' | '.join(tail)} (see {own / 'log.txt'})"


def contest_for(rival: Rival, contest: Contest) -> Contest:
    """The part of the contest that a rival takes part in."""
    if not rival.covariates:
        contest = contest.without_covariates()
    return contest.sampled(rival.sample) if rival.sample else contest


def main() -> None:
    """Run one rival; forecasts first, so that run.json only ever stands beside whole forecasts."""
    given = _arguments()
    rival = RIVALS[given.rival]
    contest = Contest.load(given.folder)
    fingerprint = contest.fingerprint()
    digest = rival.digest(fingerprint, smoke=given.smoke)  # of the code as it is read now
    runner: Any = import_module(RUNNERS[rival.library])
    outcome = runner.run(rival, contest_for(rival, contest), smoke=given.smoke)
    own = given.folder / slug(rival.name)
    outcome.forecasts.to_parquet(own / "forecasts.parquet", index=False)
    run = Run(
        rival=rival.name,
        data=fingerprint,
        digest=digest,
        fit_seconds=outcome.fit.seconds,
        fit_cpu_seconds=outcome.fit.cpu_seconds,
        predict_seconds=outcome.predict.seconds,
        predict_cpu_seconds=outcome.predict.cpu_seconds,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        fallbacks=outcome.fallbacks,
        note=outcome.note,
        load=os.getloadavg()[0],
        finished=datetime.now().isoformat(timespec="seconds"),
    )
    (own / "run.json").write_text(json.dumps(asdict(run), indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("--smoke", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
