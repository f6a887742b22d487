"""What ordering by our forecasts would have earned in the past weeks. Knows no Streamlit.

Each line (a product in a place) is replayed day by day on what it sold, with its own lead time,
review, packs, smallest order and shelf life: once ordered by Almanac's levels, once by the textbook
rule. A model learns from the weeks before the first review alone, of some of the lines where they
are many, and forecasts at each weekly review from what had been sold by then. Lines come in chunks.
Arrays: B lines, T steps, R reviews.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

import forecasting as fc
from data import inventory, inventory_replay
from data.inventory import PAIR
from data.store import Store
from forecasting.arrays import FloatArray
from forecasting.planning import (
    Items,
    Replay,
    gaussian_levels,
    levels_asked,
    replay,
    up_to_by_review,
)
from ui import inventory_source as sources
from ui.inventory_facts import ITEM_COLUMNS
from ui.inventory_replay_results import BOOK, OURS, RECORDED, WAYS, Found, Span, Way, service_asked

WEEKS = 26  # judged, at most
FEWEST = 8  # weeks, below which chance decides
LEARN = 26  # weeks of sales before the first review, at least
HISTORY = 26  # weeks whose mean and sigma the textbook takes
CHUNK, TAUGHT = 2000, 1000  # lines replayed at a time, and learned from
PATHS = 100
ASKED = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)  # services tried, for what to ask for

Tell = Callable[[float], object]  # share done


def replayed(
    store: Store,
    dataset_id: int,
    items: pd.DataFrame,
    *,
    until: date,
    step_days: int = 1,
    tell: Tell = lambda share: None,
) -> Found | None:
    """Replay the lines of `inventory_facts.items`; None where too few weeks of sales are known.

    `until` is the last day of the sales, `tell` is called between parts with the share done.
    """
    items = items.sort_values(PAIR).reset_index(drop=True)
    known = inventory_replay.weeks_known(
        store, dataset_id, items["product_id"].unique().tolist(), until=until
    )
    span = _span(items, until, known, step_days)
    if span is None or items.empty:
        return None
    zero_gaps = inventory.counts_gaps_as_zero(store, dataset_id)
    model = _taught(store, dataset_id, items, span, zero_gaps, lambda share: tell(share * 0.4))
    asked = ASKED if service_asked(items) is not None else ()
    parts, tried = [], np.zeros((len(asked), 3))
    for start in range(0, len(items), CHUNK):

        def within(share: float, start: int = start) -> None:
            tell(0.4 + 0.6 * min((start + share * CHUNK) / len(items), 1.0))

        some = items.iloc[start : start + CHUNK].reset_index(drop=True)
        chunk = _Chunk.read(store, dataset_id, some, span, zero_gaps)
        ways, sums = _ways(chunk, model, asked, within)
        ways[RECORDED] = _recorded(store, dataset_id, chunk)
        parts.append(ways)
        tried += sums
    return Found(
        span=span,
        items=items,
        ways={name: _joined([part[name] for part in parts]) for name in WAYS},
        model=model.name,
        asked=asked,
        tried=tried,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chunk:
    """Some lines and their past."""

    items: pd.DataFrame
    span: Span
    panel: fc.Panel  # weeks
    sold: FloatArray  # (B, T) from `HISTORY` weeks before the first review on; NaN: not yet on sale

    @classmethod
    def read(
        cls, store: Store, dataset_id: int, items: pd.DataFrame, span: Span, zero_gaps: bool
    ) -> "_Chunk":
        steps = (HISTORY + span.reviews) * span.per_week
        past = inventory_replay.sold(
            store, dataset_id, items, until=span.until, steps=steps, step_days=span.step_days
        )
        sold = np.maximum(past.sold, 0.0)
        sold[np.arange(steps) < past.first[:, None]] = np.nan
        return cls(
            items=items,
            span=span,
            panel=_panel(store, dataset_id, items, span, zero_gaps),
            sold=sold,
        )

    def steps_of(self, name: str, *, least: float) -> FloatArray:
        """A column of days as whole steps (B,)."""
        steps = self.items[name].to_numpy(np.float64) / self.span.step_days
        return np.maximum(np.ceil(steps - 1e-9), least)

    def replay(self, levels: FloatArray) -> Replay:
        """The judged weeks, ordered up to the levels (R, B) of each week."""
        per_week = self.span.per_week
        shelf = np.floor(self.items["shelf_life_days"].to_numpy(np.float64) / self.span.step_days)
        return replay(
            self.sold[:, HISTORY * per_week :],
            up_to_by_review(levels, review_steps=per_week),
            stock=levels[0],
            lead_steps=self.steps_of("lead_time_days", least=0).astype(np.intp),
            review_steps=self.steps_of("review_days", least=1).astype(np.intp),
            pack_size=self.items["pack_size"].to_numpy(np.float64),
            min_order=self.items["min_order"].to_numpy(np.float64),
            shelf_steps=np.maximum(shelf, 1.0),
            warm_up=self.span.warm_up * per_week,
        )


def _ways(
    chunk: _Chunk, model: fc.Forecaster, asked: Sequence[float], tell: Tell
) -> tuple[dict[str, Way], FloatArray]:
    """Ours and the textbook's, and the sums of `Found.tried`."""
    own, *others = _our_levels(chunk, model, asked, tell)
    cost = chunk.items["unit_cost"].fillna(0.0).to_numpy(np.float64)
    tried = np.zeros((len(others), 3))
    for row, levels in enumerate(others):
        found = chunk.replay(levels)
        tried[row] = found.lost.sum(), found.mean_stock.sum(), found.mean_stock @ cost
    both = {OURS: chunk.replay(own), BOOK: chunk.replay(_book_levels(chunk))}
    return {name: _way(name, found, chunk.span) for name, found in both.items()}, tried


