"""Each past promotion against what would have sold without it, with the days around it.

Without it, a product would have sold what its group makes of its own level: its sales of some weeks
before and after, times what the rest of the group did meanwhile (difference in differences, in
ratios). Errors are those of the same on spans without a promotion, per product.
Shapes: N series, T periods, P products, R promotions in series.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from forecasting.arrays import Float32Array, FloatArray, IntArray
from forecasting.errors import PanelError
from forecasting.promotions.expected import expected
from forecasting.promotions.grid import Grid
from forecasting.promotions.siblings import Siblings, cannibalisation

HALO_DAYS = 7
NEAR_DAYS = 56  # before and after, in which a product's own level is taken
LEAST_UNITS = 10.0  # to be expected in that time; below, nothing is claimed
PRIOR_UNITS = 10.0  # at which a product's own level counts as much as its level over all time
SHOWN = 0.01  # depth below which a promotion is shown at the door, not cheaper
TRY_DAYS = 14  # length of the spans without promotion that errors are taken from
_PRIOR_SPANS = 5  # spans of all products that a product's own errors are weighed against


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """`lines` has a row per promotion, as `evaluate` says."""

    lines: pd.DataFrame
    siblings: Siblings
    level: float  # of the bands
    halo: int  # periods
    times: pd.DatetimeIndex  # (T,)
    freq_days: int
    series: pd.Index  # (N,)
    sold: Float32Array  # (N, T), NaN where it does not count
    without: Float32Array  # (N, T) sales without promotions, before the local level

    def timeline(self, promotion: int, *, days: int = 42) -> pd.DataFrame:
        """timestamp, sold, without, low, high, zone ('before', 'during', 'after', '').

        Of the promotion's product in its places, with `days` around it.
        """
        row = self.lines[self.lines["promotion"] == promotion]
        if row.empty:
            raise PanelError(f"There is no promotion {promotion} here.")
        line = row.iloc[0]
        times = self.times
        reach = pd.Timedelta(days=days)
        shown = np.flatnonzero((times >= line["first"] - reach) & (times <= line["last"] + reach))
        members = self.series.get_indexer(pd.Index(line["series"]))
        cells = np.ix_(members, shown)
        known = np.where(np.isfinite(self.sold[cells]).any(axis=0), 1.0, np.nan)  # else no stock
        sold = np.nansum(self.sold[cells].astype(np.float64), axis=0) * known
        made = self.without[cells].astype(np.float64).sum(axis=0) * line["local"] * known
        z = NormalDist().inv_cdf((1 + self.level) / 2)
        ends = z * np.sqrt(line["noise"] * made * (1 + made / max(line["near_units"], 1.0)))
        at = times[shown]
        halo = pd.Timedelta(days=self.halo * self.freq_days)
        zone = np.select(
            [
                (at >= line["first"]) & (at <= line["last"]),
                (at >= line["first"] - halo) & (at < line["first"]),
                (at > line["last"]) & (at <= line["last"] + halo),
            ],
            ["during", "before", "after"],
            default="",
        )
        return pd.DataFrame(
            {
                "timestamp": at,
                "sold": sold,
                "without": made,
                "low": np.maximum(made - ends, 0.0),
                "high": made + ends,
                "zone": zone,
            }
        )


def evaluate(
    rows: pd.DataFrame,
    products: pd.DataFrame,
    *,
    unit_cost: "pd.Series[float] | None" = None,
    freq_days: int = 1,
    level: float = 0.9,
) -> Evaluation:
    """Every promotion in rows as `elasticities` takes them (`promo` from 0.5 on counts).

    `products` is that of `Elasticities`, `unit_cost` is by product. Promotions of one product that
    overlap are one, in the places that had any. `lines` has promotion (number), product, group,
    series (a tuple), first, last, days, places, of_places, depth (share of the usual price), kind
    ('cheaper', 'shown'); sold and without (units), lift (units more, share `lift_share`), before
    and after (units more around it: negative is what it pulled forward), others (units of
    siblings, negative is what it took), net_units; revenue and net_revenue, margin and net_margin
    (money, against without it, halo and siblings in), each net with _low and _high; verdict
    ('earned', 'lost', 'chance', 'unknown') by margin, or by revenue where no cost is known, and
    note. Local, noise and near_units are what `timeline` stands on.
    """
    grid = Grid.of(rows, freq_days=freq_days)
    if not grid.promoted.any():
        raise PanelError("Nothing was ever on promotion in these sales.")
    halo = max(1, round(HALO_DAYS / freq_days))
    runs = _runs(grid)
    without = expected(grid, products, halo=halo).without
    siblings = cannibalisation(grid, products, halo=halo, level=level)
    made = _measured(grid, runs, without, halo)
    noise = _noise(grid, without, halo)
    lines = _lines(grid, runs, made, siblings, noise)
    lines = _money(grid, lines, siblings, unit_cost, level)
    return Evaluation(
        lines=lines.sort_values(["first", "promotion"], ascending=[False, True], ignore_index=True),
        siblings=siblings,
        level=level,
        halo=halo,
        times=grid.times,
        freq_days=freq_days,
        series=grid.series,
        sold=np.where(grid.counts, grid.sold, np.nan).astype(np.float32),
        without=without.astype(np.float32),
    )


def kinds(lines: pd.DataFrame, by: str, *, level: float = 0.9) -> pd.DataFrame:
    """Sums of promotions by one of their columns, best first.

    Index: the kind; columns promotions, earned (share of those judged), net, net_low, net_high
    (money: margin where every line has one, else revenue), per_week (net for each week of a
    promotion) and lift_share.
    """
    judged = lines[lines["verdict"] != "unknown"]
    money = "net_margin" if judged["net_margin"].notna().all() else "net_revenue"
    z = NormalDist().inv_cdf((1 + level) / 2)
    variance = ((judged[f"{money}_high"] - judged[f"{money}_low"]) / (2 * z)) ** 2
    frame = judged.assign(
        _net=judged[money], _variance=variance, _won=judged["verdict"] == "earned"
    )
    summed = frame.groupby(by, observed=True).agg(
        promotions=("promotion", "size"),
        earned=("_won", "mean"),
        net=("_net", "sum"),
        variance=("_variance", "sum"),
        days=("days", "sum"),
        lift=("lift", "sum"),
        without=("without", "sum"),
    )
    reach = z * np.sqrt(summed["variance"])
    return pd.DataFrame(
        {
            "promotions": summed["promotions"],
            "earned": summed["earned"],
            "net": summed["net"],
            "net_low": summed["net"] - reach,
            "net_high": summed["net"] + reach,
            "per_week": summed["net"] / (summed["days"] / 7),
            "lift_share": summed["lift"] / summed["without"].where(summed["without"] > 0),
        }
    ).sort_values("per_week", ascending=False)


def _runs(grid: Grid) -> pd.DataFrame:
    """Spans of promotion: series (row), first and last (periods), promotion (number)."""
    edge = np.diff(np.pad(grid.promoted.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    series, first = np.nonzero(edge == 1)
    _, end = np.nonzero(edge == -1)
    runs = pd.DataFrame(
        {"series": series, "product": grid.product[series], "first": first, "last": end - 1}
    )
    runs = runs.sort_values(["product", "first"], ignore_index=True)
    until = runs.groupby("product")["last"].cummax()
    same = runs["product"].eq(runs["product"].shift()) & (runs["first"] <= until.shift() + 1)
    runs["promotion"] = (~same).cumsum() - 1
    return runs


def _measured(grid: Grid, runs: pd.DataFrame, without: FloatArray, halo: int) -> pd.DataFrame:
    """Sums per promotion of its series: during, before, after and near it."""
    spans = runs.groupby("promotion").agg(begin=("first", "min"), end=("last", "max"))
    pairs = runs[["promotion", "series"]].drop_duplicates().join(spans, on="promotion")
    series = pairs["series"].to_numpy()
    begin, end = pairs["begin"].to_numpy(), pairs["end"].to_numpy() + 1
    quiet, loud = grid.counts & ~grid.promoted, grid.counts & grid.promoted
    near = round(NEAR_DAYS / grid.freq_days)
    sums = {
        "sold": (grid.sold, loud),
        "revenue": (grid.sold * grid.price, loud),
        "plain": (without, loud),
        "plain_revenue": (without * grid.usual, loud),
        "price": (without * grid.price, loud),
    }
    made = {name: _span(values * mask, series, begin, end) for name, (values, mask) in sums.items()}
    for name, values in (("sold", grid.sold), ("plain", without)):
        total = np.where(quiet, values, 0.0)
        made[f"{name}_before"] = _span(total, series, begin - halo, begin)
        made[f"{name}_after"] = _span(total, series, end, end + halo)
        made[f"{name}_near"] = _span(total, series, begin - halo - near, begin - halo) + _span(
            total, series, end + halo, end + halo + near
        )
    made["places"] = np.ones(len(pairs))
    return pd.DataFrame(made).groupby(pairs["promotion"].to_numpy()).sum()


def _span(values: FloatArray, rows: IntArray, begin: IntArray, end: IntArray) -> FloatArray:
    """Sums (R,) of values (N, T) from `begin` up to `end` of rows."""
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    length = values.shape[1]
    return np.asarray(total[rows, np.clip(end, 0, length)] - total[rows, np.clip(begin, 0, length)])


def _noise(grid: Grid, without: FloatArray, halo: int) -> FloatArray:
    """Variance over mean (P,) of spans without a promotion, judged as promotions are."""
    length = max(1, round(TRY_DAYS / grid.freq_days))
    near = round(NEAR_DAYS / grid.freq_days)
    quiet = grid.counts & ~grid.promoted
    sold = grid.by_product(np.where(quiet, grid.sold, 0.0))
    plain = grid.by_product(np.where(quiet, without, 0.0))
    count, periods = sold.shape
    begin = np.arange(halo + near, periods - length - halo - near + 1, length)
    if not len(begin):
        return np.full(count, 2.0)
    rows = np.repeat(np.arange(count), len(begin))
    begins = np.tile(begin, count)

    def near_of(values: FloatArray) -> FloatArray:
        left = _span(values, rows, begins - halo - near, begins - halo)
        return left + _span(values, rows, begins + length + halo, begins + length + halo + near)

    span_sold = _span(sold, rows, begins, begins + length)
    local, near_units = _local(near_of(sold), near_of(plain))
    usual = _span(plain, rows, begins, begins + length) * local
    clear = (usual > 1.0) & (near_units >= LEAST_UNITS)
    square = np.where(
        clear,
        (span_sold - usual) ** 2 / np.where(clear, usual * (1 + usual / near_units), 1.0),
        0.0,
    )
    total = np.bincount(rows, weights=square, minlength=count)
    seen = np.bincount(rows, weights=clear, minlength=count)
    overall = total.sum() / max(seen.sum(), 1.0) if seen.sum() else 2.0
    return np.maximum((total + _PRIOR_SPANS * overall) / (seen + _PRIOR_SPANS), 1.0)


def _local(sold: FloatArray, plain: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The level near a span over that of all time (R,), and the units it was taken from."""
    local = (sold + PRIOR_UNITS) / (plain + PRIOR_UNITS)
    return local, np.maximum(local * plain, 1e-9)


