"""Import, append, replace, undo: whole or not at all, and back to exactly what was."""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from data import datasets, mappings, queries
from data.errors import ImportConflict, MappingError, NotFound
from data.ingest import commit, log, understand
from data.ingest.commit import preview
from data.ingest.undo import undo
from data.scope import Scope
from data.store import Store
from tests.data.ingest.uploads import TODAY, Trial, upload

TABLES = ("dataset", "product", "place", "sales", "order_line", "replaced_sales")


def text(first: date, count: int, quantity: int, products: tuple[str, ...] = ("a1", "b2")) -> str:
    lines = [
        f"{first + timedelta(days=i)},{product},Berlin,{quantity + i % 2},2.5"
        for i in range(count)
        for product in products
    ]
    return "date,product,place,quantity,price\n" + "\n".join(lines) + "\n"


def trial_of(store: Store, folder: Path, content: str, name: str = "sales.csv") -> Trial:
    return upload(store, folder, (name, content))


def contents(store: Store) -> dict[str, pd.DataFrame]:
    """Everything but the log, in an order of its own."""
    return {table: store.frame(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


def same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    for table in TABLES:
        pd.testing.assert_frame_equal(left[table], right[table], obj=table)


def test_when_imported_then_the_log_tells_what_happened(store: Store, tmp_path: Path) -> None:
    import_id = trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    row = queries.imports(store).iloc[0]
    assert row["import_id"] == import_id
    assert row["dataset"] == "Shop"
    assert row["files"] == ["sales.csv"]
    assert (row["rows_read"], row["rows_accepted"], row["sales_added"]) == (60, 60, 60)
    assert row["can_undo"]


def test_when_a_name_is_taken_then_nothing_changes(store: Store, tmp_path: Path) -> None:
    trial = trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4))
    trial.keep()
    before = contents(store)
    with pytest.raises(ImportConflict, match="called “Shop” already"):
        trial.keep()
    same(before, contents(store))


def test_when_appending_then_days_already_there_stay_as_they_are(
    store: Store, tmp_path: Path
) -> None:
    trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    later = trial_of(store, tmp_path, text(date(2026, 1, 21), 20, 9), "later.csv")
    change = preview(store, later.staged, "append", 1)
    assert (change.added, change.skipped, change.removed) == (20, 20, 0)
    later.keep("append", dataset_id=1)
    assert store.rows("SELECT count(*), max(day) FROM sales") == [(80, date(2026, 2, 9))]
    assert store.rows("SELECT DISTINCT quantity >= 9 FROM sales WHERE day <= '2026-01-30'") == [
        (False,)
    ]
    total = store.rows("SELECT sum(quantity) FROM sales")[0][0]
    assert change.units_after == total


def test_when_replacing_then_the_covered_days_are_those_of_the_file(
    store: Store, tmp_path: Path
) -> None:
    trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    corrected = text(date(2026, 1, 10), 5, 50, products=("a1",)).replace("2026-01-12", "2026-02-12")
    new = trial_of(store, tmp_path, corrected, "fix.csv")
    change = preview(store, new.staged, "replace", 1)
    new.keep("replace", dataset_id=1)
    rows = store.frame(
        "SELECT day, quantity FROM sales JOIN product USING (product_id) WHERE code = 'a1' "
        "AND day BETWEEN '2026-01-10' AND '2026-02-12' ORDER BY day"
    )
    assert list(rows["quantity"]) == [50, 51, 51, 50, 52 - 2]
    assert (change.replaced, change.added, change.removed) == (4, 1, 17)
    assert change.units_after == store.rows("SELECT sum(quantity) FROM sales")[0][0]
    untouched = store.rows(
        "SELECT count(*) FROM sales JOIN product USING (product_id) WHERE code = 'b2'"
    )
    assert untouched == [(30,)]


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_when_undone_then_everything_is_exactly_as_before(
    store: Store, tmp_path: Path, mode: log.Mode
) -> None:
    trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    before = contents(store)
    content = text(date(2026, 1, 21), 20, 9, products=("a1", "c3"))
    import_id = trial_of(store, tmp_path, content, "later.csv").keep(mode, dataset_id=1)
    assert len(contents(store)["product"]) == 3
    undo(store, import_id)
    same(before, contents(store))
    with pytest.raises(NotFound, match="already undone"):
        undo(store, import_id)


def test_when_the_first_import_is_undone_then_the_dataset_is_gone(
    store: Store, tmp_path: Path
) -> None:
    before = contents(store)
    undo(store, trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep())
    same(before, contents(store))
    assert queries.imports(store)["dataset"].tolist() == ["Shop"]


