"""Schedules: trainings and reports that repeat themselves, what came of them, what drifts."""

from ui import layout, schedule_form, schedules, sidebar

head = layout.page("Schedules")
sidebar.chosen(
    shows="This page repeats trainings and reports on a schedule."
)  # without sales there is nothing to repeat
schedule_form.stop_without_schedules()
schedule_form.new(head.actions)
schedules.live()
