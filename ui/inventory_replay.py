"""“What it would have earned”: the fold of the Inventory page that replays the past weeks."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from ui import background, chart_downloads, inventory_orders, lost_sales_facts, queries, state
from ui import format as fmt
from ui import inventory_reads as reads
from ui import inventory_replay_charts as charts
from ui import inventory_replay_facts as facts
from ui import inventory_replay_results as results
from ui import inventory_replay_words as words
from ui.inventory import View
from ui.inventory_replay_results import BOOK, OURS, RECORDED, WAYS, Found

FOLD = "inventory_replay"
_MODELS = {"gbm": "boosted trees", "seasonal_naive": "last year's weeks"}


def fold(view: View) -> None:
    """Folded away; nothing is worked out before it is opened. Draws nothing after it."""
    with st.expander(
        "What it would have earned", icon=":material/history:", on_change="rerun", key=FOLD
    ) as box:
        if box.open:
            _body(view)


def _body(view: View) -> None:
    found = _found(view)
    if found is None:
        least = facts.LEARN + facts.FEWEST + 2
        st.caption(
            f"The past can be replayed from about {least} weeks of sales on; fewer are known here."
        )
        return
    found = _with_lost(view, found)
    span = found.span
    st.markdown(f"**{words.verdict(found)}**")
    more = [words.against_the_shop(found), words.hint(found)]
    if said := " ".join(text for text in more if text):
        st.markdown(said.replace("$", "\\$"))
    st.caption(
        f"{fmt.count(len(found.items), 'line')}, {span.weeks} weeks from {fmt.day(span.first)} to "
        f"{fmt.day(span.until)}, each with its own lead time, review, packs and shelf life. "
        f"Almanac's levels come from {_MODELS[found.model]} that learned before the first review "
        "and saw at each weekly review only what had been sold by then. The demand replayed is "
        "what was sold: days that were sold out show less than was wanted."
    )
    _table(found, view.dataset.currency)
    _chart(found)
    st.download_button(
        "Download CSV",
        lambda: inventory_orders.csv(by_line(found, view.lines)),
        file_name="replay.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key="inventory_replay_csv",
    )


def _found(view: View) -> Found | None:
    dataset, made = view.dataset, view.made
    dataset_id, items, until = dataset.dataset_id, made.items, made.stock_day
    asked = replace(
        view.scope, freq="W", measure="quantity", corrected=False, correction_revision=0
    )
    return background.result(
        "order replay",
        queries.version()[:3],  # calendars change nothing here
        (dataset_id, asked, reads.revision(dataset_id), made.source.entry is None),
        lambda store, tell: facts.replayed(
            store,
            dataset_id,
            items,
            until=until,
            step_days=7 if dataset.frequency == "W" else 1,
            tell=tell,
        ),
        label="Replaying the past weeks",
        kept=4,
    )


def _with_lost(view: View, found: Found) -> Found:
    """With the estimate of Lost sales, where somebody has had it made."""
    days = found.span.weeks * 7
    for span in (365, None):
        lost = lost_sales_facts.found_before(state.store(), view.dataset.dataset_id, days=span)
        if lost is not None and (span is None or span >= days) and view.dataset.frequency == "D":
            return results.with_lost(found, lost.days)
    return found


def _table(found: Found, currency: str) -> None:
    rows = [results.sums(found, name) for name in (RECORDED, BOOK, OURS)]
    table = pd.DataFrame(
        {
            "what": [RECORDED, BOOK, OURS],
            "served": [each.served * 100 for each in rows],
            "stock_cost": [each.stock_cost for each in rows],
            "stock": [each.stock for each in rows],
            "lost_money": [each.lost_money for each in rows],
            "lost": [each.lost for each in rows],
            "spoilt": [each.spoilt for each in rows],
            "orders": [each.orders for each in rows],
            "out": [each.out * 100 for each in rows],
        }
    )
    st.dataframe(
        table.round({"stock": 0, "lost": 0, "spoilt": 0, "stock_cost": 0, "lost_money": 0}),
        hide_index=True,
        placeholder=fmt.DASH,
        column_config=_columns(currency),
        alt="What was served, held, lost and written off: as it was, by the textbook rule, and by "
        "Almanac.",
    )


def _columns(currency: str) -> dict[str, Any]:
    config = st.column_config
    return {
        "what": config.TextColumn(
            "Ordered by", width=112,
            help="As it was: the stock that the shop wrote down. Textbook rule: mean and sigma of "
            "the last 26 weeks. All begin at their own level and are judged after some weeks.",
        ),
        "served": config.NumberColumn(
            "Served", format="%.1f%%", width=72,
            help="Share of units. As it was: of what was probably wanted, where Lost sales has "
            "estimated it.",
        ),
        "stock_cost": config.NumberColumn(
            "Stock", format=f"{currency}%,d", width=88,
            help="Mean at the end of a day, at unit cost; lines without a cost are left out.",
        ),
        "stock": config.NumberColumn(
            "Stock, units", format="%,d", width=92, help="Mean at the end of a day, of all lines."
        ),
        "lost_money": config.NumberColumn(
            "Lost sales", format=f"{currency}%,d", width=92,
            help="Units that were not there, at their price of the last 13 weeks.",
        ),
        "lost": config.NumberColumn(
            "Lost, units", format="%,d", width=88,
            help="What was asked for and not there. As it was: by the estimate of Lost sales.",
        ),
        "spoilt": config.NumberColumn(
            "Written off", format="%,d", width=88, help="Units that spoilt on the shelf."
        ),
        "orders": config.NumberColumn(
            "Orders", format="%,d", width=76, help="How often a line was ordered."
        ),
        "out": config.NumberColumn(
            "Days out", format="%.1f%%", width=76,
            help="Share of days of a line. As it was: that ended without stock. Else: on which not "
            "everything was served.",
        ),
    }  # fmt: skip


def _chart(found: Found) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**By week** :gray[· all lines]", width="content")
        measure = st.segmented_control(
            "Measure",
            charts.MEASURES,
            default=charts.SERVED,
            required=True,
            key="inventory_replay_measure",
            label_visibility="collapsed",
        )
    what = "Share of units served" if measure == charts.SERVED else "Units in stock"
    st.plotly_chart(
        charts.by_week(found, measure),
        key=chart_downloads.keyed("inventory-replay"),
        config=chart_downloads.config(f"Replay {measure}"),
        alt=f"{what} by week, by Almanac and by the textbook rule. {words.verdict(found)}",
    )


def by_line(found: Found, lines: pd.DataFrame) -> pd.DataFrame:
    """A row per line with what each way did, by the names of `lines` (by series id)."""
    named = lines.reindex(found.items["series_id"])
    table = pd.DataFrame(
        {
            "Product code": named["product_code"].to_numpy(),
            "Product": named["product"].to_numpy(),
            "Place code": named["place_code"].to_numpy(),
            "Place": named["place"].to_numpy(),
            "Sold": found.ways[OURS].lines["demand"].to_numpy(),
        }
    )
    heads = {
        "lost": "lost", "mean_stock": "mean stock", "spoilt": "written off", "orders": "orders",
        "out": "share of days out",
    }  # fmt: skip
    for way in WAYS:
        for name, head in heads.items():
            table[f"{way}: {head}"] = found.ways[way].lines[name].round(3).to_numpy()
    return table
