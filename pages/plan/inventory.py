"""Inventory: what to order now, what is too much, what to move, and approving the order list."""

from ui import (
    inventory,
    inventory_line,
    inventory_list,
    inventory_orders,
    inventory_replay,
    inventory_settings,
    layout,
    scope,
)

head = layout.page("Inventory")

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page says what to order now, what runs out when, and what there is too much of.",
)
caption = inventory.caption_place()
scope.way(dataset, asked)

# --- Run ---
view = inventory.read(dataset, asked)

# --- Read ---
inventory.caption(caption, view)
inventory.cards(view)
picked = inventory_list.show(view)
inventory_line.show(view, picked)
inventory_orders.downloads(head.actions, view)
inventory_settings.fold(dataset)
inventory_replay.fold(view)
