"""Choosing the forecast of a finished run on the Forecast page; the address names it (`?run=`)."""

from datetime import datetime

import pandas as pd
import streamlit as st

from data.scope import Scope
from engine.registry import Entry
from ui import (
    address,
    forecast_words,
    forecasts,
    in_use,
    layout,
    navigation,
    queries,
    run_queries,
    training,
)
from ui import format as fmt
from ui.engine import registry
from ui.forecasts import Outlook

MODELS = (forecasts.AUTOMATIC, *forecasts.CANDIDATES)
_CHOICE = "model_choice"
_SHOWN = "run_shown"  # session: the run that was last arrived at
_OFFERED = 12  # runs in the list


def model(scope: Scope) -> tuple[str, Entry | None]:
    """The select of models and of runs in the measure of the scope; gives the model, or the run."""
    control(scope, priced=False)
    return asked(scope, priced=False)


def asked(scope: Scope, *, priced: bool = True) -> tuple[str, Entry | None]:
    """The simple model or the run of the address; where it names none, the run that is in use.

    Money is also shown by runs of units, at their prices, where `priced`.
    """
    entry = covering(scope, priced=priced).get(st.query_params.get("run", ""))
    named = st.query_params.get("model")
    if entry is None and named in MODELS:
        return str(named), None
    if entry is None and (used := _used(scope, priced=priced)) and _is_ahead(scope, used.run):
        entry = used.run
    return forecasts.AUTOMATIC, entry


def control(scope: Scope, *, priced: bool = True) -> None:
    """The select of models and of runs that cover the scope."""
    runs = covering(scope, priced=priced)
    name, entry = asked(scope, priced=priced)
    st.session_state[_CHOICE] = entry.run_id if entry else name
    listed = list(runs)[:_OFFERED]
    if entry is not None and entry.run_id not in listed:
        listed.append(entry.run_id)
    st.selectbox(
        "Model",
        [*MODELS, *listed],
        format_func=lambda key: _label(key, runs, scope),
        label_visibility="collapsed",
        key=_CHOICE,
        on_change=_go,
        width=190,
        help="Best model compares four simple ones and our pretrained network, which was not "
        "trained on your data. Trained runs come below them.",
    )


def arrived(scope: Scope) -> str | None:
    """The run of the address on the first look at it, so that lines may be switched on."""
    named = st.query_params.get("run")
    before = st.session_state.get(_SHOWN)
    st.session_state[_SHOWN] = named
    return named if named and named != before and run_queries.shows(scope, named) else None


def _is_ahead(scope: Scope, entry: Entry) -> bool:
    """Whether a run forecast anything that is not sold yet."""
    frame = run_queries.means(scope, entry.run_id)
    history = forecasts.history_of(queries.series(scope), scope.measure)
    if frame is None or frame.empty or history.empty:
        return False
    return bool(frame["timestamp"].iloc[-1] > history["timestamp"].iloc[-1])


def note_absence(scope: Scope, entry: Entry | None) -> None:
    """Say so where the address names a run that is gone or is of something else."""
    named = st.query_params.get("run")
    if not named and entry is None and st.query_params.get("model") not in MODELS:
        _note_passed(scope)
    if not named or (entry is not None and entry.run_id == named):
        return
    known = registry().entry(named)
    instead = "the best simple model" if entry is None else "the model in use"
    if known is None:
        st.caption(f":orange-badge[Run not found] It was deleted; {instead} is shown.")
    elif _is_earlier_segment(scope, known):
        st.caption(
            f":orange-badge[Segment built again] {fmt.escape(known.name)} is of the products that "
            f"were in it before; {instead} is shown. Train again."
        )
    elif _has_no_price(scope, known):
        st.caption(
            f":orange-badge[No price] {fmt.escape(known.name)} forecast units, and no price of "
            f"them is known, so it cannot be shown as money; {instead} is shown."
        )
    elif scope_words := fmt.escape(known.about.scope_words):
        st.caption(
            f":orange-badge[Another scope] {fmt.escape(known.name)} is of {scope_words}; "
            f"{instead} is shown."
        )


def _note_passed(scope: Scope) -> None:
    """Say so where the model in use cannot be shown, because its forecast has passed."""
    if (used := in_use.shown(scope)) is not None:
        name = fmt.escape(training.model_name(used.run.about.model))
        st.caption(
            f":orange-badge[In use, but passed] All that {name} forecast is sold; the best simple "
            "model is shown. Forecast with it again on Models."
        )


