"""What is said about running Almanac is so: backup, restore, keys, the night, the environment."""

import re
from pathlib import Path

import pytest

from tests.docs import shell
from tests.docs.shell import ROOT

INTERNAL = {"ALMANAC_MEMORY_MB", "ALMANAC_ON_RAY", "ALMANAC_RESOURCE"}  # the engine to its workers


@pytest.mark.slow
def test_when_the_commands_of_the_page_are_run_then_they_work(folder: Path) -> None:
    shell.run("python -m almanac ingest sales.csv --dataset Teas")
    shell.run("python -m almanac fit Teas --models theta --level total --horizon 4")
    said = {line: shell.run(line) for line in shell.commands("operations.md")}
    restored = said["ALMANAC_VAR=restored python -m almanac datasets"]
    assert "Teas" in restored
    assert "1,600" in restored or "1600" in restored
    assert (folder / "restored" / "runs").is_dir()
    assert "till" in said["python -m almanac keys list"]
    assert (folder / "sales.parquet").is_file()


def test_when_a_variable_is_read_then_the_page_lists_it() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    code = "".join(
        file.read_text(encoding="utf-8")
        for room in ("ui", "engine", "almanac", "reports", "api")
        for file in (ROOT / room).rglob("*.py")
    )
    asked = set(re.findall(r"\"(ALMANAC_[A-Z_]+)\"", code))
    listed = set(re.findall(r"`(ALMANAC_[A-Z_]+)`", page))
    for line in page.splitlines():  # `ALMANAC_SMTP_HOST`, `_PORT` are written short
        if line.startswith("| `ALMANAC_SMTP"):
            listed |= {f"ALMANAC_SMTP{end}" for end in re.findall(r"`(_[A-Z_]+)`", line)}
    assert asked
    assert asked <= listed | INTERNAL, sorted(asked - listed)
