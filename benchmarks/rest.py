"""The REST interface under load, on a real server with the app open in a browser.

    python -m benchmarks.rest [--seconds 20] [--rate 200] [--products 60]

A demo shop and two runs are made: a forecast by product and place, read one series at a time at
`--rate` requests a second (a request is sent when it is due, whether the earlier ones have come
back or not, so that waiting counts), and a transformer that posted series of 400 days go through
one after the other. The app is open in a browser meanwhile (with requirements-dev.txt installed).
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from benchmarks.ingest import verdict
from benchmarks.servers import chromium, server

GOAL_READ, GOAL_POST = 100.0, 80.0  # ms: p99 of a published series, p95 of a posted one
POSTED = 200  # series
RUNS = {"seasonal_naive": "20261118-060000-00000001", "transformer": "20261118-060000-00000002"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--products", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        key, series = prepare(var, options.products)
        print(
            f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.1f}; {options.products} products in 4 places"
        )
        with server(var) as (url, pid), screens(url):
            read(url, pid, key, series, options.rate, options.seconds)
            post(url, key)


def prepare(var: Path, products: int) -> tuple[str, list[tuple[str, str]]]:
    """A shop with its runs and a key that reads; the key, and product and place of every series."""
    os.environ["ALMANAC_VAR"] = str(var)
    from streamlit import logger

    logger.set_log_level("error")
    from data import api_keys, demo
    from ui import engine, state

    demo.load(state.store(), today=date(2026, 11, 18), products=products, days=560)
    (var / "runs").mkdir()
    finished("seasonal_naive", "product_place", {})
    finished("transformer", "product", {"max_steps": 20})
    _, key = api_keys.create(state.store(), name="benchmark", scopes=["read"])
    series = state.store().rows(
        "SELECT DISTINCT p.code, l.code FROM sales JOIN product p USING (product_id) "
        "JOIN place l USING (place_id) ORDER BY 1, 2"
    )
    engine.close()
    state.store().close()
    state.store.clear()
    return key, [(product, place) for product, place in series]


def finished(name: str, split: Any, options: dict[str, Any]) -> None:
    """A run as a worker leaves it."""
    import forecasting as fc
    from data.scope import Scope
    from engine.runs import Run
    from ui import queries, state, training
    from ui.engine import registry

    (dataset,) = queries.datasets()
    scope = Scope(dataset_id=dataset.dataset_id, freq="D")
    plan = training.Plan(
        scope=scope, split=split, horizon=28, windows=0, models=(name,), preset="fast"
    )
    prepared = training.prepare(plan, dataset)
    about, title, request = prepared.requests[0]
    run = Run.create(state.store().folder / "runs" / RUNS[name], request, prepared.frame, None)
    panel = fc.Panel.from_frame(prepared.frame, freq=request.panel.freq)
    model = fc.create(name, horizon=28, **options).fit(panel)
    run.save_model(model)
    run.write_frame("forecast", model.predict(panel).to_frame())
    registry().add(run.run_id, about, name=title)


@contextmanager
def screens(url: str) -> Iterator[None]:
    """The app open in a browser, and worked with."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        print("without a browser: requirements-dev.txt is not installed")
        yield
        return
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{url}/forecast")
        page.locator('[data-testid="stMetricValue"]').first.wait_for(timeout=60_000)
        yield
        assert page.locator('[data-testid="stException"]').count() == 0


def read(
    url: str, pid: int, key: str, series: list[tuple[str, str]], rate: float, seconds: float
) -> None:
    """Single published series at a steady rate."""
    paths = [
        f"/api/v1/datasets/1/forecasts?product={product}&place={place}" for product, place in series
    ]
    with_client(url, key, [paths[0]] * 20, rate=20)  # warm
    asked = [paths[number % len(paths)] for number in range(int(rate * seconds))]
    before = cpu_seconds(pid)
    took = with_client(url, key, asked, rate)
    each = (cpu_seconds(pid) - before) / len(asked) * 1000
    p50, p99 = statistics.median(took), statistics.quantiles(took, n=100, method="inclusive")[-1]
    print(
        f"{rate:.0f} requests/s of a single published series for {seconds:.0f} s: "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms  goal {GOAL_READ:.0f} ms {verdict(p99 <= GOAL_READ)}; "
        f"{each:.2f} ms of a core each"
    )


def cpu_seconds(pid: int) -> float:
    """What the server has used of the cores so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def with_client(url: str, key: str, paths: list[str], rate: float) -> list[float]:
    """Milliseconds from when each request was due until it was answered.

    The client is a process of its own, as clients are.
    """

    asked = json.dumps({"url": url, "key": key, "paths": paths, "rate": rate})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rest_client"],
        input=asked, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: list[float] = json.loads(done.stdout)
    return found


def post(url: str, key: str) -> None:
    """Posted series of 400 days through the transformer, one after the other."""
    place = urlsplit(url)
    line = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    draws = np.random.default_rng(0)
    path, took = f"/api/v1/models/{RUNS['transformer']}/forecast", []
    for number in range(POSTED + 10):
        values = draws.poisson(12, 400).tolist()
        body = json.dumps({"series": [{"start": "2025-10-01", "values": values}]})
        began = time.perf_counter()
        line.request("POST", path, body=body, headers=headers)
        answer = line.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        if number >= 10:  # the first ones load the model
            took.append((time.perf_counter() - began) * 1000)
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20, method="inclusive")[-1]
    print(f"posted series of 400 points by the transformer, warm: p50 {p50:.1f} ms, "
          f"p95 {p95:.1f} ms  goal {GOAL_POST:.0f} ms {verdict(p95 <= GOAL_POST)}")  # fmt: skip


if __name__ == "__main__":
    main()
