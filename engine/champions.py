"""Which run is in use: a new one replaces the champion unless it is worse by more than a margin.

Both are compared where both were tested: the same series, at the same cutoffs, for the same
periods. What was decided, why and when stays in `promotion.json` of the run.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from engine.errors import RunError
from engine.files import write_text
from engine.registry import Entry, Registry
from engine.runs import Run

if TYPE_CHECKING:
    import pandas as pd

RULE = "the rule"  # who changed the champion where nobody did
LAST_YEAR = "seasonal_naive"  # what any model must beat; of days it is last week's
_KEYS = ["series_id", "cutoff", "timestamp"]
_PLAIN = {1: "last week's days", 7: "last year's weeks", 28: "last year's months"}  # by days
_NO_NUMBER = 5e-4  # differences in share that are called none


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a run is put in use, and what that rests on."""

    promoted: bool
    reason: str  # one or two sentences with the numbers
    margin: float  # share by which it may be worse
    candidate: float | None = None  # WQL where both were tested
    champion: float | None = None  # of what is in use, or of last year's weeks
    windows: int = 0  # cutoffs that both were tested at
    series: int = 0
    rival: str = ""  # what `champion` is of: "in use", "last year", or "" where none was found
    against: str = ""  # run id of what was in use; "": there was none
    at: float = 0.0  # seconds since 1970

    @property
    def change(self) -> float | None:
        """-0.04 is 4% better; None where it cannot be told."""
        if self.candidate is None or not self.champion:
            return None
        return self.candidate / self.champion - 1


def judge(
    candidate: "pd.DataFrame | None",
    champion: "pd.DataFrame | None",
    *,
    model: str,
    champion_model: str = "",
    margin: float,
) -> Verdict:
    """Compare two runs by their backtests, as `backtest.parquet` has them.

    Without a window in common the candidate is measured against last year's weeks on its own.
    """
    tested = _of(candidate, model)
    if tested is None:
        words = "It was not compared with anything, so it is not put in use."
        return Verdict(promoted=False, reason=words, margin=margin)
    if broken := int(tested["is_broken"].sum()):
        words = f"{broken} of its {len(tested)} test values are no numbers: not put in use."
        return Verdict(promoted=False, reason=words, margin=margin)
    both = _common(tested, _of(champion, champion_model))
    if both is not None:
        return _verdict(both, margin, "in use", "that both were tested on")
    own = _common(tested, _of(candidate, LAST_YEAR))
    if own is None:
        words = f"It shares no test with the one in use, nor with {plain_words(tested)}: "
        words += "not put in use."
        return Verdict(promoted=False, reason=words, margin=margin)
    lead = "" if champion is None else "No tests in common with the one in use. "
    found = _verdict(own, margin, "last year", "of its own tests")
    return Verdict(**{**asdict(found), "reason": lead + found.reason})


def decide(
    registry: Registry, run_id: str, *, margin: float, otherwise: str = "", at: float | None = None
) -> Verdict:
    """Judge a finished run against the champion of its scope, and crown it where it passes.

    `otherwise` is the run to compare with where the scope has no champion yet. The verdict is
    kept with the run. Raises `RunError` where the run is gone.
    """
    entry = registry.entry(run_id)
    if entry is None or not registry.run(run_id).folder.is_dir():
        raise RunError(f"Run {run_id!r} was deleted before it could be compared.")
    rival = champion_of(registry, entry.about.scope_key) or registry.entry(otherwise)
    if rival is not None and rival.run_id == run_id:
        rival = None
    found = compare(registry, entry, rival, margin=margin)
    stamp = time.time() if at is None else at
    kept = Verdict(**{**asdict(found), "against": rival.run_id if rival else "", "at": stamp})
    if kept.promoted:
        registry.crown(run_id, why=kept.reason, who=RULE, at=stamp)
    write_text(registry.run(run_id).folder / "promotion.json", json.dumps(asdict(kept)))
    return kept


def compare(registry: Registry, entry: Entry, rival: Entry | None, *, margin: float) -> Verdict:
    """What the rule would say of a run against another, without deciding anything."""
    return judge(
        tests_of(registry, entry),
        tests_of(registry, rival) if rival else None,
        model=entry.about.model,
        champion_model=rival.about.model if rival else "",
        margin=margin,
    )


def by_window(
    candidate: "pd.DataFrame | None",
    champion: "pd.DataFrame | None",
    *,
    model: str,
    champion_model: str,
) -> "pd.DataFrame | None":
    """cutoff, candidate, champion: the WQL of both at every cutoff that both were tested at.

    None where they share no test.
    """
    import pandas as pd

    tested = _of(candidate, model)
    both = None if tested is None else _common(tested, _of(champion, champion_model))
    if both is None:
        return None
    rows = [
        {"cutoff": cutoff, "candidate": _wql(part, ""), "champion": _wql(part, "_2")}
        for cutoff, part in both.groupby("cutoff", sort=True)
        if part["actual"].abs().sum() > 0
    ]
    return pd.DataFrame(rows)


