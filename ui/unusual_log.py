"""The log of corrections: who, when, why and what, with undo and redo; and as a file."""

import streamlit as st

from data import corrections
from data.corrections import Batch
from data.errors import DataError
from ui import address, corrected, layout, state, unusual_decide
from ui import format as fmt
from ui import unusual_words as words
from ui.queries import Dataset

SHOWN = 8
SEASONALITY = "pages/explore/seasonality.py"


def show(dataset: Dataset) -> None:
    """The latest batches of the dataset, each with its button, and the way to see the effect."""
    entries = corrections.batches(state.store(), dataset.dataset_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**Corrections** :gray[· latest first; sales as recorded never change]",
            width="content",
        )
        st.space("stretch")
        if any(each.in_force and each.action != "keep" for each in entries):
            st.page_link(
                SEASONALITY,
                label="See them in Seasonality",
                icon=":material/arrow_forward:",
                query_params=address.read() | {"corrected": "1"},
            )
        if entries:
            st.download_button(
                "Log (CSV)",
                lambda: words.log_csv(entries).encode("utf-8-sig"),
                file_name="corrections.csv",
                mime="text/csv",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key="unusual_log_csv",
            )
    if not entries:
        st.caption("None yet. Each will stand here with who, when and why, and can be undone.")
        return
    whole = len(entries) <= SHOWN or st.session_state.get("unusual_log_all", False)
    with st.container(border=True):
        for entry in entries if whole else entries[:SHOWN]:
            _line(entry)
    if len(entries) > SHOWN:
        st.toggle(f"All {len(entries):,}", key="unusual_log_all")


def _line(entry: Batch) -> None:
    undone = entry.undone_at is not None
    with st.container(horizontal=True, vertical_alignment="center"):
        badge = " :gray-badge[Undone]" if undone else ""
        when = f"{entry.made_at.day} {entry.made_at:%b %Y, %H:%M}"
        notes = [fmt.escape(entry.author), when, f"“{fmt.escape(entry.reason)}”"]
        if undone:
            notes.append(f"undone by {fmt.escape(entry.undone_by or corrected.NOBODY)}")
        elif entry.in_force < entry.days:
            notes.append(f"{entry.days - entry.in_force:,} taken over by later ones")
        if entry.changed:
            notes.append(f"{entry.changed:,} were imported anew since: look again")
        text = words.batch(entry)
        st.markdown(
            f"{fmt.escape(text if len(text) < 160 else text[:159] + '…')}{badge}  \n"
            f":gray[{' · '.join(notes)}]",
            width="stretch",
        )
        if undone:
            if st.button("Redo", icon=":material/redo:", key=f"redo-{entry.batch_id}"):
                _again(entry.batch_id)
        elif st.button("Undo", icon=":material/undo:", key=f"undo-{entry.batch_id}"):
            unusual_decide.take_back(entry.batch_id)


def _again(number: int) -> None:
    try:
        corrections.redo(state.store(), number)
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    layout.say_after_rerun("Done again.", icon=":material/redo:")
    st.rerun()
