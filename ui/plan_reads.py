"""What the plan of the Forecast page reads, kept per revision of the plan."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from data import plan_accuracy, plan_changes, plan_log, plans, publications
from data.plan_log import Edit
from data.plans import Plan
from data.publications import Publication
from data.scope import Freq, Scope
from ui import forecasts, queries, state
from ui.forecasts import Outlook
from ui.plan_source import same_scope
from ui.queries import Dataset


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """The plan of a scope, beside what it is compared with."""

    plan: Plan
    scope: Scope
    dataset: Dataset
    series: pd.DataFrame  # of `data.plans.series`, periods that are not over
    last_year: pd.Series  # in the measure of the scope
    previous: pd.Series  # what was published last, in the same measure
    published: Publication | None

    @property
    def headers(self) -> list[str]:
        from ui import plan_words

        return [plan_words.header(each, self.plan.freq) for each in self.series["timestamp"]]

    def periods(self, headers: list[str]) -> tuple[date, ...]:
        """The periods of columns."""
        by_header = dict(zip(self.headers, self.series["timestamp"], strict=True))
        return tuple(by_header[each].date() for each in headers if each in by_header)


def plan(dataset_id: int, freq: Freq) -> Plan | None:
    """The plan as it is now, once what has come to its end is taken out."""
    found = plans.current(state.store(), dataset_id, freq)
    if found is not None and plan_changes.expire(state.store(), found, date.today()):
        return plans.current(state.store(), dataset_id, freq)
    return found


@st.cache_resource(max_entries=64, show_spinner=False)
def of_scope(found: Plan, scope: Scope) -> pd.DataFrame:
    """See `data.plans.series`; `scope` is one of `same_scope`."""
    return plans.series(state.store(), found, scope)


def sheet(found: Plan, scope: Scope, made: Outlook, dataset: Dataset) -> Sheet:
    """The plan of a scope from the first period that is not over."""
    series = of_scope(found, same_scope(scope))
    series = series[series["timestamp"] > made.history["timestamp"].iloc[-1]]
    series = series.reset_index(drop=True)
    last = publications.latest(state.store(), dataset.dataset_id, found.freq)
    previous = pd.Series(float("nan"), index=series.index)
    if last is not None:
        told = _published(last.publication_id, same_scope(scope)).set_index("timestamp")
        column = "final_money" if scope.measure == "revenue" else "final"
        previous = pd.Series(told[column].reindex(series["timestamp"]).to_numpy(dtype=float))
    return Sheet(
        plan=found,
        scope=scope,
        dataset=dataset,
        series=series,
        last_year=forecasts.last_year(made.history, series["timestamp"], found.freq),
        previous=previous,
        published=last,
    )


def history(found: Plan) -> list[Edit]:
    """What was done to a plan, latest first."""
    return plan_log.history(state.store(), found.plan_id)


def past_changes(dataset_id: int, freq: Freq) -> pd.DataFrame:
    """Past changes with what sold; see `data.plan_accuracy.cases`."""
    last = publications.latest(state.store(), dataset_id, freq)
    return _cases(queries.version(), last.publication_id if last else 0, dataset_id, freq)


@st.cache_resource(max_entries=64, show_spinner=False)
def _published(publication_id: int, scope: Scope) -> pd.DataFrame:
    return publications.series(state.store(), publication_id, scope)


@st.cache_resource(max_entries=8, show_spinner=False)
def _cases(version: queries.Version, last: int, dataset_id: int, freq: Freq) -> pd.DataFrame:
    return plan_accuracy.cases(state.store(), dataset_id, freq)
