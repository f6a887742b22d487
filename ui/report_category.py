"""From the screens that explore a category to what its review is given. Knows no widgets."""

from datetime import timedelta

import pandas as pd

import reports
from data import alignments
from data import overview as data_overview
from data.comparison import Comparison, compare
from data.scope import Scope
from data.segments import Thresholds
from data.store import Store
from engine.registry import Entry
from ui import calendar_facts, calendar_queries, forecasts, queries, report_facts, seasonality_facts
from ui import scope as scopes
from ui.forecasts import Outlook
from ui.queries import Dataset
from ui.report_facts import Tell

MOVERS = 400  # products that may be told as movers


def category(
    store: Store,
    dataset: Dataset,
    scope: Scope,
    run: Entry | None,
    made: Outlook | None,
    setting: reports.Setting,
    tell: Tell,
) -> reports.CategoryFacts | None:
    """The facts of a scope without a single product; None where nothing was sold in two years."""
    assert dataset.first_day is not None
    assert dataset.last_day is not None
    comparison = compare(
        data_first=dataset.first_day,
        data_last=dataset.last_day,
        reach="52 weeks",
        alignment=alignments.kept(store, dataset.dataset_id),
        freq=dataset.frequency,
    )
    tell(0.05, "Comparing with last year")
    found = queries.overview(scope, comparison)
    if found is None:
        return None
    tell(0.2, "Sorting products into classes")
    classes = queries.classified_products(scope, dataset.frequency, Thresholds())
    tell(0.35, "Taking the season apart")
    patterns = queries.patterns(scope, dataset.frequency)
    tell(0.5, "Measuring what festivals did")
    festivals = _festivals(store, dataset, scope)
    tell(0.75, "Forecasting parts")
    totals, revenue = found.totals, scope.measure == "revenue"
    line = found.line[found.line["complete"]].rename(columns={"start": "timestamp"})
    parts: tuple[reports.Parts, ...] = ()
    if made is not None and scopes.has_children(scope, "product"):
        parts = (report_facts.parts(scope, "product", made, run),)
    return reports.CategoryFacts(
        setting=setting,
        name=scopes.name(scope),
        place=scopes.place(scope),
        first=pd.Timestamp(comparison.first),
        last=pd.Timestamp(comparison.last),
        has_before=comparison.has_before,
        value=float(totals.revenue if revenue else totals.units),
        before=float(totals.revenue_before if revenue else totals.units_before),
        units=float(totals.units),
        units_before=float(totals.units_before),
        price=totals.price,
        price_before=totals.price_before,
        products=totals.products,
        new=totals.new,
        gone=totals.gone,
        stockout_share=totals.stock_out / totals.stock_known if totals.stock_known else None,
        steps={name: value / 100 for name, value in found.split.steps.items()}
        if found.split
        else {},
        line=line[["timestamp", "value", "before"]].reset_index(drop=True),
        classes=classes[["abc", "xyz", "amount"]] if len(classes) else pd.DataFrame(),
        movers=_movers(store, scope, comparison) if comparison.has_before else None,
        pattern=_pattern(patterns),
        festivals=festivals,
        outlook=None if made is None else report_facts.outlook(made, scope.freq, run),
        parts=parts,
        run=run.name if run else "",
    )


def _movers(store: Store, scope: Scope, comparison: Comparison) -> reports.Parts:
    found = data_overview.products(store, scope, comparison, limit=MOVERS)
    column = "revenue" if scope.measure == "revenue" else "units"
    frame = pd.DataFrame(
        {
            "label": found["name"].where(found["name"] != "", found["code"]),
            "forecast": found[column].astype(float),
            "before": found[f"{column}_before"].astype(float),
        }
    )
    return reports.Parts(level="product", frame=frame)


def _pattern(found: seasonality_facts.Patterns | None) -> reports.Pattern:
    if found is None:
        return reports.Pattern()
    week = found.week
    return reports.Pattern(
        yearly=found.yearly,
        top_month=found.year.top + 1 if found.year is not None else None,
        weekly=found.weekly,
        top_weekday=week.top if week is not None else None,
        weekday_above=float(week.factors[week.top]) - 1 if week is not None else None,
        trend=found.trend.yearly if found.trend is not None else None,
        since=found.trend.since if found.trend is not None else None,
    )


def _festivals(store: Store, dataset: Dataset, scope: Scope) -> tuple[reports.Festival, ...]:
    """What comes in the next weeks, each with what it did on its own days before."""
    assert dataset.first_day is not None
    assert dataset.last_day is not None
    own = calendar_queries.finest(scope, dataset)
    effects = calendar_queries.effects_now(store, own)
    until = dataset.last_day + timedelta(weeks=calendar_facts.AHEAD_WEEKS)
    found = calendar_queries.occurrences(
        dataset.dataset_id, dataset.last_day, until, place_id=scope.place_id
    )
    ahead = calendar_facts.coming(found[found["kind"] != "school"], dataset.last_day)
    measured = effects.measured.get(calendar_queries.TOTAL)
    made = []
    for row in ahead.drop_duplicates("name").to_dict("records"):
        name, first = str(row["name"]), pd.Timestamp(row["first_day"])
        on = measured.of(name, "on") if measured is not None else None
        if measured is None or on is None:
            if row["kind"] != "holiday":
                made.append(reports.Festival(name=name, first_day=first))
            continue
        usual = pd.Series(measured.usual, index=effects.series.index)
        extra = calendar_facts.extra(measured, name, calendar_facts.growth(usual))
        clear = any(each.is_clear for each in measured.effects if each.name == name)
        made.append(
            reports.Festival(
                name=name,
                first_day=first,
                lift=on.lift,
                low=on.low,
                high=on.high,
                times=len(on.past),
                is_clear=clear,
                extra=extra.expected if extra else None,
                extra_low=extra.low if extra else None,
                extra_high=extra.high if extra else None,
            )
        )
    return tuple(made)


def has_sales(scope: Scope) -> bool:
    """Whether a complete period of sales is known."""
    return not forecasts.history_of(queries.series(scope), scope.measure).empty
