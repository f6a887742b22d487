"""The drivers of the forecast on screen, worked out beside the page and kept for everybody.

Nothing here touches Streamlit inside the work: what it needs is read before it begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.dataset as files
import streamlit as st

from data.scope import Scope
from engine.errors import EngineError, RunError
from engine.registry import Entry
from engine.runs import Run
from ui import background, forecast_drivers, queries, run_queries
from ui import format as fmt
from ui.background import Tell
from ui.engine import registry
from ui.forecast_drivers import Drivers

if TYPE_CHECKING:  # the library takes a while to import
    from ui.forecasts import Outlook

_NAME, _LABEL = "drivers", "Working out what lifts and lowers it"
_KEPT = 64

Work = Callable[[Tell], Drivers]


def drivers(scope: Scope, made: Outlook, run: Entry | None) -> Drivers | None:
    """The drivers of the forecast of a scope; None until they are known, which a line says."""
    from forecasting.errors import ForecastingError

    work = _of_simple(scope, made) if run is None else _of_run(scope, run)
    try:
        return background.later(
            _NAME,
            queries.version(),
            (scope, run.run_id if run else made.model, len(made.future)),
            work,
            label=_LABEL,
            kept=_KEPT,
        )
    except (EngineError, ForecastingError) as error:
        st.caption(f"What lifts and lowers it cannot be told: {fmt.escape(str(error))}")
        return None


def _of_simple(scope: Scope, made: Outlook) -> Work:
    mean = made.future.set_index("timestamp")["mean"]
    return lambda tell: forecast_drivers.of_simple(made.history, scope.freq, made.model, mean)


def _of_run(scope: Scope, entry: Entry) -> Work:
    run, read = registry().run(entry.run_id), run_queries.reading(scope, entry.run_id)

    def work(tell: Tell) -> Drivers:
        forecast = run.frame("forecast")
        if read is None or forecast is None or not (run.folder / "panel.parquet").is_file():
            raise RunError("the run was deleted, at least in part.")
        if not run.model.is_dir():
            raise RunError("the run kept no model.")
        return _explained(run, read.of(forecast), tell)

    return work


def _explained(run: Run, forecast: pd.DataFrame, tell: Tell) -> Drivers:
    """The drivers of the rows of a scope; of money, those of its units, drawn to the money."""
    import forecasting as fc

    own = forecast.assign(series_id=forecast["series_id"].astype(str))
    mean = own.pivot_table(index="timestamp", columns="series_id", values="mean", sort=False)
    model = fc.load(run.model)
    some = forecast_drivers.chosen(mean, model)
    panel = run.request().panel.of(_panel_rows(run, some))
    return forecast_drivers.of_run(model, panel, run.frame("future"), mean, tell)


def _panel_rows(run: Run, ids: list[str]) -> pd.DataFrame:
    """The rows of some series, and of one that sold at the end, so that the end stays the end."""
    dataset = files.dataset(run.folder / "panel.parquet")
    column = files.field("series_id")
    last = dataset.to_table(columns=["series_id", "timestamp", "target"]).to_pandas()
    last = last[last["target"].notna()]
    end = str(last.loc[last["timestamp"].idxmax(), "series_id"])
    rows = dataset.to_table(filter=column.isin([*ids, end])).to_pandas()
    return rows.assign(series_id=rows["series_id"].astype(str))
