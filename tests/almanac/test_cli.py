"""Commands with and without the app: the same answers, exit codes, and files."""

import json
import stat
from pathlib import Path

import pandas as pd
import pytest

from almanac import cli
from almanac.errors import DONE, MISUSED, OUT_OF_REACH, REFUSED
from tests.almanac.conftest import Run


def test_when_no_app_runs_then_a_file_becomes_a_dataset_and_problems_have_codes(
    run: Run, sales: Path, tmp_path: Path
) -> None:
    done = run("ingest", str(sales), "--dataset", "Teas", "--json")
    assert done.returncode == DONE, done.stderr
    assert json.loads(done.stdout)["rows_accepted"] == 1600
    assert done.stderr == ""  # nothing for cron to mail
    again = run("ingest", str(sales), "--dataset", "Teas", "--quiet")
    assert (again.returncode, again.stdout) == (REFUSED, "")
    assert "same file" in again.stderr
    bad = tmp_path / "bad.csv"
    bad.write_text("date,product,quantity\n2026-01-01,A,1\n2026-01-02,A,x\n2026-01-03,A,y\n")
    refused = run("ingest", str(bad), "--dataset", "Bad")
    assert refused.returncode == REFUSED
    assert "line 3" in refused.stderr
    assert "line 4" in refused.stderr


def test_when_the_app_runs_then_commands_ask_it_and_with_a_key_from_elsewhere(
    run: Run, app: str, sales: Path, tmp_path: Path
) -> None:
    address = tmp_path / "var" / "server.json"
    assert json.loads(address.read_text())["url"] == app
    assert stat.S_IMODE(address.stat().st_mode) == 0o600
    done = run("ingest", str(sales), "--dataset", "Teas")
    assert done.returncode == DONE, done.stderr
    made = run("keys", "create", "erp", "--json")
    secret = json.loads(made.stdout)["secret"]
    elsewhere = {"ALMANAC_URL": app, "ALMANAC_VAR": str(tmp_path / "other")}
    told = run("datasets", "--json", **elsewhere, ALMANAC_KEY=secret)
    assert json.loads(told.stdout)["datasets"][0]["name"] == "Teas"
    assert run("datasets", **elsewhere).returncode == OUT_OF_REACH
    refused = run("ingest", str(sales), "--dataset", "Two", **elsewhere, ALMANAC_KEY=secret)
    assert refused.returncode == OUT_OF_REACH
    assert "scope" in refused.stderr
    out = tmp_path / "sales.parquet"
    sold = run("export", "sales", "Teas", "--out", str(out), "--frequency", "M")
    assert sold.returncode == DONE, sold.stderr
    assert pd.read_parquet(out)["quantity"].sum() > 0


def test_when_the_folder_is_open_in_another_process_then_the_exit_code_says_so(
    run: Run, app: str, tmp_path: Path
) -> None:
    (tmp_path / "var" / "server.json").unlink()
    done = run("datasets")
    assert done.returncode == OUT_OF_REACH
    assert "open in another process" in done.stderr


def test_when_the_app_has_crashed_then_its_address_says_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    content = {"url": "http://127.0.0.1:9", "token": "x", "pid": 1}
    (tmp_path / "var" / "server.json").write_text(json.dumps(content))
    done = run("datasets")
    assert (done.returncode, done.stdout.strip()) == (DONE, "No datasets yet.")


@pytest.mark.parametrize(
    "arguments", [["magic"], ["ingest", "x.csv"], ["fit", "Teas", "--preset", "none"], []]
)
def test_when_a_command_is_written_wrongly_then_the_parser_says_so(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == MISUSED


def test_when_an_argument_is_missing_or_wrong_then_nothing_is_done(
    run: Run, tmp_path: Path
) -> None:
    for arguments, words in (
        (("ingest", "nothing.csv", "--dataset", "x"), "no file"),
        (("jobs", "show"), "JOB"),
        (("export", "sales", "x", "--out", "x.doc"), ".parquet"),
    ):
        done = run(*arguments)
        assert done.returncode == MISUSED
        assert words in done.stderr
