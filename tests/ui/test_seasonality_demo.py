"""What was planted in the demo shop is found again: weekdays, months, growth, of products."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data import demo, queries
from data.scope import Freq, Scope
from data.store import Store, open_store
from ui import seasonality_facts as facts

ONLINE = "online"
SOLD_PER_DAY = 5.0  # below, months and weekdays drown in chance
FREQS: tuple[Freq, ...] = ("D", "W")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("season") / "almanac.duckdb")
    demo.load(opened, today=date(2026, 11, 20), products=40)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sold(store: Store) -> list[tuple[int, int, facts.Patterns]]:
    """The best sellers online that were never new or ended: product, place, patterns."""
    lively = store.rows(
        """
        SELECT product_id, place_id FROM sales JOIN place USING (dataset_id, place_id)
        WHERE code = $1 GROUP BY ALL
        HAVING count(*) = 1095 AND avg(quantity) >= $2 ORDER BY sum(quantity) DESC LIMIT 6
        """,
        [ONLINE, SOLD_PER_DAY],
    )
    events = queries.events(store, 1, date(2023, 1, 1), date(2027, 1, 1))
    found = []
    for product, place in lively:
        frames = {
            freq: queries.series(
                store, Scope(dataset_id=1, product_id=product, place_id=place, freq=freq)
            )
            for freq in FREQS
        }
        made = facts.patterns(frames, freq="D", measure="quantity", events=events)
        assert made is not None
        found.append((product, place, made))
    return found


def truth(store: Store, topic: str, product: int, place: int | None) -> "pd.Series[float]":
    frame = store.frame(
        "SELECT name, value FROM demo_truth WHERE topic = $1 AND product_id = $2 "
        "AND place_id IS NOT DISTINCT FROM $3",
        [topic, product, place],
    )
    return frame.set_index("name")["value"]


def test_when_products_sell_well_then_their_weekdays_are_recovered(
    store: Store, sold: list[tuple[int, int, facts.Patterns]]
) -> None:
    assert len(sold) >= 4
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    for product, place, made in sold:
        assert made.week is not None
        planted = truth(store, "weekday", product, place)[days].to_numpy()
        assert np.abs(made.week.factors - planted).max() < 0.12
        assert planted[made.week.top] >= planted.max() - 0.05


def test_when_products_sell_well_then_their_months_are_recovered(
    store: Store, sold: list[tuple[int, int, facts.Patterns]]
) -> None:
    """Events and promotions move single months, so that likeness is asked for, not equality."""
    likeness = []
    for product, _, made in sold:
        assert made.year is not None
        planted = truth(store, "month", product, None).sort_index().to_numpy()
        quiet = [0, 2, 3, 4, 6, 7, 8, 9]  # without 11.11, 6.18, Lunar New Year, Christmas
        away = made.year.factors[quiet] / made.year.factors[quiet].mean()
        wanted = planted[quiet] / planted[quiet].mean()
        assert np.abs(away - wanted).max() < 0.35
        if wanted.std() > 0.1:
            likeness.append(float(np.corrcoef(away, wanted)[0, 1]))
    assert likeness
    assert np.mean(likeness) > 0.85


def test_when_a_product_has_a_season_then_its_yearly_pattern_is_not_called_none(
    store: Store, sold: list[tuple[int, int, facts.Patterns]]
) -> None:
    for product, _, made in sold:
        planted = truth(store, "month", product, None).to_numpy()
        if planted.max() / planted.min() > 2:
            assert made.yearly is not None
            assert made.yearly >= facts.MODERATE


def test_when_products_grow_then_the_mean_trend_is_near_the_planted_one(
    store: Store, sold: list[tuple[int, int, facts.Patterns]]
) -> None:
    found = [made.trend.yearly for _, _, made in sold if made.trend]
    planted = [
        float(np.expm1(truth(store, "trend", product, None).iloc[0])) for product, _, _ in sold
    ]
    assert len(found) == len(planted)
    assert np.mean(found) == pytest.approx(np.mean(planted), abs=0.05)
    assert np.abs(np.array(found) - planted).max() < 0.2
