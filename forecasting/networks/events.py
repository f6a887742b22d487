"""Events of a training for TensorBoard: loss, validation WQL, learning rate, windows per second."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.errors import ConfigError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def are_possible() -> bool:
    """Whether the library is installed; it is not imported for that."""
    return find_spec("tensorboard") is not None


class Events:
    """Writes event files into a folder. Raises `ConfigError` where tensorboard is missing."""

    def __init__(self, folder: Path | str) -> None:
        if not are_possible():
            raise ConfigError(
                f"events={str(folder)!r} needs the library tensorboard, which is not installed. "
                "Install it (pip install tensorboard), or leave events out."
            )
        self._folder = Path(folder)
        self._writer: SummaryWriter | None = None

    def write(self, step: int, values: dict[str, float]) -> None:
        """Values by their tags at a step; steps after it that an earlier run wrote are dropped."""
        if self._writer is None:  # the import takes half a second, which no start should wait for
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._folder), purge_step=step, flush_secs=5)
        for tag, value in values.items():
            self._writer.add_scalar(tag, value, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
