"""From a plan to the lines that the page shows. Knows no Streamlit.

A line is a product in a place. Its `ordered` is what was decided, else what is proposed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import forecasting as fc
from data.inventory import PAIR
from forecasting.planning import Plan, plan_orders, transfers
from ui import inventory_source as sources

LATE, TODAY, THIS_WEEK, LATER = WHEN = ("Late", "Today", "This week", "Later")
STALE_DAYS = 7  # behind the newest stock, from which a line's own is named
GONE_DAYS = 91  # behind it, from which a product is no longer kept in a place
RECENT = 4  # weeks that coming demand is compared with
ITEM_COLUMNS = [
    "series_id", "on_hand", "lead_time_days", "lead_time_sd_days", "review_days", "pack_size",
    "min_order", "shelf_life_days", "service_level", "unit_cost", "price", "target",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What the four cards say."""

    cost: float  # money of all orders; NaN: no line has a cost
    units: float
    lines: int  # to order
    without_cost: int  # of them
    late_products: int  # sell out somewhere before a delivery ordered now
    margin_if_not: float  # lost without the orders; NaN: not known
    excess_cost: float  # money in what does not sell within 13 weeks
    excess_units: float
    excess_lines: int
    served: float  # share of demand until the next delivery that is served, with the orders
    served_without: float


