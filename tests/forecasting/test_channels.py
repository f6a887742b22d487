"""Covariates as they are stored: what is shared once, large panels in half precision."""

import numpy as np
import pytest
import torch

from forecasting.networks import channels
from forecasting.networks.channels import channels_of
from forecasting.networks.layout import Covariate

CPU = torch.device("cpu")
NAMES = ("holiday", "price", "rain")
COVARIATES = (
    Covariate(name="rain", log=False, centre=1.0, spread=2.0, own_spread=0.5),
    Covariate(name="holiday", log=False, centre=0.0, spread=1.0, own_spread=0.0),
    Covariate(name="price", log=True, centre=0.0, spread=1.0, own_spread=0.5),
)


def values(series: int = 5, steps: int = 8) -> np.ndarray:
    rng = np.random.default_rng(0)
    found = np.empty((series, steps, 3), dtype=np.float32)
    found[:, :, 0] = np.arange(steps) % 3 == 0
    found[:, :, 1] = rng.uniform(0.5, 3.0, (series, steps))
    found[:, :, 2] = rng.normal(1, 2, (series, steps))
    return found


def expected(found: np.ndarray) -> np.ndarray:
    return np.stack([(found[..., 2] - 1) / 2, found[..., 0], np.log(found[..., 1])], axis=-1)


def test_when_all_series_share_a_covariate_then_it_is_kept_once_and_read_in_its_place() -> None:
    given = values()
    stored = channels_of(given, NAMES, COVARIATES, CPU)
    assert stored.own_NTK.shape == (5, 8, 2)
    assert stored.shared_TK.shape == (8, 1)
    rows, steps = torch.tensor([4, 0]), torch.tensor([[0, 1, 7], [3, 3, 2]])
    read = stored.at(rows, steps).numpy()
    for b in range(2):
        wanted = expected(given)[rows[b], steps[b].numpy()]
        np.testing.assert_allclose(read[b], wanted, rtol=1e-5, atol=1e-6)


def test_when_one_series_differs_on_one_step_then_nothing_is_shared() -> None:
    given = values()
    given[3, 6, 0] = 0.5
    stored = channels_of(given, NAMES, COVARIATES, CPU)
    assert stored.shared_TK.shape == (8, 0)
    read = stored.at(torch.arange(5), torch.arange(8).expand(5, 8)).numpy()
    np.testing.assert_allclose(read, expected(given), rtol=1e-5, atol=1e-6)


def test_when_values_are_unknown_then_the_last_known_one_counts_and_zero_before_any() -> None:
    given = values()
    given[1, :2, 1], given[1, 5:7, 1] = np.nan, np.nan
    given[2, :4, 0] = np.nan  # shared all the same: it is known of the others
    stored = channels_of(given, NAMES, COVARIATES, CPU)
    read = stored.at(torch.arange(5), torch.arange(8).expand(5, 8)).numpy()
    assert read[1, :2, 2].tolist() == [0.0, 0.0]
    assert read[1, 5:7, 2].tolist() == [read[1, 4, 2]] * 2
    assert read[2, :4, 1].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_when_steps_lie_outside_then_the_nearest_inside_is_read() -> None:
    stored = channels_of(values(), NAMES, COVARIATES, CPU)
    read = stored.at(torch.tensor([2]), torch.tensor([[-3, 0, 7, 9]]))
    assert torch.equal(read[0, 0], read[0, 1])
    assert torch.equal(read[0, 2], read[0, 3])


def test_when_a_panel_is_large_then_half_precision_is_good_to_a_thousandth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = values(series=40, steps=50)
    exact = channels_of(given, NAMES, COVARIATES, CPU)
    monkeypatch.setattr(channels, "LARGE", 100)
    half = channels_of(given, NAMES, COVARIATES, CPU)
    assert (exact.own_NTK.dtype, half.own_NTK.dtype) == (torch.float32, torch.float16)
    steps = torch.arange(50).expand(40, 50)
    read = half.at(torch.arange(40), steps)
    assert read.dtype == torch.float32
    torch.testing.assert_close(read, exact.at(torch.arange(40), steps), rtol=1e-3, atol=1e-3)


def test_when_a_panel_has_no_covariates_then_nothing_is_read() -> None:
    stored = channels_of(values()[:, :, :0], (), (), CPU)
    assert stored.at(torch.arange(5), torch.zeros(5, 3, dtype=torch.long)).shape == (5, 3, 0)
