"""What the worklist stands on, gathered once for everybody in a thread: sales, stock, forecasts.

Forecasts are those of the run in use, or of the newest one, of all products of the dataset; without
one, the best sellers are forecast by theta.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from data import events, inventory, publications, worklist, worklist_facts
from data import queries as data_queries
from data.calendar_entries import Entry as CalendarEntry
from data.publications import Publication
from data.scope import Freq, Scope
from data.store import Store
from engine import champions
from engine.registry import Entry
from ui import background, calendar_queries, queries, state, training
from ui import format as fmt
from ui import inventory_facts as stock_facts
from ui import inventory_reads as stock_reads
from ui import worklist_rules as rules
from ui.background import Tell
from ui.engine import registry
from ui.forecasts import NOUN
from ui.queries import Dataset
from ui.worklist_rules import NEAR, Limits, Sold

WEEKS = rules.WEEKS_A_YEAR + NEAR  # of sales
EVENT_DAYS = 28  # ahead that events are looked for
QUICK = 50  # best sellers that are forecast without a run
QUICK_WEEKS = 156  # that this learns from
_STEP_DAYS = {"D": 1, "W": 7}
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The run that says what will sell, the one before it, and its comparison."""

    entry: Entry
    before: Entry | None
    published: Publication | None  # the version published last; goes before the run before
    tests: Path | None  # scores.parquet of its comparison
    tests_run: str  # run id of it


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """All exceptions of a dataset, and what they stand on."""

    items: pd.DataFrame  # of `rules.ranked`
    until: date  # last day of sales that counts


def until(dataset: Dataset) -> date:
    """The last day of sales; of weekly sales, the end of its week."""
    assert dataset.last_day is not None
    day = dataset.last_day
    return day + timedelta(days=6 - day.weekday()) if dataset.frequency == "W" else day


def runs(dataset: Dataset) -> Runs | None:
    """The finished run of every product that is in use, else the newest; None where none is."""
    known = [entry for entry in registry().entries() if _is_of_all(entry, dataset)]
    if not known:
        return None
    entry = next((each for each in known if each.is_champion), known[0])
    until_day = entry.about.data_until
    earlier = [each for each in known if each.about.scope == entry.about.scope]
    before = next((each for each in earlier if each.about.data_until < until_day), None)
    tests = champions.comparison_of(registry(), entry)
    scores = tests.folder / "scores.parquet" if tests else None
    return Runs(
        entry=entry,
        before=before,
        published=publications.latest(
            state.store(), dataset.dataset_id, cast(Freq, entry.about.scope["freq"])
        ),
        tests=scores if scores is not None and scores.is_file() else None,
        tests_run=tests.run_id if tests else "",
    )


def found(dataset: Dataset, scope: Scope, limits: Limits) -> Found:
    """Every exception of the dataset; shows progress and ends the page while it is looked for."""
    chosen = runs(dataset)
    stock = None
    if stock_reads.has_stock(dataset.dataset_id):
        stock = stock_reads.inputs(dataset, scope)
    calendar = calendar_queries.entries(dataset.dataset_id)
    folder = registry().run(chosen.entry.run_id).folder if chosen else None
    before = registry().run(chosen.before.run_id).folder if chosen and chosen.before else None
    key = (
        dataset.dataset_id, limits, stock.key if stock else None,
        chosen.entry.run_id if chosen else "", chosen.tests_run if chosen else "",
        chosen.published if chosen else None,
        dataset.has_revenue, scope.measure,
    )  # fmt: skip

    def look(store: Store, tell: Tell) -> Found:
        day = until(dataset)
        sold = _sold(store, dataset.dataset_id, day)
        tell(0.2)
        parts = _of_sales(store, dataset.dataset_id, sold, day, calendar, limits)
        tell(0.3)
        if chosen is not None and folder is not None:
            parts += _of_run(store, dataset, sold, chosen, folder, before, day, limits)
        else:
            ahead = _quick(store, dataset.dataset_id, day, sold)
            if ahead is not None:
                parts.append(rules.off_last_year(sold, ahead, limits))
        tell(0.5)
        if stock is not None:
            made = stock_reads.planned(
                stock, store, lambda share, words: tell(0.5 + 0.45 * min(share, 1.0))
            )
            if made is not None:
                decisions = inventory.decisions(store, dataset.dataset_id, made.stock_day)
                parts.append(rules.of_stock(stock_facts.decided(made.lines, decisions)))
        items = rules.ranked(parts, sold, limits, has_money=dataset.has_revenue)
        return Found(items=items, until=day)

    return background.result(
        "the worklist",
        (*queries.version(), ordered(dataset.dataset_id)),
        key,
        look,
        label="Looking for what needs you",
    )