def _our_levels(
    chunk: _Chunk, model: fc.Forecaster, asked: Sequence[float], tell: Tell
) -> FloatArray:
    """(1 + A, R, B): as the lines ask, and for other services; 0 before a line was known."""
    series = pd.Index(chunk.items["series_id"])
    reviews = chunk.panel.timestamps[-chunk.span.reviews :]
    seen = [each for each in reviews if each > chunk.panel.timestamps[0]]
    levels = np.zeros((1 + len(asked), chunk.span.reviews, len(series)))
    if not seen:  # all of these lines are new
        return levels
    rows = chunk.panel.series_ids.get_indexer(series)

    def on_review(done: int, count: int) -> None:
        tell(done / count)

    made = levels_asked(
        model, chunk.panel, chunk.items[ITEM_COLUMNS], seen, asked=(None, *asked), num_paths=PATHS,
        on_review=on_review,
    )  # fmt: skip
    levels[:, -len(seen) :] = np.where(rows >= 0, made[:, :, rows], 0.0)
    return levels


def _book_levels(chunk: _Chunk) -> FloatArray:
    """(R, B) of mean and sigma, at each review anew; no more than sells before it spoils."""
    columns = chunk.items[ITEM_COLUMNS]
    items = Items.from_frame(columns, pd.Index(columns["series_id"]))
    ratio = items.critical_ratio()
    service = np.where((items.target == "cost") & np.isfinite(ratio), ratio, items.service_level)
    lead = chunk.steps_of("lead_time_days", least=0)
    fresh = lead + items.shelf_life_days / chunk.span.step_days
    per_week = chunk.span.per_week
    rows = []
    for review in range(chunk.span.reviews):
        history = chunk.sold[:, review * per_week : (review + HISTORY) * per_week]
        known = np.isfinite(history).sum(axis=1) >= 2
        history = np.where(known[:, None], history, 0.0)
        level = gaussian_levels(
            history,
            lead_steps=lead.astype(np.intp),
            review_steps=chunk.steps_of("review_days", least=1).astype(np.intp),
            service_level=np.clip(service, 0.001, 0.999),
        )
        mean = np.nanmean(history, axis=1)
        limit = np.where(np.isfinite(fresh), mean * np.where(np.isfinite(fresh), fresh, 0), np.inf)
        rows.append(np.minimum(np.maximum(level, 0.0), limit))
    return np.stack(rows)


