"""The replay benchmark on a little of the demo shop: what was asked for is sold and lost."""

from datetime import date

import numpy as np
import pytest

from benchmarks import replay
from data.demo import shop


def test_when_the_demo_shop_is_read_then_its_demand_is_what_was_sold_and_what_was_lost() -> None:
    case = replay.demo_shop(40)
    assert case.panel.num_series == 40
    short = case.wanted - np.nan_to_num(case.panel.target)
    assert (short >= 0).all()
    built = shop.build(today=replay.TODAY)
    out = built.truth[built.truth["topic"] == "stock-out"]
    series, step = np.argwhere(short > 0)[0]
    product, place = str(case.panel.series_ids[series]).split(":")
    of_day = out[(out["product_id"] == int(product)) & (out["place_id"] == int(place))]
    of_day = of_day[of_day["day"].dt.date == case.panel.timestamps[step].date()]
    assert short[series, step] == of_day["value"].sum() > 0
    assert date(2026, 11, 19) == case.panel.timestamps[-1].date()


def test_when_a_unit_earns_much_and_holds_cheaply_then_nearly_all_cases_are_served() -> None:
    levels = replay.least_cost_levels(np.array([10.0, 5.0, 4.0]), np.array([6.0, 4.9, 4.0]))
    assert levels[0] == pytest.approx(4 / (4 + 6 * 0.25 * 7 / 365))
    assert levels[0] > levels[1] > levels[2] == 0.001
