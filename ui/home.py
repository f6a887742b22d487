"""The parts of Home: the welcome of an empty Almanac, the week's numbers, movers, and datasets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import datasets, publications
from data.scope import Freq, Scope
from ui import address, layout, navigation, plan_words, queries, state, summaries
from ui import format as fmt
from ui.queries import Dataset
from ui.summaries import RHYTHMS, Recent

MOVERS_AMONG = 50  # best sellers that the movers are looked for in

_OPEN = "open_mover"
_STEPS = {
    "Check": "See what was understood, what was refused, and why. Nothing is kept before you "
    "agree.",
    "Forecast": "A forecast with its range in seconds, beside last year and a plain baseline.",
    "Look closer": "By product, category or place; by day, week or month; units or revenue.",
    "Share": "Send the link: it shows the same screen. Take the numbers away as CSV.",
}
_FILE_HELP = """
One header row, then one row per product and day. Names and order of the columns do not matter:
Almanac matches them by name and content, shows why, and lets you change every match.

| Needed | Welcome | Also understood |
|---|---|---|
| date, product, quantity | price or revenue, place, category, promotion, stock on hand \
| order number, customer, channel, cost |

- **Wide files**: one column per date, as in the M5 competition.
- **Order lines**: summed to product and day; returns and cancellations are subtracted.
- CSV, TSV, Excel or Parquet; plain, `.gz`, `.xz` or `.zip`; English or Chinese headers.

```
date,product,category,place,quantity,price
2026-11-16,Cold Brew Black 250 ml,Coffee,Berlin,14,2.49
2026-11-16,Cold Brew Black 250 ml,Coffee,Online,31,2.39
```
"""


def welcome() -> None:
    """What an empty Almanac shows: two ways to begin, and what happens then."""
    with st.container(horizontal_alignment="center"), st.container(width=690):
        st.space("medium")
        st.title("Nothing to forecast yet", anchor=False)
        st.markdown(
            "Almanac needs sales by product and day. Bring a file, or look around with a "
            "made-up shop first."
        )
        upload, shop = st.columns(2)
        with upload.container(border=True, height="stretch"):
            st.markdown("**:material/note_add: Bring your sales**")
            st.markdown(
                "CSV, Excel or Parquet; a zip with several files is fine. One row per product "
                "and day, one column per date, or raw order lines."
            )
            if st.button("Upload a file", type="primary", width="stretch"):
                st.switch_page(navigation.UPLOAD)
        with shop.container(border=True, height="stretch"):
            st.markdown("**:material/storefront: Try the demo shop**")
            st.markdown(
                "300 products, 4 places, 3 years of days, with promotions, festivals and "
                "stock-outs. Loads in about 10 seconds and can be deleted any time."
            )
            if st.button("Load the demo shop", width="stretch"):
                _load_demo()
        st.space("small")
        st.markdown("**What happens then**")
        with st.grid(4, min_column_width=150):
            for number, (step, text) in enumerate(_STEPS.items(), start=1):
                with st.container():
                    st.markdown(f":gray-badge[{number}] **{step}**")
                    st.caption(text)
        st.space("small")
        with st.expander("What should the file look like?", icon=":material/help:"):
            st.markdown(_FILE_HELP)


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Places of cards that are filled later, because they take a while."""

    ahead: DeltaGenerator
    stake: DeltaGenerator


def cards(dataset: Dataset, scope: Scope) -> Slots | None:
    """The last period in cards; gives the places of those that are filled later."""
    series, rhythm = queries.series(scope), RHYTHMS[scope.freq]
    if summaries.recent(series, "quantity", rhythm) is None:
        st.caption(f"No complete {rhythm.word} of sales yet; the numbers start with the first one.")
        return None
    currency, freq = dataset.currency, scope.freq
    with st.grid(4, min_column_width=165):
        what = "Revenue" if scope.measure == "revenue" else "Units"
        sold = summaries.recent(series, scope.measure, rhythm)
        _card(
            f"{what} last {rhythm.word}",
            sold,
            freq,
            lambda value: fmt.amount(value, scope.measure, currency).replace("$", "\\$"),
        )
        ahead = st.empty()
        if dataset.has_revenue:
            price = summaries.recent(series, "price", rhythm)
            _card("Mean price paid", price, freq, lambda value: fmt.price(value, currency), "off")
        stake = st.empty()
        if freq == "M":
            _card("Units last month", summaries.recent(series, "quantity", rhythm), freq, fmt.units)
        else:  # until the worklist is there, so that nothing jumps
            stake.metric("Money at stake", fmt.DASH, border=True, height="stretch")
    return Slots(ahead=ahead, stake=stake)


def forecast_card(slots: Slots | None, dataset: Dataset, scope: Scope) -> None:
    """The next periods by a quick model; called last, for the library takes a while to load."""
    if slots is None:
        return
    place = slots.ahead
    with place, st.skeleton(height=170):
        ahead = queries.quick_outlook(scope)
    if ahead is None:
        return
    rhythm = RHYTHMS[scope.freq]
    place.metric(
        f"Forecast, next {rhythm.ahead} {rhythm.word}s",
        fmt.amount(ahead.value, scope.measure, dataset.currency),
        fmt.delta(ahead.growth),
        delta_description="vs last year" if ahead.growth is not None else "no year before",
        border=True,
        chart_data=ahead.spark,
        chart_type="area",
        height="stretch",
        help="By theta, a plain model; the Forecast page compares several. "
        f"Area: the next {rhythm.horizon} {rhythm.word}s.",
    )


