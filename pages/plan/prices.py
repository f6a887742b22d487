"""Prices: how sales answer them, which price earns most, and selling off a stock."""

import streamlit as st

from ui import chart_downloads, layout, prices, prices_list, prices_product, prices_rules, scope

head = layout.page("Prices")
menu = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page shows what sales answer to prices, and which price earns most.",
)
caption = st.empty()
scope.way(dataset, asked)
rules = prices_rules.choose(dataset, asked)

# --- Run ---
view = prices.read(dataset, asked, rules)

# --- Read ---
prices.caption(caption, view)
prices.cards(view)
picked = prices_list.show(view)
prices_product.show(view, picked)
prices_list.downloads(menu, view)
