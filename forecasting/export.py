"""ONNX: the network of a fitted model as one file that onnxruntime runs without torch's network.

The graph takes windows as `networks.windows.gather` makes them, any number B of them:
context_BLC (past steps, asinh of values in scales, and all that is known of them), future_BHF
(future steps), candidates_BHJ and known_BHJ (values each step may resemble, and which exist),
numbers_BM, and where the model has them categories_BS and series_B. It gives quantiles_BHQ and
mean_BH in scales of the window: multiplied by scale_B and by the volume of the series they are
units sold. The options, layout and sizes of the model are in the metadata of the file, so
`OnnxForecaster` needs the file alone.
"""

import importlib
import importlib.util
import json
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from forecasting.arrays import FloatArray
from forecasting.devices import threads
from forecasting.errors import ConfigError, ForecastingError
from forecasting.forecast import Forecast
from forecasting.future import KnownFuture
from forecasting.models import MODELS
from forecasting.networks.bands import Bands
from forecasting.networks.forecaster import NetworkForecaster, layout_from
from forecasting.networks.network import Network
from forecasting.networks.windows import Windows
from forecasting.panel import Panel
from forecasting.protocol import Forecaster
from forecasting.storage import config_from, read_config
from forecasting.training import TrainingReport

METADATA = "almanac"  # its name in the file
OUTPUTS = ["quantiles_BHQ", "mean_BH"]
AROUND = ("scale_B", "target_BH", "observed_BH")  # parts of a window that no network reads
CHECKED = 64  # windows, made at random, that both networks are given
LARGEST_DIFFERENCE = 1e-3  # in scales; more is a fault of the export, not of rounding


@dataclass(frozen=True, kw_only=True)
class OnnxReport:
    """What an export gave."""

    file: Path
    difference: float  # largest between the two networks' outputs, in scales of the windows
    size: int  # bytes
    seconds: float  # that the export took
    torch_seconds: float  # for the checked windows, one thread
    onnx_seconds: float


