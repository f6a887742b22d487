"""Growth split into parts that add up to the cent. Pure numbers, no database.

Revenue = units times mean price, so its growth has three parts, over products i:
volume  (Q1 - Q0) * P0: as many more units at last year's mean price
price   sum of (p1_i - p0_i) * q1_i over products that sold in both years
mix     the rest: sum of (p_i - P0) * (q1_i - q0_i), with p_i last year's price, or this year's for
        a product that is new: units moved to dearer or cheaper products
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Split:
    """Two amounts and the steps between them, all in hundredths (cents, or hundredths of a unit).

    The steps add up to `now - before` exactly.
    """

    before: int
    now: int
    steps: dict[str, int]

    @property
    def growth(self) -> int:
        return self.now - self.before


def of_revenue(
    *, units: float, units_before: float, revenue: float, revenue_before: float, price: float
) -> Split | None:
    """Revenue by volume, price and mix; `price` is the sum over products described above.

    None where there is no mean price of the year before.

    >>> of_revenue(units=12, units_before=10, revenue=30, revenue_before=20, price=6).steps
    {'volume': 400, 'price': 600, 'mix': 0}
    """
    if units_before <= 0 or revenue_before <= 0:
        return None
    before, now = _hundredths(revenue_before), _hundredths(revenue)
    volume = _hundredths((units - units_before) * (revenue_before / units_before))
    paid = _hundredths(price)
    rest = now - before - volume - paid
    return Split(before=before, now=now, steps={"volume": volume, "price": paid, "mix": rest})


def of_units(
    *, units: float, units_before: float, more: float, new: float, gone: float
) -> Split | None:
    """Units by products that sold more, less, only this year and only the year before.

    None where nothing sold the year before.

    >>> of_units(units=12, units_before=10, more=5, new=3, gone=-2).steps
    {'more': 500, 'less': -400, 'new': 300, 'gone': -200}
    """
    if units_before <= 0:
        return None
    before, now = _hundredths(units_before), _hundredths(units)
    up, fresh, ended = _hundredths(more), _hundredths(new), _hundredths(gone)
    less = now - before - up - fresh - ended
    return Split(
        before=before, now=now, steps={"more": up, "less": less, "new": fresh, "gone": ended}
    )


def _hundredths(value: float) -> int:
    return round(value * 100)
