"""Elasticities of a whole dataset, found once for every page that needs them. Knows no Streamlit.

Prices, Promotions, What-if and the API all answer with these: one grain, one category per product
(the finest), one rule which of them a decision may stand on (`Found.trusted`), one kept file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from data import kept
from data import prices as database
from data.kept import Kept
from data.prices import Grain
from data.store import Store
from forecasting import elasticity, shrinkage
from forecasting.elasticity import Elasticities, elasticities
from forecasting.pricing import tried as tried_module
from forecasting.pricing import tried_prices, trusted
from forecasting.promotions import Grid
from forecasting.promotions import expected as expected_module

_READ, _ESTIMATED = 0.25, 0.8  # of the time
HALO_DAYS = 7
LEVEL = 0.9  # of the bands of `products` and `groups`
NAME = "elasticities"  # of the kept file


@dataclass(frozen=True, kw_only=True)
class Found:
    """Every product's elasticity, as far as there are prices.

    `products` is that of `Elasticities`, `groups` too; `trusted` is of `forecasting.pricing`, and
    `tried` of `tried_prices`, all with product_id as product and the category's path as group.
    """

    grain: Grain
    first: pd.Timestamp
    last: pd.Timestamp
    products: pd.DataFrame
    groups: pd.DataFrame
    tried: pd.DataFrame

    @property
    def trusted(self) -> pd.DataFrame:
        found = Elasticities(products=self.products, groups=self.groups)
        return trusted(found, level=LEVEL)

    @property
    def answers(self) -> pd.DataFrame:
        """`trusted` with the band of the uplift (uplift_low, uplift_high), after and before."""
        rest = ["uplift_low", "uplift_high", "after", "before"]
        return self.trusted.merge(self.products[["product", *rest]], on="product")


def find(
    store: Store, dataset_id: int, *, tell: Callable[[float], None] | None = None
) -> Found | None:
    """Elasticities from all sales; None where no price is known. `tell` is told the share done."""
    told = tell or (lambda share: None)
    rows, grain = sales(store, dataset_id)
    if not ((rows["price"] > 0) & rows["usable"]).any():
        return None
    told(_READ)
    days = database.DAYS[grain]
    learnt = rows if database.has_flags(store, dataset_id) else rows.drop(columns="promo")
    made = elasticities(
        learnt,
        level=LEVEL,
        freq_days=days,
        halo_days=HALO_DAYS,
        on_progress=lambda share: told(_READ + share * (_ESTIMATED - _READ)),
    )
    told(_ESTIMATED)
    grid = Grid.of(rows.assign(promo=rows["promo"].fillna(0.0)), freq_days=days)
    halo = max(1, round(HALO_DAYS / days))
    return Found(
        grain=grain,
        first=rows["timestamp"].min(),
        last=rows["timestamp"].max(),
        products=made.products,
        groups=made.groups,
        tried=tried_prices(grid, made.products, halo=halo),
    )


def find_once(
    store: Store, dataset_id: int, *, tell: Callable[[float], None] | None = None
) -> Found | None:
    """As `find`, but read back where these sales were looked at before."""
    if (known := known_already(store, dataset_id)) is not None:
        return known
    found = find(store, dataset_id, tell=tell)
    if found is not None:
        facts = {name: str(getattr(found, name)) for name in ("grain", "first", "last")}
        frames = {name: getattr(found, name) for name in ("products", "groups", "tried")}
        whole = Kept(frames=frames, facts=facts)
        kept.keep(store, dataset_id, NAME, _digest(store, dataset_id), whole)
    return found


def known_already(store: Store, dataset_id: int) -> Found | None:
    """What was found in these sales before; None where nobody looked yet."""
    known = kept.read(store, dataset_id, NAME, _digest(store, dataset_id))
    if known is None:
        return None
    return Found(
        grain=known.facts["grain"],
        first=pd.Timestamp(known.facts["first"]),
        last=pd.Timestamp(known.facts["last"]),
        **known.frames,
    )


def _digest(store: Store, dataset_id: int) -> str:
    modules = [elasticity, shrinkage, tried_module, expected_module, database]
    files = [Path(__file__).as_posix(), *(module.__file__ for module in modules)]
    return kept.digest(store, dataset_id, files)


def sales(store: Store, dataset_id: int, *, mark_cuts: bool = False) -> tuple[pd.DataFrame, Grain]:
    """Rows as `elasticities` and `evaluate` take them, with parent and place; and their grain.

    Groups are the finest categories, parents one level above, both as paths.
    """
    grain = database.grain(store, dataset_id)
    rows = database.rows(store, dataset_id, grain, mark_cuts=mark_cuts)
    tree = store.frame(
        "SELECT product_id, array_to_string(categories, ' / ') AS path, "
        "array_to_string(categories[:-2], ' / ') AS parent FROM product WHERE dataset_id = $1",
        [dataset_id],
    ).set_index("product_id")
    of = tree.index.get_indexer(pd.Index(rows["product_id"]))
    tree = tree.astype("category")  # words of millions of rows would take gigabytes
    places = int(rows["place_id"].max()) + 1 if len(rows) else 1
    return pd.DataFrame(
        {
            "series_id": rows["product_id"].astype(np.int64) * places + rows["place_id"],
            "product": rows["product_id"],
            "group": tree["path"].to_numpy()[of],
            "parent": tree["parent"].to_numpy()[of],
            "place": rows["place_id"],
            "timestamp": rows["timestamp"],
            "target": rows["target"].clip(lower=0),
            "price": rows["price"],
            "promo": rows["promo"],
            "usable": rows["usable"],
        }
    ), grain


def of_now(
    found: Found, known: pd.DataFrame, goods: pd.DataFrame, limits: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The products of `advise`: what is trusted, with what is sold now, its cost and its limits.

    `known` is of `data.prices.now`, `goods` has unit_cost and categories by product_id, `limits`
    are of `data.price_rules`. Products without sales in the last weeks are left out. The middle
    price of a category is that of all its products, whichever are looked at later.
    """
    table = found.trusted.drop(columns="group").merge(
        known.rename(columns={"product_id": "product"}), on="product"
    )
    cost = goods["unit_cost"].reindex(table["product"]).to_numpy(np.float64, na_value=np.nan)
    paths = goods["categories"].reindex(table["product"])
    table = table.assign(
        unit_cost=np.where(cost > 0, cost, np.nan),
        group=[" / ".join(path) for path in paths],
        units=table["units"].fillna(0.0),
    )
    table["group_price"] = table.groupby("group")["price"].transform("median")
    return table if limits is None else table.join(limits, on="product")
