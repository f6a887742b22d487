"""The command line: list models, backtest and tune them on a file, forecast it, export a network.

Results go to files and standard output, progress and errors to standard error. A mistake in the
input ends with exit code 2 and one plain sentence.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forecasting.backtest import DEFAULT_MODELS, Backtest, backtest
from forecasting.cold_start import cold_start
from forecasting.errors import ConfigError, ForecastingError
from forecasting.files import read_frame, write_frame
from forecasting.models import MODELS, create, load, with_processes
from forecasting.panel import Panel
from forecasting.progress import Progress
from forecasting.tuning import tune


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.command(given))
    except (ForecastingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def list_models(given: argparse.Namespace) -> int:
    """Print every model with a line about it."""
    width = max(map(len, MODELS))
    for name, model in MODELS.items():
        print(f"{name:{width}}  {model.summary}")
    return 0


def run_backtest(given: argparse.Namespace) -> int:
    """Backtest models on a file; write leaderboard, forecasts and metrics into a folder."""
    panel = _panel(given)
    if absent := [name for name in ("seasonal_naive", "arima") if name not in given.models]:
        _say(f"note: without {' and '.join(absent)} the leaderboard lacks its usual yardsticks")
    result = backtest(
        panel,
        given.models,
        horizon=given.horizon,
        num_windows=given.windows,
        step_size=given.step_size,
        seed=given.seed,
        budget_seconds=given.budget_seconds,
        n_jobs=given.jobs,
        on_progress=_Printer(),
    )
    _write_backtest(result, given.out)
    print(result.leaderboard().to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    if len(result.skipped):
        counts = result.skipped["reason"].value_counts()
        _say("not scored: " + ", ".join(f"{count} with {why}" for why, count in counts.items()))
    return 0


def run_forecast(given: argparse.Namespace) -> int:
    """Fit one model on a file and write its forecast."""
    panel = _panel(given)
    known_future = read_frame(given.future) if given.future else None
    options = with_processes(given.model, {}, given.jobs)
    model = create(given.model, horizon=given.horizon, seed=given.seed, **options)
    model.fit(panel, on_progress=_Printer(), budget_seconds=given.budget_seconds)
    forecast = model.predict(panel, known_future=known_future)
    if len(panel.static_features.columns):  # analogues are found by attributes
        forecast = cold_start(panel, forecast)
    write_frame(forecast.to_frame(), given.out)
    print(f"{panel.num_series} series, {given.horizon} steps after {panel.cutoff}: {given.out}")
    for reason, count in forecast.notes_frame().groupby(["used", "reason"]).size().items():
        _say(f"{count} series by {reason[0]}: {reason[1]}")  # type: ignore[index]
    return 0


def run_tune(given: argparse.Namespace) -> int:
    """Search the options of one model on a file; print the trials, write the model with the best.

    Where the search is stopped by Ctrl-C, the best so far is printed and no model is fitted.
    """
    panel = _panel(given)
    result = tune(
        panel,
        given.model,
        horizon=given.horizon,
        space=_json(given.space, "--space"),
        options=_json(given.options, "--options"),
        trials=given.trials,
        budget_seconds=given.budget_seconds,
        sampler=given.sampler,
        pruner=not given.no_pruner,
        num_windows=given.windows,
        seed=given.seed,
        n_jobs=given.jobs,
        storage=given.storage,
        on_progress=_Printer(),
    )
    print(
        result.trials.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}")
    )
    print(f"best: {json.dumps(result.options)}")
    print(f"WQL {result.value:.4g}, without a search {result.default_value:.4g}")
    if given.out and not result.stopped:
        result.create().fit(panel, on_progress=_Printer()).save(given.out)
        _say(f"fitted with the best options: {given.out}")
    return 0


def run_export(given: argparse.Namespace) -> int:
    """Write the network of a saved model as ONNX, and print how far the two differ."""
    from forecasting.export import export_onnx

    report = export_onnx(load(given.model), given.onnx, int8=given.int8)
    print(f"{report.file}: {report.size:,} bytes, written in {report.seconds:.1f} s")
    print(f"largest difference from the model: {report.difference:.2g} of a window's scale")
    ours, theirs = 1000 * report.torch_seconds, 1000 * report.onnx_seconds
    print(f"64 windows on one thread: torch {ours:.1f} ms, onnxruntime {theirs:.1f} ms")
    return 0


def run_compress(given: argparse.Namespace) -> int:
    """Print size, speed and accuracy of the variants of a saved model; save one if asked."""
    from forecasting.compression import compared, compress

    model = load(given.model)
    frame = compared(model, _panel(given))
    shown = frame.assign(difference=frame["difference"].map("{:+.2%}".format))
    print(shown.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    if given.out:
        compress(model, given.storage).save(given.out)
        _say(f"saved as {given.storage}: {given.out}")
    return 0


def run_pretrain(given: argparse.Namespace) -> int:
    """Train the pretrained network on made-up series; with --ship, write the file to ship."""
    from forecasting.pretraining.run import Plan, Pretraining
    from forecasting.pretraining.weights import ship

    if given.ship:
        print(ship(given.out, given.ship))
        return 0
    plan = Plan(
        out=given.out,
        size=given.size,
        hours=given.hours,
        device=given.device,
        seed=given.seed,
        resume=given.resume,
        validate=given.validate,
        num_threads=given.threads,
    )
    course = Pretraining(plan).run()
    print(
        f"{course.steps} steps, {course.series:,} series, {course.seconds / 3600:.2f} h: {plan.out}"
    )
    return 0


def _json(text: str | None, name: str) -> Any:
    """The object in the text; None where there is no text."""
    if text is None:
        return None
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{name} is not JSON ({error}).") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{name} must be an object, such as '{{\"width\": [32, 64]}}'.")
    return content


def _write_backtest(result: Backtest, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    result.leaderboard().to_csv(folder / "leaderboard.csv", index=False)
    result.forecasts.to_parquet(folder / "forecasts.parquet", index=False)
    result.metrics.to_parquet(folder / "metrics.parquet", index=False)
    result.skipped.to_parquet(folder / "skipped.parquet", index=False)


def _panel(given: argparse.Namespace) -> Panel:
    known = given.known_covariates
    frame = read_frame(given.file)
    if not known and getattr(given, "future", None):
        ahead = read_frame(given.future).columns
        known = [name for name in ahead if name not in ("series_id", "timestamp", "target")]
    panel = Panel.from_frame(
        frame,
        given.freq,
        known_covariates=known,
        static_features=given.static_features,
        gaps=given.gaps,
    )
    _say(f"{panel.num_series} series, {panel.length} timestamps to {panel.cutoff}")
    return panel


class _Printer:
    """Shows progress on standard error: one line that renews itself, or a log of few lines."""

    def __init__(self, *, every_seconds: float = 5.0) -> None:
        self._every_seconds = every_seconds
        self._printed = 0.0

    def __call__(self, progress: Progress) -> None:
        over = progress.done >= progress.total
        if sys.stderr.isatty():
            end = "\n" if over else ""
            print(f"\r\033[K{progress}", end=end, file=sys.stderr, flush=True)
        elif over or time.monotonic() - self._printed >= self._every_seconds:
            self._printed = time.monotonic()
            _say(str(progress))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m forecasting", description="Forecast many series, and compare models fairly."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    models = commands.add_parser("models", help="list the models")
    models.set_defaults(command=list_models)

    compare = commands.add_parser("backtest", help="compare models at earlier cutoffs")
    _add_common(compare)
    compare.add_argument("--models", type=_names, default=list(DEFAULT_MODELS), metavar="A,B")
    compare.add_argument("--windows", type=int, default=1, help="cutoffs (default 1)")
    compare.add_argument("--step-size", type=int, help="steps between cutoffs (default: horizon)")
    compare.add_argument("--out", type=Path, required=True, metavar="DIR")
    compare.set_defaults(command=run_backtest)

    ahead = commands.add_parser("forecast", help="forecast with one model")
    _add_common(ahead)
    ahead.add_argument("--model", required=True)
    ahead.add_argument("--future", type=Path, metavar="FILE", help="known covariates ahead")
    ahead.add_argument("--out", type=Path, required=True, metavar="FILE")
    ahead.set_defaults(command=run_forecast)
    _add_tune(commands.add_parser("tune", help="search the options of one model"))
    _add_pretrain(
        commands.add_parser("pretrain", help="train the model `pretrained` on made-up series")
    )

    export = commands.add_parser("export", help="write a saved network as ONNX")
    export.add_argument("model", type=Path, metavar="MODEL_DIR")
    export.add_argument("--onnx", type=Path, required=True, metavar="FILE")
    export.add_argument("--int8", action="store_true", help="with matrices of whole numbers")
    export.set_defaults(command=run_export)

    smaller = commands.add_parser("compress", help="compare a saved network in fewer bytes")
    smaller.add_argument("model", type=Path, metavar="MODEL_DIR")
    _add_data(smaller)
    smaller.add_argument("--storage", choices=("fp16", "bf16", "int8"), default="int8")
    smaller.add_argument("--out", type=Path, metavar="DIR", help="save the variant --storage there")
    smaller.set_defaults(command=run_compress)
    return parser


def _add_tune(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
    parser.add_argument("--model", required=True)
    parser.add_argument("--trials", type=int, help="default 20, or until the seconds are used up")
    parser.add_argument("--windows", type=int, default=2, help="cutoffs per trial (default 2)")
    parser.add_argument("--sampler", choices=("tpe", "random"), default="tpe")
    parser.add_argument("--no-pruner", action="store_true", help="let bad trials end")
    parser.add_argument("--space", metavar="JSON", help="by option, a list or low and high")
    parser.add_argument("--options", metavar="JSON", help="the same in all trials")
    parser.add_argument("--storage", type=Path, metavar="DIR", help="where a search goes on")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the model with the best options")
    parser.set_defaults(command=run_tune)


def _add_pretrain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--size", default="small", help="tiny, small or base (default small)")
    parser.add_argument("--hours", type=float, default=0.4, help="in all (default 0.4)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="of the CPU (default 1)")
    parser.add_argument("--resume", action="store_true", help="go on from what is in --out")
    parser.add_argument("--validate", type=Path, metavar="DIR", help="Parquet files of real series")
    parser.add_argument("--ship", type=Path, metavar="DIR", help="write the weights to ship there")
    parser.set_defaults(command=run_pretrain)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="Parquet or CSV with series_id, timestamp, target"
    )
    parser.add_argument("--freq", required=True, help="h, D, W, MS, QS, YS or another pandas code")
    parser.add_argument("--known-covariates", type=_names, default=[], metavar="A,B")
    parser.add_argument("--static-features", type=_names, default=[], metavar="A,B")
    parser.add_argument("--gaps", choices=("missing", "zero"), default="missing")


def _add_common(parser: argparse.ArgumentParser) -> None:
    _add_data(parser)
    parser.add_argument("--horizon", type=int, required=True, help="steps ahead")
    parser.add_argument("--budget-seconds", type=float, help="per model and cutoff")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
