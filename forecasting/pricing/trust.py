"""Which elasticity a decision may stand on: the product's own, its category's, or none."""

from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.elasticity import REACH, Elasticities

SUREST = 0.05  # standard error that nobody should claim to be below


def trusted(found: Elasticities, *, level: float = 0.9) -> pd.DataFrame:
    """One row per product: product, group, elasticity, error, trust, uplift, prices, lowest,
    highest.

    `error` is a standard error, `level` the band that `found` was made with. `trust` says whose the
    elasticity is: 'own' (mostly the product's), 'shared' (drawn to its category), 'category' (its
    price never moved), 'odd' (its own sales rise with the price or answer it beyond all bounds, so
    the category's is taken instead), 'none' (no price of any product moved: elasticity and error
    are NaN).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    products = found.products
    groups = found.groups.set_index("group").reindex(products["group"])
    elasticity = products["elasticity"].to_numpy(np.float64)
    error = ((products["high"] - products["low"]) / (2 * z)).to_numpy(np.float64)
    wide = np.hypot(
        ((groups["high"] - groups["low"]) / (2 * z)).to_numpy(np.float64),
        groups["spread"].to_numpy(np.float64),
    )
    extreme = products["own"].abs().to_numpy(np.float64) >= REACH * 0.99
    odd = (products["verdict"] == "odd").to_numpy() | extreme
    of_group = groups["elasticity"].to_numpy(np.float64)
    elasticity = np.where(odd, of_group, elasticity)
    # A whole category whose sales rise with the price is no ground for any advice.
    none = ~np.isfinite(elasticity) | (elasticity >= 0)
    trust = products["verdict"].replace({"group": "category"}).mask(odd, "odd").mask(none, "none")
    return pd.DataFrame(
        {
            "product": products["product"],
            "group": products["group"],
            "elasticity": np.where(none, np.nan, elasticity),
            "error": np.where(none, np.nan, np.maximum(np.where(odd, wide, error), SUREST)),
            "trust": trust,
            "uplift": products["uplift"],
            "prices": products["prices"],
            "lowest": products["lowest"],
            "highest": products["highest"],
        }
    )
