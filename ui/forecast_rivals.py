"""Other forecasts beside the one on screen: up to three simple models or runs, and the last one.

The address names them (`?beside=arima,<run>`), so that a link shows them too.
"""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from data.scope import Scope
from engine.registry import Entry
from ui import (
    address,
    forecast_words,
    forecasts,
    published,
    queries,
    run_choice,
    run_queries,
    training,
)
from ui import format as fmt
from ui.charts import Line
from ui.forecasts import Outlook
from ui.queries import Version

MOST = 3
_SHORT = 12  # letters of a version's name that a card has room for
NAME = "beside"  # in the address
_CHOICE = "beside_choice"
_STYLES = (  # colour, dash and marker of the first, second and third
    ("rival", "solid", ""),
    ("further", "dash", "diamond"),
    ("third", "dashdot", "square"),
)


@dataclass(frozen=True, kw_only=True)
class Previous:
    """What was forecast for the same periods before."""

    frame: pd.DataFrame  # timestamp, value
    words: str  # where it is from and when, such as "the LSTM of Thu 5 Nov"
    short: str  # when, such as "5 Nov"


def control(scope: Scope, shown: str) -> tuple[str, ...]:
    """The popover that chooses what stands beside the forecast `shown`, a model or a run id."""
    runs = run_choice.covering(scope)
    offered = [key for key in (*forecasts.CANDIDATES, *runs) if key != shown]
    asked = st.query_params.get(NAME, "").split(",")
    chosen = [key for key in dict.fromkeys(asked) if key in offered][:MOST]
    st.session_state[_CHOICE] = chosen
    label = "Beside it" if not chosen else f"Beside it: {len(chosen)}"
    with st.popover(label, icon=":material/stacked_line_chart:", type="tertiary"):
        st.multiselect(
            "Other models and runs",
            offered,
            format_func=lambda key: label_of(key, runs, scope),
            key=_CHOICE,
            max_selections=MOST,
            placeholder="Choose up to three",
            on_change=_go,
            width=300,
            help="Their forecasts as lines beside this one, without bands.",
        )
    return tuple(chosen)


def begin_with(model: str) -> None:
    """Put a simple model beside a run that was just arrived at, where nothing is named yet."""
    if NAME not in st.query_params:
        st.query_params[NAME] = model


def label_of(key: str, runs: dict[str, Entry], scope: Scope) -> str:
    """What a simple model or a run is called in the legend and the list."""
    if key not in runs:
        return forecast_words.model_name(key, scope.freq)
    return run_name(runs[key])


def run_name(entry: Entry) -> str:
    """The model of a run with its day, which tells two of one model apart."""
    when = datetime.fromtimestamp(entry.about.created_at)
    return f"{training.model_name(entry.about.model)}, {when.day} {when:%b %H:%M}"


def short_name(entry: Entry) -> str:
    """The model of a run with its day, for the legend."""
    when = datetime.fromtimestamp(entry.about.created_at)
    return f"{training.model_name(entry.about.model)} {when.day} {when:%b}"


def lines(keys: tuple[str, ...], scope: Scope, made: Outlook) -> tuple[Line, ...]:
    """The chosen ones as lines over the periods ahead."""
    runs = run_choice.covering(scope)
    times, found = made.future["timestamp"], []
    for key, (role, dash, marker) in zip(keys, _STYLES, strict=False):
        if key in runs:
            frame = run_queries.means(scope, key)
        else:
            frame = _simple(queries.version(), scope, key, len(times))
        if frame is None:  # deleted just now
            continue
        ahead = frame[frame["timestamp"].isin(times)].rename(columns={"mean": "value"})
        if len(ahead):
            name = short_name(runs[key]) if key in runs else label_of(key, runs, scope)
            found.append(Line(name, ahead.reset_index(drop=True), role, dash=dash, marker=marker))
    return tuple(found)


def previous(scope: Scope, run: Entry | None) -> Previous | None:
    """What was forecast for the scope before; None where nothing was.

    The newest published version, else the latest run on older sales, of the same model where there
    is one.
    """
    if (version := published.latest(scope.dataset_id, scope.freq)) is not None:
        told = published.series(version, scope)
        if len(told):
            name = f"“{fmt.escape(version.name)}”"
            return Previous(
                frame=told,
                words=f"{name}, published {fmt.day(version.created_at.date())}",
                short=name if len(version.name) <= _SHORT else fmt.day(version.created_at.date()),
            )
    if run is None:
        return None
    older = [
        entry
        for entry in run_choice.covering(scope).values()
        if entry.about.data_until < run.about.data_until
    ]
    older.sort(key=lambda entry: (entry.about.model == run.about.model, entry.number), reverse=True)
    for entry in older:
        frame = run_queries.means(scope, entry.run_id)
        if frame is not None and len(frame):
            frame = frame.rename(columns={"mean": "value"})
            name = training.model_name(entry.about.model)
            when = datetime.fromtimestamp(entry.about.created_at)
            return Previous(
                frame=frame,
                words=f"the {name} of {fmt.day(when.date())}",
                short=f"{when.day} {when:%b}",
            )
    return None


def previous_line(found: Previous, made: Outlook) -> Line | None:
    """It as a line over what is sold since and what is ahead; None where they do not meet."""
    first = (made.passed if len(made.passed) else made.future)["timestamp"].iloc[0]
    last = made.future["timestamp"].iloc[-1]
    frame = found.frame[found.frame["timestamp"].between(first, last)].reset_index(drop=True)
    if frame.empty:
        return None
    return Line("Previous", frame, "previous", dash="dash", width=2)


def change_since(found: Previous, future: pd.DataFrame) -> tuple[float, float, int] | None:
    """By how much the forecast is above the previous one: amount, share of it, periods compared.

    None where they share no period ahead, or nothing was forecast for those.
    """
    both = future[["timestamp", "mean"]].merge(found.frame, on="timestamp")
    before = float(both["value"].sum())
    if both.empty or not before:
        return None
    amount = float(both["mean"].sum()) - before
    return amount, amount / before, len(both)


@st.cache_resource(max_entries=256, show_spinner=False)
def _simple(version: Version, scope: Scope, model: str, horizon: int) -> pd.DataFrame:
    history = forecasts.history_of(queries.series(scope), scope.measure)
    made = forecasts.forecast(forecasts.panel_of(history, scope.freq), model, horizon)
    return pd.DataFrame({"timestamp": made.timestamps, "mean": made.mean[0]})


def _go() -> None:
    address.go({NAME: ",".join(st.session_state[_CHOICE]) or None})
