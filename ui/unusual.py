"""The parts of the Unusual sales page: how to look, four cards, the findings, and one of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Freq, Scope, Split
from forecasting.arrays import FloatArray
from ui import chart_downloads, layout, queries, unusual_charts, unusual_reads
from ui import format as fmt
from ui import scope as scopes
from ui import unusual_words as words
from ui.forecasts import NOUN
from ui.queries import Dataset
from ui.unusual_facts import WHOLE, Found, rows

SPLITS: dict[str, Split] = {
    "Products": "product",
    "Products in places": "product_place",
    "Categories": "category",
    "Places": "place",
    "All together": "total",
}
LISTED = 200  # findings in the table, dearest first
CORRECTABLE = ("product", "product_place")
_NOUNS: dict[str, tuple[str, str]] = {
    "product": ("product", "products"),
    "product_place": ("product in a place", "products in places"),
    "category": ("category", "categories"),
    "place": ("place", "places"),
}
_STATES = {"Open": "", "Corrected": "corrected", "Kept": "keep"}


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What is on the screen."""

    dataset: Dataset
    scope: Scope
    split: Split
    found: Found
    table: pd.DataFrame  # all findings with their state
    products: "pd.Series[str]"  # names by id: looked up once for a page, not for every line
    places: "pd.Series[str]"

    @property
    def open(self) -> pd.DataFrame:
        """The findings about which nothing was decided."""
        return self.table[self.table["state"] == ""]

    @property
    def correctable(self) -> bool:
        """Whether the findings are of products, which corrections are made of."""
        return self.split in CORRECTABLE


def choose(dataset: Dataset, scope: Scope) -> Split:
    """What is judged: products, products in places, categories, places, or all together."""
    offered = {
        word: split
        for word, split in SPLITS.items()
        if (split != "category" or scopes.has_deeper_categories(scope))
        and (split not in ("product_place", "place") or _has_places(dataset, scope))
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        picked = st.segmented_control(
            "Judge",
            list(offered),
            default=None if "each" in st.session_state else "Products",
            required=True,
            key="each",
            bind="query-params",
            label_visibility="collapsed",
        )
        if scope.freq != dataset.frequency:
            finer = "days" if dataset.frequency == "D" else "weeks"
            st.button(
                f"Look at {finer}",
                type="tertiary",
                icon=":material/zoom_in:",
                help=f"Single orders and mistakes show in {finer} first.",
                on_click=_look_closer,
                args=(dataset.frequency,),
            )
    return offered.get(str(picked), "product")


def read(dataset: Dataset, scope: Scope, split: Split) -> View:
    """Everything unusual; stops the page in words where there is nothing to judge."""
    with st.skeleton(height=420):
        found = unusual_reads.found(scope, split)
    noun = NOUN[scope.freq]
    if found is None:
        layout.stop(
            f"**No complete {noun[0]} of sales here yet.** Choose a shorter period or a wider "
            "scope."
        )
    if not np.nansum(np.abs(found.cells.quantity)):
        layout.stop(
            f"**Nothing was sold in {fmt.escape(scopes.name(scope))}.** There is nothing to judge "
            "zeros by. Choose another product, category or place."
        )
    if not found.judged_periods:
        layout.stop(
            f"**Too few {noun[1]} to know what is usual.** A {noun[0]} is judged by at least six "
            f"{noun[1]} around it; here are {len(found.cells.times)}. Choose a shorter period or a "
            "wider scope."
        )
    state = unusual_reads.states(scope, found)
    table = found.table.assign(state=state)
    return View(
        dataset=dataset,
        scope=scope,
        split=split,
        found=found,
        table=table,
        products=queries.products(dataset.dataset_id)["name"],
        places=queries.places(dataset.dataset_id)["name"],
    )


def caption(view: View) -> None:
    """What was judged, until when."""
    cells, noun = view.found.cells, NOUN[view.scope.freq][0]
    kind = next(word for word, split in SPLITS.items() if split == view.split).lower()
    judged = (
        f"the {len(cells.keys):,} largest of {cells.series:,} {kind}"
        if len(cells.keys) < cells.series
        else kind
        if view.split == "total"
        else fmt.count(cells.series, *_NOUNS[view.split])
    )
    st.caption(
        f"{fmt.escape(view.dataset.name)} · {judged} by {noun} · "
        f"{fmt.span(cells.times[0], cells.times[-1])} · units as recorded, each against its own "
        "weeks before and after, its weekday, promotions and events"
    )


def cards(view: View) -> None:
    """Four cards: open findings, what is at stake, corrected, kept."""
    noun = NOUN[view.scope.freq]
    count, judged = len(view.table), view.found.judged_periods
    money = view.found.cells.has_revenue
    stake = float(view.open["stake"].sum())
    with st.grid(4, min_column_width=165):
        st.metric(
            "Open",
            f"{len(view.open):,}",
            f"{words.in_thousand(count, judged)} in 1,000",
            delta_color="off",
            delta_arrow="off",
            delta_description=f"{noun[1]} found",
            border=True,
            height="stretch",
            help=f"Unusual {noun[1]} about which nothing was decided yet. Judged were {judged:,} "
            f"{noun[1]} of {fmt.count(len(view.found.cells.keys), 'series', 'series')}. "
            "Stock-outs, festivals and what comes back a year later are not among them.",
        )
        st.metric(
            "At stake",
            fmt.money(stake, view.dataset.currency) if money else fmt.units(stake),
            border=True,
            height="stretch",
            help="What the open findings sold more or less than usual, "
            + ("at the product's mean price." if money else "in units."),
        )
        done = view.table["state"]
        st.metric(
            "Corrected",
            f"{int((~done.isin(['', 'keep'])).sum()):,}",
            border=True,
            height="stretch",
            help="Capped, replaced or left out, and stock-outs accepted on Lost sales. Charts and "
            "models use them where “Use corrected sales” is on.",
        )
        st.metric(
            "Kept",
            f"{int((done == 'keep').sum()):,}",
            border=True,
            height="stretch",
            help="Looked at and right: they stay as sold and are not listed as open again.",
        )


def findings(view: View) -> pd.DataFrame:
    """The table, dearest first; gives the chosen rows, the first where none is chosen."""
    counts = {
        "Open": len(view.open),
        "Corrected": int((~view.table["state"].isin(["", "keep"])).sum()),
        "Kept": int((view.table["state"] == "keep").sum()),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**What stands out** :gray[· dearest first]", width="content")
        picked = st.pills(
            "State",
            list(counts),
            default="Open",
            format_func=lambda word: f"{word} {counts[word]:,}",
            required=True,
            key="unusual_state",
            label_visibility="collapsed",
        )
    table = _of_state(view.table, str(picked)).head(LISTED)
    if table.empty:
        st.caption(
            "Nothing unusual is open here."
            if picked == "Open"
            else f"Nothing is {str(picked).lower()} yet."
        )
        return table
    causes = unusual_reads.causes(view.scope, view.split, table)
    columns = _columns(view)
    if picked == "Open":
        del columns["state"]  # nothing is decided there
    ticked = st.dataframe(
        _shown(view, table, causes)[list(columns)],
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [0]}},
        # New corrections are another list, in which the old selection means nothing.
        key=f"unusual-{picked}-{view.split}-{hash((view.scope, tuple(table.index)))}",
        column_config=columns,
        alt="Unusual sales, dearest first, with what was sold, what is usual and why.",
    ).selection.rows
    total = counts[str(picked)]
    if total > LISTED:
        st.caption(f"The {LISTED} dearest of {total:,}; the file has all of them.")
    return table.iloc[[row for row in ticked if row < len(table)] or [0]]


