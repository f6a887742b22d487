"""The parts of the Forecast page, drawn: caption, words, table, files."""

from datetime import timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from ui import (
    forecast_words,
    forecasts,
    layout,
    navigation,
    published,
    queries,
    run_choice,
    table_files,
)
from ui import format as fmt
from ui import scope as scopes
from ui.forecast_choice import Choice
from ui.forecasts import Outlook
from ui.queries import Dataset


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
        text = " · ".join([*parts, run_choice.verdict(made, choice.run, scope)])
        return "  \n".join(filter(None, [text, run_choice.reason(scope, choice.run)]))
    words = forecast_words.verdict(
        made,
        freq=scope.freq,
        horizon=choice.horizon,
        automatic=choice.model == forecasts.AUTOMATIC,
    )
    return " · ".join([*parts, words])


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
    if so_far := published.accuracy(scope):
        sentences.append(so_far)
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

    def rows() -> pd.DataFrame:
        return forecast_words.file_rows(
            made, scope, dataset=dataset.name, node=node, place=where, currency=dataset.currency
        )

    keys = ["dataset", "category", "product", "place", "frequency", "unit", "model"]
    values = ["mean", *forecast_words.quantiles(made), "last_year"]
    with place.popover("Download", icon=":material/download:"):
        table_files.buttons(rows, "Forecast", stem=f"forecast-{stem}", key="forecast")
        table_files.buttons(
            lambda: table_files.long(rows(), keys, values),
            "Forecast, long",
            stem=f"forecast-long-{stem}",
            key="forecast_long",
        )
        table_files.buttons(
            lambda: table_files.wide(rows(), keys, values),
            "Forecast, wide",
            stem=f"forecast-wide-{stem}",
            key="forecast_wide",
        )
        table_files.buttons(
            lambda: forecast_words.file_history(made, scope, node=node, place=where),
            "Sales so far",
            stem=f"sales-{stem}",
            key="history",
        )
        st.page_link(navigation.REPORTS, label="Report (PDF, Excel, HTML)")


def _slug(text: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in text.lower())[:80]
