"""Models: every trained one, how good it was, and what can be done with it."""

from ui import layout, models, scope

head = layout.page("Models")
dataset, asked = scope.current(
    head, shows="This page keeps trained models: how good each was, and which is in use."
)
models.upload(head.actions)
models.stop_without_models()
models.download(head.actions)

selected = models.table(dataset)
if selected is not None:
    models.detail(selected, dataset, asked)
