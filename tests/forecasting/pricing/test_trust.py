"""Whose elasticity a decision stands on."""

import numpy as np
import pandas as pd

from forecasting.elasticity import Elasticities
from forecasting.pricing import trusted


def found(verdicts: list[str], elasticities: list[float], group: float = -2.0) -> Elasticities:
    count = len(verdicts)
    products = pd.DataFrame(
        {
            "product": range(count), "group": "tea", "elasticity": elasticities,
            "low": np.array(elasticities) - 0.5, "high": np.array(elasticities) + 0.5,
            "own": elasticities, "verdict": verdicts, "uplift": np.nan, "prices": 4,
            "lowest": 1.0, "highest": 2.0,
        }
    )  # fmt: skip
    groups = pd.DataFrame(
        [{"group": "tea", "elasticity": group, "low": group - 0.2, "high": group + 0.2,
          "spread": 0.3, "uplift": np.nan, "products": count}]
    )  # fmt: skip
    return Elasticities(products=products, groups=groups)


def test_when_a_product_sells_more_when_dearer_then_its_category_s_elasticity_is_taken() -> None:
    table = trusted(found(["own", "odd", "group"], [-1.5, 0.8, -2.0]))
    assert table["trust"].tolist() == ["own", "odd", "category"]
    assert table["elasticity"].tolist() == [-1.5, -2.0, -2.0]
    assert table["error"][1] > 0.3  # the category's products differ
    np.testing.assert_allclose(table["error"][0], 0.5 / 1.645, rtol=1e-3)


def test_when_a_whole_category_makes_no_sense_then_there_is_none() -> None:
    table = trusted(found(["odd", "group"], [0.8, 0.4], group=0.4))
    assert table["trust"].tolist() == ["none", "none"]
    assert table[["elasticity", "error"]].isna().all(axis=None)
    nothing = trusted(found(["group"], [np.nan], group=np.nan))
    assert nothing["trust"].tolist() == ["none"]
