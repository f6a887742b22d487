"""Jobs: what is being trained, how well it learns, and what came out."""

from ui import job_view, layout

head = layout.page("Jobs")
job_view.stop_without_jobs()
job_view.actions(head.actions)
job_view.live()
