"""Exceptions: which run is used for a part, why, and the whole history of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.choices import Choices
from engine.errors import EngineError

TOYS = {"dataset": 1, "categories": ["Toys"]}
HOME = {"dataset": 1, "categories": ["Home"]}


@pytest.fixture
def choices(tmp_path: Path) -> Iterator[Choices]:
    opened = Choices(tmp_path)
    yield opened
    opened.close()


def test_when_a_part_is_decided_again_then_the_latest_counts_and_the_earlier_stays(
    choices: Choices,
) -> None:
    choices.choose(TOYS, "run-1", name="LSTM", why="Better  in Toys", who="Ada", at=10.0)
    choices.choose(HOME, "run-1", name="LSTM", why="Better in Home", at=11.0)
    choices.choose(dict(reversed(TOYS.items())), "run-2", name="GRU", why="Better still", at=12.0)
    assert [(each.part, each.run_id) for each in choices.in_force()] == [
        (TOYS, "run-2"),
        (HOME, "run-1"),
    ]
    assert [each.why for each in choices.history(TOYS)] == ["Better still", "Better in Toys"]
    assert choices.history(TOYS)[1].who == "Ada"


def test_when_an_exception_ends_then_none_is_in_force_and_the_reason_is_kept(
    choices: Choices,
) -> None:
    choices.choose(TOYS, "run-1", name="LSTM", why="Better", at=10.0)
    choices.withdraw(TOYS, why="Not any more", who="Ada", at=11.0)
    assert choices.in_force() == []
    assert [each.why for each in choices.history(TOYS)] == ["Not any more", "Better"]


@pytest.mark.parametrize("why", ["", "  \n "])
def test_when_no_reason_is_given_then_nothing_changes(choices: Choices, why: str) -> None:
    with pytest.raises(EngineError, match="Say in a few words why"):
        choices.choose(TOYS, "run-1", name="LSTM", why=why)
    with pytest.raises(EngineError, match="Say in a few words why"):
        choices.withdraw(TOYS, why=why)
    assert choices.in_force() == []


def test_when_the_app_is_opened_again_then_what_was_chosen_is_still_in_use(tmp_path: Path) -> None:
    first = Choices(tmp_path)
    first.choose(TOYS, "run-1", name="LSTM", why="Better")
    first.close()
    again = Choices(tmp_path)
    assert [each.run_id for each in again.in_force()] == ["run-1"]
    again.close()
