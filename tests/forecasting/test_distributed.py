"""Networks that several processes train together: what they learn, and how such a training ends."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import forecasting as fc
from forecasting.errors import ConfigError
from forecasting.networks import checkpoint as checkpoints
from forecasting.networks import distributed
from forecasting.networks.distributed import TeamLost
from forecasting.networks.forecaster import NetworkForecaster
from forecasting.progress import Progress

HORIZON = 7
TINY: dict[str, Any] = {"width": 8, "batch_size": 17, "max_steps": 24}  # an uneven share


def network(workers: int, **options: Any) -> NetworkForecaster:
    model = fc.create("lstm", horizon=HORIZON, num_workers=workers, **TINY | options)
    assert isinstance(model, NetworkForecaster)
    return model


def weights(model: NetworkForecaster) -> dict[str, torch.Tensor]:
    assert model._network is not None
    return model._network.state_dict()


@pytest.fixture
def helpers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the processes that were started; all must have ended after the test."""
    started: list[int] = []
    start = distributed._Processes.start

    def noted(self: Any, arguments: tuple[Any, ...]) -> None:
        start(self, arguments)
        started.append(self._processes[-1].pid)

    monkeypatch.setattr(distributed._Processes, "start", noted)
    return started


def are_gone(processes: list[int]) -> bool:
    return not any(Path(f"/proc/{each}").exists() for each in processes)


def test_when_two_train_together_then_they_learn_what_one_learns_alone(
    panel: fc.Panel, helpers: list[int], tmp_path: Path
) -> None:
    """Without dropout both make the same updates, up to rounding."""
    alone = network(1, dropout=0.0).fit(panel)
    both = network(2, dropout=0.0).fit(panel)
    assert len(helpers) == 1
    assert are_gone(helpers)
    assert both.training.steps == alone.training.steps > 0
    assert both.training.validation_wql == pytest.approx(alone.training.validation_wql, rel=1e-3)
    ours, theirs = weights(alone), weights(both)
    for name in ours:
        torch.testing.assert_close(theirs[name], ours[name], rtol=1e-2, atol=1e-4)
    both.save(tmp_path)
    np.testing.assert_array_equal(fc.load(tmp_path).predict(panel).mean, both.predict(panel).mean)


def test_when_two_are_interrupted_then_they_go_on_to_the_result_they_would_have_had(
    panel: fc.Panel, helpers: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.networks.reports.REPORT_SECONDS", 0.0)

    def interrupt(progress: Progress) -> None:
        if progress.done >= 10:
            raise KeyboardInterrupt

    undisturbed = network(2, dropout=0.3).fit(panel)
    stopped = network(2, dropout=0.3).fit(panel, on_progress=interrupt, checkpoint=tmp_path)
    assert stopped.training.stopped
    assert are_gone(helpers)
    assert (tmp_path / checkpoints.FILE).is_file()
    resumed = network(2, dropout=0.3).fit(panel, checkpoint=tmp_path)
    assert resumed.training.resumed_at == 10
    for name, each in weights(undisturbed).items():
        assert torch.equal(each, weights(resumed)[name])


def test_when_there_is_a_budget_then_both_keep_to_the_time_of_the_first(
    panel: fc.Panel, helpers: list[int]
) -> None:
    model = network(2, max_steps=100_000, patience=10_000).fit(panel, budget_seconds=8)
    assert 0 < model.training.steps < 100_000
    assert model.training.best_step
    assert are_gone(helpers)


def test_when_the_other_is_killed_then_the_training_fails_and_says_so(
    panel: fc.Panel, helpers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.networks.reports.REPORT_SECONDS", 0.0)

    def kill(progress: Progress) -> None:
        if progress.done == 5:
            os.kill(helpers[0], signal.SIGKILL)

    with pytest.raises(TeamLost, match="ended before it was done"):
        network(2, max_steps=100_000, patience=10_000).fit(panel, on_progress=kill)
    assert are_gone(helpers)
    assert not distributed.dist.is_initialized()  # nothing of the lost team is in the way


def test_when_there_are_more_workers_than_windows_then_the_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="num_workers=3 is more than batch_size=2"):
        network(3, batch_size=2)
    with pytest.raises(ConfigError, match="num_workers=0"):
        network(0)
