"""The series that are scored are not among those that trained the pretrained network.

Windows of scored series are looked for in what the generator makes, at any place and in any unit.
The search is tested on a lesson that a scored series was hidden in, so that it can fail.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from forecasting.pretraining.generator import Generator, Lesson
from forecasting.pretraining.weights import SHIPPED, read_card

DATA = Path(os.environ.get("ALMANAC_DATA", "../shared/data"))
STEPS = 48  # of a window that is looked for
SAME = 0.999  # correlation from which a window is a scored one: no two shops sell so alike
MOST = 150  # series of a data set


def unit(windows: np.ndarray) -> np.ndarray:
    """Windows (N, STEPS) without their level and scale."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def likest(lesson: Lesson, scored: np.ndarray) -> float:
    """The highest correlation of scored windows (N, STEPS) with any window of a lesson."""
    values = torch.cat([lesson.series.values_BC, lesson.target_BH], dim=1).nan_to_num().numpy()
    made = np.lib.stride_tricks.sliding_window_view(values, STEPS, axis=1).reshape(-1, STEPS)
    made = made[np.count_nonzero(made, axis=1) > STEPS // 3]
    return float((unit(made.astype(np.float32)) @ unit(scored).T.astype(np.float32)).max())


def windows_of(frame: pd.DataFrame, target: str) -> np.ndarray:
    """The last window of each series that varies."""
    rows = []
    for _, each in frame.groupby(frame.columns[0], sort=True, observed=True):
        values = each[target].to_numpy(dtype=float)[-STEPS:]
        if len(values) == STEPS and np.count_nonzero(values) > STEPS // 2 and values.std() > 0:
            rows.append(values)
        if len(rows) == MOST:
            break
    return np.array(rows)


def shop(seed: int = 5) -> np.ndarray:
    """Scored windows that need no data set: sales of forty products of a week's season."""
    rng = np.random.default_rng(seed)
    week = 1 + 0.5 * np.sin(2 * np.pi * np.arange(STEPS) / 7)
    return rng.poisson(30 * week, (40, STEPS)).astype(float)


def lessons(count: int) -> list[Lesson]:
    generator = Generator(1, torch.device("cpu"))
    return [generator.lesson(64, context=128, horizon=20) for _ in range(count)]


@pytest.mark.parametrize("hide", [lambda row: row, lambda row: 250 + 3.5 * row])
def test_when_a_scored_series_is_hidden_in_a_lesson_then_it_is_found(
    hide: Callable[[np.ndarray], np.ndarray],
) -> None:
    lesson, scored = lessons(1)[0], shop()
    assert likest(lesson, scored) < SAME
    lesson.series.values_BC[17, 31 : 31 + STEPS] = torch.as_tensor(hide(scored[7]))
    assert likest(lesson, scored) > SAME


SETS = {
    "pharma": ("pharma_sales", "units"),
    "store_item": ("store_item_demand", "sales"),
    "stallion": ("stallion_beverage", "volume"),
}


@pytest.mark.parametrize("name", SETS)
def test_when_series_are_made_then_none_is_of_the_scored_data_sets(name: str) -> None:
    from benchmarks.accuracy.datasets import DATASETS

    if not (DATA / SETS[name][0]).is_dir():
        pytest.skip(f"no real data: {DATA / SETS[name][0]} is absent (set ALMANAC_DATA)")
    panel = DATASETS[name](DATA).panel
    long = panel.to_frame()[["series_id", "target"]].dropna()
    scored = windows_of(long, "target")
    assert len(scored) >= 5
    assert max(likest(each, scored) for each in lessons(3)) < SAME


def test_when_weights_are_shipped_then_their_card_counts_no_real_series() -> None:
    card = read_card(SHIPPED)
    assert card.real_series == 0
    assert card.series > 100_000
