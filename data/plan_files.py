"""Changes of a plan from a file, CSV or Excel, in and out; every wrong line is named, and why.

A line is a product (in a place, or in all of them), a period, what to do with it and why. The good
lines of a file are one edit of the plan: it can be undone as a whole.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from data import plan_log, plan_sheets, plan_spread
from data.errors import FileError, PlanError
from data.guards import guarded
from data.plan_changes import REASONS, Measure
from data.plan_sheets import COLUMNS, DECIMALS, MOST_LINES
from data.plans import Plan
from data.store import Store

KINDS: dict[str, Measure] = {
    "%": "percent", "percent": "percent", "units": "amount", "amount": "amount",
    "to": "value", "value": "value",
}  # fmt: skip
_SAME = 0.6 * 10**-DECIMALS  # amounts nearer than this are written the same
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One line that cannot be used."""

    line: int  # of the file, its column names being line 1
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Parsed:
    """A file in memory, checked against a plan."""

    name: str
    lines: pd.DataFrame  # product_id, place_id (NA: all), timestamp, measure, amount, reason, ...
    problems: tuple[Problem, ...]
    unchanged: int = 0  # lines that say what the plan says already; they are no change

    @property
    def good(self) -> int:
        return len(self.lines)


def read(store: Store, plan: Plan, content: bytes, name: str) -> Parsed:
    """The changes of a file, checked against the plan as it is now.

    Raises `FileError` for a file that cannot be read, has no lines, or lacks a column.
    """
    rows = plan_sheets.cells(content, name)
    heads = [str(head).strip().lower() for head in rows[0]] if rows else []
    if len(rows) < 2:
        raise FileError(f"{name} has no lines below its column names. {_wanted()}")
    if missing := [each for each in ("product", "period", "kind", "amount") if each not in heads]:
        raise FileError(f"{name} has no column “{missing[0]}”. {_wanted()}")
    if len(rows) > MOST_LINES:
        raise FileError(f"{name} has {len(rows):,} lines; at most {MOST_LINES:,} can be read.")
    parse = _Parser(store, plan)
    good: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for line, row in enumerate(rows[1:], start=2):
        cells = dict(zip(heads, row, strict=False))
        if not any(str(cell).strip() for cell in cells.values()):
            continue
        try:
            good.append({"line": line, **parse.line(cells)})
        except _WrongCell as error:
            problems.append(
                Problem(line=line, column=error.column, value=error.value, reason=str(error))
            )
    frame = pd.DataFrame(good, columns=list(_FRAME))
    fitting, refused, unchanged = _fitting(store, plan, frame)
    return Parsed(
        name=name,
        lines=fitting,
        problems=tuple(sorted([*problems, *refused], key=_line)),
        unchanged=unchanged,
    )


def keep(
    store: Store, plan: Plan, parsed: Parsed, *, author: str, based_on: int, partly: bool
) -> int:
    """Make the changes of a file, all as one edit; gives its id.

    `partly` says to make the good ones where some cannot be; else raises `PlanError`. Raises
    `Conflict` where one of their cells has been changed since `based_on`.
    """
    if parsed.problems and not partly:
        raise PlanError(f"{len(parsed.problems):,} lines are wrong; nothing was imported.")
    if parsed.lines.empty:
        raise PlanError("No line of the file can be used; nothing was imported.")
    with store.transaction() as cursor:
        plan = plan_log.refreshed(cursor, plan)
        revision = plan_log.next_revision(cursor, plan.plan_id)
        edit_id = plan_log.note(
            cursor, plan, revision, "import", author, {"node": parsed.name, "reason": "other"}
        )
        cursor.register("given_lines", parsed.lines)
        cursor.execute(_INSERT, {"edit_id": edit_id, "plan_id": plan.plan_id})
        cursor.unregister("given_lines")
        for of_place in (False, True):
            plan_spread.gather(cursor, plan.plan_id, edit_id, of_product=True, of_place=of_place)
            row = cursor.execute(
                "SELECT max(revision), count(*) FILTER (revision > $1) FROM plan_hit", [based_on]
            ).fetchone()
            if row and row[1]:
                raise plan_log.conflict(cursor, plan, revision=row[0], cells=row[1], seen=based_on)
        plan_spread.spread(cursor, plan.plan_id, edit_id, revision)
    return edit_id


