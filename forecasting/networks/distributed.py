"""Several workers that train one network: processes of this machine, or tasks of a Ray cluster.

All draw the same batches, since they have the same seed, and each takes its share of every batch.
Their gradients are averaged, each weighted by what it counted: the update is that of one worker
with the whole batch, up to rounding and dropout, and the weights are the same everywhere.

The first worker is the process that called `fit`. It alone reports, decides how much time is left,
and writes checkpoints; when it ends, for whatever reason, the others are ended too.
"""

import multiprocessing
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from forecasting.errors import ConfigError, ForecastingError
from forecasting.panel import Panel
from forecasting.ray_tasks import is_driver

if TYPE_CHECKING:
    from forecasting.networks.config import NetworkConfig

JOIN_SECONDS = 300.0  # for the other workers to begin; a cluster may have to find room for them
ANSWER = timedelta(minutes=10)  # for another worker to do its share of one step

Shared = TypeVar("Shared")


class TeamLost(ForecastingError):
    """Another worker of the training ended before it was done."""


@dataclass(frozen=True)
class Team:
    """Who trains together; one worker alone by default. All must make the same calls in turn."""

    rank: int = 0
    size: int = 1

    def share(self, *batch: Tensor) -> tuple[Tensor, ...]:
        """Every `size`-th element of each tensor, beginning with the one of this worker."""
        return tuple(each[self.rank :: self.size] for each in batch)

    def seed(self, seed: int, step: int) -> None:
        """Let every worker drop other units, and the same ones where a step is done again."""
        if self.size > 1:
            torch.manual_seed((seed * 1_000_003 + step) * self.size + self.rank)

    def average(self, network: nn.Module, loss: Tensor, weight: Tensor) -> Tensor:
        """The loss of all; the gradients in the network become those of all."""
        if self.size == 1:
            return loss
        gradients = [each.grad for each in network.parameters() if each.grad is not None]
        parts = [each.flatten() for each in gradients] + [
            loss.view(1),
            torch.ones_like(loss).view(1),
        ]
        whole = self.total(torch.cat(parts) * weight)
        whole /= whole[-1].clone()
        pieces = whole.split([len(part) for part in parts])
        for gradient, piece in zip(gradients, pieces, strict=False):
            gradient.copy_(piece.view_as(gradient))
        return pieces[-2][0]

    def total(self, values: Tensor) -> Tensor:
        """The sum of the values of all, in place."""
        if self.size > 1:
            with _in_words():
                dist.all_reduce(values)
        return values

    def of_the_first(self, value: Shared) -> Shared:
        """What the first worker gave."""
        if self.size == 1:
            return value
        held = [value]
        with _in_words():
            dist.broadcast_object_list(held, src=0, device=torch.device("cpu"))
        return held[0]


ALONE = Team()


class Assistant(Protocol):
    """A model that can do a share of a training."""

    def assist(self, team: Team, panel: Panel, budget_seconds: float | None) -> None: ...


@dataclass(frozen=True)
class Task:
    """What another worker is given to do."""

    model_class: Any
    config: "NetworkConfig"
    panel: Panel
    budget_seconds: float | None

    def of(self, rank: int, *, on_ray: bool) -> "Task":
        """For this worker: on one machine each takes a GPU of its own, on Ray it sees no other."""
        if not self.config.device.startswith("cuda"):
            return self
        device = "cuda" if on_ray else f"cuda:{rank}"
        return replace(self, config=replace(self.config, device=device))


@contextmanager
def leading(task: Task, device: torch.device) -> Iterator[Team]:
    """The team that `config.num_workers` asks for, with this process as its first worker.

    Raises `ConfigError` where this machine has too few GPUs, `TeamLost` where a worker fails.
    """
    size = task.config.num_workers
    if size == 1:
        yield ALONE
        return
    if dist.is_initialized():
        raise ConfigError(
            f"num_workers={size}: this process already takes part in a torch.distributed group. "
            "Use num_workers=1, or end that group first."
        )
    on_ray = is_driver()
    task = replace(task, config=replace(task.config, device=device.type))  # "auto" may differ there
    if device.type == "cuda" and not on_ray and torch.cuda.device_count() < size:
        raise ConfigError(
            f"num_workers={size}, but this machine has {torch.cuda.device_count()} GPUs. Use as "
            "many workers as GPUs, or a Ray cluster."
        )
    host = _own_address() if on_ray else "127.0.0.1"
    store = TCPStore(host, 0, is_master=True, wait_for_workers=False)
    others: _Others = _RayTasks() if on_ray else _Processes()
    try:
        for rank in range(1, size):
            others.start((task.of(rank, on_ray=on_ray), rank, size, host, store.port))
        _wait_for(store, others, size)
        yield _join(store, 0, size, device)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
        others.end()


