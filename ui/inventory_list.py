"""The list of the Inventory page: order, too much, move, all; ticks and quantities to decide."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from data import inventory as stored
from ui import chart_style, corrected, layout, state
from ui import format as fmt
from ui import inventory_facts as facts
from ui import inventory_words as words
from ui.inventory import BUDGET, PILL, View

ORDER, EXCESS, MOVE, ALL = PILLS = ("Order", "Too much", "Move between places", "All")
LISTED = 500
_OPEN, _OPENED, _REASON = "inventory_open", "inventory_opened", "inventory_reason"
LINE = "line"  # in the address: the line to look at, as a series id


def show(view: View) -> str | None:
    """The pills, the budget and the list; gives the series id of the line to look at."""
    pill = _choose(view)
    if pill == MOVE:
        _moves(view)
        return None
    if pill == ALL:
        chosen = view.lines.sort_values(["product", "place"], kind="stable")
    else:
        chosen = facts.to_order(view.lines) if pill == ORDER else facts.too_much(view.lines)
    if chosen.empty:
        what = "Nothing has to be ordered" if pill == ORDER else "Nothing is too much"
        st.caption(f"{what} here. All {len(view.lines):,} lines are under “All”.")
        return None
    if pill == EXCESS:
        _excess(chosen.head(LISTED), view)
    else:
        _orders(chosen.head(LISTED), view, pill)
    if len(chosen) > LISTED:
        st.caption(f"The first {LISTED:,} of {len(chosen):,} are listed; the file has all of them.")
    picked = st.query_params.get(LINE)
    return str(picked) if picked in chosen.index else str(chosen.index[0])


def _choose(view: View) -> str:
    counts = {
        ORDER: len(facts.to_order(view.lines)),
        EXCESS: len(facts.too_much(view.lines)),
        MOVE: len(view.moves),
        ALL: len(view.lines),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        pill = st.segmented_control(
            "Show",
            PILLS,
            # A phone has no room for all of “Move between places”, and pills in a row do not wrap.
            format_func=lambda name: f"{name.partition(' between')[0]} {counts[name]:,}",
            default=ORDER,
            required=True,
            key=PILL,
            bind="query-params",
            label_visibility="collapsed",
        )
        st.space("stretch")
        approved = int(view.lines["approved"].sum())
        st.markdown(f":gray[{approved:,} of {counts[ORDER]:,} approved]", width="content")
        st.number_input(
            "Budget",
            min_value=0.0,
            value=None,
            step=1000.0,
            format="%.0f",
            placeholder="No budget",
            label_visibility="collapsed",
            icon=":material/savings:",
            key=BUDGET,
            persist_state="session",
            width=150,
            help="The most that today's orders may cost. Every line is cut back until the last "
            "unit of each earns the same margin for its cost. Lines without price or unit cost are "
            "left out.",
        )
    return str(pill)


def _orders(chosen: pd.DataFrame, view: View, pill: str) -> None:
    table = _order_table(chosen, view)
    key = f"inventory-{pill}-{hash((view.scope, view.revision, view.budget, tuple(chosen.index)))}"
    st.data_editor(
        table,
        hide_index=True,
        placeholder=fmt.DASH,
        disabled=[name for name in table.columns if name not in ("ok", "quantity")],
        key=key,
        column_config=_order_columns(view, tuple(chosen.index)),
        alt="The order list: product, place, when to order, how much and why.",
    )
    edits = st.session_state.get(key, {}).get("edited_rows", {})
    _bar(chosen, edits, view)


def _order_table(chosen: pd.DataFrame, view: View) -> pd.DataFrame:
    into = {(row["product_id"], row["to_id"]): row for row in chart_style.records(view.moves)}
    rows = chart_style.records(chosen)
    whys = [
        words.why(row, into.get((row["product_id"], row["place_id"])), view.dataset.currency)
        for row in rows
    ]
    whys = [
        f"{row['author']}: {row['reason']}" if row["reason"] else text
        for row, text in zip(rows, whys, strict=True)
    ]
    return pd.DataFrame(
        {
            "ok": chosen["approved"].to_numpy(),
            "product": chosen["product"].astype(str).to_numpy(),
            "when": [[word] if word else [] for word in chosen["when"]],
            "place": chosen["place"].astype(str).to_numpy(),
            "sells_out": chosen["sells_out"].dt.date.to_numpy(),
            "weeks": chosen["weeks_of_cover"].to_numpy(),
            "order_by": chosen["order_by"].dt.date.to_numpy(),
            "quantity": chosen["ordered"].round().to_numpy(),
            "cost": chosen["order_cost"].to_numpy(),
            "lost": chosen["margin_if_not"].to_numpy(),
            "why": whys,
        }
    )


def _order_columns(view: View, shown: tuple[str, ...]) -> dict[str, Any]:
    config, currency = st.column_config, view.dataset.currency
    return {
        "ok": config.CheckboxColumn("OK", width=44, help="Tick to approve, then press the button."),
        "product": config.ButtonColumn(
            "Product", key=_OPEN, type="tertiary", alignment="left", width=156,
            on_click=_opened, args=(shown,), help="Click a product to see its stock to come.",
        ),
        "when": config.MultiselectColumn(
            "Order", options=list(facts.WHEN), color=["red", "orange", "gray", "gray"], width=86,
            help="Late: sells out before an order of today comes, in at least half of the possible "
            "futures. Today: waiting a day costs the service asked for.",
        ),
        "place": config.TextColumn("Place", width=78),
        "sells_out": config.DateColumn(
            "Sells out", format="ddd D MMM", width=84,
            help="Stock and coming deliveries against expected sales; middle of 500 possible "
            "futures.",
        ),
        "weeks": config.NumberColumn(
            "Weeks", format="%.1f", width=54, help="Weeks that stock and deliveries last."
        ),
        "order_by": config.DateColumn(
            "Order by", format="D MMM", width=66,
            help="The last day on which an order still keeps the service asked for, at the mean "
            "lead time. A day that has passed: the service can no longer be kept in full.",
        ),
        "quantity": config.NumberColumn(
            "Qty", format="%,d", min_value=0, step=1, width=76,
            help="Units. Change it here; a reason is asked for below.",
        ),
        "cost": config.NumberColumn(
            "Cost", format=f"{currency}%,d", width=68, help="At the unit cost of the product."
        ),
        "lost": config.NumberColumn(
            "Lost if not", format=f"{currency}%,d", width=78,
            help="Margin of what could not be sold until the delivery after this one.",
        ),
        "why": config.TextColumn(
            "Why", width=270,
            help="What the order rests on; a click on the product shows the whole sum. Of a "
            "changed quantity: who changed it and why.",
        ),
    }  # fmt: skip


def _opened(shown: tuple[str, ...]) -> None:
    row = st.session_state[_OPEN]["row"]
    if row < len(shown):
        st.query_params[LINE] = shown[row]


def _bar(chosen: pd.DataFrame, edits: dict[int, dict[str, Any]], view: View) -> None:
    """What the ticks and quantities of the list would do, and the button that does it."""
    asked = [_decision(chosen.iloc[int(row)], edit) for row, edit in edits.items()]
    made = [each for each in asked if each is not None]
    changed = [each for each in made if each.quantity != each.proposed]
    open_lines = chosen[~chosen["approved"] & (chosen["ordered"] > 0)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = ""
        if changed:
            reason = st.text_input(
                "Reason for the changed quantities", key=_REASON, width=260, max_chars=200
            )
        if made or len(open_lines):
            corrected.author_input()
        st.space("stretch")
        if made:
            approve = sum(each.approved for each in made)
            taken = len(made) - approve
            label = f"Approve {approve:,}" if not taken else f"Save {len(made):,} decisions"
            if st.button(label, type="primary", icon=":material/check:", key="inventory_save"):
                keep(view, [_with_reason(each, reason) for each in made])
        elif len(open_lines):
            label = f"Approve all {len(open_lines):,}"
            if cost := _cost_words(open_lines, view):
                label += f" · {cost}"
            if st.button(label, icon=":material/done_all:", key="inventory_all"):
                keep(view, [decision(row, approved=True) for _, row in open_lines.iterrows()])


def _decision(line: "pd.Series[Any]", edit: dict[str, Any]) -> stored.Decision | None:
    """What an edited row means; a changed quantity is approved with it, unless it is unticked."""
    quantity = edit.get("quantity", line["ordered"])
    quantity = float(line["ordered"] if quantity is None else quantity)
    moved = quantity != float(line["ordered"])
    approved = bool(edit.get("ok", line["approved"] or moved))
    if approved == bool(line["approved"]) and not moved:
        return None
    return decision(line, approved=approved, quantity=quantity)


def decision(
    line: "pd.Series[Any]", *, approved: bool, quantity: float | None = None, reason: str = ""
) -> stored.Decision:
    """The decision on a line of the view: as it stands, or with another quantity."""
    proposed = line["quantity"]
    cost = line["unit_cost"]
    return stored.Decision(
        product_id=int(line["product_id"]),
        place_id=int(line["place_id"]),
        due_day=line["delivery"].date(),
        proposed=0.0 if pd.isna(proposed) else float(proposed),
        quantity=float(line["ordered"]) if quantity is None else quantity,
        approved=approved,
        unit_cost=None if pd.isna(cost) else float(cost),
        reason=reason or str(line["reason"]),
    )


def keep(view: View, decisions: list[stored.Decision]) -> None:
    """Keep decisions and run again; what is wrong with them is said by the page."""
    stored.decide(
        state.store(),
        view.dataset.dataset_id,
        view.made.stock_day,
        decisions,
        author=corrected.author(),
    )
    approved = sum(each.approved for each in decisions)
    layout.say_after_rerun(
        f"{fmt.count(approved, 'line')} approved."
        if approved
        else f"{fmt.count(len(decisions), 'line')} taken back."
    )
    st.session_state.pop(_REASON, None)
    st.rerun()


def _with_reason(made: stored.Decision, reason: str) -> stored.Decision:
    if made.quantity == made.proposed or not reason.strip():
        return made
    return replace(made, reason=reason)


def _cost_words(lines: pd.DataFrame, view: View) -> str:
    cost = lines["order_cost"].sum(min_count=1)
    return "" if pd.isna(cost) else fmt.money(float(cost), view.dataset.currency)


def _excess(chosen: pd.DataFrame, view: View) -> None:
    out = {(row["product_id"], row["from_id"]): row for row in chart_style.records(view.moves)}
    config, currency = st.column_config, view.dataset.currency
    table = pd.DataFrame(
        {
            "product": chosen["product"].astype(str).to_numpy(),
            "place": chosen["place"].astype(str).to_numpy(),
            "on_hand": chosen["on_hand"].to_numpy(),
            "on_order": chosen["on_order"].to_numpy(),
            "weeks": chosen["weeks_of_cover"].where(chosen["weeks_of_cover"] < 520).to_numpy(),
            "excess": chosen["excess"].round().to_numpy(),
            "money": chosen["excess_cost"].to_numpy(),
            "why": [
                words.excess_why(row, out.get((row["product_id"], row["place_id"])))
                for row in chart_style.records(chosen)
            ],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Stock above what will sell in 13 weeks, dearest first.",
        column_config={
            "product": config.ButtonColumn(
                "Product", key=_OPEN, type="tertiary", alignment="left", width=190,
                on_click=_opened, args=(tuple(chosen.index),),
                help="Click a product to see its stock to come.",
            ),
            "place": config.TextColumn("Place", width=100),
            "on_hand": config.NumberColumn(
                "In stock", format="%,d", width=80, help="Units, the last known."
            ),
            "on_order": config.NumberColumn(
                "On order", format="%,d", width=80,
                help="Units on their way: deliveries imported and orders approved here.",
            ),
            "weeks": config.NumberColumn(
                "Weeks", format="%,.1f", width=70,
                help="Weeks that stock and deliveries last; – above ten years.",
            ),
            "excess": config.NumberColumn(
                "Too much", format="%,d", width=84, help="Units above the sales of 13 weeks."
            ),
            "money": config.NumberColumn(
                "Tied up", format=f"{currency}%,d", width=84, help="The same at unit cost."
            ),
            "why": config.TextColumn(
                "What to do", width=320,
                help="Move it where another place would order it, else wait or mark it down.",
            ),
        },
    )  # fmt: skip


def _moves(view: View) -> None:
    if view.moves.empty:
        st.caption("Nothing to move: no place has more than it needs of what another would order.")
        return
    config, currency = st.column_config, view.dataset.currency
    st.dataframe(
        view.moves.head(LISTED)[["product", "from", "to", "quantity", "money", "spares"]],
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Moves between places, those that save most first.",
        column_config={
            "product": config.TextColumn("Product", width=260),
            "from": config.TextColumn(
                "From", width=130, help="Has more than it needs until its next delivery."
            ),
            "to": config.TextColumn("To", width=130, help="Would have to order."),
            "quantity": config.NumberColumn(
                "Units", format="%,d", width=90,
                help="As far as the one has it to spare and the other would order it.",
            ),
            "money": config.NumberColumn(
                "Margin saved", format=f"{currency}%,d", width=130,
                help="Of sales that would be lost without the move or an order.",
            ),
            "spares": config.NumberColumn(
                "Order less", format=f"{currency}%,d", width=130,
                help="What need not be bought, at unit cost. Transport is not counted.",
            ),
        },
    )  # fmt: skip
    st.caption("A move comes out of the proposed orders only once you change their quantity.")
