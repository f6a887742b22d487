"""Frames of files, read while somebody writes them anew."""

import threading
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.files import read_frame


def test_when_a_file_is_replaced_while_it_is_read_then_one_of_the_two_is_read_whole(
    tmp_path: Path,
) -> None:
    path, fresh = tmp_path / "trials.parquet", tmp_path / "fresh.parquet"
    rng = np.random.default_rng(0)
    frames = [
        pd.DataFrame({"trial": np.arange(count), "loss": rng.normal(size=count), "state": "done"})
        for count in (3, 5000)
    ]
    frames[0].to_parquet(path, index=False)
    over = threading.Event()

    def keep_replacing() -> None:
        k = 0
        while not over.is_set():
            frames[k % 2].to_parquet(fresh, index=False)
            fresh.replace(path)
            k += 1

    writer = threading.Thread(target=keep_replacing)
    writer.start()
    try:
        counts = [len(read_frame(path)) for _ in range(300)]
    finally:
        over.set()
        writer.join()
    assert set(counts) == {3, 5000}
