"""Trainings that are interrupted: what is kept, and how they go on to the same result."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import forecasting as fc
from forecasting import training
from forecasting.networks import checkpoint as checkpoints
from forecasting.networks import forecaster, reports
from forecasting.networks.checkpoint import FILE
from forecasting.networks.forecaster import NetworkForecaster
from forecasting.progress import Progress
from forecasting.training import Trainer

HORIZON = 7
TINY: dict[str, Any] = {"width": 8, "batch_size": 16, "max_steps": 60, "dropout": 0.3}
SOME = ["busy 0", "busy 1", "gappy", "slow 1"]


def network(name: str = "lstm", **options: Any) -> NetworkForecaster:
    model = fc.create(name, horizon=HORIZON, **TINY | options)
    assert isinstance(model, NetworkForecaster)
    return model


def weights(model: NetworkForecaster) -> dict[str, torch.Tensor]:
    assert model._network is not None
    return model._network.state_dict()


def same(one: NetworkForecaster, other: NetworkForecaster) -> bool:
    ours, theirs = weights(one), weights(other)
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def at_step(step: int) -> Callable[[Progress], None]:
    """Interrupts the training at the first report from this step on."""

    def interrupt(progress: Progress) -> None:
        if progress.done >= step:
            raise KeyboardInterrupt

    return interrupt


@pytest.fixture
def some(panel: fc.Panel) -> fc.Panel:
    return panel.subset(SOME)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports come after every step."""
    monkeypatch.setattr(reports, "REPORT_SECONDS", 0.0)


def test_when_interrupted_then_the_best_so_far_is_kept_and_it_says_so(some: fc.Panel) -> None:
    metrics: list[float] = []

    def stop(progress: Progress) -> None:
        metrics.extend([progress.metric] if progress.metric is not None else [])
        at_step(30)(progress)

    model = network().fit(some, on_progress=stop)
    assert model.training.stopped
    assert model.training.steps == 30
    assert model.training.validation_wql == pytest.approx(min(metrics))
    assert "stopped after 30 steps" in model.training.notes[0]
    assert isinstance(model.interrupt, KeyboardInterrupt)
    assert not model.predict(some).notes
    whole = network().fit(some)
    assert whole.interrupt is None
    assert not whole.training.stopped
    assert not same(model, whole)


def test_when_interrupted_before_any_validation_then_the_average_is_kept(
    some: fc.Panel, every_step: None
) -> None:
    model = network().fit(some, on_progress=at_step(2))
    assert model.training.validation_wql is None
    assert (model.training.steps, model.training.best_step) == (2, 2)
    assert np.isfinite(model.predict(some).quantiles).all()


@pytest.mark.parametrize("name", ["lstm", "transformer"])
@pytest.mark.parametrize("step", [1, 17, 63])  # 63 lies in the finish
def test_when_an_interrupted_training_goes_on_then_its_weights_are_those_of_an_undisturbed_one(
    some: fc.Panel, tmp_path: Path, every_step: None, name: str, step: int
) -> None:
    whole = network(name).fit(some)
    assert whole.training.steps > 63
    first = network(name).fit(some, on_progress=at_step(step), checkpoint=tmp_path)
    assert first.training.steps == step
    torch.rand(3)  # what else is drawn in between changes nothing
    second = network(name).fit(some, checkpoint=tmp_path)
    assert same(second, whole)
    assert second.training.resumed_at == step
    assert second.training.steps == whole.training.steps
    assert second.training.validation_wql == whole.training.validation_wql
    assert f"went on from a checkpoint of step {step}" in " ".join(second.training.notes)


