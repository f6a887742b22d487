"""How long the screens take on ten million rows, on the server and in a browser.

    python -m benchmarks.screens [--rows 10000000] [--reruns 30] [--folder DIR]

Every page of the navigation is run through Streamlit's test harness on a store of `--rows` rows:
`first` is its first view (nothing cached), `rerun` the 95th percentile of further runs, `changed`
the 95th percentile when the place is another each time, so that every query and forecast is new.
Then a real server is started and a real Chromium opens the first screen: `readable` is the time
from the request to the first number on it. The browser part needs requirements-dev.txt.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.ingest import run_almanac, verdict, write_file
from benchmarks.servers import ROOT, chromium, server

GOAL_RERUN, GOAL_READABLE = 0.3, 3.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--reruns", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="keeps the file and the store for other runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "var" / "almanac.duckdb").exists():
            write_file(folder / "sales.csv", options.rows)
            run_almanac(folder)
        print(
            f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {options.rows:,} rows"
        )
        os.environ["ALMANAC_VAR"] = str(folder / "var")
        on_server(options.reruns)
        in_browser(folder / "var")


def on_server(reruns: int) -> None:
    from streamlit.testing.v1 import AppTest

    from ui import navigation, state

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    store = state.store()
    places = [key for (key,) in store.rows("SELECT place_id FROM place ORDER BY place_id")]
    worst = 0.0
    print(f"{'page':<14}{'first':>9}{'rerun p95':>12}{'changed p95':>13}")
    for entry in navigation.entries():
        first = timed(lambda path=entry.path: app.switch_page(path).run())
        again = p95([timed(app.run) for _ in range(reruns)])
        changed = p95([timed(lambda p=place: at_place(app, p)) for place in places[:10]])
        app.query_params.clear()
        assert not app.exception, app.exception
        worst = max(worst, again)
        print(f"{entry.title:<14}{first:8.2f} s{again * 1000:9.0f} ms{changed * 1000:10.0f} ms")
    print(f"worst rerun p95 {worst * 1000:.0f} ms  goal {GOAL_RERUN * 1000:.0f} ms "
          f"{verdict(worst <= GOAL_RERUN)}")  # fmt: skip
    store.close()


def at_place(app, place: int) -> None:  # type: ignore[no-untyped-def]
    app.query_params["place"] = str(place)
    app.run()


def timed(work) -> float:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def in_browser(var: Path) -> None:
    with server(var) as (url, _), chromium() as browser:
        seconds = [open_first_screen(browser, url) for _ in range(3)]
    print(f"first screen readable in {seconds[0]:.1f} s (new server), "
          f"{min(seconds[1:]):.1f} s (again)  goal {GOAL_READABLE} s "
          f"{verdict(seconds[0] <= GOAL_READABLE)}")  # fmt: skip


def open_first_screen(browser, url: str) -> float:  # type: ignore[no-untyped-def]
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(url)
    page.locator('[data-testid="stMetricValue"]').first.wait_for(timeout=60_000)
    seconds = time.perf_counter() - start
    page.close()
    return seconds


if __name__ == "__main__":
    main()
