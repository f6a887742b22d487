"""The one engine of this process, which does the jobs, and the registry of its runs."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from engine.devices import count_gpus, is_network, slots_of
from engine.ray_jobs import RayBackend
from engine.registry import About, Registration, Registry
from engine.requests import Request
from engine.supervisor import Engine
from ui import settings


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def engine() -> Engine:
    """The open engine: started by the first page, it adopts the jobs of the last one.

    It closes when the app ends; what runs then goes on at the next start. Raises `EngineBusy`
    where another Almanac works on the same folder; a failure is not cached.
    """
    chosen = settings.from_environment()
    gpus = chosen.gpus
    if gpus is None:  # on a cluster, those of this machine say nothing
        gpus = 0 if chosen.ray_address else count_gpus()
    opened = Engine(
        chosen.var,
        slots=slots_of(jobs=chosen.jobs, gpus=gpus),
        memory_mb=chosen.job_memory_mb,
        backend=RayBackend(chosen.ray_address) if chosen.ray_address else None,
        on_end=registry().register,
    )
    registry().register(*(job.run_id for job in opened.jobs()))
    return opened


@st.cache_resource(show_spinner=False, on_release=lambda opened: opened.close())
def registry() -> Registry:
    """What is known of every run besides its folder: names, tags, champions."""
    return Registry(settings.from_environment().var)


def submit(
    request: Request,
    frame: pd.DataFrame,
    *,
    about: About,
    name: str,
    tags: Sequence[str] = (),
    future: pd.DataFrame | None = None,
    priority: int = 0,
    who: str = "",
) -> str:
    """Queue a job where it is done best, and register it; its run id.

    An app that dies in between has registered it at its next start. Raises `EngineError`.
    """
    opened = engine()
    run_id = opened.submit(
        request,
        frame,
        future=future,
        resource=opened.resource_for(request),
        priority=priority,
        who=who,
        registration=Registration(about=about, name=name, tags=tuple(tags)),
    )
    registry().add(run_id, about, name=name, tags=tags)
    return run_id


def slots_for(models: Iterable[str]) -> tuple[str, int]:
    """What trains such models, "GPU" or "CPU", and how many jobs of it run at once."""
    slots = engine().slots
    gpus = sum(count for name, count in slots.items() if name.startswith("gpu"))
    if gpus and any(is_network(model) for model in models):
        return "GPU", gpus
    return "CPU", slots["cpu"]


def close() -> None:
    """Stop what runs, where the app ends; it goes on at the next start."""
    engine.clear()
    registry.clear()