def detail(view: View, chosen: pd.DataFrame, decided: float | None) -> None:
    """One finding: all that is known of it, and its series with the corrected line beside it."""
    if chosen.empty:
        return
    key, row = rows(chosen.head(1))[0]
    cause = unusual_reads.causes(view.scope, view.split, chosen.head(1)).get(key)
    st.markdown(
        f"**{fmt.escape(_clip(name(view, row), 90))}** :gray[· units a {NOUN[view.scope.freq][0]}]"
    )
    st.markdown(fmt.escape(words.sentence(row, cause, view.scope.freq, view.dataset.currency)))
    if row["series"] == WHOLE:
        st.caption("The chart shows single series; choose a line of one to see it.")
        return
    number, at = int(row["series"]), int(row["at"])
    mine = view.table[view.table["series"] == number]
    flagged = np.zeros(len(view.found.cells.times), dtype=bool)
    for first, last in zip(mine["at"], mine["until"], strict=True):
        flagged[int(first) : int(last) + 1] = True
    figure = unusual_charts.series(
        view.found,
        number,
        at,
        flagged=flagged,
        corrected=_corrected(view, number),
        decided=decided,
        view=f"{view.scope}-{number}-{at}",
    )
    chart_downloads.draw(
        figure,
        title=_clip(name(view, row), 60),
        key=chart_downloads.keyed("unusual_series"),
        data=lambda: unusual_charts.table(view.found, number, flagged),
        alt=unusual_charts.describe(view.found, number, at),
    )


