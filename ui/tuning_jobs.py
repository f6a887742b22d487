"""A search as the Jobs page needs it: its trials in words, how far it is, and what it found.

Reads the files that its worker replaces whole after every trial. No widgets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from engine.errors import EngineError
from engine.requests import TuneRequest
from engine.runs import Run, Status
from ui import format as fmt
from ui import tuning_words

STATE_WORDS = {  # of a trial: word and colour of its badge
    "running": ("Running", "blue"),
    "complete": ("Complete", "green"),
    "pruned": ("Pruned", "gray"),
    "failed": ("Failed", "red"),
    "interrupted": ("Interrupted", "orange"),
}
BEST = ("Best", "violet")
_OWN = ("trial", "state", "value", "seconds", "steps", "why")  # columns that are no settings


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search found."""

    options: Mapping[str, Any]  # with those that were the same in all trials
    value: float  # WQL
    default_value: float  # of the usual settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """One search as it is now."""

    request: TuneRequest
    trials: pd.DataFrame  # as the library gives them, less its `number`: see `search_of`

    @property
    def settled(self) -> int:
        """Trials that count: complete, pruned or failed."""
        return int(self.trials["state"].isin(["complete", "pruned", "failed"]).sum())

    @property
    def complete(self) -> pd.DataFrame:
        return self.trials[self.trials["state"] == "complete"]

    @property
    def spent(self) -> float:
        """Seconds of all trials that have ended."""
        return float(self.trials["seconds"].fillna(0.0).sum())

    @property
    def best(self) -> "pd.Series[Any] | None":
        """The trial of the least error so far."""
        done = self.complete
        return None if done.empty else done.iloc[int(done["value"].argmin())]

    @property
    def default_value(self) -> float | None:
        """The error of the usual settings, which are tried first."""
        usual = self.complete[self.complete["why"] == "the default"]
        return None if usual.empty else float(usual["value"].iloc[0])

    @property
    def gain(self) -> float | None:
        """By which share the best is below the usual settings."""
        best, usual = self.best, self.default_value
        return None if best is None or not usual else 1 - float(best["value"]) / usual


def search_of(run: Run) -> Search | None:
    """The search of a run folder; None where it is no search, or was deleted.

    A trial that was cut off is "interrupted" and has the same `trial`, from 1, as the one that
    tries its settings again.
    """
    try:
        request = run.request()
    except EngineError:
        return None
    if not isinstance(request, TuneRequest):
        return None
    frame = run.frame("trials")
    if frame is None:
        names = ["number", *_OWN[1:], *(request.space or {})]
        frame = pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    broken = (frame["state"] == "failed") & frame["why"].astype(str).str.startswith("interrupted")
    counted = (~broken).cumsum() + broken.astype(int)
    return Search(
        request=request,
        trials=frame.drop(columns="number").assign(
            trial=counted.astype(int),
            state=frame["state"].astype(str).mask(broken, "interrupted"),
            value=frame["value"].astype(float),
            seconds=frame["seconds"].astype(float),
        ),
    )


def found(run: Run) -> Found | None:
    """What the search of a run folder found; None before it ended, and for other runs."""
    try:
        content = json.loads((run.folder / "result.json").read_text(encoding="utf-8"))
        return Found(
            options=dict(content["options"]),
            value=float(content["value"]),
            default_value=float(content["default_value"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def progress(search: Search, status: Status | None) -> tuple[float, float | None]:
    """The share done of the whole job, and the seconds left; None before a trial has ended.

    Without a status, while a worker starts or the job waits, finished trials alone count.
    The last part, which trains the best model, takes as long as one window of a trial.
    """
    request, asked = search.request, search.request.trials or 1
    step = (status.step or 0) / (status.total_steps or 1) if status else 0.0
    within = min(max(step, 0.0), 1.0)
    last = 1 / request.num_windows
    done = float(min(search.settled, asked))
    is_final = status is not None and _is_final(status)
    done += within * last if is_final else min(within, 0.99) * (done < asked)
    share = done / (asked + last)
    counted = search.trials[search.trials["state"].isin(["complete", "pruned"])]["seconds"]
    if counted.dropna().empty:
        return share, None
    pace = float(counted.mean())
    left = pace * max(asked - done, 0.0)
    if request.budget_seconds is not None and not is_final:
        most = 0.85 * request.budget_seconds - search.spent
        left = min(left, max(most, 0.0))
        share = max(share, search.spent / (request.budget_seconds or 1.0) * 0.95)
    fit = pace * last * (1 - within if is_final else 1)
    return min(share, 1.0), (0.0 if is_final else left) + fit


def _is_final(status: Status) -> bool:
    """Whether the trials are done, and the model with the best settings is made."""
    return ":" in status.stage and not status.stage.startswith("[")


def table(search: Search, *, is_over: bool) -> pd.DataFrame:
    """Trial, State, WQL, vs usual, one column per setting that differs, Seconds, Note.

    The newest first while it runs, so that what happens is seen; the best first afterwards.
    """
    trials, best = search.trials, search.best
    if is_over:
        trials = trials.sort_values("value", na_position="last", kind="stable")
    else:
        trials = trials[::-1]
    usual = search.default_value
    leader = None if best is None else best.name
    words = [
        [*([BEST[0]] if row == leader else []), STATE_WORDS.get(state, (state, ""))[0]]
        for row, state in trials["state"].items()
    ]
    return pd.DataFrame(
        {
            "Trial": trials["trial"],
            "State": words,
            "WQL": trials["value"],
            "vs usual": [_against(value, usual) for value in trials["value"]],
            **{tuning_words.label(name): trials[name] for name in differing(search)},
            "Seconds": trials["seconds"],
            "Note": [_note(why) for why in trials["why"]],
        }
    ).reset_index(drop=True)


def differing(search: Search) -> list[str]:
    """The settings that are not the same in all trials; all that are searched before two are."""
    names = [str(name) for name in search.trials.columns if name not in _OWN]
    if len(search.trials) < 2:
        return names
    return [name for name in names if search.trials[name].astype(str).nunique() > 1]


def settings_of(search: Search, trial: "pd.Series[Any]") -> str:
    """The settings of one trial in words."""
    given = {name: trial[name] for name in differing(search) if not pd.isna(trial[name])}
    return tuning_words.in_words(given)


def _against(value: float, usual: float | None) -> str | None:
    return None if not usual or pd.isna(value) else fmt.growth(value / usual - 1)


def _note(why: object) -> str:
    text = str(why or "")
    if text.startswith("interrupted"):
        return "Cut off; does not count"
    return {"the default": "Usual settings"}.get(text, text[:1].upper() + text[1:])