def best_of(registry: Registry, run_ids: Sequence[str]) -> str:
    """Which of some runs of one comparison had the least WQL in it; the first where none is told.

    Raises `RunError` where none of them is known any more.
    """
    import numpy as np

    found = {}
    for entry in filter(None, map(registry.entry, run_ids)):
        tested = _of(tests_of(registry, entry), entry.about.model)
        fits = tested is not None and not tested["is_broken"].any()
        value = _wql(tested, "") if tested is not None and fits else np.inf
        found[entry.run_id] = value if np.isfinite(value) else np.inf
    if not found:
        raise RunError("The runs were deleted before they could be compared.")
    return min(found, key=found.__getitem__)


def evidence(run: Run) -> Verdict | None:
    """Why a run was put in use or not; None where nobody decided."""
    try:
        content: Any = json.loads((run.folder / "promotion.json").read_text(encoding="utf-8"))
        return Verdict(**{each.name: content[each.name] for each in fields(Verdict)})
    except (OSError, ValueError, KeyError, TypeError):  # none, damaged, or of another version
        return None


def plain_words(tests: "pd.DataFrame") -> str:
    """What the plainest model repeats, by how far apart the periods of some tests are."""
    import pandas as pd

    stamps = pd.DatetimeIndex(tests["timestamp"].unique()).sort_values()
    days = int((stamps[1:] - stamps[:-1]).min().days) if len(stamps) > 1 else 7
    return _PLAIN[max((least for least in _PLAIN if least <= days), default=1)]


def champion_of(registry: Registry, scope_key: str) -> Entry | None:
    """What is in use for a scope and horizon."""
    crowned = (each for each in registry.entries() if each.is_champion)
    return next((each for each in crowned if each.about.scope_key == scope_key), None)


def comparison_of(registry: Registry, entry: Entry) -> Run | None:
    """The finished comparison that was submitted with a run; None where there is none now."""
    for other in registry.group(entry.about.group):
        run = registry.run(other.run_id)
        if not other.about.model and (run.folder / "backtest.parquet").is_file():
            return run
    return None


def tests_of(registry: Registry, entry: Entry) -> "pd.DataFrame | None":
    """The backtest that was submitted with a run; None where there is none (any more)."""
    run = comparison_of(registry, entry)
    return run.frame("backtest") if run else None


def _of(tests: "pd.DataFrame | None", model: str) -> "pd.DataFrame | None":
    """The tests of one model where something sold or not; None where it has none."""
    import numpy as np

    if tests is None:
        return None
    rows = tests[tests["model"].astype(str).eq(model) & tests["actual"].notna()].copy()
    if rows.empty:
        return None
    rows["series_id"] = rows["series_id"].astype(str)
    rows["is_broken"] = ~np.isfinite(rows[_quantiles(rows)].to_numpy()).all(axis=1)
    return rows


def _common(first: "pd.DataFrame", second: "pd.DataFrame | None") -> "pd.DataFrame | None":
    """One row per test of both: quantiles of the first, and of the second with a `_2`."""
    if second is None:
        return None
    shared = [name for name in _quantiles(first) if name in second.columns]
    usable = second.loc[~second["is_broken"], [*_KEYS, *shared]]
    both = first[[*_KEYS, "actual", *shared]].merge(usable, on=_KEYS, suffixes=("", "_2"))
    return both if shared and len(both) and both["actual"].abs().sum() > 0 else None


def _verdict(both: "pd.DataFrame", margin: float, rival: str, where: str) -> Verdict:
    candidate, champion = _wql(both, ""), _wql(both, "_2")
    promoted = candidate - champion <= margin * champion
    windows, series = both["cutoff"].nunique(), both["series_id"].nunique()
    tests = f"{_count(windows, 'test window')} and {_count(series, 'series', 'series')} {where}"
    numbers = f"WQL {candidate:.3f} against {champion:.3f} on {tests}"
    beaten = "the one in use" if rival == "in use" else plain_words(both)
    change = candidate / champion - 1 if champion else (0.0 if candidate == champion else 1.0)
    if abs(change) < _NO_NUMBER:
        words = f"As good as {beaten}: {numbers}."
    elif change < 0:
        words = f"{-change:.1%} better than {beaten}: {numbers}."
    elif promoted:
        words = f"{change:.1%} worse than {beaten}, within the {margin:.0%} allowed: "
        words += f"{numbers}."
    else:
        words = f"{change:.1%} worse than {beaten}, more than the {margin:.0%} allowed: "
        words += f"{numbers}."
    return Verdict(
        promoted=promoted,
        reason=words,
        margin=margin,
        candidate=candidate,
        champion=champion,
        windows=windows,
        series=series,
        rival=rival,
    )


def _wql(both: "pd.DataFrame", suffix: str) -> float:
    from forecasting import metrics

    names = [name for name in _quantiles(both) if not name.endswith("_2")]
    levels = tuple(float(name[1:]) for name in names)
    values = both[[name + suffix for name in names]].to_numpy(dtype=float)
    return float(metrics.wql(both["actual"].to_numpy(dtype=float), values, levels))


def _quantiles(frame: "pd.DataFrame") -> list[str]:
    return [str(name) for name in frame.columns if str(name).startswith("q0.")]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
