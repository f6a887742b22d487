"""Fine-tuning of the pretrained network on a panel: which weights move, and which are kept.

Kept are the weights that forecast the last horizon of the panel best, which may be those it began
with; no window that is learned from reaches into that horizon.

Shape suffixes: N series, T steps, B windows, C context, H horizon, K known covariates.
"""

import copy
import math
import time
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import ConfigError, PanelError
from forecasting.networks.optimisation import adamw, follow
from forecasting.pretraining.generator import Lesson
from forecasting.pretraining.inference import Seasons, units_of
from forecasting.pretraining.learning import judged
from forecasting.pretraining.low_rank import adapt, merged
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.reading import windows_of
from forecasting.pretraining.series import Series
from forecasting.progress import OnProgress, Progress

Unfrozen = Literal["all", "last", "head", "low-rank"]
HEADS = ("head", "gate", "mean_head", "mean_gate", "effect_head")
DECODER = ("ahead", "within", "mix", "last_norm", "norm")
STEPS = 300
LEARNING_RATES = {"all": 4e-4, "last": 8e-4, "head": 2e-3, "low-rank": 2e-3}
BATCH = 64  # windows
VALIDATED = 512  # series
CHECKS = 10  # validations in all
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
    before: float  # loss on the last horizon, in scales of the windows
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
    ) -> None:
        """`target` (N, T) with NaN where unobserved, `known` (N, T, K) without holes."""
        self.network = copy.deepcopy(network)
        self.horizon = horizon
        self._windows = _Windows(target, known, seasons, network.describe.weight.device)
        self._first_N = _first_cutoffs(target)
        self._last = target.shape[1] - 1 - 2 * horizon
        self._rows = np.flatnonzero(self._first_N <= self._last)
        if not len(self._rows):
            raise PanelError(
                f"The panel is too short to learn from: its {target.shape[1]} steps hold no two "
                f"horizons of {horizon} after a beginning. Give more history, or use the model "
                "as it is."
            )

    def run(self, tuning: Tuning, on_progress: OnProgress | None) -> Tuned:
        """Learn, and return the best weights; an interrupt ends it and is kept."""
        began = time.monotonic()
        rng = np.random.default_rng(tuning.seed)
        best = before = self._validated(self.network)
        kept, best_step, done, checks = self.network.state_dict(), 0, 0, 0
        kept = {name: each.clone() for name, each in kept.items()}
        fresh, interrupt = copy.deepcopy(self.network), None
        free(self.network, tuning.unfrozen)
        average = copy.deepcopy(self.network)
        optimiser = adamw(self.network, learning_rate=tuning.rate, weight_decay=WEIGHT_DECAY)
        try:
            for done in range(1, tuning.steps + 1):
                share = _share(done - 1, tuning, time.monotonic() - began)
                for group in optimiser.param_groups:
                    group["lr"] = tuning.rate * _pace(share)
                loss = self._step(rng, optimiser)
                follow(average, self.network, min(AVERAGE, done / (done + 3)))
                share = _share(done, tuning, time.monotonic() - began)
                over = share >= 1
                if int(share * CHECKS + 1e-9) > checks:
                    checks = int(share * CHECKS + 1e-9)
                    found = self._validated(average)
                    if found < best:
                        best, best_step, kept = found, done, merged(average)
                    if on_progress is not None:
                        stage, spent = (
                            f"pretrained, fine-tuned ({tuning.unfrozen})",
                            time.monotonic(),
                        )
                        on_progress(Progress(stage, done, tuning.steps, spent - began, loss, found))
                if over:
                    break
        except KeyboardInterrupt as stop:
            interrupt = stop
        fresh.load_state_dict(kept)
        return Tuned(
            network=fresh.requires_grad_(False).eval(),
            steps=done,
            best_step=best_step,
            weights=sum(each.numel() for each in self.network.parameters() if each.requires_grad),
            windows=int(np.maximum(self._last - self._first_N + 1, 0).sum()),
            before=before,
            after=best,
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

    @torch.inference_mode()
    def _validated(self, network: PretrainedNetwork) -> float:
        """The loss over the last horizon of some series."""
        rows = self._rows
        if len(rows) > VALIDATED:
            rows = np.sort(np.random.default_rng(0).choice(rows, VALIDATED, replace=False))
        total = 0.0
        for some in np.array_split(rows, -(-len(rows) // BATCH)):
            cutoffs = np.full(len(some), self._last + self.horizon)
            lesson = self._windows.lesson(some, cutoffs, self.horizon)
            windows = windows_of(lesson.series, self.horizon)
            loss = judged(network(windows), windows, lesson.target_BH, None)
            total += loss.quantiles * len(some)
        return total / len(rows)


class _Windows:
    """Cuts windows out of a panel; each batch of them is a group of its own."""

    def __init__(
        self, target: FloatArray, known: Float32Array, seasons: Seasons, device: torch.device
    ) -> None:
        units = units_of(target)[:, None]
        self._values_NT = torch.as_tensor((target / units).astype(np.float32), device=device)
        self._known_NTK = torch.as_tensor(known, device=device)
        self._seasons = seasons

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
            ),
            target_BH=values_BT[:, context:],
        )


def free(network: PretrainedNetwork, unfrozen: Unfrozen) -> None:
    """Let these weights move and no others."""
    if unfrozen == "low-rank":
        adapt(network)
        return
    last = f"blocks.{len(network.blocks) - 1}."
    starts = {"all": ("",), "last": (*HEADS, *DECODER, last), "head": HEADS}[unfrozen]
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
