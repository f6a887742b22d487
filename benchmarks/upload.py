"""What an upload through the browser adds to the server's memory.

    python -m benchmarks.upload [--megabytes 200]

A real Chromium uploads a CSV of that size; the server's resident memory is sampled from before
the upload until the report is on screen. The ratio is the growth over the size of the file.
Needs requirements-dev.txt, and Linux for /proc.
"""

import argparse
import os
import platform
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

from benchmarks.ingest import verdict, write_file
from benchmarks.servers import chromium, server

BYTES_PER_ROW = 40.4  # of the file that `write_file` writes
GOAL = 2.0  # times the size of the file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "sales.csv"
        write_file(path, int(options.megabytes * 1e6 / BYTES_PER_ROW))
        size = path.stat().st_size
        with server(Path(temporary) / "var") as (url, process), chromium() as browser:
            page = browser.new_page()
            page.goto(f"{url}/upload")
            page.locator("input[type=file]").first.wait_for(state="attached", timeout=60_000)
            time.sleep(2)
            before = resident(process)
            peaks = Sampler(process)
            start = time.perf_counter()
            page.locator("input[type=file]").first.set_input_files(path)
            page.get_by_role("button", name="Import ").first.wait_for(timeout=300_000)
            seconds = time.perf_counter() - start
            growth = peaks.stop() - before
    ratio = growth / size
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores; {size / 1e6:.0f} MB")
    print(f"uploaded, read and checked in {seconds:.0f} s")
    print(f"memory {before / 1e6:.0f} MB before, +{growth / 1e6:.0f} MB at the peak")
    print(f"ratio {ratio:.2f}  goal {GOAL} {verdict(ratio <= GOAL)}")


def resident(process: int) -> int:
    """Resident memory of a process in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


class Sampler(threading.Thread):
    """Watches the resident memory of a process until it is stopped."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.running = process, 0, True
        self.start()

    def run(self) -> None:
        while self.running:
            self.peak = max(self.peak, resident(self.process))
            time.sleep(0.05)

    def stop(self) -> int:
        """The highest value seen, in bytes."""
        self.running = False
        self.join()
        return self.peak


if __name__ == "__main__":
    main()
