"""On the demo shop, whose promotions come with a lower price, the promotion is what drives."""

import shutil
from pathlib import Path

import pandas as pd

import forecasting as fc
from data.scope import Scope
from ui import covariates, forecast_drivers, training
from ui.forecast_drivers import COLUMNS

HORIZON = 13


def test_when_a_week_has_a_promotion_then_the_promotion_is_its_driver(
    empty_store: None, demo_var: Path, tmp_path: Path
) -> None:
    shutil.copy(demo_var / "almanac.duckdb", tmp_path / "almanac.duckdb")
    fills = {"price": "last", "promo": "zero"}  # one product is not sold any more
    panel = training.panel(Scope(dataset_id=1, freq="W"), "product", HORIZON)
    frame, future, spec = covariates.assemble(panel, "W", fills)
    assert future is not None
    past = spec.of(frame)
    model = fc.create("gbm", horizon=HORIZON, seed=0).fit(past)
    made = model.predict(past, known_future=future)
    mean = pd.DataFrame(made.mean.T, index=made.timestamps, columns=made.series_ids)
    promoted = future[future["promo"] >= 0.5]  # in most of its places and days
    assert len(promoted) > 20
    found = []
    for series_id, weeks in promoted.groupby("series_id"):
        own = mean[[series_id]]
        drivers = forecast_drivers.of_run(model, past, future, own, lambda share: None)
        table = drivers.frame.set_index("timestamp")
        found += table.loc[weeks["timestamp"], list(COLUMNS)].abs().idxmax(axis=1).tolist()
    assert found.count("promotion") > 0.9 * len(found)
    together = forecast_drivers.of_run(model, past, future, mean, lambda share: None).frame
    busiest = future.groupby("timestamp")["promo"].mean().idxmax()
    row = together.set_index("timestamp").loc[busiest, list(COLUMNS)].astype(float)
    assert row.abs().idxmax() == "promotion"
