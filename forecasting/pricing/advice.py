"""The best price of each product under rules, how sure that is, and the curve behind it.

Units at a price are those at the price now, times (price / price now) ** elasticity, with the
elasticity drawn from what is known of it. A price outside those ever charged is a guess: there the
response is unsure by `GUESS` for every unit of log price beyond, on top. Choosing the price of the
largest expected outcome also makes the expected regret smallest, the loss against the price that
would have been best had the elasticity been known (Wald, Statistical decision functions, 1950).

Shapes: P products, G prices, S draws.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.arrays import BoolArray, FloatArray
from forecasting.errors import PanelError
from forecasting.pricing.rules import PriceRules, group_prices
from forecasting.validation import first_of

DRAWS = 200
GUESS = 1.0  # standard deviation of the elasticity beyond tested prices, on top of what is known
TESTED = 1e-3  # share by which a price may leave the tested ones and still count as one
WORTH = 1e-3  # share of the outcome now below which no other price is worth the change
_BLOCK = 400  # products at a time
_CURVE = 41  # prices of a curve
_NEEDED = ("product", "price", "units", "elasticity", "error", "trust", "lowest", "highest")
OUTCOMES = ("units", "revenue", "margin")


@dataclass(frozen=True, kw_only=True, eq=False)
class Advice:
    """What to charge. `lines` has a row per product, as `advise` says."""

    rules: PriceRules
    lines: pd.DataFrame
    products: pd.DataFrame  # as they were given
    level: float  # of the bands

    def curve(self, product: object) -> pd.DataFrame:
        """price, tested, allowed, and units, revenue, margin a week, each with _low and _high.

        Margin is NaN without a unit cost, all of them where there is no elasticity.
        """
        row = self.products[self.products["product"] == product]
        if row.empty:
            raise PanelError(f"There is no product {product!r} in this advice.")
        low, high = (ends[0] for ends in self.rules.bounds(row))
        price, tested = float(row["price"].iloc[0]), row[["lowest", "highest"]].to_numpy(float)[0]
        ends = [price, *tested, *((low, high) if low <= high else ())]
        prices = np.linspace(np.nanmin(ends), np.nanmax(ends), _CURVE)
        prices = np.unique(np.r_[prices, price])
        units = _units(row, prices[None, :], self.rules)[:, 0]  # (S, G)
        cost = float(row["unit_cost"].iloc[0]) if "unit_cost" in row else np.nan
        worth = {"units": np.ones_like(prices), "revenue": prices, "margin": prices - cost}
        tail = (1 - self.level) / 2
        columns: dict[str, FloatArray | BoolArray] = {
            "price": prices,
            "tested": ~_beyond(row, prices[None, :])[0],
            "allowed": (prices >= low - 1e-9) & (prices <= high + 1e-9),
        }
        for name, each in worth.items():
            values = units * each
            columns[name] = values.mean(axis=0)
            columns[f"{name}_low"] = np.quantile(values, tail, axis=0)
            columns[f"{name}_high"] = np.quantile(values, 1 - tail, axis=0)
        return pd.DataFrame(columns)


def advise(products: pd.DataFrame, rules: PriceRules, *, level: float = 0.9) -> Advice:
    """The best price of every product.

    `products` has product, price (now), units (a week at that price), elasticity, error (standard),
    trust, lowest and highest (prices ever charged), as `trusted` gives them; unit_cost, group,
    group_price (the middle one of the group, else that of these products), stock (units to sell in
    `rules.weeks`), competitor, at_least and at_most (prices) where known.

    `lines` has product, trust, price, best, change (share), and now, then, gain, gain_low,
    gain_high of the goal a week; units_now, units_then; regret (expected loss of `best` against the
    best price of each elasticity that may be true), regret_now (the same of staying), beyond (best
    was never charged) and note. NaN where there is no advice; `note` says why.
    """
    if missing := [name for name in _NEEDED if name not in products.columns]:
        raise PanelError(f"The products have no column {', '.join(missing)}.")
    if (wrong := ~(products["price"] > 0)).any():
        raise PanelError(
            f"The price of {first_of(list(products.loc[wrong, 'product']))} is not above zero. "
            "Leave those products out, or give their price."
        )
    products = products.reset_index(drop=True)
    if "group" in products:  # before the products are looked at in parts
        products = products.assign(group_price=group_prices(products))
    blocks = [products.iloc[at : at + _BLOCK] for at in range(0, len(products), _BLOCK)]
    lines = pd.concat([_block(block, rules, level) for block in blocks or [products]])
    return Advice(rules=rules, lines=lines, products=products, level=level)


def _block(products: pd.DataFrame, rules: PriceRules, level: float) -> pd.DataFrame:
    prices, allowed = rules.candidates(products)
    units = _units(products, prices, rules)
    cost = (
        products["unit_cost"].to_numpy(np.float64, na_value=np.nan)
        if "unit_cost" in products
        else np.full(len(products), np.nan)
    )
    worth = prices - (cost[:, None] if rules.goal == "margin" else 0.0)
    values = units * worth  # (S, P, G)
    expected = values.mean(axis=0)
    known = np.isfinite(expected[:, 0])
    possible = known & allowed.any(axis=1)
    ranked = np.where(allowed, np.nan_to_num(expected, nan=-np.inf), -np.inf)
    chosen = ranked.argmax(axis=1)
    row = np.arange(len(products))
    best_gain = expected[row, chosen] - expected[:, 0]
    stay = allowed[:, 0] & (best_gain <= WORTH * np.abs(expected[:, 0]))
    chosen = np.where(stay, 0, chosen)
    reached = values[:, row, chosen]  # (S, P)
    most = np.where(allowed, values, -np.inf).max(axis=2)
    gains = reached - values[:, :, 0]
    tail = (1 - level) / 2
    low, high = np.quantile(gains, [tail, 1 - tail], axis=0)
    best = prices[row, chosen]
    beyond = np.asarray(_beyond(products, best[:, None])[:, 0] & possible)

    def where(given: FloatArray) -> FloatArray:
        return np.where(possible, given, np.nan)

    with np.errstate(invalid="ignore"):  # infinite where nothing is allowed, and masked
        regret, regret_now = (most - reached).mean(axis=0), (most - values[:, :, 0]).mean(axis=0)
    return pd.DataFrame(
        {
            "product": products["product"],
            "trust": products["trust"],
            "price": products["price"],
            "best": where(best),
            "change": where(best / prices[:, 0] - 1),
            "now": np.where(known, expected[:, 0], np.nan),
            "then": where(expected[row, chosen]),
            "gain": where(expected[row, chosen] - expected[:, 0]),
            "gain_low": where(low),
            "gain_high": where(high),
            "units_now": np.where(np.isfinite(units[0, :, 0]), units.mean(axis=0)[:, 0], np.nan),
            "units_then": where(units.mean(axis=0)[row, chosen]),
            "regret": where(regret),
            "regret_now": where(np.maximum(regret_now, 0.0)),
            "beyond": beyond,
            "note": _notes(products, rules, best, beyond, np.asarray(allowed.any(axis=1))),
        }
    )


def _units(products: pd.DataFrame, prices: FloatArray, rules: PriceRules) -> FloatArray:
    """Units a week (S, P, G) at each price, NaN without an elasticity; the stock is the most.

    Their mean is that of the mean elasticity, or the doubt about it alone would favour far prices.
    """
    slope, guess = _normals()
    elasticity, error, now, units = (
        products[name].to_numpy(np.float64, na_value=np.nan)
        for name in ("elasticity", "error", "price", "units")
    )
    move = np.log(np.maximum(prices, 1e-9) / now[:, None])  # (P, G)
    drawn = np.minimum(elasticity + slope[:, None] * error, 0.0)  # a dearer thing never sells more
    logs = drawn[:, :, None] * move + guess[:, None, None] * GUESS * _distance(products, prices)
    factor = np.exp(np.clip(logs, -20, 20))
    factor *= np.exp(elasticity[:, None] * move) / factor.mean(axis=0)
    sold = units[:, None] * factor
    if "stock" in products:
        most = products["stock"].to_numpy(np.float64, na_value=np.nan) / rules.weeks
        sold = np.fmin(sold, np.where(np.isnan(most), np.inf, np.maximum(most, 0))[:, None])
        sold = np.where(np.isnan(factor), np.nan, sold)
    return sold


def _normals() -> tuple[FloatArray, FloatArray]:
    """Two independent standard normals (S,), each with evenly filled quantiles."""
    from scipy.special import ndtri

    even = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    return even, even[np.random.default_rng(0).permutation(DRAWS)]


def _distance(products: pd.DataFrame, prices: FloatArray) -> FloatArray:
    """How far (P, G) a price is outside those ever charged, in log price."""
    low, high = _tested(products)
    logs = np.log(np.maximum(prices, 1e-9))
    return np.maximum(np.maximum(np.log(low) - logs, logs - np.log(high)), 0.0)


def _beyond(products: pd.DataFrame, prices: FloatArray) -> BoolArray:
    return np.asarray(_distance(products, prices) > TESTED)


def _tested(products: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest price (P, 1) ever charged; the price now counts as one."""
    now = products["price"].to_numpy(np.float64)
    low = np.fmin(products["lowest"].to_numpy(np.float64), now)
    high = np.fmax(products["highest"].to_numpy(np.float64), now)
    return low[:, None], high[:, None]


