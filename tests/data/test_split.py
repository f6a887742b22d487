"""Growth adds up to the cent, whatever the products did."""

import random

from data.split import of_revenue, of_units


def products(seed: int) -> list[tuple[float, float, float, float]]:
    """(units before, price before, units, price) of random products, some of them new or gone."""
    draw = random.Random(seed)
    made = []
    for _ in range(draw.randrange(1, 60)):
        before, now = (draw.choice([0, draw.randrange(1, 10**5), draw.random()]) for _ in range(2))
        price = draw.randrange(1, 10**6) / 100
        made.append((before, price, now, round(price * draw.uniform(0.2, 3), 2)))
    return made


def test_when_products_are_random_then_the_parts_add_up_to_the_cent_and_mix_is_what_it_says() -> (
    None
):
    split_any = 0
    for seed in range(2_000):
        rows = products(seed)
        before = sum(row[0] * row[1] for row in rows)
        now = sum(row[2] * row[3] for row in rows)
        units_before, units = sum(row[0] for row in rows), sum(row[2] for row in rows)
        both = [row for row in rows if row[0] > 0 and row[2] > 0]
        split = of_revenue(
            units=units,
            units_before=units_before,
            revenue=now,
            revenue_before=before,
            price=sum((row[3] - row[1]) * row[2] for row in both),
        )
        if units_before == 0:
            assert split is None
            continue
        assert split is not None
        split_any += 1
        assert sum(split.steps.values()) == split.now - split.before == split.growth
        assert split.now == round(now * 100)
        mean = before / units_before
        mix = sum(((row[1] if row[0] > 0 else row[3]) - mean) * (row[2] - row[0]) for row in rows)
        assert abs(split.steps["mix"] / 100 - mix) < 0.03 + 1e-9 * abs(now + before)
    assert split_any > 1_500


def test_when_prices_alone_change_then_all_growth_is_price() -> None:
    split = of_revenue(units=10, units_before=10, revenue=33, revenue_before=30, price=3)
    assert split is not None
    assert split.steps == {"volume": 0, "price": 300, "mix": 0}


def test_when_dearer_products_sell_instead_of_cheap_ones_then_it_is_mix() -> None:
    """Ten cups at 1 and none at 3 became none at 1 and ten at 3."""
    split = of_revenue(units=10, units_before=10, revenue=30, revenue_before=10, price=0)
    assert split is not None
    assert split.steps == {"volume": 0, "price": 0, "mix": 2_000}


def test_when_nothing_sold_before_then_there_is_no_split() -> None:
    assert of_revenue(units=5, units_before=0, revenue=9, revenue_before=0, price=0) is None
    assert of_revenue(units=5, units_before=-2, revenue=9, revenue_before=-4, price=0) is None
    assert of_units(units=5, units_before=0, more=0, new=5, gone=0) is None


def test_when_units_are_fractions_then_their_steps_add_up_too() -> None:
    draw = random.Random(3)
    for _ in range(500):
        before, more, new = draw.uniform(1, 99), draw.uniform(0, 9), draw.uniform(0, 9)
        gone, less = -draw.uniform(0, 1), -draw.uniform(0, 1)
        units = before + more + new + gone + less
        split = of_units(units=units, units_before=before, more=more, new=new, gone=gone)
        assert split is not None
        assert sum(split.steps.values()) == split.growth
