"""Calendar: which events come, what they do before, on and after their days, and editing them."""

import streamlit as st

from ui import calendar_edit, chart_downloads, layout, scope
from ui import calendar_view as view

head = layout.page("Calendar")

# --- Choose ---
dataset, asked = scope.current(
    head,
    shows="This page shows what festivals, holidays and your own events do to sales before, on "
    "and after their days, and which come next.",
)
caption = st.empty()
scope.way(dataset, asked)

# --- Run ---
calendar_edit.actions(head.actions, dataset)
files = chart_downloads.begin(head.actions)
found = view.read(asked, dataset)
caption.caption(view.caption(found, dataset))

# --- Read ---
view.ahead(found, dataset)
view.detail(found, dataset)
view.year(found, dataset)
calendar_edit.grid(dataset)
calendar_edit.downloads(files, dataset)
