"""The worklist on Home: what needs somebody today, dearest first, and what was decided about it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import worklist
from data.scope import Scope
from ui import (
    corrected,
    inventory_list,
    kept_choice,
    layout,
    navigation,
    queries,
    state,
    table_files,
)
from ui import format as fmt
from ui import worklist_limits as thresholds
from ui import worklist_reads as reads
from ui.chart_style import records
from ui.inventory import PILL
from ui.queries import Dataset
from ui.worklist_rules import KINDS, Kind, Limits

FIRST = 3  # cards
ALL = "all"
SPARK = 26  # weeks
SNOOZES = {"A week": 7, "Four weeks": 28}
_TABLE, _OPEN, _UNDO, _PILL = "worklist", "worklist_open", "worklist_undo", "worklist_kind"
_PAGES: dict[Kind, str] = {
    "sells_out": "pages/plan/inventory.py",
    "too_much": "pages/plan/inventory.py",
    "likely_out": "pages/explore/lost_sales.py",
    "event_no_plan": "pages/plan/what_if.py",
}  # others open Forecast
_LISTS: dict[Kind, str] = {"sells_out": inventory_list.ORDER, "too_much": inventory_list.EXCESS}


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """The list as it is today."""

    dataset: Dataset
    items: pd.DataFrame  # open ones of all kinds, dearest first, with names
    limits: Limits
    fresh: frozenset[str]  # keys that were first listed today
    put_off: int  # snoozed, done or not useful

    def money(self, value: float) -> str:
        """An amount at stake; units where the dataset has no money."""
        if self.dataset.has_revenue:
            return fmt.money(value, self.dataset.currency).replace("$", "\\$")
        return f"{fmt.units(value)} units"


def read(dataset: Dataset, scope: Scope) -> View:
    """The list of a dataset; while it is made, the page shows how far it is and ends."""
    store, dataset_id, today = state.store(), dataset.dataset_id, date.today()
    limits = reads.limits(dataset_id)
    found = reads.found(dataset, scope, limits).items
    gone = worklist.hidden(found, decided := worklist.decisions(store, dataset_id), today)
    items = found[~gone].reset_index(drop=True)
    fresh = worklist.note_seen(store, dataset_id, items["key"].tolist(), today)
    products, places = queries.products(dataset_id), queries.places(dataset_id)
    assigned = decided[decided["action"] == "assign"]["assignee"]
    return View(
        dataset=dataset,
        items=items.assign(
            product=items["product_id"].map(products["name"]).fillna("–"),
            place=items["place_id"].map(places["name"]).fillna("All places"),
            assignee=items["key"].map(assigned).fillna(""),
        ),
        limits=limits,
        fresh=frozenset(fresh),
        put_off=int(gone.sum()),
    )


def is_possible(dataset: Dataset) -> bool:
    """Whether a dataset is fine enough: the rules look at weeks."""
    return dataset.frequency != "M"


def card(place: DeltaGenerator, view: View) -> None:
    """What is at stake in all."""
    total, count = float(view.items["at_stake"].sum()), len(view.items)
    place.metric(
        "Money at stake" if view.dataset.has_revenue else "Units at stake",
        view.money(total) if count else "0",
        f"{count:,} open",
        delta_color="off",
        delta_arrow="off",
        delta_description=f"{len(view.fresh):,} new today" if view.fresh else None,
        border=True,
        height="stretch",
        help="What the open items below may cost, added up. Each kind says in its tooltip what its "
        "money is.",
    )


def show(view: View) -> None:
    """The cards of the dearest, then the list."""
    if view.items.empty:
        _all_clear(view)
        return
    st.markdown("**Start here**")
    with st.grid(FIRST, min_column_width=260):
        for row in records(view.items.head(FIRST)):
            _first(view, row)
    _list(view)


def _first(view: View, row: dict[str, Any]) -> None:
    word = KINDS[cast(Kind, row["kind"])]
    with st.container(border=True, height="stretch", key=f"first-{row['key']}"):
        st.metric(
            f":{word.colour}-badge[{word.title}] {fmt.escape(row['product'])} · "
            f"{fmt.escape(row['place'])}",
            view.money(row["at_stake"]),
            word.sum,
            delta_color="off",
            delta_arrow="off",
            help=word.help,
        )
        st.markdown(fmt.escape(row["what"]) + ".")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            first = view.items["key"].iloc[0] == row["key"]
            if st.button(
                word.action, key=f"go-{row['key']}", type="primary" if first else "secondary"
            ):
                _open(view, row)
            with st.popover("Later", type="tertiary"):
                _decisions(view, [row["key"]], [row["at_stake"]], f"one-{row['key']}")


def _list(view: View) -> None:
    counts = view.items["kind"].value_counts()
    kinds = [kind for kind in KINDS if counts.get(kind)]
    if st.session_state.get(_PILL, ALL) not in (ALL, *kinds):  # all of that kind were dealt with
        st.session_state[_PILL] = ALL
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Worklist**", width="content")
        kind = st.pills(
            "Kind",
            [ALL, *kinds],
            default=kept_choice.default(_PILL, ALL),
            required=True,
            format_func=lambda each: (
                f"{KINDS[cast(Kind, each)].title} {counts[each]:,}"
                if each != ALL
                else f"All {len(view.items):,}"
            ),
            label_visibility="collapsed",
            key=_PILL,
            help="Show one kind alone.",
        )
        st.space("stretch")
        chosen = view.items if kind in (None, ALL) else view.items[view.items["kind"] == kind]
        table_files.menu(
            st.container(width="content"),
            lambda: _file(chosen),
            fmt.count(len(chosen), "item"),
            stem="worklist",
            key="worklist_table",
        )
    shown = chosen.head(int(view.limits.most)).reset_index(drop=True)
    picked = _table(view, shown)
    if picked:
        _bar(view, shown.iloc[picked])
    _foot(view, len(shown), len(chosen))


def _file(chosen: pd.DataFrame) -> pd.DataFrame:
    """The items as a file has them, all of them."""
    titles = {kind: word.title for kind, word in KINDS.items()}
    named = chosen.assign(why=chosen["kind"].map(titles))
    return named[["at_stake", "why", "product", "place", "what", "assignee"]]


def _table(view: View, shown: pd.DataFrame) -> list[int]:
    """Draws the rows; gives those that are ticked."""
    currency = view.dataset.currency if view.dataset.has_revenue else ""
    titles = [word.title for word in KINDS.values()]
    frame = pd.DataFrame(
        {
            "at_stake": shown["at_stake"],
            "why": [[KINDS[cast(Kind, kind)].title] for kind in shown["kind"]],
            "product": shown["product"],
            "place": shown["place"],
            "what": shown["what"],
            "spark": reads.sparks(view.dataset, shown, SPARK),
            "open": "Open",
        }
    )
    if shown["assignee"].any():
        frame.insert(5, "assignee", shown["assignee"])
    config = st.column_config
    event = st.dataframe(
        frame,
        hide_index=True,
        key=_TABLE,
        on_select="rerun",
        selection_mode="multi-row",
        alt=f"{len(shown)} items that need somebody, the dearest first",
        column_config={
            "at_stake": config.NumberColumn(
                "At stake" if view.dataset.has_revenue else "Units",
                format=f"{currency}%,d",
                width=72,
            ),
            "why": config.MultiselectColumn(
                "Why", options=titles, color=[word.colour for word in KINDS.values()], width=124
            ),
            "product": config.TextColumn("Product", width=180),
            "place": config.TextColumn("Place", width=84),
            "what": config.TextColumn("What happened", width=330),
            "assignee": config.TextColumn("Who", width=70),
            "spark": config.LineChartColumn(f"{SPARK} weeks", width=92, color="gray"),
            "open": config.ButtonColumn("", key=_OPEN, type="tertiary", width=54),
        },
    )
    if click := st.session_state.get(_OPEN):
        _open(view, records(shown)[int(click["row"])])
    rows: list[int] = event["selection"]["rows"]
    return [row for row in rows if row < len(shown)]


def _bar(view: View, picked: pd.DataFrame) -> None:
    """What can be done with the ticked rows."""
    with st.container(border=True):
        st.markdown(
            f"**{fmt.count(len(picked), 'item')}** :gray[· {view.money(picked['at_stake'].sum())}]"
        )
        _decisions(view, picked["key"].tolist(), picked["at_stake"].tolist(), "picked")


def _decisions(view: View, keys: list[str], money: list[float], name: str) -> None:
    today = date.today()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for words, days in SNOOZES.items():
            if st.button(
                f"Snooze {words.lower()}", key=f"snooze-{days}-{name}", icon=":material/snooze:"
            ):
                until = today + timedelta(days=days)
                _decide(view, keys, money, "snooze", f"put off until {fmt.day(until)}", until=until)
        if st.button("Done", key=f"done-{name}", icon=":material/check:"):
            _decide(view, keys, money, "done", "done")
        if st.button("Not useful", key=f"not-{name}", help="It is counted, so that the rules can "
                     "be judged."):  # fmt: skip
            _decide(view, keys, money, "not_useful", "marked not useful")
        who = st.text_input(
            "Assign to", key=f"who-{name}", placeholder="Name", width=140, max_chars=40
        )
        if who and st.button("Assign", key=f"assign-{name}"):
            _decide(view, keys, money, "assign", f"assigned to {who}", assignee=who)


def _decide(
    view: View,
    keys: list[str],
    money: list[float],
    action: worklist.Action,
    words: str,
    *,
    until: date | None = None,
    assignee: str = "",
) -> None:
    worklist.decide(
        state.store(), view.dataset.dataset_id, keys, money, action,
        author=corrected.author(), until=until, assignee=assignee,
    )  # fmt: skip
    said = f"{fmt.count(len(keys), 'item')} {words}"
    st.session_state[_UNDO] = (view.dataset.dataset_id, keys, money, said)
    st.session_state.pop(_TABLE, None)
    layout.say_after_rerun(f"{said}.")
    st.rerun()


def _foot(view: View, shown: int, of: int) -> None:
    """How many are shown, what was put off, how useful the list was, and Undo."""
    parts = [f"Showing {shown:,} of {of:,}"]
    if of > shown:
        parts[0] += f"; the list stops at {int(view.limits.most)}"
    if view.put_off:
        parts.append(f"{view.put_off:,} put off or done")
    judged = worklist.useful(state.store(), view.dataset.dataset_id)
    if judged.judged:
        parts.append(f"{judged.useful} of the last {judged.judged} were useful")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(". ".join(parts) + ".", width="content")
        undo(view.dataset)


def undo(dataset: Dataset) -> None:
    """A button that takes the last decision of this session back."""
    last = st.session_state.get(_UNDO)
    if not last or last[0] != dataset.dataset_id:
        return
    _, keys, money, said = last
    if st.button(f"Undo: {said}", type="tertiary", icon=":material/undo:", key="worklist_undone"):
        worklist.decide(
            state.store(), dataset.dataset_id, keys, money, "reopen", author=corrected.author()
        )
        del st.session_state[_UNDO]
        st.rerun()


def _all_clear(view: View) -> None:
    with st.container(border=True, width=680):
        text = "**All clear.** Nothing is above your thresholds"
        text += f"; {view.put_off:,} put off or done." if view.put_off else "."
        st.markdown(text)
        st.caption(
            "Listed here: what sells out or is too much, forecasts unlike last year, errors that "
            "grew, products gone silent, events without a plan, new products."
        )
        undo(view.dataset)


def _open(view: View, row: dict[str, Any]) -> None:
    """The screen of an item, already filtered."""
    asked = {"dataset": str(view.dataset.dataset_id), "product": str(row["product_id"])}
    if (pill := _LISTS.get(row["kind"])) is not None and pd.notna(row["place_id"]):
        line = f"{row['product_id']}:{int(row['place_id'])}"
        asked |= {PILL: pill, inventory_list.LINE: line}  # with the other places, to move stock
    elif pd.notna(row["place_id"]):
        asked["place"] = str(int(row["place_id"]))
    st.switch_page(_PAGES.get(row["kind"], navigation.FORECAST), query_params=asked)


def limits_popover(dataset: Dataset) -> None:
    """From when on something counts; in the title row."""
    with st.popover("Thresholds", icon=":material/tune:", type="tertiary"):
        thresholds.form(dataset)