def export_onnx(
    model: Forecaster, file: Path | str, *, int8: bool = False, seed: int = 0
) -> OnnxReport:
    """Write the network of a fitted lstm, gru or transformer to a file ending in .onnx.

    The file is run by onnxruntime on windows made at random, in another number than it was
    exported with; where the outputs differ from torch's by more than rounding, nothing is written
    and `ForecastingError` says so. `int8` stores and multiplies matrices in whole numbers: a
    smaller file whose difference is only reported. Needs requirements-export.txt.
    """
    path = Path(file)
    if path.suffix != ".onnx":
        raise ConfigError(f"{str(path)!r} must end in .onnx. Rename the file.")
    if not isinstance(model, NetworkForecaster):
        raise ConfigError(
            f"Model {model.name!r} has no network to export. Export lstm, gru or transformer."
        )
    _, network = model._fitted()
    _require("onnx", "onnxscript", "onnxruntime")
    began = time.perf_counter()
    graph = _Graph(network)
    windows = _random_windows(model, CHECKED, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        _write(graph, {name: each[:2] for name, each in windows.items()}, fresh)
        if int8:
            fresh = _quantised(fresh)
        _describe(fresh, model)
        seconds = time.perf_counter() - began
        report = _compared(graph, windows, fresh, path, seconds)
        if not report.difference <= (np.inf if int8 else LARGEST_DIFFERENCE):
            raise ForecastingError(
                f"The exported network differs by {report.difference:.2g} from the model, more "
                f"than {LARGEST_DIFFERENCE}. Nothing was written; please report this as a bug."
            )
        fresh.replace(path)
    return report


class OnnxForecaster:
    """Predicts any panel with an exported network: windows by gathering, the rest by onnxruntime.

    Fallbacks, rounding and order of quantiles are those of the model that was exported.
    """

    def __init__(self, model: NetworkForecaster) -> None:
        self._model = model

    @classmethod
    def load(cls, file: Path | str, *, num_threads: int = 1) -> Self:
        """The forecaster in a file of `export_onnx`. Raises `ConfigError` for any other file."""
        _require("onnxruntime")
        session = _session(Path(file), num_threads)
        text = session.get_modelmeta().custom_metadata_map.get(METADATA)
        if text is None:
            raise ConfigError(f"{file} was not written by export_onnx(). Export the model again.")
        return cls(_model_around(session, text, file))

    def predict(self, panel: Panel, *, known_future: KnownFuture | None = None) -> Forecast:
        """The forecast after the panel's cutoff, as `predict` of the model gives it."""
        return self._model.predict(panel, known_future=known_future)


class _Graph(nn.Module):
    """The network with one tensor per input, as the exporter wants it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network.eval()
        unused = set(AROUND)
        unused |= set() if len(network.embeddings) else {"categories_BS"}
        unused |= {"series_B"} if network.series is None else set()
        self.names = [each.name for each in fields(Windows) if each.name not in unused]

    def forward(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        given = dict(zip(self.names, tensors, strict=True))
        zeros_B = torch.zeros_like(given["numbers_BM"][:, 0])
        none = {name: zeros_B for name in AROUND}
        none |= {"categories_BS": zeros_B.long()[:, None], "series_B": zeros_B.long()}
        quantiles_BHQ, mean_BH = self.network(Windows(**none | given))
        return quantiles_BHQ, mean_BH


class _Session(nn.Module):
    """What the network is to a forecaster, computed by onnxruntime."""

    def __init__(self, session: Any) -> None:
        super().__init__()
        self.session = session
        self.names = [each.name for each in session.get_inputs()]
        self.device = nn.Parameter(torch.empty(0), requires_grad=False)  # says where: on the CPU

    def forward(self, windows: Windows) -> tuple[Tensor, Tensor]:
        """Quantiles (B, H, Q) and mean (B, H), in scales."""
        given = {name: getattr(windows, name).numpy() for name in self.names}
        quantiles_BHQ, mean_BH = self.session.run(OUTPUTS, given)
        return torch.from_numpy(quantiles_BHQ), torch.from_numpy(mean_BH)


def _model_around(session: Any, text: str, file: Path | str) -> NetworkForecaster:
    """The forecaster that the metadata describe, with the session as its network."""
    try:
        content = json.loads(text)
        model_class = MODELS[content["model"]].import_class()
        config = config_from(model_class.config_class, content["config"], content["model"])
        model = model_class(replace(config, device="cpu"))
        if not isinstance(model, NetworkForecaster):
            raise TypeError(f"{content['model']!r} is no network")
        model._layout = layout_from(content["fitted"]["layout"])
        model._bands = Bands.from_json(content["fitted"]["bands"])
        model.training = TrainingReport(steps=content["fitted"]["training"]["steps"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"The metadata of {file} are damaged ({error!r}). Export the model again."
        ) from error
    model._network = _Session(session)  # type: ignore[assignment]  # same in, same out
    return model


def _random_windows(model: NetworkForecaster, count: int, seed: int) -> dict[str, Tensor]:
    """Windows of the sizes that the network reads; no panel is needed to compare two networks."""
    layout, network = model._fitted()
    horizon, sizes = model.config.horizon, network.sizes
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=draw)

    tables = [len(each.categories) + 1 for each in layout.statics if not each.spread]
    categories = [torch.randint(0, size, (count,), generator=draw) for size in tables]
    return {
        "context_BLC": normal(layout.context_length, sizes.context),
        "future_BHF": normal(horizon, sizes.future),
        "candidates_BHJ": normal(horizon, sizes.candidates).abs(),
        "known_BHJ": (normal(horizon, sizes.candidates) > -1).float(),
        "numbers_BM": normal(sizes.numbers),
        "categories_BS": torch.stack(categories, dim=1) if categories else torch.zeros(count, 0),
        "series_B": torch.randint(0, len(layout.series) + 1, (count,), generator=draw),
    }


def _write(graph: _Graph, windows: dict[str, Tensor], file: Path) -> None:
    """Let torch export the graph, for any number of windows."""
    batch = torch.export.Dim("B", min=1)
    with _quiet():
        torch.onnx.export(
            graph,
            tuple(windows[name] for name in graph.names),
            file,
            input_names=graph.names,
            output_names=OUTPUTS,
            dynamic_shapes=(tuple({0: batch} for _ in graph.names),),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _quantised(file: Path) -> Path:
    """The same graph with matrices of whole numbers."""
    onnx = importlib.import_module("onnx")
    quantization = importlib.import_module("onnxruntime.quantization")
    content = onnx.load(file)
    del content.graph.value_info[:]  # shapes from before torch's optimiser, which it would refuse
    onnx.save(content, file)
    smaller = file.with_name(f"int8-{file.name}")
    with _quiet():
        quantization.quantize_dynamic(file, smaller, weight_type=quantization.QuantType.QInt8)
    return smaller


def _describe(file: Path, model: NetworkForecaster) -> None:
    """Put what config.json of the saved model says into the file."""
    onnx = importlib.import_module("onnx")
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        text = json.dumps(read_config(folder))
    content = onnx.load(file)
    onnx.helper.set_model_props(content, {METADATA: text})
    onnx.save(content, file)


def _compared(
    graph: _Graph, windows: dict[str, Tensor], file: Path, path: Path, seconds: float
) -> OnnxReport:
    """Both networks on the same windows."""
    session = _session(file, 1)
    names = [each.name for each in session.get_inputs()]
    given = {name: windows[name].numpy() for name in names}
    tensors = [windows[name] for name in graph.names]
    with threads(1), torch.inference_mode():
        ours, torch_seconds = _timed(lambda: [each.numpy() for each in graph(*tensors)])
    theirs, onnx_seconds = _timed(lambda: session.run(OUTPUTS, given))
    pairs: list[tuple[FloatArray, FloatArray]] = list(zip(ours, theirs, strict=True))
    return OnnxReport(
        file=path,
        difference=max(_difference(*pair) for pair in pairs),
        size=file.stat().st_size,
        seconds=seconds,
        torch_seconds=torch_seconds,
        onnx_seconds=onnx_seconds,
    )


def _difference(ours: FloatArray, theirs: FloatArray) -> float:
    """The largest difference, of large values (above one scale) as a share of them."""
    return float((np.abs(ours - theirs) / np.maximum(np.abs(ours), 1.0)).max())


def _timed(compute: Callable[[], list[Any]]) -> tuple[list[Any], float]:
    """The result, and the seconds of the fastest of three times: the first one warms up."""
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        result = compute()
        seconds.append(time.perf_counter() - began)
    return result, min(seconds)


def _session(file: Path, num_threads: int) -> Any:
    """An onnxruntime session. Raises `ConfigError` for a missing or damaged file."""
    if not file.is_file():
        raise ConfigError(f"{file} does not exist. Give a file that export_onnx() wrote.")
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 3  # errors alone
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no base of their own but Exception
        raise ConfigError(
            f"{file} is damaged or no ONNX file ({str(error).splitlines()[0]}). Export the model "
            "again."
        ) from error


def _require(*libraries: str) -> None:
    """Raise `ConfigError` where a library of the export is not installed."""
    missing = [each for each in libraries if importlib.util.find_spec(each) is None]
    if missing:
        raise ConfigError(
            f"Export needs {', '.join(missing)}, which this installation lacks. Install them with "
            "pip install -r requirements-export.txt."
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what exporter and quantiser tell of their inner works; errors are raised as ever."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
