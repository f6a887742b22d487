"""Whether a model still fits: its errors and bias since it forecast, and the sales it learned from.

The library's part is `engine.drift`; here are the frames that it takes, and the words on screen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import streamlit as st

from data.errors import DataError
from data.scope import Scope
from engine import champions, drift
from engine.errors import EngineError
from engine.registry import Entry
from ui import covariates, model_charts, model_facts, queries, scheduled_runs, training
from ui import format as fmt
from ui import schedule_words as words
from ui.engine import registry
from ui.queries import Version

LARGE = 3_000  # series from which on the sales are read only when asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What was found."""

    signals: Sequence[drift.Signal]
    periods: pd.DataFrame  # of `drift.by_period`; empty before anything has sold


def section(entry: Entry) -> None:
    """What has drifted, each in a sentence, and the errors since as a chart."""
    st.markdown("**Has anything drifted?**")
    try:
        scope = scheduled_runs.scope_now(entry.about)
    except (EngineError, DataError) as error:
        st.markdown(fmt.escape(str(error)))
        return
    if entry.about.series >= LARGE and not _is_asked(entry):
        return
    with st.skeleton(height=240):
        found = _look(queries.version(), entry.run_id, scope)
    lines([asdict(signal) for signal in found.signals])
    if len(found.periods) > 1:
        st.markdown("**Error since** :gray[· share of what sold]")
        st.plotly_chart(
            model_charts.errors(found.periods, scope.freq),
            key=f"drift-{entry.run_id}-{st.context.theme.type}",
            config={"displayModeBar": False},
            alt=model_charts.describe_errors(found.periods),
        )


def lines(signals: Sequence[Mapping[str, Any]]) -> None:
    """A line per signal: its state, its name, and what it rests on."""
    for signal in signals:
        word, color, icon = words.DRIFT[signal["state"]]
        name = drift.WORDS[signal["name"]]
        badge = f":{color}-badge[:material/{icon}: {word}]"
        st.markdown(f"{badge} **{name}** :gray[·] {fmt.escape(signal['words'])}")


def _is_asked(entry: Entry) -> bool:
    key = f"drift-asked-{entry.run_id}"
    if not st.session_state.get(key):
        st.markdown(f"It is of {entry.about.series:,} series; to read their sales takes a while.")
        st.session_state[key] = st.button("Look at the newest sales", key=f"look-{entry.run_id}")
    return bool(st.session_state[key])


@st.cache_resource(max_entries=16, show_spinner=False)
def _look(version: Version, run_id: str, scope: Scope) -> Look:
    entry = registry().entry(run_id)
    assert entry is not None  # it is on screen
    about = entry.about
    panel = training.panel(scope, about.scope["split"], about.horizon)
    newest, _, spec = covariates.assemble(panel, scope.freq, about.covariates)
    rows = drift.since(drift.published(_forecasts(run_id)), newest)
    tests = champions.tests_of(registry(), entry)
    if tests is not None:
        tests = tests[tests["model"].astype(str) == about.model]
    signals = [drift.accuracy(rows, tests), drift.bias(rows, tests)]
    trained = registry().run(model_facts.trained_by(run_id)).frame("panel")
    if trained is not None:  # an uploaded model comes without
        signals += drift.inputs(trained, newest, spec.freq)
    return Look(signals=signals, periods=drift.by_period(rows, tests))


def _forecasts(run_id: str) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    """The forecasts by a model until this one, each with the last period that it learned from."""
    found = []
    for each in model_facts.made_with_it(run_id):
        entry, frame = registry().entry(each), registry().run(each).frame("forecast")
        if entry is not None and frame is not None and entry.about.data_until:
            found.append((pd.Timestamp(entry.about.data_until), frame))
    return found
