"""Products that a scenario sells below their unit cost: which, by how much, and their margin.

Knows no Streamlit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecasting.scenarios import Base, DailyPlan, Outcome
from ui import format as fmt

NAMED = 3  # products that are named, the furthest below cost first


def below(
    base: Base, edited: DailyPlan, outcome: Outcome, products: "pd.Series[int]"
) -> dict[str, Any] | None:
    """Products whose price is below their unit cost on a day that is compared; None: no product.

    `products` are those of the series, in order. `lines` has the worst day of each product: its
    price and cost. `as_planned` of the `count` are below cost without the scenario too; `plan` and
    `scenario` are margins of all of them over the compared weeks.
    """
    under = _under(edited)
    if not under.any():
        return None
    row, day = np.nonzero(under)
    price, cost = edited.price[row, day], edited.cost[row, day]
    found = pd.DataFrame(
        {"product": products.to_numpy()[row], "price": price, "cost": cost, "share": price / cost}
    )
    worst = found.sort_values("share", kind="stable").drop_duplicates("product")
    goods = set(worst["product"])
    already = set(products.to_numpy()[_under(base.plan).any(axis=1)])
    series = base.plan.series_ids[products.isin(goods).to_numpy()]
    margins = outcome.series[outcome.series["measure"] == "margin"].set_index("series_id")
    sums = margins.loc[series, ["plan", "scenario"]].sum()
    lines = [
        {"product": int(each), "price": float(asked), "cost": float(paid)}
        for each, asked, paid in zip(
            worst["product"].head(NAMED), worst["price"], worst["cost"], strict=False
        )
    ]
    return {
        "count": len(goods),
        "as_planned": len(goods & already),
        "lines": lines,
        "plan": float(sums["plan"]),
        "scenario": float(sums["scenario"]),
    }


def _under(plan: DailyPlan) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Series and days (B, D) that are sold for less than they cost."""
    with np.errstate(invalid="ignore"):
        return np.asarray((plan.price < plan.cost * (1 - 1e-9)) & (plan.demand > 0))


def said(found: dict[str, Any], names: Mapping[int, str], currency: str) -> str:
    """What is below cost, in Markdown; `names` are of products.

    >>> found = {"count": 2, "as_planned": 1, "plan": 90.0, "scenario": -12.0, "lines": [
    ...     {"product": 7, "price": 5.4, "cost": 6.0}]}
    >>> said(found, {7: "Tea"}, "€")
    '**2 products are sold below cost**: Tea at €5.40, which costs €6.00 (€0.60 lost on each), and \
1 more. 1 of them already as planned. Their margin over the weeks compared is −€12 instead of €90.'
    """
    count, before = found["count"], found["as_planned"]
    parts = [
        f"{fmt.escape(names.get(each['product'], 'a product'))} at "
        f"{fmt.price(each['price'], currency)}, which costs {fmt.price(each['cost'], currency)} "
        f"({fmt.price(each['cost'] - each['price'], currency)} lost on each)"
        for each in found["lines"]
    ]
    if count > len(parts):
        parts.append(f"and {count - len(parts):,} more")
    who = "It is" if count == 1 else "All of them" if before == count else f"{before:,} of them"
    already = f" {who} already as planned." if before else ""
    plan, scenario = (fmt.money(found[each], currency) for each in ("plan", "scenario"))
    against = f"{scenario} instead of {plan}" if plan != scenario else f"{scenario}, as planned"
    text = (
        f"**{fmt.count(count, 'product')} {'is' if count == 1 else 'are'} sold below cost**: "
        f"{', '.join(parts)}.{already} {'Its' if count == 1 else 'Their'} margin over the weeks "
        f"compared is {against}."
    )
    return text.replace("$", "\\$")
