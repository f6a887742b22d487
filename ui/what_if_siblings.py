"""What cheaper products take from the rest of their category, as scenarios need it. No Streamlit.

Measured over all past promotions of a dataset, once, and kept beside the database. Without flagged
promotions it cannot be told: a price that falls alone is too small a push to see beside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting.promotions.siblings as measured_module
from data import kept
from data import prices as database
from data.kept import Kept
from data.store import Store
from forecasting.promotions import Grid, cannibalisation
from forecasting.scenarios import Cross
from forecasting.scenarios.measured import HALO_DAYS
from ui import prices_facts
from ui.prices_facts import LEVEL

NAME = "siblings"  # of the kept file


@dataclass(frozen=True, kw_only=True)
class Siblings:
    """`groups`: group (a category's path), slope, error, usual and seen; `sizes`: group, place,

    count of products there; `group_of`: product and its group.
    """

    groups: pd.DataFrame
    sizes: pd.DataFrame
    group_of: pd.DataFrame

    @property
    def seen(self) -> list[str]:
        """The categories in which the data can tell."""
        return [str(each) for each in self.groups.loc[self.groups["seen"], "group"]]

    def cross(self, pairs: pd.DataFrame) -> Cross | None:
        """Of products in places; None where nothing can be told of any of them."""
        of = self.group_of.set_index("product")["group"].reindex(pairs["product_id"])
        groups = self.groups.set_index("group").reindex(of)
        place = pairs["place_id"].to_numpy()
        size = self.sizes.set_index(["group", "place"])["count"]
        count = size.reindex(pd.MultiIndex.from_arrays([of.to_numpy(), place])).to_numpy(float)
        number = (
            pd.DataFrame({"group": of.to_numpy(), "place": place})
            .groupby(["group", "place"], sort=False, dropna=False)
            .ngroup()
        )
        slope = np.nan_to_num(groups["slope"].to_numpy(float))
        if not (slope < 0).any():
            return None
        return Cross(
            group=number.to_numpy(),
            slope=slope,
            error=np.nan_to_num(groups["error"].to_numpy(float)),
            usual=groups["usual"].to_numpy(float),
            others=np.maximum(np.nan_to_num(count, nan=1.0) - 1, 1.0),
        )


def find_once(
    store: Store, dataset_id: int, *, tell: Callable[[float], None] | None = None
) -> Siblings | None:
    """Read back where these sales were looked at before; None without flagged promotions."""
    if not database.has_flags(store, dataset_id):
        return None
    digest = kept.digest(store, dataset_id, [__file__, measured_module.__file__, _prices_file()])
    known = kept.read(store, dataset_id, NAME, digest)
    if known is not None:
        return Siblings(**known.frames)
    found = _find(store, dataset_id, tell or (lambda share: None))
    if found is not None:
        frames = {name: getattr(found, name) for name in ("groups", "sizes", "group_of")}
        kept.keep(store, dataset_id, NAME, digest, Kept(frames=frames, facts={}))
    return found


def _prices_file() -> str:
    return Path(prices_facts.__file__).as_posix()


def _find(store: Store, dataset_id: int, tell: Callable[[float], None]) -> Siblings | None:
    known = prices_facts.find_once(store, dataset_id, tell=lambda share: tell(0.5 * share))
    if known is None:
        return None
    rows, grain = prices_facts.sales(store, dataset_id)
    days = database.DAYS[grain]
    grid = Grid.of(rows.assign(promo=rows["promo"].fillna(0.0)), freq_days=days)
    if not grid.promoted.any():
        return None
    tell(0.7)
    halo = max(1, round(HALO_DAYS / days))
    found = cannibalisation(grid, known.products, halo=halo, level=LEVEL)
    groups = pd.DataFrame(
        {
            "group": grid.groups.astype(str),
            "slope": found.slope,
            "error": found.error,
            "usual": _usual(grid, known.products),
            "seen": found.seen,
        }
    )
    group = grid.groups[grid.group].astype(str)
    place = rows.drop_duplicates("series_id").set_index("series_id")["place"]
    sizes = pd.DataFrame(
        {"group": group[grid.product], "place": place.reindex(grid.series).to_numpy()}
    )
    return Siblings(
        groups=groups,
        sizes=sizes.groupby(["group", "place"]).size().rename("count").reset_index(),
        group_of=pd.DataFrame({"product": grid.products, "group": group}),
    )


def _usual(grid: Grid, products: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Log of sales that a promotion of each group brings its product, on average; NaN: none."""
    by = products.set_index("product").reindex(grid.products)
    slope = np.nan_to_num(by["elasticity"].to_numpy(float))[grid.product][:, None]
    uplift = np.nan_to_num(np.log(by["uplift"].to_numpy(float)))[grid.product][:, None]
    moved = np.where(grid.promoted, slope * np.log(grid.price / grid.usual) + uplift, 0.0)
    groups = grid.group[grid.product]
    count = np.bincount(groups, grid.promoted.sum(axis=1), minlength=len(grid.groups))
    total = np.bincount(groups, moved.sum(axis=1), minlength=len(grid.groups))
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
