"""What a price change or an event did, in words. Knows no Streamlit."""

from typing import Any

import numpy as np
import pandas as pd

from forecasting.causal import Effect
from ui import format as fmt
from ui import promotions_words

VERDICT = {
    "more": ("Sold more", "green"),
    "less": ("Sold less", "red"),
    "unclear": ("No clear effect", "gray"),
}
AGAINST_WEEKS = (
    "An event touches all products and places, so nothing is untouched: it is held against the "
    "same weekdays of the weeks before it. What else happened on its days counts as its effect."
)
AROUND_DAYS = 56  # before, that are drawn


def price_change(row: dict[str, Any], name: str, currency: str) -> str:
    """A change in a list.

    >>> row = {"before": 2.5, "after": 2.25, "first": pd.Timestamp("2026-03-02")}
    >>> price_change(row, "Tea", "€")
    'Tea: €2.50 → €2.25 (−10%), from Mon 2 Mar 2026'
    """
    change = fmt.growth(row["after"] / row["before"] - 1)
    old, new = (fmt.price(row[each], currency) for each in ("before", "after"))
    return f"{name}: {old} → {new} ({change}), from {_day(row['first'])}"


def event(row: dict[str, Any]) -> str:
    """An event in a list, by its first day."""
    return f"{row['name']}, {_day(row['first_day'])}"


def _day(moment: Any) -> str:
    day = pd.Timestamp(moment)
    return f"{day:%a} {day.day} {day:%b %Y}"


def against_products(count: int) -> str:
    """What a price is held against."""
    return (
        f"Held against {fmt.count(count, 'product')} whose price stayed and that were on no "
        "promotion meanwhile, in the first four weeks of the new price. Only times at the old "
        "price, without a promotion or stock-out, are learnt from."
    )


def told(effect: Effect) -> str:
    """The effect, its band and its placebos."""
    share = fmt.growth(effect.share if np.isfinite(effect.share) else None)
    low, high = fmt.units(round(effect.low)), fmt.units(round(effect.high))
    amount = fmt.units(round(abs(effect.total)))
    amount += " units more" if effect.total >= 0 else " units fewer"
    said = f"**{amount}** ({share}) than without it"
    if effect.verdict == "unclear":
        said = f"**Could be chance.** {amount} ({share}) than without it"
    spans = fmt.count(len(effect.placebos_time), "earlier span")
    text = (
        f"{said}, in 8 of 10 cases {low} to {high}.\n\nPlacebo: the same was done for {spans} of "
        "that length, when it had not happened. As much comes up there in "
        f"{promotions_words.chance(effect.p_time)} of cases."
    )
    if np.isfinite(effect.p_space):
        controls = int(effect.placebos_space.notna().sum())
        text += (
            f" Of {controls} untouched products, {promotions_words.chance(effect.p_space)} "
            "seem to move as much."
        )
    return text


def step_of(effect: Effect) -> pd.Timedelta:
    """How long its periods are."""
    times = pd.DatetimeIndex(effect.periods["timestamp"])
    return pd.Timedelta(np.diff(times.to_numpy()).min())


def timeline(effect: Effect) -> pd.DataFrame:
    """The periods around the span as `promotions_charts.timeline` draws them.

    Periods that were left out (a promotion, no stock) are empty, so that no line crosses them.
    """
    step = step_of(effect)
    known = effect.periods.set_index("timestamp")
    if step <= pd.Timedelta(days=7):  # months are of different lengths
        known = known.reindex(
            pd.date_range(
                pd.Timestamp(str(known.index[0])), pd.Timestamp(str(known.index[-1])), freq=step
            )
        )
    periods = known.rename_axis("timestamp").reset_index()
    periods["inside"] = periods["inside"].eq(True)
    begins = periods.loc[periods["inside"], "timestamp"].iloc[0]
    shown = periods[periods["timestamp"] >= begins - pd.Timedelta(days=AROUND_DAYS)]
    made = shown.rename(columns={"actual": "sold"}).assign(
        zone=np.where(shown["inside"], "during", "")
    )
    return made[["timestamp", "sold", "without", "low", "high", "zone"]].reset_index(drop=True)


def alt(effect: Effect) -> str:
    """The chart in a sentence."""
    inside = effect.periods[effect.periods["inside"]]
    sold = fmt.units(round(float(inside["actual"].sum())))
    return f"{sold} units sold, {fmt.units(round(effect.without))} without it."
