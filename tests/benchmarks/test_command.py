"""The command: without data, with unknown names, and on a small real data set."""

import os
from pathlib import Path

import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.datasets import DATASETS, SMOKE_SERIES, read

DATA = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no data sets at {DATA}; set ALMANAC_DATA to their folder"
)


def test_when_there_are_no_data_then_it_says_so_and_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path / "none"), "--out", str(tmp_path)]) == 0
    assert "skipped, no data sets at" in capsys.readouterr().out


def test_when_a_name_is_unknown_then_all_names_are_listed(tmp_path: Path) -> None:
    for option in ("--only", "--again"):
        with pytest.raises(SystemExit, match=r"NBEATS\. Data sets: pharma.*Rivals: .*NHITS"):
            main(["--data", str(tmp_path), option, "pharma,NBEATS"])


@needs_data
def test_when_a_result_is_stored_then_it_is_not_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data", str(DATA), "--out", str(tmp_path), "--smoke"]
    command += ["--only", "pharma,seasonal_naive"]
    assert main([*command, "--write", str(tmp_path / "benchmarks.md")]) == 0
    assert "seasonal_naive on pharma: fit" in capsys.readouterr().out
    written = (tmp_path / "benchmarks.md").read_text()
    assert "### pharmacy, daily" in written
    assert "No number here means anything" in written
    assert main(command) == 0
    assert "seasonal_naive on pharma: stored" in capsys.readouterr().out
    assert main([*command, "--again", "seasonal_naive"]) == 0
    assert "seasonal_naive on pharma: fit" in capsys.readouterr().out


@needs_data
@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"m5", "store_item"}))  # those take long
def test_when_a_data_set_is_read_then_it_can_be_played(name: str) -> None:
    contest = read(name, DATA, smoke=True)
    truth = contest.truth()
    assert contest.name == name
    assert 8 <= contest.panel.num_series <= SMOKE_SERIES
    assert truth["actual"].notna().all()
    assert truth.groupby("cutoff").ngroups == 3
    assert contest.input_size <= contest.cutoffs[0] + 1


@needs_data
def test_when_stallion_is_read_then_nothing_unknowable_is_known_ahead() -> None:
    known = read("stallion", DATA, smoke=True).panel.known_names
    assert not {"avg_max_temp", "industry_volume", "soda_volume"} & set(known)
    assert {"price_actual", "discount", "christmas"} <= set(known)
