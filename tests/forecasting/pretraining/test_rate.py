"""The share of a card's bf16 rate: what is counted, and that it is told where there is a card."""

import pytest
import torch

from forecasting.pretraining.generator import Generator
from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.rate import BACKWARD, Meter, bf16_rate
from forecasting.pretraining.sizes import SIZES

CPU = torch.device("cpu")


def test_when_lessons_are_learned_then_the_operations_of_the_network_are_counted() -> None:
    generator, network = Generator(0, CPU), PretrainedNetwork(SIZES["tiny"])
    small = generator.lesson(16, context=128, horizon=8)
    meter = Meter(rate=1e9)
    meter.add(network, small)
    once = meter.done
    meter.add(network, small)
    assert meter.done == pytest.approx(2 * once)
    # At least two operations per weight of the blocks and token, forward and backward.
    block = sum(each.numel() for each in network.blocks.parameters() if each.ndim == 2)
    assert once > BACKWARD * 2 * block * 22 * len(small.series)
    long = generator.lesson(16, context=128, horizon=96)
    meter.add(network, long)
    assert meter.done > 4 * once


def test_when_a_share_is_asked_then_it_is_that_since_the_last_time() -> None:
    meter = Meter(rate=100.0)
    meter.done = 500.0
    assert meter.share(10.0) == 0.5
    assert meter.share(10.0) == 0.0


def test_when_a_device_multiplies_then_its_rate_is_positive() -> None:
    assert bf16_rate(CPU, side=64) > 1e6
