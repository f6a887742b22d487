"""Why a forecast is another one than before: new data, another plan, another model.

The model of the earlier forecast is asked twice more, with the data of the later one and with its
plan, without training again. Each difference to the one before is one cause, so that they add up.
"""

import pandas as pd

from forecasting.errors import PanelError
from forecasting.future import fill_future
from forecasting.panel import Panel
from forecasting.protocol import Forecaster

CAUSES = ("data", "plan", "model")
_KEYS = ["series_id", "timestamp"]


def explain_revision(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    earlier: Forecaster,
    panel: Panel,
    planned_before: pd.DataFrame | None = None,
    planned: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What the change of each series and period is from, where both forecasts have it.

    `before` and `after` are frames of `Forecast.to_frame`. `earlier` is the model that made
    `before`; `panel` is what `after` was made from. `planned_before` and `planned` have the known
    covariates that each was made with, as `predict` takes them; where the earlier plan does not
    reach, the later one stands in. Gives series_id, timestamp, before, data, plan, model, after:
    before + data + plan + model = after. `data` is what the earlier model says differently of the
    new sales, `plan` of the new prices, promotions and events, `model` the rest: what another
    training, other options or another method changed.

    Raises `PanelError` where the forecasts have nothing in common, or the panel lacks columns.
    """
    both = _keyed(before, "before").join(_keyed(after, "after"), how="inner")
    horizon = earlier.config.horizon
    both = both[both.index.get_level_values("timestamp").isin(panel.future_timestamps(horizon))]
    both = both[both.index.get_level_values("series_id").isin(panel.series_ids.astype(str))]
    if both.empty:
        raise PanelError(
            "The two forecasts have no series and period in common. Compare forecasts of the same "
            "scope whose horizons overlap."
        )
    old_plan = _earlier_first(planned_before, planned)
    retold = _told(earlier, panel, old_plan).reindex(both.index)
    replanned = retold
    if planned is not None and old_plan is not planned:
        replanned = _told(earlier, panel, planned).reindex(both.index)
    return pd.DataFrame(
        {
            "before": both["before"],
            "data": retold - both["before"],
            "plan": replanned - retold,
            "model": both["after"] - replanned,
            "after": both["after"],
        }
    ).reset_index()


def _told(model: Forecaster, panel: Panel, plan: pd.DataFrame | None) -> "pd.Series[float]":
    """What a model says of a panel with a plan, by series and period."""
    future = None
    if panel.known_names:  # beyond the plan its last values go on
        future = fill_future(panel, model.config.horizon, plan)
    return _keyed(model.predict(panel, known_future=future).to_frame(), "mean")["mean"]


def _earlier_first(before: pd.DataFrame | None, now: pd.DataFrame | None) -> pd.DataFrame | None:
    """Rows of the earlier plan, and of the later one where the earlier has none."""
    if before is None or now is None:
        return now
    rows = pd.concat([before, now[[name for name in before.columns if name in now.columns]]])
    missing = [name for name in now.columns if name not in before.columns]
    rows = rows.drop_duplicates(_KEYS, keep="first", ignore_index=True)
    return rows.merge(now[[*_KEYS, *missing]], on=_KEYS, how="left") if missing else rows


def _keyed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    keyed = frame[[*_KEYS, "mean"]].astype({"series_id": str})
    return keyed.set_index(_KEYS).rename(columns={"mean": name})
