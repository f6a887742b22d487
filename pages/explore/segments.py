"""Segments: which products earn, which vary, where they stand in their life; kept by name."""

import streamlit as st

from ui import layout, scope, segments, segments_saved

head = layout.page("Segments")

# --- Choose ---
dataset, asked = scope.current(
    head,
    shows="This page sorts products by what they earn (A, B, C), how much they vary (X, Y, Z) and "
    "where they stand in their life, and keeps groups of them by name.",
)
files, later, limits = segments.actions(head.actions)
st.caption(segments.caption(asked, dataset))
scope.way(dataset, asked)
picked = segments.choose(limits, asked, dataset)

# --- Run ---
classified = segments.read(asked, dataset, limits)
chosen, by_hand = segments.chosen(classified, picked, limits, asked)

# --- Read ---
with later:
    segments_saved.save(chosen, picked, by_hand, limits, asked, dataset)
segments.cards(chosen, classified, limits, asked, dataset)
left, right = st.columns([0.62, 0.38], gap="medium")
with left:
    segments.matrix(classified, picked, limits, asked, dataset)
with right:
    segments.lives(classified, picked, limits, asked, dataset)
segments.products(chosen, picked, by_hand, asked, dataset)
segments_saved.table(dataset)
segments.downloads(files, chosen, dataset)
