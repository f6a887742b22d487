"""Find a Chromium for the browser tests, or install one, and say what was done.

In this order: one that is already on the machine, Playwright's own download, the package of the
system. `path()` is what the tests launch; None means Playwright's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def path() -> str | None:
    """The Chromium found on the machine, None where only Playwright's own can be used."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def playwright_has_one() -> bool:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def run(*command: str) -> bool:
    """Whether the command succeeded; its last line is shown where it did not."""
    print("  " + " ".join(command), flush=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  failed: {error}")
        return False
    if done.returncode:
        print("  failed: " + ((done.stderr or done.stdout).strip().splitlines() or [""])[-1])
    return done.returncode == 0


def install() -> str:
    """Make sure there is a Chromium; the sentence says which and how."""
    if found := path():
        return f"Browser tests use {found}."
    if playwright_has_one():
        return "Browser tests use Playwright's Chromium."
    print("No Chromium found; installing one.")
    if run(sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"):
        return "Browser tests use Playwright's Chromium, installed just now."
    if shutil.which("apt-get"):
        sudo = [] if not shutil.which("sudo") or _is_root() else ["sudo", "-n"]
        run(*sudo, "apt-get", "update")
        run(*sudo, "apt-get", "install", "-y", "--no-install-recommends", "chromium")
        if found := path():
            return f"Browser tests use {found}, installed from the system's packages just now."
    sys.exit("No Chromium could be installed. Install one (the package is called chromium or "
             "google-chrome) and run `make browser` again.")  # fmt: skip


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


if __name__ == "__main__":
    print(install())
