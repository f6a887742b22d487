"""Reports: what a training says while it runs, to `on_progress` and into event files."""

import time

import torch
from torch import Tensor

from forecasting.networks.events import Events
from forecasting.progress import OnProgress, Progress

REPORT_SECONDS = 0.5  # between two reports, so that a wish to stop is soon heard


class Reports:
    """Sums losses on the device, and fetches their mean from there when it is told."""

    def __init__(
        self, on_progress: OnProgress | None, events: Events | None, device: torch.device
    ) -> None:
        self._on_progress, self._events = on_progress, events
        self._lost = torch.zeros((), device=device)
        self._counted = self._windows = 0
        self._told = time.monotonic()

    @property
    def are_due(self) -> bool:
        return time.monotonic() - self._told >= REPORT_SECONDS

    def count(self, loss: Tensor, windows: int) -> None:
        """Count the loss of one step."""
        self._lost += loss
        self._counted += 1
        self._windows += windows

    def tell(
        self,
        stage: str,
        done: int,
        total: int,
        *,
        elapsed_seconds: float,
        learning_rate: float,
        wql: float | None,
    ) -> None:
        """Tell all who listen. What `on_progress` raises is passed on."""
        now = time.monotonic()
        seconds, self._told = max(now - self._told, 1e-9), now
        if self._on_progress is None and self._events is None:
            return
        loss, windows = float(self._lost / self._counted), self._windows
        self._lost.zero_()
        self._counted = self._windows = 0
        if self._events is not None:
            values = {
                "loss/train": loss,
                "learning_rate": learning_rate,
                "windows_per_second": windows / seconds,
            }
            if wql is not None:
                values["wql/validation"] = wql
            self._events.write(done, values)
        if self._on_progress is not None:
            self._on_progress(Progress(stage, done, total, elapsed_seconds, loss=loss, metric=wql))
