"""The parts of the Train page, drawn: presets, what to forecast, what is known ahead, the start."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope, Split
from ui import covariates, estimates, forecasts, layout, public_models, training
from ui import format as fmt
from ui.covariates import FILLS, Covariate
from ui.training import PRESETS, Advanced, Plan

# Session: what the widgets of this page say.
PRESET, MODELS, SPLIT, WINDOWS = "train_preset", "train_models", "train_split", "train_windows"
FILLS_CHOSEN = "train_fills"  # session: name of a covariate -> fill, "" for left out
WAY = "train_way"
Way = Literal["new", "search", "earlier"]
NEW, SEARCH, EARLIER = get_args(Way)
WAYS: dict[Way, str] = {
    "new": "Train models",
    "search": "Search for better settings",
    "earlier": "Go on from a model",
}
LIMITS = {"D": 90, "W": 53, "M": 24}  # the most periods ahead


@dataclass(frozen=True, kw_only=True)
class Target:
    """What to forecast."""

    split: Split
    horizon: int
    windows: int


def way() -> Way:
    """What the page is for."""
    st.session_state.setdefault(WAY, NEW)
    chosen = st.segmented_control(
        "What to do",
        list(WAYS),
        format_func=lambda key: WAYS[key],
        required=True,
        key=WAY,
        label_visibility="collapsed",
    )
    return chosen or NEW


def preset() -> str:
    """How thorough, as the cards say."""
    chosen: str = st.session_state.setdefault(PRESET, "fast")
    return chosen


def presets(place: DeltaGenerator, scope: Scope, aim: Target) -> None:
    """Three cards; the chosen one fills in the models."""
    chosen = preset()
    panel = training.panel(scope, aim.split, aim.horizon)
    series = panel["series_id"].nunique()
    place.markdown("**How thorough?**")
    with place, st.grid(3, min_column_width=190):
        for key, offer in PRESETS.items():
            with st.container(border=True, height="stretch"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f"**{offer.title}**", width="content")
                    st.space("stretch")
                    seconds = _seconds_of(key, scope, series)
                    st.badge(f"about {rough(seconds)}", icon=":material/schedule:", color="gray")
                gain = estimates.better_than_arima(key, scope.dataset_id)
                earlier = "No runs here yet" if gain is None else _gain(gain)
                st.markdown(f"{offer.words}  \n:gray[:small[{earlier}]]")
                st.button(
                    ":blue[Chosen]" if key == chosen else "Choose",
                    icon=":material/check:" if key == chosen else None,
                    key=f"choose_{key}",
                    width="stretch",
                    on_click=_choose,
                    args=(key,),
                )


def target(scope: Scope, chosen: Way) -> Target:
    """At which level, how far ahead, and in how many windows models or trials are compared."""
    st.markdown("**What to forecast**")
    offered = training.splits(scope)
    if st.session_state.get(SPLIT) not in offered:
        usual = "product" if "product" in offered else "total"
        st.session_state[SPLIT] = usual
    horizon_key = f"train_horizon_{scope.freq}"
    st.session_state.setdefault(horizon_key, forecasts.DEFAULT_HORIZON[scope.freq])
    st.session_state.setdefault(WINDOWS, 1)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = st.segmented_control(
            "One forecast for each",
            offered,
            format_func=lambda key: training.SPLITS[key],
            required=True,
            key=SPLIT,
            help="Finer levels learn from more series; their sums are the forecasts above.",
        )
        st.space("stretch")
        noun = forecasts.NOUN[scope.freq][1]
        horizon = st.number_input(
            f"{noun.capitalize()} ahead",
            min_value=1,
            max_value=LIMITS[scope.freq],
            key=horizon_key,
            width=130,
        )
        windows = _windows(chosen)
    default = forecasts.DEFAULT_HORIZON[scope.freq]
    return Target(split=split or "total", horizon=horizon or default, windows=windows)


def _windows(chosen: Way) -> int:
    """How many windows of the past are forecast; a search needs one at least."""
    if chosen == EARLIER:
        return 0
    least = 1 if chosen == SEARCH else 0
    if st.session_state[WINDOWS] < least:
        st.session_state[WINDOWS] = least
    number = st.number_input(
        "Test windows",
        min_value=least,
        max_value=3,
        key=WINDOWS,
        width=130,
        help="How often the past is forecast to see how good each trial is. More is surer, and "
        "takes as many times longer."
        if chosen == SEARCH
        else "How often the past is forecast to see how far off the models were, beside last "
        "year and ARIMA. 0 skips it.",
    )
    return int(number or least)


def models() -> tuple[str, ...]:
    """Which models to train; the two baselines are always compared."""
    st.session_state.setdefault(MODELS, list(PRESETS[preset()].models))
    offered = (*training.OFFERED, *public_models.offered())
    chosen = st.pills(
        "Models",
        offered,
        selection_mode="multi",
        format_func=training.model_name,
        key=MODELS,
        help="Each becomes a job of its own. Last year and ARIMA are compared with them.",
    )
    if said := public_models.in_words():
        st.caption(said)
    return tuple(name for name in offered if name in chosen)


def known_ahead(scope: Scope, aim: Target) -> dict[str, str]:
    """The readiness table; gives the covariates to use with how their gaps are filled."""
    found = training.known_ahead(scope, aim.split, aim.horizon)
    ahead = training.periods(aim.horizon, scope.freq)
    st.markdown(
        f"**What is known ahead** :gray[· a column only helps if all of its next {ahead} are "
        "filled in. Gaps are listed, never guessed.]"
    )
    if not found:
        st.caption("Nothing is: this data has no prices, promotions or festivals.")
        return {}
    fills: dict[str, str] = st.session_state.setdefault(FILLS_CHOSEN, {})
    chosen = {
        each.name: fills.get(each.name, "use" if each.is_ready and each.by_default else "")
        for each in found
    }
    used = covariates.usable(found, {name: fill for name, fill in chosen.items() if fill})
    key = f"known-{abs(hash((str(scope), aim.split, aim.horizon, str(chosen))))}"
    percent = st.column_config.ProgressColumn(format="%g%%", min_value=0, max_value=100, width=90)
    st.data_editor(
        pd.DataFrame(
            {
                "Use": [each.name in used for each in found],
                "Column": [each.label for each in found],
                "State": [[_state(each, used)] for each in found],
                "Kind": [each.kind for each in found],
                "Past filled": [_percent(each.past) for each in found],
                f"Next {ahead}": [_percent(each.ahead) for each in found],
                "Missing": [_missing(each, scope) for each in found],
                "Fill gaps": [FILLS.get(chosen[each.name]) for each in found],
            }
        ),
        hide_index=True,
        key=key,
        on_change=_edited,
        args=(key, [each.name for each in found]),
        disabled=["Column", "State", "Kind", "Past filled", f"Next {ahead}", "Missing"],
        placeholder="–",
        alt="What is known ahead, and what of it is missing",
        column_config={
            "Use": st.column_config.CheckboxColumn(width=52),
            "State": st.column_config.MultiselectColumn(
                options=["Ready", "Gaps", "Filled", "Left out"],
                color=["green", "orange", "blue", "gray"],
                width=86,
            ),
            "Past filled": percent,
            f"Next {ahead}": percent,
            "Missing": st.column_config.TextColumn(width=136),
            "Fill gaps": st.column_config.SelectboxColumn(options=list(FILLS.values()), width=104),
        },
    )
    return used


def advanced() -> Advanced:
    """Folded options."""
    st.session_state.setdefault("train_seed", 0)
    st.session_state.setdefault("train_dropout", Advanced.dropout)
    with (
        st.expander(
            "Advanced: seed, history read, size, steps, time limit", icon=":material/tune:"
        ),
        st.grid(3, min_column_width=165),
    ):
        seed = st.number_input("Seed", min_value=0, key="train_seed")
        context = _number(
            "History read",
            1,
            2000,
            "context_length",
            "Periods that a network reads before each forecast.",
        )
        width = _number(
            "Width", 8, 512, "width", "Of the hidden layers: wider learns more, slower."
        )
        dropout = st.number_input(
            "Dropout",
            0.0,
            0.9,
            step=0.05,
            key="train_dropout",
            help="Share of hidden units left out in training, against rote.",
        )
        steps = _number(
            "Steps",
            1,
            20_000,
            "max_steps",
            "Updates of a network at most; it stops earlier when it learns nothing more.",
        )
        budget = _number(
            "Time limit, seconds",
            1,
            86_400,
            "budget",
            "For each model. The best so far is kept.",
            unset="none",
        )
    return Advanced(
        seed=int(seed or 0),
        context_length=context,
        width=width,
        dropout=float(Advanced.dropout if dropout is None else dropout),
        max_steps=steps,
        budget_seconds=float(budget) if budget else None,
    )


def _number(
    label: str, least: int, most: int, name: str, why: str, *, unset: str = "by preset"
) -> int | None:
    """A whole number that may be left out; `unset` says what counts then."""
    return st.number_input(
        label, least, most, value=None, placeholder=unset, key=f"train_{name}", help=why
    )


def stop_without_sales(scope: Scope, aim: Target) -> None:
    """Ends the page where nothing complete was sold yet."""
    if training.panel(scope, aim.split, aim.horizon).empty:
        layout.stop(
            "**No complete period of sales here yet.** Training starts after the first one. "
            "Choose a shorter period or a wider scope above."
        )


def _choose(preset: str) -> None:
    st.session_state[PRESET] = preset
    st.session_state[MODELS] = list(PRESETS[preset].models)


def _edited(key: str, names: list[str]) -> None:
    """Take over what was ticked or filled in the table."""
    fills = dict(st.session_state.get(FILLS_CHOSEN, {}))
    words = {label: fill for fill, label in FILLS.items()}
    for row, change in st.session_state[key]["edited_rows"].items():
        name = names[int(row)]
        if "Use" in change:
            fills[name] = "use" if change["Use"] else ""
        if "Fill gaps" in change:
            fills[name] = words.get(change["Fill gaps"], "")
    st.session_state[FILLS_CHOSEN] = fills


def _state(each: Covariate, used: dict[str, str]) -> str:
    if each.name in used:
        return "Ready" if each.is_ready else "Filled"
    return "Left out" if each.is_ready else "Gaps"


def _percent(share: float) -> float:
    """In percent with one decimal, rounded down: what has a gap is not 100%."""
    return math.floor(1000 * share) / 10


def _missing(each: Covariate, scope: Scope) -> str:
    if each.is_ready or each.first_missing is None:
        return "none"
    when = fmt.period(each.first_missing, scope.freq).removeprefix("the week of ")
    return f"{fmt.count(each.missing, 'row')} from {when}"


def _seconds_of(key: str, scope: Scope, series: int) -> float:
    """The time of a preset for its badge."""
    plan = Plan(
        scope=scope, split="total", horizon=1, windows=0, models=PRESETS[key].models, preset=key
    )
    return estimates.estimate(plan, series=series, length=0, windows=0).seconds


def rough(seconds: float) -> str:
    """An estimate without digits that nobody can know.

    >>> rough(17), rough(119), rough(304), rough(1640)
    ('15 s', '2 min', '5 min', '27 min')
    """
    step = 5 if seconds < 60 else 10
    return fmt.duration(max(step, step * round(seconds / step)))


def _gain(gain: float) -> str:
    if abs(gain) < 0.005:
        return "Earlier runs here: no better than ARIMA"
    word = "better" if gain > 0 else "worse"
    return f"Earlier runs here: {abs(gain):.0%} {word} than ARIMA"
