"""The rule that chooses a model: error of all quantiles, bias and money lost, in one number.

    score = WQL + half the bias + half the money lost, each as a share of what sold

A unit too few loses the margin of its price, a unit too many is kept and marked down. All three are
sums over series and windows, so the rule works alike for everything, a category or a segment.
Knows no Streamlit.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecasting.arrays import FloatArray
from forecasting.scores import rate

BIAS, MONEY = 0.5, 0.5  # weights beside that of WQL, which is one
SHORT, LEFT = 0.4, 0.2  # of the price: margin lost with a missing unit, cost of one left over
BETTER = 0.05  # share by which an exception must beat the champion ...
FEWEST = 5  # ... and series that it must be of; besides it must be better in every window
RULE = (
    "Score = WQL + half the bias + half the money lost, as shares of what sold; less is better. "
    f"A missing unit costs {SHORT:.0%} of its price, one left over {LEFT:.0%}."
)


def board(scores: pd.DataFrame, prices: "pd.Series[float] | None" = None) -> pd.DataFrame:
    """One row per model (index), the best first: WQL, bias, money, score.

    `scores` are those of `forecasting.scores` or some rows of them; `prices` are per series, and
    without them every unit is worth the same.
    """
    rated = rate(scores).set_index("model")[["WQL", "bias"]]
    found = rated.assign(money=_money(scores, prices).reindex(rated.index))
    found["score"] = found["WQL"] + BIAS * found["bias"].abs() + MONEY * found["money"]
    found.index = found.index.astype(str)
    return found.sort_values("score", kind="stable")


def exceptions(
    scores: pd.DataFrame,
    parts: "pd.Series[str]",
    champion: str,
    kept: Mapping[str, object],
    prices: "pd.Series[float] | None" = None,
) -> pd.DataFrame:
    """Parts where another kept model beats the champion clearly, the largest gain first.

    `parts` names the part of each series. Columns part, model, score, against (the champion's),
    series. Clearly: by `BETTER`, for at least `FEWEST` series, and in every window.
    """
    of = parts.reindex(scores["series_id"].astype(str)).to_numpy()
    rows = []
    for part, some in scores.assign(part=of).groupby("part", sort=False):
        series = int(some["series_id"].nunique())
        ranked = board(some, prices)
        known = [key for key in ranked.index if key in kept]
        if champion not in ranked.index or not known or series < FEWEST:
            continue
        best, against = known[0], float(ranked["score"].to_dict()[champion])
        score = float(ranked["score"].to_dict()[best])
        if best == champion or score > (1 - BETTER) * against:
            continue
        if _is_better_throughout(some, best, champion, prices):
            rows.append((str(part), best, score, against, series))
    table = pd.DataFrame(rows, columns=["part", "model", "score", "against", "series"])
    gain = (table["score"] / table["against"]).to_numpy(dtype=float)
    return table.iloc[np.argsort(gain, kind="stable")].reset_index(drop=True)


def in_words(ranked: pd.DataFrame, key: str, *, series: int, windows: int) -> str:
    """Why the rule chooses a model, with the numbers that it rests on.

    >>> table = pd.DataFrame(
    ...     {"WQL": [0.2], "bias": [-0.012], "money": [0.05], "score": [0.231]}, index=["lstm"]
    ... )
    >>> in_words(table, "lstm", series=300, windows=2)
    'Best score of 1 model: 0.231 (WQL 0.200, bias -1.2%, 5.0% lost) in 2 windows of 300 series'
    """
    row = ranked.loc[key]
    models = f"{len(ranked)} model{'s' if len(ranked) > 1 else ''}"
    place = ranked.index.get_loc(key)
    lead = f"Best score of {models}" if place == 0 else f"Score number {int(place) + 1} of {models}"  # type: ignore[arg-type]
    return (
        f"{lead}: {row['score']:.3f} (WQL {row['WQL']:.3f}, bias {row['bias']:+.1%}, "
        f"{row['money']:.1%} lost) in {windows} window{'s' if windows > 1 else ''} of "
        f"{series:,} series"
    )


def _money(scores: pd.DataFrame, prices: "pd.Series[float] | None") -> "pd.Series[float]":
    """What errors cost by model, as a share of what sold."""
    price: FloatArray = np.ones(len(scores))
    if prices is not None and prices.notna().any():
        known = prices.fillna(float(prices.median()))
        each = known.reindex(scores["series_id"].astype(str)).fillna(known.median())
        price *= each.to_numpy(dtype=float)
    over = (scores["absolute_error"] + scores["error"]) / 2
    short = (scores["absolute_error"] - scores["error"]) / 2
    table = pd.DataFrame(
        {
            "model": scores["model"].astype(str),
            "lost": (LEFT * over + SHORT * short) * price,
            "sold": scores["absolute_actual"] * price,
        }
    )
    sums = table.groupby("model", sort=False)[["lost", "sold"]].sum()
    return sums["lost"] / sums["sold"].where(sums["sold"] > 0)


def _is_better_throughout(
    scores: pd.DataFrame, best: str, champion: str, prices: "pd.Series[float] | None"
) -> bool:
    windows = [board(some, prices)["score"].to_dict() for _, some in scores.groupby("cutoff")]
    return all(each[best] < each[champion] for each in windows if {best, champion} <= each.keys())