def _lines(
    grid: Grid, runs: pd.DataFrame, made: pd.DataFrame, siblings: Siblings, noise: FloatArray
) -> pd.DataFrame:
    """Who, when, and units."""
    each = runs.groupby("promotion").agg(
        product=("product", "first"), first=("first", "min"), last=("last", "max"),
        series=("series", lambda rows: tuple(grid.series[np.unique(rows)])),
    )  # fmt: skip
    product = each["product"].to_numpy()
    local, near_units = _local(made["sold_near"].to_numpy(), made["plain_near"].to_numpy())
    listed = np.bincount(grid.product, minlength=len(grid.products))[product]
    share = made["places"].to_numpy() / listed
    size = np.bincount(grid.group)[grid.group][product]
    pull = siblings.slope[grid.group][product] * share / np.maximum(size - 1, 1)
    # What the promotion took from siblings pressed the group's factor, and so the expectation.
    without = made["plain"].to_numpy() * local * np.exp(-pull)
    rest = _of_group(grid, grid.by_product(grid.sold), each)
    depth = 1 - made["price"] / made["plain_revenue"].where(made["plain_revenue"] > 0)
    step = pd.Timedelta(days=grid.freq_days - 1)
    before = made["sold_before"].to_numpy() - made["plain_before"].to_numpy() * local
    after = made["sold_after"].to_numpy() - made["plain_after"].to_numpy() * local
    first, last = grid.times[each["first"]], grid.times[each["last"]] + step
    lines = pd.DataFrame(
        {
            "promotion": np.arange(len(each)),
            "product": grid.products[product],
            "group": grid.groups[grid.group[product]],
            "series": each["series"].to_numpy(),
            "first": first,
            "last": last,
            "days": (last - first).days + 1,
            "places": made["places"].to_numpy(dtype=int),
            "of_places": listed,
            "depth": np.maximum(np.nan_to_num(depth.to_numpy()), 0.0),
            "sold": made["sold"].to_numpy(),
            "without": without,
            "lift": made["sold"].to_numpy() - without,
            "before": before,
            "after": after,
            "others": rest * (1 - np.exp(-pull)),
            "local": local * np.exp(-pull),
            "noise": noise[product],
            "near_units": near_units,
            "revenue": made["revenue"].to_numpy(),
            "usual": (made["plain_revenue"] / made["plain"].where(made["plain"] > 0)).to_numpy(),
            "around": (made["plain_before"] + made["plain_after"]).to_numpy() * local,
            "of_product": product,
            "begin": each["first"].to_numpy(),
            "end": each["last"].to_numpy() + 1,
            "pull": pull,
        }
    )
    lines["kind"] = np.where(lines["depth"] < SHOWN, "shown", "cheaper")
    lines["lift_share"] = lines["lift"] / lines["without"].where(lines["without"] > 0)
    lines["net_units"] = lines["lift"] + lines["before"] + lines["after"] + lines["others"]
    return lines