def ordered(dataset_id: int) -> int:
    """Grows with every decision about an order, so that what is ordered leaves the list."""
    return inventory.last_decision(state.store(), dataset_id)


def sparks(dataset: Dataset, items: pd.DataFrame, weeks: int) -> list[list[float]]:
    """Weekly units of each item, oldest first."""
    if items.empty:
        return []
    frame = worklist_facts.sparks(
        state.store(),
        dataset.dataset_id,
        items[["product_id", "place_id"]],
        until=until(dataset),
        weeks=weeks,
    )
    table = np.zeros((len(items), weeks))
    table[frame["row"].to_numpy(), weeks - 1 - frame["ago"].to_numpy()] = frame["quantity"]
    return [row.tolist() for row in table]


def limits(dataset_id: int) -> Limits:
    """The usual thresholds, with what somebody changed."""
    return Limits().with_changes(worklist.limits(state.store(), dataset_id))


def _is_of_all(entry: Entry, dataset: Dataset) -> bool:
    """Whether a run is a finished forecast of every product's units."""
    of_run = training.scope_of(entry.about)
    if not entry.about.model or of_run is None or of_run.dataset_id != dataset.dataset_id:
        return False
    narrowed = of_run.categories or of_run.product_id or of_run.place_id or of_run.segment_id
    if narrowed or of_run.freq not in _STEP_DAYS or of_run.measure != "quantity":
        return False
    if entry.about.scope.get("split") not in ("product", "product_place"):
        return False
    return (registry().run(entry.run_id).folder / "forecast.parquet").is_file()