def downloads(place: DeltaGenerator, view: View) -> None:
    """The Download menu: all findings of the scope."""

    def everything() -> bytes:
        causes = unusual_reads.causes(view.scope, view.split, view.table)
        listed = rows(view.table)
        names = [name(view, row) for _, row in listed]
        whys = [words.why(row, causes.get(key), view.scope.freq) for key, row in listed]
        table = view.table.assign(state=view.table["state"].map(words.STATES).fillna(""))
        return words.findings_csv(table, names, whys, view.scope.freq).encode("utf-8-sig")

    with chart_downloads.menu(place):
        st.download_button(
            f"{fmt.count(len(view.table), 'finding')} (CSV)",
            everything,
            file_name="unusual-sales.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
            key="unusual_csv",
        )


def name(view: View, row: words.Row) -> str:
    """What a finding is of."""
    if row["series"] == WHOLE:
        return scopes.name(view.scope)
    parts: list[str] = []
    if pd.notna(row["product_id"]):
        parts.append(str(view.products[int(row["product_id"])]))
    if pd.notna(row["place_id"]):
        parts.append(str(view.places[int(row["place_id"])]))
    if parts:
        return " · ".join(parts)
    if view.split == "category":
        return view.found.cells.keys[int(row["series"])] or "No category"
    return scopes.name(view.scope)


def _corrected(view: View, number: int) -> FloatArray | None:
    """(T,) the series with the corrections in force; None where it has none."""
    cells = view.found.cells
    product, place = cells.products[number], cells.places[number] or view.scope.place_id
    decided = unusual_reads.in_force(view.dataset.dataset_id)
    if product is None or decided.empty:
        return None
    mine = decided[(decided["product_id"] == product) & (decided["action"] != "keep")]
    if place is not None:
        mine = mine[mine["place_id"] == place]
    at = cells.times.searchsorted(pd.DatetimeIndex(mine["day"]), side="right") - 1
    inside = (at >= 0) & (mine["day"] <= cells.times[-1] + pd.Timedelta(days=31)).to_numpy()
    if not inside.any():
        return None
    values = cells.quantity[number].copy()
    change = (mine["quantity"] - mine["original"].fillna(0)).to_numpy(dtype=np.float64)
    np.add.at(values, at[inside], change[inside])  # an excluded day is a gap: NaN stays
    return values


def _shown(view: View, table: pd.DataFrame, causes: dict[int, words.Row]) -> pd.DataFrame:
    freq = view.scope.freq
    listed = rows(table)
    return pd.DataFrame(
        {
            "name": [_clip(name(view, row), 80) for _, row in listed],
            "stake": table["stake"].to_numpy(),
            "kind": [[words.KINDS[kind]] for kind in table["kind"]],
            "when": table["first"].to_numpy(),
            "sold": table["sold"].to_numpy(),
            "usual": [words.band(row) for _, row in listed],
            "why": [words.why(row, causes.get(key), freq) for key, row in listed],
            "state": [[words.STATES[state]] if state else [] for state in table["state"]],
        }
    )


def _columns(view: View) -> dict[str, Any]:
    config = st.column_config
    money, currency = view.found.cells.has_revenue, view.dataset.currency
    freq: Freq = view.scope.freq
    return {
        "name": config.TextColumn("Product" if view.correctable else "Of", width=215),
        "stake": config.NumberColumn(
            "At stake",
            format=f"{currency}%,.0f" if money else "%,.0f",
            width=80,
            help="What it sold more or less than usual"
            + (", at its mean price." if money else ", in units."),
        ),
        "kind": config.MultiselectColumn(
            "What", options=list(words.COLOURS), color=list(words.COLOURS.values()), width=100
        ),
        "when": config.DateColumn(
            {"D": "Day", "W": "Week of", "M": "Month"}[freq],
            format={"D": "ddd D MMM YYYY", "W": "D MMM YYYY", "M": "MMM YYYY"}[freq],
            width=125,
        ),
        "sold": config.NumberColumn("Sold", format="%,.0f", width=66),
        "usual": config.TextColumn(
            "Usual", width=86, help=f"95 of 100 such {NOUN[freq][1]} of it lie there."
        ),
        "why": config.TextColumn("Why", width=230),
        "state": config.MultiselectColumn(
            "Decided", options=list(words.STATES.values()), color="gray", width=90
        ),
    }


def _of_state(table: pd.DataFrame, picked: str) -> pd.DataFrame:
    if picked == "Corrected":
        return table[~table["state"].isin(["", "keep"])]
    return table[table["state"] == _STATES[picked]]


def _has_places(dataset: Dataset, scope: Scope) -> bool:
    return scope.place_id is None and dataset.places > 1


def _look_closer(freq: Freq) -> None:
    st.session_state["by"] = {"D": "Day", "W": "Week", "M": "Month"}[freq]


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