def _of_group(grid: Grid, values: FloatArray, each: pd.DataFrame) -> FloatArray:
    """Sums (R,) of values (P, T) over the siblings of each promotion, while it ran."""
    product = each["product"].to_numpy()
    begin, end = each["first"].to_numpy(), each["last"].to_numpy() + 1
    whole = _span(grid.by_group(values, grid.group), grid.group[product], begin, end)
    return whole - _span(values, product, begin, end)


def _money(
    grid: Grid,
    lines: pd.DataFrame,
    siblings: Siblings,
    unit_cost: "pd.Series[float] | None",
    level: float,
) -> pd.DataFrame:
    """Net revenue and margin with their bands, and the verdict."""
    cost = (
        np.full(len(grid.products), np.nan)
        if unit_cost is None
        else unit_cost.reindex(grid.products).to_numpy(np.float64, na_value=np.nan)
    )
    own_cost = cost[lines["of_product"]]
    each = pd.DataFrame(
        {"product": lines["of_product"], "first": lines["begin"], "last": lines["end"] - 1}
    )
    units = np.maximum(_of_group(grid, grid.by_product(grid.sold), each), 1e-9)
    money = grid.by_product(grid.sold * grid.price)
    price_beside = _of_group(grid, money, each) / units
    known_cost = np.where(np.isfinite(cost), cost, np.nan)[:, None]
    beside = np.nan_to_num(money - known_cost * grid.by_product(grid.sold))
    margin_beside = _of_group(grid, beside, each) / units
    usual = lines["usual"].fillna(0.0).to_numpy()
    group = grid.group[lines["of_product"]]
    doubt = siblings.error[group] / np.where(siblings.slope[group] == 0, 1, siblings.slope[group])
    total = (lines["without"] + lines["around"].clip(lower=0)).to_numpy()
    spread = np.sqrt(lines["noise"] * total * (1 + total / lines["near_units"])).to_numpy()
    z = NormalDist().inv_cdf((1 + level) / 2)
    around = (lines["before"] + lines["after"]).to_numpy()
    lines["margin"] = lines["revenue"] - own_cost * lines["sold"]
    for name, per_unit, side in (
        ("revenue", usual, price_beside), ("margin", usual - own_cost, margin_beside)
    ):  # fmt: skip
        net = lines[name] - per_unit * lines["without"] + per_unit * around + side * lines["others"]
        reach = z * np.hypot(np.abs(per_unit) * spread, side * lines["others"] * doubt)
        lines[f"net_{name}"] = net
        lines[f"net_{name}_low"], lines[f"net_{name}_high"] = net - reach, net + reach
    judged = np.where(np.isfinite(own_cost), "net_margin", "net_revenue")
    low, high = (
        np.where(judged == "net_margin", lines[f"net_margin_{end}"], lines[f"net_revenue_{end}"])
        for end in ("low", "high")
    )
    little = (lines["near_units"] < LEAST_UNITS).to_numpy()
    lines["verdict"] = np.select(
        [little, low > 0, high < 0], ["unknown", "earned", "lost"], default="chance"
    )
    running = (lines["end"] == len(grid.times)).to_numpy()
    lines["note"] = np.select(
        [little, running],
        ["Too little sold around it to tell.", "It still runs, or ends with the data."],
        default="",
    )
    return lines.drop(columns=["around", "of_product", "begin", "end", "pull"])
