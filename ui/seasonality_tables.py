"""The numbers behind the charts of Seasonality, for the Download menu. Knows no Streamlit."""

import numpy as np
import pandas as pd

from data.scope import Scope
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray, IntArray
from ui import format as fmt
from ui import seasonality_calendar as calendars
from ui.seasonality_compare import Multiples
from ui.seasonality_facts import Patterns, Sales


def parts(found: Patterns, scope: Scope) -> pd.DataFrame:
    """A row per period; parts are logarithms where `log` says so."""
    shown, made = found.shown, found.parts
    frame = pd.DataFrame({"date": shown.times.strftime("%Y-%m-%d")})
    frame[scope.measure] = shown.values.round(4)
    kinds = ["gap", "out of stock", "unusual"]
    frame["left_out"] = np.select([shown.gap, shown.stocked_out, shown.unusual], kinds, "")
    if made is not None:
        frame["log"] = made.log
        columns = {"filled": made.values, "trend": made.trend}
        columns |= {f"season_{period}": season for period, season in made.seasons.items()}
        for name, values in (columns | {"remainder": made.remainder}).items():
            frame[name] = values.round(6)
    return frame


def csv(found: Patterns, scope: Scope, *, node: str, place: str) -> str:
    """The series with its parts, one row per period, and what it is of."""
    frame = parts(found, scope)
    frame.insert(0, "scope", fmt.cell(node))
    frame.insert(1, "place", fmt.cell(place))
    return frame.to_csv(index=False)


def sales(shown: Sales, measure: str) -> pd.DataFrame:
    """A row per period: start, amount, whether no pattern is learned from it."""
    return pd.DataFrame({"start": shown.times, measure: shown.values, "left_out": shown.left_out})


def last_weeks(days: Sales, measure: str) -> pd.DataFrame:
    """The days of the calendar."""
    times, values, out = calendars.calendar_days(days, calendars.CALENDAR_WEEKS)
    return pd.DataFrame({"day": times, measure: values, "out_of_stock": out})


def memory(found: dx.Correlogram) -> pd.DataFrame:
    """Correlations by lag with the band of pure noise."""
    return pd.DataFrame(
        {"lag": found.lags, "acf": found.acf, "pacf": found.pacf, "noise_band": found.band}
    )


def usual(found: dx.Profile, names: tuple[str, ...]) -> pd.DataFrame:
    """Percent above or below the mean, with the lowest and highest year."""
    above = {name: (getattr(found, name) - 1) * 100 for name in ("factors", "low", "high")}
    return pd.DataFrame(
        {
            "when": names,
            "percent": above["factors"],
            "lowest_year": above["low"],
            "highest_year": above["high"],
            "years": found.cycles,
        }
    )


def subseries(shown: Sales, names: tuple[str, ...], phase: IntArray, measure: str) -> pd.DataFrame:
    """The periods with the month or weekday they belong to; what is left out is empty."""
    frame = pd.DataFrame({"when": np.array(names)[phase], "start": shown.times})
    return frame.assign(**{measure: shown.clean})


def power(found: dx.Spectrum) -> pd.DataFrame:
    """The periodogram: length in steps, share of what varies in percent."""
    return pd.DataFrame({"period": found.periods, "percent": found.power * 100})


def multiples(drawn: Multiples) -> pd.DataFrame:
    """Every small chart below the other."""
    return pd.DataFrame(
        [
            (title, name, float(value))
            for title, names, values in drawn.values()
            for name, value in zip(names, values, strict=True)
        ],
        columns=["name", "when", "percent"],
    )


def hours(table: pd.DataFrame, mean: FloatArray, measure: str) -> pd.DataFrame:
    """Weekday (Monday 0) and hour with the mean amount."""
    return table[["weekday", "hour"]].assign(**{measure: mean})
