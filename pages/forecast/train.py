"""Train: new models, a search for better settings, or an earlier model trained further."""

import streamlit as st

from ui import layout, scope, train_copy, train_start
from ui import train_view as view

head = layout.page("Train")

# --- Choose ---
dataset, asked = scope.current(
    head, shows="This page trains models of all products together, in the background."
)
train_copy.copy_if_asked()
left, right = st.columns([0.73, 0.27], gap="medium")
with left:
    way = view.way()
    above = st.container()
    aim = view.target(asked, way)
    view.stop_without_sales(asked, aim)
    said = train_start.choices(way, above, asked, aim)

# --- Run ---
with right:
    train_start.start(said, dataset)
    train_start.gaps(asked, aim)
