"""Scheduled reports: built when they are due, delivered to a folder or by mail, tried again.

What was built waits in an outbox on disk, so that every try sends the same files, also after a
restart. How many tries failed and when the next one is due stand among the numbers of the firing.
Knows no widgets.
"""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import reports
from engine import delivery, files
from engine.delivery import DeliveryFailed, Parcel
from engine.errors import EngineError
from engine.schedules import Firing, Schedule, Schedules
from reports import Review
from ui import chart_downloads, queries, report_files, report_look, report_requests, settings, state
from ui.report_facts import Tell
from ui.report_requests import Asked
from ui.schedule_words import KIND

log = logging.getLogger("almanac")

FOLDER, MAIL = "folder", "mail"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a schedule delivers, and where to."""

    asked: Asked
    endings: tuple[str, ...]  # pdf, xlsx, html
    to: tuple[str, ...] = ()  # mail addresses
    in_folder: bool = True

    def __post_init__(self) -> None:
        if not self.endings or not set(self.endings) <= set(report_files.MIMES):
            raise EngineError("Choose at least one of PDF, Excel and HTML.")
        if not self.to and not self.in_folder:
            raise EngineError("Choose where to deliver: the folder, or mail addresses.")
        if self.to:
            delivery.checked_addresses(self.to)

    def to_template(self) -> dict[str, Any]:
        """As a schedule keeps it."""
        return {
            "kind": KIND,
            "asked": self.asked.to_content(),
            "endings": list(self.endings),
            "to": list(self.to),
            "in_folder": self.in_folder,
        }


def order_of(template: Mapping[str, Any]) -> Order:
    """What was kept. Raises `EngineError` for what another version wrote."""
    try:
        return Order(
            asked=report_requests.of_content(template["asked"]),
            endings=tuple(template["endings"]),
            to=tuple(template["to"]),
            in_folder=bool(template["in_folder"]),
        )
    except (KeyError, TypeError, reports.ReportError) as error:
        raise EngineError(f"The report cannot be read: {error}") from error


def folder_of(schedule: Schedule) -> Path:
    """Where the files of a schedule are written: a folder of its own."""
    stem = chart_downloads.slug(schedule.name)[:60] or "report"
    return settings.from_environment().reports_folder / f"{stem}-{schedule.schedule_id[:6]}"


def can_mail() -> bool:
    """Whether a mail server is named. Raises `EngineError` where it is named wrongly."""
    return delivery.mail_server(os.environ) is not None


def begin(
    kept: Schedules, firing: Firing, schedule: Schedule, mark: str | None, tell: Tell
) -> None:
    """Build what is due and lay it into the outbox; what cannot be built ends the firing."""
    order = order_of(schedule.template)
    run = report_requests.run_of(order.asked)
    try:
        made = report_requests.build(state.store(), order.asked, tell)
        content = _files(made, order)
        parcel = _parcel(made, order, schedule, firing, content)
        _lay_out(firing, parcel)
    except reports.ReportError as error:
        kept.end(firing.number, "failed", str(error), numbers={"kind": KIND})
        return
    except OSError as error:
        words = f"The report cannot be kept: {error.strerror or error}. Free space on the disk."
        kept.end(firing.number, "failed", words, numbers={"kind": KIND})
        return
    kept.begin(firing.number, run.run_id if run else "", mark=mark)
    kept.remember(firing.number, {"kind": KIND, "failures": 0, "next_at": 0.0, "arrived": []})


def conclude(kept: Schedules, firing: Firing, schedule: Schedule) -> None:
    """Try what has not arrived yet, where it is time; after the last failure it is given up."""
    numbers, now = dict(firing.numbers), kept.clock()
    if now < float(numbers.get("next_at", 0.0)):
        return
    order, arrived = order_of(schedule.template), list(numbers.get("arrived", ()))
    parcel = _laid_out(firing)
    if parcel is None:
        words = "What was built is gone from the outbox. Run it again."
        kept.end(firing.number, "failed", words, numbers=numbers)
        return
    trouble: list[DeliveryFailed] = []
    for target in (FOLDER,) * order.in_folder + (MAIL,) * bool(order.to):
        if target in arrived:
            continue
        try:
            _deliver(target, parcel, order, schedule)
            arrived.append(target)
        except DeliveryFailed as error:
            trouble.append(error)
        except EngineError as error:  # the environment is wrong
            trouble.append(DeliveryFailed(str(error)))
    numbers["arrived"] = arrived
    numbers["bytes"] = sum(len(content) for content in parcel.files.values())
    if not trouble:
        kept.end(firing.number, "done", _said(parcel, order, schedule), numbers=numbers)
        _clear(firing)
        return
    _failed(kept, firing, schedule, numbers, trouble)


def _failed(
    kept: Schedules,
    firing: Firing,
    schedule: Schedule,
    numbers: dict[str, Any],
    trouble: list[DeliveryFailed],
) -> None:
    failures = int(numbers.get("failures", 0)) + 1
    wait = delivery.again_in(failures)
    words = " ".join(str(each) for each in trouble)
    log.warning("Report %r was not delivered (try %d): %s", schedule.name, failures, words)
    numbers |= {"failures": failures, "error": words}
    if wait is None or all(each.for_good for each in trouble):
        tries = "once" if failures == 1 else f"{failures} times"
        kept.end(firing.number, "failed", f"Tried {tries} and given up. {words}", numbers=numbers)
        _clear(firing)
        return
    kept.remember(firing.number, {**numbers, "next_at": kept.clock() + wait})


def _files(made: Review, order: Order) -> dict[str, bytes]:
    look = report_look.current()
    stem = chart_downloads.slug(f"{made.template} {made.title}")[:80] or "report"
    return {
        f"{stem}-{date.today():%Y-%m-%d}.{ending}": report_files.file(
            made, ending, paper=look.paper, style=look.style
        )
        for ending in order.endings
    }


def _parcel(
    made: Review, order: Order, schedule: Schedule, firing: Firing, content: dict[str, bytes]
) -> Parcel:
    run = report_requests.run_of(order.asked)
    names = {each.dataset_id: each.name for each in queries.datasets()}
    facts = {
        "report": made.template,
        "of": made.title,
        "dataset": names.get(order.asked.scope.dataset_id, ""),
        "schedule": schedule.name,
        "run": run.name if run else "a simple model, made for this report",
        "run_id": run.run_id if run else "",
        "made_on": f"{date.today():%Y-%m-%d}",
    }
    lines = [f"{made.template}: {made.title}", ""]
    lines += [f"{label}: {value}" for label, value in made.facts]
    if run:
        lines.append(f"Run: {run.name} ({run.run_id})")
    lines += ["", f"Almanac · {schedule.name}"]
    return Parcel(
        subject=f"{made.template}: {made.title}",
        text="\n".join(lines) + "\n",
        files=content,
        facts=facts,
        marker=f"{schedule.schedule_id}-{firing.number}",
    )


def _deliver(target: str, parcel: Parcel, order: Order, schedule: Schedule) -> None:
    if target == FOLDER:
        delivery.to_folder(parcel, folder_of(schedule))
        return
    server = delivery.mail_server(os.environ)
    if server is None:
        raise DeliveryFailed("No mail server is named: set ALMANAC_SMTP_HOST and _FROM.")
    delivery.by_mail(parcel, server, order.to)


def _said(parcel: Parcel, order: Order, schedule: Schedule) -> str:
    parts = []
    if order.in_folder:
        parts.append(f"Written to {folder_of(schedule)}.")
    if order.to:
        more = f" and {len(order.to) - 1} more" if len(order.to) > 1 else ""
        parts.append(f"Sent to {order.to[0]}{more}.")
    return " ".join([*parts, f"From {parcel.facts['run']}."])


def _outbox(firing: Firing) -> Path:
    return settings.from_environment().var / "reports" / "outbox" / str(firing.number)


def _lay_out(firing: Firing, parcel: Parcel) -> None:
    """Keep the parcel; its list comes last, so that half a parcel is none."""
    _clear(firing)
    where = _outbox(firing)
    where.mkdir(parents=True)
    for number, content in enumerate(parcel.files.values()):
        (where / str(number)).write_bytes(content)
    listed = {
        "subject": parcel.subject,
        "text": parcel.text,
        "facts": dict(parcel.facts),
        "marker": parcel.marker,
        "names": list(parcel.files),
    }
    files.write_text(where / "parcel.json", json.dumps(listed))


def _laid_out(firing: Firing) -> Parcel | None:
    where = _outbox(firing)
    try:
        listed = json.loads((where / "parcel.json").read_text(encoding="utf-8"))
        content = {
            name: (where / str(number)).read_bytes() for number, name in enumerate(listed["names"])
        }
    except (OSError, ValueError, KeyError) as error:
        log.warning("The outbox %s cannot be read: %s", where, error)
        return None
    return Parcel(
        subject=listed["subject"],
        text=listed["text"],
        files=content,
        facts=listed["facts"],
        marker=listed["marker"],
    )


def _clear(firing: Firing) -> None:
    files.remove_tree(_outbox(firing))
