"""Seasonality in words, tables and files: what a merchandiser reads first. Knows no Streamlit."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.scope import Freq
from forecasting import diagnostics as dx
from ui import format as fmt
from ui import seasonality_facts as facts
from ui.forecasts import NOUN
from ui.seasonality_facts import MODERATE, STRONG, Patterns, Sales

NONE = 0.1  # strength below which nothing is seen
STEADY = 0.03  # share a year by which growth may differ and still be steady
NEARLY = 0.04  # off a named period by this share: as near as three years of days can tell
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = tuple(f"{pd.Timestamp(2026, month, 1):%B}" for month in range(1, 13))
_CALLED = {"D": "days", "W": "weeks", "M": "months"}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One of the four answers."""

    label: str
    value: str
    badge: str
    text: str
    why: str


def strength(value: float) -> str:
    """A strength in one word, by the rounded figure that stands beside it.

    >>> strength(0.639), strength(0.4), strength(0.2), strength(0.05)
    ('Strong', 'Moderate', 'Weak', 'None')
    """
    value = round(value, 2)
    if value >= STRONG:
        return "Strong"
    if value >= MODERATE:
        return "Moderate"
    return "Weak" if value >= NONE else "None"


def cards(found: Patterns) -> list[Card]:
    """Yearly pattern, weekly pattern, trend, next peak."""
    return [_yearly(found), _weekly(found), _trend(found), _peak(found)]


def _yearly(found: Patterns) -> Card:
    noun = NOUN[found.base.freq][1]
    why = (
        f"How much of what moves from one of its {noun} to the next the time of the year explains "
        "(Hyndman's strength of season, less what chance alone would show), out of 100. "
        f"Strong from {STRONG * 100:.0f}, moderate from {MODERATE * 100:.0f}."
    )
    if found.yearly is None:
        years = len(found.base.times) / facts.YEAR[found.base.freq]
        flat = found.base_parts is not None and bool(found.base_parts.seasons)
        return Card(
            label="Yearly pattern",
            value="None" if flat else "Not yet known",
            badge="" if flat else f"{min(years, 1.9):.1f} of 2 years",
            text="every period is the same" if flat else "",
            why="A pattern shows when it comes back: two full years are needed. " + why,
        )
    top = ""
    if found.year is not None and found.yearly >= NONE:
        top = f"top: {_MONTHS[found.year.top]}"
    return Card(
        label="Yearly pattern",
        value=strength(found.yearly),
        badge=f"{found.yearly * 100:.0f} of 100",
        text=top,
        why=why,
    )


def _weekly(found: Patterns) -> Card:
    why = (
        "How much of what moves from day to day the weekday explains (Hyndman's strength of "
        "season, less what chance alone would show), out of 100."
    )
    if found.days is None:
        return Card(
            label="Weekly pattern",
            value=fmt.DASH,
            badge="",
            text=f"the data comes by {NOUN[found.base.freq][0]}",
            why="Needs sales by day. " + why,
        )
    if found.weekly is None:
        short = len(found.days.times) < 15
        return Card(
            label="Weekly pattern",
            value="Not yet known" if short else "None",
            badge="",
            text="15 days are needed" if short else "every day is the same",
            why=why,
        )
    top = ""
    if found.week is not None and found.weekly >= NONE:
        above = float(found.week.factors[found.week.top]) - 1
        top = f"{_DAYS[found.week.top]} {fmt.growth(above)}"
    return Card(
        label="Weekly pattern",
        value=strength(found.weekly),
        badge=f"{found.weekly * 100:.0f} of 100",
        text=top,
        why=why + " The share after the day is against a mean day.",
    )


def _trend(found: Patterns) -> Card:
    trend, noun = found.trend, NOUN[found.base.freq][1]
    if trend is None:
        return Card(
            label="Trend",
            value="Not yet known",
            badge="",
            text="a year and a month are needed",
            why="Growth needs the same time of two years.",
        )
    text, why = "", "The straight line through the trend, without seasons and unusual values."
    if trend.compared:
        text = "same time last year"
        why = f"Against the same {noun} a year before, as far as there are two of them."
    elif trend.lately is not None:
        text = _lately(trend.yearly, trend.lately)
        why += f" The last year against the one before: {fmt.growth(trend.lately)}."
    return Card(
        label="Trend",
        value=f"{fmt.growth(trend.yearly)} a year",
        badge=f"since {trend.since:%b %Y}",
        text=text,
        why=why,
    )


def _lately(yearly: float, lately: float) -> str:
    if abs(lately - yearly) <= max(STEADY, abs(yearly) / 2):
        return "steady"
    if yearly * lately < 0:
        return f"lately {fmt.growth(lately)}"
    return "faster lately" if abs(lately) > abs(yearly) else "slower lately"


