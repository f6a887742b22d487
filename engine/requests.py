"""What a job is asked to do: frozen requests, written as versioned JSON into the run folder.

To add a kind: a frozen dataclass here, a function in `engine/jobs.py`, and one entry in `KINDS`.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, get_args

from engine.errors import RequestError

if TYPE_CHECKING:  # a worker must choose its threads before pandas is loaded
    import pandas as pd

    from forecasting import Panel

FORMAT = 1  # raised when an older reader could misread a request
ROOT = Path(__file__).parent.parent
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
Unfrozen = Literal["all", "last", "head"]  # weights that fine-tuning may change
TUNABLE = ("steps", "learning_rate")  # options of a fine-tuning; None of a model's own
QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)


@dataclass(frozen=True, kw_only=True)
class PanelSpec:
    """How the frame in panel.parquet becomes a panel; the options of `Panel.from_frame`."""

    freq: str
    known_covariates: tuple[str, ...] = ()
    past_covariates: tuple[str, ...] = ()
    static_features: tuple[str, ...] = ()
    gaps: Literal["missing", "zero"] = "missing"

    def __post_init__(self) -> None:
        _check_text("freq", self.freq)
        for name in ("known_covariates", "past_covariates", "static_features"):
            _set(self, name, _texts(name, getattr(self, name)))
        if self.gaps not in ("missing", "zero"):
            raise RequestError(f"gaps={self.gaps!r} is unknown. Use 'missing' or 'zero'.")

    def of(self, frame: "pd.DataFrame") -> "Panel":
        """The panel of a frame, or of some of its series. Raises `PanelError`."""
        from forecasting import Panel

        return Panel.from_frame(
            frame,
            self.freq,
            known_covariates=self.known_covariates,
            past_covariates=self.past_covariates,
            static_features=self.static_features,
            gaps=self.gaps,
        )


class Request(Protocol):
    """What all requests have in common."""

    kind: ClassVar[str]  # its key in KINDS

    @property
    def panel(self) -> PanelSpec: ...


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """Fit one model and keep it: a new one, or the one of an earlier run, trained further."""

    kind: ClassVar[str] = "fit"
    panel: PanelSpec
    model: str
    horizon: int  # steps ahead
    quantile_levels: tuple[float, ...] = QUANTILE_LEVELS
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # of a fine-tuning: TUNABLE
    budget_seconds: float | None = None  # None: until the model is done
    from_run: str | None = None  # the run that kept the model to start from ...
    fine_tune: Unfrozen | None = None  # ... and which of its weights change; both or none
    continues: str | None = None  # a run that ended early: its checkpoint is gone on with

    def __post_init__(self) -> None:
        _check_common(self)
        _check_model(self.model)
        _set(self, "options", _plain("options", self.options))
        if (self.from_run is None) != (self.fine_tune is None):
            raise RequestError(
                f"from_run={self.from_run!r} and fine_tune={self.fine_tune!r}: give both, to train "
                "the model of a run further, or neither."
            )
        _check_start(self)


@dataclass(frozen=True, kw_only=True)
class ForecastRequest:
    """Forecast the panel: by a model fitted now, or by the one that an earlier run kept.

    With `fine_tune` the kept model is trained further on this panel first.
    """

    kind: ClassVar[str] = "forecast"
    panel: PanelSpec
    model: str | None = None  # fitted now ...
    from_run: str | None = None  # ... or the id of the run that kept it; exactly one is given
    horizon: int = 28  # steps ahead; a kept model has its own horizon, levels, seed and options
    quantile_levels: tuple[float, ...] = QUANTILE_LEVELS
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # of a fine-tuning: TUNABLE
    budget_seconds: float | None = None
    fine_tune: Unfrozen | None = None  # which weights of the kept model change; None: no training
    continues: str | None = None  # a run that ended early: its checkpoint is gone on with

    def __post_init__(self) -> None:
        _check_common(self)
        _set(self, "options", _plain("options", self.options))
        if (self.model is None) == (self.from_run is None):
            raise RequestError(
                f"model={self.model!r} and from_run={self.from_run!r}: give the name of a model "
                "to fit, or the id of a run that kept one, and not both."
            )
        if self.model is not None:
            _check_model(self.model)
        if self.fine_tune is not None and self.from_run is None:
            raise RequestError(
                f"fine_tune={self.fine_tune!r} needs from_run, the run that kept the model."
            )
        _check_start(self)


@dataclass(frozen=True, kw_only=True)
class BacktestRequest:
    """Compare models at earlier cutoffs; the options of `forecasting.backtest`."""

    kind: ClassVar[str] = "backtest"
    panel: PanelSpec
    models: tuple[str, ...]
    horizon: int  # steps ahead
    num_windows: int = 1
    step_size: int | None = None  # steps between cutoffs; None: the horizon
    quantile_levels: tuple[float, ...] = QUANTILE_LEVELS
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # by model
    budget_seconds: float | None = None  # per model and window

    def __post_init__(self) -> None:
        _check_common(self)
        _set(self, "models", _texts("models", self.models))
        if not self.models:
            raise RequestError("models is empty. Name at least one model.")
        for model in self.models:
            _check_model(model)
        _check_count("num_windows", self.num_windows, least=1)
        if self.step_size is not None:
            _check_count("step_size", self.step_size, least=1)
        _set(self, "options", _plain("options", self.options))
        for model, given in self.options.items():
            if model not in self.models or not isinstance(given, Mapping):
                raise RequestError(
                    f"options[{model!r}]={given!r}: options are per model, such as "
                    f"{{{self.models[0]!r}: {{...}}}}."
                )


@dataclass(frozen=True, kw_only=True)
class TuneRequest:
    """Search the options of one model; the options of `forecasting.tune`."""

    kind: ClassVar[str] = "tune"
    panel: PanelSpec
    model: str
    horizon: int  # steps ahead
    num_windows: int = 2
    quantile_levels: tuple[float, ...] = QUANTILE_LEVELS
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # fixed in all trials
    space: Mapping[str, Any] | None = None  # by option; None: the model's usual one
    trials: int | None = None  # None: until the seconds are used up, or 20
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: bool = True  # end trials early that are bound to be bad
    budget_seconds: float | None = None  # of the whole job, the fit at its end included
    fit_best: bool = True  # at the end, fit the model with the best options and keep it
    forecast: bool = False  # with the model that is kept
    continues: str | None = None  # a search that ended early: its trials count here too

    def __post_init__(self) -> None:
        _check_common(self)
        _check_model(self.model)
        _check_count("num_windows", self.num_windows, least=1)
        if self.trials is not None:
            _check_count("trials", self.trials, least=1)
        if self.sampler not in ("tpe", "random"):
            raise RequestError(f"sampler={self.sampler!r} is unknown. Use 'tpe' or 'random'.")
        for name in ("pruner", "fit_best", "forecast"):
            if not isinstance(value := getattr(self, name), bool):
                raise RequestError(f"{name}={value!r} must be true or false.")
        if self.forecast and not self.fit_best:
            raise RequestError("forecast=True needs fit_best=True: it is made with that model.")
        _check_run_id("continues", self.continues)
        _set(self, "options", _plain("options", self.options))
        if self.space is not None:
            _set(self, "space", _plain("space", self.space))


@dataclass(frozen=True)
class Kind:
    """An entry of KINDS: the request, and where the function is that does the job."""

    request_class: type[Any]
    location: str  # "module:function"; imported by the worker alone

    def import_function(self) -> Callable[[Any, Any], None]:
        """The function that takes a session and a request, imported now."""
        module, function = self.location.split(":")
        return getattr(import_module(module), function)


KINDS = {
    "fit": Kind(FitRequest, "engine.jobs:fit"),
    "forecast": Kind(ForecastRequest, "engine.jobs:forecast"),
    "backtest": Kind(BacktestRequest, "engine.jobs:backtest"),
    "tune": Kind(TuneRequest, "engine.jobs:tune"),
}


def to_json(request: Request) -> str:
    """The request as text that `from_json` reads."""
    content = {"format": FORMAT, "kind": request.kind, **asdict(request)}  # type: ignore[call-overload]
    return json.dumps(content, indent=2, sort_keys=True)


def from_json(text: str) -> Request:
    """The request that `to_json` wrote.

    Raises `RequestError` for damaged text, a newer format, and kinds or fields that are unknown.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RequestError(f"The request is damaged ({error}). Submit the job again.") from error
    if not isinstance(content, dict) or not {"format", "kind"} <= content.keys():
        raise RequestError("The request has no format or kind. Submit the job again.")
    written = content.pop("format")
    if type(written) is not int or written < 1:
        raise RequestError(f"The request has the format {written!r}. Submit the job again.")
    if written > FORMAT:
        raise RequestError(
            f"The request was written by a newer version of Almanac (format {written!r}; this one "
            f"reads up to {FORMAT}). Update this installation, or submit the job again here."
        )
    kind = content.pop("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise RequestError(
            f"The request is of the unknown kind {kind!r}; known are {', '.join(KINDS)}. "
            "Update this installation, or submit another job."
        )
    request: Request = _built(KINDS[kind].request_class, content, f"{kind} request")
    return request


