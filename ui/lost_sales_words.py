"""What the Lost sales page says: evidence, tables, sentences, files. Knows no Streamlit."""

import numpy as np
import pandas as pd

from data.corrections import Batch
from ui import format as fmt
from ui.lost_sales_facts import ACCEPTED, OPEN, REJECTED

BY_STOCK = "Stock was 0"
RULES: dict[str, float | None] = {  # least probability of a run of zeros; None: stock alone counts
    "All": 0.0,
    BY_STOCK: None,
    "Sure ≥ 95%": 0.95,
    "Sure ≥ 99%": 0.99,
}
DECISIONS = (OPEN, ACCEPTED, REJECTED)


def rules(has_stock: bool, has_zeros: bool) -> list[str]:
    """The rules that can tell spells apart."""
    found = ["All"]
    found += [BY_STOCK] if has_stock and has_zeros else []
    return found + (["Sure ≥ 95%", "Sure ≥ 99%"] if has_zeros else [])


def chosen(spells: pd.DataFrame, rule: str) -> pd.DataFrame:
    """The spells of a rule; what the stock says is sure."""
    least = RULES[rule]
    if least is None:
        return spells[spells["by_stock"]]
    return spells[spells["by_stock"] | (spells["probability"] >= least)]


def table(
    spells: pd.DataFrame, products: pd.DataFrame, places: pd.DataFrame, rows: int
) -> pd.DataFrame:
    """The spells as the grid shows them: names, evidence, numbers, decision."""
    shown = spells.head(rows)
    return pd.DataFrame(
        {
            "product": products["name"].reindex(shown["product_id"]).to_numpy(),
            "place": places["name"].reindex(shown["place_id"]).to_numpy(),
            "first": shown["first"].dt.date.to_numpy(),
            "last": shown["last"].dt.date.to_numpy(),
            "days": shown["days"].to_numpy(),
            "evidence": [
                evidence(by_stock, probability)
                for by_stock, probability in zip(
                    shown["by_stock"], shown["probability"], strict=True
                )
            ],
            "sold": shown["sold"].to_numpy(),
            "expected": shown["expected"].round().to_numpy(),
            "band": [
                f"{low:,.0f}–{high:,.0f}"
                for low, high in zip(shown["low"], shown["high"], strict=True)
            ],
            "lost": shown["lost"].round().to_numpy(),
            "money": shown["money"].to_numpy(),
            "decision": [[each] for each in shown["decision"]],
        },
        index=shown.index,
    )


def evidence(by_stock: bool, probability: float) -> str:
    """Why a spell is listed.

    >>> evidence(True, 0.7), evidence(False, 0.957), evidence(False, 0.99996)
    ('Stock was 0', 'Zeros, 95% sure', 'Zeros, >99% sure')
    """
    if by_stock:
        return BY_STOCK
    return "Zeros, >99% sure" if probability > 0.99 else f"Zeros, {int(probability * 100)}% sure"


def describe(spells: pd.DataFrame, measure: str, currency: str) -> str:
    """The finding in a sentence, for those who cannot see a chart."""
    column = "money" if measure == "revenue" else "lost"
    total = fmt.amount(float(spells[column].sum()), measure, currency)
    days = int(spells["days"].sum())
    return (
        f"{total} lost in {fmt.count(len(spells), 'spell')} of {fmt.count(days, 'product-day')} "
        "without stock"
    )


def spell_table(series: pd.DataFrame, out: pd.DataFrame) -> pd.DataFrame:
    """The numbers of the chart of a spell: units a day, and what would have sold."""
    days = out[["day", "expected", "low", "high"]].rename(
        columns={"expected": "would_have_sold", "low": "low_80", "high": "high_80"}
    )
    sold = series[["timestamp", "quantity"]].rename(columns={"timestamp": "day"})
    return sold.rename(columns={"quantity": "sold"}).merge(days, on="day", how="left")


def batch(each: Batch) -> str:
    """A line of the log, with Markdown."""
    verb = "Rejected" if each.action == "keep" else "Accepted"
    units = f", {fmt.units(each.units)} units added" if each.units >= 0.5 else ""
    when = f"{fmt.day(each.made_at)} {each.made_at:%H:%M}"
    text = (
        f"**{verb} {fmt.count(each.days, 'day')}**{units} · {fmt.escape(each.reason)} · "
        f":gray[{fmt.escape(each.author)}, {when}]"
    )
    if each.undone_at is not None:
        text += f" :gray-badge[Undone by {fmt.escape(each.undone_by or '')}]"
    elif each.changed:
        text += f" :orange-badge[{fmt.count(each.changed, 'day')} imported again with other sales]"
    return text


def csv(days: pd.DataFrame, products: pd.DataFrame, places: pd.DataFrame) -> str:
    """Every day as a file: names, evidence, what sold, would have, and the decision."""
    frame = pd.DataFrame(
        {
            "product": [fmt.cell(str(name)) for name in _names(products, days["product_id"])],
            "place": [fmt.cell(str(name)) for name in _names(places, days["place_id"])],
            "day": days["day"].dt.strftime("%Y-%m-%d"),
            "evidence": np.where(days["by_stock"], "stock was 0", "run of zeros"),
            "probability": days["probability"].round(4),
            "sold": days["sold"],
            "expected": days["expected"].round(2),
            "low_80": days["low"].round(2),
            "high_80": days["high"].round(2),
            "lost_units": days["lost"].round(2),
            "lost_revenue": days["money"].round(2),
            "decision": days["decision"],
        }
    )
    return frame.to_csv(index=False)


def _names(of: pd.DataFrame, keys: "pd.Series[int]") -> list[object]:
    return list(of["name"].reindex(keys))
