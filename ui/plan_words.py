"""A plan in words and numbers for the screen: cells, effects, history. Knows no Streamlit."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from data.errors import Conflict
from data.plan_accuracy import ValueAdded
from data.plan_changes import Change, Effect
from data.plan_changes import Measure as By
from data.plan_log import Edit, describe_change
from data.publications import Publication
from data.scope import Freq, Measure
from ui import format as fmt
from ui.forecasts import NOUN

REASONS = {
    "promotion": "Promotion",
    "price": "Price",
    "event": "Event",
    "listing": "Listing or display",
    "new_product": "New or leaving product",
    "stock": "Stock or supply",
    "market": "Market or rival",
    "forecast": "Forecast looks wrong",
    "other": "Other",
}
MEASURES: dict[By, str] = {"percent": "%", "amount": "Units", "value": "To"}
NOBODY = "Not signed in"  # the author where nobody gave a name
MOST_WEEKS = 104  # of cover; beyond it nobody counts weeks
NUDGE = 10.0  # percent; raises below it are asked about
_SIZES = {0.0: "under 10%", 10.0: "10–30%", 30.0: "30% and more"}


def header(moment: pd.Timestamp | date, freq: Freq) -> str:
    """The column of a period.

    >>> header(date(2026, 11, 23), "W"), header(date(2026, 11, 23), "D")
    ('W48', '23 Nov')
    """
    when = pd.Timestamp(moment)
    if freq == "W":
        return fmt.week(when)
    return f"{when:%b %y}" if freq == "M" else f"{when.day} {when:%b}"


def table(
    series: pd.DataFrame,
    *,
    last_year: pd.Series,
    previous: pd.Series,
    previous_name: str,
    freq: Freq,
    measure: Measure,
    currency: str,
) -> pd.DataFrame:
    """Periods as columns, fixed rows, all of it text; the last column is the sum.

    `series` is a frame of `data.plans.series`; the other two stand beside it, NaN where not known.
    """
    money = "_money" if measure == "revenue" else ""
    mean, final = series[f"mean{money}"], series[f"final{money}"]

    def words(value: float) -> str:
        return fmt.exact(value, measure, currency)

    columns = {}
    for at, row in enumerate(series.to_dict("records")):
        when = pd.Timestamp(row["timestamp"])
        columns[header(when, freq)] = [
            _below_header(when, freq),
            words(last_year.iloc[at]),
            words(previous.iloc[at]),
            words(mean.iloc[at]),
            override(row, float(final.iloc[at] - mean.iloc[at]), measure, currency),
            words(final.iloc[at]),
            fmt.growth(_growth(final.iloc[at], last_year.iloc[at])),
        ]
    enough = len(series)
    moved = float(final.sum() - mean.sum())
    sums = [last_year.sum(min_count=enough), previous.sum(min_count=enough), mean.sum()]
    columns[fmt.count(len(series), *NOUN[freq])] = [
        "",
        *(words(each) for each in sums),
        signed(moved, measure, currency) if abs(moved) >= 0.05 else "",
        words(final.sum()),
        fmt.growth(_growth(final.sum(), sums[0])),
    ]
    rows = ["Day" if freq == "D" else "Week of" if freq == "W" else "Year", "Last year",
            previous_name, "Forecast", "Override", "Final", "vs last year"]  # fmt: skip
    return pd.DataFrame(columns, index=pd.Index(rows, name=" "))


def signed(value: float, measure: Measure, currency: str) -> str:
    """A difference with its sign.

    >>> signed(456.2, "quantity", "€"), signed(-1135, "revenue", "€"), signed(0.01, "quantity", "")
    ('+456', '−€1,135', '0')
    """
    text = fmt.exact(value, measure, currency)
    if not any(each in "123456789" for each in text):
        return "0"
    return text if value < 0 else "+" + text


def effect(made: Effect, change: Change, *, by_place: bool, currency: str, cover: str = "") -> str:
    """What a change does, as one line of Markdown; `cover` says what it does to the stock."""
    parts = [f"{fmt.units(made.before)} → **{fmt.units(made.after)}**"]
    grown = made.after / made.before - 1 if made.before > 0 else None
    if change.measure != "percent" and grown is not None:
        parts[0] += f" ({fmt.growth(grown)})"
    if not np.isnan(made.money_after):
        more = made.money_after - made.money_before
        parts.append(f"{signed(more, 'revenue', currency)} revenue at the price paid lately")
    parts += [cover] if cover else []
    series = made.cells // max(len(made.lines), 1)
    if series > 1:
        how = {
            "forecast": "as their forecast",
            "last_year": "as last year, since nothing is forecast",
            "even": "evenly, since nothing is known of them",
        }[made.spread]
        parts.append(f"spread over {_cells(series, change, by_place)} {how}")
    if made.locked:
        parts.append(_held(made.locked))
    return fmt_money_safe(" · ".join(parts))


def cover(before: float, after: float, *, has_coming: bool, share: float) -> str:
    """How long the stock lasts, in weeks, before a change and after it.

    >>> cover(3.24, 2.71, has_coming=False, share=1.0)
    'stock lasts **3.2 → 2.7 weeks**'
    >>> cover(0.0, 0.0, has_coming=False, share=1.0), cover(300.0, 280.0, has_coming=True, share=1)
    ('nothing in stock', 'stock and deliveries last over two years')
    >>> cover(float("inf"), 5.0, has_coming=False, share=0.5)
    'stock lasts **over two years → 5.0 weeks** (50.0% of the forecast has a known stock)'
    """
    what = "stock and deliveries last" if has_coming else "stock lasts"
    told = [
        "over two years" if weeks > MOST_WEEKS else f"{weeks:.{0 if weeks >= 20 else 1}f}"
        for weeks in (before, after)
    ]
    if before <= 0:
        text = "nothing in stock"
    elif told == ["over two years"] * 2:
        text = f"{what} over two years"
    elif told[0] == told[1]:
        text = f"{what} {told[0]} weeks, as before"
    else:
        unit = "" if told[1] == "over two years" else " weeks"
        text = f"{what} **{told[0]} → {told[1]}{unit}**"
    few = f" ({fmt.share(share)} of the forecast has a known stock)" if share < 0.995 else ""
    return text + few


def _held(locked: int) -> str:
    """How many cells a change leaves out.

    >>> _held(1), _held(4)
    ('1 locked cell stays as it is', '4 locked cells stay as they are')
    """
    return f"{fmt.count(locked, 'locked cell')} stay" + ("s as it is" if locked == 1 else
                                                        " as they are")  # fmt: skip


def _cells(number: int, change: Change, by_place: bool) -> str:
    """So many cells of a period, as what tells them apart."""
    if change.scope.product_id is not None:
        return fmt.count(number, "place")
    if change.scope.place_id is not None or not by_place:
        return fmt.count(number, "product")
    return fmt.count(number, "product in a place", "products in places")


def percent_of(made: Effect) -> float:
    """By how much a change raises its node, in percent; 100 where there was nothing.

    >>> round(percent_of(Effect(lines=(), finals=(), before=50.0, after=60.0, money_before=0,
    ...     money_after=0, cells=1, locked=0, spread="forecast", revision=1)), 6)
    20.0
    """
    if made.before <= 0:
        return 100.0 if made.after > 0 else 0.0
    return (made.after / made.before - 1) * 100


def value_added(found: ValueAdded, percent: float, reason: str) -> str:
    """What past changes like this one did to the error."""
    what = "Raises" if percent > 0 else "Cuts"
    if found.how != "sign":
        low = max(size for size in _SIZES if size <= abs(percent))
        what += f" of {_SIZES[low]}" if low else f" {_SIZES[low]}"
    if found.how == "reason":
        what += f" for “{REASONS.get(reason, reason).lower()}”"
    return (
        f"{what} made the forecast better in **{found.better} of {found.cases}** past cases "
        f"(error {fmt.share(found.error_before)} before, {fmt.share(found.error_after)} after)."
    )


def nudge(percent: float) -> str:
    """A question where a raise is small; "" where it is not."""
    if not 0 < percent < NUDGE:
        return ""
    return (
        ":orange-badge[Small raise] Raises this small often make a forecast worse. What do you "
        "know that the model does not?"
    )


def conflict(error: Conflict, seen: float, now: float, mine: str) -> str:
    """Both values, and that nothing is lost."""
    change = (
        f"You saw {fmt.units(seen)}; now it is **{fmt.units(now)}**."
        if fmt.units(seen) != fmt.units(now)
        else f"The sum here is still {fmt.units(now)}."
    )
    who = "Somebody" if error.author in ("", NOBODY) else fmt.escape(error.author)
    return (
        f"**{who} changed the same cells at "
        f"{error.made_at:%H:%M}**: {fmt.escape(error.what)}. {change} Yours ({fmt.escape(mine)}) "
        "was not made; nothing is lost."
    )


def change(measure: str, amount: float | None) -> str:
    """A change as a cell writes it, with a true minus.

    >>> change("percent", 20.0), change("amount", -300.0), change("value", 1800.0)
    ('+20%', '−300', 'to 1,800')
    """
    return describe_change(measure, amount).replace("-", fmt.MINUS)


def title(made: Edit, freq: Freq) -> str:
    """What somebody did, for the history."""
    node = fmt.escape(made.node)
    if made.kind == "forecast":
        return f"New forecast: {node}"
    if made.kind == "undo":
        return f"Took back a change of {node}" if node else "Took back a change"
    if made.kind == "import":
        return f"{made.lines:,} changes from {node}"
    if made.kind == "lock":
        return f"Locked {node}"
    if made.kind == "freeze":
        number = int(made.amount or 0)
        return (
            f"Froze the first {fmt.count(number, *NOUN[freq])}" if number else "Freed all periods"
        )
    text = f"**{change(made.measure, made.amount)}** · {node or 'everything'}"
    if made.first_period is not None:
        text += f" · {spell(made, freq)}"
    if made.before is not None and made.after is not None:
        text += f" · {fmt.units(made.before)} → {fmt.units(made.after)}"
    return text


def spell(made: Edit, freq: Freq) -> str:
    """The periods of a change."""
    assert made.first_period is not None
    first = header(made.first_period, freq)
    if made.periods == 1 or made.last_period is None:
        return first
    return f"{first}–{header(made.last_period, freq)} ({made.periods:,})"


def notes(made: Edit) -> str:
    """Who, when and why, in grey."""
    when = f"{made.made_at.day} {made.made_at:%b, %H:%M}"
    parts = [fmt.escape(made.author or "Somebody"), when]
    if made.kind == "change":
        parts.append(REASONS.get(made.reason, made.reason))
    if made.comment:
        parts.append(f"“{fmt.escape(made.comment)}”")
    if made.expires_on is not None and made.undone_at is None:
        parts.append(f"ends {fmt.day(made.expires_on)}")
    if made.undone_at is not None:
        parts.append(f"undone by {fmt.escape(made.undone_by or 'somebody')}")
    return " · ".join(parts)


def contents(
    plan_units: float, baseline: float, edits: Sequence[Edit], last: Publication | None
) -> str:
    """What a publication would hold, as sentences."""
    live = [each for each in edits if each.kind in ("change", "import") and not each.undone_at]
    people = len({each.author for each in live})
    text = f"**{fmt.units(plan_units)}** units"
    if abs(plan_units - baseline) >= 0.5:
        text += (
            f", {signed(plan_units - baseline, 'quantity', '')} by {fmt.count(len(live), 'change')}"
        )
        text += f" of {fmt.count(people, 'person', 'people')}"
    else:
        text += ", as forecast"
    if last is None:
        return text + ". Nothing was published before."
    return f"{text}. The last version, {fmt.escape(last.name)}, had {fmt.units(last.final)}."


def version(found: Publication) -> str:
    """Which version, when and by whom: plan “Week 47”, published Fri 13 Nov, 17:02 by Mara."""
    at = found.created_at
    named = found.author not in ("", NOBODY)
    by = f" by {fmt.escape(found.author)}" if named else ""
    return f"plan “{fmt.escape(found.name)}”, published {fmt.day(at.date())}, {at:%H:%M}{by}"


def override(row: dict[Any, Any], moved: float, measure: Measure, currency: str) -> str:
    """The change of a cell as it was given, or by how much several moved it; blank without any."""
    if not row["changed"]:
        return ""
    given, amount = row["measure"], row["amount"]
    if isinstance(given, str) and isinstance(amount, float):
        return change(given, amount)
    return signed(moved, measure, currency)


def fmt_money_safe(text: str) -> str:
    """Two dollar signs would be read as a formula."""
    return text.replace("$", "\\$")


def _growth(new: float, old: float) -> float | None:
    return new / old - 1 if pd.notna(old) and old > 0 else None


def _below_header(moment: pd.Timestamp, freq: Freq) -> str:
    if freq == "W":
        return f"{moment.day} {moment:%b}"
    return f"{moment:%Y}" if freq == "M" else f"{moment:%a}"