def caption(dataset: Dataset) -> None:
    """What is looked at, until when, and the plan that was published last."""
    parts = [
        fmt.escape(dataset.name),
        f"sales through {fmt.day(dataset.last_day)}",
        f"{fmt.count(dataset.products, 'product')} in {fmt.count(dataset.places, 'place')}",
    ]
    if (version := publications.latest(state.store(), dataset.dataset_id)) is not None:
        parts.append(plan_words.version(version))
    st.caption(" · ".join(parts))


def movers(dataset: Dataset, scope: Scope) -> None:
    """What moved most in the last periods; a click opens its forecast."""
    rhythm = RHYTHMS[scope.freq]
    children = queries.children(scope, "product")
    last = summaries.recent(queries.series(scope), "quantity", rhythm)
    if last is None:
        return
    table = summaries.movers(children, scope.measure, last.start, rhythm)
    if table.empty:
        return
    money = scope.measure == "revenue"
    what = "revenue" if money else "units"
    latest = f"last {rhythm.latest} {rhythm.word}s"
    st.markdown(
        f"**What moves** :gray[· {what} of the {latest} against the same {rhythm.word}s last year, "
        f"among the {min(MOVERS_AMONG, dataset.products)} best sellers]"
    )
    unit = f", {dataset.currency}" if money and dataset.currency else ""
    table["growth"] = table["growth"] * 100
    table["open"] = "Open"
    st.dataframe(
        fmt.with_signed_percents(
            table[["change", "label", "latest", "growth", "spark", "open"]], {"growth": 0}
        ),
        hide_index=True,
        placeholder="new",
        alt=f"Products whose {what} changed most in the {latest}",
        column_config={
            "change": st.column_config.NumberColumn(f"Change{unit}", format="%+,d", width=90),
            "label": st.column_config.TextColumn("Product", width=280),
            "latest": st.column_config.NumberColumn(
                latest.capitalize() + unit, format="%,d", width=110
            ),
            "growth": st.column_config.NumberColumn("vs last year", width=95),
            "spark": st.column_config.LineChartColumn(
                f"{rhythm.spark} {rhythm.word}s", width=190, color="gray"
            ),
            "open": st.column_config.ButtonColumn("", key=_OPEN, type="tertiary", width=70),
        },
    )
    if click := st.session_state.get(_OPEN):
        navigation.open_forecast(dataset.dataset_id, str(table.at[click["row"], "child_id"]))


def loaded(current: Dataset) -> None:
    """Every dataset in a line, with the way to look at it and to delete it."""
    st.markdown("**What is loaded**")
    for dataset in queries.datasets():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{fmt.escape(dataset.name)}** :gray[· {_size(dataset)}]", width="content"
            )
            st.space("stretch")
            if dataset.dataset_id == current.dataset_id:
                st.badge("On screen", color="gray")
            else:
                st.button(
                    "Show",
                    key=f"show-{dataset.dataset_id}",
                    type="tertiary",
                    on_click=address.go,
                    args=(_only(dataset.dataset_id),),
                )
            if st.button("Delete", key=f"delete-{dataset.dataset_id}", icon=":material/delete:"):
                _confirm_deletion(dataset)


def demo_is_loaded() -> bool:
    """Whether the demo shop is among the datasets."""
    return any(dataset.source == "demo" for dataset in queries.datasets())


def offer_demo() -> None:
    """A quiet button for a shop that has data of its own."""
    if st.button("Load the demo shop", type="tertiary", icon=":material/storefront:"):
        _load_demo()


def _load_demo() -> None:
    from data import demo  # late: it needs SciPy, which takes a while to import

    with st.spinner("Making three years of sales…", width="stretch"):
        dataset_id = demo.load(state.store(), today=date.today())
    address.go(_only(dataset_id))
    layout.say_after_rerun("The demo shop is loaded.")
    st.rerun()


@st.dialog("Delete this dataset?")
def _confirm_deletion(dataset: Dataset) -> None:
    st.markdown(
        f"**{fmt.escape(dataset.name)}** with {_size(dataset)} will be gone, with its imports "
        "and rejected rows. This cannot be undone. Other datasets stay."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", type="tertiary"):
            st.rerun()
        amount = fmt.count(dataset.sales_rows, "sales row")
        sure = st.button(f"Delete {amount}", type="primary")
    if sure:
        with layout.errors_in_words():  # a dialog runs on its own, outside the guard of app.py
            datasets.delete(state.store(), dataset.dataset_id)
            if address.number("dataset") == dataset.dataset_id:
                address.go(_only(None))
            st.rerun()


def _card(
    label: str,
    recent: Recent | None,
    freq: Freq,
    words: Callable[[float], str],
    colour: Literal["normal", "off"] = "normal",
) -> None:
    if recent is None:
        return
    st.metric(
        label,
        words(recent.value),
        fmt.delta(recent.growth),
        delta_color=colour,
        delta_description="vs last year" if recent.growth is not None else "no year before",
        border=True,
        chart_data=recent.spark,
        height="stretch",
        help=f"{_when(recent.start, freq)}; line: {RHYTHMS[freq].spark} {RHYTHMS[freq].word}s.",
    )


def _when(start: pd.Timestamp, freq: Freq) -> str:
    name = fmt.period(start, freq)
    return f"{fmt.week(start)}, {name}" if freq == "W" else name


def _size(dataset: Dataset) -> str:
    return " · ".join(
        [
            fmt.span(dataset.first_day, dataset.last_day),
            fmt.count(dataset.products, "product"),
            fmt.count(dataset.places, "place"),
            fmt.count(dataset.sales_rows, "row"),
        ]
    )


def _only(dataset_id: int | None) -> dict[str, str | int | tuple[str, ...] | None]:
    """The address of a whole dataset."""
    return {
        "dataset": dataset_id,
        "category": None,
        "product": None,
        "place": None,
        "segment": None,
    }
