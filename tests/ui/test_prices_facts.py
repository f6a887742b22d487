"""Elasticities are found once, kept, and answer every page by the same rule."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.store import Store, open_store
from forecasting.scenarios import Response
from tests.data.shop import fill
from ui import prices_facts
from ui import what_if_ground as grounds

LAST = date(2026, 11, 19)
WEEKS = 60
ODD = 3  # product whose sales rise with its price


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Six teas in a place; five sell more when cheap, one sells less."""
    opened = open_store(tmp_path_factory.mktemp("shop") / "almanac.duckdb", threads=1)
    rng, rows = np.random.default_rng(0), []
    for product in range(1, 7):
        cheap = rng.random(WEEKS) < 0.4
        slope = 2.0 if product == ODD else -2.0
        for number in range(7 * WEEKS):
            price = 8.0 if cheap[number // 7] else 10.0
            sold = float(rng.poisson(30 * (price / 10) ** slope))
            day = LAST - timedelta(days=7 * WEEKS - 1 - number)
            rows.append((product, 1, day, sold, price))
    fill(opened, rows, categories=(("Tea",),) * 6)
    yield opened
    opened.close()


def test_when_elasticities_were_found_then_they_are_read_back_and_not_found_again(
    store: Store,
) -> None:
    told: list[float] = []
    assert prices_facts.known_already(store, 1) is None
    first = prices_facts.find_once(store, 1, tell=told.append)
    assert first is not None
    assert told == sorted(told)
    assert len(told) > 3
    again = prices_facts.find_once(store, 1, tell=lambda share: pytest.fail("found again"))
    assert again is not None
    pd.testing.assert_frame_equal(first.answers, again.answers)
    assert (store.folder / "kept" / "1").is_dir()
    assert len(list((store.folder / "kept" / "1").glob("*"))) == 1


def test_when_sales_rise_with_the_price_then_scenarios_answer_as_the_category_does(
    store: Store,
) -> None:
    found = prices_facts.find_once(store, 1)
    assert found is not None
    trusted = found.trusted.set_index("product")
    assert trusted.at[ODD, "trust"] == "odd"
    pairs = pd.DataFrame({"product_id": [1, ODD, 99], "place_id": [1, 1, 1]})
    response = grounds.responses(found, pairs)
    assert response.elasticity[:2] == pytest.approx(trusted.loc[[1, ODD], "elasticity"])
    assert response.elasticity[0] == pytest.approx(-2.0, abs=0.5)
    assert response.elasticity[1] < 0
    assert response.error[1] > response.error[0]
    assert np.isnan(response.elasticity[2])


def test_when_no_price_is_known_then_nothing_answers(tmp_path: Path) -> None:
    bare = open_store(tmp_path / "bare.duckdb", threads=1)
    try:
        days = [LAST - timedelta(days=each) for each in range(28)]
        fill(bare, [(1, 1, day, 3.0, None) for day in days], categories=(("Tea",),))
        assert prices_facts.find_once(bare, 1) is None
    finally:
        bare.close()
    none = grounds.responses(None, pd.DataFrame({"product_id": [1], "place_id": [1]}))
    assert isinstance(none, Response)
    assert np.isnan(none.elasticity).all()
