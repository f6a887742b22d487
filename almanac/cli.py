"""The commands and their options; docs/command-line.md is made from this parser."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from almanac.errors import DONE, INTERRUPTED, CommandError

LEVELS = ("product_place", "product", "category", "place", "total")
_DOC = {
    "datasets": "What is loaded.",
    "ingest": "Read, check and keep a file of sales.",
    "quality": "How far the sales can be trusted.",
    "train": "Fit models, forecast, and compare them with last year and ARIMA.",
    "fit": "Fit models and forecast, without a comparison.",
    "backtest": "Compare models over past periods that none has seen.",
    "forecast": "Forecast the newest sales with a model that was kept.",
    "jobs": "What is being done and was: list, show, wait, cancel.",
    "models": "Models that were kept.",
    "export": "Write forecasts, sales, products or places to a file.",
    "report": "Write a report as PDF, Excel or HTML.",
    "schedule": "Trainings that repeat: list, add, pause, resume, start, delete.",
    "keys": "Keys of the REST interface: list, create, revoke.",
    "serve": "Start the app and the REST interface.",
}


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = argparse.ArgumentParser(
        prog="almanac",
        description="Almanac from the command line. While the app runs on the same folder "
        "(ALMANAC_VAR), commands ask it; ALMANAC_URL and ALMANAC_KEY name one elsewhere.",
        epilog="Exit codes: 0 done; 1 refused or failed; 2 wrong use; 3 no app, no valid key, or "
        "the database is open elsewhere; 130 interrupted.",
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in _DOC.items():
        each = commands.add_parser(name, help=words, description=words)
        _OPTIONS[name](each)
        each.add_argument("--json", action="store_true", help="print the answer as JSON")
        each.add_argument("--quiet", action="store_true", help="print errors only")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Do a command; the exit code."""
    args = parser().parse_args(arguments)
    if args.command == "serve":
        return _serve(args)
    from almanac import commands
    from almanac.connection import connected
    from almanac.show import Screen
    from ui import settings

    screen = Screen(is_json=args.json, is_quiet=args.quiet)
    does = commands.train if args.command in ("train", "fit", "backtest") else None
    try:
        with connected(settings.from_environment()) as connection:
            return (does or getattr(commands, args.command))(connection, args, screen)
    except CommandError as error:
        screen.progress("")
        print(f"almanac {args.command}: {error}", file=sys.stderr)
        for line in error.details[1:]:
            print(f"  {line}", file=sys.stderr)
        return error.code
    except BrokenPipeError:  # the reader has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        screen.progress("")
        print("Interrupted. Jobs of a running app go on; see `jobs list`.", file=sys.stderr)
        return INTERRUPTED


def _serve(args: argparse.Namespace) -> int:
    """Become the server: signals reach it as if it had been started by itself."""
    root = Path(__file__).parent.parent
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py")]
    command += ["--server.port", str(args.port)] if args.port else []
    command += ["--server.address", args.address] if args.address else []
    os.environ["ALMANAC_VAR"] = str(Path(os.environ.get("ALMANAC_VAR") or "var").absolute())
    os.chdir(root)  # where its settings are
    os.execv(sys.executable, command)
    return DONE


# --- the options of each command ---

Group = argparse.ArgumentParser


def _dataset(group: Group) -> None:
    group.add_argument("dataset", metavar="DATASET", help="number or name")


def _part(group: Group) -> None:
    """The options that name a part of the shop."""
    group.add_argument("--product", default="", metavar="CODE", help="only this product")
    group.add_argument("--place", default="", metavar="CODE", help="only this place")
    group.add_argument(
        "--category", action="append", default=[], metavar="NAME",
        help="only this category; repeat for the path from the widest down",
    )  # fmt: skip


def _frequency(group: Group, default: str | None = "W") -> None:
    group.add_argument("--frequency", choices=("D", "W", "M"), default=default,
                       help="days, weeks from Monday, or months (usual: weeks)")  # fmt: skip


def _ingest(group: Group) -> None:
    group.add_argument("file", metavar="FILE", help="CSV, Excel, Parquet, or packed")
    group.add_argument("--dataset", required=True, metavar="NAME",
                       help="added to where it is there, made where it is not")  # fmt: skip
    group.add_argument("--replace", action="store_true",
                       help="put its days in the place of those that are there")  # fmt: skip
    group.add_argument("--leave-out", action="store_true",
                       help="keep the good rows where others are bad")  # fmt: skip
    group.add_argument("--answer", action="append", default=[], metavar="QUESTION=VALUE",
                       help="to what the file leaves open; the error names it")  # fmt: skip


def _train(group: Group) -> None:
    _fit(group)
    group.add_argument("--windows", type=int, default=3, metavar="N",
                       help="past periods that are forecast (usual: 3)")  # fmt: skip


