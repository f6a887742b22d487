"""Made-up series: what they hold, how they repeat, and that nothing is read for them."""

import builtins
import os
from typing import Any

import numpy as np
import pytest
import torch

from forecasting.pretraining.calendars import GROUP
from forecasting.pretraining.draws import Draws, autoregression, spells
from forecasting.pretraining.generator import Generator, Lesson

CPU = torch.device("cpu")


def lessons(seed: int, count: int = 6, *, context: int = 256, horizon: int = 20) -> list[Lesson]:
    generator = Generator(seed, CPU)
    return [generator.lesson(64, context=context, horizon=horizon) for _ in range(count)]


def test_when_a_seed_is_used_again_then_the_same_series_come() -> None:
    for first, again in zip(lessons(3), lessons(3), strict=True):
        torch.testing.assert_close(first.target_BH, again.target_BH, equal_nan=True)
        torch.testing.assert_close(first.series.known_BTK, again.series.known_BTK)
    other = lessons(4)[0]
    assert not torch.equal(other.target_BH.nan_to_num(), lessons(3)[0].target_BH.nan_to_num())


def test_when_lessons_are_made_then_they_are_finite_or_missing_and_as_varied_as_shops() -> None:
    made = lessons(0, 20)
    values = torch.cat([each.series.values_BC for each in made])
    seen = torch.isfinite(values)
    assert not torch.isinf(values).any()
    whole = [(row[row.isfinite()] % 1 == 0).all().item() for row in values]
    assert 0.3 < np.mean(whole) < 0.8  # counts
    zeros = torch.stack([(row[row.isfinite()] == 0).float().mean() for row in values])
    assert (zeros > 0.5).float().mean() > 0.05  # sporadic
    assert (zeros == 0).float().mean() > 0.2
    age = (256 - seen.float().argmax(dim=1)).float()
    assert age.min() < 40 < 200 < age.max()
    assert (values.nan_to_num() < 0).any()
    seasons = {int(each) for lesson in made for each in lesson.series.season_B}
    assert {7, 12, 24, 52} <= seasons


def test_when_covariates_are_known_then_they_have_no_holes_and_cover_the_horizon() -> None:
    made = lessons(1, 12)
    known = [each.series for each in made if each.series.known_BTK.shape[-1]]
    assert 0 < len(known) < len(made)
    for series in known:
        assert series.known_BTK.shape[:2] == (64, 276)
        assert torch.isfinite(series.known_BTK).all()
        assert series.group_B.tolist() == [k // GROUP for k in range(64)]


def test_when_the_count_is_no_whole_group_then_it_is_rounded_up() -> None:
    lesson = Generator(0, CPU).lesson(3, context=128, horizon=4)
    assert len(lesson.series) == GROUP


def test_when_series_are_made_then_no_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads nothing cannot have learned from a series that is scored."""
    generator = Generator(0, CPU)
    generator.lesson(16, context=128, horizon=8)  # torch may load parts of itself at first

    def refuse(*arguments: Any, **_: Any) -> Any:
        raise AssertionError(f"the generator opens {arguments[0]}")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("pandas.read_parquet", refuse)
    monkeypatch.setattr("pandas.read_csv", refuse)
    monkeypatch.setattr("numpy.load", refuse)
    monkeypatch.setattr("torch.load", refuse)
    for _ in range(4):
        generator.lesson(16, context=256, horizon=8)


def test_when_spells_overlap_then_they_are_one() -> None:
    starts = torch.tensor([[1.0, 0, 1, 0, 0, 0, 0]])
    assert spells(starts, torch.tensor([3])).tolist() == [[1, 1, 1, 1, 1, 0, 0]]


def test_when_memory_is_long_then_neighbours_resemble_each_other() -> None:
    draws = Draws(torch.Generator().manual_seed(0))
    found = autoregression(draws.normal(4, 4000), torch.full((4,), 0.8))
    assert found.std() == pytest.approx(1, abs=0.1)
    pairs = (found[:, 1:] * found[:, :-1]).mean()
    assert pairs == pytest.approx(0.8, abs=0.1)
