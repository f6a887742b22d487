"""Reading and writing the frames of the command line: Parquet or CSV, by the file's ending."""

from pathlib import Path

import pandas as pd

from forecasting.errors import ConfigError, PanelError

ENDINGS = (".parquet", ".pq", ".csv", ".csv.gz", ".tsv")


def read_frame(path: Path) -> pd.DataFrame:
    """The frame of a file; text columns of Parquet come as categories, to save memory.

    Raises `PanelError` where the file is missing, empty or not of the kind its name says.
    """
    if not path.is_file():
        raise PanelError(f"{path} does not exist. Give a Parquet or CSV file.")
    _require_known_ending(path)
    try:
        if path.suffix in (".parquet", ".pq"):
            return _read_parquet(path)
        return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
    except (
        ValueError,
        OSError,
    ) as error:  # pandas and pyarrow derive their parser errors from these
        raise PanelError(f"{path} cannot be read: {error}. Write the file again.") from error


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame, making its folder."""
    _require_known_ending(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".parquet", ".pq"):
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


def _require_known_ending(path: Path) -> None:
    if not path.name.lower().endswith(ENDINGS):
        raise ConfigError(f"{path.name!r} ends in none of {', '.join(ENDINGS)}. Rename the file.")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pa.OSFile(str(path)) as file:  # opened once: a writer may replace it between two openings
        texts = [
            field.name
            for field in pq.read_schema(file)
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        file.seek(0)
        table = pq.read_table(file, read_dictionary=texts)
    return table.to_pandas(date_as_object=False)