def template(store: Store, plan: Plan) -> str:
    """A file to fill in: its column names, and a line of an example from the plan."""
    row = store.rows(
        "SELECT p.code, coalesce(l.code, ''), c.timestamp FROM demand_cell c "
        "JOIN product p USING (product_id) LEFT JOIN place l ON l.place_id = c.place_id "
        "WHERE plan_id = $1 ORDER BY c.timestamp DESC, final DESC LIMIT 1",
        [plan.plan_id],
    )
    code, place, when = row[0] if row else ("P00001", "", plan.last_period)
    values = (code, place, when, "%", "10", "promotion", "an example: change it")
    return plan_sheets.written(pd.DataFrame([values], columns=list(COLUMNS)))


def write(store: Store, plan: Plan) -> str:
    """The changes in force as a file that `read` takes; see `plan_sheets.in_force`."""
    return plan_sheets.written(plan_sheets.in_force(store, plan))


def problems_csv(problems: Iterable[Problem]) -> str:
    """The wrong lines as a file."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("line", "column", "value", "reason"))
    table.writerows((each.line, each.column, guarded(each.value), each.reason) for each in problems)
    return text.getvalue()


_FRAME = ("line", "product_id", "place_id", "timestamp", "measure", "amount", "reason", "comment",
          "typed")  # fmt: skip


class _WrongCell(Exception):
    """A cell that cannot be read; caught where its line is known."""

    def __init__(self, column: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value = column, str(value)


class _Parser:
    """Reads lines of one plan: knows its codes and periods, and what has come already."""

    def __init__(self, store: Store, plan: Plan) -> None:
        self.plan = plan
        self.products: Mapping[str, int]
        self.products, self.places = (
            dict(store.rows(f"SELECT code, {n}_id FROM {n} WHERE dataset_id = $1",
                            [plan.dataset_id]))
            for n in ("product", "place")
        )  # fmt: skip
        self.periods = {
            row[0]
            for row in store.rows(
                "SELECT DISTINCT timestamp FROM demand_cell WHERE plan_id = $1", [plan.plan_id]
            )
        }
        self.bare: dict[str, dict[str, str]] = {}
        self.seen: set[tuple[int, int | None, date]] = set()
        self.frozen = plan.frozen_until

    def line(self, cells: Mapping[str, object]) -> dict[str, Any]:
        """A line as a row of the frame; raises `_WrongCell`."""
        product_id = self._code("product", cells, self.products)
        place = _text(cells.get("place"))
        place_id = self._code("place", cells, self.places) if place else None
        when = self._period(cells.get("period"))
        kind = _text(cells.get("kind")).lower()
        if kind not in KINDS:
            raise _WrongCell("kind", kind, "is none of %, units, to")
        measure, amount = KINDS[kind], _number(cells.get("amount"))
        if measure == "percent" and amount < -100:
            raise _WrongCell("amount", cells["amount"], "would leave less than nothing")
        if measure == "value" and amount < 0:
            raise _WrongCell("amount", cells["amount"], "is below 0")
        reason = _text(cells.get("reason")).lower().replace(" ", "_") or "other"
        if reason not in REASONS:
            raise _WrongCell("reason", reason, f"is none of {', '.join(REASONS)}")
        key = (product_id, place_id, when)
        if key in self.seen:
            raise _WrongCell("product", cells["product"], "has a line for this period above")
        self.seen.add(key)
        return dict(
            zip(
                _FRAME[1:],
                (product_id, place_id, when, measure, amount, reason,
                 _text(cells.get("comment"))[:500], _text(cells["amount"])),
                strict=True,
            )
        )  # fmt: skip

    def _code(self, column: str, cells: Mapping[str, object], known: Mapping[str, int]) -> int:
        text = _text(cells.get(column))
        text = text if text in known else self._padded(column, text, known)
        if text not in known:
            said = f"is no {column} here; use its code" if text else f"no {column} given"
            raise _WrongCell(column, text, said)
        return known[text]

    def _padded(self, column: str, text: str, known: Mapping[str, int]) -> str:
        """The one code that a spreadsheet made this number of, by dropping its leading zeros."""
        if not text.isdecimal():
            return text
        if column not in self.bare:
            found: dict[str, str] = {}
            for code in known:
                if code.isdecimal():
                    bare = code.lstrip("0") or "0"
                    found[bare] = "" if bare in found else code  # "": of several, so of none
            self.bare[column] = found
        return self.bare[column].get(text, "") or text

    def _period(self, cell: object) -> date:
        when = _day(cell)
        if when is None:
            raise _WrongCell("period", cell, "is not a day; write it as 2026-11-23")
        if self.plan.freq == "W":
            when = date.fromordinal(when.toordinal() - when.weekday())
        elif self.plan.freq == "M":
            when = when.replace(day=1)
        if when not in self.periods:
            raise _WrongCell("period", cell, "is not in the plan")
        if self.frozen is not None and when <= self.frozen:
            raise _WrongCell("period", cell, "is frozen")
        return when


def _fitting(
    store: Store, plan: Plan, frame: pd.DataFrame
) -> tuple[pd.DataFrame, list[Problem], int]:
    """The lines whose product has a forecast, is not locked, and has enough to take away.

    And the wrong ones, and how many say what the plan says already, to the decimals of a file.
    """
    if frame.empty:
        return frame, [], 0
    with store.cursor() as cursor:
        cursor.register("given_lines", frame.astype({"place_id": "Int64"}))
        found = cursor.execute(_FIT, {"plan_id": plan.plan_id}).df().set_index("line")
    said = pd.Series("", index=frame["line"])
    number = found["number"].reindex(said.index).fillna(0)
    free = found["free"].reindex(said.index).fillna(0.0)
    held = found["held"].reindex(said.index).fillna(0.0)
    measure, amount = (frame.set_index("line")[name] for name in ("measure", "amount"))
    said[(measure == "value") & (amount < held - 1e-9)] = "is below what is locked of it"
    said[(measure == "amount") & (free + amount < -1e-9)] = "takes away more than there is"
    said[(measure == "percent") & (free <= 0)] = "is percent of nothing: the forecast is 0; use to"
    said[found["open"].reindex(said.index).fillna(0) == 0] = "is of a locked product"
    said[number == 0] = "has no forecast in this plan"
    same = (measure == "value") & (number > 0) & ((free + held - amount).abs() < _SAME)
    wrong = said[(said != "") & ~same]
    typed = dict(zip(frame["line"].tolist(), frame["typed"].tolist(), strict=True))
    problems = [
        Problem(
            line=line,
            column="product" if "forecast in" in why else "amount",
            value=str(typed[line]),
            reason=why,
        )
        for line, why in zip(wrong.index.tolist(), wrong.tolist(), strict=True)
    ]
    left_out = frame["line"].isin(wrong.index.union(same.index[same]))
    return frame[~left_out].reset_index(drop=True), problems, int(same.sum())


def _text(cell: object) -> str:
    """A cell as text; whole numbers of a workbook, as codes are, without decimals."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None or cell != cell else str(cell).strip()


