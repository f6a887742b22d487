"""From the plan of the Inventory page to what the order proposal is given. Knows no widgets."""

from dataclasses import replace

import pandas as pd

import reports
from data import inventory as stored
from data.scope import Scope
from data.store import Store
from ui import inventory, inventory_reads
from ui import inventory_facts as facts
from ui import scope as scopes
from ui.queries import Dataset
from ui.report_facts import Tell

_LINES = [
    "product", "code", "place", "when", "sells_out", "delivery", "ordered", "order_cost",
    "unit_cost", "on_hand", "on_order", "margin_if_not", "approved", "reason",
]  # fmt: skip


def orders(
    store: Store, dataset: Dataset, scope: Scope, setting: reports.Setting, tell: Tell
) -> reports.OrderFacts | None:
    """The facts of a scope; None where no stock is known in it, or nothing sold."""
    if dataset.frequency == "M" or not inventory_reads.has_stock(dataset.dataset_id):
        return None
    given = inventory_reads.inputs(dataset, scope)
    made = inventory_reads.planned(given, store, tell) if given is not None else None
    if given is None or made is None:
        return None
    decisions = stored.decisions(store, dataset.dataset_id, made.stock_day)
    lines = inventory.named(facts.decided(made.lines, decisions), dataset.dataset_id)
    lines = lines.rename(columns={"product_code": "code"})
    sums = facts.totals(lines)
    moves = inventory.named_moves(facts.moves(lines), dataset.dataset_id)
    moves = moves.sort_values(
        ["money", "quantity"], ascending=False, kind="stable", na_position="last"
    )
    levels = lines["service_level"]
    least_cost = bool((lines["target"] == "cost").all())
    return reports.OrderFacts(
        setting=replace(setting, measure="quantity"),
        name=scopes.name(scope),
        place=scopes.place(scope),
        stock_day=pd.Timestamp(made.stock_day),
        source=made.source.entry.name if made.source.entry else "",
        why_quick=made.source.why_quick,
        all_lines=len(lines),
        service=(float("nan"),) * 2 if least_cost else (float(levels.min()), float(levels.max())),
        cost=sums.cost,
        units=sums.units,
        without_cost=sums.without_cost,
        late_products=sums.late_products,
        margin_if_not=sums.margin_if_not,
        excess_cost=sums.excess_cost,
        excess_units=sums.excess_units,
        served=sums.served,
        served_without=sums.served_without,
        lines=facts.to_order(lines)[_LINES].reset_index(drop=True),
        excess=facts.too_much(lines)[
            ["product", "place", "on_hand", "excess", "excess_cost"]
        ].reset_index(drop=True),
        moves=moves.rename(columns={"from": "source", "to": "destination"})[
            ["product", "source", "destination", "quantity", "money"]
        ].reset_index(drop=True),
        notes={
            "stale": int((lines["stale"] >= facts.STALE_DAYS).sum()),
            "costless": int(lines["unit_cost"].isna().sum()),
            "gone": made.gone,
            "unforecast": made.unforecast,
            "late": made.late,
            "unknown": int(made.coming.empty),
        },
    )
