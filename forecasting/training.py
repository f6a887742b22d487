"""Training: the short loop that fits a network to the windows of a panel.

AdamW with warm-up and cosine decay, clipped gradients, an average of the weights, validation on
the last windows before the cutoff, early stopping, and a short finish that sees those windows too.
Series are drawn in proportion to a power of their volume, as the pooled metric counts them.
"""

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.arrays import IntArray
from forecasting.networks.config import NetworkConfig
from forecasting.networks.layout import Layout
from forecasting.networks.losses import mean_loss, quantile_loss
from forecasting.networks.tensors import PanelTensors
from forecasting.networks.windows import gather
from forecasting.progress import OnProgress, Progress

VALIDATIONS = 20  # in the whole of training
VALIDATED = 2048  # windows per validation at most
WARM_UP = 0.05  # share of the steps
AVERAGE = 0.99  # of the weights kept per step in their running average
MEAN_WEIGHT = 0.25  # of the mean's loss beside the quantiles'
FINISH_RATE = 0.25  # of the learning rate, at the start of the finish
DRAWN = 64  # batches drawn at a time


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
    notes: tuple[str, ...] = ()  # what did not go as asked


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
        *,
        stage: str,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> None:
        self.network, self.tensors, self.layout, self.config = network, tensors, layout, config
        self.device = tensors.values_NT.device
        self.levels_Q = torch.tensor(config.quantile_levels, device=self.device)
        self.split = split_of(tensors, layout, config.horizon, config.seed)
        self.batch_size = config.windows()
        self.notes: list[str] = []
        self._generator = torch.Generator().manual_seed(config.seed)
        self._stage, self._on_progress = stage, on_progress
        self._budget, self._began = budget_seconds, time.monotonic()
        self._steps_done = 0

    def run(self) -> TrainingReport:
        """Train; afterwards the network holds the best weights."""
        total = self.config.steps()
        if not self.split.windows:
            return self._report(0, 0, None)
        validated = len(self.split.validated[0]) > 0
        finish = self.config.finish_share if validated else 0.0
        main_budget = None if self._budget is None else self._budget / (1 + finish)
        best, best_step, wql = self._phase(total, self.split.last, main_budget, 1.0, validated)
        self.network.load_state_dict(best)
        if finish:
            steps = max(1, round(finish * best_step))
            weights, _, _ = self._phase(
                steps, self.split.last_of_all, self._budget, FINISH_RATE, False
            )
            self.network.load_state_dict(weights)
        return self._report(self._steps_done, best_step, wql)

    def _phase(
        self, total: int, last: int, budget: float | None, rate: float, validated: bool
    ) -> tuple[dict[str, Tensor], int, float | None]:
        """Up to `total` steps on windows until `last`: best weights, their step and WQL."""
        config = self.config
        optimiser = torch.optim.AdamW(
            _groups(self.network, config.weight_decay), lr=config.learning_rate
        )
        average = copy.deepcopy(self.network).eval()
        batches = self._batches(last)
        best, best_step, best_wql, stale = average.state_dict(), 0, math.inf, 0
        every = max(1, total // VALIDATIONS)
        began, used_before = time.monotonic(), time.monotonic() - self._began
        step, share = 0, 0.0
        while share < 1.0:
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * rate * _pace(share, warm=rate == 1.0)
            self.network.train()
            loss = self._update(optimiser, next(batches))
            step += 1
            self._steps_done += 1
            _follow(average, self.network, min(AVERAGE, (1 + step) / (10 + step)))
            share = step / total
            if budget is not None:
                left = max(budget - used_before, 1e-3)
                share = max(share, (time.monotonic() - began) / left)
            if step % every and share < 1.0:
                continue
            wql = self.validate(average) if validated else None
            if wql is None or wql < best_wql:
                best, best_step, stale = copy.deepcopy(average.state_dict()), step, 0
                best_wql = math.inf if wql is None else wql
            else:
                stale += 1
            self._tell(step, total, time.monotonic() - began, float(loss), wql)
            if validated and stale >= config.patience:
                break
        return best, best_step, best_wql if math.isfinite(best_wql) else None

    def _update(self, optimiser: torch.optim.Optimizer, batch: tuple[Tensor, Tensor]) -> Tensor:
        """One step; where the device's memory is too small, with half the batch from then on."""
        rows_B, cutoffs_B = batch
        while True:
            rows_B, cutoffs_B = rows_B[: self.batch_size], cutoffs_B[: self.batch_size]
            optimiser.zero_grad(set_to_none=True)
            try:
                loss = self._loss(rows_B, cutoffs_B)
                loss.backward()
                break
            except torch.OutOfMemoryError:
                if self.batch_size == 1:
                    raise
                self.batch_size //= 2
                torch.cuda.empty_cache()
                self.notes.append(
                    f"The device's memory was too small; training went on with batches of "
                    f"{self.batch_size} windows."
                )
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        optimiser.step()
        return loss.detach()

    def _loss(self, rows_B: Tensor, cutoffs_B: Tensor) -> Tensor:
        windows = gather(self.tensors, self.layout, rows_B, cutoffs_B, self.config.horizon)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            quantiles_BHQ, mean_BH = self.network(windows)
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
        return (weight_B * loss_B).sum() / counted

    def _batches(self, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless batches of rows and cutoffs, drawn many at a time and kept on the device."""
        first_N = torch.as_tensor(self.split.first_N)
        usable_N = (first_N <= last) & torch.as_tensor(self.tensors.volumes > 0)
        if not bool(usable_N.any()):
            usable_N = first_N <= last
        volumes_N = self.tensors.volumes / max(self.tensors.volumes.max(), 1e-300)
        volumes_N = np.where(volumes_N > 0, volumes_N, 1.0) ** self.config.scale_power
        weights_N = torch.as_tensor(volumes_N) * usable_N
        size = self.config.windows()
        while True:
            rows = torch.multinomial(
                weights_N, DRAWN * size, replacement=True, generator=self._generator
            )
            place = torch.rand(DRAWN * size, generator=self._generator, dtype=torch.float64)
            span = (last - first_N[rows] + 1).double()
            cutoffs = first_N[rows] + (place * span).floor().long()
            rows, cutoffs = rows.to(self.device), cutoffs.to(self.device)
            yield from zip(rows.split(size), cutoffs.split(size), strict=True)

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> float:
        """WQL of the validated windows."""
        rows, cutoffs = (torch.as_tensor(each, device=self.device) for each in self.split.validated)
        volumes_N = torch.as_tensor(self.tensors.volumes, device=self.device)
        lost, sold = 0.0, 0.0
        for rows_B, cutoffs_B in zip(rows.split(1024), cutoffs.split(1024), strict=True):
            windows = gather(self.tensors, self.layout, rows_B, cutoffs_B, self.config.horizon)
            quantiles_BHQ, _ = network(windows)
            loss_B = quantile_loss(
                quantiles_BHQ, windows.target_BH, windows.observed_BH, self.levels_Q
            )
            unit_B = windows.scale_B * volumes_N[rows_B]
            lost += float((loss_B * unit_B).sum())
            sold += float((windows.target_BH.abs().sum(dim=1) * unit_B).sum())
        return lost / sold if sold else lost

    def _tell(self, step: int, total: int, seconds: float, loss: float, wql: float | None) -> None:
        if self._on_progress is None:
            return
        words = f"{self._stage}: loss {loss:.4f}"
        words += f", validation WQL {wql:.4f}, step" if wql is not None else ", step"
        self._on_progress(Progress(words, step, total, seconds))

    def _report(self, steps: int, best_step: int, wql: float | None) -> TrainingReport:
        return TrainingReport(
            steps=steps,
            best_step=best_step,
            validation_wql=wql,
            windows=self.split.windows,
            batch_size=self.batch_size,
            device=str(self.device),
            seconds=time.monotonic() - self._began,
            notes=tuple(self.notes),
        )


def _pace(share: float, *, warm: bool) -> float:
    """The learning rate as a share of its peak: a short rise, then a cosine down to a hundredth."""
    rise = min(1.0, (share + 0.002) / WARM_UP) if warm else 1.0
    return rise * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay, biases and norms do not."""
    matrices = [each for each in network.parameters() if each.ndim > 1]
    others = [each for each in network.parameters() if each.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the running average of the weights towards the weights."""
    ours = [each.detach() for each in average.parameters()]
    torch._foreach_lerp_(ours, [each.detach() for each in network.parameters()], 1 - keep)
