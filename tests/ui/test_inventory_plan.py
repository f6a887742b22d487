"""Orders on the published plan: its means, and bands from the run below it or from last year."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from data.publications import Publication
from ui import inventory_plan as of_plan
from ui import plan_words

MONDAY = pd.Timestamp("2026-11-23")
WEEKS = pd.date_range(MONDAY, periods=5, freq="7D")
WANTED = pd.Index(["1:1", "2:1"], name="series_id")
FOUND = Publication(
    publication_id=3, dataset_id=1, plan_id=1, freq="W", name="Week 47", note="", author="Mara",
    created_at=datetime(2026, 11, 13, 17, 2), run_id="", model="theta", revision=2,
    sales_until=date(2026, 11, 22), first_period=WEEKS[0].date(), last_period=WEEKS[-1].date(),
    cells=10, baseline=0.0, final=0.0,
)  # fmt: skip


def cells(final: dict[int, float], **bands: float) -> pd.DataFrame:
    rows = [
        {"product_id": product, "place_id": 1, "timestamp": week, "mean": 10.0, "final": units,
         "q10": np.nan, "q50": np.nan, "q90": np.nan} | bands
        for product, units in final.items() for week in WEEKS
    ]  # fmt: skip
    return pd.DataFrame(rows)


def quick() -> fc.Forecast:
    """Last year's weeks of product 1 alone: from half to twice the mean."""
    mean = np.full((1, 3), 8.0)
    return fc.Forecast(
        mean=mean,
        quantiles=np.stack([mean * 0.5, mean, mean * 2], axis=2),
        quantile_levels=(0.1, 0.5, 0.9),
        series_ids=pd.Index(["1:1"], name="series_id"),
        timestamps=pd.DatetimeIndex(WEEKS[:3]),
        cutoff=MONDAY - pd.Timedelta(days=7),
    )


def never() -> fc.Forecast:
    pytest.fail("last year's weeks were asked for without need")


def test_when_a_run_lies_below_then_its_band_moves_with_the_plan() -> None:
    run = pd.DataFrame(
        [
            {"series_id": series, "timestamp": week, "mean": 10.0, "q0.05": 4.0, "q0.95": 18.0}
            for series in ("1:1", "2:1") for week in WEEKS
        ]
    )  # fmt: skip
    made = of_plan.forecast(cells({1: 20.0, 2: 0.0}), FOUND, WANTED, MONDAY, run=run, quick=never)
    assert made is not None
    assert made.simple == 0
    assert made.forecast.quantile_levels == (0.05, 0.95)
    assert made.forecast.mean[:, 0] == pytest.approx([20.0, 0.0])
    assert made.forecast.quantiles[:, 0] == pytest.approx(np.array([[8.0, 36.0], [0.0, 0.0]]))


def test_when_the_plan_has_no_band_then_last_years_is_laid_around_it() -> None:
    made = of_plan.forecast(cells({1: 20.0, 2: 6.0}), FOUND, WANTED, MONDAY, run=None, quick=quick)
    assert made is not None
    assert made.simple == 1
    assert made.forecast.quantiles[0, 0] == pytest.approx([10.0, 20.0, 40.0])
    assert made.forecast.quantiles[1, 0] == pytest.approx([3.0, 6.0, 12.0])  # as the others
    daily = replace(FOUND, freq="D")
    wider = of_plan.forecast(cells({1: 20.0}), daily, WANTED, MONDAY, run=None, quick=quick)
    assert wider is not None
    assert wider.forecast.quantiles[0, 0, 2] == pytest.approx(20 * (1 + 7**0.5))


def test_when_the_plan_has_its_own_band_then_it_is_taken_as_it_is() -> None:
    given = cells({1: 20.0}, q10=15.0, q50=19.0, q90=30.0)
    made = of_plan.forecast(given, FOUND, WANTED, MONDAY, run=None, quick=never)
    assert made is not None
    assert made.forecast.quantiles[0, 0] == pytest.approx([15.0, 19.0, 30.0])
    later = of_plan.forecast(
        given, FOUND, WANTED, MONDAY + pd.Timedelta(days=14), run=None, quick=never
    )
    assert later is not None
    assert len(later.forecast.timestamps) == 3
    nothing = of_plan.forecast(given, FOUND, pd.Index(["9:1"]), MONDAY, run=None, quick=never)
    assert nothing is None


def test_when_a_version_is_nearly_over_then_orders_need_something_else() -> None:
    assert of_plan.reaches(FOUND, MONDAY)
    assert of_plan.reaches(FOUND, MONDAY + pd.Timedelta(days=14))
    assert not of_plan.reaches(FOUND, MONDAY + pd.Timedelta(days=15))
    assert not of_plan.reaches(replace(FOUND, freq="M"), MONDAY)
    assert plan_words.version(FOUND) == "plan “Week 47”, published Fri 13 Nov, 17:02 by Mara"
