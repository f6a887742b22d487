"""Board: all stored results of one data set, scored."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.process import Run, slug
from benchmarks.accuracy.rivals import RIVALS, Family, Rival
from benchmarks.accuracy.scores import Scores, restricted, score


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One rival's row."""

    rival: Rival
    run: Run
    scores: Scores
    whole: bool  # whether it forecast all series, not a sample
    on_sample: Scores | None  # on the series of those that ran on a sample, where there is one
    stale: bool  # made by other code, options or versions than today's


@dataclass(frozen=True, kw_only=True)
class Board:
    """The rivals of a data set that have stored results, by name."""

    name: str
    title: str
    series: int
    entries: dict[str, Entry]

    def wql(self, rival: str) -> float:
        """A rival's WQL, NaN where it has none for the whole data set."""
        entry = self.entries.get(rival)
        return entry.scores.wql if entry and entry.whole else float("nan")

    def best(self, families: Iterable[Family], *, library: str | None = None) -> str | None:
        """The rival of least WQL among these families, None without any."""
        known = {
            name: entry.scores.wql
            for name, entry in self.entries.items()
            if entry.rival.family in set(families)
            and (library is None or entry.rival.library == library)
            and not np.isnan(self.wql(name))
        }
        return min(known, key=lambda name: known[name]) if known else None


def board_of(folder: Path, *, smoke: bool) -> Board:
    """The board of a contest's folder; results on other data than today's are left out."""
    contest = Contest.load(folder)
    truth = pd.read_parquet(folder / "truth.parquet")
    fingerprint = contest.fingerprint()
    stored = {
        name: (run, pd.read_parquet(folder / slug(name) / "forecasts.parquet"))
        for name in RIVALS
        if (run := Run.of(folder, name)) is not None and run.data == fingerprint
    }
    sample = _smallest([frame for _, frame in stored.values()], contest.panel.num_series)
    entries = {}
    for name, (run, frame) in stored.items():
        counted = restricted(truth, frame)
        on_sample = None if sample is None else restricted(truth, sample)
        entries[name] = Entry(
            rival=RIVALS[name],
            run=run,
            scores=score(counted, frame, rival=name),
            whole=len(counted) == len(truth),
            on_sample=None if on_sample is None else score(on_sample, frame, rival=name),
            stale=run.digest != RIVALS[name].digest(fingerprint, smoke=smoke),
        )
    return Board(
        name=contest.name,
        title=contest.title,
        series=contest.panel.num_series,
        entries=entries,
    )


def _smallest(frames: list[pd.DataFrame], series: int) -> pd.DataFrame | None:
    """The forecasts of fewest series, None where all have all."""
    if not frames:
        return None
    fewest = min(frames, key=lambda frame: frame["series_id"].nunique())
    return fewest if fewest["series_id"].nunique() < series else None
