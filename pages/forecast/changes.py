"""What changed: why a forecast is another one than the one before it."""

from ui import changes, changes_reads, layout

head = layout.page("What changed")

# --- Choose ---
dataset, pair = changes.chosen(head.scope)

# --- Run ---
found = changes_reads.changes(pair)

# --- Read ---
changes.caption(pair, found)
changes.cards(found, dataset.currency)
changes.chart(found, dataset.currency)
changes.table(found, dataset)
changes.download(head.actions, found)
