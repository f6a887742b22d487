"""Numbers for Prometheus: requests by operation and status, how long they took, and the jobs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Total
from prometheus_client.exposition import generate_latest

from api.wire import Call, Download, Wire
from engine.queue import Job, State
from ui import queries
from ui.engine import engine

KIND = "text/plain"
_REGISTRY = CollectorRegistry()
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)  # seconds
_requests = Total(
    "almanac_requests_total", "Requests of the REST interface", ["operation", "status"],
    registry=_REGISTRY,
)  # fmt: skip
_seconds = Histogram(
    "almanac_request_seconds", "How long requests took", ["operation"], buckets=_BOUNDS,
    registry=_REGISTRY,
)  # fmt: skip
_jobs = Gauge("almanac_jobs", "Jobs of the engine by state", ["state"], registry=_REGISTRY)
_datasets = Gauge("almanac_datasets", "Datasets in the database", registry=_REGISTRY)
_rows = Gauge("almanac_sales_rows", "Product-days in the database", registry=_REGISTRY)


def note(operation: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    _requests.labels(operation, str(status)).inc()
    _seconds.labels(operation).observe(seconds)


def read(call: Call[Wire, None]) -> Download:
    """The metrics in the text format of Prometheus."""
    for state, number in _by_state(engine().jobs()):
        _jobs.labels(state).set(number)
    found = queries.datasets()
    _datasets.set(len(found))
    _rows.set(sum(each.sales_rows for each in found))
    return Download(content=generate_latest(_REGISTRY), kind=CONTENT_TYPE_LATEST, name="")


def _by_state(jobs: Sequence[Job]) -> Iterator[tuple[str, int]]:
    """How many jobs are in each state, those without any too."""
    counted = Counter(job.state for job in jobs)
    for state in get_args(State):
        yield state, counted[state]