def _fit(group: Group) -> None:
    _dataset(group)
    _part(group)
    _frequency(group)
    group.add_argument("--models", default="", metavar="A,B", help="instead of the preset's")
    group.add_argument("--preset", choices=("fast", "balanced", "best"), default="balanced",
                       help="how thorough (usual: balanced)")  # fmt: skip
    group.add_argument("--level", choices=LEVELS, help="what a series is of (usual: the finest)")
    group.add_argument("--measure", choices=("quantity", "revenue"), default="quantity",
                       help="units or money (usual: quantity)")  # fmt: skip
    group.add_argument("--horizon", type=int, metavar="N", help="periods ahead")
    group.add_argument("--covariates", action="append", default=[], metavar="NAME[=FILL]",
                       help="known ahead, gaps filled by `last` or `zero`; or `none`")  # fmt: skip
    group.add_argument("--seed", type=int, default=0, metavar="N", help="usual: 0")
    group.add_argument("--budget-seconds", type=float, metavar="S", help="per model")
    _no_wait(group)


def _no_wait(group: Group) -> None:
    group.add_argument("--no-wait", action="store_true",
                       help="return at once, where an app runs that goes on with it")  # fmt: skip


def _forecast(group: Group) -> None:
    _dataset(group)
    group.add_argument("--run", default="", metavar="RUN",
                       help="whose model (usual: the one in use, else the latest)")  # fmt: skip
    _no_wait(group)


def _jobs(group: Group) -> None:
    group.add_argument("action", choices=("list", "show", "wait", "cancel"))
    group.add_argument("job", nargs="?", default="", metavar="JOB", help="id of a job")
    group.add_argument("--limit", type=int, default=20, metavar="N", help="usual: 20")


def _export(group: Group) -> None:
    group.add_argument("table", choices=("forecasts", "sales", "products", "places"))
    _dataset(group)
    group.add_argument("--out", required=True, metavar="FILE",
                       help="ends in .csv, .parquet, .xlsx or .json")  # fmt: skip
    _part(group)
    _frequency(group, default=None)
    group.add_argument("--level", choices=LEVELS, help="of forecasts: what a series is of")
    group.add_argument("--run", default="", metavar="RUN", help="of forecasts: this run's")
    group.add_argument("--quantile", type=float, action="append", default=[], metavar="Q",
                       help="of forecasts: only these; repeat for several")  # fmt: skip


def _report(group: Group) -> None:
    _dataset(group)
    group.add_argument("--out", required=True, metavar="FILE", help="ends in .pdf, .xlsx or .html")
    kinds = ("review", "category", "sheets", "orders", "card")
    group.add_argument("--report", choices=kinds, default="review",
                       help="forecast or category review, product sheets, order proposal, or the "
                       "card of a model")  # fmt: skip
    group.add_argument("--run", default="", metavar="RUN", help="its forecast, or its model's card")
    _part(group)
    _frequency(group)
    group.add_argument("--horizon", type=int, metavar="N", help="periods ahead")
    group.add_argument("--count", type=int, default=5, metavar="N", help="of sheets (usual: 5)")
    group.add_argument("--language", choices=("en", "zh"), default="en", help="usual: en")
    group.add_argument("--paper", choices=("a4", "letter"), default="a4", help="usual: a4")


def _schedule(group: Group) -> None:
    actions = ("list", "add", "pause", "resume", "start", "delete")
    group.add_argument("action", choices=actions)
    group.add_argument("id", nargs="?", default="", metavar="ID", help="of a schedule")
    group.add_argument("--run", default="", metavar="RUN", help="the training to repeat")
    group.add_argument("--cron", default="", metavar="LINE",
                       help="such as '0 6 * * 1' (usual: when new sales arrive)")  # fmt: skip
    group.add_argument("--zone", default="UTC", help="time zone of the line (usual: UTC)")
    group.add_argument("--name", default="", help="usual: the run's")
    group.add_argument("--margin", type=float, default=0.05, metavar="SHARE",
                       help="by which a new one may be worse (usual: 0.05)")  # fmt: skip


def _keys(group: Group) -> None:
    group.add_argument("action", choices=("list", "create", "revoke"))
    group.add_argument("name", nargs="?", default="", metavar="NAME",
                       help="of a new key, or the number of the one to revoke")  # fmt: skip
    group.add_argument("--scopes", default="read", metavar="A,B",
                       help="read, write, jobs (usual: read)")  # fmt: skip
    group.add_argument("--days", type=int, metavar="N",
                       help="how long a new key works (usual: until it is revoked)")  # fmt: skip


def _serving(group: Group) -> None:
    group.add_argument("--port", type=int, metavar="N", help="usual: 8501")
    group.add_argument("--address", default="", help="usual: this machine alone")


def _nothing(group: Group) -> None:
    """A command without options of its own."""


_OPTIONS: dict[str, Callable[[Group], None]] = {
    "datasets": _nothing,
    "ingest": _ingest,
    "quality": _dataset,
    "train": _train,
    "fit": _fit,
    "backtest": _train,
    "forecast": _forecast,
    "jobs": _jobs,
    "models": _nothing,
    "export": _export,
    "report": _report,
    "schedule": _schedule,
    "keys": _keys,
    "serve": _serving,
}
