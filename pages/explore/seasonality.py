"""Seasonality: when a scope sells in the week and the year, its trend, and the next peak."""

import streamlit as st

from ui import chart_downloads, layout, scope, seasonality, seasonality_tests

head = layout.page("Seasonality")
files = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    shows="This page shows when in the week and the year things sell, their trend, and the next "
    "peak.",
)
scope.way(dataset, asked)

# --- Run ---
found = seasonality.read(asked, dataset)

# --- Read ---
seasonality.caption(found, dataset)
seasonality.cards(found)
left, right = st.columns([0.62, 0.38], gap="medium")
with left:
    seasonality.made_of(found, asked, dataset)
with right:
    seasonality.memory(found, asked)
    seasonality.usual(found)
seasonality.calendar(found, asked, dataset)
seasonality_tests.show(found, asked, dataset)
seasonality.downloads(files, found, asked)