def _sold(store: Store, dataset_id: int, day: date) -> Sold:
    frame = worklist_facts.recent(store, dataset_id, until=day, weeks=WEEKS)
    weeks = frame.pivot_table(
        index="product_id", columns="ago", values="quantity", aggfunc="sum", fill_value=0.0
    ).astype(float)
    (first,) = store.rows("SELECT min(day) FROM sales WHERE dataset_id = $1", [dataset_id])
    known = min(((day - first[0]).days + 1) // 7, WEEKS)  # whole weeks of the data
    weeks = weeks.reindex(columns=range(known), fill_value=0.0)
    return Sold(weeks=weeks, price=worklist_facts.prices(store, dataset_id))


def _of_sales(
    store: Store,
    dataset_id: int,
    sold: Sold,
    day: date,
    calendar: list[CalendarEntry],
    limits: Limits,
) -> list[pd.DataFrame]:
    """What needs no forecast: silence, new products, events ahead."""
    today = day + timedelta(days=1)
    silent = worklist_facts.silent(store, dataset_id)
    new = worklist_facts.new_products(store, dataset_id, weeks=int(limits.new_weeks))
    return [
        rules.likely_out(silent, limits),
        rules.new_products(new, pd.Timestamp(today)),
        *_of_events(store, dataset_id, sold, today, calendar, limits),
    ]


def _of_events(
    store: Store,
    dataset_id: int,
    sold: Sold,
    today: date,
    calendar: list[CalendarEntry],
    limits: Limits,
) -> list[pd.DataFrame]:
    named = [each for each in calendar if each.kind in ("festival", "own")]
    ahead = events.occurrences(named, today, today + timedelta(days=EVENT_DAYS))
    past = events.occurrences(
        named, today - timedelta(days=400), today - timedelta(days=330 - EVENT_DAYS)
    )
    ahead = ahead[ahead["place_id"].isna()].drop_duplicates("name")
    past = past[past["place_id"].isna()].drop_duplicates("name", keep="last").set_index("name")
    ahead = ahead[ahead["name"].isin(past.index)]
    if ahead.empty:
        return []
    then = past.loc[ahead["name"]].reset_index()
    windows = pd.DataFrame(
        {
            "event": then["name"],
            "first": then["first_day"] - pd.to_timedelta(then["days_before"], unit="D"),
            "last": then["last_day"] + pd.to_timedelta(then["days_after"], unit="D"),
        }
    )
    around = worklist_facts.around_events(store, dataset_id, windows)
    days, planned = {}, {}
    for row in ahead.to_dict("records"):
        name, first = str(row["name"]), pd.Timestamp(row["first_day"]).date()
        days[name] = (first - today).days
        last = pd.Timestamp(row["last_day"]).date()
        planned[name] = worklist_facts.planned(store, dataset_id, first, last)
    return [rules.event_no_plan(around, sold, days, planned, limits)]


def _of_run(
    store: Store,
    dataset: Dataset,
    sold: Sold,
    chosen: Runs,
    folder: Path,
    before: Path | None,
    day: date,
    limits: Limits,
) -> list[pd.DataFrame]:
    """What the run says: against last year, the run before, its tests, and sales since."""
    parts = []
    frame = _read(folder / "forecast.parquet", ["series_id", "timestamp", "mean"])
    ahead = _ahead(frame, day)
    if ahead is not None:
        parts.append(rules.off_last_year(sold, ahead, limits))
    if ahead is not None and (earlier := _earlier(store, chosen, before, day)) is not None:
        parts.append(rules.forecast_jumped(ahead, *earlier, limits))
    if chosen.tests is not None:
        parts.append(rules.accuracy_slipped(_tests(chosen.tests, chosen.entry), limits))
    freq = str(chosen.entry.about.scope.get("freq", "W"))
    arrived = _arrived(store, dataset, chosen, folder, day, freq)
    if arrived is not None:
        parts.append(rules.outside_band(arrived, NOUN[freq]))
    return parts


def _earlier(
    store: Store, chosen: Runs, before: Path | None, day: date
) -> "tuple[pd.Series[float], str] | None":
    """What the next weeks were said to be before, and when: in the plan published last.

    That is the forecast below the plan, so that what people changed is no jump; a plan on this very
    run has not moved. Without a plan that reaches so far, the run before.
    """
    version = chosen.published
    if version is not None:
        told = _ahead(publications.rows(store, version.publication_id), day)
        if told is not None:
            if version.run_id == chosen.entry.run_id:
                return None
            return told, f"“{version.name}” of {fmt.day(version.created_at.date())}"
    if before is None or chosen.before is None or not (before / "forecast.parquet").is_file():
        return None
    then = _ahead(_read(before / "forecast.parquet", ["series_id", "timestamp", "mean"]), day)
    since = fmt.day(pd.Timestamp(chosen.before.about.data_until))
    return None if then is None else (then, since)


def _ahead(frame: pd.DataFrame, day: date) -> "pd.Series[float] | None":
    """Units of the next four weeks by product; None where the forecast does not reach so far."""
    first, last = pd.Timestamp(day), pd.Timestamp(day) + pd.Timedelta(weeks=NEAR)
    stamps = frame["timestamp"]
    ends = stamps.max() + (stamps.max() - stamps.min()) / max(stamps.nunique() - 1, 1)
    if ends <= last:
        return None
    near = frame[(stamps > first) & (stamps <= last)]
    return near.groupby("product_id")["mean"].sum()


def _tests(path: Path, entry: Entry) -> pd.DataFrame:
    """product_id, window, wrong, off, actual of the run's model; 0 is the newest window."""
    frame = _read(path, ["series_id", "cutoff", "actual", "error", "absolute_error"],
                  model=entry.about.model)  # fmt: skip
    order = {cutoff: at for at, cutoff in enumerate(sorted(frame["cutoff"].unique())[::-1])}
    frame["window"] = frame["cutoff"].map(order)
    return frame.rename(columns={"error": "off", "absolute_error": "wrong"})


def _arrived(
    store: Store, dataset: Dataset, chosen: Runs, folder: Path, day: date, freq: str
) -> pd.DataFrame | None:
    """product_id, periods, outside, off: sales since the run, against its 95% band."""
    begin = date.fromisoformat(chosen.entry.about.data_until[:10])
    if begin >= day:
        return None
    names = ["series_id", "timestamp", "mean", "q0.025", "q0.975"]
    path = folder / "forecast.parquet"
    if not set(names) <= set(pq.read_schema(path).names):  # a run of other bands
        return None
    frame = _read(path, names)
    step = _STEP_DAYS[freq]
    whole = pd.Timestamp(day) - pd.Timedelta(days=step - 1)  # the last complete period's start
    frame = frame[frame["timestamp"] <= whole]
    if frame.empty:
        return None
    sold = _since(store, dataset.dataset_id, frame["timestamp"].min(), day, freq)
    split = chosen.entry.about.scope.get("split")
    keys = ["product_id", "timestamp", *(["place_id"] if split == "product_place" else [])]
    sold = sold.groupby(keys)["quantity"].sum().reset_index()
    both = frame.merge(sold, on=keys, how="left").fillna({"quantity": 0.0})
    outside = (both["quantity"] < both["q0.025"] - 0.5) | (both["quantity"] > both["q0.975"] + 0.5)
    both = both.assign(outside=outside, off=both["quantity"] - both["mean"])
    series = both.groupby(keys[:1] + keys[2:]).agg(
        periods=("off", "size"), outside=("outside", "sum"), off=("off", "sum")
    )
    return series.groupby("product_id").sum().reset_index()


def _since(
    store: Store, dataset_id: int, first: pd.Timestamp, last: date, freq: str
) -> pd.DataFrame:
    unit = data_queries.PERIOD[freq]
    frame = store.frame(
        f"SELECT product_id, place_id, date_trunc('{unit}', day)::DATE AS timestamp, "
        "sum(quantity) AS quantity FROM sales WHERE dataset_id = $1 AND day BETWEEN $2 AND $3 "
        "GROUP BY ALL",
        [dataset_id, first.date(), last],
    )
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"]).astype("datetime64[ns]"))


def _quick(store: Store, dataset_id: int, day: date, sold: Sold) -> "pd.Series[float] | None":
    """Units of the next four weeks of the best sellers, by theta; None where nothing sells."""
    import forecasting as fc  # late: it takes a while to import

    near = sold.near().fillna(0.0)
    worth = near * sold.price.reindex(near.index).fillna(1.0)
    best = worth[worth > 0].nlargest(QUICK).index
    if best.empty:
        return None
    frame = worklist_facts.recent(
        store, dataset_id, until=day, weeks=QUICK_WEEKS, products=best.tolist()
    )
    ends = pd.Timestamp(day)
    panel = fc.Panel.from_frame(
        pd.DataFrame(
            {
                "series_id": frame["product_id"].astype(str),
                "timestamp": ends - pd.to_timedelta(frame["ago"] * 7, unit="D"),
                "target": frame["quantity"],
            }
        ),
        freq=f"W-{_WEEKDAYS[ends.weekday()]}",
        gaps="zero",
    )
    made = fc.create("theta", horizon=NEAR).fit(panel).predict(panel)
    ahead = pd.Series(made.mean.clip(min=0).sum(axis=1), index=made.series_ids.astype(int))
    return ahead.rename_axis("product_id")


def _read(path: Path, columns: list[str], *, model: str = "") -> pd.DataFrame:
    """Columns of a run's file, with product_id (and place_id) in the place of series_id.

    Of a comparison, the rows of one model.
    """
    frame = pd.read_parquet(
        path, columns=columns, filters=[("model", "==", model)] if model else None
    )
    codes, ids = pd.factorize(frame.pop("series_id"))
    parts = pd.Index(ids).astype(str).str.partition(":").to_frame(index=False)
    frame["product_id"] = parts[0].astype(int).to_numpy()[codes]
    if (parts[2] != "").all():
        frame["place_id"] = parts[2].astype(int).to_numpy()[codes]
    return frame
