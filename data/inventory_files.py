"""Stock settings, deliveries and counts as CSV files, in and out; every wrong line is named.

Products and places are named by their codes. Nothing of a file is kept where a line is wrong.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from data.calendar_files import decode
from data.cells import WrongCell, code, number
from data.errors import FileError, InventoryError
from data.inventory import touch
from data.inventory_settings import CLASSES, NUMBERS, TARGETS, Setting, save
from data.store import Store

Kind = Literal["settings", "deliveries", "stock"]

HEADS: dict[Kind, tuple[str, ...]] = {
    "settings": ("class", "product", "place", *NUMBERS, "target"),
    "deliveries": ("product", "place", "day", "quantity"),
    "stock": ("product", "place", "day", "quantity"),
}
EXAMPLES: dict[Kind, str] = {
    "settings": "class,product,place,lead_time_days,service_level,pack_size\n"
    ",,,7,0.95,\nA,,,,0.98,\n,P00001,,14,,12\n",
    "deliveries": "product,place,day,quantity\nP00001,S1,2026-11-26,240\n",
    "stock": "product,place,day,quantity\nP00001,S1,2026-11-18,56\n",
}
LARGEST = 50_000_000  # bytes
MOST_NAMED = 50  # wrong lines


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One line that cannot be read."""

    line: int
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Units of a product in a place on a day."""

    product_id: int
    place_id: int
    day: date
    quantity: float


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What codes of a file stand for."""

    products: Mapping[str, int]
    places: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A file in memory: rows where no line is wrong, else problems."""

    kind: Kind
    settings: tuple[Setting, ...] = ()
    counted: tuple[Counted, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0

    @property
    def rows(self) -> int:
        return len(self.settings) + len(self.counted)


def codes(store: Store, dataset_id: int) -> Codes:
    """The codes of a dataset's products and places."""
    found = [
        dict(store.rows(f"SELECT code, {name}_id FROM {name} WHERE dataset_id = $1", [dataset_id]))
        for name in ("product", "place")
    ]
    return Codes(products=found[0], places=found[1])


def read(content: bytes, kind: Kind, known: Codes) -> Parsed:
    """The rows of a CSV file; a wrong line is a problem, and then there are no rows.

    Raises `FileError` for a file without lines, or without a column that is needed.
    """
    if len(content) > LARGEST:
        raise FileError(f"The file has {len(content):,} bytes; at most {LARGEST:,} can be read.")
    text = decode(content)
    first = text.split("\n", 1)[0]
    sign = max(",;\t", key=first.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=sign))
    if len(rows) < 2:
        raise FileError("The file has no lines below its column names. " + _wanted(kind))
    heads = [head.strip().lower() for head in rows[0]]
    needed = () if kind == "settings" else ("product", "day", "quantity")
    if missing := [name for name in needed if name not in heads]:
        raise FileError(f"The file has no column “{missing[0]}”. " + _wanted(kind))
    if kind == "settings" and not set(heads) & {*NUMBERS, "target"}:
        raise FileError("The file says nothing to set. " + _wanted(kind))
    parse: Callable[[Mapping[str, str], Codes], Setting | Counted]
    parse = _setting if kind == "settings" else _counted
    found: list[tuple[int, Setting | Counted]] = []
    problems: list[Problem] = []
    for line, row in enumerate(rows[1:], start=2):
        cells = {head: cell.strip() for head, cell in zip(heads, row, strict=False)}
        if not any(cells.values()):
            continue
        try:
            found.append((line, parse(cells, known)))
        except WrongCell as error:
            problems.append(Problem(line=line, value=error.value, reason=error.reason))
        except InventoryError as error:
            problems.append(Problem(line=line, value="", reason=str(error)))
    problems += _twice(found, kind) if not problems else []
    if problems:
        named = tuple(problems[:MOST_NAMED])
        return Parsed(kind=kind, problems=named, problem_count=len(problems))
    return Parsed(
        kind=kind,
        settings=tuple(each for _, each in found if isinstance(each, Setting)),
        counted=tuple(each for _, each in found if isinstance(each, Counted)),
    )


def keep(store: Store, dataset_id: int, parsed: Parsed) -> None:
    """Keep a file that had no problem: settings and stock are added, deliveries replaced.

    Raises `InventoryError` for a file with problems.
    """
    if parsed.problems:
        raise InventoryError(f"{parsed.problem_count:,} lines are wrong; nothing was imported.")
    if parsed.kind == "settings":
        save(store, dataset_id, list(parsed.settings))
        return
    rows = [
        [dataset_id, each.product_id, each.place_id, each.day, each.quantity]
        for each in parsed.counted
    ]
    with store.transaction() as cursor:
        if parsed.kind == "deliveries":
            cursor.execute("DELETE FROM stock_delivery WHERE dataset_id = $1", [dataset_id])
            cursor.executemany(
                "INSERT INTO stock_delivery SELECT nextval('stock_delivery_key'), $1, $2, $3, $4, "
                "$5, now()::TIMESTAMP",
                rows,
            )
        else:
            cursor.executemany(
                "DELETE FROM stock_count WHERE dataset_id = $1 AND product_id = $2 AND place_id = "
                "$3 AND day = $4",
                [row[:4] for row in rows],
            )
            cursor.executemany("INSERT INTO stock_count VALUES ($1, $2, $3, $4, $5)", rows)
        touch(cursor, dataset_id, deliveries=parsed.kind == "deliveries")


def _setting(cells: Mapping[str, str], known: Codes) -> Setting:
    class_ = cells.get("class", "").upper()
    if class_ and class_ not in CLASSES:
        raise WrongCell(class_, f"is no class; use one of {', '.join(CLASSES)}")
    target = cells.get("target", "").lower() or None
    if target is not None and target not in TARGETS:
        raise WrongCell(target, f"is no target; use {', '.join(TARGETS)}")
    product = cells.get("product", "")
    place = cells.get("place", "")
    numbers = {name: number(cells[name]) for name in NUMBERS if cells.get(name)}
    return Setting(
        class_=class_,
        product_id=code(product, known.products, "product") if product else None,
        place_id=code(place, known.places, "place") if place else None,
        target=target,
        **numbers,
    )


def _counted(cells: Mapping[str, str], known: Codes) -> Counted:
    place = cells.get("place", "")
    if not place and len(known.places) == 1:
        (place,) = known.places
    day = cells.get("day", "")
    try:
        when = date.fromisoformat(day)
    except ValueError as error:
        raise WrongCell(day, "is not a day; write it as 2026-11-26") from error
    quantity = number(cells.get("quantity", ""))
    if quantity < 0:
        raise WrongCell(cells["quantity"], "is below 0")
    return Counted(
        product_id=code(cells.get("product", ""), known.products, "product"),
        place_id=code(place, known.places, "place"),
        day=when,
        quantity=quantity,
    )


def _twice(found: list[tuple[int, Setting | Counted]], kind: Kind) -> list[Problem]:
    """Settings, or counts of a day, given for the same thing twice; deliveries may be."""
    if kind == "deliveries":
        return []
    seen: dict[tuple[object, ...], int] = {}
    problems = []
    for line, each in found:
        whom = each.class_ if isinstance(each, Setting) else each.day
        key = (whom, each.product_id, each.place_id)
        if key in seen:
            reason = f"is of the same as line {seen[key]}"
            problems.append(Problem(line=line, value="", reason=reason))
        seen.setdefault(key, line)
    return problems


def _wanted(kind: Kind) -> str:
    return f"It needs a line of column names ({', '.join(HEADS[kind])}) and a line per row."
