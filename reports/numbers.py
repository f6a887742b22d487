"""Numbers and dates as a reader of a language writes them.

Chinese counts large numbers in 万 (10,000) and 亿 (100 million), and writes dates year first.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from reports.content import Kind, Language

DASH = "–"
MINUS = "−"
_WEEKDAYS = "一二三四五六日"
_UNSIGNED: dict[Kind, Kind] = {"gain_units": "units", "gain_money": "money"}


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes values in one language; what is not known is a dash."""

    language: Language
    measure: str  # what an amount is: quantity or revenue
    currency: str

    def brief(self, value: float | None, kind: Kind) -> str:
        """As cards, sentences and axes write it, at most four digits.

        >>> writer = Writer(language="en", measure="revenue", currency="€")
        >>> writer.brief(412_612.0, "amount"), writer.brief(8_412.0, "units")
        ('€412.6K', '8,412')
        >>> Writer(language="zh", measure="revenue", currency="¥").brief(412_612.0, "amount")
        '¥41.3万'
        """
        kind = self._resolved(kind)
        if value is None or not math.isfinite(value):
            return DASH
        if kind in _UNSIGNED:
            return self.signed(value, _UNSIGNED[kind])
        if kind in ("units", "money"):
            symbol = self.currency if kind == "money" else ""
            edge = 9_999.5 if self.language == "zh" else 999.5 if symbol else 99_999.5
            if abs(value) >= edge:
                return _sign(value) + symbol + self._short(abs(value))
        return self.full(value, kind)

    def full(self, value: float | None, kind: Kind) -> str:
        """As tables write it.

        >>> writer = Writer(language="en", measure="quantity", currency="€")
        >>> writer.full(412_612.4, "amount"), writer.full(-0.0004, "change")
        ('412,612', '0%')
        >>> writer.full(0.148, "share"), writer.full(-0.039, "change"), writer.full(2.5, "price")
        ('14.8%', '−3.9%', '€2.50')
        >>> writer.full(40.0, "gain"), writer.full(0.0, "gain_money"), writer.full(2.04, "times")
        ('+40', '€0', '2.04×')
        """
        if value is None or not math.isfinite(value):
            return DASH
        if (kind := self._resolved(kind)) in _UNSIGNED:
            text = self.full(value, _UNSIGNED[kind])
            return f"+{text}" if value > 0 and text != self.full(0.0, _UNSIGNED[kind]) else text
        write: dict[Kind, Callable[[float], str]] = {
            "units": lambda number: _grouped(number, 1 if _is_small(number) else 0),
            "money": lambda number: _grouped(number, 0, self.currency),
            "price": lambda number: _grouped(number, 2, self.currency),
            "share": _share,
            "whole": lambda number: f"{number:.0%}",
            "change": _change,
            "score": lambda number: _grouped(number, 3),
            "times": lambda number: f"{number:.{2 if number < 9.995 else 1}f}×",
        }
        return write[kind](float(value))

    def cell(self, value: object, kind: Kind) -> str:
        """Any value of a table."""
        if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
            return DASH
        if kind == "text":
            return str(value)
        if kind == "soon":
            return self.short_day(value)  # type: ignore[arg-type]
        return self.day(value) if kind == "day" else self.full(value, kind)  # type: ignore[arg-type]

    def day(self, value: date | pd.Timestamp) -> str:
        """A day with its year.

        >>> Writer(language="en", measure="quantity", currency="").day(date(2026, 11, 26))
        '26 Nov 2026'
        >>> Writer(language="zh", measure="quantity", currency="").day(date(2026, 11, 26))
        '2026年11月26日'
        """
        moment = pd.Timestamp(value)
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月{moment.day}日"
        return f"{moment.day} {moment:%b} {moment.year}"

    def short_day(self, value: date | pd.Timestamp) -> str:
        """A day without its year."""
        moment = pd.Timestamp(value)
        if self.language == "zh":
            return f"{moment.month}月{moment.day}日"
        return f"{moment.day} {moment:%b}"

    def weekday(self, value: date | pd.Timestamp) -> str:
        """The day of the week, short."""
        moment = pd.Timestamp(value)
        return f"周{_WEEKDAYS[moment.dayofweek]}" if self.language == "zh" else f"{moment:%a}"

    def month_name(self, number: int) -> str:
        """A month of every year, 1 to 12."""
        return f"{number}月" if self.language == "zh" else f"{pd.Timestamp(2026, number, 1):%B}"

    def weekday_name(self, number: int) -> str:
        """A day of every week, 0 for Monday."""
        if self.language == "zh":
            return f"周{_WEEKDAYS[number]}"
        return f"{pd.Timestamp(2026, 6, 1 + number):%A}"

    def span(self, first: pd.Timestamp, last: pd.Timestamp) -> str:
        """From a day to a day."""
        return f"{self.day(first)} – {self.day(last)}"

    def signed(self, value: float, kind: Kind) -> str:
        """A difference, as sentences write it.

        >>> writer = Writer(language="en", measure="revenue", currency="€")
        >>> writer.signed(1_200.0, "amount"), writer.signed(-40.0, "amount")
        ('+€1.2K', '−€40')
        """
        text = self.brief(value, kind)
        return f"+{text}" if value > 0 and text != self.brief(0.0, kind) else text

    def month(self, value: date | pd.Timestamp) -> str:
        """A month with its year."""
        moment = pd.Timestamp(value)
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月"
        return f"{moment:%b} {moment.year}"

    def period(self, value: date | pd.Timestamp, freq: str) -> str:
        """The period that starts at `value`, as a sentence names it.

        >>> english = Writer(language="en", measure="quantity", currency="")
        >>> english.period(date(2026, 11, 23), "W"), english.period(date(2026, 11, 1), "M")
        ('the week of 23 Nov 2026', 'Nov 2026')
        """
        if freq == "M":
            return self.month(value)
        if freq == "D":
            return f"{self.day(value)}（{self.weekday(value)}）" if self.language == "zh" else (
                f"{self.weekday(value)} {self.day(value)}"
            )  # fmt: skip
        if self.language == "zh":
            return f"{self.day(value)}当周"
        return f"the week of {self.day(value)}"

    def heads(self, value: pd.Timestamp, freq: str) -> tuple[str, str]:
        """The two lines above a column of a period."""
        if freq == "M":
            month = f"{value.month}月" if self.language == "zh" else f"{value:%b}"
            return month, str(value.year)
        if freq == "D":
            return self.short_day(value), self.weekday(value)
        week = value.isocalendar().week
        return (f"第{week}周" if self.language == "zh" else f"W{week:02d}"), self.short_day(value)

    def excel_format(self, kind: Kind) -> str:
        """The number format of a cell."""
        symbol = '"' + self.currency.replace('"', "") + '"'
        formats: dict[Kind, str] = {
            "text": "@",
            "units": "#,##0;−#,##0;0",
            "money": f"{symbol}#,##0;−{symbol}#,##0;{symbol}0",
            "gain_units": "+#,##0;−#,##0;0",
            "gain_money": f"+{symbol}#,##0;−{symbol}#,##0;{symbol}0",
            "price": f"{symbol}#,##0.00;−{symbol}#,##0.00",
            "share": "0.0%",
            "whole": "0%",
            "change": '+0.0%;−0.0%;"0%"',
            "score": "0.000",
            "times": '0.00"×"',
            "soon": 'm"月"d"日"' if self.language == "zh" else "d mmm",
            "day": 'yyyy"年"m"月"d"日"' if self.language == "zh" else "d mmm yyyy",
        }
        return formats[self._resolved(kind)]

    def _resolved(self, kind: Kind) -> Kind:
        is_money = self.measure == "revenue"
        if kind == "gain":
            return "gain_money" if is_money else "gain_units"
        if kind == "amount":
            return "money" if is_money else "units"
        return kind

    def _short(self, value: float) -> str:
        if self.language == "zh":
            if value >= 99_995_000:
                return _significant(value / 1e8) + "亿"
            return _significant(value / 1e4) + "万"
        if value < 999_950:
            return _significant(value / 1e3) + "K"
        if value < 999_500_000:
            return _significant(value / 1e6, 2) + "M"
        return _significant(value / 1e9, 2) + "B"


def _significant(value: float, decimals: int = 1) -> str:
    return f"{value:,.{decimals if value < 100 else min(decimals, 1)}f}"


def _is_small(value: float) -> bool:
    return abs(value) < 9.95 and value != round(value)


def _grouped(value: float, decimals: int, symbol: str = "") -> str:
    text = f"{abs(value):,.{decimals}f}"
    is_zero = float(text.replace(",", "")) == 0
    return ("" if is_zero else _sign(value)) + symbol + text


def _share(value: float) -> str:
    if 0 < abs(value) < 0.0005:
        return "<0.1%"
    if abs(value) < 0.0005 or round(value, 6) == 1:
        return f"{abs(value):.0%}"
    return f"{value:.1%}".replace("-", MINUS)


def _change(value: float) -> str:
    if abs(value) < 0.0005:
        return "0%"
    if value >= 10:
        return f"×{value + 1:,.0f}"
    return f"{value:+,.{0 if abs(value) >= 0.0995 else 1}%}".replace("-", MINUS)


def _sign(value: float) -> str:
    return MINUS if value < 0 else ""
