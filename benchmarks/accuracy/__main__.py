"""Command line of the accuracy benchmark; see the package's own words for what is compared.

    python -m benchmarks.accuracy [table|speed] [--only NAMES] [--again NAMES] [--smoke] [--report]

Results are kept in --out and found again as long as data, options, versions and the code behind
them are the same, so a run can be stopped and goes on where it was.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: see forecasting/__main__.py

from benchmarks.accuracy.board import Board, board_of
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.datasets import DATASETS, prepared
from benchmarks.accuracy.process import Run, play
from benchmarks.accuracy.report import report, write_section
from benchmarks.accuracy.rivals import RIVALS, SPEED_DATASET, Rival

SPEED_RIVALS = ("NHITS", "LSTM")  # whose accuracy and time ours are held against


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is not stored yet, print the report; 1 where a rival failed."""
    given = _arguments(arguments)
    if not given.data.is_dir():
        print(f"Accuracy: skipped, no data sets at {given.data}. Give --data or ALMANAC_DATA.")
        return 0
    out = given.out / "smoke" if given.smoke else given.out
    _check([*given.only, *given.again])
    datasets, rivals = _chosen(given.what, given.only)
    failures: list[str] = []
    if not given.report:
        pairs = [(rival, name) for rival in rivals for name in datasets if _plays(rival, name)]
        for k, (rival, name) in enumerate(pairs):
            folder = prepared(name, given.data, out, smoke=given.smoke)
            again = rival.name in given.again or name in given.again
            print(f"[{k + 1}/{len(pairs)}] {rival.name} on {name}: ", end="", flush=True)
            told = _bring(folder, rival, smoke=given.smoke, again=again, keep=given.keep)
            print(told, flush=True)
            if told.startswith("exit"):
                failures.append(f"{rival.name} on {name}: {told}")
    boards = _boards(out, smoke=given.smoke)
    text = report(boards, smoke=given.smoke)
    print(f"\n{text}")
    if given.write:
        write_section(given.write, text)
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def _check(names: Sequence[str]) -> None:
    if unknown := sorted(set(names) - set(DATASETS) - set(RIVALS)):
        raise SystemExit(
            f"--only or --again names {', '.join(unknown)}. "
            f"Data sets: {', '.join(DATASETS)}. Rivals: {', '.join(RIVALS)}."
        )


def _chosen(what: str, only: Sequence[str]) -> tuple[list[str], list[Rival]]:
    """Data sets and rivals to run, in their order; `only` may name some of either."""
    if what == "speed":
        datasets = [SPEED_DATASET]
        rivals = [each for each in RIVALS.values() if each.family == "budget"]
        return datasets, [*(RIVALS[name] for name in SPEED_RIVALS), *rivals]
    datasets = [name for name in DATASETS if name in only] or list(DATASETS)
    named = [rival for name, rival in RIVALS.items() if name in only]
    return datasets, named or [each for each in RIVALS.values() if each.family != "budget"]


def _plays(rival: Rival, dataset: str) -> bool:
    return not rival.only or dataset in rival.only


def _bring(folder: Path, rival: Rival, *, smoke: bool, again: bool, keep: bool) -> str:
    """Run the rival unless its result is stored; a word on what happened."""
    run = Run.of(folder, rival.name)
    if run is not None and not again:
        if run.digest == rival.digest(_fingerprint(folder), smoke=smoke):
            return "stored"
        if keep and run.data == _fingerprint(folder):
            return "stored, stale"
    if failure := play(folder, rival, smoke=smoke):
        return failure
    done = Run.of(folder, rival.name)
    assert done is not None, "a run that ended well has written run.json"
    return f"fit {done.fit_seconds:.0f} s, predict {done.predict_seconds:.0f} s"


@cache
def _fingerprint(folder: Path) -> str:
    return Contest.load(folder).fingerprint()


def _boards(out: Path, *, smoke: bool) -> dict[str, Board]:
    """Boards of all data sets that were prepared, by name."""
    folders = {name: out / name for name in DATASETS if (out / name / "contest.json").is_file()}
    return {name: board_of(folder, smoke=smoke) for name, folder in folders.items()}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.accuracy", description=__doc__.splitlines()[0]
    )
    parser.add_argument("what", nargs="?", choices=("table", "speed"), default="table")
    data = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("var/benchmark-accuracy"))
    parser.add_argument("--only", type=_names, default=[], help="data sets and rivals, by comma")
    parser.add_argument("--again", type=_names, default=[], help="run these although stored")
    parser.add_argument("--smoke", action="store_true", help="few series, steps and history")
    parser.add_argument("--keep", action="store_true", help="show stale results, do not run anew")
    parser.add_argument("--report", action="store_true", help="print what is stored, run nothing")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=Path("docs/benchmarks.md"),
        help="put the report into this file (docs/benchmarks.md)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
