"""Elasticities: the regression of statsmodels on a small case, the truth on the demo shop."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from data.demo import shop
from forecasting.elasticity import Elasticities, elasticities

REAL = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))


def made(slopes: list[float], *, weeks: int = 80, rate: float = 60.0) -> pd.DataFrame:
    """Weekly sales of one group of products with these elasticities and a common season."""
    rng = np.random.default_rng(0)
    season = 1 + 0.4 * np.sin(np.arange(weeks) * 2 * np.pi / 52)
    parts = []
    for number, slope in enumerate(slopes):
        price = np.where(rng.random(weeks) < 0.3, 8.0, 10.0)
        price[rng.random(weeks) < 0.1] = 9.0
        mean = rate * season * (price / 10) ** slope
        parts.append(
            pd.DataFrame(
                {
                    "series_id": f"s{number}",
                    "product": f"p{number}",
                    "group": "tea",
                    "timestamp": pd.date_range("2024-01-01", periods=weeks, freq="7D"),
                    "target": rng.poisson(mean).astype(float),
                    "price": price,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def test_when_estimated_then_own_slopes_are_those_of_a_poisson_regression_with_dummies() -> None:
    import statsmodels.api as sm

    rows = made([-1.5, -2.0, -2.5, -1.0, -3.0, -2.0], weeks=40)
    design = pd.get_dummies(rows[["product", "timestamp"]].astype(str), dtype=float)
    design = design.drop(columns=["timestamp_2024-01-01"])
    years = (rows["timestamp"] - rows["timestamp"].min()).dt.days / 365.25
    for name in sorted(rows["product"].unique()):
        own = (rows["product"] == name).astype(float)
        design[f"price {name}"] = own * np.log(rows["price"])
        if name != "p0":  # the trend of all products together is the weeks' own
            design[f"trend {name}"] = own * years
    fitted = sm.GLM(rows["target"], design, family=sm.families.Poisson()).fit()
    found = elasticities(rows, freq_days=7).products.set_index("product")
    for name in found.index:
        assert found["own"][name] == pytest.approx(fitted.params[f"price {name}"], abs=0.02)


def test_when_a_price_never_moved_then_the_group_s_is_used_and_it_is_said() -> None:
    rows = made([-2.0] * 8)
    rows.loc[rows["product"] == "p3", "price"] = 10.0
    found = elasticities(rows, freq_days=7).products.set_index("product")
    assert found["verdict"]["p3"] == "group"
    assert np.isnan(found["own"]["p3"])
    assert found["weight"]["p3"] == 0
    assert found["elasticity"]["p3"] == pytest.approx(
        found["elasticity"].drop("p3").mean(), abs=0.1
    )
    widths = found["high"] - found["low"]
    assert widths["p3"] >= widths.drop("p3").max()
    assert found["prices"].to_dict() == dict.fromkeys(found.index, 3) | {"p3": 1}


def test_when_products_are_alike_then_unsure_ones_are_drawn_to_their_group() -> None:
    rows = made([-2.0] * 10, rate=15.0)
    found = elasticities(rows, freq_days=7).products
    assert found["elasticity"].std() < 0.5 * found["own"].std()
    assert found["elasticity"].mean() == pytest.approx(-2.0, abs=0.25)


def test_when_nothing_was_promoted_then_there_is_no_uplift() -> None:
    found = elasticities(made([-2.0] * 6), freq_days=7).products
    assert found[["uplift", "after", "before"]].isna().all(axis=None)


def test_when_no_price_ever_moved_then_nothing_is_claimed() -> None:
    found = elasticities(made([-2.0] * 6).assign(price=10.0), freq_days=7)
    assert found.products["elasticity"].isna().all()
    assert set(found.products["verdict"]) == {"group"}


def test_when_rows_are_out_of_stock_then_they_do_not_count() -> None:
    rows = made([-2.0] * 6)
    whole = elasticities(rows, freq_days=7).products
    rows["usable"] = True
    empty = rows.assign(usable=False, target=0.0, price=3.0)
    pd.testing.assert_frame_equal(
        elasticities(pd.concat([rows, empty]), freq_days=7).products, whole
    )


def test_when_the_last_product_ended_early_then_errors_are_found_all_the_same() -> None:
    rows = made([-2.0] * 6)
    early = (rows["product"] == "p5") & (rows["timestamp"] > "2024-08-01")
    found = elasticities(rows[~early], freq_days=7).products
    assert found["own_error"].notna().all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": 0.0}, "No row has both a price above 0"),
        ({"target": np.nan}, "No row has both a price above 0"),
    ],
)
def test_when_there_is_nothing_to_learn_from_then_it_is_said(
    change: dict[str, float], words: str
) -> None:
    with pytest.raises(fc.PanelError, match=words):
        elasticities(made([-2.0, -1.0]).assign(**change))


def test_when_a_column_is_missing_then_it_is_named() -> None:
    with pytest.raises(fc.PanelError, match="no column price"):
        elasticities(made([-2.0]).drop(columns="price"))


@pytest.fixture(scope="module")
def demo() -> tuple[shop.DemoShop, Elasticities, pd.DataFrame]:
    """The demo shop, what is found in it, and the rows it was found in."""
    built = shop.build(today=date(2026, 11, 20))
    rows = built.priced_sales()
    return built, elasticities(rows), rows


def true(built: shop.DemoShop, topic: str) -> pd.Series:
    of_topic = built.truth[built.truth["topic"] == topic]
    return of_topic.set_index("product_id")["value"]


def test_when_the_truth_is_known_then_bands_hold_it_and_beat_single_regressions(
    demo: tuple[shop.DemoShop, Elasticities, pd.DataFrame],
) -> None:
    built, found, rows = demo
    table = found.products.set_index("product")
    table = table[table["prices"] >= 3]
    truth = true(built, "elasticity").reindex(table.index)
    inside = (table["low"] <= truth) & (truth <= table["high"])
    assert inside.mean() >= 0.85
    sold = rows[rows["target"] > 0]
    logs = sold[["target", "price"]].transform(np.log)
    logs -= logs.groupby(sold["series_id"]).transform("mean")
    logs["cross"], logs["square"] = logs["price"] * logs["target"], logs["price"] ** 2
    sums = logs.groupby(sold["product"])[["cross", "square"]].sum()
    single = sums["cross"] / sums["square"]
    error = (table["elasticity"] - truth).abs().mean()
    assert error <= 0.5 * (single.reindex(table.index) - truth).abs().mean()


def test_when_the_truth_is_known_then_uplifts_are_within_a_fifth_of_it(
    demo: tuple[shop.DemoShop, Elasticities, pd.DataFrame],
) -> None:
    built, found, _ = demo
    table = found.products.set_index("product")
    ratio = table["uplift"] / true(built, "promo uplift").reindex(table.index)
    assert (np.abs(ratio - 1) <= 0.2).mean() >= 0.95
    assert table["after"].median() == pytest.approx(true(built, "promo dip").median(), abs=0.05)


def test_when_orange_juice_is_dearer_then_every_brand_sells_less_by_a_credible_amount() -> None:
    path = REAL / "dominicks_orange_juice" / "sales_weekly.parquet"
    if not path.exists():
        pytest.skip(f"no real data: {path} is absent (set ALMANAC_DATA)")
    sold = pd.read_parquet(path)
    rows = pd.DataFrame(
        {
            "series_id": sold["store"].astype(str) + ":" + sold["brand"].astype(str),
            "product": sold["brand"],
            "group": "orange juice",
            "timestamp": sold["week_start"],
            "target": sold["units"],
            "price": sold["price"],
            "promo": np.maximum(sold["feat"], sold["deal"]),
        }
    )
    found = elasticities(rows, freq_days=7).products
    assert len(found) == 11
    assert found["elasticity"].between(-4.5, -1.5).all()
