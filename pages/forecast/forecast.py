"""Forecast: what will sell in a scope, in which range, beside last year and a baseline."""

import streamlit as st

from ui import forecast_chart, layout, plan_sheet, scope
from ui import forecast_view as view

head = layout.page("Forecast")

# --- Choose ---
dataset, asked = scope.current(head)
caption = st.empty()
scope.way(dataset, asked)
cards = st.container()
choice = view.controls(asked, dataset)

# --- Run ---
outlook = view.outlook(asked, choice)

# --- Read ---
caption.caption(view.caption(dataset, asked, outlook, choice))
view.cards(cards, outlook, asked, dataset.currency)
left, right = st.columns([0.7, 0.3], gap="medium")
with left:
    forecast_chart.show(outlook, asked, choice.lines, dataset)
with right:
    view.inside(asked, choice, dataset)
    view.words(outlook, asked, choice, dataset)
if not plan_sheet.show(asked, outlook, dataset, head.actions):
    view.table(outlook, asked, dataset)
view.downloads(head.actions, outlook, asked, dataset)
