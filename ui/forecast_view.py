"""The parts of the Forecast page, drawn: choices, cards, chart, children, words, table, files."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Level, Scope
from engine.registry import Entry
from ui import address, forecast_words, forecasts, layout, navigation, queries, run_choice
from ui import format as fmt
from ui import scope as scopes
from ui.forecast_chart import EVENTS, STOCKOUTS
from ui.forecasts import Outlook
from ui.queries import Dataset

_LEVELS: dict[str, Level] = {"Categories": "category", "Products": "product", "Places": "place"}
_CHILD_TABLE = "children"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls of the page say."""

    model: str
    run: Entry | None  # a trained run instead of the model
    horizon: int  # periods
    lines: frozenset[str]  # what to draw beside the forecast


def controls(scope: Scope, dataset: Dataset) -> Choice:
    """Which lines to show, which model, how far ahead."""
    freq = scope.freq
    offered = _lines(scope, dataset)
    key = f"lines_{freq.lower()}"
    if run_choice.arrived(scope):  # its forecast is shown beside ARIMA
        shown = st.session_state.get(key, ["Last year", EVENTS])
        st.session_state[key] = [*(line for line in shown if line != "Baseline"), "Baseline"]
    if key in st.session_state:  # another scope may not have all that was chosen
        st.session_state[key] = [line for line in st.session_state[key] if line in offered]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        lines = st.pills(
            "Lines",
            offered,
            selection_mode="multi",
            default=None
            if key in st.session_state
            else [line for line in ("Last year", EVENTS) if line in offered],
            label_visibility="collapsed",
            key=key,
            bind="query-params",
        )
        st.space("stretch")
        model, run = run_choice.model(scope)
        ahead = st.segmented_control(
            "Ahead",
            forecasts.HORIZONS[freq],
            default=forecasts.DEFAULT_HORIZON[freq],
            format_func=lambda number: forecast_words.periods(number, freq),
            required=True,
            label_visibility="collapsed",
            key=f"ahead_{freq.lower()}",
            bind="query-params",
        )
    return Choice(
        model=model,
        run=run,
        horizon=ahead or forecasts.DEFAULT_HORIZON[freq],
        lines=frozenset(lines),
    )


def outlook(scope: Scope, choice: Choice) -> Outlook:
    """The forecast of the scope; stops the page where nothing complete was sold yet."""
    series = queries.series(scope)
    if forecasts.history_of(series, scope.measure).empty:
        noun = forecasts.NOUN[scope.freq][0]
        layout.stop(
            f"**No complete {noun} of sales here yet.** The forecast starts after the first one. "
            "Choose a shorter period or a wider scope above."
        )
    run_choice.note_absence(scope, choice.run)
    with st.skeleton(height=420):
        if choice.run is not None:
            return run_choice.outlook(scope, choice.run, choice.horizon)
        return queries.outlook(scope, choice.horizon, choice.model)


def caption(dataset: Dataset, scope: Scope, made: Outlook, choice: Choice) -> str:
    """What data, until when, and which model."""
    parts = [f"{fmt.escape(dataset.name)} · sales through {fmt.day(dataset.last_day)}"]
    if made.partial is not None:
        parts.append(f"{fmt.period(made.partial, scope.freq)} is not complete and left out")
    if choice.run is not None:
        return " · ".join([*parts, run_choice.verdict(made, choice.run, scope)])
    words = forecast_words.verdict(
        made,
        freq=scope.freq,
        horizon=choice.horizon,
        automatic=choice.model == forecasts.AUTOMATIC,
    )
    return " · ".join([*parts, words])


def cards(place: DeltaGenerator, made: Outlook, scope: Scope, currency: str) -> None:
    """Sums ahead and behind against last year, and how good the model was."""
    future, near, freq = made.future, forecasts.NEAR[scope.freq], scope.freq

    def words(value: float) -> str:
        return fmt.amount(value, scope.measure, currency).replace("$", "\\$")

    sold = made.history.tail(near)
    before = forecasts.last_year(made.history, sold["timestamp"], freq)
    nearby = forecast_words.periods(near, freq).removeprefix("1 ")
    sums = [
        (f"Last {nearby}", sold["value"], before),
        (
            f"Next {nearby}",
            future["mean"][:near],
            future["last_year"][:near],
        ),
        (
            f"Next {forecast_words.periods(len(future), freq)}",
            future["mean"],
            future["last_year"],
        ),
    ]
    with place, st.grid(6 if made.scores is not None else 3, min_column_width=148):
        for label, values, year_ago in sums:
            growth = forecasts.growth(values, year_ago)
            st.metric(
                label,
                words(float(values.sum())),
                fmt.delta(growth),
                delta_description="vs last year" if growth is not None else "no year before",
                border=True,
                height="stretch",
            )
        if made.scores is not None:
            _score_cards(made, freq)


def _score_cards(made: Outlook, freq: str) -> None:
    assert made.scores is not None
    score, naive = made.scores.loc[made.model], made.scores.loc[forecasts.LAST_YEAR]
    better = float(score["wape"] - naive["wape"]) * 100
    st.metric(
        "Forecast error",
        fmt.share(float(score["wape"])),
        f"{better:+.1f} pts" if abs(better) >= 0.05 else 0,
        delta_color="inverse",
        delta_description="vs last year" if freq != "D" else "vs last week",
        border=True,
        height="stretch",
        help="How far off we were, as a share of what sold (WAPE). Smaller is better. "
        "Measured on past periods that the model had not seen.",
    )
    bias = float(score["bias"])
    st.metric(
        "Bias",
        fmt.signed_percent(bias * 100, 1).replace("-", fmt.MINUS),
        "too high" if bias > 0.005 else "too low" if bias < -0.005 else "balanced",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Whether we forecast too much or too little on the whole.",
    )
    st.metric(
        "80% band held",
        f"{score['coverage']:.0%}",
        "should be 80%",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Share of past periods that fell inside the band.",
    )