def _peak(found: Patterns) -> Card:
    base = found.base
    noun = NOUN[base.freq][0]
    why = (
        f"The highest {noun} of the yearly pattern within the year to come, against a mean {noun}."
    )
    if base.ended is not None:
        return Card(
            label="Next peak",
            value=fmt.DASH,
            badge="",
            text=f"not sold since {base.ended:%b %Y}",
            why=why,
        )
    if found.peak is None or found.yearly is None or found.yearly < MODERATE:
        known = found.yearly is not None
        return Card(
            label="Next peak",
            value="No clear one" if known else "Not yet known",
            badge="",
            text="the year is too even" if known else "two years are needed",
            why=why,
        )
    start = found.peak.start
    above = f"{fmt.growth(found.peak.above)} on usual"
    if base.freq == "M":
        return Card(label="Next peak", value=f"{start:%b %Y}", badge="", text=above, why=why)
    return Card(
        label="Next peak", value=days_between(start), badge=_week(start), text=above, why=why
    )


def days_between(monday: pd.Timestamp) -> str:
    """The days of a week.

    >>> days_between(pd.Timestamp("2016-06-27")), days_between(pd.Timestamp("2015-12-14"))
    ('27 Jun – 3 Jul', '14–20 Dec')
    """
    sunday = monday + timedelta(days=6)
    if sunday.month == monday.month:
        return f"{monday.day}–{sunday.day} {sunday:%b}"
    return f"{monday.day} {monday:%b} – {sunday.day} {sunday:%b}"


def _week(monday: pd.Timestamp) -> str:
    """Its number, with the year where it is more than twelve months away."""
    far = abs((monday - pd.Timestamp(date.today())).days) > 365
    return fmt.week(monday) + (f" {monday.isocalendar().year}" if far else "")


def caption(found: Patterns, name: str) -> str:
    """What data, until when, and what the patterns leave out."""
    shown = found.shown
    noun = NOUN[shown.freq]
    parts = [
        fmt.escape(name),
        f"{fmt.count(len(shown.times), *noun)}, {_span(shown)}",
    ]
    if shown.ended is not None:
        parts.append(f"not sold since {shown.ended.day} {shown.ended:%b %Y}")
    left = [
        (int((shown.stocked_out & ~shown.gap).sum()), "mostly out of stock"),
        (int(shown.gap.sum()), "without sales (a gap, no demand)"),
        (int(shown.unusual.sum()), "unusual"),
    ]
    words = [f"{fmt.count(count, *noun)} {why}" for count, why in left if count]
    if words:
        parts.append("left out of the patterns: " + ", ".join(words))
    return " · ".join(parts)


def _span(sales: Sales) -> str:
    if sales.freq == "M":
        return f"{sales.times[0]:%b %Y} – {sales.times[-1]:%b %Y}"
    end = sales.times[-1] + timedelta(days=6 if sales.freq == "W" else 0)
    return fmt.span(sales.times[0], end)


def too_short(found: Patterns) -> str:
    """What the page can show of a series that cannot be taken apart."""
    number, noun = len(found.shown.times), NOUN[found.shown.freq]
    known = int(np.isfinite(found.shown.clean).sum())
    text = f"{fmt.count(known, *noun)} of sales" if known < number else fmt.count(number, *noun)
    return (
        f"**{text} to learn from.** Trend and seasons begin with {dx.FEWEST}. "
        + ("Choose days or weeks above, or a wider scope." if found.shown.freq != "D" else "")
    ).strip()


def memory(found: dx.Correlogram, freq: Freq) -> str:
    """What the bars of the correlogram say, in one or two sentences."""
    nouns = NOUN[freq][1]
    peaks = sorted(found.peaks())
    season = facts.PERIODS[freq][0]
    strip = "Grey strip = could be chance."
    if not peaks:
        if not found.reach:
            return f"Earlier {nouns} say nothing about later ones. {strip}"
        text = f"Alike up to {fmt.count(found.reach, *NOUN[freq])} back, fading"
        return f"{text}: the recent level is the best hint. {strip}"
    listed = ", ".join(str(peak) for peak in peaks)
    near = 1 if season > 12 else 0  # a year is not a whole number of weeks
    if any(peak >= season - near and abs(peak - round(peak / season) * season) <= near
           for peak in peaks):  # fmt: skip
        hint = {
            "D": "the same weekday of the weeks before is the best hint",
            "W": "the same week last year is a good hint",
            "M": "the same month last year is a good hint",
        }[freq]
        return f"Peaks at {listed} {nouns}: {hint}. {strip}"
    return f"Most alike {listed} {nouns} before. {strip}"


def describe_parts(found: Patterns) -> str:
    """The finding of the decomposition in one sentence."""
    texts = []
    if found.trend is not None:
        texts.append(f"the trend is {fmt.growth(found.trend.yearly)} a year")
    if found.yearly is not None:
        texts.append(f"the yearly pattern is {strength(found.yearly).lower()}")
    if found.weekly is not None:
        texts.append(f"the weekly pattern is {strength(found.weekly).lower()}")
    text = ", ".join(texts) or "too short for trend and seasons"
    return f"Sales taken apart: {text}."


