"""Jobs done once more: the same again, or on from where one ended."""

from dataclasses import replace

from engine.errors import EngineError
from engine.requests import FitRequest, ForecastRequest, Request, TuneRequest
from ui.engine import engine, registry, submit


def retry(run_id: str) -> str:
    """Queue the same request on the same data once more; its run id."""
    return _again(run_id, engine().run(run_id).request())


def resume(run_id: str) -> str:
    """Queue a job that goes on where this one ended: from its checkpoint, or with its trials.

    Raises `EngineError` for a kind of job that keeps nothing to go on with.
    """
    request = engine().run(run_id).request()
    if not isinstance(request, FitRequest | ForecastRequest | TuneRequest):
        raise EngineError("A comparison keeps nothing to go on with. Use Retry.")
    return _again(run_id, replace(request, continues=run_id))


def _again(run_id: str, request: Request) -> str:
    run, entry = engine().run(run_id), registry().entry(run_id)
    frame = run.frame("panel")
    if frame is None:
        raise EngineError("The data of this job were deleted. Train again from the Train page.")
    future = run.frame("future")
    if entry is None:
        resource = engine().resource_for(request)
        return engine().submit(request, frame, future=future, resource=resource, priority=1)
    return submit(
        request,
        frame,
        about=entry.about,
        name=entry.name,
        tags=entry.tags,
        future=future,
        priority=1,
    )
