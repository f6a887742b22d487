"""Overview: what sells against last year, where the growth comes from, and who moves it."""

import streamlit as st

from ui import layout, overview, scope

head = layout.page("Overview")

# --- Choose ---
dataset, asked = scope.current(head)
caption = st.empty()
scope.way(dataset, asked)
comparison, alignment = overview.choose(dataset)
caption.caption(overview.caption(dataset, comparison, alignment))

# --- Run ---
found = overview.read(asked, comparison)

# --- Read ---
overview.downloads(head.actions, asked, comparison, dataset)
overview.cards(found, asked, comparison, dataset)
left, right = st.columns([0.62, 0.38], gap="medium")
with left:
    overview.course(found, asked, comparison, dataset)
with right:
    overview.growth(found, asked, dataset)
overview.where(found, asked, comparison, dataset)
overview.movers(found, asked, comparison, dataset)
