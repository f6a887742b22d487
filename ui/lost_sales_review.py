"""The lower parts of the Lost sales page: the review grid, one spell in time, the decisions."""

from typing import Any

import pandas as pd
import streamlit as st

from data import corrections
from data.scope import Scope
from ui import chart_downloads, corrected, layout, lost_sales_charts, queries, state
from ui import format as fmt
from ui import lost_sales_facts as facts
from ui import lost_sales_words as words
from ui.lost_sales import Shown
from ui.lost_sales_facts import ACCEPTED, OPEN, REJECTED
from ui.queries import Dataset

LISTED = 1_000  # spells of the grid; deciding on all listed means all that match
LOGGED = 8
ALL = "All"
AROUND = 42  # days before and after a spell in its chart
_DECISION, _RULE, _REASON = "lost_decision", "lost_rule", "lost_reason"


def review(shown: Shown, scope: Scope, dataset: Dataset) -> int | None:
    """The grid of spells with its filters and the bar of decisions; the spell to look at."""
    spells = shown.spells
    counts = spells["decision"].value_counts()
    st.markdown("**Review** :gray[· spells of days without stock, most lost first]")
    with st.container(horizontal=True, vertical_alignment="center"):
        decision = st.segmented_control(
            "Decision",
            [*words.DECISIONS, ALL],
            format_func=lambda name: (
                f"{name} {len(spells) if name == ALL else counts.get(name, 0):,}"
            ),
            default=None if _DECISION in st.session_state else OPEN,
            required=True,
            key=_DECISION,
            label_visibility="collapsed",
        )
        rules = words.rules(bool(spells["by_stock"].any()), bool((~spells["by_stock"]).any()))
        rule = "All"
        if len(rules) > 1:
            if st.session_state.get(_RULE) not in rules:
                st.session_state[_RULE] = "All"
            rule = str(
                st.segmented_control(
                    "Evidence", rules, required=True, key=_RULE, label_visibility="collapsed"
                )
            )
    matching = spells if decision == ALL else spells[spells["decision"] == decision]
    matching = words.chosen(matching, rule)
    if matching.empty:
        st.caption(f"No spell is left under “{decision}”.")
        return int(spells.index[0]) if len(spells) else None
    picked = _grid(matching, shown, scope, dataset)
    chosen = picked if len(picked) else matching
    _bar(chosen, shown, dataset, rule, selected=len(picked) > 0)
    return int(chosen.index[0])


def _grid(matching: pd.DataFrame, shown: Shown, scope: Scope, dataset: Dataset) -> pd.DataFrame:
    """Draws the spells; those that are ticked."""
    table = words.table(
        matching, queries.products(dataset.dataset_id), queries.places(dataset.dataset_id), LISTED
    )
    config = _columns(shown, dataset)
    # Another set of rows is another widget: a tick must never move to another spell.
    key = f"lost-grid-{hash((scope, shown.revision, tuple(matching.index[:LISTED]))):x}"
    event = st.dataframe(
        table[list(config)],
        hide_index=True,
        placeholder=fmt.DASH,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt=words.describe(matching, "quantity", ""),
        column_config=config,
    )
    if len(matching) > LISTED:
        st.caption(f"The largest {LISTED:,} of {len(matching):,} are listed.")
    return matching.iloc[list(event.selection.rows)]


def _columns(shown: Shown, dataset: Dataset) -> dict[str, Any]:
    config = st.column_config
    units = config.NumberColumn("Units lost", format="%,d", width=66)
    money = config.NumberColumn("Lost", format=f"{dataset.currency}%,d", width=74)
    in_money = not shown.days["money"].isna().all()
    # On a phone two columns are seen: the product, and what the list is sorted by.
    first, second = ("money", "lost") if shown.by_money else ("lost", "money")
    columns: dict[str, Any] = {
        "product": config.TextColumn("Product", width=218),
        first: money if shown.by_money else units,
        second: units if shown.by_money else money,
        "place": config.TextColumn("Place", width=104),
        "first": config.DateColumn("From", format="D MMM YY", width=78),
        "days": config.NumberColumn("Days", format="%d", width=46),
        "evidence": config.TextColumn(
            "Why",
            width=122,
            help="Stock was 0 at the end of these days; or how sure it is that so many zeros in a "
            "row are not chance for this product.",
        ),
        "sold": config.NumberColumn("Sold", format="%,d", width=52, help="Returns are subtracted."),
        "expected": config.NumberColumn(
            "Expected", format="%,d", width=72, help="What would have sold without the stock-out."
        ),
        "band": config.TextColumn(
            "80% band", width=84, help="In 8 of 10 cases between these numbers."
        ),
        "decision": config.MultiselectColumn(
            "Decision", options=list(words.DECISIONS), color=["gray", "green", "orange"], width=88
        ),
    }
    if not in_money:
        del columns["money"]
    return columns


