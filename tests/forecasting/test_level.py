"""The level of the mean: what it is measured on, and what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import forecasting as fc
from forecasting.models.lstm import Lstm
from forecasting.networks import presets
from forecasting.networks.layout import Layout
from forecasting.networks.level import level_mean
from forecasting.networks.network import Network
from forecasting.networks.tensors import PanelTensors, panel_tensors

HORIZON = 7
BUSY = [f"busy {i}" for i in range(4)]


def parts(panel: fc.Panel) -> tuple[Network, PanelTensors, Layout]:
    model = fc.create("lstm", horizon=HORIZON, width=8, max_steps=5).fit(panel)
    assert isinstance(model, Lstm)
    layout, network = model._fitted()
    return network, panel_tensors(panel, layout, torch.device("cpu")), layout


def levelled(
    network: Network, tensors: PanelTensors, layout: Layout, last: int | None = None
) -> float:
    return level_mean(
        network,
        tensors,
        layout,
        horizon=HORIZON,
        first_N=tensors.launched_N.numpy() + 6,
        last=tensors.steps - 1 - HORIZON if last is None else last,
        seed=0,
    )


def test_when_the_mean_is_too_high_then_it_is_brought_down_by_as_much(panel: fc.Panel) -> None:
    network, tensors, layout = parts(panel.subset(BUSY))
    levelled(network, tensors, layout)
    with torch.no_grad():
        network.mean_head.bias.add_(float(np.log(1.1)))
    assert levelled(network, tensors, layout) == pytest.approx(1 / 1.1, rel=1e-4)
    assert levelled(network, tensors, layout) == pytest.approx(1.0, abs=1e-4)


def test_when_a_panel_is_large_then_fitting_levels_the_mean(
    panel: fc.Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = panel.subset(BUSY)
    monkeypatch.setattr(presets, "MANY_VALUES", 10)
    network, tensors, layout = parts(some)
    assert levelled(network, tensors, layout) == pytest.approx(1.0, abs=1e-4)


def test_when_values_after_the_last_horizon_change_then_the_level_does_not(
    panel: fc.Panel,
) -> None:
    network, tensors, layout = parts(panel.subset(BUSY))
    last = tensors.steps - 1 - 3 * HORIZON
    before = levelled(network, tensors, layout, last)
    network, tensors, layout = parts(panel.subset(BUSY))
    values_NT = tensors.values_NT.clone()
    values_NT[:, last + HORIZON + 1 :] = 99.0
    changed = replace(tensors, values_NT=values_NT)
    assert levelled(network, changed, layout, last) == before


def test_when_values_are_negative_then_the_mean_stays(panel: fc.Panel) -> None:
    network, tensors, layout = parts(panel.subset(["negative", "busy 0"]))
    bias = network.mean_head.bias.clone()
    assert levelled(network, tensors, layout) == 1.0
    assert torch.equal(network.mean_head.bias, bias)


def test_when_the_forecast_is_far_off_then_the_factor_has_a_limit(panel: fc.Panel) -> None:
    network, tensors, layout = parts(panel.subset(BUSY))
    with torch.no_grad():
        network.mean_head.bias.sub_(3.0)
    assert levelled(network, tensors, layout) == 1.25
