"""Data quality: how far the stored sales can be trusted, and what to look at first."""

from ui import layout, quality

head = layout.page("Data quality")

# --- Choose ---
dataset, place = quality.scope(head)

# --- Run ---
found = quality.read(dataset, place)

# --- Read ---
quality.downloads(head.actions, dataset, place)
quality.caption(found, dataset)
quality.cards(found, dataset)
quality.findings(found, dataset)
quality.holes(found, dataset)
quality.products(found, dataset, place)
