"""Corrected sales on every screen: the switch beside the scope, and the words that say so."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from data import corrections
from data.corrections import Kind
from data.scope import Scope
from ui import address, queries, state
from ui import format as fmt

_SWITCH, _NAME = "use_corrected", "author_name"
NOBODY = "Not signed in"
_KINDS: dict[Kind, str] = {"stock_out": "out of stock", "outlier": "unusual"}


def revision(dataset_id: int) -> int:
    """Of the dataset's corrections: changes with every one made, undone or done again."""
    return corrections.revision(state.store(), dataset_id)


def is_asked(dataset_id: int) -> bool:
    """Whether the address asks for corrected sales, and there are any."""
    return address.number("corrected") == 1 and _any(dataset_id)


def switch(dataset_id: int) -> None:
    """A toggle, where anything was corrected."""
    if not _any(dataset_id):
        return
    st.session_state[_SWITCH] = is_asked(dataset_id)
    st.toggle(
        "Use corrected sales",
        key=_SWITCH,
        on_change=_switched,
        help="Demand without the stock-outs accepted on Lost sales, and without the outliers "
        "corrected on Unusual sales. What was recorded stays as it is.",
    )


def caption(scope: Scope) -> str:
    """How much of what is shown is corrected."""
    numbers = {
        words: count(scope, kind) for kind, words in _KINDS.items() if count(scope, kind) > 0
    }
    if not numbers:
        return ":orange-badge[Corrected sales] No day of this scope is corrected."
    total = fmt.count(sum(numbers.values()), "corrected day")
    parts = " and ".join(
        f"{number:,} {words}" if len(numbers) > 1 else words for words, number in numbers.items()
    )
    return f":orange-badge[Corrected sales] With {total} of a product in a place: {parts}."


def count(scope: Scope, kind: Kind | None = None) -> int:
    """How many product-days of a scope are corrected; see `data.corrections.count`."""
    return _count(queries.version(), revision(scope.dataset_id), scope, kind)


def recorded(scope: Scope) -> pd.DataFrame | None:
    """timestamp and value as recorded, beside a corrected scope; None beside any other."""
    if not scope.corrected:
        return None
    from ui import forecasts  # late: the library takes a while to import, and Home does without

    plain = queries.series(replace(scope, corrected=False, correction_revision=0))
    return forecasts.history_of(plain, scope.measure)


def author() -> str:
    """Who is at work: the signed-in user, else the name given in this session."""
    user = st.user.to_dict() if hasattr(st.user, "to_dict") else {}
    known = user.get("name") or user.get("email") or st.session_state.get(_NAME)
    return str(known or NOBODY).strip() or NOBODY


def author_input() -> None:
    """Asks for a name for the log, where nobody is signed in."""
    user = st.user.to_dict() if hasattr(st.user, "to_dict") else {}
    if not (user.get("name") or user.get("email")):
        st.text_input(
            "Your name",
            key=_NAME,
            placeholder=NOBODY,
            persist_state="session",
            width=190,
            help="For the log of corrections.",
        )


def _switched() -> None:
    address.go({"corrected": 1 if st.session_state[_SWITCH] else None})


def _any(dataset_id: int) -> bool:
    return count(Scope(dataset_id=dataset_id)) > 0


@st.cache_data(max_entries=256, show_spinner=False)
def _count(version: queries.Version, revision: int, scope: Scope, kind: Kind | None) -> int:
    return corrections.count(state.store(), scope, kind=kind)
