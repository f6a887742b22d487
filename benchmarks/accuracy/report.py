"""The report: tables and verdicts in Markdown, for the terminal and for docs/benchmarks.md."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from benchmarks.accuracy import __doc__ as package_doc
from benchmarks.accuracy.board import Board, Entry
from benchmarks.accuracy.goals import all_lines
from benchmarks.accuracy.scores import Scores

HEADING = "## Accuracy: one table with the peers"
LIBRARIES = ("torch", "lightgbm", "statsforecast", "neuralforecast", "numpy", "pandas")
HEAD = (
    "rival",
    "of",
    "WQL",
    "to best statistical",
    "MASE",
    "WAPE",
    "bias",
    "in 80 % band",
    "by share",
)
COSTS = ("fit s", "CPU s", "predict s", "peak GB", "fallbacks")


SMOKE = "**Smoke test: few series, steps and history. No number here means anything.**"


def report(boards: Mapping[str, Board], *, smoke: bool = False) -> str:
    """The whole section, from its heading on."""
    head = [HEADING, *([SMOKE] if smoke else []), _machine(), _load(boards), _protocol()]
    parts = [*head, *(_board(board) for board in boards.values())]
    lines = [(each.claim, each.value, each.goal, each.verdict) for each in all_lines(boards)]
    parts += ["### Goals", table(("claim", "value", "goal", "verdict"), lines)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns are aligned for reading as text, too.

    >>> print(table(("a", "b"), [("1", "two")]))
    | a | b   |
    |---|-----|
    | 1 | two |
    """
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in (head, *rows)
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write_section(file: Path, section: str) -> None:
    """Put the section in place of the one with the same heading, or at the end of the file."""
    heading = section.splitlines()[0]
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else ["# Benchmarks"]
    starts = [k for k, line in enumerate(lines) if line.startswith("## ")] + [len(lines)]
    begin = lines.index(heading) if heading in lines else len(lines)
    end = next((start for start in starts if start > begin), len(lines))
    kept = [*lines[:begin], *([""] if begin and lines[begin - 1] else []), *section.splitlines()]
    rest = lines[end:]
    text = "\n".join([*kept, *([""] if rest else []), *rest])
    file.write_text(text + "\n", encoding="utf-8")


def _machine() -> str:
    versions = ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _version(name)))
    return (
        f"{date.today()}, {_processor()}, {os.cpu_count()} cores, one thread for every rival; "
        f"Python {platform.python_version()}, {versions}. Printed by `make benchmark-accuracy`."
    )


def _load(boards: Mapping[str, Board]) -> str:
    """How busy the machine was, as seconds on the clock depend on it."""
    loads = [entry.run.load for board in boards.values() for entry in board.entries.values()]
    if not loads:
        return "Nothing has been run yet."
    return (
        f"Processes at work at the ends of the runs: {min(loads):.1f} to {max(loads):.1f} on "
        f"{os.cpu_count()} cores. Where they are more than the cores, seconds on the clock say "
        "little; compare CPU seconds, as the goals of speed do."
    )


def _protocol() -> str:
    """The rules, as the package itself states them, and how to read the columns."""
    rules = (package_doc or "").split("The same for all rivals:\n")[1].strip()
    return (
        f"The same for all rivals:\n{rules}\n\n"
        "WQL pools all steps: the mean over the levels of twice the quantile losses, over the sum "
        "of |actual|. MASE and WAPE judge the median, bias the mean (the median where a library "
        "gives no mean beside its quantiles). In the 80 % band are actuals between its ends, both "
        "counted; by share, those that tie with an end count by the part of their chances within: "
        "a right forecast of counts has 80 % of these, and up to all of the others. Seconds of "
        "methods for single series are those of all windows together. A method that gives points "
        "only has no WQL. Peak memory is that of "
        "the whole process. Neural peers: 500 steps, 256 windows, quantile loss of the same "
        "levels; their scaling and steps read were chosen in a few trials on these very windows. "
        "AutoARIMA reads "
        "the last 730 steps and no season longer than 24. Which of our networks is the better one, "
        "and which budget of steps is the least that suffices, is looked up on these windows too."
    )


def _board(board: Board) -> str:
    best = board.best(["statistical"])
    reference = board.wql(best) if best else float("nan")
    entries = [entry for entry in board.entries.values() if entry.rival.family != "budget"]
    whole = sorted((e for e in entries if e.whole), key=_order)
    parts = [f"### {board.title}", f"{board.series:,} series.", _table(whole, reference)]
    sampled = [entry for entry in entries if entry.on_sample is not None]
    if sampled:
        parts += [f"On a sample of these series: {_sample(sampled)}"]
    budgets = [entry for entry in board.entries.values() if entry.rival.family == "budget"]
    if budgets:
        parts += ["Ours with fewer steps:", _table(sorted(budgets, key=_order), reference)]
    return "\n\n".join([*parts, *_notes(entries)])


def _table(entries: Sequence[Entry], reference: float) -> str:
    return table((*HEAD, *COSTS), [_row(entry, reference) for entry in entries])


def _row(entry: Entry, reference: float) -> tuple[str, ...]:
    scores, run = entry.scores, entry.run
    return (
        entry.rival.name + (" (stale)" if entry.stale else ""),
        entry.rival.library,
        *_scored(scores, reference),
        f"{run.fit_seconds:.1f}",
        f"{run.fit_cpu_seconds:.1f}",
        f"{run.predict_seconds:.1f}",
        f"{run.peak_gb:.2f}",
        str(run.fallbacks),
    )


def _scored(scores: Scores, reference: float) -> tuple[str, ...]:
    return (
        _number(scores.wql, ".4f"),
        _number(scores.wql / reference, ".3f"),
        _number(scores.mase, ".3f"),
        _number(scores.wape, ".4f"),
        _number(scores.bias, "+.1%"),
        _number(scores.coverage, ".1%"),
        _number(scores.share_within, ".1%"),
    )


def _sample(entries: Sequence[Entry]) -> str:
    """WQL of all on the series of the smallest sample, the best first."""
    known = {e.rival.name: e.on_sample.wql for e in entries if e.on_sample is not None}
    ranked = sorted((wql, name) for name, wql in known.items() if not np.isnan(wql))
    return ", ".join(f"{name} {wql:.4f}" for wql, name in ranked) + "."


def _notes(entries: Sequence[Entry]) -> list[str]:
    """Why there were fallbacks; nothing without any."""
    told = [
        f"- {e.rival.name}: {e.run.fallbacks} fallbacks; {e.run.note}"
        for e in entries
        if e.run.fallbacks
    ]
    return ["\n".join(told)] if told else []


def _order(entry: Entry) -> tuple[bool, float]:
    """The lowest WQL first, those without at the end."""
    return bool(np.isnan(entry.scores.wql)), entry.scores.wql


def _number(value: float, style: str) -> str:
    return "-" if np.isnan(value) else format(value, style)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
