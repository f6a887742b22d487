"""Overview: what sells against last year, where the growth comes from, and who moves it."""

import streamlit as st

from ui import chart_downloads, layout, overview, overview_movers, scope

head = layout.page("Overview")
files = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    shows="This page compares sales with last year: how much, where the growth comes from, which "
    "products make it, and how the places stand.",
)
caption = st.empty()
scope.way(dataset, asked)
comparison, alignment = overview.choose(dataset)
caption.caption(overview.caption(dataset, comparison, alignment))

# --- Run ---
found = overview.read(asked, comparison)

# --- Read ---
overview.cards(found, asked, comparison, dataset)
left, right = st.columns([0.62, 0.38], gap="medium")
with left:
    overview.course(found, asked, comparison, dataset)
with right:
    overview.growth(found, asked, dataset)
overview.where(found, asked, comparison, dataset)
overview_movers.show(found, asked, comparison, dataset)
overview.downloads(files, asked, comparison, dataset)
