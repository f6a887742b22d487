"""Facts of a category, of orders and of scenarios of an invented shop."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports import (
    CategoryFacts,
    Festival,
    OrderFacts,
    Parts,
    Pattern,
    ScenarioFacts,
    ScenarioOne,
    Setting,
)
from tests.reports.conftest import make_outlook, make_parts

DAY = pd.Timestamp("2026-11-15")


def make_category(
    setting: Setting,
    *,
    name: str = "Drinks",
    names: tuple[str, ...] = ("Coffee", "Tea", "Mugs", "Filters"),
    **changed: object,
) -> CategoryFacts:
    """A year that grew by a tenth, more by volume than by price."""
    times = pd.date_range("2025-11-17", periods=52, freq="W-MON")
    values = 90_000 + 20_000 * np.sin(np.arange(52) / 52 * 2 * np.pi)
    facts: dict[str, object] = {
        "setting": setting,
        "name": name,
        "place": "all places",
        "first": times[0],
        "last": DAY,
        "has_before": True,
        "value": 1_100_000.0,
        "before": 1_000_000.0,
        "units": 412_000.0,
        "units_before": 390_000.0,
        "price": 2.67,
        "price_before": 2.56,
        "products": 120,
        "new": 8,
        "gone": 3,
        "stockout_share": 0.021,
        "steps": {"volume": 56_410.0, "price": 51_000.0, "mix": -7_410.0},
        "line": pd.DataFrame({"timestamp": times, "value": values, "before": values / 1.1}),
        "classes": pd.DataFrame(
            {
                "abc": ["A", "A", "B", "C", "C"],
                "xyz": ["X", "Y", "Z", "", "Z"],
                "amount": [500.0, 300.0, 150.0, 30.0, 20.0],
            }
        ),
        "movers": make_parts(names),
        "pattern": Pattern(
            yearly=0.58, top_month=12, weekly=0.71, top_weekday=5, weekday_above=0.31,
            trend=0.062, since=pd.Timestamp("2023-01-01"),
        ),
        "festivals": (
            Festival(
                name="Christmas", first_day=pd.Timestamp("2026-12-25"), lift=1.82, low=1.6,
                high=2.1, times=3, is_clear=True, extra=41_000.0,
            ),
            Festival(name=names[0], first_day=pd.Timestamp("2027-01-06"), lift=1.01, times=3),
            Festival(name="Epiphany", first_day=pd.Timestamp("2027-01-06")),
        ),
        "outlook": make_outlook(),
        "parts": (make_parts(names),),
    }  # fmt: skip
    return CategoryFacts(**{**facts, **changed})  # type: ignore[arg-type]


def make_orders(
    setting: Setting, *, names: Sequence[str] = ("Coffee", "Tea", "Mugs", "Filters"), times: int = 1
) -> OrderFacts:
    """Orders in two places, the first line late; nothing where there are no names."""
    products = [f"{name}" for _ in range(times) for name in names]
    count = len(products)
    places = ["Berlin", "Hamburg"]
    lines = pd.DataFrame(
        {
            "product": products,
            "code": [f"P{number:05d}" for number in range(count)],
            "place": [places[number % 2] for number in range(count)],
            "when": ["Late", "Today", "This week", "Later"] * (count // 4) + ["Late"] * (count % 4),
            "sells_out": DAY + pd.to_timedelta(np.arange(count) % 20 + 2, unit="D"),
            "delivery": DAY + pd.Timedelta(days=9),
            "ordered": np.arange(count, dtype=float) * 12 + 24,
            "order_cost": np.where(np.arange(count) % 5 == 4, np.nan, 61.5),
            "unit_cost": np.where(np.arange(count) % 5 == 4, np.nan, 1.2),
            "on_hand": 11.0,
            "on_order": 0.0,
            "margin_if_not": 30.0,
            "approved": np.arange(count) == 0,
            "reason": ["fewer: shelf is full"] + [""] * (count - 1) if count else [],
        }
    )
    excess = pd.DataFrame(
        {"product": list(names), "place": "Berlin", "on_hand": 900.0, "excess": 640.0,
         "excess_cost": 768.0}
    )  # fmt: skip
    moves = pd.DataFrame(
        {"product": list(names), "source": "Berlin", "destination": "Hamburg", "quantity": 24.0,
         "money": 31.0}
    )  # fmt: skip
    return OrderFacts(
        setting=setting,
        name="All products",
        place="all places",
        stock_day=DAY,
        source="",
        all_lines=150,
        service=(0.9, 0.97),
        cost=float(lines["order_cost"].sum()),
        units=float(lines["ordered"].sum()),
        without_cost=int(lines["order_cost"].isna().sum()),
        late_products=int((lines["when"] == "Late").sum()),
        margin_if_not=310.0,
        excess_cost=768.0 * len(names),
        excess_units=640.0 * len(names),
        served=0.972,
        served_without=0.811,
        lines=lines,
        excess=excess,
        moves=moves,
        notes={"stale": 3, "costless": 0, "unknown": 1},
    )


def make_scenarios(
    setting: Setting, names: tuple[str, ...] = ("Cheaper coffee", "Two for one"), **changed: object
) -> ScenarioFacts:
    """Scenarios over eight weeks; the second could be chance, and has no costs."""
    times = pd.date_range("2026-11-16", periods=8, freq="W-MON")
    made = []
    for number, name in enumerate(names):
        steps = []
        for measure, size in (("units", 900.0), ("revenue", 2_400.0), ("margin", 700.0)):
            known = np.nan if measure == "margin" and number else 1.0
            difference = size / 20 * (1 - number) * known + np.arange(8) * size / 500 * known
            steps.append(
                pd.DataFrame(
                    {
                        "timestamp": times,
                        "measure": measure,
                        "plan": size,
                        "difference": difference,
                        "low": difference - size / 15,
                        "high": difference + size / 12,
                    }
                )
            )
        frame = pd.concat(steps, ignore_index=True)
        sums = frame.groupby("measure", sort=False)[["plan", "difference", "low", "high"]].sum(
            min_count=8
        )
        sums["low"] = sums["difference"] * (0.6 if not number else -0.5)
        sums["high"] = sums["difference"] * 1.5
        sums["scenario"] = sums["plan"] + sums["difference"]
        made.append(
            ScenarioOne(
                name=name,
                totals=sums.reset_index(),
                steps=frame,
                parts=pd.DataFrame(
                    {
                        "change": [f"{name}: price −10%", "=1+1"],
                        "units": [300.0, -20.0],
                        "revenue": [640.0, -50.0],
                        "margin": [np.nan if number else 210.0, np.nan],
                    }
                ),
                notes=("12 products were never sold at this price.",) if not number else (),
                is_stale=bool(number),
            )
        )
    facts: dict[str, object] = {
        "setting": setting,
        "name": "Drinks",
        "place": "Berlin",
        "by": "",
        "first": times[0],
        "last": times[-1] + pd.Timedelta(days=6),
        "scenarios": tuple(made),
    }
    return ScenarioFacts(**{**facts, **changed})  # type: ignore[arg-type]


def empty_parts() -> Parts:
    """No product at all."""
    frame = pd.DataFrame({"label": [], "forecast": [], "before": []})
    return Parts(level="product", frame=frame.astype({"forecast": float, "before": float}))
