"""Unusual sales: what does not fit its product's own weeks, why, and what to make of it."""

import streamlit as st

from ui import chart_downloads, layout, scope, unusual, unusual_decide, unusual_log

head = layout.page("Unusual sales")
files = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page lists what does not fit a product's own days and weeks: mistakes, single "
    "large orders, wrong units. Each can be kept or corrected, and taken back.",
)
caption = st.empty()
scope.way(dataset, asked)
split = unusual.choose(dataset, asked)

# --- Run ---
view = unusual.read(dataset, asked, split)

# --- Read ---
with caption:
    unusual.caption(view)
unusual.cards(view)
chosen = unusual.findings(view)
left, right = st.columns([0.58, 0.42], gap="medium")
with right:
    decided = unusual_decide.panel(view, chosen)
with left:
    unusual.detail(view, chosen, decided)
unusual_log.show(dataset)
unusual.downloads(files, view)
