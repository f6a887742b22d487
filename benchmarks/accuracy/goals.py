"""The goals: what must be reached, and whether it was. A goal without results is open."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.board import Board, Entry
from benchmarks.accuracy.contest import THIRDS
from benchmarks.accuracy.datasets import LARGE, WITH_COVARIATES
from benchmarks.accuracy.rivals import SPEED_DATASET, Family

STATISTICAL_LARGE, STATISTICAL_SMALL = 0.95, 1.00
NEURAL_EACH, NEURAL_MEAN = 1.00, 0.97
ENSEMBLE_GOAL = 1.01
COVARIATES_GOAL = 0.85
BAND = (0.78, 0.82)
BAND_DATASETS = ("m5", "dominicks")
SPEED_NHITS, SPEED_LSTM = 0.6, 0.15
SINGLES: tuple[Family, ...] = ("statistical", "network", "boosting")

Boards = Mapping[str, Board]


@dataclass(frozen=True)
class Line:
    """One claim."""

    claim: str
    value: str
    goal: str
    reached: bool | None  # None where results are missing, or nothing is asked of this line

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "**missed**", None: "-"}[self.reached]


def all_lines(boards: Boards) -> list[Line]:
    """Every goal of the benchmark, in the order of the claims."""
    return [
        *against_statistical(boards),
        *against_neural(boards),
        *ensemble_lines(boards),
        *covariate_lines(boards),
        *band_lines(boards),
        *speed_lines(boards),
    ]


def against_statistical(boards: Boards) -> list[Line]:
    """The better of our networks to the best statistical method of either library."""
    lines = []
    for name, board in boards.items():
        goal = STATISTICAL_LARGE if name in LARGE else STATISTICAL_SMALL
        rival = board.best(["statistical"])
        lines.append(_ratio_line(board, board.best(["network"]), rival, goal, "best statistical"))
    return lines


def against_neural(boards: Boards) -> list[Line]:
    """The better of our networks to the best of neuralforecast's, and the geometric mean."""
    lines, ratios = [], []
    for name, board in boards.items():
        own, peer = board.best(["network"]), board.best(["neural peer"])
        ratios.append(_ratio(board, own, peer))
        goal = NEURAL_EACH if name in LARGE else None
        lines.append(_ratio_line(board, own, peer, goal, "best neural peer"))
    mean = float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")
    claim = f"geometric mean of these {len(ratios)} ratios"
    return [*lines, _at_most(claim, mean, NEURAL_MEAN)]


def ensemble_lines(boards: Boards) -> list[Line]:
    """The ensemble to the best single model of ours."""
    return [
        _ratio_line(
            board,
            "ensemble" if "ensemble" in board.entries else None,
            board.best(SINGLES, library="almanac"),
            ENSEMBLE_GOAL,
            "our best single model",
        )
        for board in boards.values()
    ]


def covariate_lines(boards: Boards) -> list[Line]:
    """The same network with what is known ahead and without."""
    return [
        _ratio_line(
            board,
            "lstm" if "lstm" in board.entries else None,
            "lstm without covariates" if "lstm without covariates" in board.entries else None,
            COVARIATES_GOAL,
            "its rival without what is known ahead",
        )
        for name, board in boards.items()
        if name in WITH_COVARIATES
    ]


def band_lines(boards: Boards) -> list[Line]:
    """The 80 % band of the better network, boosting and the ensemble, overall and by thirds.

    Twice: with both ends counted, which no whole band of a product that sells nothing on most days
    can meet, and with actuals that tie with an end counted by their share.
    """
    lines = []
    for name in BAND_DATASETS:
        if name not in boards:
            continue
        board = boards[name]
        for rival in (board.best(["network"]), "gbm", "ensemble"):
            if rival is not None and rival in board.entries:
                lines += _band_lines(name, board.entries[rival])
    return lines


def speed_lines(boards: Boards) -> list[Line]:
    """Least fit time of ours whose WQL is at most NHITS's, to that of NHITS and of the peers' LSTM.

    In processor seconds, which do not depend on what else the machine did; all use one thread.
    """
    board = boards.get(SPEED_DATASET)
    if board is None or "NHITS" not in board.entries:
        return []
    target = board.wql("NHITS")
    reached = [
        entry
        for entry in board.entries.values()
        if entry.rival.family == "budget" and entry.scores.wql <= target
    ]
    tried = any(entry.rival.family == "budget" for entry in board.entries.values())
    lines = []
    for peer, goal in (("NHITS", SPEED_NHITS), ("LSTM", SPEED_LSTM)):
        claim = f"{board.name}: fit time to NHITS's WQL of {target:.4f}, to {peer}'s fit time"
        if not tried or peer not in board.entries:
            lines.append(Line(claim, "not run", f"<= {goal}", None))
        elif not reached:
            lines.append(Line(claim, "WQL not reached", f"<= {goal}", False))
        else:
            first = min(reached, key=lambda entry: entry.run.fit_cpu_seconds)
            value = first.run.fit_cpu_seconds / board.entries[peer].run.fit_cpu_seconds
            lines.append(_at_most(f"{claim} ({first.rival.name})", value, goal))
    return lines


def _band_lines(name: str, entry: Entry) -> list[Line]:
    low, high = BAND
    scores, lines = entry.scores, []
    for counted, total, thirds in (
        ("both ends counted", scores.coverage, scores.coverage_by_third),
        ("ties by share", scores.share_within, scores.share_within_by_third),
    ):
        shares = {"all": total} | {third: thirds[third] for third in THIRDS}
        told = ", ".join(f"{what} {share:.1%}" for what, share in shares.items())
        reached = all(low <= share <= high for share in shares.values())
        claim = f"{name}: actuals in the 80 % band of {entry.rival.name}, by volume, {counted}"
        lines.append(Line(claim, told, f"{low:.0%} to {high:.0%}", reached))
    return lines


def _ratio(board: Board, own: str | None, rival: str | None) -> float:
    if own is None or rival is None:
        return float("nan")
    return board.wql(own) / board.wql(rival)


def _ratio_line(
    board: Board, own: str | None, rival: str | None, goal: float | None, rank: str
) -> Line:
    """WQL of ours to that of the rival; without a goal it is told and not judged."""
    claim = f"{board.name}: {own or 'ours'} to {rank}"
    if rival is not None:
        claim += f" ({rival})"
    return _at_most(claim, _ratio(board, own, rival), goal)


def _at_most(claim: str, value: float, goal: float | None) -> Line:
    told = "not run" if np.isnan(value) else f"{value:.3f}"
    if goal is None:
        return Line(claim, told, "counts in the mean", None)
    return Line(claim, told, f"<= {goal}", None if np.isnan(value) else value <= goal)
