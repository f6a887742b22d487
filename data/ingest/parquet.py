"""Parquet files: columns and a sample as text, without reading the file as a whole."""

from pathlib import Path

import duckdb

from data.errors import FileError
from data.ingest.archives import TOO_EARLY
from data.ingest.limits import Limits
from data.ingest.plan import Source
from data.ingest.sampling import SAMPLE_CELLS, SAMPLE_ROWS
from data.ingest.sql import ident
from data.ingest.tables import check_width

SPOTS = 40


def open_parquet(
    path: Path, *, name: str, size_bytes: int, fingerprint: str, limits: Limits
) -> Source:
    """The one table of a Parquet file, used in place; `FileError` where it is damaged or empty."""
    _refuse_cut_off(path, name)
    try:
        with duckdb.connect() as connection:
            relation = connection.read_parquet(str(path))
            columns = tuple(relation.columns)
            ((rows,),) = connection.execute(
                "SELECT count(*) FROM read_parquet(?)", [str(path)]
            ).fetchall()
            check_width(columns, name, limits)
            if len(columns) < 2:
                raise FileError(
                    f"{name} has a single column. A sales file needs at least a date and a "
                    "quantity; export it with all its columns."
                )
            sample = _sample(connection, path, columns, rows)
    except duckdb.Error as error:
        raise FileError(
            f"{name} is damaged and cannot be read as Parquet ({str(error).splitlines()[0]}). "
            "Write and upload it again."
        ) from error
    if not rows:
        raise FileError(f"{name} has columns but no rows. Check the export and upload it again.")
    return Source(
        name=name,
        path=path,
        format="parquet",
        columns=columns,
        sample=sample,
        size_bytes=size_bytes,
        fingerprint=fingerprint,
        encoding="Parquet",
        first_line=1,
        rows=rows,
    )


def _refuse_cut_off(path: Path, name: str) -> None:
    """A Parquet file ends as it begins; one that does not was cut off."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        end = file.read()
    if end == b"PARE":
        raise FileError(f"{name} is encrypted. Write it without a key and upload that.")
    if end != b"PAR1":
        raise FileError(f"{name}: {TOO_EARLY}. Upload it again.")


def _sample(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: tuple[str, ...], rows: int
) -> tuple[tuple[str | None, ...], ...]:
    """Rows as text from forty places of the file."""
    wanted = max(50, min(SAMPLE_ROWS, SAMPLE_CELLS // len(columns)))
    each = wanted // SPOTS
    texts = ", ".join(f"{ident(column)}::VARCHAR" for column in columns)
    if rows <= wanted:
        where, parameters = "", [str(path)]
    else:
        starts = [(rows - each) * spot // (SPOTS - 1) for spot in range(SPOTS)]
        ranges = (f"file_row_number BETWEEN {s} AND {s + each - 1}" for s in starts)
        where, parameters = f"WHERE {' OR '.join(ranges)}", [str(path)]
    found = connection.execute(
        f"SELECT {texts} FROM read_parquet(?, file_row_number=true) {where}", parameters
    ).fetchall()
    return tuple(found)