def test_when_it_is_killed_between_two_checkpoints_then_it_goes_on_from_the_last(
    some: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies at step 25; the checkpoints of time alone are there."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    update, seen = Trainer._update, []

    def die(self: Trainer, state: Any) -> torch.Tensor:
        if len(seen) == 25:
            raise SystemExit
        seen.append(1)
        return update(self, state)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_update", die)
        with pytest.raises(SystemExit):
            network().fit(some, checkpoint=tmp_path)
    resumed = network().fit(some, checkpoint=tmp_path)
    assert resumed.training.resumed_at == 25
    assert same(resumed, network().fit(some))


@pytest.mark.parametrize("other", ["options", "data", "cut", "text"])
def test_when_the_checkpoint_is_foreign_or_damaged_then_training_begins_anew_and_notes_it(
    panel: fc.Panel, some: fc.Panel, tmp_path: Path, every_step: None, other: str
) -> None:
    options = {"learning_rate": 1e-3} if other == "options" else {}
    data = panel.subset(SOME[:3]) if other == "data" else some
    network(**options).fit(data, on_progress=at_step(9), checkpoint=tmp_path)
    file = tmp_path / FILE
    if other == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    if other == "text":
        file.write_text("not a checkpoint")
    model = network(max_steps=5).fit(some, checkpoint=tmp_path)
    assert model.training.resumed_at == 0
    assert "Training began anew" in " ".join(model.training.notes)
    assert same(model, network(max_steps=5).fit(some))


def test_when_a_checkpoint_is_written_then_nothing_in_it_is_pickled(
    some: fc.Panel, tmp_path: Path, every_step: None
) -> None:
    network().fit(some, on_progress=at_step(9), checkpoint=tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]
    parts = {name.split("/")[0] for name in load_file(tmp_path / FILE)}
    assert parts == {"network", "average", "best", "moments", "random"}
    raw = (tmp_path / FILE).read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"]["state"])["phase"]["step"] == 9


def test_when_the_checkpoint_cannot_be_written_then_training_goes_on_and_notes_it(
    some: fc.Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    (tmp_path / FILE).mkdir()  # which no file can replace
    model = network(max_steps=5).fit(some, checkpoint=tmp_path)
    assert model.training.steps > 5
    assert [each.split(" (")[0][-20:] for each in model.training.notes] == ["could not be written"]


def test_when_one_of_several_fits_is_interrupted_then_the_whole_is(some: fc.Panel) -> None:
    options = {"lstm": TINY}
    with pytest.raises(KeyboardInterrupt):
        fc.backtest(some, ["lstm"], horizon=HORIZON, options=options, on_progress=at_step(5))
    ensemble = fc.create(
        "ensemble", horizon=HORIZON, members=("lstm", "naive"), member_options=options
    )
    with pytest.raises(KeyboardInterrupt):
        ensemble.fit(some, on_progress=at_step(5))


class Clock:
    """Time that passes by steps alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds_per_step: float) -> None:
        self.now = 1000.0
        fake = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(training, "time", fake)
        monkeypatch.setattr(forecaster, "time", fake)
        update = Trainer._update

        def slow(trainer: Trainer, state: Any) -> torch.Tensor:
            self.now += seconds_per_step
            return update(trainer, state)

        monkeypatch.setattr(Trainer, "_update", slow)


def test_when_there_is_a_budget_then_the_finish_is_within_it(
    some: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds_per_step=1.0)
    model = network(max_steps=10_000, patience=99).fit(some, budget_seconds=23.0)
    assert model.training.best_step == 20  # of 23 / 1.15 seconds
    assert model.training.seconds == 23.0


def test_when_one_step_uses_the_budget_up_then_there_is_no_finish(
    some: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds_per_step=100.0)
    model = network(max_steps=10_000).fit(some, budget_seconds=10.0)
    assert model.training.steps == 1


def test_when_a_budgeted_training_goes_on_then_the_time_before_counts(
    some: fc.Panel, tmp_path: Path, every_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, seconds_per_step=1.0)
    options: dict[str, Any] = {"max_steps": 10_000, "patience": 99, "finish_share": 0.0}
    first = network(**options)
    first.fit(some, budget_seconds=20.0, checkpoint=tmp_path, on_progress=at_step(15))
    second = network(**options).fit(some, budget_seconds=20.0, checkpoint=tmp_path)
    assert (first.training.steps, second.training.steps) == (15, 20)