def items(stock: pd.DataFrame, settings: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """What is known of product_id and place_id: stock, settings and price, for `planned`."""
    frame = settings.merge(stock[[*PAIR, "on_hand", "day"]], on=PAIR, how="left")
    frame = frame.merge(prices, on=PAIR, how="left").rename(columns={"day": "stock_day"})
    return frame.assign(series_id=sources.ids(frame).to_numpy())


def planned(
    forecast: fc.Forecast,
    frame: pd.DataFrame,
    coming: pd.DataFrame,
    *,
    on_chunk: Callable[[int, int], None] | None = None,
) -> Plan:
    """The plan for the items of `items`, with deliveries of `data.inventory.coming`."""
    return plan_orders(forecast, frame[ITEM_COLUMNS], on_order=due(forecast, coming),
                       on_chunk=on_chunk)  # fmt: skip


def due(forecast: fc.Forecast, coming: pd.DataFrame) -> pd.DataFrame:
    """Deliveries of the series of a forecast as series_id, timestamp and quantity."""
    frame = pd.DataFrame(
        {
            "series_id": sources.ids(coming).to_numpy(),
            "timestamp": coming["day"],
            "quantity": coming["quantity"],
        }
    )
    return frame[frame["series_id"].isin(forecast.series_ids)]


def table(
    plan: Plan, frame: pd.DataFrame, recent: pd.DataFrame, *, today: pd.Timestamp
) -> pd.DataFrame:
    """A row per line, by its series id: the plan's columns, the items', and

    delivery (day on which an order of today comes), when (one of `WHEN`, "" where nothing is
    needed), late (stock probably ends before the delivery), weekly (units a week until the next
    delivery), recent (units a week in the last four), excess_cost, unmet (units not served though
    ordered), stale (days behind the newest stock).
    """
    known = frame.set_index("series_id").drop(columns=["on_hand"])
    lines = plan.lines.set_index("series_id").join(known)
    cycle = lines["lead_time_days"] + lines["review_days"]
    lines["delivery"] = today + pd.to_timedelta(np.ceil(lines["lead_time_days"]), unit="D")
    lines["late"] = lines["out_before"] >= 0.5
    lines["when"] = _when(lines, today)
    lines["weekly"] = lines["expected_demand"] / cycle * 7
    lines["recent"] = _recent(recent).reindex(lines.index)
    lines["excess_cost"] = lines["excess"] * lines["unit_cost"]
    lines["need"] = plan.need.mean(axis=1, dtype=np.float64)
    newest = lines["stock_day"].max()
    lines["stale"] = (newest - lines["stock_day"]).dt.days
    return lines


def budgeted(lines: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The same lines with the quantities of a plan within a budget."""
    cut = plan.lines.set_index("series_id")
    names = ["quantity", "cost", "rounding", "lost_if_not", "margin_if_not", "note"]
    out = lines.copy()
    out[names] = cut[names].reindex(lines.index)
    out["when"] = lines["when"].where(out["quantity"] > 0, "")
    return out


def decided(lines: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """With ordered, approved, reason and author of `data.inventory.decisions`, and order_cost."""
    out = lines.copy()
    made = decisions.set_index(sources.ids(decisions)).reindex(lines.index)
    known = made["quantity"].notna()
    quantity = made["quantity"].astype(float)
    out["ordered"] = quantity.where(known, lines["quantity"].astype(float)).fillna(0.0)
    out["approved"] = made["approved"].eq(True).to_numpy(dtype=bool)
    out["reason"] = made["reason"].where(known, "")
    out["author"] = made["author"].where(known, "")
    out["order_cost"] = out["ordered"] * out["unit_cost"]
    return out


def moves(lines: pd.DataFrame) -> pd.DataFrame:
    """Transfers between places: product_id, from_id, to_id, quantity, saves (units), money, spares.

    `money` is the margin that the move saves and `spares` the cost of what need not be ordered.
    """
    needed = [*PAIR, "on_hand", "on_order", "order_up_to", "quantity", "lost_if_not"]
    asked = lines[needed].rename(columns={"product_id": "product", "place_id": "place"})
    found = transfers(asked)
    found = found.rename(
        columns={"product": "product_id", "source": "from_id", "destination": "to_id"}
    )
    to = pd.DataFrame({"product_id": found["product_id"], "place_id": found["to_id"]})
    receivers = lines.reindex(sources.ids(to)) if len(found) else lines.head(0)
    margin = (receivers["price"] - receivers["unit_cost"]).to_numpy()
    return found.assign(
        money=found["saves"].astype(float) * margin,
        spares=found["quantity"].astype(float) * receivers["unit_cost"].to_numpy(),
    )


def totals(lines: pd.DataFrame) -> Totals:
    """The sums of decided lines."""
    wanted = lines[lines["ordered"] > 0]
    excess = lines[lines["excess"] >= 1]
    demand = float(lines["expected_demand"].sum())
    met = np.minimum(lines["lost_if_not"].fillna(0.0), lines["need"])
    lost = float(lines["lost_before"].sum())

    def share(unmet: float) -> float:
        return 1.0 - (lost + unmet) / demand if demand > 0 else float("nan")

    return Totals(
        cost=float(wanted["order_cost"].sum(min_count=1)) if len(wanted) else 0.0,
        units=float(wanted["ordered"].sum()),
        lines=len(wanted),
        without_cost=int(wanted["order_cost"].isna().sum()),
        late_products=int(lines.loc[lines["late"], "product_id"].nunique()),
        margin_if_not=float(lines["margin_if_not"].clip(lower=0).sum(min_count=1)),
        excess_cost=float(excess["excess_cost"].sum(min_count=1)) if len(excess) else 0.0,
        excess_units=float(excess["excess"].sum()),
        excess_lines=len(excess),
        served=share(float((lines["need"] - met).sum())),
        served_without=share(float(lines["need"].sum())),
    )


def to_order(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines with an order or a decision: late ones first, then by what would be lost."""
    chosen = lines[(lines["ordered"] > 0) | lines["approved"] | (lines["reason"] != "")]
    rank = chosen["when"].map({word: at for at, word in enumerate(WHEN)}).fillna(len(WHEN))
    lost = chosen["margin_if_not"].fillna(chosen["lost_if_not"])
    return chosen.assign(_rank=rank, _lost=lost).sort_values(
        ["_lost", "_rank"], ascending=[False, True], kind="stable"
    ).drop(columns=["_rank", "_lost"])  # fmt: skip


def too_much(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines with more than sells in 13 weeks, dearest first."""
    chosen = lines[lines["excess"] >= 1]
    order = chosen["excess_cost"].fillna(0.0)
    return chosen.assign(_order=order).sort_values(
        ["_order", "excess"], ascending=False, kind="stable"
    ).drop(columns="_order")  # fmt: skip


def _when(lines: pd.DataFrame, today: pd.Timestamp) -> "pd.Series[str]":
    days = (lines["order_by"] - today).dt.days
    said = np.select([lines["late"], days <= 0, days <= 6], [LATE, TODAY, THIS_WEEK], LATER)
    return pd.Series(said, index=lines.index).where(lines["quantity"] > 0, "")


def _recent(weeks: pd.DataFrame) -> "pd.Series[float]":
    """Units a week over the last weeks, by series id."""
    last = weeks[weeks["ago"] < RECENT]
    return last.groupby(sources.ids(last).to_numpy())["quantity"].sum() / RECENT
