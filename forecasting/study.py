"""A study: the trials of a search in Optuna's journal, which outlives the process that writes it.

What Optuna knows of a trial is kept in its attributes: whether it is the default, its seconds,
its steps of training, and why it failed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import optuna
import pandas as pd
from optuna.pruners import BasePruner
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from forecasting.errors import ConfigError
from forecasting.spaces import Space
from forecasting.tuning import Sampler

JOURNAL = "trials.journal"
GRID = 20  # intermediate values per window
RANDOM_TRIALS = 5  # before TPE learns from what it has seen
FEWEST_COMPLETE = 3  # trials that a running one is compared with
PATIENCE = GRID // 4  # a learning rate is still warming up before
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


@dataclass(frozen=True)
class MedianOfComplete(BasePruner):
    """Ends a trial that is worse than the median of complete ones was at the same point.

    Optuna's own compares the best value of a trial at any earlier step, which has no meaning
    here: windows differ in how hard they are.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        rivals = [each.intermediate_values for each in complete(study)]
        return is_worse_than_most(step, trial.intermediate_values[step], rivals)


def is_worse_than_most(step: int, value: float, rivals: Sequence[Mapping[int, float]]) -> bool:
    """Whether the value is worse than the median of what complete trials had at the step."""
    if step < PATIENCE:
        return False
    values = [found for each in rivals if (found := _value_at(each, step)) is not None]
    return len(values) >= FEWEST_COMPLETE and value > median(values)


def _value_at(values: Mapping[int, float], step: int) -> float | None:
    """The last value at or before the step in the same window: training may have ended early."""
    first = step // GRID * GRID
    steps = [each for each in values if first <= each <= step]
    return values[max(steps)] if steps else None


def open_study(asked: Mapping[str, Any], folder: Path | None, *, with_pruner: bool) -> optuna.Study:
    """The study in the folder, with all it knows, or a new one.

    Raises `ConfigError` where the folder holds another search than the one `asked` describes.
    """
    pruner = MedianOfComplete() if with_pruner else optuna.pruners.NopPruner()
    study = optuna.create_study(
        storage=_storage(folder), study_name="search", pruner=pruner, load_if_exists=True
    )
    plain = json.loads(json.dumps(asked))
    earlier = study.user_attrs.get("asked")
    if earlier is None:
        study.set_user_attr("asked", plain)
    elif earlier != plain:
        other = [name for name in plain if earlier.get(name) != plain[name]]
        raise ConfigError(
            f"storage={str(folder)!r} holds a search that differs in {', '.join(other)}. Give an "
            "empty folder, or ask for the same search to go on with it."
        )
    return study


def _storage(folder: Path | None) -> BaseStorage:
    if folder is None:
        return InMemoryStorage()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / JOURNAL
    if path.exists():
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):  # a process died while it wrote the last line
            path.write_bytes(kept)
    # It would be waited for half a minute. One process at a time searches in a folder.
    Path(f"{path}.lock").unlink(missing_ok=True)
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError) as error:  # JSON's errors are ValueErrors
        raise ConfigError(
            f"{path} is damaged or no journal of a search ({error}). Give an empty folder."
        ) from error


def sampler_of(kind: Sampler, seed: int, settled: int) -> optuna.samplers.BaseSampler:
    """A sampler for one trial. It depends on the seed and on how many trials are settled, so that
    a search that was interrupted goes on as if it had not been.
    """
    own_seed = (seed * 1_000_003 + settled) % 2**32
    if kind == "random":
        return optuna.samplers.RandomSampler(seed=own_seed)
    return optuna.samplers.TPESampler(seed=own_seed, n_startup_trials=RANDOM_TRIALS)


def ask(study: optuna.Study, space: Space, default: Mapping[str, Any] | None) -> optuna.Trial:
    """A new trial of the space; with `default` the one of these values, as far as they are in it.

    A default that the space does not hold is tried all the same, but the sampler learns nothing of
    that option from it.
    """
    if default is None:
        return study.ask({name: each.distribution() for name, each in space.items()})
    held = {name: each for name, each in space.items() if each.holds(default[name])}
    study.enqueue_trial({name: default[name] for name in held})
    trial = study.ask({name: each.distribution() for name, each in held.items()})
    trial.set_user_attr("default", True)
    return trial


def close_orphans(study: optuna.Study) -> None:
    """Mark trials whose process died; they are tried again."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state in (TrialState.RUNNING, TrialState.WAITING):
            settle_as_interrupted(study, trial.number, trial._trial_id)


def settle_as_interrupted(study: optuna.Study, number: int, trial_id: int) -> None:
    """The trial has no result, and does not count as one that failed."""
    why = "interrupted, and tried again where the search went on"
    study._storage.set_trial_user_attr(trial_id, "why", why)
    study._storage.set_trial_user_attr(trial_id, "interrupted", True)
    study.tell(number, state=TrialState.FAIL)


def settled(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that count: complete, pruned, or failed for a reason of their own."""
    found = study.get_trials(deepcopy=False)
    return [
        each for each in found if each.state.is_finished() and "interrupted" not in each.user_attrs
    ]


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that have a value, in their order."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def trials_frame(study: optuna.Study, space: Space, default: Mapping[str, Any]) -> pd.DataFrame:
    """One row per trial: number, state, value, seconds, steps, why, and its options.

    `value` is the WQL of all windows, and only complete trials have one.
    """
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state not in STATES:
            continue
        is_default = trial.user_attrs.get("default", False)
        options = {**default, **trial.params} if is_default else trial.params
        rows.append(
            {
                "number": trial.number,
                "state": STATES[trial.state],
                "value": trial.value if trial.state == TrialState.COMPLETE else None,
                "seconds": trial.user_attrs.get("seconds"),
                "steps": trial.user_attrs.get("steps"),
                "why": trial.user_attrs.get("why", "the default" if is_default else ""),
                **{name: options.get(name) for name in space},
            }
        )
    columns = ["number", "state", "value", "seconds", "steps", "why", *space]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype({"value": float, "seconds": float, "steps": "Int64"})
    for name in space:  # a column of one type, so that it can go to Parquet
        plain = frame[name].convert_dtypes()
        frame[name] = plain.map(str) if plain.dtype == object else plain
    return frame


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing but warnings; as before afterwards."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