def _notes(
    products: pd.DataFrame,
    rules: PriceRules,
    best: FloatArray,
    beyond: BoolArray,
    any_allowed: BoolArray,
) -> list[str]:
    """What has to be known before a line is believed, a sentence or two each."""
    low, high = (ends[:, 0] for ends in _tested(products))
    costless = (
        products["unit_cost"].isna().to_numpy()
        if "unit_cost" in products
        else np.ones(len(products), dtype=bool)
    )
    least, most = rules.bounds(products)
    notes = []
    for at, trust in enumerate(products["trust"]):
        said = []
        if trust == "none":
            said.append(
                "No price of its category moved enough, or sales rise with it: there is no "
                "estimate."
            )
        elif rules.goal == "margin" and costless[at]:
            said.append("Its unit cost is not known, so there is no margin.")
        elif not any_allowed[at]:
            said.append(_none_left(least[at], most[at]))
        elif beyond[at]:
            under = best[at] < low[at]
            said.append(
                f"{best[at]:,.2f} was never charged ({'lowest' if under else 'highest'} so far: "
                f"{(low if under else high)[at]:,.2f}). The effect is a guess; its band is wider."
            )
        if trust == "category":
            said.append("Its own price never moved: the elasticity is its category's.")
        elif trust == "odd":
            said.append(
                "Its own sales answer the price in a way that is not believed: the elasticity is "
                "its category's."
            )
        notes.append(" ".join(said))
    return notes


def _none_left(least: float, most: float) -> str:
    """Why no price is allowed."""
    if least > most:
        return (
            f"The rules leave no price: one asks for at least {least:,.2f}, another for at most "
            f"{most:,.2f}."
        )
    return f"The rules leave no price: none of those allowed lies in {least:,.2f} to {most:,.2f}."
