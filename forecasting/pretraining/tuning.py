"""Fine-tuning of the pretrained network on a panel: which weights move, and which are kept.

Kept are the weights that forecast the last horizon of the panel best, which may be those it began
with; no window that is learned from reaches into that horizon. What known covariates do is learned
by an addition that begins at zero.

Shape suffixes: N series, T steps, B windows, C context, H horizon, K known covariates.
"""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from forecasting import metrics
from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import ConfigError, PanelError
from forecasting.networks.optimisation import adamw, follow
from forecasting.pretraining.generator import Lesson
from forecasting.pretraining.inference import Seasons, forecasts, units_of
from forecasting.pretraining.learning import judged
from forecasting.pretraining.low_rank import adapt, merged
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.reading import windows_of
from forecasting.pretraining.series import Series
from forecasting.pretraining.sizes import LEVELS
from forecasting.progress import OnProgress, Progress

Unfrozen = Literal["all", "last", "head", "low-rank"]
HEADS = ("head", "gate", "mean_head", "mean_gate", "effect_head")
DECODER = ("ahead", "within", "mix", "last_norm", "norm")
COVARIATES = ("told", "effect_head")
STEPS = 300
LEARNING_RATES = {"all": 4e-4, "last": 8e-4, "head": 2e-3, "low-rank": 2e-3}
BATCH = 64  # windows
VALIDATED = 512  # series
CHECKS = 10  # validations in all
CHECKING = 0.2  # of the seconds, at most
HALF_WAY = 0.5  # from the weights it began with to those it found
AVERAGE = 0.97
WEIGHT_DECAY = 0.01
FEWEST = 8  # steps of history before the first cutoff
CONTEXT = 512  # steps read at most: twice as many take twice the time


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How a fine-tuning is to go."""

    unfrozen: Unfrozen
    steps: int = STEPS
    learning_rate: float | None = None  # None: what suits the weights that move
    budget_seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.unfrozen not in get_args(Unfrozen):
            raise ConfigError(
                f"unfrozen={self.unfrozen!r} is unknown. Use one of {get_args(Unfrozen)}."
            )
        if self.steps < 1:
            raise ConfigError(f"steps={self.steps} must be at least 1.")
        if self.learning_rate is not None and not 0 < self.learning_rate <= 1:
            raise ConfigError(f"learning_rate={self.learning_rate} must be above 0, at most 1.")

    @property
    def rate(self) -> float:
        """The learning rate at its peak."""
        return self.learning_rate or LEARNING_RATES[self.unfrozen]


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What came of it."""

    network: PretrainedNetwork
    steps: int  # that were made
    best_step: int  # whose weights were kept; 0 for those it began with
    weights: int  # that could move
    windows: int  # different windows there were
    before: float  # WQL on the last horizon
    after: float
    interrupt: KeyboardInterrupt | None = None


