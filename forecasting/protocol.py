"""What every model can do; classical methods, networks and ensembles satisfy it alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, runtime_checkable

from forecasting.forecast import Forecast
from forecasting.future import KnownFuture
from forecasting.panel import Panel
from forecasting.progress import OnProgress

if TYPE_CHECKING:  # it loads torch
    from forecasting.training import TrainingReport


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


@runtime_checkable
class Trainable(Forecaster, Protocol):
    """A model that is trained step by step: what it offers besides, and `isinstance` finds it.

    Its `fit` takes an interrupt (Ctrl-C, or a `KeyboardInterrupt` out of `on_progress`) for the
    wish to keep the best so far.
    """

    training: "TrainingReport"  # of the last training
    interrupt: KeyboardInterrupt | None  # what stopped it

    def fit(
        self,
        panel: Panel,
        *,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
        checkpoint: Path | str | None = None,
        events: Path | str | None = None,
    ) -> Self:
        """Train; write a checkpoint into that folder now and then, and go on from the one found
        there of the same options and data. Write events for TensorBoard into the other.
        """

    def fine_tune(
        self,
        panel: Panel,
        *,
        unfrozen: Literal["all", "last", "head"] = "all",
        steps: int | None = None,
        learning_rate: float | None = None,
        on_progress: OnProgress | None = None,
        budget_seconds: float | None = None,
    ) -> Self:
        """Continue training on a panel with the same columns."""


def pass_interrupt_on(model: Forecaster) -> None:
    """Raise the interrupt again that stopped the last fit of the model, if one did.

    For who fits several models or windows: the interrupt was meant for the whole.
    """
    if isinstance(model, Trainable) and model.interrupt is not None:
        raise model.interrupt
