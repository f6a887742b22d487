"""From the forecasts on screen to what the builders of reports are given."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import streamlit as st

import forecasting as fc
import reports
from data.scope import Freq, Level, Scope
from engine.registry import Entry
from reports import Language
from ui import (
    child_queries,
    forecast_children,
    forecast_words,
    forecasts,
    queries,
    run_forecasts,
    run_queries,
    training,
)
from ui import scope as scopes
from ui.engine import registry
from ui.forecasts import Outlook
from ui.queries import Dataset

_PATHS = 400  # sample paths for the band of a sum
_LEVELS: tuple[Level, ...] = ("category", "product", "place")

Tell = Callable[[float, str], None]  # how far, and what is being done


def setting(dataset: Dataset, scope: Scope, language: Language) -> reports.Setting:
    """What all reports of a request share."""
    return reports.Setting(
        dataset=dataset.name,
        measure=scope.measure,
        currency=dataset.currency,
        freq=scope.freq,
        made_on=pd.Timestamp.today().normalize(),
        language=language,
    )


def forecast(
    dataset: Dataset, scope: Scope, run: Entry | None, made: Outlook, language: Language
) -> reports.ForecastFacts:
    """The facts of the forecast review of a scope whose forecast is `made`."""
    return reports.ForecastFacts(
        setting=setting(dataset, scope, language),
        name=scopes.name(scope),
        place=scopes.place(scope),
        outlook=outlook(made, scope.freq, run),
        parts=tuple(
            parts(scope, level, made, run) for level in _LEVELS if scopes.has_children(scope, level)
        ),
        festivals=_festivals(scope, made),
        run=run.name if run else "",
        run_from=_moment(run.about.created_at) if run else None,
        rows=_rows(scope, run, made),
    )


def outlook(made: Outlook, freq: Freq, run: Entry | None) -> reports.Outlook:
    """A forecast of the screens as a report takes it."""
    horizon = len(made.future)
    windows = forecasts.windows(len(made.history), freq, horizon)
    tested = (windows, horizon) if run is None else (_windows(run), run.about.horizon)
    noun = forecasts.NOUN[freq][1]
    reason = made.reason.replace("steps", noun).replace("observations", noun)
    return reports.Outlook(
        history=made.history,
        future=made.future[["timestamp", "mean", "q0.1", "q0.9", "last_year"]],
        model=made.model,
        naive=forecasts.LAST_YEAR,
        scores=made.scores,
        tested=tested,
        total_low=made.total_low,
        total_high=made.total_high,
        near=min(forecasts.NEAR[freq], horizon),
        partial=made.partial,
        fallback=reason if made.fallback else "",
    )


def parts(scope: Scope, level: Level, made: Outlook, run: Entry | None) -> reports.Parts:
    """The scope one level down, as the Forecast screen has it: adding up to `made`."""
    found = child_queries.children(scope, level, made, run)
    is_rest = found.table["child_id"] == forecast_children.OTHERS
    table, rest = found.table[~is_rest], found.table[is_rest]
    return reports.Parts(
        level=level,
        frame=pd.DataFrame(
            {
                "label": table["label"],
                "forecast": table["forecast"].astype(float),
                "before": table["before"].astype(float),
            }
        ),
        rest=float(rest["forecast"].iloc[0]) if len(rest) else 0.0,
        rest_before=float(rest["before"].iloc[0]) if len(rest) else 0.0,
        is_of_run=found.is_of_run,
    )


def products(
    dataset: Dataset, scope: Scope, run: Entry | None, *, count: int, horizon: int, tell: Tell
) -> tuple[reports.ProductFacts, ...]:
    """The facts of the sheets of the product of a scope, or of its `count` largest ones."""
    if scope.product_id is not None:
        keys = [scope.product_id]
    else:
        keys = _largest(scope, run, count, horizon)
    known, found = queries.products(dataset.dataset_id), []
    for number, key in enumerate(keys):
        tell(number / len(keys), f"Forecasting product {number + 1} of {len(keys)}")
        one = replace(scope, product_id=key, segment_id=None, segment_revision=0)
        made = _forecast(one, run, horizon, is_tested=len(keys) == 1)
        if made is None:
            continue
        row = known.loc[key]
        found.append(
            reports.ProductFacts(
                name=str(row["name"]),
                code=str(row["code"]),
                categories=tuple(row["categories"]),
                outlook=outlook(made, scope.freq, run),
                prices=queries.series(one),
                places=parts(one, "place", made, run)
                if scopes.has_children(one, "place")
                else None,
            )
        )
    return tuple(found)


def model(dataset: Dataset, entry: Entry, language: Language) -> reports.ModelFacts:
    """The facts of the card of a trained model."""
    about = entry.about
    known = training.scope_of(about)
    scope = known or Scope(dataset_id=dataset.dataset_id)
    tested = comparison(entry)
    notes = registry().run(entry.run_id).frame("notes")
    fallbacks = {} if notes is None else notes["reason"].value_counts().head(5).to_dict()
    return reports.ModelFacts(
        setting=setting(dataset, scope, language),
        name=entry.name,
        model=about.model,
        scope=scopes.name(known) if known else about.scope_words,
        place=scopes.place(known) if known else "",
        is_corrected=scope.corrected,
        split=str(about.scope.get("split", "")) if known else "",
        series=about.series,
        horizon=about.horizon,
        seed=about.seed,
        data_until=about.data_until,
        snapshot=about.snapshot,
        code_version=about.code_version,
        trained_on=_moment(about.created_at),
        uploaded_from=about.uploaded_from,
        options=about.options,
        covariates=about.covariates,
        leaderboard=_frame(tested, "leaderboard"),
        windows=_windows(entry),
        reliability=_of_model(_frame(tested, "reliability"), about.model),
        steps=_steps(tested),
        fallbacks={str(reason): int(number) for reason, number in fallbacks.items()},
    )


def comparison(entry: Entry) -> Entry | None:
    """The finished comparison that was submitted with a run."""
    for other in registry().group(entry.about.group):
        folder = registry().run(other.run_id).folder
        if not other.about.model and (folder / "leaderboard.parquet").is_file():
            return other
    return None


def _largest(scope: Scope, run: Entry | None, count: int, horizon: int) -> list[int]:
    """The products of a scope that will sell most."""
    made = run_queries.outlook(scope, run.run_id, horizon) if run is not None else None
    if made is None:
        found = queries.child_outlooks(scope, "product", horizon)
    else:
        found = child_queries.children(scope, "product", made, run).table
    ids = found["child_id"][found["child_id"] != forecast_children.OTHERS]
    return [int(child) for child in ids[:count]]


def _forecast(scope: Scope, run: Entry | None, horizon: int, *, is_tested: bool) -> Outlook | None:
    """The forecast of one product; None where there is none.

    Testing models against each other takes seconds, so of many products none is.
    """
    if forecasts.history_of(queries.series(scope), scope.measure).empty:
        return None
    if run is not None:
        if not run_queries.covers(scope, run.run_id):
            return None
        return run_queries.outlook(scope, run.run_id, horizon)
    if is_tested:
        return queries.outlook(scope, horizon, forecasts.AUTOMATIC)
    return _quick(queries.version(), scope, horizon)


@st.cache_resource(max_entries=256, show_spinner=False)
def _quick(version: queries.Version, scope: Scope, horizon: int) -> Outlook:
    """A forecast by the pretrained network alone, as those of the parts of a scope are."""
    series = queries.series(scope)
    history = forecasts.history_of(series, scope.measure)
    panel = forecasts.panel_of(history, scope.freq)
    made = forecasts.forecast(panel, forecasts.FIRST, horizon)
    future = made.to_frame().drop(columns="series_id")
    future["last_year"] = forecasts.last_year(history, future["timestamp"], scope.freq)
    future["baseline"] = future["last_year"]
    low, high = np.quantile(made.sample(_PATHS).sum(axis=2)[0], [0.1, 0.9])
    return Outlook(
        history=history,
        future=future,
        model=forecasts.FIRST,
        baseline=forecasts.LAST_YEAR,
        scores=None,
        fallback=made.notes[0].used if made.notes else "",
        reason=made.notes[0].reason if made.notes else "",
        total_low=float(low),
        total_high=float(high),
        partial=forecasts.partial_period(series),
    )


def _festivals(scope: Scope, made: Outlook) -> tuple[tuple[str, pd.Timestamp], ...]:
    first, last = made.future["timestamp"].iloc[0], made.future["timestamp"].iloc[-1]
    found = queries.events(scope.dataset_id, first.date(), last.date() + timedelta(days=6))
    if found.empty:
        return ()
    days = pd.to_datetime(found["first_day"])
    ahead = found[(days >= first) & (found["kind"] != "holiday")]
    return tuple(
        (str(name), pd.Timestamp(day))
        for name, day in zip(ahead["name"], ahead["first_day"], strict=True)
    )


def _rows(scope: Scope, run: Entry | None, made: Outlook) -> pd.DataFrame:
    """Every forecast value: of each series of the run in the scope, or of the scope itself."""
    columns = ["product", "place", "timestamp", "mean", "q0.1", "q0.9"]
    node, where = scopes.name(scope), scopes.place(scope)
    frame = None if run is None else registry().run(run.run_id).frame("forecast")
    if run is None or frame is None or run.about.scope.get("split") == "total":
        return made.future.assign(product=node, place=where)[columns]
    wanted = _wanted(scope, run)
    ids = frame["series_id"].astype(str)
    known = {series_id: wanted(series_id) for series_id in ids.unique()}
    is_ahead = frame["timestamp"] >= made.future["timestamp"].iloc[0]
    chosen = frame[ids.map(known).astype(bool) & is_ahead]
    # Read once: each read asks the database for its version, and there may be thousands of series.
    products = queries.products(scope.dataset_id)["name"].to_dict()
    places = queries.places(scope.dataset_id)["name"].to_dict()
    split = str(run.about.scope.get("split"))
    names = {
        series_id: _series_words(series_id, split, (products, places), (node, where))
        for series_id in chosen["series_id"].astype(str).unique()
    }
    words = chosen["series_id"].astype(str).map(names)
    return chosen.assign(product=words.str[0], place=words.str[1])[columns]


def _wanted(scope: Scope, run: Entry) -> run_forecasts.Selects:
    found = run_queries.selecting(scope, run.run_id)
    return found or (lambda series_id: False)


def _series_words(
    series_id: str,
    split: str,
    names: tuple[Mapping[Hashable, str], Mapping[Hashable, str]],
    whole: tuple[str, str],
) -> tuple[str, str]:
    """What a series of a run is of: product or category, and place; `whole` is the scope's own."""
    node, where = whole

    def product(key: str) -> str:
        return str(names[0].get(int(key), key)) if key.isdecimal() else key

    def place(key: str) -> str:
        return str(names[1].get(int(key), key)) if key.isdecimal() else key

    if split == "product_place":
        first, _, second = series_id.partition(":")
        return product(first), place(second)
    if split == "place":
        return node, place(series_id)
    return product(series_id) if split == "product" else series_id, where


def _windows(entry: Entry) -> int:
    """How many times the past was forecast in the comparison of a run."""
    scores = _frame(comparison(entry), "scores")
    return 0 if scores is None else int(scores["cutoff"].nunique())


def _frame(entry: Entry | None, name: str) -> pd.DataFrame | None:
    return None if entry is None else registry().run(entry.run_id).frame(name)


def _of_model(frame: pd.DataFrame | None, name: str) -> pd.DataFrame | None:
    return None if frame is None else frame[frame["model"] == name]


def _steps(tested: Entry | None) -> pd.DataFrame | None:
    """The error of every model by step ahead: step, then a column per model."""
    scores = _frame(tested, "step_scores")
    if scores is None:
        return None
    rated = fc.rate(scores, by=("model", "step"))
    return rated.pivot(index="step", columns="model", values="WAPE").reset_index()


def _moment(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(datetime.fromtimestamp(seconds))


def model_words(entry: Entry) -> str:
    """A model in the list of cards."""
    when = datetime.fromtimestamp(entry.about.created_at)
    crown = " ★" if entry.is_champion else ""
    name = forecast_words.model_name(entry.about.model, "W")
    return f"{name}{crown} · {entry.about.scope_words} · {when.day} {when:%b %H:%M}"
