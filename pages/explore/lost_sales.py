"""Lost sales: when products were out of stock, what would have sold, and deciding on it."""

import streamlit as st

from ui import chart_downloads, layout, lost_sales, lost_sales_review, scope

head = layout.page("Lost sales")
files = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page finds the days on which products were out of stock and what would have sold; "
    "with stock on hand in the file they are certain.",
)
caption = st.empty()
scope.way(dataset, asked)
span = lost_sales.choose(dataset)

# --- Run ---
found = lost_sales.read(dataset, asked, span)

# --- Read ---
caption.caption(lost_sales.caption(found, dataset))
lost_sales.cards(found, asked, dataset)
lost_sales.charts(found, asked, dataset)
picked = lost_sales_review.review(found, asked, dataset)
lost_sales_review.one(found, picked)
lost_sales_review.log(dataset)
lost_sales.downloads(files, found, asked)
