"""What-if: scenarios of prices, promotions, events and stock beside the plan; one becomes it."""

from ui import (
    chart_downloads,
    layout,
    scope,
    what_if,
    what_if_cards,
    what_if_edit,
    what_if_plan,
    what_if_report,
)

head = layout.page("What-if")
menu = chart_downloads.begin(head.actions)

# --- Choose ---
dataset, asked = scope.current(
    head,
    corrections=False,
    shows="This page holds other prices, promotions and events against the plan.",
)
caption = what_if.caption_place()
scenarios, chosen = what_if.choose(dataset, asked)

# --- Run ---
view = what_if.read(dataset, asked, scenarios, chosen)

# --- Read ---
what_if.caption(caption, view)
what_if_edit.grid(view)
what_if_cards.show(view)
what_if_cards.menu(menu, view)
what_if_report.offer(head.actions, view)
what_if_plan.actions(head.actions, view)
