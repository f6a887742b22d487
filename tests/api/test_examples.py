"""The examples of the page API keys do what they say, as they stand on the page."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data.api_keys import Scope
from tests.api.service import Service
from ui import keys_examples, queries


def example(service: Service) -> keys_examples.Example:
    (dataset,) = [each for each in queries.datasets() if each.dataset_id == 1]
    return keys_examples._example(dataset, service.url.removesuffix("/api/v1"))


def done(command: list[str], service: Service, folder: Path, key: Scope) -> str:
    own = {**os.environ, "ALMANAC_KEY": service.secrets[key], "no_proxy": "*"}
    ended = subprocess.run(
        command, cwd=folder, env=own, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_when_the_curl_examples_are_run_then_they_read_and_send(
    service: Service, tmp_path: Path
) -> None:
    for task, words in (("read", '"source"'), ("write", '"rows_accepted":1')):
        text = keys_examples.curl(task, example(service))  # type: ignore[arg-type]
        first, _, rest = text.partition("\n")
        assert first.startswith("export ALMANAC_KEY=alm_...")
        told = done(["sh", "-c", rest], service, tmp_path, task)  # type: ignore[arg-type]
        assert words in told
    assert (tmp_path / "forecast.csv").read_text().startswith("product,place")


def test_when_the_python_examples_are_run_then_they_read_and_send(
    service: Service, tmp_path: Path
) -> None:
    for task, words in (("read", "'q0.9'"), ("write", "'rows_accepted': 1")):
        script = keys_examples.python(task, example(service))  # type: ignore[arg-type]
        told = done([sys.executable, "-c", script], service, tmp_path, task)  # type: ignore[arg-type]
        assert words in told
    job = keys_examples.python("jobs", example(service))
    assert "'kind': 'fit'" in job
    answer = service.ask("POST", "/datasets/1/jobs", key="read", json=example(service).job)
    assert answer.status_code == 403  # understood, and not by this key


def test_when_a_code_has_quotes_then_the_example_is_still_one_command() -> None:
    row = {"date": "2026-11-18", "product": 'it\'s {"x"}', "quantity": 3}
    made = keys_examples.Example(url="http://x/api/v1/datasets/1", row=row, job={})
    assert "it'\\''s" in keys_examples.curl("write", made)
    compile(keys_examples.python("write", made), "example", "exec")
