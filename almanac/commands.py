"""What the commands do: an operation or two each, and the words for people."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from almanac import show
from almanac.connection import Connection
from almanac.errors import DONE, MISUSED, REFUSED, CommandError
from almanac.show import Screen

if TYPE_CHECKING:  # it takes a while to import
    import pandas as pd

_JOB = {"name": "Job", "state": "State", "why": "Why", "job": "Id"}
_SCOPE = ("product", "place", "category", "frequency")  # options that name a part of the shop


def datasets(connection: Connection, args: Namespace, screen: Screen) -> int:
    answer = connection.call("list_datasets", {})
    columns = {"dataset_id": "Id", "name": "Name", "products": "Products", "places": "Places",
               "sales_rows": "Rows", "first_day": "From", "last_day": "To"}  # fmt: skip
    words = show.table(answer["datasets"], columns) if answer["datasets"] else "No datasets yet."
    screen.answer(answer, words)
    return DONE


def ingest(connection: Connection, args: Namespace, screen: Screen) -> int:
    """Add a file to the dataset of that name, which is made where there is none."""
    path = Path(args.file)
    if not path.is_file():
        raise CommandError(f"{path} is no file.", MISUSED)
    asked: dict[str, Any] = {"bad_rows": "leave_out" if args.leave_out else "refuse"}
    asked |= {"answer": args.answer} if args.answer else {}
    known = connection.call("list_datasets", {})["datasets"]
    named = [each for each in known if args.dataset in (each["name"], str(each["dataset_id"]))]
    screen.progress(f"Reading {path.name}")
    if named:
        asked |= {
            "dataset": named[0]["dataset_id"],
            "mode": "replace" if args.replace else "append",
        }
        answer = connection.call("append_file", asked, upload=path)
    else:
        answer = connection.call("create_dataset", {"name": args.dataset, **asked}, upload=path)
    screen.progress("")
    words = [
        f"{answer['rows_accepted']:,} of {answer['rows_read']:,} rows in {args.dataset}: "
        f"{answer['product_days_added']:,} product-days are new, "
        f"{answer['product_days_skipped']:,} were there."
    ]
    words += [f"  {each['title']}: {each['rows']:,}. {each['done']}" for each in answer["findings"]]
    screen.answer(answer, "\n".join(words))
    return DONE


def quality(connection: Connection, args: Namespace, screen: Screen) -> int:
    answer = connection.call("get_quality", {"dataset": args.dataset})
    columns = {"severity": "", "title": "Finding", "count": "How many", "examples": "Such as"}
    found = answer["findings"]
    screen.answer(answer, show.table(found, columns) if found else "Nothing unusual was found.")
    return DONE


def train(connection: Connection, args: Namespace, screen: Screen) -> int:
    """`train`, `fit` and `backtest`: jobs on the newest sales, waited for."""
    body = {
        "kind": args.command,
        "preset": args.preset,
        "frequency": args.frequency,
        "measure": args.measure,
        "seed": args.seed,
        "product": args.product,
        "place": args.place,
        "categories": args.category,
    }
    given = {
        "models": args.models.split(",") if args.models else None,
        "level": args.level,
        "horizon": args.horizon,
        "windows": getattr(args, "windows", None),
        "budget_seconds": args.budget_seconds,
        "covariates": _fills(args.covariates),
    }
    body |= {name: value for name, value in given.items() if value is not None}
    return _submitted(connection, args, screen, body)


def forecast(connection: Connection, args: Namespace, screen: Screen) -> int:
    """A forecast of the newest sales by a model that was kept."""
    return _submitted(connection, args, screen, {"kind": "forecast", "run": args.run})


def _submitted(
    connection: Connection, args: Namespace, screen: Screen, body: Mapping[str, Any]
) -> int:
    answer = connection.call("submit_jobs", {"dataset": args.dataset}, body=body)
    jobs = answer["jobs"]
    if not args.no_wait or connection.is_local:
        if args.no_wait:
            screen.note("No app runs, so the jobs run here and are waited for.")
        jobs = show.wait(connection, [each["job"] for each in jobs], screen)
    words = show.table(jobs, _JOB)
    for each in jobs:
        if each["metrics"]:
            scores = sorted(each["metrics"].items(), key=lambda item: item[1])
            words += "\n" + "\n".join(f"  {name}: WAPE {value:.1%}" for name, value in scores)
    screen.answer({"jobs": jobs}, words)
    return REFUSED if any(each["state"] in ("failed", "cancelled") for each in jobs) else DONE


def jobs(connection: Connection, args: Namespace, screen: Screen) -> int:
    """List jobs, show one, wait for one, or stop one."""
    if args.action == "list":
        answer = connection.call("list_jobs", {"limit": args.limit})
        found = answer["jobs"]
        screen.answer(answer, show.table(found, _JOB) if found else "No jobs yet.")
        return DONE
    job = _needed(args, "job")
    if args.action == "wait":
        found = show.wait(connection, [job], screen)
    else:
        name = "cancel_job" if args.action == "cancel" else "get_job"
        found = [connection.call(name, {"job": job})]
    screen.answer(found[0], show.table(found, _JOB))
    failed = args.action == "wait" and found[0]["state"] != "succeeded"
    return REFUSED if failed else DONE


def models(connection: Connection, args: Namespace, screen: Screen) -> int:
    answer = connection.call("list_models", {})
    columns = {"name": "Model", "in_use": "In use", "horizon": "Ahead", "data_until": "Data until",
               "run": "Run"}  # fmt: skip
    found = answer["models"]
    screen.answer(answer, show.table(found, columns) if found else "No models yet.")
    return DONE


def export(connection: Connection, args: Namespace, screen: Screen) -> int:
    """Write a table to a file, in the format that its ending names."""
    target = Path(args.out)
    writers = {".csv", ".parquet", ".xlsx", ".json"}
    if target.suffix not in writers:
        raise CommandError(f"{target} must end in {', '.join(sorted(writers))}.", MISUSED)
    asked: dict[str, Any] = {"dataset": args.dataset}
    if args.table in ("forecasts", "sales"):
        asked |= _part(args)
    if args.table == "forecasts":
        asked |= {name: getattr(args, name) for name in ("level", "run") if getattr(args, name)}
        asked |= {"quantile": args.quantile} if args.quantile else {}
        asked["category"] = args.category[-1] if args.category else ""
    names = {"forecasts": "read_forecasts", "sales": "read_sales", "products": "list_products",
             "places": "list_places"}  # fmt: skip
    frame = connection.table(names[args.table], asked)
    _write(frame, target)
    content = {"rows": len(frame), "file": str(target)}
    screen.answer(content, f"{len(frame):,} rows in {target}")
    return DONE


def report(connection: Connection, args: Namespace, screen: Screen) -> int:
    """Write a report; the ending of the file says which kind."""
    target = Path(args.out)
    kind = target.suffix.removeprefix(".")
    if kind not in ("pdf", "xlsx", "html"):
        raise CommandError(f"{target} must end in .pdf, .xlsx or .html.", MISUSED)
    asked = {"dataset": args.dataset, "report": args.report, "file": kind, "run": args.run,
             "language": args.language, "paper": args.paper, "count": args.count,
             **_part(args)}  # fmt: skip
    asked |= {"horizon": args.horizon} if args.horizon else {}
    screen.progress("Making the report")
    made = connection.file("make_report", asked)
    screen.progress("")
    _keep(target, made.content)
    screen.answer(
        {"file": str(target), "bytes": len(made.content)},
        f"{target} ({len(made.content) / 1000:,.0f} kB)",
    )
    return DONE


def schedule(connection: Connection, args: Namespace, screen: Screen) -> int:
    """List schedules, add one, or change one."""
    if args.action == "list":
        answer = connection.call("list_schedules", {})
        columns = {"name": "Name", "cron": "When", "zone": "Zone", "is_on": "On",
                   "next_at": "Next", "last_state": "Last", "schedule": "Id"}  # fmt: skip
        found = answer["schedules"]
        screen.answer(answer, show.table(found, columns) if found else "No schedules yet.")
        return DONE
    if args.action == "add":
        body = {"run": _needed(args, "run"), "cron": args.cron, "zone": args.zone,
                "name": args.name, "margin": args.margin}  # fmt: skip
        made = connection.call("add_schedule", {}, body=body)
        screen.answer(made, f"{made['name']} is repeated; its id is {made['schedule']}.")
        return DONE
    key = _needed(args, "id")
    answer = connection.call("change_schedule", {"schedule": key}, body={"action": args.action})
    words = "Done." if answer["done"] else "It is at work already."
    if args.action == "start" and connection.is_local:
        words += " No app runs: it begins when one does."
    screen.answer(answer, words)
    return DONE


def keys(connection: Connection, args: Namespace, screen: Screen) -> int:
    """List keys of the REST interface, make one, or revoke one."""
    if args.action == "list":
        answer = connection.call("list_keys", {})
        columns = {"key": "Key", "name": "Name", "ends_with": "Ends with", "scopes": "Scopes",
                   "created_at": "Made", "last_used_at": "Used", "expires_at": "Ends",
                   "revoked_at": "Revoked"}  # fmt: skip
        found = answer["keys"]
        screen.answer(answer, show.table(found, columns) if found else "No keys yet.")
        return DONE
    who = _needed(args, "name")
    if args.action == "create":
        scopes = [scope.strip() for scope in args.scopes.split(",") if scope.strip()]
        body = {"name": who, "scopes": scopes, "days": args.days}
        made = connection.call("create_key", {}, body=body)
        words = f"{made['secret']}\nKeep it now: it is not shown again."
        screen.answer(made, words)
        return DONE
    if not who.isdecimal():
        raise CommandError("Give the number of the key; `keys list` shows it.", MISUSED)
    revoked = connection.call("revoke_key", {"key": int(who)})
    screen.answer(revoked, f"{revoked['name']} does not work any more.")
    return DONE


def _part(args: Namespace) -> dict[str, Any]:
    """The options that name a part of the shop, as far as they are given."""
    return {name: getattr(args, name) for name in _SCOPE if getattr(args, name)}


def _needed(args: Namespace, name: str) -> str:
    value = getattr(args, name)
    if not value:
        shown = f"--{name}" if name == "run" else name.upper()
        raise CommandError(f"`{args.command} {args.action}` needs {shown}.", MISUSED)
    return str(value)


def _fills(given: Sequence[str]) -> dict[str, str] | None:
    """How the gaps of covariates are filled, from `price=last`; a bare name has none."""
    if not given:
        return None
    pairs = [each.partition("=") for each in given]
    return {name: fill or "planned" for name, _, fill in pairs if name != "none"}


def _write(frame: "pd.DataFrame", target: Path) -> None:
    from ui import format as fmt

    fresh = target.with_name(f".{target.name}")
    try:
        if target.suffix == ".csv":
            fmt.cells(frame).to_csv(fresh, index=False)
        elif target.suffix == ".parquet":
            frame.to_parquet(fresh, index=False)
        elif target.suffix == ".json":
            frame.to_json(fresh, orient="records", date_format="iso", force_ascii=False)
        else:
            fmt.cells(frame).to_excel(fresh, index=False, engine="xlsxwriter")
        fresh.replace(target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)


def _keep(target: Path, content: bytes) -> None:
    fresh = target.with_name(f".{target.name}")
    try:
        fresh.write_bytes(content)
        fresh.replace(target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        fresh.unlink(missing_ok=True)