def _used(scope: Scope, *, priced: bool) -> in_use.InUse | None:
    return in_use.shown(scope) if priced else in_use.of(scope)


def _has_no_price(scope: Scope, entry: Entry) -> bool:
    """Whether a run would show the scope, were there prices for its units."""
    units = run_queries.in_units(scope)
    return scope.measure == "revenue" and run_queries.covers(units, entry.run_id)


def _is_earlier_segment(scope: Scope, entry: Entry) -> bool:
    """Whether a run is of the segment of the scope as it was before it was built again."""
    of_run = training.scope_of(entry.about)
    if of_run is None or of_run.segment_id is None or of_run.segment_id != scope.segment_id:
        return False
    return of_run.segment_revision != scope.segment_revision


def outlook(scope: Scope, entry: Entry, horizon: int) -> Outlook:
    """The run's forecast of the scope; stops the page where all of it has passed."""
    made = run_queries.outlook(scope, entry.run_id, horizon)
    if made is None:
        layout.stop(
            f"**All that {fmt.escape(entry.name)} forecast has passed.** Train again, or forecast "
            "with it on the newest sales.",
            link=navigation.TRAIN,
            link_label="Train",
        )
    return made


def verdict(made: Outlook, entry: Entry, scope: Scope) -> str:
    """Which run, from when, how far off; an orange badge where the data has moved on."""
    about = entry.about
    when = fmt.day(datetime.fromtimestamp(about.created_at).date())
    how = "uploaded" if about.uploaded_from else f"trained {when}"
    series = f" on {about.series:,} series" if about.series > 1 else ""
    learned = " with corrected sales" if about.scope.get("corrected") else ""
    text = f"{training.model_name(about.model)}, {how}{series}{learned}"
    if made.scores is not None and made.model in made.scores.index:
        error = fmt.share(float(made.scores["wape"][made.model]))
        plain = forecast_words.model_name(forecasts.LAST_YEAR, scope.freq)
        naive = fmt.share(float(made.scores["wape"][forecasts.LAST_YEAR]))
        text += f": {error} off in the comparison; {plain[0].lower() + plain[1:]} {naive}"
    behind = made.history["timestamp"].iloc[-1] - pd.Timestamp(about.data_until)
    if behind > pd.Timedelta(0):
        noun = forecasts.NOUN[scope.freq]
        steps = (made.history["timestamp"] > pd.Timestamp(about.data_until)).sum()
        text += f" :orange-badge[{fmt.count(int(steps), *noun)} of sales newer than it]"
    if priced := run_queries.pricing(scope, entry.run_id):
        text += f" · :blue-badge[Forecast in units] shown as money: {priced}"
    return text


def reason(scope: Scope, entry: Entry) -> str:
    """Since when and why the run is in use here; "" where it is not."""
    used = in_use.shown(scope)
    if used is None or used.run.run_id != entry.run_id:
        return ""
    return f":material/verified: {in_use.sentence(used, scope)}"


def covering(scope: Scope, *, priced: bool = True) -> dict[str, Entry]:
    """Finished runs whose series add up to the scope: champions first, then the latest.

    Where money is asked, those of money come before those whose units are `priced`.
    """
    entries = {entry.run_id: entry for entry in registry().entries()}
    fitting = run_queries.fitting(scope, tuple(entries))
    found = [entries[run_id] for run_id in fitting if priced or _is_own(scope, entries[run_id])]
    found.sort(key=lambda each: not _is_own(scope, each))
    return {entry.run_id: entry for entry in sorted(found, key=lambda each: not each.is_champion)}


def _is_own(scope: Scope, entry: Entry) -> bool:
    """Whether a run forecast what the scope measures."""
    return bool(entry.about.scope.get("measure") == scope.measure)


def _label(key: str, covering: dict[str, Entry], scope: Scope) -> str:
    if key == forecasts.AUTOMATIC:
        return "Best simple model"
    if key not in covering:
        return forecast_words.model_name(key, scope.freq)
    about = covering[key].about
    when = datetime.fromtimestamp(about.created_at)
    used = in_use.shown(scope)
    crown = " ★" if used is not None and used.run.run_id == key else ""
    return f"{training.model_name(about.model)}{crown} · {when.day} {when:%b %H:%M}"


def _go() -> None:
    chosen = st.session_state[_CHOICE]
    is_model = chosen in MODELS
    address.go(
        {
            "run": None if is_model else chosen,
            "model": chosen if is_model else None,  # named, or what is in use would be shown
        }
    )
