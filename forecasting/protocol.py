"""What every model can do; classical methods, networks and ensembles satisfy it alike."""

from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from forecasting.forecast import Forecast
from forecasting.future import KnownFuture
from forecasting.panel import Panel
from forecasting.progress import OnProgress


class Forecaster(Protocol):
    """A model, made from its frozen config dataclass; `horizon` and levels are in the config.

    A class belongs in `forecasting/models/<name>.py`, with one entry in `MODELS`.
    """

    name: ClassVar[str]  # its key in MODELS
    config_class: ClassVar[type[Any]]  # frozen dataclass of all its options
    uses_known_covariates: ClassVar[bool]

    def __init__(self, config: Any) -> None: ...

    @property
    def config(self) -> Any: ...

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Learn from the panel; with a budget, stop early and keep the best so far."""

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast of every series of this panel after its cutoff.

        Raises `NotFittedError` before `fit`, `PanelError` where known covariates are incomplete.
        """

    def save(self, folder: Path | str) -> None:
        """Write config.json, and weights where there are any, into the folder."""

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model that `save` wrote."""
