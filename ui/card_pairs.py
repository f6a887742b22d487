"""Seats for an even number of cards: never five in a row and one below.

Pairs lie side by side where all cards fit into one row; where the page is narrower the two of a
pair stand one below the other, three columns of two; on a phone a pair is a row.
"""

from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

CARD = 148  # pixels that a card needs
COLUMN = 196  # pixels from which columns of pairs stand side by side; no phone has two of them


def seats(count: int) -> Iterator[DeltaGenerator]:
    """A place for each of `count` cards, pair by pair; to be filled in order."""
    grid = st.grid((count + 1) // 2, min_column_width=COLUMN)
    for number in range(count):
        if number % 2 == 0:
            pair = grid.cell().grid(2, min_column_width=CARD)
        yield pair
