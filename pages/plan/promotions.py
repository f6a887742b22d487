"""Promotions: what past ones earned, all counted, which kinds work, and whether prices did."""

import streamlit as st

from ui import chart_downloads, effects_check, layout, promotions, promotions_list, scope

head = layout.page("Promotions")
menu = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page shows what past promotions earned with siblings and the weeks around.",
)
caption = st.empty()
scope.way(dataset, asked)
if effects_check.is_asked():
    effects_check.show(dataset, asked)
span = promotions.choose(dataset)

# --- Run ---
view = promotions.read(dataset, asked, span)

# --- Read ---
promotions.caption(caption, view)
promotions.cards(view)
promotions.by_kind(view)
picked = promotions_list.show(view)
promotions_list.one(view, picked)
promotions_list.downloads(menu, view)
