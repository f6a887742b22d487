"""A table in which one row is chosen, and the address keeps which: a link opens the same row."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from ui import format as fmt

_LINE = 35  # pixels of a row of a table


def row(
    table: pd.DataFrame | Styler,
    ids: Sequence[str],
    chosen: int | None,
    *,
    name: str,
    key: str,
    lines: int,
    alt: str,
    column_config: Mapping[str, Any],
) -> None:
    """Draw `table`, a row per id; a click on a row writes its id into the address under `name`.

    `chosen` is the row that is marked. Up to `lines` rows are shown in full, more are scrolled.
    """
    key = f"{key}-{abs(hash(tuple(ids)))}"  # other rows are another table: no mark is left over
    st.dataframe(
        table,
        hide_index=True,
        placeholder=fmt.DASH,
        key=key,
        height="auto" if len(ids) <= lines else lines * _LINE + 5,
        on_select=lambda: _take(key, ids, name),
        selection_mode="single-row",
        selection_default=None if chosen is None else {"selection": {"rows": [chosen]}},
        alt=alt,
        column_config=column_config,
    )


def _take(key: str, ids: Sequence[str], name: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows and rows[0] < len(ids):
        st.query_params[name] = ids[rows[0]]
