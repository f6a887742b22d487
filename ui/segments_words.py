"""Segments in words: what each class means at the thresholds in use, rules, and the file.

Knows no Streamlit.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from data.segments import ABC, BEFORE, FEWEST, PATTERNS, STAGES, TREND, WINDOW, XYZ, Thresholds
from ui import format as fmt

NOUN = {"W": "week", "M": "month"}
COLUMNS: Mapping[str, tuple[str, ...]] = {"xyz": XYZ, "pattern": PATTERNS}
MEANT = {"X": "X steady", "Y": "Y varies", "Z": "Z irregular"}
SOURCE = "Syntetos, Boylan & Croston 2005"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Classes that are looked at; an empty one means all of its kind."""

    abc: tuple[str, ...] = ()
    xyz: tuple[str, ...] = ()
    pattern: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.abc or self.xyz or self.pattern or self.stage)

    def of(self, classified: pd.DataFrame) -> pd.DataFrame:
        """The products of the chosen classes."""
        kept = pd.Series(True, index=classified.index)
        for kind, chosen in asdict(self).items():
            if chosen:
                kept &= classified[kind].isin(chosen)
        return classified[kept]


CLASSES: Mapping[str, tuple[str, ...]] = {
    "abc": ABC,
    "xyz": XYZ,
    "pattern": PATTERNS,
    "stage": STAGES,
}


def definition(kind: str, thresholds: Thresholds, period: str, measure: str) -> str:
    """What the classes of a kind mean, in one tooltip."""
    noun = NOUN[period]
    made = {"abc": _abc, "xyz": _xyz, "pattern": _pattern, "stage": _stage, "score": _score}
    return made[kind](thresholds, period, noun, "revenue" if measure == "revenue" else "units")


def _abc(limits: Thresholds, period: str, noun: str, what: str) -> str:
    return (
        f"Products from the largest {what} down: A until {limits.a_share:.0%} of all {what} is "
        f"reached, B until {limits.b_share:.0%}, C the rest. Over the last year."
    )


def _xyz(limits: Thresholds, period: str, noun: str, what: str) -> str:
    return (
        f"By the coefficient of variation, the standard deviation of a {noun}'s units over their "
        f"mean, in the last {WINDOW[period]} {noun}s: X up to {limits.x_cv:g}, Y up to "
        f"{limits.y_cv:g}, Z above. {noun.capitalize()}s without a sale count as zero."
    )


def _pattern(limits: Thresholds, period: str, noun: str, what: str) -> str:
    return (
        f"ADI: {noun}s per {noun} with a sale. CV²: squared coefficient of variation of the units "
        f"in {noun}s with a sale. Smooth: ADI under {limits.adi:g}, CV² under {limits.cv2:g}. "
        f"Erratic: CV² from {limits.cv2:g}. Intermittent: ADI from {limits.adi:g}. Lumpy: both. "
        f"Source: {SOURCE}."
    )


def _stage(limits: Thresholds, period: str, noun: str, what: str) -> str:
    return (
        f"New: first sale in the last {limits.new_periods} {noun}s. Ended: none in the last "
        f"{limits.ended_periods}. Growing and Declining: units of the last {TREND[period]} "
        f"{noun}s more than {limits.trend:.0%} above or below the same {noun}s a year before. "
        "Steady: all others, those too young to compare among them."
    )


def _score(limits: Thresholds, period: str, noun: str, what: str) -> str:
    return (
        f"100 less the error in percent of guessing each {noun} by the mean of the {BEFORE} "
        f"before it, over the last {WINDOW[period]} {noun}s. 100: the same every {noun}; 0: such a "
        f"guess is of no use. Seasons make it lower than a model will be. Needs {FEWEST} guesses."
    )


def rule_words(rule: Mapping[str, Any]) -> str:
    """A saved rule as a reader says it.

    >>> rule_words({"abc": ["A"], "xyz": ["X", "Y"], "stage": []})
    'A · X or Y'
    >>> rule_words({})
    'all products'
    """
    parts = [" or ".join(rule[kind]) for kind in CLASSES if rule.get(kind)]
    if path := rule.get("categories"):
        parts.append(str(path[-1]))
    if rule.get("by_hand"):
        parts.append("chosen one by one")
    return " · ".join(parts) or "all products"


def suggestion(chosen: Filter) -> str:
    """A name to begin with.

    >>> suggestion(Filter(abc=("A",), xyz=("X",)))
    'AX'
    >>> suggestion(Filter(stage=("New", "Growing")))
    'New, Growing'
    """
    letters = "".join(chosen.abc + chosen.xyz) if len(chosen.abc + chosen.xyz) <= 2 else ""
    words = () if letters else chosen.abc + chosen.xyz
    return ", ".join(([letters] if letters else []) + [*words, *chosen.pattern, *chosen.stage])


def cells(classified: pd.DataFrame, columns: str) -> pd.DataFrame:
    """The matrix as rows: abc, column, products, amount, share (of all amounts above zero)."""
    known = classified[classified[columns] != ""]
    sums = known.groupby(["abc", columns]).agg(products=("share", "size"), share=("share", "sum"))
    every = pd.MultiIndex.from_product([ABC, COLUMNS[columns]], names=["abc", columns])
    made = sums.reindex(every, fill_value=0).reset_index().rename(columns={columns: "column"})
    return made.astype({"products": int, "share": float})


def describe_cells(matrix: pd.DataFrame, what: str) -> str:
    """The finding of the matrix in one sentence."""
    top = matrix.sort_values("share", ascending=False, kind="stable").iloc[0]
    return (
        f"The largest cell is {top['abc']} {top['column']} with "
        f"{fmt.count(int(top['products']), 'product')} and {fmt.share(float(top['share']))} "
        f"of {what}."
    )


def table(chosen: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The largest products as the screen shows them; shares and trends in percent."""
    frame = chosen.head(rows).reset_index()
    for column in ("share", "trend"):
        frame[column] = frame[column].astype(float) * 100
    for column in ("abc", "xyz", "pattern", "stage"):
        frame[column] = [[value] if value else [] for value in frame[column]]
    # A line that only goes below zero cannot be drawn from zero upwards.
    frame["spark"] = [[max(float(value), 0.0) for value in spark] for spark in frame["spark"]]
    return frame


def every_product(chosen: pd.DataFrame, *, dataset: str) -> pd.DataFrame:
    """Every chosen product for a file; shares and trends are 0..1."""
    frame = chosen.drop(columns=["spark"]).reset_index(drop=True)
    frame.insert(0, "dataset", dataset)
    for column in ("cv", "adi", "cv2", "trend", "share"):
        frame[column] = frame[column].astype(float).round(4)
    for column in ("amount", "units", "score"):
        frame[column] = frame[column].astype(float).round(2)
    return frame
