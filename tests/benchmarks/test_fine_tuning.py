"""What the benchmark of fine-tuning says of made-up results, and what it begins with."""

import time
from pathlib import Path

import pytest
import torch

from benchmarks.accuracy.contest import Contest
from benchmarks.fine_tuning import (
    LSTM,
    SCRATCH,
    ZERO_SHOT,
    Result,
    _clock,
    kept,
    measured,
    summary,
    untrained,
)
from forecasting.pretraining.weights import shipped


def result(data: str, way: str, wql: float) -> Result:
    return Result(data=data, way=way, wql=wql, seconds=60.0, wall=60.0, steps=10, kept=5)


def made(*, tuned: float) -> list[Result]:
    return [
        result("a", "all", tuned),
        result("a", SCRATCH, 1.0),
        result("a", LSTM, 0.5),
        result("b", "all", 4 * tuned),
        result("b", SCRATCH, 4.0),
    ]


@pytest.mark.parametrize(("tuned", "verdict"), [(0.97, "reached"), (0.98, "missed")])
def test_when_summed_up_then_the_goal_is_judged_against_the_same_network(
    tuned: float, verdict: str
) -> None:
    text = summary(made(tuned=tuned)).splitlines()
    assert f"all: {tuned:.3f} x the same network from scratch (goal 0.97: {verdict})" in text[0]
    assert text[1].startswith(f"all: {2 * tuned:.3f} x beside our lstm; a")
    assert "reached" not in text[1]


def test_when_a_data_set_lacks_a_way_then_it_does_not_count() -> None:
    text = summary([*made(tuned=0.9), result("c", "all", 9.0), result("a", ZERO_SHOT, 2.0)])
    assert "all: 0.900 x the same network" in text
    assert "zero-shot: 2.000 x the same network from scratch; a 2.000" in text


def test_when_results_are_kept_then_they_are_read_again(tmp_path: Path) -> None:
    assert kept(None) == kept(tmp_path / "none.jsonl") == []
    file = tmp_path / "results.jsonl"
    file.write_text(
        '{"data": "a", "way": "all", "wql": 0.5, "seconds": 1.0, "wall": 2.0, "steps": 3, '
        '"kept": 1}\n'
    )
    assert kept(file)[0].wql == 0.5


def test_when_untrained_then_it_is_the_network_of_the_shipped_weights_with_others(
    tmp_path: Path,
) -> None:
    network, card = shipped(untrained(tmp_path))
    ours, our_card = shipped()
    assert card.size == our_card.size
    assert card.steps == 0
    assert network.state_dict().keys() == ours.state_dict().keys()
    assert not torch.equal(network.describe.weight, ours.describe.weight)


def test_when_the_processor_is_counted_then_sleep_takes_nothing() -> None:
    with _clock(processor=True):
        began = time.monotonic()
        time.sleep(0.2)
        assert time.monotonic() - began < 0.1


def test_when_a_way_is_measured_then_it_gets_its_seconds(contest: Contest, tmp_path: Path) -> None:
    with _clock(processor=True):
        found = measured(contest, SCRATCH, 0.5, 1, untrained(tmp_path))
    assert found.steps >= 1
    assert 0 < found.wql < 1
