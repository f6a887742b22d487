"""The report's parts: sections of a file, rows of a table."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.accuracy.board import board_of
from benchmarks.accuracy.contest import Contest
from benchmarks.accuracy.process import play, slug
from benchmarks.accuracy.report import report, table, write_section
from benchmarks.accuracy.rivals import RIVALS


@pytest.fixture
def played(contest: Contest, tmp_path: Path) -> Path:
    """A folder with one rival's result, made in a process of its own as in the benchmark."""
    contest.save(tmp_path)
    assert play(tmp_path, RIVALS["seasonal_naive"], smoke=True) == ""
    return tmp_path


def test_when_a_rival_was_played_then_its_row_is_in_the_report(played: Path) -> None:
    board = board_of(played, smoke=True)
    entry = board.entries["seasonal_naive"]
    assert entry.whole
    assert not entry.stale
    assert entry.run.peak_gb > 0.05
    text = report({"small": board})
    assert f"| {entry.scores.wql:.4f} |" in text
    assert "three windows of one horizon each" in text


def test_when_code_options_or_data_changed_then_a_result_is_stale_or_gone(
    played: Path, contest: Contest
) -> None:
    assert board_of(played, smoke=False).entries["seasonal_naive"].stale
    assert "seasonal_naive (stale)" in report({"small": board_of(played, smoke=False)})
    contest.sampled(3).save(played)
    assert not board_of(played, smoke=True).entries


def test_when_a_rival_ran_on_a_sample_then_all_are_compared_on_it(
    played: Path, contest: Contest
) -> None:
    """A copy of the forecasts of three series plays the rival that would take hours for all."""
    own = played / slug("seasonal_naive")
    other = played / slug("theta")
    other.mkdir()
    frame = pd.read_parquet(own / "forecasts.parquet")
    frame[frame["series_id"].isin(["a", "c", "e"])].to_parquet(other / "forecasts.parquet")
    (other / "run.json").write_text((own / "run.json").read_text())
    board = board_of(played, smoke=True)
    assert not board.entries["theta"].whole
    assert board.entries["theta"].on_sample == board.entries["seasonal_naive"].on_sample
    assert board.best(["statistical"]) == "seasonal_naive"
    assert "On a sample of these series: seasonal_naive" in report({"small": board})


def test_when_a_rival_fails_then_the_parent_is_told_why(contest: Contest, tmp_path: Path) -> None:
    contest.save(tmp_path)
    (tmp_path / "panel.parquet").write_bytes(b"broken")
    told = play(tmp_path, RIVALS["seasonal_naive"], smoke=True)
    assert told.startswith("exit 1")
    assert "log.txt" in told
    assert not (tmp_path / "seasonal_naive" / "run.json").exists()


def test_when_a_section_is_written_again_then_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    file.write_text("# Benchmarks\n\n## One\n\nold\n\n## Two\n\nkept\n")
    write_section(file, "## One\n\nnew\n")
    assert file.read_text() == "# Benchmarks\n\n## One\n\nnew\n\n## Two\n\nkept\n"
    write_section(file, "## Three\n\nmore\n")
    write_section(file, "## Three\n\nmore again\n")
    assert file.read_text().endswith("## Two\n\nkept\n\n## Three\n\nmore again\n")


def test_when_there_is_no_file_yet_then_it_gets_a_title(tmp_path: Path) -> None:
    write_section(tmp_path / "new.md", "## One\n\ntext\n")
    assert (tmp_path / "new.md").read_text() == "# Benchmarks\n\n## One\n\ntext\n"


def test_when_cells_differ_in_width_then_columns_stay_aligned() -> None:
    lines = table(("a", "bb"), [("longer", "1")]).splitlines()
    assert len({len(line) for line in lines}) == 1
