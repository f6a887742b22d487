"""The upload, step by step in the app: what is shown, asked, refused, imported and undone."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.data.ingest.corpus import REFUSED, STRANGE
from ui import state

UPLOAD = "pages/data/upload.py"
IMPORTS = "pages/data/imports.py"
ON_SERVER_ONLY = {"outside_folder", "dotted_path", "link_out_of_folder", "missing_file", "a_folder"}


def sales(days: int = 60, quantity: int = 4) -> bytes:
    lines = ["date,product,place,quantity,price"]
    for i in range(days):
        day = date(2026, 8, 3) + timedelta(days=i)
        lines += [f"{day},{name},Berlin,{quantity + i % 3},2.5" for name in ("Mug", "Tea", "Jam")]
    return "\n".join(lines).encode()


def open_upload_page(app: AppTest) -> AppTest:
    app.run()
    return app.switch_page(UPLOAD).run()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Choose files and read them, as far as the page then goes."""
    open_upload_page(app)
    for name, content in files:
        app.file_uploader[0].upload(name, content)
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label.startswith(label)).click()
    return app.run()


def import_buttons(app: AppTest) -> list[str]:
    return [b.label for b in app.button if b.label.startswith("Import ")]


def errors(app: AppTest) -> str:
    return " ".join(error.value for error in app.error).replace("\\", "")


def rows_in_database() -> int:
    return int(state.store().rows("SELECT count(*) FROM sales")[0][0])


def test_when_a_clean_file_is_uploaded_then_it_is_imported_and_can_be_undone(
    empty_app: AppTest,
) -> None:
    app = upload(empty_app, ("sales.csv", sales()))
    assert import_buttons(app) == ["Import 180 rows"]
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics == {"Rows read": "180", "Accepted": "180", "Set aside": "0", "Refused": "0"}
    press(app, "Import 180 rows")
    assert not app.exception
    assert not app.error
    assert rows_in_database() == 180
    app.switch_page(IMPORTS).run()
    assert not app.exception
    assert any("Undo this import" in button.label for button in app.button)


def test_when_dates_read_both_ways_then_nothing_goes_on_before_the_answer(
    empty_app: AppTest, tmp_path: Path
) -> None:
    content = STRANGE["ambiguous_dates"](tmp_path).read_bytes()
    app = upload(empty_app, ("ambiguous.csv", content))
    assert not import_buttons(app)
    question = next(g for g in app.button_group if "or the" in (g.label or ""))
    assert question.value is None
    question.set_value(question.options[0]).run()
    assert import_buttons(app) == ["Import 32 rows"]


def test_when_a_choice_is_changed_then_the_counts_follow(empty_app: AppTest) -> None:
    content = sales() + b"\n2027-01-01,Mug,Berlin,4,2.5\n"
    app = upload(empty_app, ("sales.csv", content))
    assert import_buttons(app) == ["Import 180 rows"]
    choice = next(s for s in app.selectbox if s.label == "Dates in the future")
    choice.set_value("keep").run()
    assert import_buttons(app) == ["Import 181 rows"]


def test_when_the_name_is_taken_then_the_message_says_so_and_nothing_is_lost(
    empty_app: AppTest,
) -> None:
    app = upload(empty_app, ("sales.csv", sales()))
    press(app, "Import 180 rows")
    app = upload(empty_app, ("sales.csv", sales(quantity=9)))
    press(app, "Import 180 rows")
    assert "called “Sales” already" in errors(app)
    assert rows_in_database() == 180
    assert import_buttons(app) == ["Import 180 rows"]


def test_when_two_files_of_one_shape_come_then_both_are_imported(empty_app: AppTest) -> None:
    more = sales().replace(b"Berlin", b"Bremen")
    app = upload(empty_app, ("a.csv", sales()), ("b.csv", more))
    assert import_buttons(app) == ["Import 360 rows"]


def test_when_starting_over_then_the_upload_is_forgotten(empty_app: AppTest) -> None:
    app = upload(empty_app, ("sales.csv", sales()))
    press(app, "Start over")
    assert not import_buttons(app)
    staged = state.store().rows(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'staging'"
    )
    assert staged == [(0,)]
    assert not list(state.store().staging_folder.glob("upload-*"))


