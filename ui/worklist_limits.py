"""The thresholds of the worklist, to change."""

import streamlit as st

from data import worklist
from ui import layout, state
from ui import worklist_reads as reads
from ui.queries import Dataset
from ui.worklist_rules import Limits

# name: label, least, most, step, format, tooltip
_FIELDS = {
    "least_share": (
        "At stake, at least (% of sales)", 0.0, 5.0, 0.01, "%.2f",
        "Share of the last four weeks' sales. Smaller sums are not listed.",
    ),
    "growth": (
        "Forecast changed by (%)", 5.0, 200.0, 5.0, "%.0f",
        "Against last year, or against the forecast before.",
    ),
    "slipped": (
        "Error grew (times)", 1.1, 5.0, 0.1, "%.1f", "Times its usual error on past periods."
    ),
    "error": ("Error is at least (%)", 0.0, 100.0, 5.0, "%.0f", "A share of what sold (WAPE)."),
    "chance": (
        "Silent by chance, below (%)", 0.001, 5.0, 0.05, "%.3f",
        "A product is likely out where so long a silence happens by chance less often than this.",
    ),
    "event": (
        "Event sold (times)", 1.1, 10.0, 0.1, "%.1f", "Times what usually sells in as many days."
    ),
    "new_weeks": ("New for (weeks)", 2.0, 26.0, 1.0, "%.0f", "Weeks since the first sale."),
    "most": ("Rows, at most", 5.0, 200.0, 5.0, "%.0f", "A short list gets done."),
}  # fmt: skip


def form(dataset: Dataset) -> None:
    """Every threshold with what it means; kept for everybody who uses the dataset."""
    now = reads.limits(dataset.dataset_id)
    with st.form("worklist_limits", border=False):
        values = {}
        left, right = st.columns(2)
        for at, (name, (label, low, high, step, shown, words)) in enumerate(_FIELDS.items()):
            with (left, right)[at % 2]:
                values[name] = st.number_input(
                    label,
                    min_value=low,
                    max_value=high,
                    value=min(max(getattr(now, name), low), high),
                    step=step,
                    format=shown,
                    help=words,
                )
        with st.container(horizontal=True):
            kept = st.form_submit_button("Keep", type="primary")
            usual = st.form_submit_button("Usual ones", type="tertiary")
    if kept or usual:
        changed = {} if usual else Limits().with_changes(values).changes()
        worklist.set_limits(state.store(), dataset.dataset_id, changed)
        layout.say_after_rerun("Thresholds are kept.")
        st.rerun()
