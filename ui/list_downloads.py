"""The Download menu of a page with a list: all its lines in three forms, then its charts."""

from collections.abc import Callable

import pandas as pd
from streamlit.delta_generator import DeltaGenerator

from ui import chart_downloads, table_files


def show(
    place: DeltaGenerator, lines: Callable[[], pd.DataFrame], label: str, *, stem: str
) -> None:
    """`lines` gives the table once somebody clicks, `label` says what it holds, `stem` names the
    file."""
    with chart_downloads.menu(place):
        table_files.buttons(lines, label, stem=stem, key=f"{stem}_list")