def describe_usual(profile: dx.Profile, names: tuple[str, ...]) -> str:
    """The highest and lowest place of a usual week or year."""
    low = int(np.nanargmin(profile.factors))
    return (
        f"Highest {names[profile.top]} {fmt.growth(float(profile.factors[profile.top]) - 1)}, "
        f"lowest {names[low]} {fmt.growth(float(profile.factors[low]) - 1)}."
    )


def unit_roots(found: dx.UnitRoots) -> tuple[str, str]:
    """What two tests of steadiness mean together, and what to do."""
    return {
        "steady": ("Steady", "It keeps coming back to one level; it can be modelled as it is."),
        "wanders": (
            "Wanders",
            "The level moves on and does not come back: model the changes (one difference).",
        ),
        "mixed": (
            "Steady, with shifts",
            "It comes back, but not to one level: a trend, a long season or a change of level. "
            "Take these out first, or model the changes.",
        ),
        "unclear": (
            "Cannot be told",
            "Too short or too noisy for either test to decide; both ways are worth a try.",
        ),
    }[found.verdict]


def advice(found: dx.Advice) -> str:
    """Whether to take logarithms, and why."""
    if found.exponent is None:
        tail = {
            "has zeros": "Logarithms would need a shift (log of 1 + units), which bends small "
            "numbers. Better leave the values and use a model of counts.",
            "has values below zero": "More came back than was sold at times; logarithms do not "
            "exist for that. Leave the values as they are.",
        }.get(found.reason, "Leave the values as they are.")
        return f"**No transformation** :gray[· {found.reason}]. {tail}"
    head = {"log": "Take logarithms", "root": "Take square roots", "none": "No transformation"}
    number = f"{found.exponent:.2f}".replace("-", fmt.MINUS)
    return f"**{head[found.transform]}** :gray[· Box-Cox exponent {number}]: {found.reason}."


def cycles(found: dx.Spectrum, freq: Freq) -> str:
    """The periods that stand out, as a sentence."""
    if not found.cycles:
        return "No period stands out of the noise."
    listed = [f"**{period_name(each.period, freq)}** ({each.share:.0%})" for each in found.cycles]
    return (
        f"Repeats every {', '.join(listed)}. :gray[Share of what varies around the trend, "
        "harmonics included.]"
    )


def period_name(steps: float, freq: Freq) -> str:
    """A period by its name where it has one, within what a few years can tell.

    >>> period_name(368.1, "D"), period_name(7.0, "D"), period_name(9.5, "D")
    ('year', 'week', '9.5 days')
    >>> period_name(52.4, "W"), period_name(6.0, "M")
    ('year', 'half-year')
    """
    year = facts.YEAR[freq]
    named = {"year": year, "half-year": year / 2, "quarter": year / 4, "month": year / 12}
    if freq == "D":
        named["week"] = 7.0
    for name, length in named.items():
        if length > 1.5 and abs(steps / length - 1) < NEARLY:
            return name
    text = f"{steps:,.1f}".removesuffix(".0") if steps < 60 else f"{steps:,.0f}"
    return f"{text} {_CALLED[freq]}"


def events_table(found: Patterns, measure: str, currency: str) -> pd.DataFrame:
    """Changes of the trend and unusual periods, in order of time: when, what, how much."""
    rows: list[tuple[pd.Timestamp, str, str]] = []
    parts, base = found.base_parts, found.base
    if parts is not None:
        for change in found.changes:
            rows.append((base.times[change.position], "Change", _change(change, parts, base.freq)))
    rest = facts.rest_percent(found.shown, found.parts) if found.parts is not None else None
    for place in np.flatnonzero(found.shown.unusual).tolist():
        sold = fmt.exact(float(found.shown.values[place]), measure, currency)
        away = (
            f", {fmt.growth(float(rest[place]) / 100)} on the expected" if rest is not None else ""
        )
        rows.append((found.shown.times[place], "Unusual", f"{sold}{away}"))
    frame = pd.DataFrame(rows, columns=["from", "what", "how"])
    return frame.sort_values("from", ascending=False, ignore_index=True)


def _change(change: dx.ChangePoint, parts: dx.Decomposition, freq: Freq) -> str:
    """Step and slopes of a change of the trend."""
    year = facts.PERIODS[freq][0]
    if parts.log:
        jump = float(np.expm1(change.jump))
        slopes = [
            float(np.expm1(each * year)) for each in (change.slope_before, change.slope_after)
        ]
    else:
        mean = float(parts.trend.mean())
        if mean <= 0:
            return "another level"
        jump = change.jump / mean
        slopes = [each * year / mean for each in (change.slope_before, change.slope_after)]
    before, after = (fmt.growth(float(np.clip(each, -0.999, 9.99))) for each in slopes)
    return f"level {fmt.growth(jump)}; growth a year {before} before, {after} after"
