"""The one report before an import: what was found, how often, and what will be done about it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from data.scope import Freq

Severity = Literal["refused", "fix", "look", "note"]
Unit = Literal["rows", "days", "products", "series"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of thing found; `choice` is one of `options`, the first of which is the default."""

    code: str
    severity: Severity
    title: str  # "Cancelled orders"
    rows: int  # how many `unit`s
    unit: Unit
    share: float  # of the rows read (or of the days, products, series there are), 0..1
    examples: tuple[str, ...]  # at most three
    options: tuple[tuple[str, str], ...]  # (value, label)
    choice: str
    why: str  # one sentence for the tooltip

    @property
    def choice_label(self) -> str:
        """What will be done, in words."""
        return dict(self.options)[self.choice]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Counts that add up (`read = accepted + set_aside + refused`) and the findings behind them."""

    rows_read: int
    accepted: int
    set_aside: int
    refused: int
    products: int
    places: int
    product_days: int  # rows that `sales` will get
    first_day: date | None  # None: nothing is accepted
    last_day: date | None
    units: float
    revenue: float | None
    frequency: Freq  # what one row stands for
    findings: tuple[Finding, ...]

    def choice(self, code: str) -> str | None:
        """What was chosen for a finding, None where it was not found."""
        return next((f.choice for f in self.findings if f.code == code), None)
