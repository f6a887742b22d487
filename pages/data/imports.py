"""Imports: what was brought in, what was left out, and taking the last one back."""

from ui import imports, layout, navigation, queries

layout.page("Imports", caption="Latest first. The last import of each dataset can be undone.")
if queries.imports().empty:
    layout.stop(
        "**No imports yet.** This page keeps a line about every file that was brought in.",
        link=navigation.UPLOAD,
        link_label="Upload a file",
    )

selected = imports.log()
if selected is not None:
    imports.detail(selected)