def _bar(
    chosen: pd.DataFrame, shown: Shown, dataset: Dataset, rule: str, *, selected: bool
) -> None:
    """Accept or reject the ticked spells, or all that match."""
    days = shown.days[shown.days["spell"].isin(chosen.index)]
    what = f"{len(chosen):,}" if selected else f"all {len(chosen):,}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(
            "Reason", value="Out of stock", key=_REASON, width=230, help="Kept in the log."
        )
        corrected.author_input()
        st.space("stretch")
        reject = (chosen["decision"] != REJECTED).any() and st.button(
            f"Reject {what}",
            icon=":material/close:",
            key="lost_reject",
            help="These days were real: nobody wanted more.",
        )
        accept = (chosen["decision"] != ACCEPTED).any() and st.button(
            f"Accept {what}",
            icon=":material/check:",
            type="primary",
            key="lost_accept",
            help="Where corrected sales are used, demand without the stock-out counts instead.",
        )
    if accept or reject:
        corrections.correct(
            state.store(),
            dataset.dataset_id,
            "stock_out",
            facts.to_correct(days),
            action="accept" if accept else "keep",
            reason=reason,
            author=corrected.author(),
            rule={"evidence": rule, "chosen": "by hand" if selected else "all that match"},
        )
        verb = "accepted" if accept else "rejected"
        layout.say_after_rerun(f"{fmt.count(len(chosen), 'spell')} {verb}.")
        st.rerun()


def one(shown: Shown, spell: int | None) -> None:
    """A product in a place around a spell: what sold, and what would have."""
    if spell is None:
        return
    row = shown.spells.loc[spell].to_dict()
    first = row["first"] - pd.Timedelta(days=AROUND)
    last = row["last"] + pd.Timedelta(days=AROUND)
    product, place = int(row["product_id"]), int(row["place_id"])
    dataset_id = shown.dataset_id
    scope = Scope(dataset_id=dataset_id, product_id=product, place_id=place, freq="D")
    series = queries.series(scope)
    series = series[series["timestamp"].between(first, last)]
    same = (shown.days["product_id"] == product) & (shown.days["place_id"] == place)
    out = shown.days[same & shown.days["day"].between(first, last)]
    name = fmt.escape(queries.products(dataset_id).at[product, "name"])
    where = fmt.escape(queries.places(dataset_id).at[place, "name"])
    accepted = bool(row["decision"] == ACCEPTED)
    st.markdown(f"**{name}, {where}** :gray[· units a day · shade: 80% of cases]")
    chart_downloads.draw(
        lost_sales_charts.spell(series, out, view=str(spell), accepted=accepted),
        title=f"{queries.products(dataset_id).at[product, 'name']} out of stock",
        key=chart_downloads.keyed("lost-spell"),
        data=lambda: words.spell_table(series, out),
        alt=f"{fmt.units(row['sold'])} sold from {fmt.day(row['first'])} to "
        f"{fmt.day(row['last'])}, where {fmt.units(row['expected'])} would have",
    )


def log(dataset: Dataset) -> None:
    """The latest decisions, each with a way back."""
    made = corrections.batches(state.store(), dataset.dataset_id, kind="stock_out")
    if not made:
        st.caption(
            "Accepted days become corrections: switch on “Use corrected sales” beside the title "
            "of Train, Forecast or Seasonality to use them. What was recorded stays."
        )
        return
    st.markdown(
        "**Decisions** :gray[· “Use corrected sales” beside the title of Train, Forecast or "
        "Seasonality uses what was accepted]"
    )
    for batch in made[:LOGGED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words.batch(batch), width="content")
            st.space("stretch")
            if batch.undone_at is None:
                undo = st.button("Undo", icon=":material/undo:", key=f"undo-{batch.batch_id}")
                if undo:
                    corrections.undo(state.store(), batch.batch_id, corrected.author())
            else:
                undo = st.button("Redo", icon=":material/redo:", key=f"redo-{batch.batch_id}")
                if undo:
                    corrections.redo(state.store(), batch.batch_id)
            if undo:
                st.rerun()
    if len(made) > LOGGED:
        st.caption(f"The latest {LOGGED} of {len(made):,}.")