def _number(cell: object) -> float:
    """A number of a workbook, or one that was typed: 1200, -12.5, 12,5 or 20%."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    plain = _text(cell).replace(" ", "").replace("\u00a0", "").removesuffix("%")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        value = float(plain.replace(",", ".") if plain.count(",") == 1 else plain)
    except ValueError:
        raise _WrongCell("amount", cell, "is not a number") from None
    if value != value or abs(value) == float("inf"):
        raise _WrongCell("amount", cell, "is not a number")
    return value


def _day(cell: object) -> date | None:
    """The day of a cell: a date of a workbook, 2026-11-23, 2026-11 or 2026-W48."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    for form in (text, f"{text}-01", f"{text}-1"):
        try:
            return date.fromisoformat(form)
        except ValueError:
            continue
    return None


def _line(problem: Problem) -> int:
    return problem.line


def _wanted() -> str:
    return f"It needs a line of column names ({', '.join(COLUMNS)}) and a line per change."


_INSERT = """
    INSERT INTO demand_line (edit_id, plan_id, dataset_id, line, product_id, place_id, timestamp,
                             measure, amount, reason, comment)
    SELECT $edit_id, $plan_id, (SELECT dataset_id FROM demand_plan WHERE plan_id = $plan_id),
           line, product_id, place_id, timestamp::DATE, measure, amount, reason, comment
    FROM given_lines
"""
_FIT = """
    SELECT l.line, count(c.cell) AS number, count(c.cell) FILTER (NOT locked) AS open,
           sum(final) FILTER (NOT locked) AS free, sum(final) FILTER (locked) AS held
    FROM given_lines l LEFT JOIN demand_cell c ON c.plan_id = $plan_id
        AND c.product_id = l.product_id AND c.timestamp = l.timestamp::DATE
        AND (l.place_id IS NULL OR c.place_id = l.place_id)
    GROUP BY l.line
"""