@pytest.mark.parametrize("name", sorted(set(REFUSED) - ON_SERVER_ONLY))
def test_when_a_bad_file_is_uploaded_then_a_plain_message_and_the_app_lives(
    empty_app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Limits of tests are small, so that a bomb need not be one."""
    case = REFUSED[name](tmp_path)
    monkeypatch.setattr("ui.uploading.LIMITS", case.limits)
    app = upload(empty_app, (case.path.name, case.path.read_bytes()))
    assert not app.exception
    message = errors(app)
    for word in case.words:
        assert word in message
    assert rows_in_database() == 0
    assert not list(state.store().staging_folder.glob("upload-*"))
    app = upload(app, ("sales.csv", sales()))
    assert import_buttons(app) == ["Import 180 rows"]


@pytest.mark.parametrize("name", sorted(STRANGE))
def test_when_a_strange_file_is_uploaded_then_there_is_no_traceback(
    empty_app: AppTest, tmp_path: Path, name: str
) -> None:
    path = STRANGE[name](tmp_path)
    app = upload(empty_app, (path.name, path.read_bytes()))
    assert not app.exception
    for label in import_buttons(app):
        if not next(b for b in app.button if b.label == label).disabled:
            press(app, label)
            assert not app.exception
            assert rows_in_database() > 0


@pytest.mark.parametrize("name", ["outside_folder", "link_out_of_folder"])
def test_when_a_server_file_lies_outside_the_folder_then_it_is_refused(
    empty_app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = REFUSED[name](tmp_path)
    assert case.allowed is not None
    monkeypatch.setenv("ALMANAC_DATA_FOLDER", str(case.allowed))
    folder = case.allowed
    app = open_upload_page(empty_app)
    if case.path.is_symlink():
        app.multiselect[0].set_value([str(case.path.relative_to(folder))]).run()
        press(app, "Read from the server")
        assert "outside the folder" in errors(app)
    else:  # not offered at all
        assert str(case.path) not in str([m.options for m in app.multiselect])


def test_when_a_file_lies_in_the_server_folder_then_it_is_read_in_place(
    empty_app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "big.csv").write_bytes(sales())
    app = open_upload_page(empty_app)
    app.multiselect[0].set_value(["big.csv"]).run()
    press(app, "Read from the server")
    assert import_buttons(app) == ["Import 180 rows"]
    assert not list(state.store().staging_folder.glob("upload-*/*"))


def test_when_another_process_holds_the_database_then_every_page_says_so(
    empty_app: AppTest, tmp_path: Path
) -> None:
    code = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); "
    code += "time.sleep(60)"
    command = [sys.executable, "-c", code, str(tmp_path / "almanac.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        empty_app.run()
        assert not empty_app.exception
        assert "open in another process" in errors(empty_app)
        other.kill()
    press(empty_app, "Try again")
    assert not empty_app.error


def test_when_a_write_has_broken_the_store_then_the_next_run_opens_it_again(
    empty_app: AppTest,
) -> None:
    app = upload(empty_app, ("sales.csv", sales()))
    press(app, "Import 180 rows")
    broken = state.store()
    broken.is_broken = True  # as after a checkpoint that failed on a full disk
    app.switch_page(IMPORTS).run()
    assert not app.exception
    assert not app.error
    assert state.store() is not broken
    assert rows_in_database() == 180


def test_when_the_store_was_opened_again_then_an_upload_in_progress_says_that_it_is_gone(
    empty_app: AppTest,
) -> None:
    app = upload(empty_app, ("sales.csv", sales()))
    state.store().is_broken = True
    app.run()
    assert not app.exception
    assert "Choose the files once more" in errors(app)
    app = upload(app, ("sales.csv", sales()))
    assert import_buttons(app) == ["Import 180 rows"]


def test_when_the_database_is_damaged_then_the_message_names_it_and_the_file_stays(
    empty_app: AppTest, tmp_path: Path
) -> None:
    path = tmp_path / "almanac.duckdb"
    path.write_bytes(b"not a database " * 1000)
    empty_app.run()
    assert not empty_app.exception
    assert "cannot be read" in errors(empty_app)
    assert path.read_bytes() == b"not a database " * 1000
    path.unlink()
    press(empty_app, "Try again")
    assert not empty_app.error
