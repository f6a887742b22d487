"""Going on from a model: ours, or which kept networks fit what is to be forecast, and why not.

A network reads the columns, the period and the horizon that it was trained for; what differs is
said in words. Its config.json tells, as no registry can be wrong about it. Our pretrained
forecaster reads any, and so does what came of it, but for the horizon.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Freq, Scope
from engine.registry import Entry
from ui import covariates, forecasts, navigation, train_pretrained
from ui import format as fmt
from ui.engine import registry
from ui.train_pretrained import OURS, Unfrozen
from ui.training import NETWORKS, Start

UNFROZEN: dict[Unfrozen, str] = {"all": "All of it", "last": "Its last layers", "head": "Its head"}
UNFROZEN_OURS: dict[Unfrozen, str] = {**UNFROZEN, "low-rank": "Small additions"}
_RUN, _UNFROZEN, _STEPS = "earlier_run", "earlier_unfrozen", "earlier_steps"
_COLUMN_WORDS = {
    "price": "prices",
    "promo": "promotions",
    "festival": "festivals",
    "festival_near": "festivals",
    "holiday": "holidays",
}


@dataclass(frozen=True, kw_only=True)
class Reads:
    """What a network was made for."""

    freq: str | None  # None: any
    horizon: int
    columns: frozenset[str] | None  # known ahead; None: whatever there are
    non_negative: bool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the page is about to forecast."""

    freq: Freq
    horizon: int
    columns: frozenset[str]
    has_negative: bool


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One kept network, and why it cannot be the start; "" where it can."""

    entry: Entry
    why_not: str


def wanted(scope: Scope, frame: pd.DataFrame, horizon: int, used: dict[str, str]) -> Wanted:
    """What is to be forecast; `frame` as `training.panel` gives it, `used` covariates by fill."""
    _, _, spec = covariates.assemble(frame, scope.freq, used)
    return Wanted(
        freq=scope.freq,
        horizon=horizon,
        columns=frozenset(spec.known_covariates),
        has_negative=bool((frame["target"] < 0).any()),
    )


def candidates(asked: Wanted) -> list[Candidate]:
    """All kept networks, those that fit first, of these the latest first."""
    found = []
    for entry in registry().entries():
        folder = registry().run(entry.run_id).model
        if entry.about.model in (*NETWORKS, train_pretrained.MODEL) and folder.is_dir():
            reads = _reads(folder)
            why = "its files are damaged" if reads is None else "; ".join(differences(reads, asked))
            found.append(Candidate(entry=entry, why_not=why))
    return sorted(found, key=lambda each: bool(each.why_not))


def differences(reads: Reads, asked: Wanted) -> Iterator[str]:
    """What keeps a network from being the start, one reason at a time."""
    periods = {forecasts.PANDAS_FREQ[freq]: noun[1] for freq, noun in forecasts.NOUN.items()}
    if reads.freq not in (None, _pandas(asked)):
        yield f"forecasts {periods.get(str(reads.freq), reads.freq)}, not {periods[_pandas(asked)]}"
    if reads.horizon != asked.horizon:
        yield f"looks {reads.horizon} ahead, not {asked.horizon}"
    columns = asked.columns if reads.columns is None else reads.columns
    if missing := _words(columns - asked.columns):
        yield f"knows {missing}, not used here"
    if extra := _words(asked.columns - columns):
        yield f"was trained without {extra}"
    if reads.non_negative and asked.has_negative:
        yield "has seen no returns; there are some here"


def choose(place: DeltaGenerator, asked: Wanted) -> Start:
    """The model to go on from, ours or a kept one, and how far it may move."""
    found = candidates(asked)
    fitting = {each.entry.run_id: each.entry for each in found if not each.why_not}
    with place:
        st.markdown(
            "**Go on from a model** :gray[· a network that knows other products, places or older "
            "sales learns these in a quarter of the time]"
        )
        start = _start(fitting)
        _others([each for each in found if each.why_not], is_open=False)
    return start


def copy(run_id: str, unfrozen: Unfrozen, steps: int | None) -> None:
    """Take over how an earlier job went on from a model."""
    st.session_state[_RUN], st.session_state[_UNFROZEN] = run_id, unfrozen
    st.session_state[_STEPS] = steps


def _start(fitting: dict[str, Entry]) -> Start:
    offered = [*fitting, OURS]
    if st.session_state.get(_RUN) not in offered:
        st.session_state[_RUN] = offered[0]
    st.session_state.setdefault(_STEPS, None)
    run_id = st.selectbox(
        "Start from",
        offered,
        format_func=lambda key: _label(fitting[key]) if key in fitting else train_pretrained.NAME,
        key=_RUN,
        help="Our pretrained forecaster, which learned from made-up sales alone, or networks of "
        "the same period, periods ahead and known columns. Products and places may be others: "
        "those it does not know are read as new ones.",
    )
    is_ours = run_id == OURS
    ways = UNFROZEN_OURS if is_ours else UNFROZEN
    if st.session_state.get(_UNFROZEN) not in ways:
        st.session_state[_UNFROZEN] = train_pretrained.USUAL if is_ours else "all"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        unfrozen = st.segmented_control(
            "What may change",
            list(ways),
            format_func=lambda key: ways[key],
            required=True,
            key=_UNFROZEN,
            help="All for much new data. The last layers, or the head alone, for little: the rest "
            "stays as it learned it, and nothing is forgotten.",
        )
        steps = st.number_input(
            "Steps",
            1,
            20_000,
            placeholder=str(train_pretrained.USUAL_STEPS) if is_ours else "a quarter",
            key=_STEPS,
            width=130,
            help=f"Updates at most; by default {train_pretrained.USUAL_STEPS}."
            if is_ours
            else "Updates at most; by default a quarter of those of a new training.",
        )
    kept = "Where no step makes it better on the last periods, the model stays as it was. "
    st.caption(
        f"{kept}It has seen no sales of yours: choose Pretrained under Train models to have it "
        "compared as well."
        if is_ours
        else f"{kept}It is not compared: it may have seen the test periods before."
    )
    return Start(run_id=run_id, unfrozen=unfrozen or "all", steps=steps)


def _others(unfit: list[Candidate], *, is_open: bool) -> None:
    """Those that do not fit, with the reason of each."""
    if not unfit:
        return
    label = f"{fmt.count(len(unfit), 'model')} that {'does' if len(unfit) == 1 else 'do'} not fit"
    with st.expander(label, icon=":material/block:", expanded=is_open):
        st.dataframe(
            pd.DataFrame(
                {
                    "Model": [each.entry.name for each in unfit],
                    "Does not fit because it": [each.why_not for each in unfit],
                }
            ),
            hide_index=True,
            height="auto" if len(unfit) <= 9 else 320,
            alt="Kept networks that cannot be the start, and why",
        )
        st.page_link(navigation.MODELS, label="All models", icon=":material/deployed_code:")


def _label(entry: Entry) -> str:
    error, then = entry.metrics.get("WAPE"), datetime.fromtimestamp(entry.about.created_at)
    known = "" if error is None else f" · error {fmt.share(error)}"
    return f"{entry.name} · {then.day} {then:%b %H:%M}{known}"


def _pandas(asked: Wanted) -> str:
    return forecasts.PANDAS_FREQ[asked.freq]


def _words(columns: frozenset[str]) -> str:
    return " and ".join(sorted({_COLUMN_WORDS.get(name, name) for name in columns}))


def _reads(folder: Path) -> Reads | None:
    """What the network in the folder was made for; None where its files are damaged."""
    try:
        return _read(folder, (folder / "config.json").stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=512)
def _read(folder: Path, changed_at: int) -> Reads | None:
    from forecasting.errors import ConfigError  # late: the library takes a while to import
    from forecasting.storage import read_config

    try:
        content: dict[str, Any] = read_config(folder)
        if content["model"] == train_pretrained.MODEL:
            horizon = int(content["config"]["horizon"])
            return Reads(freq=None, horizon=horizon, columns=None, non_negative=False)
        layout = content["fitted"]["layout"]
        return Reads(
            freq=str(layout["freq"]),
            horizon=int(content["config"]["horizon"]),
            columns=frozenset(str(each["name"]) for each in layout["known"]),
            non_negative=bool(layout["non_negative"]),
        )
    except (ConfigError, KeyError, TypeError, ValueError):
        return None
