"""The database file: migrations, one process, damage, doors to the outside, transactions."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from data.errors import StoreError
from data.store import MIGRATIONS, Store, open_store


def test_when_opened_twice_in_turn_then_migrations_run_once(tmp_path: Path) -> None:
    for _ in range(2):
        store = open_store(tmp_path / "a.duckdb")
        names = [name for (name,) in store.rows("SELECT name FROM migration ORDER BY name")]
        store.close()
    assert names == sorted(script.stem for script in MIGRATIONS.glob("*.sql"))


def test_when_another_process_holds_the_file_then_the_message_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    code = (
        "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); "
        "print('open', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        with pytest.raises(StoreError, match="open in another process"):
            open_store(path)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()  # type: ignore[union-attr]
    open_store(path).close()


def test_when_the_file_is_damaged_then_it_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    path.write_bytes(b"this is not a database" * 500)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(path)
    assert path.read_bytes() == before


def test_when_a_newer_almanac_wrote_the_file_then_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    open_store(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('9999_future')")
    with pytest.raises(StoreError, match="newer Almanac"):
        open_store(path)


def test_when_a_transaction_fails_then_nothing_of_it_is_kept(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO place VALUES (1, 1, 'a', 'A', '')")
        raise ZeroDivisionError
    assert store.rows("SELECT count(*) FROM place") == [(0,)]
    with store.transaction() as cursor:
        cursor.execute("INSERT INTO place VALUES (1, 1, 'a', 'A', '')")
    assert store.rows("SELECT count(*) FROM place") == [(1,)]


def test_when_many_threads_write_and_read_then_nothing_is_lost(store: Store) -> None:
    def write(number: int) -> None:
        with store.transaction() as cursor:
            cursor.execute("INSERT INTO place VALUES ($1, 1, $2, '', '')", [number, str(number)])
        store.rows("SELECT count(*) FROM place")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert store.rows("SELECT count(*), count(DISTINCT place_id) FROM place") == [(40, 40)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY place TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_when_sql_reaches_outside_then_it_is_denied(store: Store, sql: str) -> None:
    with store.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(sql)


def test_when_started_again_then_abandoned_uploads_are_gone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "a.duckdb")
    (store.staging_folder / "upload-x").mkdir()
    (store.staging_folder / "upload-x" / "big.csv").write_text("left behind")
    with store.cursor() as cursor:
        cursor.execute("CREATE TABLE staging.left_behind AS SELECT 1 AS a")
    store.close()
    store = open_store(tmp_path / "a.duckdb")
    assert not (store.staging_folder / "upload-x").exists()
    assert store.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'left_behind'") == [
        (0,)
    ]
    store.close()


def test_when_a_query_takes_long_then_its_progress_is_known_and_it_can_be_stopped(
    store: Store,
) -> None:
    seen: list[float] = []
    ended: list[str] = []

    def count() -> None:
        sql = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE a.range + b.range = 7"
        try:
            store.rows(sql)
        except duckdb.InterruptException:
            ended.append("interrupted")

    thread = threading.Thread(target=count)
    thread.start()
    until = time.monotonic() + 8
    while not seen and time.monotonic() < until:
        time.sleep(0.05)
        if share := store.progress(thread.ident or 0):
            seen.append(share)
    store.interrupt(thread.ident or 0)
    thread.join(5)
    assert not thread.is_alive()
    assert ended == ["interrupted"]
    assert store.progress(thread.ident or 0) is None
    assert store.rows("SELECT 1") == [(1,)]
    assert seen
    assert seen[0] <= 1