class Tuner:
    """One fine-tuning of a copy of a network."""

    def __init__(
        self,
        network: PretrainedNetwork,
        target: FloatArray,
        known: Float32Array,
        seasons: Seasons,
        *,
        horizon: int,
        strength: float = 1.0,
    ) -> None:
        """`target` (N, T) with NaN where unobserved, `known` (N, T, K) without holes.

        `strength` is the share of what covariates were found to do that counts.
        """
        self.network = copy.deepcopy(network)
        self.network.read_known(known.shape[2])
        self.horizon = horizon
        self._target, self._known = target, known
        self._seasons, self._strength = seasons, strength
        device = network.describe.weight.device
        self._windows = _Windows(target, known, seasons, strength, device)
        self._first_N = _first_cutoffs(target)
        self._last = target.shape[1] - 1 - 2 * horizon
        self._rows = np.flatnonzero(self._first_N <= self._last)
        if not len(self._rows):
            raise PanelError(
                f"The panel is too short to learn from: its {target.shape[1]} steps hold no two "
                f"horizons of {horizon} after a beginning. Give more history, or use the model "
                "as it is."
            )
        self._checked = self._rows
        if len(self._rows) > VALIDATED:
            some = np.random.default_rng(0).choice(self._rows, VALIDATED, replace=False)
            self._checked = np.sort(some)

    def run(self, tuning: Tuning, on_progress: OnProgress | None) -> Tuned:
        """Learn, and return the best weights; an interrupt ends it and is kept."""
        began = time.monotonic()
        rng = np.random.default_rng(tuning.seed)
        best = _Best(self.network, self._validated(self.network))
        before, stage = best.error, f"pretrained, fine-tuned ({tuning.unfrozen})"
        fresh, interrupt = copy.deepcopy(self.network), None
        free(self.network, tuning.unfrozen)
        average = copy.deepcopy(self.network)
        optimiser = adamw(self.network, learning_rate=tuning.rate, weight_decay=WEIGHT_DECAY)
        done, due = 0, _Due()
        try:
            for done in range(1, tuning.steps + 1):
                share = _share(done - 1, tuning, time.monotonic() - began)
                for group in optimiser.param_groups:
                    group["lr"] = tuning.rate * _pace(share)
                loss = self._step(rng, optimiser)
                follow(average, self.network, min(AVERAGE, done / (done + 3)))
                share = _share(done, tuning, time.monotonic() - began)
                if due.at(share, time.monotonic() - began):
                    with due.counted():
                        found = self._validated(average)
                    best.offer(merged(average), found, done)
                    if on_progress is not None:
                        spent = time.monotonic() - began
                        on_progress(Progress(stage, done, tuning.steps, spent, loss, found))
                if share >= 1:
                    break
            half_way = best.half_way()
            fresh.load_state_dict(half_way)
            best.offer(half_way, self._validated(fresh), best.step or best.tried_step)
        except KeyboardInterrupt as stop:
            interrupt = stop
        fresh.load_state_dict(best.weights)
        return Tuned(
            network=fresh.requires_grad_(False).eval(),
            steps=done,
            best_step=best.step,
            weights=sum(each.numel() for each in self.network.parameters() if each.requires_grad),
            windows=int(np.maximum(self._last - self._first_N + 1, 0).sum()),
            before=before,
            after=best.error,
            interrupt=interrupt,
        )

    def _step(self, rng: np.random.Generator, optimiser: torch.optim.Optimizer) -> float:
        rows = rng.choice(self._rows, BATCH)
        cutoffs = rng.integers(self._first_N[rows], self._last + 1)
        lesson = self._windows.lesson(rows, cutoffs, self.horizon)
        windows = windows_of(lesson.series, self.horizon)
        loss = judged(self.network(windows), windows, lesson.target_BH, None)
        optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            optimiser.step()
        return loss.quantiles

    def _validated(self, network: PretrainedNetwork) -> float:
        """The WQL over the last horizon of some series, forecast as they will be."""
        rows, cut = self._checked, self._target.shape[1] - self.horizon
        quantiles, _ = forecasts(
            network,
            self._target[rows, :cut],
            self._known[rows],
            self._seasons,
            context=CONTEXT,
            strength=self._strength,
        )
        return float(metrics.wql(self._target[rows, cut:], quantiles, LEVELS))


class _Best:
    """The weights that forecast best so far, beside those it began with and those tried last."""

    def __init__(self, network: PretrainedNetwork, error: float) -> None:
        self.weights = {name: each.clone() for name, each in network.state_dict().items()}
        self.error, self.step, self.tried_step = error, 0, 0
        self._first = self._tried = self.weights

    def offer(self, weights: dict[str, Tensor], error: float, step: int) -> None:
        """Take these weights where they are better."""
        self._tried, self.tried_step = weights, step
        if error < self.error:
            self.weights, self.error, self.step = weights, error, step

    def half_way(self) -> dict[str, Tensor]:
        """Weights half way to the best, or to the last tried where none were better.

        Such a mean often forecasts better than both ends (Wortsman and others, 2022).
        """
        to = self.weights if self.step else self._tried
        return {name: each.lerp(to[name], HALF_WAY) for name, each in self._first.items()}


