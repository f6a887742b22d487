"""Past promotions of a whole dataset as the Promotions page needs them. Knows no Streamlit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data import prices as database
from data import promotions as beside
from data.prices import Grain
from data.store import Store
from forecasting.causal import Effect, effect_of
from forecasting.promotions import Evaluation, evaluate
from ui import prices_facts

_PRICES, _READ = 0.5, 0.7  # of the time
LEVEL = 0.8  # of all bands: 8 in 10 cases
DEPTHS = (0.01, 0.075, 0.125, 0.175, 0.225, 0.275, 0.35)
LENGTHS = (7, 14, 21)  # days
SETTLE_DAYS = 7


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What past promotions did; `flagged` says whether the sales say what was on promotion."""

    evaluation: Evaluation
    grain: Grain
    flagged: bool
    places: int  # of a series id: product times this, plus the place

    @property
    def lines(self) -> pd.DataFrame:
        return self.evaluation.lines


def find(
    store: Store, dataset_id: int, *, tell: Callable[[float], None] | None = None
) -> Found | None:
    """Every promotion, or cut of a price where none is flagged; None where there is none."""
    told = tell or (lambda share: None)
    known = prices_facts.find_once(store, dataset_id, tell=lambda share: told(_PRICES * share))
    if known is None:
        return None
    flagged = database.has_flags(store, dataset_id)
    rows, grain = prices_facts.sales(store, dataset_id, mark_cuts=not flagged)
    if not (rows["promo"] >= 0.5).any():
        return None
    told(_READ)
    cost = store.frame(
        "SELECT product_id, unit_cost FROM product WHERE dataset_id = $1 AND unit_cost > 0",
        [dataset_id],
    ).set_index("product_id")["unit_cost"]
    made = evaluate(
        rows, known.products, unit_cost=cost, freq_days=database.DAYS[grain], level=LEVEL
    )
    return Found(
        evaluation=made,
        grain=grain,
        flagged=flagged,
        places=int(rows["place"].max()) + 1,
    )


def described(lines: pd.DataFrame, goods: pd.DataFrame) -> pd.DataFrame:
    """The lines with name, category (widest), range (finest), depth_class, length, reach and net.

    `net` with its band is margin where a cost is known, else revenue.
    """
    paths = goods["categories"].reindex(lines["product"])
    has_cost = lines["net_margin"].notna()
    made = lines.assign(
        name=goods["name"].reindex(lines["product"]).astype(str).to_numpy(),
        category=[path[0] if path else "No category" for path in paths],
        range=[path[-1] if path else "No category" for path in paths],
        depth_class=_depth_class(lines["depth"].to_numpy(np.float64)),
        length=_length(lines["days"].to_numpy(np.int64)),
        reach=np.where(lines["places"] < lines["of_places"], "Some places", "Everywhere"),
        has_cost=has_cost,
    )
    for end in ("", "_low", "_high"):
        made[f"net{end}"] = made[f"net_margin{end}"].where(has_cost, made[f"net_revenue{end}"])
    return made


def _depth_class(depth: "np.ndarray[Any, np.dtype[np.float64]]") -> list[str]:
    """Words for shares of the usual price, to the nearest tenth or twentieth.

    >>> _depth_class(np.array([0.0, 0.1, 0.24, 0.5]))
    ['Not cheaper', '10% off', '25% off', 'over 35% off']
    """
    words = ["Not cheaper", "5% off", "10% off", "15% off", "20% off", "25% off", "30% off"]
    words.append("over 35% off")
    return [words[at] for at in np.searchsorted(DEPTHS, depth, side="right")]


def _length(days: "np.ndarray[Any, np.dtype[np.int64]]") -> list[str]:
    words = ["Up to a week", "Up to two weeks", "Up to three weeks", "Longer"]
    return [words[at] for at in np.searchsorted(LENGTHS, days, side="left")]


def check(
    store: Store,
    dataset_id: int,
    found: Found,
    promotion: int,
    *,
    tell: Callable[[float], None] | None = None,
) -> Effect:
    """The promotion against products that were left alone meanwhile; raises `PanelError`."""
    row = found.lines[found.lines["promotion"] == promotion].to_dict(orient="records")[0]
    line: dict[str, Any] = {str(key): value for key, value in row.items()}
    product, series = int(line["product"]), line["series"]
    places = [int(each) - product * found.places for each in series]
    first, last = line["first"], line["last"]
    return against_others(
        store, dataset_id, product, places, first=first, last=last, grain=found.grain, tell=tell
    )


def against_others(
    store: Store,
    dataset_id: int,
    product: int,
    places: Sequence[int],
    *,
    first: pd.Timestamp,
    last: pd.Timestamp,
    grain: Grain,
    price: float | None = None,
    tell: Callable[[float], None] | None = None,
) -> Effect:
    """A product in a span against products that were left alone; raises `PanelError`.

    With `price` only times at that price are learnt from.
    """
    frame = beside.beside(
        store, dataset_id, product, places, first=first.date(), last=last.date(), grain=grain,
        price=price,
    )  # fmt: skip
    if tell is not None:
        tell(0.5)
    wide = frame.pivot(index="timestamp", columns="product_id", values="quantity").fillna(0.0)
    own = frame[frame["product_id"] == product].set_index("timestamp")["quiet"]
    quiet = own.reindex(wide.index).fillna(False).astype(bool) | (wide.index >= first)
    return effect_of(
        wide[quiet.to_numpy()],
        product,
        first=first,
        last=last,
        level=LEVEL,
        settle=max(1, round(SETTLE_DAYS / database.DAYS[grain])),
    )
