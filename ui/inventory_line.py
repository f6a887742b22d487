"""One line of the Inventory page: its stock to come, the sum behind its order, and deciding it."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from data import inventory as stored
from forecasting.planning import StockAhead, stock_ahead
from ui import chart_downloads, chart_style, inventory_charts, state
from ui import format as fmt
from ui import inventory_facts as facts
from ui import inventory_list as listed
from ui import inventory_words as words
from ui.inventory import View

BEFORE = 28  # days of stock that has been
LEAST_AHEAD = 35  # days to come


def show(view: View, picked: str | None) -> None:
    """The chart left, the sum right; nothing where no line is shown."""
    if picked is None:
        return
    line = {str(key): value for key, value in view.lines.loc[picked].to_dict().items()}
    left, right = st.columns([0.66, 0.34], gap="medium")
    with left:
        _chart(view, picked, line)
    with right, st.container(border=True):
        _sum(line)
        _decide(view, picked, line)


def _chart(view: View, picked: str, line: dict[str, Any]) -> None:
    ahead = _ahead(view, picked, line)
    store, dataset_id = state.store(), view.dataset.dataset_id
    since = view.made.stock_day - timedelta(days=BEFORE)
    before = stored.stock_before(
        store, dataset_id, int(line["product_id"]), int(line["place_id"]), since=since
    )
    name = f"{line['product']} · {line['place']}"
    st.markdown(
        f"**{fmt.escape(chart_style.short(name, 70))}** :gray[· stock to come, units · shade: 8 in "
        "10 cases]"
    )
    st.plotly_chart(
        inventory_charts.stock(
            before,
            ahead,
            on_hand=max(float(line["on_hand"]), 0.0),
            quantity=float(line["ordered"]),
            reorder_point=float(line["reorder_point"]),
            view=picked,
        ),
        key=chart_downloads.keyed(f"inventory-stock-{picked}"),
        config=chart_downloads.config(name),
        alt=_alt(line),
    )
    if line["note"]:
        st.caption(line["note"][0].upper() + line["note"][1:] + ".")


def _ahead(view: View, picked: str, line: dict[str, Any]) -> StockAhead:
    made = view.made
    at = int(made.plan.items.series_ids.get_indexer(pd.Index([picked]))[0])
    item = made.plan.items.subset(slice(at, at + 1))
    coming = facts.due(made.source.forecast, made.coming)
    mine = coming[coming["series_id"] == picked]
    needed = int(line["lead_time_days"] + 2 * line["review_days"]) + 7
    return stock_ahead(
        made.source.forecast,
        item,
        quantity=float(line["ordered"]),
        on_order=mine,
        days=max(needed, LEAST_AHEAD),
    )


def _alt(line: dict[str, Any]) -> str:
    out = line["sells_out"]
    ends = f"sells out {fmt.day(out)}" if pd.notna(out) else "does not sell out"
    return (
        f"{fmt.units(line['on_hand'])} in stock, {ends} without an order; "
        f"{fmt.units(line['ordered'])} ordered now come {fmt.day(line['delivery'])}."
    )


def _sum(line: dict[str, Any]) -> None:
    quantity = line["quantity"]
    st.markdown(f"**Why {fmt.units(round(float(quantity)))}?**")
    rows = words.sum_rows(line)
    st.table(
        pd.DataFrame(rows, columns=["What", "Units"]),
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )
    if line["ordered"] != quantity:
        reason = fmt.escape(line["reason"])
        st.markdown(
            f"Changed to **{fmt.units(round(float(line['ordered'])))}** by "
            f"{fmt.escape(line['author'])}: {reason}"
        )
    st.caption(words.assumptions(line, 500))


def _decide(view: View, picked: str, line: dict[str, Any]) -> None:
    """Approve, change with a reason, take back."""
    row = view.lines.iloc[int(view.lines.index.get_indexer(pd.Index([picked]))[0])]
    amount = fmt.units(round(float(line["ordered"])))
    with st.container(horizontal=True, vertical_alignment="center"):
        if line["approved"]:
            st.badge("Approved", icon=":material/check:", color="green")
            if st.button("Take back", key="inventory_back"):
                listed.keep(view, [listed.decision(row, approved=False)])
        elif line["ordered"] > 0 and st.button(
            f"Approve {amount}", icon=":material/check:", key="inventory_approve"
        ):
            listed.keep(view, [listed.decision(row, approved=True)])
        with st.popover("Change"):
            _change(view, picked, row)


def _change(view: View, picked: str, row: "pd.Series[Any]") -> None:
    with st.form(f"inventory-change-{picked}-{view.revision}", border=False):
        quantity = st.number_input(
            "Quantity, units",
            min_value=0.0,
            value=float(np.round(row["ordered"])),
            step=float(row["pack_size"]),
            format="%.0f",
            key=f"inventory_quantity-{picked}",
            help="The buttons go by the pack.",
        )
        reason = st.text_input("Reason", max_chars=200, key=f"inventory_why-{picked}")
        pressed = st.form_submit_button("Approve this quantity")
    if pressed:
        changed = listed.decision(row, approved=True, quantity=float(quantity), reason=reason)
        listed.keep(view, [changed])