def _wait_for(store: TCPStore, others: "_Others", size: int) -> None:
    deadline = time.monotonic() + JOIN_SECONDS
    while not store.check([_ready(rank) for rank in range(1, size)]):
        if trouble := others.trouble():
            raise TeamLost(f"A training worker could not begin: {trouble}. Use num_workers=1.")
        if time.monotonic() > deadline:
            raise TeamLost(
                f"num_workers={size}, but not all could begin within {JOIN_SECONDS:.0f} s: there "
                "are too few free CPUs or GPUs. Use fewer workers, or try again later."
            )
        time.sleep(0.05)


def _assist(task: Task, rank: int, size: int, host: str, port: int) -> None:
    """The life of another worker."""
    device = torch.device("cuda" if task.config.device.startswith("cuda") else "cpu")
    store = TCPStore(host, port, is_master=False)
    store.set(_ready(rank), "")
    model: Assistant = task.model_class(task.config)
    try:
        model.assist(_join(store, rank, size, device), task.panel, task.budget_seconds)
    except TeamLost:  # the first worker has ended, and wants no more
        return
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _join(store: TCPStore, rank: int, size: int, device: torch.device) -> Team:
    kinds = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    with _in_words():
        dist.init_process_group(kinds, store=store, rank=rank, world_size=size, timeout=ANSWER)
    return Team(rank, size)


def _ready(rank: int) -> str:
    return f"worker {rank} is ready"


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise TeamLost(
            f"A training worker ended before it was done ({str(error).splitlines()[0][:200]}), "
            "most often for lack of memory. Use fewer workers or a smaller batch_size."
        ) from error


class _Others(Protocol):
    """The other workers, wherever they are."""

    def start(self, arguments: tuple[Any, ...]) -> None: ...

    def trouble(self) -> str:
        """Why one has ended too early; "" where none has."""

    def end(self) -> None: ...


class _Processes:
    """Processes of this machine."""

    def __init__(self) -> None:
        self._processes: list[BaseProcess] = []

    def start(self, arguments: tuple[Any, ...]) -> None:
        # "spawn": a fork of a process that runs threads (torch, a server) can hang.
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_assist_here, args=arguments, daemon=True)
        process.start()
        self._processes.append(process)

    def trouble(self) -> str:
        codes = [each.exitcode for each in self._processes if each.exitcode is not None]
        return (
            f"its process ended with exit code {codes[0]}, for lack of memory or because the "
            'calling script is not guarded by `if __name__ == "__main__"`'
            if codes
            else ""
        )

    def end(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
            process.close()


class _RayTasks:
    """Tasks of the cluster, each with a CPU or a GPU."""

    def __init__(self) -> None:
        self._tasks: list[Any] = []

    def start(self, arguments: tuple[Any, ...]) -> None:
        import ray

        gpus = 1 if arguments[0].config.device.startswith("cuda") else 0
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0)(_assist)
        self._tasks.append(remote.remote(*arguments))

    def trouble(self) -> str:
        import ray

        ended, _ = ray.wait(self._tasks, num_returns=len(self._tasks), timeout=0)
        try:
            ray.get(ended)
        except ray.exceptions.RayError as error:
            return str(error).strip().splitlines()[-1]
        return "its task ended at once" if ended else ""

    def end(self) -> None:
        import ray

        for task in self._tasks:
            ray.cancel(task, force=True)


def _assist_here(*arguments: Any) -> None:
    """Only the first worker is told to stop; it then has the others ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _assist(*arguments)


def _own_address() -> str:
    """That of this machine in its cluster."""
    import ray

    return str(ray.util.get_node_ip_address() or socket.gethostbyname(socket.gethostname()))
