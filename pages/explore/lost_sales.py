"""Lost sales: when products were out of stock, what would have sold, and deciding on it."""

import streamlit as st

from ui import layout, lost_sales, lost_sales_review, scope

head = layout.page("Lost sales")

# --- Choose ---
dataset, asked = scope.current(head, corrections=False)
caption = st.empty()
scope.way(dataset, asked)
span = lost_sales.choose(dataset)

# --- Run ---
found = lost_sales.read(dataset, asked, span)

# --- Read ---
caption.caption(lost_sales.caption(found, dataset))
lost_sales.downloads(head.actions, found, asked)
lost_sales.cards(found, asked, dataset)
lost_sales.charts(found, asked, dataset)
picked = lost_sales_review.review(found, asked, dataset)
lost_sales_review.one(found, picked)
lost_sales_review.log(dataset)
