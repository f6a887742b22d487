"""Training: the short loop that fits a network to the windows of a panel.

AdamW with warm-up and cosine decay, clipped gradients, an average of the weights, validation on
the last windows before the cutoff, early stopping, and a short finish that sees those windows too.
Series are drawn in proportion to a power of their volume, as the pooled metric counts them.

On a GPU no step waits for the device: windows are drawn ahead, and losses fetched with reports.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.arrays import IntArray
from forecasting.networks.batches import Batches
from forecasting.networks.checkpoint import Checkpoint, CheckpointFile
from forecasting.networks.config import NetworkConfig
from forecasting.networks.distributed import ALONE, Team
from forecasting.networks.events import Events
from forecasting.networks.layout import Layout
from forecasting.networks.losses import mean_loss, quantile_loss
from forecasting.networks.optimisation import adamw, follow, pace
from forecasting.networks.reports import Reports
from forecasting.networks.state import Phase, PhaseName, State
from forecasting.networks.tensors import PanelTensors
from forecasting.networks.windows import Windows, gather
from forecasting.progress import OnProgress

VALIDATIONS = 20  # in the whole of training
VALIDATED = 2048  # windows per validation at most
AVERAGE = 0.99  # of the weights kept per step in their running average
MEAN_WEIGHT = 0.25  # of the mean's loss beside the quantiles'
FINISH_RATE = 0.25  # of the learning rate, at the start of the finish


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """How training went."""

    steps: int = 0  # updates made; 0 where no window could be cut
    best_step: int = 0  # whose weights were kept
    validation_wql: float | None = None  # of those weights; None without room for validation
    windows: int = 0  # different windows there were to learn from
    batch_size: int = 0  # at the end
    device: str = "cpu"
    seconds: float = 0.0
    stopped: bool = False  # by an interrupt, before it was done
    resumed_at: int = 0  # the step of the checkpoint it went on from
    notes: tuple[str, ...] = ()  # what did not go as asked


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How a training is run, other than what it learns."""

    stage: str  # what reports are of, such as "lstm"
    on_progress: OnProgress | None = None
    budget_seconds: float | None = None
    checkpoint: CheckpointFile | None = None
    events: Events | None = None
    began: float | None = None  # by time.monotonic(), what the budget counts from; None: now
    team: Team = ALONE  # who trains; all of them with the same network, tensors and budget
    is_tuning: bool = False  # the weights stay as they are where no step makes them better


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Cutoffs of each series to train on, and windows to validate on."""

    first_N: IntArray  # earliest cutoff of a window
    last: int  # latest cutoff whose horizon ends before the first validated step
    last_of_all: int  # latest cutoff whose horizon is observed
    validated: tuple[IntArray, IntArray]  # rows and cutoffs

    @property
    def windows(self) -> int:
        return int(np.maximum(self.last - self.first_N + 1, 0).sum())


def split_of(tensors: PanelTensors, layout: Layout, horizon: int, seed: int) -> Split:
    """Validation takes the last windows, more of them where there are few series."""
    launched = tensors.launched_N.cpu().numpy()
    series = len(launched)
    first = launched + max(layout.patch_length, 2) - 1
    last_of_all = tensors.steps - 1 - horizon
    windows = min(4, max(1, math.ceil(256 / series)), max(1, tensors.steps // (8 * horizon)))
    stride = max(1, horizon // 2)
    cutoffs = [last_of_all - k * stride for k in range(windows)]
    last = min(cutoffs) - horizon
    room = last - int(np.median(first)) + 1
    if room < max(8, horizon // 2):  # too short to hold anything back
        empty = np.empty(0, dtype=np.int64)
        return Split(
            first_N=first, last=last_of_all, last_of_all=last_of_all, validated=(empty, empty)
        )
    rows, steps = np.meshgrid(np.arange(series), cutoffs, indexing="ij")
    usable = steps >= first[:, None]
    pairs = np.stack([rows[usable], steps[usable]])
    if pairs.shape[1] > VALIDATED:
        chosen = np.random.default_rng(seed).choice(pairs.shape[1], VALIDATED, replace=False)
        pairs = pairs[:, np.sort(chosen)]
    return Split(first_N=first, last=last, last_of_all=last_of_all, validated=(pairs[0], pairs[1]))


class Trainer:
    """One training run of one network on one panel."""

    def __init__(
        self,
        network: nn.Module,
        tensors: PanelTensors,
        layout: Layout,
        config: NetworkConfig,
        conditions: Conditions,
    ) -> None:
        self.network, self.tensors, self.layout, self.config = network, tensors, layout, config
        self.conditions, self._team = conditions, conditions.team
        self.device = tensors.values_NT.device
        self.levels_Q = torch.tensor(config.quantile_levels, device=self.device)
        self.split = split_of(tensors, layout, config.horizon, config.seed)
        self.notes: list[str] = []
        self.interrupt: KeyboardInterrupt | None = None  # what stopped it
        self._forward = self._compiled()
        self._generator = torch.Generator().manual_seed(config.seed)
        self._reports = Reports(conditions.on_progress, conditions.events, self.device)
        self._began = time.monotonic() if conditions.began is None else conditions.began
        self._resumed_at = 0
        self._state: State | None = None

    def run(self) -> TrainingReport:
        """Train; afterwards the network holds the best weights.

        A `KeyboardInterrupt`, out of `on_progress` or by Ctrl-C, ends the training and keeps the
        best so far; it is then found in `interrupt`.
        """
        if not self.split.windows:
            return self._report()
        try:
            self._state = self._resumed() or self._new_state("training", self.config.steps())
            self._train(self._state)
        except KeyboardInterrupt as interrupt:
            if self._state is None:  # there is nothing to keep
                raise
            self.interrupt = interrupt
            self.notes.append(f"Training was stopped after {self._state.steps_done} steps.")
        self.network.load_state_dict(self._state.kept)
        return self._report()

    def _train(self, state: State) -> None:
        """What is left of training, and of the finish."""
        if state.phase.is_main:
            if self.conditions.is_tuning and self._is_validated and not state.phase.step:
                state.look(self.validate(state.average))
            self._steps(state)
            main = state.phase
            steps = max(round(self._finish_share * main.best_step), min(1, main.best_step))
            if not self._finish_share or not steps or self._is_budget_spent:
                return
            self.network.load_state_dict(state.best)
            fresh = self._new_state("finishing", steps)
            fresh.phase.best_step, fresh.phase.best_wql = main.best_step, main.best_wql
            fresh.steps_done, fresh.batch_size = state.steps_done, state.batch_size
            self._state = state = fresh
        self._steps(state)

    @property
    def held_out_weights(self) -> dict[str, Tensor] | None:
        """The best weights that saw no validated window; None where no window was held out."""
        if self._state is None or not self._is_validated:
            return None
        return self._state.kept if self._state.phase.is_main else self._state.best

    @property
    def _is_validated(self) -> bool:
        return len(self.split.validated[0]) > 0

    @property
    def _finish_share(self) -> float:
        return self.config.finish_share if self._is_validated else 0.0

    def _new_state(self, name: PhaseName, steps: int) -> State:
        """The beginning of a phase, from the weights that the network has."""
        config, is_main = self.config, name == "training"
        average = copy.deepcopy(self.network).eval()
        return State(
            phase=Phase(name=name, total=steps, began=self._spent()),
            network=self.network,
            average=average,
            best=copy.deepcopy(average.state_dict()),
            optimiser=adamw(
                self.network, learning_rate=config.learning_rate, weight_decay=config.weight_decay
            ),
            batches=Batches(
                self.tensors,
                self.split.first_N,
                self.split.last if is_main else self.split.last_of_all,
                size=config.windows(),
                scale_power=config.scale_power,
                generator=self._generator,
            ),
            batch_size=config.windows(),
        )

    def _steps(self, state: State) -> None:
        """The steps of the phase until its end, or until validation stops to improve."""
        phase, config = state.phase, self.config
        every = max(1, phase.total // VALIDATIONS)
        self.network.train()
        share = self._share(phase) if phase.step else 0.0
        while share < 1.0 and phase.stale < config.patience:
            rate = config.learning_rate * (1.0 if phase.is_main else FINISH_RATE)
            rate *= pace(share, warm=phase.is_main)
            for group in state.optimiser.param_groups:
                group["lr"] = rate
            self._reports.count(self._update(state), state.batch_size)
            phase.step, state.steps_done = phase.step + 1, state.steps_done + 1
            follow(state.average, self.network, min(AVERAGE, (1 + phase.step) / (10 + phase.step)))
            share, wql = self._share(phase), None
            if phase.is_main and self._is_validated and (phase.step % every == 0 or share >= 1.0):
                wql = self.validate(state.average)
                state.look(wql)
            self._say(state, share, rate, wql)

    def _say(self, state: State, share: float, rate: float, wql: float | None) -> None:
        """Report and write a checkpoint, where it is time to.

        All that a step changes has been changed, so an interrupt from here leaves a checkpoint
        from which the training goes on to the very same result.
        """
        try:
            if wql is not None or share >= 1.0 or self._reports.are_due:
                self._reports.tell(
                    f"{self.conditions.stage}: {state.phase.name}",
                    state.steps_done,
                    self._planned(state, share),
                    elapsed_seconds=self._spent(),
                    learning_rate=rate,
                    wql=wql,
                )
        except KeyboardInterrupt:
            self._write_checkpoint(state)
            raise
        if self.conditions.checkpoint is not None and self.conditions.checkpoint.is_due:
            self._write_checkpoint(state)

    def _planned(self, state: State, share: float) -> int:
        """Steps of all of training, as it seems now."""
        phase = state.phase
        steps = max(phase.step, round(phase.step / share))
        if phase.is_main:
            return steps + round(self._finish_share * steps)
        return state.steps_done - phase.step + steps

    def _spent(self) -> float:
        return time.monotonic() - self._began

    @property
    def _is_budget_spent(self) -> bool:
        budget = self.conditions.budget_seconds
        return budget is not None and self._team.of_the_first(self._spent() >= budget)

    def _share(self, phase: Phase) -> float:
        """How much of the phase is done: of its steps, or of its time where that runs out first."""
        share, budget = phase.step / phase.total, self.conditions.budget_seconds
        if budget is None:
            return share
        if phase.is_main:
            budget /= 1 + self._finish_share
        share = max(share, (self._spent() - phase.began) / max(budget - phase.began, 1e-3))
        return self._team.of_the_first(share)

    def _update(self, state: State) -> Tensor:
        """One step; where the device's memory is too small, with half the batch from then on."""
        rows_B, cutoffs_B = state.batches.next()
        self._team.seed(self.config.seed, state.steps_done)
        while True:
            state.optimiser.zero_grad(set_to_none=True)
            size = state.batch_size
            found = self._gradients(*self._team.share(rows_B[:size], cutoffs_B[:size]))
            if found is not None:
                break
            # Here, and not where the error is caught: until then it holds what was computed.
            state.batch_size //= 2
            torch.cuda.empty_cache()
            self.notes.append(
                f"The device's memory was too small; training went on with batches of "
                f"{state.batch_size} windows."
            )
        loss = self._team.average(self.network, *found)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        state.optimiser.step()
        return loss

    def _gradients(self, rows_B: Tensor, cutoffs_B: Tensor) -> tuple[Tensor, Tensor] | None:
        """The loss and its weight, gradients computed; None where the memory was too small."""
        try:
            loss, counted = self._loss(rows_B, cutoffs_B)
            loss.backward()
        except torch.OutOfMemoryError:
            if len(rows_B) == 1:
                raise
            return None
        return loss.detach(), counted

    def _loss(self, rows_B: Tensor, cutoffs_B: Tensor) -> tuple[Tensor, Tensor]:
        """The loss per weighted observation, and the sum of their weights."""
        windows = gather(self.tensors, self.layout, rows_B, cutoffs_B, self.config.horizon)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            quantiles_BHQ, mean_BH = self._forward(windows)
        loss_B = quantile_loss(
            quantiles_BHQ, windows.target_BH, windows.observed_BH, self.levels_Q
        ) + MEAN_WEIGHT * mean_loss(
            mean_BH,
            windows.target_BH,
            windows.observed_BH,
            non_negative=self.layout.non_negative,
        )
        weight_B = windows.scale_B**self.config.scale_power
        counted = (weight_B * windows.observed_BH.sum(dim=1)).sum().clamp(min=1e-6)
        return (weight_B * loss_B).sum() / counted, counted

    def _compiled(self) -> Callable[[Windows], tuple[Tensor, Tensor]]:
        if not self.config.compile:
            return self.network
        if self.device.type != "cuda":
            self.notes.append(
                "compile=True was not followed: on a CPU a compiled network trains slower."
            )
            return self.network
        return torch.compile(self.network)

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> float:
        """WQL of the validated windows."""
        validated = (torch.as_tensor(each, device=self.device) for each in self.split.validated)
        rows, cutoffs = self._team.share(*validated)
        volumes_N = torch.as_tensor(self.tensors.volumes, device=self.device)
        sums_2 = torch.zeros(2, dtype=volumes_N.dtype, device=self.device)  # lost, sold
        for rows_B, cutoffs_B in zip(rows.split(1024), cutoffs.split(1024), strict=True):
            if not len(rows_B):  # there were fewer than workers
                break
            windows = gather(self.tensors, self.layout, rows_B, cutoffs_B, self.config.horizon)
            quantiles_BHQ, _ = network(windows)
            loss_B = quantile_loss(
                quantiles_BHQ, windows.target_BH, windows.observed_BH, self.levels_Q
            )
            unit_B = windows.scale_B * volumes_N[rows_B]
            sold_B = windows.target_BH.abs().sum(dim=1)
            sums_2 += torch.stack([(loss_B * unit_B).sum(), (sold_B * unit_B).sum()])
        lost, sold = self._team.total(sums_2).tolist()
        return lost / sold if sold else lost

    def _write_checkpoint(self, state: State) -> None:
        if self.conditions.checkpoint is not None:
            packed = state.packed()
            more = {"spent": self._spent(), "notes": self.notes}
            self.conditions.checkpoint.write(
                Checkpoint(state=packed.state | more, tensors=packed.tensors)
            )

    def _resumed(self) -> State | None:
        """The state in the checkpoint, where there is one of this very training."""
        file = self.conditions.checkpoint
        found = self._team.of_the_first(None if file is None else file.read())
        if found is None:
            return None
        fresh = self._new_state(found.state["phase"]["name"], found.state["phase"]["total"])
        state = fresh.unpacked(found)
        self._began, self._resumed_at = time.monotonic() - found.state["spent"], state.steps_done
        resumed = f"Training went on from a checkpoint of step {state.steps_done}."
        self.notes = [*found.state["notes"], resumed]
        return state

    def _report(self) -> TrainingReport:
        state, file = self._state, self.conditions.checkpoint
        wql = state.phase.best_wql if state else None
        steps = state.steps_done if state else 0
        return TrainingReport(
            steps=steps,
            best_step=state.phase.best_step if state and wql is not None else steps,
            validation_wql=wql,
            windows=self.split.windows,
            batch_size=state.batch_size if state else self.config.windows(),
            device=str(self.device),
            seconds=self._spent(),
            stopped=self.interrupt is not None,
            resumed_at=self._resumed_at,
            notes=(*self.notes, *(file.notes if file else ())),
        )