class _Due:
    """When to look at the last horizon: at each tenth, as far as that does not take too long."""

    def __init__(self) -> None:
        self._checks, self._spent = 0, 0.0

    def at(self, share: float, spent: float) -> bool:
        """Whether a look is due; one always is at the end."""
        reached = int(share * CHECKS + 1e-9)
        if reached <= self._checks or (share < 1 and self._spent > CHECKING * spent):
            return False
        self._checks = reached
        return True

    @contextmanager
    def counted(self) -> Iterator[None]:
        """What is done within is looking."""
        began = time.monotonic()
        yield
        self._spent += time.monotonic() - began


class _Windows:
    """Cuts windows out of a panel; each batch of them is a group of its own."""

    def __init__(
        self,
        target: FloatArray,
        known: Float32Array,
        seasons: Seasons,
        strength: float,
        device: torch.device,
    ) -> None:
        units = units_of(target)[:, None]
        self._values_NT = torch.as_tensor((target / units).astype(np.float32), device=device)
        self._known_NTK = torch.as_tensor(known, device=device)
        self._seasons, self._strength = seasons, strength

    def lesson(self, rows: IntArray, cutoffs: IntArray, horizon: int) -> Lesson:
        """The windows of these rows that are cut off after these steps."""
        device = self._values_NT.device
        rows_B1 = torch.as_tensor(rows, device=device)[:, None]
        cutoffs_B1 = torch.as_tensor(cutoffs, device=device)[:, None]
        context = min(CONTEXT, int(cutoffs.max()) + 1)
        steps_BT = cutoffs_B1 + torch.arange(1 - context, horizon + 1, device=device)
        values_BT = self._values_NT[rows_B1, steps_BT.clamp(min=0)]
        values_BT = values_BT.masked_fill(steps_BT < 0, torch.nan)
        count = len(rows)
        return Lesson(
            series=Series(
                values_BC=values_BT[:, :context],
                known_BTK=self._known_NTK[rows_B1, steps_BT.clamp(min=0)],
                season_B=torch.full((count,), self._seasons.season, device=device),
                long_season_B=torch.full((count,), self._seasons.long_season, device=device),
                group_B=torch.zeros(count, dtype=torch.long, device=device),
                strength=self._strength,
            ),
            target_BH=values_BT[:, context:],
        )


def left(budget_seconds: float | None, began: float) -> float | None:
    """What is left of a budget of seconds that began at this monotonic time."""
    if budget_seconds is None:
        return None
    return max(budget_seconds - (time.monotonic() - began), 0.001)


def free(network: PretrainedNetwork, unfrozen: Unfrozen) -> None:
    """Let these weights move and no others."""
    if unfrozen == "low-rank":
        adapt(network)
        for name, weights in network.named_parameters():
            if name.startswith(COVARIATES):
                weights.requires_grad_(True)
        return
    last = f"blocks.{len(network.blocks) - 1}."
    starts = {
        "all": ("",),
        "last": (*HEADS, *DECODER, *COVARIATES, last),
        "head": (*HEADS, *COVARIATES),
    }[unfrozen]
    for name, weights in network.named_parameters():
        weights.requires_grad_(name.startswith(starts))


def _first_cutoffs(target: FloatArray) -> IntArray:
    """The earliest cutoff (N,) of a window: some steps after the first observation."""
    seen = ~np.isnan(target)
    launched = np.where(seen.any(axis=1), seen.argmax(axis=1), target.shape[1])
    return np.asarray(launched + FEWEST - 1)


def _share(done: int, tuning: Tuning, spent: float) -> float:
    """How much of steps or budget is used up."""
    share = done / tuning.steps
    return share if tuning.budget_seconds is None else max(share, spent / tuning.budget_seconds)


def _pace(share: float) -> float:
    """The learning rate as a share of its peak: a short rise and a cosine to zero."""
    return min(1.0, (share + 0.01) / 0.05) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
