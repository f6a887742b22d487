"""Forecast: what will sell in a scope, in which range, beside last year and a baseline."""

import streamlit as st

from ui import (
    first_view,
    forecast_cards,
    forecast_chart,
    forecast_choice,
    forecast_inside,
    layout,
    plan_sheet,
    scope,
)
from ui import forecast_view as view

head = layout.page("Forecast")

# --- Choose ---
dataset, asked = scope.current(
    head, shows="This page shows what will sell, with its range, last year beside it, and why."
)
caption = st.empty()
scope.way(dataset, asked)
cards = st.container()
choice = forecast_choice.controls(asked, dataset)

# --- Run ---
outlook = view.outlook(asked, choice)

# --- Read ---
caption.caption(view.caption(dataset, asked, outlook, choice))
forecast_cards.show(cards, outlook, asked, dataset.currency, choice.previous)
left, right = st.columns([0.7, 0.3], gap="medium")
with left:
    forecast_chart.show(outlook, asked, choice, dataset)
with right:
    forecast_inside.show(outlook, asked, choice, dataset)
    view.words(outlook, asked, choice, dataset)
if not plan_sheet.show(asked, outlook, dataset, head.actions):
    view.table(outlook, asked, dataset)
view.downloads(head.actions, outlook, asked, dataset)
if choice.run is None:
    first_view.show(asked, dataset, choice.horizon)
