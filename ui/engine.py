"""The one engine of this process, which does the jobs, and the registry of its runs."""

import streamlit as st

from engine.ray_jobs import RayBackend
from engine.registry import Registry
from engine.supervisor import Engine
from ui import settings


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def engine() -> Engine:
    """The open engine: started by the first page, it adopts the jobs of the last one.

    It closes when the app ends; what runs then goes on at the next start. Raises `EngineBusy`
    where another Almanac works on the same folder; a failure is not cached.
    """
    chosen = settings.from_environment()
    return Engine(
        chosen.var,
        slots={"cpu": chosen.jobs},
        memory_mb=chosen.job_memory_mb,
        backend=RayBackend(chosen.ray_address) if chosen.ray_address else None,
    )


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def registry() -> Registry:
    """What is known of every run besides its folder: names, tags, champions."""
    return Registry(settings.from_environment().var)


def close() -> None:
    """Stop what runs, where the app ends; it goes on at the next start."""
    engine.clear()
    registry.clear()
