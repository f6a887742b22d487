"""The training loop: what it draws, validates, reports, and does when memory or time run out."""

from typing import Any

import numpy as np
import pytest
import torch

import forecasting as fc
from forecasting import metrics
from forecasting.models.lstm import Lstm
from forecasting.networks import reports as networks_reports
from forecasting.networks.forecaster import _sizes
from forecasting.networks.layout import layout_of
from forecasting.networks.losses import mean_loss, quantile_loss
from forecasting.networks.optimisation import follow
from forecasting.networks.tensors import panel_tensors, volumes_of
from forecasting.progress import Progress
from forecasting.training import Conditions, Split, Trainer, split_of

HORIZON = 7
TINY: dict[str, Any] = {"width": 8, "batch_size": 16}
SOME = ["busy 0", "busy 1", "gappy", "slow 1"]


def lstm(**options: Any) -> Lstm:
    model = fc.create("lstm", horizon=HORIZON, **TINY | options)
    assert isinstance(model, Lstm)
    return model


def split(panel: fc.Panel) -> Split:
    layout = layout_of(panel, lstm().config, volumes_of(panel))
    return split_of(panel_tensors(panel, layout, torch.device("cpu")), layout, HORIZON, seed=0)


def test_when_windows_are_split_then_no_trained_horizon_reaches_a_validated_one(
    panel: fc.Panel,
) -> None:
    found = split(panel)
    _, cutoffs = found.validated
    assert found.last + HORIZON < cutoffs.min() + 1
    assert cutoffs.max() + HORIZON == panel.length - 1
    assert found.last_of_all == cutoffs.max()


def test_when_the_history_is_short_then_nothing_is_held_back(panel: fc.Panel) -> None:
    found = split(panel.until(panel.timestamps[24]))
    assert not len(found.validated[0])
    assert found.last == found.last_of_all
    assert found.windows > 0


def test_when_quantile_losses_are_summed_then_they_are_the_metric() -> None:
    rng = np.random.default_rng(0)
    actual, levels = rng.poisson(5, (4, 6)).astype(float), (0.1, 0.5, 0.9)
    actual[0, :3] = np.nan
    quantiles = np.sort(rng.normal(5, 2, (4, 6, 3)), axis=-1)
    loss_B = quantile_loss(
        torch.tensor(quantiles),
        torch.tensor(np.nan_to_num(actual)),
        torch.tensor(~np.isnan(actual)).double(),
        torch.tensor(levels),
    )
    expected = metrics.wql(actual, quantiles, levels) * np.nansum(actual)
    assert float(loss_B.sum()) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("non_negative", [True, False])
def test_when_the_mean_loss_is_least_then_the_forecast_is_the_mean(non_negative: bool) -> None:
    target_BH = torch.tensor([[0.0, 0.0, 0.0, 1.0, 9.0]])
    guesses = torch.linspace(0.5, 4.0, 36)
    losses = [
        float(mean_loss(guess.expand(1, 5), target_BH, torch.ones(1, 5), non_negative=non_negative))
        for guess in guesses
    ]
    assert float(guesses[int(np.argmin(losses))]) == pytest.approx(2.0)


def test_when_trained_then_validation_gets_better_and_the_best_weights_are_kept(
    panel: fc.Panel,
) -> None:
    reports: list[Progress] = []
    model = lstm(max_steps=100, learning_rate=1e-2).fit(panel, on_progress=reports.append)
    wql = [each.metric for each in reports if each.metric is not None]
    assert len(wql) > 3
    assert min(wql) < wql[0]
    assert model.training.validation_wql == pytest.approx(min(wql), abs=1e-4)
    assert model.training.best_step <= 100
    assert reports[0].total == 115  # the finish is planned
    done = [each.done for each in reports]
    assert done == sorted(done)
    assert done[-1] == reports[-1].total == model.training.steps
    assert {each.stage for each in reports} == {"lstm: training", "lstm: finishing"}
    assert reports[0].eta_seconds is not None


def test_when_validation_stops_improving_then_training_ends_early(panel: fc.Panel) -> None:
    model = lstm(max_steps=400, learning_rate=0.3, patience=2).fit(panel.subset(SOME))
    assert model.training.steps < 400
    assert model.training.best_step < model.training.steps


def test_when_the_budget_is_short_then_training_ends_within_it(panel: fc.Panel) -> None:
    model = lstm(max_steps=10_000_000).fit(panel.subset(SOME), budget_seconds=1.0)
    assert 0 < model.training.steps < 10_000
    assert not model.predict(panel.subset(SOME)).notes


def test_when_the_memory_is_too_small_then_the_batch_is_halved_and_a_note_says_so(
    panel: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = Trainer._loss

    def short_of_memory(self: Trainer, rows_B: torch.Tensor, cutoffs_B: torch.Tensor) -> Any:
        if len(rows_B) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return loss(self, rows_B, cutoffs_B)

    monkeypatch.setattr(Trainer, "_loss", short_of_memory)
    model = lstm(max_steps=3).fit(panel.subset(SOME))
    assert model.training.batch_size == 4
    assert "batches of 8 windows" in model.training.notes[0]
    assert "batches of 4 windows" in model.training.notes[1]


def test_when_seeds_differ_then_weights_do_and_the_callers_random_state_stays(
    panel: fc.Panel,
) -> None:
    some = panel.subset(SOME)
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first, other = (lstm(max_steps=5, seed=seed).fit(some).predict(some) for seed in (0, 1))
    assert not np.array_equal(first.mean, other.mean)
    assert torch.equal(state, torch.random.get_rng_state())


def test_when_compiling_is_asked_for_on_a_cpu_then_a_note_says_that_it_is_not_done(
    panel: fc.Panel,
) -> None:
    some = panel.subset(SOME)
    asked = lstm(max_steps=3, compile=True, device="cpu").fit(some)
    assert "compile=True was not followed" in asked.training.notes[0]
    plain = lstm(max_steps=3, device="cpu").fit(some)
    np.testing.assert_array_equal(asked.predict(some).mean, plain.predict(some).mean)


def test_when_steps_are_quicker_than_reports_then_a_report_has_the_mean_of_their_losses(
    panel: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    update, losses = Trainer._update, []

    def noted(self: Trainer, state: Any) -> torch.Tensor:
        losses.append(update(self, state))
        return losses[-1]

    monkeypatch.setattr(Trainer, "_update", noted)
    monkeypatch.setattr(networks_reports, "REPORT_SECONDS", 1e9)
    reports: list[Progress] = []
    lstm(max_steps=60, finish_share=0.0).fit(panel, on_progress=reports.append)
    assert [each.done for each in reports] == [*range(3, 61, 3)]  # those that are validated
    for each in reports:
        expected = float(torch.stack(losses[each.done - 3 : each.done]).mean())
        assert each.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_when_on_a_gpu_then_no_step_waits_for_it(panel: fc.Panel) -> None:
    config, device = lstm().config, torch.device("cuda")
    layout = layout_of(panel, config, volumes_of(panel))
    tensors = panel_tensors(panel, layout, device)
    network = lstm()._new_network(layout, _sizes(tensors, layout, config)).to(device)
    trainer = Trainer(network, tensors, layout, config, Conditions(stage="lstm"))
    state = trainer._new_state("training", 10)
    trainer._update(state)  # draws windows, and makes room for the moments
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            trainer._reports.count(trainer._update(state), state.batch_size)
            follow(state.average, network, 0.9)
    finally:
        torch.cuda.set_sync_debug_mode("default")