def digest(request: Request, *frames: "pd.DataFrame | None") -> str:
    """A fingerprint of request, data and code: equal where equal results are to be expected."""
    import pandas as pd

    total = hashlib.sha256(f"{code_version()}{to_json(request)}".encode())
    for frame in frames:
        if frame is None:
            total.update(b"none")
            continue
        total.update(repr([str(name) for name in frame.columns]).encode())
        total.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return total.hexdigest()


@cache
def code_version(root: Path = ROOT) -> str:
    """A fingerprint of the sources that results come from: all of forecasting, and the jobs.

    A result of older code is not offered for an equal request, as it need not be equal.
    """
    total = hashlib.sha256()
    for file in [root / "engine" / "jobs.py", *sorted((root / "forecasting").rglob("*.py"))]:
        total.update(file.relative_to(root).as_posix().encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def _built(made: type[Any], content: dict[str, Any], what: str) -> Any:
    known = {each.name: each for each in fields(made)}
    if unknown := sorted(content.keys() - known.keys()):
        raise RequestError(
            f"The {what} has fields that are unknown here: {', '.join(unknown)}. It was written "
            "by another version of Almanac: update this installation, or submit the job again."
        )
    needed = [
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING
    ]
    if missing := [name for name in needed if name not in content]:
        raise RequestError(f"The {what} lacks {', '.join(missing)}. Submit the job again.")
    if "panel" in known:
        if not isinstance(content["panel"], dict):
            raise RequestError(f"The {what} has no readable panel. Submit the job again.")
        content["panel"] = _built(PanelSpec, content["panel"], "panel of the request")
    return made(**content)


def _check_common(request: Any) -> None:
    if not isinstance(request.panel, PanelSpec):
        raise RequestError(f"panel={request.panel!r} must be a PanelSpec.")
    _check_count("horizon", request.horizon, least=1)
    _check_count("seed", request.seed, least=0)
    levels = request.quantile_levels
    try:
        levels = tuple(float(level) for level in levels)
    except (TypeError, ValueError) as error:
        raise RequestError(f"quantile_levels={levels!r} must be probabilities.") from error
    if not levels or list(levels) != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
        raise RequestError(
            f"quantile_levels={levels} must be ascending probabilities between 0 and 1, such as "
            "(0.1, 0.5, 0.9)."
        )
    _set(request, "quantile_levels", levels)
    budget = request.budget_seconds
    if budget is not None and not (
        isinstance(budget, int | float) and math.isfinite(budget) and budget > 0
    ):
        raise RequestError(f"budget_seconds={budget!r} must be seconds above 0, or None.")


def _check_model(name: object) -> None:
    from forecasting.models import MODELS  # late, because it loads pandas

    if not isinstance(name, str) or name not in MODELS:
        raise RequestError(f"Model {name!r} is unknown. Models: {', '.join(MODELS)}.")


def _check_start(request: FitRequest | ForecastRequest) -> None:
    """Of which run the model, the checkpoint and the weights that change are."""
    _check_run_id("from_run", request.from_run)
    _check_run_id("continues", request.continues)
    if request.fine_tune is None:
        return
    if request.fine_tune not in get_args(Unfrozen):
        raise RequestError(
            f"fine_tune={request.fine_tune!r} is unknown. Use one of {get_args(Unfrozen)}."
        )
    if unknown := sorted(request.options.keys() - set(TUNABLE)):
        raise RequestError(
            f"options name {', '.join(unknown)}; a model that is trained further keeps its own. "
            f"Only {' and '.join(TUNABLE)} can be given."
        )


def _check_run_id(name: str, value: object) -> None:
    """An id of a run, or None."""
    if value is None:
        return
    _check_text(name, value)
    if not RUN_ID.fullmatch(str(value)):
        raise RequestError(f"{name}={value!r} is not the id of a run.")


def _check_count(name: str, value: object, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise RequestError(f"{name}={value!r} must be a whole number of at least {least}.")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise RequestError(f"{name}={value!r} must be a text that is not empty.")


def _texts(name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, tuple | list):
        raise RequestError(f"{name}={values!r} must be a list of texts.")
    for value in values:
        _check_text(name, value)
    if len(set(values)) < len(values):
        raise RequestError(f"{name}={list(values)} names something twice.")
    return tuple(values)


def _plain(name: str, options: object) -> dict[str, Any]:
    """The options as JSON gives them back, so that a request equals its copy from a file."""
    if not isinstance(options, Mapping):
        raise RequestError(f"{name}={options!r} must map names to values.")
    try:
        return json.loads(json.dumps(dict(options), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"{name}={dict(options)!r} must be numbers, texts, lists and the like: {error}."
        ) from error


def _set(request: object, name: str, value: object) -> None:
    object.__setattr__(request, name, value)  # frozen for others; here it is being made
