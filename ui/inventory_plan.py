"""The published plan as the forecast that orders are planned on. Knows no Streamlit.

People sign means, not bands. A band comes from the run below the plan, moved with its changes, cell
by cell; where no run forecast a cell, from last year's weeks of the same product and place, as wide
against the mean as those were. Bands of days are wider than those of weeks by the root of seven.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import forecasting as fc
from data.inventory import PAIR
from data.publications import Publication
from forecasting.arrays import FloatArray
from forecasting.forecast import quantile_column
from ui import inventory_source as sources

STEP_DAYS = {"D": 1, "W": 7}
FEWEST = 3  # periods ahead, below which orders cannot be planned
_KEYS = ["series_id", "timestamp"]
_MOVED = {"q10": "q0.1", "q50": "q0.5", "q90": "q0.9"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """A forecast made of a published plan."""

    forecast: fc.Forecast
    simple: float  # share of cells whose band is that of last year's weeks


def reaches(found: Publication, today: pd.Timestamp) -> bool:
    """Whether a version still looks far enough ahead to order by."""
    step = STEP_DAYS.get(found.freq)
    if step is None:
        return False
    end = pd.Timestamp(found.last_period) + pd.Timedelta(days=step)
    return bool(end >= today + pd.Timedelta(days=FEWEST * step))


def forecast(
    cells: pd.DataFrame,
    found: Publication,
    wanted: pd.Index,
    today: pd.Timestamp,
    *,
    run: pd.DataFrame | None,
    quick: Callable[[], fc.Forecast | None],
    only_place: int | None = None,
) -> Planned | None:
    """The wanted series from `today` on; None where the version says nothing of them.

    `cells` are of `data.publications.rows`, `run` the forecast file below the plan, `quick` last
    year's weeks, asked for only where a cell has no other band. `only_place` is the place of cells
    of all places together, in a shop that has one.
    """
    place = cells["place_id"].where(cells["place_id"] > 0, only_place or 0)
    plan = cells.assign(place_id=place)
    plan["series_id"] = sources.ids(plan[PAIR]).to_numpy()
    plan = plan[plan["series_id"].isin(wanted)].reset_index(drop=True)
    if plan.empty:
        return None
    bands = _of_run(plan, run)
    if bands is None:
        bands = plan[list(_MOVED)].div(plan["final"].where(plan["final"] > 0), axis=0)
        bands.columns = pd.Index(_MOVED.values())
    bare = (bands.isna().any(axis=1) & (plan["final"] > 0)).to_numpy()
    if bare.any():
        bands = _widened(plan, bands, bare, quick(), STEP_DAYS[found.freq])
    values = bands.mul(plan["final"], axis=0).fillna(0.0)
    frame = pd.concat([plan[_KEYS].assign(mean=plan["final"]), values], axis=1)
    made = sources.of_run(frame, wanted, today)
    return None if made is None else Planned(forecast=made, simple=float(bare.mean()))


def _of_run(plan: pd.DataFrame, run: pd.DataFrame | None) -> pd.DataFrame | None:
    """Quantiles over the mean that a run forecast for the cells; None where it knows none."""
    if run is None:
        return None
    named = run["series_id"].astype(str)
    if not named.str.contains(":").any():  # of a single place
        place = plan["place_id"].iloc[0]
        named = named + f":{place}"
    names = [name for name in run.columns if name.startswith("q0.")]
    known = run[["timestamp", "mean", *names]].assign(series_id=named)
    found = plan[_KEYS].merge(known, on=_KEYS, how="left")
    if found["mean"].isna().all():
        return None
    return found[names].div(found["mean"].where(found["mean"] > 0), axis=0)


def _widened(
    plan: pd.DataFrame,
    bands: pd.DataFrame,
    bare: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    quick: fc.Forecast | None,
    step: int,
) -> pd.DataFrame:
    """The bands with those of last year's weeks in bare cells; without any, no band at all."""
    if bands.isna().all(axis=None) and quick is not None:
        names = [quantile_column(level) for level in quick.quantile_levels]
        bands = pd.DataFrame(np.nan, index=plan.index, columns=names)
    levels = np.array([float(name[1:]) for name in bands.columns])
    ratios = np.ones((len(plan), len(levels)))
    if quick is not None:
        spread = _spread(quick, levels)
        at = quick.series_ids.get_indexer(pd.Index(plan["series_id"]))
        usual = np.nanmedian(spread, axis=0) if np.isfinite(spread).any() else ratios[0]
        own = np.where((at >= 0)[:, None], spread[at], np.nan)
        ratios = np.where(np.isfinite(own), own, usual)
        ratios = np.maximum(1.0 + (ratios - 1.0) * np.sqrt(7 / step), 0.0)
    filled = bands.to_numpy(np.float64, copy=True)
    filled[bare] = ratios[bare]
    return pd.DataFrame(filled, index=bands.index, columns=bands.columns)


def _spread(quick: fc.Forecast, levels: FloatArray) -> FloatArray:
    """Quantiles (B, Q) at these levels over the mean, summed over the steps; NaN where 0."""
    sums = quick.quantiles.sum(axis=1)
    mean = quick.mean.sum(axis=1)
    at = np.array([np.interp(levels, quick.quantile_levels, row) for row in sums])
    return np.divide(at, mean[:, None], out=np.full_like(at, np.nan), where=mean[:, None] > 0)
