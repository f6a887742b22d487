"""The GPU benchmark, tried on the CPU with a small panel: its figures are what they say."""

import pytest
import torch

import forecasting as fc
from benchmarks import gpu


@pytest.fixture(scope="module")
def panel() -> fc.Panel:
    drawn = gpu.panel_of(None, 12)
    return drawn.until(drawn.timestamps[199])


def test_when_trained_then_rate_course_and_work_are_told(panel: fc.Panel) -> None:
    model, made = gpu.trained("lstm", panel, "fast", "cpu", steps=8)
    assert made.windows_per_second > 0
    assert made.wql is not None
    assert min(wql for _, wql in made.course) == pytest.approx(made.wql)
    assert gpu.reaches(made.course, made.wql).endswith(" s")
    assert 1e5 < gpu.work_of_window(model, panel) < 1e10


def test_when_the_machine_is_measured_then_its_rate_is_a_rate() -> None:
    assert gpu.rate_of(torch.device("cpu")) > 1e8
