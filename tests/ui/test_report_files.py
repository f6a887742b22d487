"""Built reports: one build for all who ask, kept for the next, and a full disk in words."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import reports
from reports import ReportError, Review, Style
from reports.content import Column, Section, Text
from ui import report_files, report_look, report_requests, report_scenarios
from ui.report_look import Look
from ui.report_requests import Asked

pytestmark = pytest.mark.usefixtures("empty_store")


def review(**changed: object) -> Review:
    given: dict[str, object] = {
        "template": "Forecast review",
        "title": "All products",
        "facts": (),
        "sections": (Section(title="Summary", blocks=(Text(paragraphs=("Words.",)),)),),
        "language": "en",
        "measure": "quantity",
        "currency": "",
        "made_on": pd.Timestamp("2026-11-20"),
    }
    return Review(**{**given, **changed})  # type: ignore[arg-type]


def made(report: Review, ending: str = "pdf", style: Style | None = None) -> bytes:
    return report_files.file(report, ending, paper="a4", style=style or Style())


def test_when_two_ask_for_the_same_file_then_it_is_built_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count, found = [], []

    def slow(*args: object, **options: object) -> bytes:
        count.append(1)
        time.sleep(0.2)
        return b"%PDF"

    monkeypatch.setattr(reports, "pdf", slow)
    threads = [threading.Thread(target=lambda: found.append(made(review()))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [b"%PDF"] * 4
    assert len(count) == 1


def test_when_look_paper_or_rows_differ_then_so_do_the_files() -> None:
    made(review())
    made(review(), style=Style(accent="#00695C"))
    report_files.file(review(), "pdf", paper="letter", style=Style())
    columns = (Column(name="a", label="a", kind="text"),)
    for word in ("x", "y"):
        made(review(rows=pd.DataFrame({"a": [word]}), row_columns=columns), "xlsx")
    assert len(list(report_files.folder().iterdir())) == 5


def test_when_there_are_many_files_then_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_files, "MOST_FILES", 3)
    monkeypatch.setattr(reports, "html", lambda *args, **options: b"x")
    for number in range(6):
        made(review(title=str(number)), "html")
    assert len(list(report_files.folder().iterdir())) <= 3


def test_when_the_disk_is_full_then_a_download_still_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setattr(report_files, "folder", lambda: blocked)
    assert made(review()).startswith(b"%PDF")
    assert "cannot be kept for a second download" in caplog.text


def test_when_the_disk_is_full_while_a_workbook_is_written_then_it_is_said() -> None:
    """A limit on file sizes cuts writes short just as a full disk does."""
    code = (
        "import resource\n"
        "from tests.ui.test_report_files import review\n"
        "import pandas as pd, reports\n"
        "from reports.content import Column\n"
        "rows = pd.DataFrame({'a': [str(n) * 9 for n in range(20000)]})\n"
        "made = review(rows=rows, row_columns=(Column(name='a', label='a', kind='text'),))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: reports.excel(made)\n"
        "except reports.ReportError as error: print('said:', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "said: The workbook cannot be written" in done.stdout, done.stderr[-600:]
    assert "Free space" in done.stdout


def test_when_a_report_is_large_then_its_files_are_built_with_it() -> None:
    assert not report_files.is_large(review())
    assert report_files.is_large(review(rows=pd.DataFrame({"a": range(30_000)})))


def test_when_a_look_is_kept_then_it_is_there_again_and_a_damaged_one_is_the_usual(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert report_look.current() == Look(style=Style())
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9"/></svg>'
    look = Look(style=Style(accent="#00695C", logo=logo), paper="letter", language="zh")
    report_look.keep(look)
    assert report_look.current() == look
    for damaged in ("{", "[]", '{"accent": "#FFFFFF"}', '{"accent": 1, "second": 2, "logo": 3}'):
        report_look.path().write_text(damaged)
        assert report_look.current() == Look(style=Style())
    assert caplog.text.count("cannot be read") == 4


def test_when_a_report_is_kept_as_json_then_it_is_the_same_again() -> None:
    import json

    from data.scope import Scope

    scope = Scope(dataset_id=1, categories=("a", "b"), place_id=2, freq="D")
    asked = Asked(template="Category review", scope=scope, language="zh", run_id="newest")
    text = json.dumps(asked.to_content())
    assert report_requests.of_content(json.loads(text)) == asked
    for damaged in ({}, {"scope": 1}, {"template": "Poem", "scope": {"dataset_id": 1}}):
        with pytest.raises(ReportError, match="Schedule it anew"):
            report_requests.of_content(damaged)


def test_when_what_if_has_results_then_they_become_a_report() -> None:
    total = {"plan": 90.0, "scenario": 99.0, "difference": 9.0, "low": 5.0, "high": 12.0}
    steps = {"plan": [45.0, 45.0], "difference": [4.0, 5.0], "low": [2.0, 3.0], "high": [6.0, 6.0]}
    nothing = dict.fromkeys(total)
    result = {
        "totals": {"units": total, "revenue": total, "margin": nothing},
        "weeks": ["2026-11-16", "2026-11-23"],
        "steps": {
            "units": steps,
            "revenue": steps,
            "margin": {name: [None, None] for name in steps},
        },
        "parts": [{"line": 1, "title": "Price −10%", "units": 9.0, "revenue": 9.0, "margin": None}],
        "notes": ["Never sold at this price."],
        "first": "2026-11-16",
        "last": "2026-11-29",
    }
    setting = reports.Setting(
        dataset="Shop", measure="revenue", currency="€", freq="W",
        made_on=pd.Timestamp("2026-11-20"),
    )  # fmt: skip
    found = report_scenarios.comparison(
        setting, "Coffee", "all places", [("Cheaper", result, False), ("Same", result, True)]
    )
    made_of = reports.scenario_comparison(found)
    assert [section.title for section in made_of.sections][2:4] == ["Cheaper", "Same"]
    assert reports.pdf(replace(made_of, title="x")).startswith(b"%PDF")
