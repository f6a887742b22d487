"""What a product sold at each price it ever had, freed of season, level and growth.

Sales at a price against what the product's level and its group's factor made of those times. So the
points can stand beside the curve of today, though they were sold in other seasons.
"""

import numpy as np
import pandas as pd

from forecasting.elasticity import ONE_PRICE
from forecasting.promotions.expected import expected
from forecasting.promotions.grid import Grid

LEAST_DAYS = 7  # of a product in a place


def tried_prices(grid: Grid, products: pd.DataFrame, *, halo: int) -> pd.DataFrame:
    """product, price, ratio, days, last: a row per product and price outside promotions.

    `ratio` is of sales to those expected at a price of 1, so that `units * ratio /
    price_now ** elasticity` is what that price would sell now; `days` are of a product in a place,
    `last` is when it was charged last. `products` is that of `Elasticities`.
    """
    elasticity = products.set_index("product")["elasticity"].reindex(grid.products)
    slope = np.nan_to_num(elasticity.to_numpy(np.float64))[grid.product][:, None]
    without = expected(grid, products, halo=halo).without
    rows, columns = np.nonzero(grid.counts & ~grid.promoted & (without > 0))
    price = grid.price[rows, columns]
    usual = grid.usual[rows, columns]
    scale = without[rows, columns] / usual ** slope[rows, 0]
    frame = pd.DataFrame(
        {
            "number": grid.product[rows],
            "level": np.rint(np.log(price) / ONE_PRICE),
            "sold": grid.sold[rows, columns],
            "scale": scale,
            "money": price * scale,
            "time": columns,
        }
    )
    summed = frame.groupby(["number", "level"]).agg(
        sold=("sold", "sum"),
        scale=("scale", "sum"),
        money=("money", "sum"),
        days=("sold", "size"),
        last=("time", "max"),
    )
    summed["days"] *= grid.freq_days
    kept = summed[summed["days"] >= LEAST_DAYS].reset_index()
    return pd.DataFrame(
        {
            "product": grid.products[kept["number"]],
            "price": (kept["money"] / kept["scale"]).to_numpy(),
            "ratio": (kept["sold"] / kept["scale"]).to_numpy(),
            "days": kept["days"].to_numpy(),
            "last": grid.times[kept["last"]],
        }
    )