def inside(scope: Scope, choice: Choice, dataset: Dataset) -> None:
    """The scope one level down, each with its own forecast; a click goes there."""
    levels = [word for word, level in _LEVELS.items() if scopes.has_children(scope, level)]
    if not levels:
        return
    ahead = forecast_words.periods(choice.horizon, scope.freq)
    st.markdown(
        f"**Inside {fmt.escape(scopes.name(scope))}** :gray[· next {ahead}]",
        help="Each line is forecast on its own, so their sum can differ from the total.",
    )
    word = levels[0]
    if len(levels) > 1:
        word = (
            st.segmented_control(
                "Inside by",
                levels,
                default=levels[0],
                required=True,
                label_visibility="collapsed",
                key="inside",
                bind="query-params",
            )
            or levels[0]
        )
    with st.skeleton(height=360):
        table = queries.child_outlooks(scope, _LEVELS[word], choice.horizon)
    key = f"{_CHILD_TABLE}-{word}-{scope}"
    money = scope.measure == "revenue"
    currency = dataset.currency if money else ""
    st.dataframe(
        fmt.with_signed_percents(
            pd.DataFrame(
                {
                    "label": table["label"],
                    "forecast": table["forecast"],
                    "growth": table["growth"] * 100,
                }
            ),
            {"growth": 0},
        ),
        hide_index=True,
        placeholder="new",
        key=key,
        on_select=lambda: _go_down(key, table["child_id"].tolist(), _LEVELS[word], scope),
        selection_mode="single-cell",
        alt=f"{word} inside {scopes.name(scope)}, by their forecast of the next {ahead}",
        column_config={
            "label": st.column_config.TextColumn(
                {"Categories": "Category", "Products": "Product", "Places": "Place"}[word],
                width=150,
            ),
            "forecast": st.column_config.NumberColumn(
                "Revenue" if money else "Units", format=f"{currency}%,d", width=72
            ),
            "growth": st.column_config.NumberColumn("vs LY", width=56),
        },
    )


def words(made: Outlook, scope: Scope, choice: Choice, dataset: Dataset) -> None:
    """The card that says it in sentences."""
    sentences = forecast_words.in_words(
        made, freq=scope.freq, measure=scope.measure, currency=dataset.currency
    )
    ahead = queries.events(
        scope.dataset_id,
        made.future["timestamp"].iloc[0].date(),
        made.future["timestamp"].iloc[-1].date() + timedelta(days=6),
    )
    knows = choice.run is not None and "festivals" in choice.run.about.covariates
    if festivals := forecast_words.festivals(ahead, made.future, known=knows):
        sentences.append(festivals)
    with st.container(border=True):
        st.markdown("**In words**")
        for sentence in sentences:
            st.markdown(sentence)


def table(made: Outlook, scope: Scope, dataset: Dataset) -> None:
    """The forecast period by period, periods as columns."""
    frame = forecast_words.table(
        made, freq=scope.freq, measure=scope.measure, currency=dataset.currency
    )
    noun = forecasts.NOUN[scope.freq][0]
    st.markdown(f"**By {noun}** :gray[· the last column is the sum of all]")
    cell = st.column_config.TextColumn(alignment="right", width=66)
    st.dataframe(
        frame,
        alt=f"Forecast by {noun} beside last year",
        column_config={
            " ": st.column_config.TextColumn(" ", width=96),
            **{column: cell for column in frame.columns},
        },
    )


def downloads(place: DeltaGenerator, made: Outlook, scope: Scope, dataset: Dataset) -> None:
    """The Download menu of the title row."""
    node, where = scopes.name(scope), scopes.place(scope)
    stem = "-".join(part for part in _slug(f"{dataset.name} {node} {where}").split("-") if part)
    with place.popover("Download", icon=":material/download:"):
        st.download_button(
            "Forecast (CSV)",
            forecast_words.csv(
                made,
                scope,
                dataset=dataset.name,
                node=node,
                place=where,
                currency=dataset.currency,
            ),
            file_name=f"forecast-{stem}.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="forecast_csv",
        )
        st.download_button(
            "Sales so far (CSV)",
            forecast_words.history_csv(made, scope, node=node, place=where),
            file_name=f"sales-{stem}.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="history_csv",
        )
        st.page_link(navigation.REPORTS, label="Report (PDF, Excel, HTML)")


def _lines(scope: Scope, dataset: Dataset) -> list[str]:
    """The lines that this scope has data for; months are too coarse for festivals."""
    offered = ["Last year", "Baseline"]
    if queries.series(scope)["stockout_share"].notna().any():
        offered.append(STOCKOUTS)
    if scope.freq != "M" and dataset.first_day and dataset.last_day:
        year_on = dataset.last_day + timedelta(days=365)
        if not queries.events(scope.dataset_id, dataset.first_day, year_on).empty:
            offered.append(EVENTS)
    return offered


def _go_down(key: str, children: list[str], level: Level, scope: Scope) -> None:
    """Make the clicked child the scope."""
    cells = st.session_state[key].selection.cells
    if not cells:
        return
    child = children[cells[0][0]]
    if level == "category":
        address.go({"category": (*scope.categories, child)})
    else:
        address.go({level: child})


def _slug(text: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in text.lower())[:80]
