"""Reports: a forecast, products or a model as a file to hand on, looked at before it is taken."""

from ui import layout, reports, schedule_reports, scope

head = layout.page("Reports")

# --- Choose ---
dataset, asked = scope.current(
    head, shows="This page makes reviews, product sheets and order proposals as PDF, Excel or HTML."
)
choice = reports.controls()

# --- Run ---
made = reports.review(asked, dataset, choice)

# --- Read ---
with head.actions:
    schedule_reports.offer(made)
reports.downloads(head.actions, made, choice)
reports.preview(made, choice)
