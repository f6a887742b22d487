"""Numbers, money and dates as cards, sentences and axes write them; tables use printf formats.

Every function takes one value and gives text; what is not known (None, NaN, NaT) is a dash.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

DASH = "–"
MINUS = "−"

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d.,\u00a0\u202f' ]*\d[%]?")  # in any country's writing
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&])")


def units(value: float | None) -> str:
    """Units sold: whole, shortened from 100,000, one decimal for means under 10.

    >>> units(8412), units(412_600), units(2_310_000), units(0), units(7.25), units(None)
    ('8,412', '412.6K', '2.31M', '0', '7.2', '–')
    >>> units(-1240)
    '−1,240'
    """
    if value is None or pd.isna(value):
        return DASH
    if abs(value) >= 99_999.5:
        return _sign(value) + _short(abs(value))
    decimals = 1 if abs(value) < 9.95 and value != round(value) else 0
    text = f"{abs(value):,.{decimals}f}"
    return (_sign(value) if float(text.replace(",", "")) else "") + text


def money(value: float | None, currency: str) -> str:
    """An amount of money, shortened from 1,000.

    >>> money(412_600, "€"), money(860, "€"), money(2_310_000, "$"), money(999_960, "€")
    ('€412.6K', '€860', '$2.31M', '€1.00M')
    >>> money(-18_400, "€"), money(None, "€")
    ('−€18.4K', '–')
    """
    if value is None or pd.isna(value):
        return DASH
    if abs(value) >= 999.5:
        return _sign(value) + currency + _short(abs(value))
    text = f"{abs(value):,.0f}"
    return (_sign(value) if text != "0" else "") + currency + text


def price(value: float | None, currency: str) -> str:
    """A price per unit.

    >>> price(2.49, "€")
    '€2.49'
    """
    return DASH if value is None or pd.isna(value) else f"{_sign(value)}{currency}{abs(value):,.2f}"


def amount(value: float | None, measure: str, currency: str) -> str:
    """Units or money, as the switch in the sidebar says.

    >>> amount(1675, "quantity", "€"), amount(1675, "revenue", "€")
    ('1,675', '€1.7K')
    """
    return money(value, currency) if measure == "revenue" else units(value)


def exact(value: float | None, measure: str, currency: str) -> str:
    """Units or money in full, as a tooltip shows them.

    >>> exact(412_612.4, "quantity", "€"), exact(18_412.4, "revenue", "€")
    ('412,612', '€18,412')
    """
    if value is None or pd.isna(value):
        return DASH
    decimals = 1 if abs(value) < 9.95 and value != round(value) else 0
    return f"{_sign(value)}{currency if measure == 'revenue' else ''}{abs(value):,.{decimals}f}"


def share(value: float | None) -> str:
    """A share or an error as percent.

    >>> share(0.1483), share(0.0004), share(0.0), share(0.99999999)
    ('14.8%', '<0.1%', '0%', '100%')
    """
    if value is None or pd.isna(value):
        return DASH
    if 0 < abs(value) < 0.0005:
        return "<0.1%"
    whole = round(value, 6) in (0, 1)  # sums of shares end beside one
    return f"{value:.0%}" if whole else f"{value:.1%}".replace("-", MINUS)


def growth(value: float | None) -> str:
    """A relative change in running text: whole percent from 10 on.

    >>> growth(0.062), growth(0.1649), growth(-0.034), growth(0.0002), growth(11.06), growth(None)
    ('+6.2%', '+16%', '−3.4%', '0%', '+1,106%', '–')
    """
    if value is None or pd.isna(value):
        return DASH
    if abs(value) < 0.0005:
        return "0%"
    return f"{value:+,.{0 if abs(value) >= 0.0995 else 1}%}".replace("-", MINUS)


def delta(value: float | None) -> str | int | None:
    """A relative change for `st.metric`, which wants a plain minus, and 0 for no arrow.

    >>> delta(0.062), delta(-0.1649), delta(0.0001), delta(None)
    ('+6.2%', '-16.5%', 0, None)
    """
    if value is None or pd.isna(value):
        return None
    if abs(value) < 0.0005:
        return 0
    return f"{value:+.1%}" if abs(value) < 9.995 else f"{value:+,.0%}"


def signed_percent(value: float | None, decimals: int) -> str:
    """A change in percent (already times 100) for a cell of a table, with plain signs.

    Growth to more than eleven times as much reads as a factor: nobody can picture +24,674%.

    >>> signed_percent(12.34, 0), signed_percent(-0.3, 0), signed_percent(0.04, 1)
    ('+12%', '0%', '0%')
    >>> signed_percent(24_674.0, 0), signed_percent(-1106.0, 0), signed_percent(None, 0)
    ('×248', '-1,106%', '–')
    """
    if value is None or pd.isna(value):
        return DASH
    if value >= 1000:
        return f"×{value / 100 + 1:,.0f}"
    rounded = round(float(value), decimals)
    return "0%" if rounded == 0 else f"{rounded:+,.{decimals}f}%"


def with_signed_percents(frame: pd.DataFrame, columns: Mapping[str, int]) -> "Styler":
    """A table whose `columns` read as signed percents with so many decimals, zero as 0%.

    The columns still sort by their values. A printf format of `st.column_config` cannot do it: it
    writes +0% and -0%.
    """

    def writer(decimals: int) -> Callable[[object], str]:
        return lambda value: signed_percent(value, decimals)  # type: ignore[arg-type]

    return frame.style.format({name: writer(digits) for name, digits in columns.items()})


def day(value: date | pd.Timestamp | None, today: date | None = None) -> str:
    """A day; with its year when it is more than twelve months away.

    >>> day(date(2026, 11, 26), date(2026, 11, 20)), day(date(2011, 12, 9), date(2026, 11, 20))
    ('Thu 26 Nov', 'Fri 9 Dec 2011')
    """
    if value is None or pd.isna(value):
        return DASH
    moment = pd.Timestamp(value)
    text = f"{moment:%a} {moment.day} {moment:%b}"
    far = abs((moment - pd.Timestamp(today or date.today())).days) > 365
    return f"{text} {moment.year}" if far else text


def span(first: date | pd.Timestamp | None, last: date | pd.Timestamp | None) -> str:
    """From one day to another.

    >>> span(date(2009, 12, 1), date(2011, 12, 9))
    '1 Dec 2009 – 9 Dec 2011'
    """
    if first is None or last is None or pd.isna(first) or pd.isna(last):
        return DASH
    return " – ".join(f"{d.day} {d:%b} {d.year}" for d in (pd.Timestamp(first), pd.Timestamp(last)))


def week(value: date | pd.Timestamp) -> str:
    """The ISO week.

    >>> week(date(2026, 11, 23)), week(date(2027, 1, 4))
    ('W48', 'W01')
    """
    return f"W{pd.Timestamp(value).isocalendar().week:02d}"


def period(value: date | pd.Timestamp, freq: str) -> str:
    """The period that starts at `value`, as a sentence names it.

    >>> period(date(2026, 11, 23), "W"), period(date(2026, 11, 1), "M")
    ('the week of 23 Nov', 'Nov 2026')
    >>> period(date(2026, 11, 23), "D")
    'Mon 23 Nov'
    """
    moment = pd.Timestamp(value)
    if freq == "M":
        return f"{moment:%b} {moment.year}"
    if freq == "D":
        return f"{moment:%a} {moment.day} {moment:%b}"
    return f"the week of {moment.day} {moment:%b}"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "product"), count(300, "product"), count(2, "category", "categories")
    ('1 product', '300 products', '2 categories')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def escape(text: object) -> str:
    """The user's own text, safe inside Markdown and labels.

    >>> escape("<b>*5$*</b> :red[x]")
    '\\\\<b\\\\>\\\\*5\\\\$\\\\*\\\\</b\\\\> \\\\:red\\\\[x\\\\]'
    """
    return _MARKDOWN.sub(r"\\\1", str(text))


def _sign(value: float) -> str:
    return MINUS if value < 0 else ""


def _short(value: float) -> str:
    """K or M with at most four significant digits."""
    if value < 999_950:
        return f"{value / 1e3:.1f}K"
    if value < 999_500_000:
        return f"{value / 1e6:.{2 if value < 9_995_000 else 1}f}M"
    return f"{value / 1e9:.2f}B"


def duration(seconds: float) -> str:
    """How long something takes.

    >>> duration(0.2), duration(41.4), duration(170), duration(180), duration(1100)
    ('1 s', '41 s', '2 min 50 s', '3 min', '18 min')
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest and whole < 600 else f"{round(seconds / 60)} min"


def cell(value: str) -> str:
    """The user's own text for a file that a spreadsheet opens: never a formula.

    >>> cell("=cmd()"), cell("Coffee")
    ("'=cmd()", 'Coffee')
    """
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of the user's own text for such a file; numbers, negative ones too, stay numbers.

    >>> cells(pd.DataFrame({"value": ["-5", "-1.234,50", "-2+3", "=A1", None]}))["value"].tolist()
    ['-5', '-1.234,50', "'-2+3", "'=A1", None]
    """

    def guarded(value: object) -> object:
        if not isinstance(value, str) or _NUMBER.fullmatch(value.strip(" ")):
            return value
        return cell(value)

    text = frame.select_dtypes(["object", "string"]).columns
    return frame.assign(**{name: frame[name].map(guarded) for name in text})
