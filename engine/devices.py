"""GPUs: how many there are, the slots they make, and which requests are better off on one.

Nothing here loads torch: the app asks, and only workers compute.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any

from engine.requests import (
    BacktestRequest,
    FitRequest,
    ForecastRequest,
    Request,
    TuneRequest,
)

VISIBLE = "CUDA_VISIBLE_DEVICES"
_DRIVER = Path("/proc/driver/nvidia/gpus")
_PATIENCE_SECONDS = 10.0  # for nvidia-smi, which wakes sleeping GPUs


def slots_of(*, jobs: int, gpus: int) -> dict[str, int]:
    """How many jobs of each resource run at once: one for each GPU.

    >>> slots_of(jobs=2, gpus=2)
    {'cpu': 2, 'gpu0': 1, 'gpu1': 1}
    """
    return {"cpu": jobs, **{f"gpu{number}": 1 for number in range(gpus)}}


def count_gpus(environ: Mapping[str, str] = os.environ) -> int:
    """GPUs that workers could use: those of the driver, less what the environment hides.

    None where torch was built without CUDA.
    """
    shown = visible(environ)
    if shown == [] or not _torch_has_cuda():
        return 0
    present = _present()
    return present if shown is None else min(len(shown), present)


def visible(environ: Mapping[str, str]) -> list[str] | None:
    """The GPUs that the environment shows, by number or name; None where it does not say.

    >>> visible({"CUDA_VISIBLE_DEVICES": "2, 3, -1, 0"}), visible({"CUDA_VISIBLE_DEVICES": ""})
    (['2', '3'], [])
    """
    if VISIBLE not in environ:
        return None
    listed = [each.strip() for each in environ[VISIBLE].split(",")]
    return list(takewhile(lambda each: each not in ("", "-1"), listed))  # as CUDA reads it


def device_of(resource: str, environ: Mapping[str, str]) -> str:
    """What a worker of the slot may see of the GPUs: one, or none.

    >>> device_of("gpu1", {}), device_of("gpu1", {"CUDA_VISIBLE_DEVICES": "4,6"})
    ('1', '6')
    >>> device_of("cpu", {"CUDA_VISIBLE_DEVICES": "4,6"})
    ''
    """
    if not resource.startswith("gpu"):
        return ""
    number, shown = resource.removeprefix("gpu"), visible(environ)
    if shown and number.isdecimal() and int(number) < len(shown):
        return shown[int(number)]
    return number


def wants_gpu(request: Request, runs: Path) -> bool:
    """Whether a network is trained that may use a GPU, or a kept one insists on it.

    A kept network predicts in seconds on a CPU, and need not wait for a training to end; unless
    its options name the GPU. `runs` is the folder of the run folders.
    """
    if isinstance(request, ForecastRequest) and request.from_run is not None:
        return _insists(runs / request.from_run)
    return any(
        is_network(name) and str(options.get("device", "auto")).startswith(("auto", "cuda"))
        for name, options in _trained(request)
    )


# In the file of every network: of the trained ones, the pretrained one, or those that users bring.
NETWORK = (
    "from forecasting.public.forecaster import",
    "from forecasting.networks.forecaster import",
    "from forecasting.pretraining.network import",
)


@cache
def is_network(model: str) -> bool:
    """Whether the model is a network; read in its file, as it loads torch."""
    from forecasting.models import MODELS  # late, because it loads pandas

    if model not in MODELS:
        return False
    module = MODELS[model].location.split(":")[0]
    found = find_spec(f"forecasting.models.{module}")
    if not found or not found.origin:
        return False
    text = Path(found.origin).read_text()
    return any(each in text for each in NETWORK)


def _trained(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The models that the request trains, members of ensembles included, with their options."""
    if isinstance(request, BacktestRequest):
        given = [(name, request.options.get(name, {})) for name in request.models]
    elif isinstance(request, FitRequest | ForecastRequest | TuneRequest):
        given = [(str(request.model), request.options)]
    else:
        given = []
    for name, options in given:
        yield name, options
        of_members = options.get("member_options", {})
        for member in options.get("members", ()):
            yield member, of_members.get(member, {})


def _insists(run: Path) -> bool:
    """Whether the options of the kept model name a GPU."""
    from forecasting.errors import ConfigError
    from forecasting.storage import read_config

    try:
        device = read_config(run / "model")["config"].get("device", "auto")
    except ConfigError:  # it was deleted: the worker says so
        return False
    return str(device).startswith("cuda")


def _torch_has_cuda() -> bool:
    from importlib.metadata import PackageNotFoundError, version  # late: workers need it not

    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def _present() -> int:
    """GPUs by the word of nvidia-smi, which leaves out those that a container may not use."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return len(list(_DRIVER.iterdir())) if _DRIVER.is_dir() else 0
    try:
        told = subprocess.run(
            [command, "-L"], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):  # its driver does not work, so no GPU does
        return 0
    return sum(line.startswith("GPU ") for line in told.stdout.splitlines())