def _way(name: str, found: Replay, span: Span) -> Way:
    lines = found.to_frame(pd.RangeIndex(len(found.demand)))
    by_week = {
        "demand": found.demand_by_step,
        "lost": found.lost_by_step,
        "stock": found.stock_by_step / span.per_week,
    }
    weekly = {name: each.reshape(span.weeks, -1).sum(axis=1) for name, each in by_week.items()}
    lines = lines.assign(out=found.steps_out)
    return Way(
        name=name,
        lines=lines[["demand", "lost", "mean_stock", "spoilt", "orders", "out"]],
        weekly=pd.DataFrame(weekly),
    )


def _recorded(store: Store, dataset_id: int, chunk: _Chunk) -> Way:
    """What the shop wrote down: its sales and stock; its orders and losses are not known."""
    span = chunk.span
    found = inventory_replay.recorded(
        store, dataset_id, chunk.items, until=span.until, weeks=span.weeks
    )
    sold = np.nan_to_num(chunk.sold[:, -span.weeks * span.per_week :])
    days = found.days.sum(axis=1)
    known = np.where(found.days > 0, found.stock * found.days, 0.0).sum(axis=1)
    nothing = np.full(len(days), np.nan)
    mean = np.divide(known, days, out=nothing.copy(), where=days > 0)
    by_week = np.where(found.days > 0, found.stock, mean[:, None])  # so that the sum does not jump
    lines = pd.DataFrame(
        {
            "demand": sold.sum(axis=1),
            "lost": nothing,
            "mean_stock": mean,
            "spoilt": nothing,
            "orders": nothing,
            "out": np.divide(found.out.sum(axis=1), days, out=nothing.copy(), where=days > 0),
        }
    )
    weekly = {
        "demand": sold.reshape(len(sold), span.weeks, -1).sum(axis=(0, 2)),
        "lost": np.full(span.weeks, np.nan),
        "stock": np.nansum(by_week, axis=0) if (days > 0).any() else np.full(span.weeks, np.nan),
    }
    return Way(name=RECORDED, lines=lines, weekly=pd.DataFrame(weekly))


def _joined(ways: list[Way]) -> Way:
    weekly = sum((way.weekly for way in ways[1:]), start=ways[0].weekly)
    lines = pd.concat([way.lines for way in ways], ignore_index=True)
    return Way(name=ways[0].name, lines=lines, weekly=weekly)


def _span(items: pd.DataFrame, until: date, known: int, step_days: int) -> Span | None:
    """As many weeks as the history allows; None where they are too few."""
    cycle = (items["lead_time_days"] + items["review_days"]).max() / 7
    warm_up = int(np.clip(math.ceil(cycle), 2, 8)) if cycle == cycle else 2
    weeks = min(WEEKS, known - LEARN - warm_up)
    if weeks < FEWEST:
        return None
    return Span(until=until, weeks=weeks, warm_up=warm_up, step_days=step_days)


def _panel(
    store: Store, dataset_id: int, items: pd.DataFrame, span: Span, zero_gaps: bool
) -> fc.Panel:
    weeks = inventory.weekly_sales(
        store, dataset_id, until=span.until, weeks=sources.WEEKS,
        products=items["product_id"].unique().tolist(),
    )  # fmt: skip
    weeks = weeks.merge(items[PAIR], on=PAIR)
    return sources.weekly_panel(weeks, span.until, zero_gaps=zero_gaps)


def _taught(
    store: Store, dataset_id: int, items: pd.DataFrame, span: Span, zero_gaps: bool, tell: Tell
) -> fc.Forecaster:
    """Trees that have seen nothing since the first review; last year's weeks where they cannot."""
    chosen = items
    if len(items) > TAUGHT:
        chosen = items.sample(TAUGHT, random_state=0).sort_values(PAIR)
    panel = _panel(store, dataset_id, chosen, span, zero_gaps)
    past = panel.until(span.first_review - pd.Timedelta(days=1))
    cycle = (items["lead_time_days"] + items["review_days"]).max() / 7
    horizon = int(np.clip(math.ceil(cycle), 4, sources.HORIZON))
    try:
        trees = fc.create("gbm", horizon=horizon)
        return trees.fit(past, on_progress=lambda at: tell(at.fraction))
    except fc.ForecastingError:
        return fc.create("seasonal_naive", horizon=horizon).fit(past)
