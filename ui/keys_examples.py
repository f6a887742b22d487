"""How to ask: examples for the dataset on screen, to copy and run as they are."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from data.api_keys import Scope
from ui import format as fmt
from ui import queries, sidebar
from ui.queries import Dataset

TASKS: dict[str, Scope] = {
    "Read the forecast": "read",
    "Send sales": "write",
    "Start a forecast": "jobs",
}
_NEEDS: dict[Scope, str] = {
    "read": "The key must be one that may read. The forecast is the plan published last, else that "
    "of the model in use.",
    "write": "The key must be one that may send. The row is one that is there already, so that "
    "nothing changes before you put your own.",
    "jobs": "The key must be one that may start work. The answer names the job; ask for it at "
    "`/api/v1/jobs/…` until it is over.",
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the examples are about."""

    url: str  # of the dataset
    row: dict[str, Any]  # of sales
    job: dict[str, Any]


def show() -> None:
    """A task, and the same in curl and Python."""
    dataset = sidebar.dataset()
    origin = origin_of(st.context.url or "")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("How to ask", anchor=False, width="content")
        st.space("stretch")
        st.link_button(
            "OpenAPI document",
            f"{origin}/api/v1/openapi.json",
            icon=":material/data_object:",
            type="tertiary",
        )
    if dataset is None or dataset.last_day is None:
        st.caption("Examples are made for a dataset with sales. Bring some, or choose another one.")
        return
    chosen = st.segmented_control(
        "Task",
        list(TASKS),
        default="Read the forecast",
        required=True,
        label_visibility="collapsed",
        key="key_task",
    )
    task, example = TASKS[chosen], _example(dataset, origin)
    st.caption(f"{fmt.escape(dataset.name)}: {_NEEDS[task]}")
    in_curl, in_python = st.tabs(["curl", "Python"])
    in_curl.code(curl(task, example), language="bash")
    in_python.code(python(task, example), language="python")


def _example(dataset: Dataset, origin: str) -> Example:
    """The dataset's address, its best-selling product on its last day, and a quick job."""
    key = dataset.dataset_id
    places = queries.places(key)["code"]
    place = {"place": str(places.iloc[0])} if len(places) else {}
    row = {"date": f"{dataset.last_day}", "product": str(queries.products(key)["code"].iloc[0])}
    job = {"kind": "fit", "models": ["theta"], "level": "total", "horizon": 4,
           "frequency": "M" if dataset.frequency == "M" else "W"}  # fmt: skip
    return Example(
        url=f"{origin}/api/v1/datasets/{key}", row={**row, **place, "quantity": 3}, job=job
    )


def origin_of(url: str) -> str:
    """Where the interface answers: the app's host, whatever page of it is open.

    >>> origin_of("https://shop.example/keys?dataset=1")
    'https://shop.example'
    >>> origin_of("")
    'http://127.0.0.1:8501'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://127.0.0.1:8501"


def curl(task: Scope, example: Example) -> str:
    """A task as commands of a shell."""
    ask = 'curl -s -H "Authorization: Bearer $ALMANAC_KEY" \\\n  '
    lines = ["export ALMANAC_KEY=alm_...   # the key that was shown once"]
    if task == "read":
        lines += [
            f"{ask}'{example.url}/forecasts?limit=5'",
            "# all of it as a file for a spreadsheet",
            f"{ask}-H 'Accept: text/csv' '{example.url}/forecasts?limit=10000' -o forecast.csv",
        ]
    else:
        path, body = _sent(task, example)
        once = "-H 'Idempotency-Key: first-try' " if task == "write" else ""
        lines += [
            f"{ask}-H 'Content-Type: application/json' {once}\\\n"
            f"  -d {_quoted(json.dumps(body, ensure_ascii=False))} \\\n  '{example.url}{path}'"
        ]
    return "\n".join(lines)


def python(task: Scope, example: Example) -> str:
    """A task as a script; it needs the package requests."""
    if task == "read":
        asked = 'session.get(f"{URL}/forecasts", params={"limit": 5, "quantile": [0.1, 0.9]})'
    else:
        path, body = _sent(task, example)
        once = ', headers={"Idempotency-Key": "first-try"}' if task == "write" else ""
        asked = f'session.post(f"{{URL}}{path}", json={body!r}{once})'
    return _PYTHON.format(url=example.url, asked=asked)


def _sent(task: Scope, example: Example) -> tuple[str, dict[str, Any]]:
    """Where a task sends what."""
    return ("/sales", {"rows": [example.row]}) if task == "write" else ("/jobs", example.job)


def _quoted(text: str) -> str:
    """A text that a shell takes as it is."""
    return "'" + text.replace("'", "'\\''") + "'"


_PYTHON = """import os

import requests

URL = "{url}"
session = requests.Session()
session.headers["Authorization"] = f"Bearer {{os.environ['ALMANAC_KEY']}}"

answer = {asked}
if not answer.ok:  # what is wrong, and what to do
    raise SystemExit(answer.json()["detail"])
print(answer.json())"""
