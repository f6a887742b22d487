"""Links that name a run alone: what it is of, period and measure go with it."""

import streamlit as st

from ui import address, scope, training
from ui.engine import registry

_LINKS = {"forecast": "run", "train": "copy"}  # the page, and the parameter that names a run
_SEEN = "run_arrived"  # session: the page and run that were taken over last


def take_over(page: str) -> None:
    """Set period, measure and scope from the run of the address, once; before any widget."""
    asked = st.query_params.get(_LINKS[page]) if page in _LINKS else None
    if st.session_state.get(_SEEN) == (page, asked):
        return
    st.session_state[_SEEN] = (page, asked)
    entry = registry().entry(asked) if asked else None
    found = training.scope_of(entry.about) if entry else None
    if found is None:
        return
    words = {freq: word for word, freq in scope.PERIODS.items()}
    st.session_state["by"] = words[found.freq]
    st.session_state["show"] = "Revenue" if found.measure == "revenue" else "Units"
    if not any(name in st.query_params for name in ("category", "product", "place", "segment")):
        address.go(
            {
                "dataset": found.dataset_id,
                "category": found.categories if found.product_id is None else None,
                "product": found.product_id,
                "place": found.place_id,
                "segment": found.segment_id,
            }
        )
