"""Train: choose how thorough, what to forecast and what is known ahead; then start the jobs."""

import streamlit as st

from ui import layout, scope, train_start
from ui import train_view as view
from ui.training import Plan

head = layout.page("Train")

# --- Choose ---
dataset, asked = scope.current(head)
view.copy_if_asked()
left, right = st.columns([0.73, 0.27], gap="medium")
with left:
    thorough = st.container()
    aim = view.target(asked)
    models = view.models()
    view.stop_without_sales(asked, aim)
    view.presets(thorough, asked, aim)
    covariates = view.known_ahead(asked, aim)
    advanced = view.advanced()

# --- Run ---
with right:
    train_start.start(
        Plan(
            scope=asked,
            split=aim.split,
            horizon=aim.horizon,
            windows=aim.windows,
            models=models,
            preset=view.preset(),
            covariates=covariates,
            advanced=advanced,
        ),
        dataset,
    )
    train_start.gaps(asked, aim)