def test_when_a_later_import_stands_on_it_then_undo_says_which(
    store: Store, tmp_path: Path
) -> None:
    first = trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    trial_of(store, tmp_path, text(date(2026, 2, 1), 30, 4), "b.csv").keep("append", dataset_id=1)
    with pytest.raises(ImportConflict, match="Undo import 2 first"):
        undo(store, first)


def test_when_the_same_file_comes_again_then_it_is_recognised(store: Store, tmp_path: Path) -> None:
    content = text(date(2026, 1, 1), 30, 4)
    trial_of(store, tmp_path, content).keep()
    again = trial_of(store, tmp_path, content, "other-name.csv")
    assert log.earlier_imports(store, again.staged)["dataset"].tolist() == ["Shop"]
    with pytest.raises(ImportConflict, match="same file was imported"):
        again.keep("append", dataset_id=1)


def test_when_the_import_fails_half_way_then_nothing_of_it_is_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4))
    before = contents(store)

    def full(*_: object) -> None:
        raise duckdb.IOException("IO Error: No space left on device")

    monkeypatch.setattr(commit, "write_log", full)
    with pytest.raises(Exception, match=r"disk is full.*Nothing was imported"):
        trial.keep()
    same(before, contents(store))
    monkeypatch.undo()
    trial.keep()
    assert store.rows("SELECT count(*) FROM sales") == [(60,)]


def test_when_nothing_is_accepted_then_the_import_is_refused(store: Store, tmp_path: Path) -> None:
    content = text(date(2027, 1, 1), 30, 4)
    with pytest.raises(MappingError, match="No line can be imported"):
        trial_of(store, tmp_path, content).keep()


def test_when_a_dataset_is_deleted_then_nothing_of_it_is_left(store: Store, tmp_path: Path) -> None:
    before = contents(store)
    trial_of(store, tmp_path, text(date(2026, 1, 1), 30, 4)).keep()
    datasets.delete(store, 1)
    same(before, contents(store))
    with pytest.raises(NotFound):
        datasets.delete(store, 1)


def test_when_a_mapping_was_chosen_then_the_next_file_of_this_shape_takes_it(
    store: Store, tmp_path: Path
) -> None:
    content = text(date(2026, 1, 1), 30, 4)
    trial = upload(store, tmp_path, ("sales.csv", content), roles={"place": "channel"})
    mappings.keep(store, trial.plan)
    next_one = upload(store, tmp_path, ("next.csv", text(date(2026, 3, 1), 30, 4))).plan
    again = understand.guess(
        tuple(f.source for f in next_one.files), remembered=mappings.recall(store), today=TODAY
    )
    assert {c.name: c.role for c in again.files[0].columns}["place"] == "channel"


def test_when_series_are_asked_for_then_they_equal_a_plain_computation(
    store: Store, tmp_path: Path
) -> None:
    trial_of(store, tmp_path, text(date(2026, 1, 1), 60, 4)).keep()
    frame = store.frame("SELECT day, quantity, revenue FROM sales")
    for freq, rule in (("D", "D"), ("W", "W-MON"), ("M", "MS")):
        got = queries.series(store, Scope(dataset_id=1, freq=freq))  # type: ignore[arg-type]
        if freq == "W":
            want = frame.groupby(frame["day"] - pd.to_timedelta(frame["day"].dt.weekday, unit="D"))
            sums = want["quantity"].sum()
        else:
            sums = frame.set_index("day")["quantity"].resample(rule).sum()
        assert got["quantity"].tolist() == sums.tolist()
        assert got["timestamp"].tolist() == list(sums.index)
    weeks = queries.series(store, Scope(dataset_id=1, freq="W"))
    assert weeks["complete"].tolist() == [False] + [True] * 8


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_when_sales_come_from_our_own_files_then_every_code_is_as_it_was(
    store: Store, tmp_path: Path, form: str
) -> None:
    """Formula signs are guarded in CSV, and the guard is taken off where the file is read."""
    from ui import table_files

    codes = ("=1+1", "+2", "-3 deal", "@x", "007", '咖啡 "特级"', "'s-Hertogenbosch")
    days = pd.date_range("2026-01-01", periods=40, freq="D")
    frame = pd.DataFrame(
        [
            (day, code, "Berlin", 3 + number, 2.5)
            for day in days
            for number, code in enumerate(codes)
        ],
        columns=["date", "product", "place", "quantity", "price"],
    )
    makers = {"csv": table_files.csv, "xlsx": table_files.excel, "parquet": table_files.parquet}
    upload(store, tmp_path, (f"sales.{form}", makers[form](frame))).keep()
    found = store.rows("SELECT code FROM product ORDER BY code")
    assert [code for (code,) in found] == sorted(codes)
    sold = store.rows("SELECT sum(quantity) FROM sales JOIN product USING (product_id) "
                      "WHERE code = '=1+1'")  # fmt: skip
    assert sold == [(3.0 * len(days),)]
