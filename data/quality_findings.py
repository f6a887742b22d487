"""What is worth a look in the stored sales: a count and three examples per kind of finding.

The kinds and their thresholds are those of the checks before an import, counted over everything
that is stored. The screens give each code its words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from data.ingest.series_checks import WEEKDAYS
from data.quality_tables import Reading, Totals

FEW_SALES = 10  # days with a sale below which nothing regular can be seen
_SYSTEMATIC = 0.8  # share of a weekday's dates without sales from which the weekday is named


@dataclass(frozen=True, kw_only=True)
class Found:
    """One kind of thing found: `rows` out of `of`, with up to three examples in words."""

    code: str
    rows: int
    of: int
    examples: tuple[str, ...] = ()
    times: int = 0  # series with missing days, runs of likely stock-outs


def findings(reading: Reading, totals: Totals, days: pd.DataFrame) -> Iterator[Found]:
    """Everything found; `days` as in `data.quality.Quality`."""
    if not totals.sold_days:
        yield Found(code="nothing_sold", rows=totals.products, of=totals.products)
        return
    yield from _priceless(reading, totals)
    yield from _negative(reading)
    yield from _closed(days, reading)
    yield from _missing(reading, totals)
    yield from _out(reading, totals)
    yield from _likely(reading)
    yield from _unusual(reading, totals)
    yield from _aged(reading, totals)
    yield from _few_sales(reading, totals)
    yield from _one_price(reading, totals)
    yield from _uncategorised(reading, totals)


def _priceless(reading: Reading, totals: Totals) -> Iterator[Found]:
    if not totals.priced:
        yield Found(code="no_prices", rows=totals.products, of=totals.products)
        return
    rows = reading.all("""
        SELECT name, priceless, priceless_units FROM quality_product
        WHERE priceless > 0 ORDER BY priceless_units DESC, name LIMIT 3
    """)
    if rows:
        yield Found(
            code="priceless",
            rows=totals.priceless,
            of=totals.sold_days,
            examples=tuple(
                f"{name}: {_amount(units, 'unit')} on {_amount(count, reading.unit)}"
                for name, count, units in rows
            ),
        )


def _negative(reading: Reading) -> Iterator[Found]:
    (count, rows) = reading.one("SELECT sum(below_days), sum(days) FROM quality_series")
    if not count:
        return
    examples = reading.all(
        f"""
        SELECT name, quantity, day FROM (
            SELECT product_id, quantity, day FROM {reading.rows} AND quantity < 0
            ORDER BY quantity, day DESC LIMIT 3)
        JOIN product USING (product_id) ORDER BY quantity, day DESC
        """,
        reading.bound,
    )
    yield Found(
        code="negative",
        rows=int(count),
        of=int(rows),
        examples=tuple(f"{name}: −{-q:,.0f} on {d:%-d %b %Y}" for name, q, d in examples),
    )


def _closed(days: pd.DataFrame, reading: Reading) -> Iterator[Found]:
    """Weekdays are named where nearly all of them are closed, then single dates, latest first."""
    closed = days[~days["sells"]]
    if closed.empty:
        return
    names = []
    if reading.freq == "D":
        share = (~days["sells"]).groupby(days["day"].dt.dayofweek).agg(["mean", "size"])
        regular = share.index[(share["mean"] > _SYSTEMATIC) & (share["size"] > 3)]
        names = [WEEKDAYS[weekday] for weekday in regular]
        closed = closed[~closed["day"].dt.dayofweek.isin(regular)]
    pattern = {"D": "%-d %b %Y", "W": "week of %-d %b %Y", "M": "%b %Y"}[reading.freq]
    dates = [format(day, pattern) for day in closed["day"].iloc[::-1].iloc[: 3 - len(names)]]
    yield Found(
        code="closed",
        rows=int((~days["sells"]).sum()),
        of=len(days),
        examples=tuple([*names, *dates][:3]),
    )


def _missing(reading: Reading, totals: Totals) -> Iterator[Found]:
    if not totals.missing:
        return
    (touched,) = reading.one("SELECT count(*) FROM quality_series WHERE missing > 0")
    rows = reading.all("""
        SELECT name, missing / expected FROM quality_product WHERE missing > 0
        ORDER BY missing * units / expected DESC, name LIMIT 3
    """)
    yield Found(
        code="missing",
        rows=totals.missing,
        of=totals.life - totals.closed,
        examples=tuple(f"{name}: {share:.0%} of its {reading.unit}s" for name, share in rows),
        times=touched,
    )


def _out(reading: Reading, totals: Totals) -> Iterator[Found]:
    if not totals.stock_out:
        return
    rows = reading.all("""
        SELECT name, stock_out / stock_known FROM quality_product WHERE stock_out > 0
        ORDER BY stock_out * units / expected DESC, name LIMIT 3
    """)
    yield Found(
        code="out",
        rows=totals.stock_out,
        of=totals.stock_known,
        examples=tuple(f"{name}: {share:.0%} of its {reading.unit}s" for name, share in rows),
    )


def _likely(reading: Reading) -> Iterator[Found]:
    (runs, days) = reading.one("SELECT count(*), sum(zeros) FROM quality_likely")
    if not runs:
        return
    rows = reading.all("""
        SELECT p.name, zeros, before, after FROM quality_likely JOIN product p USING (product_id)
        ORDER BY zeros * pace DESC, p.name LIMIT 3
    """)
    (of,) = reading.one(
        "SELECT sum(expected) FROM quality_series JOIN quality_steady USING (product_id, place_id)"
    )
    yield Found(
        code="likely",
        rows=int(days),
        of=int(of),
        examples=tuple(
            f"{name}: {_amount(zeros, 'day')} between {a:%-d %b %Y} and {b:%-d %b %Y}"
            for name, zeros, a, b in rows
        ),
        times=runs,
    )


def _unusual(reading: Reading, totals: Totals) -> Iterator[Found]:
    (count,) = reading.one("SELECT count(*) FROM quality_unusual")
    if not count:
        return
    rows = reading.all("""
        SELECT p.name, quantity, day, usual FROM quality_unusual JOIN product p USING (product_id)
        ORDER BY quantity - usual DESC, p.name LIMIT 3
    """)
    yield Found(
        code="unusual",
        rows=count,
        of=totals.sold_days,
        examples=tuple(
            f"{name}: {quantity:,.0f} on {day:%-d %b %Y}, usually {usual:,.0f}"
            for name, quantity, day, usual in rows
        ),
    )


def _aged(reading: Reading, totals: Totals) -> Iterator[Found]:
    rows = reading.all("""
        SELECT age, count(*), array_agg(name ORDER BY units DESC, name)[1:3],
               array_agg(first_day ORDER BY units DESC, name)[1:3],
               array_agg(last_sold ORDER BY units DESC, name)[1:3]
        FROM quality_product WHERE age IS NOT NULL GROUP BY age ORDER BY age
    """)
    for age, count, names, first, last in rows:
        word, days = ("last sold", last) if age == "dead" else ("first sold", first)
        yield Found(
            code=age,
            rows=count,
            of=totals.products,
            examples=tuple(
                f"{name}: {word} {day:%-d %b %Y}" if day else f"{name}: never sold"
                for name, day in zip(names, days, strict=True)
            ),
        )


def _few_sales(reading: Reading, totals: Totals) -> Iterator[Found]:
    yield from _products(
        reading,
        totals,
        "few_sales",
        f"sold_days < {FEW_SALES}",
        f"name || ': ' || sold_days || CASE sold_days WHEN 1 THEN ' {reading.unit}' "
        f"ELSE ' {reading.unit}s' END",
    )


def _one_price(reading: Reading, totals: Totals) -> Iterator[Found]:
    yield from _products(reading, totals, "one_price", f"one_price AND sold_days >= {FEW_SALES}")


def _uncategorised(reading: Reading, totals: Totals) -> Iterator[Found]:
    if not totals.categorised:
        yield Found(code="no_categories", rows=totals.products, of=totals.products)
        return
    yield from _products(reading, totals, "uncategorised", "len(categories) = 0")


def _products(
    reading: Reading, totals: Totals, code: str, test: str, example: str = "name"
) -> Iterator[Found]:
    """A finding about products that pass a test in SQL, best sellers as examples."""
    ((count, examples),) = reading.all(f"""
        SELECT count(*), array_agg({example} ORDER BY units DESC, name)[1:3]
        FROM quality_product WHERE {test}
    """)
    if count:
        yield Found(code=code, rows=count, of=totals.products, examples=tuple(examples))


def _amount(number: float, noun: str) -> str:
    """A number with its noun.

    >>> _amount(1, "day"), _amount(1240.0, "unit")
    ('1 day', '1,240 units')
    """
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"
