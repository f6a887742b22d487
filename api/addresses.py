"""Where each operation is: method and path below /api/v1. Apart, so that clients stay light."""

import re
from typing import Literal

Method = Literal["GET", "POST", "DELETE"]

ADDRESSES: dict[str, tuple[Method, str]] = {
    "health": ("GET", "/health"),
    "openapi": ("GET", "/openapi.json"),
    "metrics": ("GET", "/metrics"),
    "list_datasets": ("GET", "/datasets"),
    "create_dataset": ("POST", "/datasets"),
    "get_dataset": ("GET", "/datasets/{dataset}"),
    "get_quality": ("GET", "/datasets/{dataset}/quality"),
    "list_products": ("GET", "/datasets/{dataset}/products"),
    "list_places": ("GET", "/datasets/{dataset}/places"),
    "read_sales": ("GET", "/datasets/{dataset}/sales"),
    "append_sales": ("POST", "/datasets/{dataset}/sales"),
    "append_file": ("POST", "/datasets/{dataset}/files"),
    "read_forecasts": ("GET", "/datasets/{dataset}/forecasts"),
    "make_report": ("GET", "/datasets/{dataset}/report"),
    "submit_jobs": ("POST", "/datasets/{dataset}/jobs"),
    "list_jobs": ("GET", "/jobs"),
    "get_job": ("GET", "/jobs/{job}"),
    "cancel_job": ("POST", "/jobs/{job}/cancel"),
    "list_models": ("GET", "/models"),
    "predict": ("POST", "/models/{run}/forecast"),
    "work_out_scenario": ("POST", "/models/{run}/scenario"),
    "list_schedules": ("GET", "/schedules"),
    "add_schedule": ("POST", "/schedules"),
    "change_schedule": ("POST", "/schedules/{schedule}"),
    "list_keys": ("GET", "/keys"),
    "create_key": ("POST", "/keys"),
    "revoke_key": ("DELETE", "/keys/{key}"),
}


def names_in(path: str) -> tuple[str, ...]:
    """The parameters in a path.

    >>> names_in("/datasets/{dataset}/sales")
    ('dataset',)
    """
    return tuple(re.findall(r"{(\w+)}", path))
