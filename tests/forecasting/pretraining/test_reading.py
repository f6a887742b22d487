"""Windows: what the network is told holds for any scale, length and hole."""

import pytest
import torch

from forecasting.pretraining.network import PretrainedNetwork
from forecasting.pretraining.reading import windows_of
from forecasting.pretraining.series import Series
from forecasting.pretraining.sizes import LEVELS, MOST_HORIZON, SIZES


def series(values: torch.Tensor, *, season: int = 7, long_season: int = 0) -> Series:
    count = len(values)
    return Series(
        values_BC=values,
        known_BTK=torch.zeros(count, values.shape[1], 0),
        season_B=torch.full((count,), season),
        long_season_B=torch.full((count,), long_season),
        group_B=torch.zeros(count, dtype=torch.long),
    )


def network() -> PretrainedNetwork:
    torch.manual_seed(0)
    return PretrainedNetwork(SIZES["tiny"]).eval()


def wave(steps: int, season: int = 7) -> torch.Tensor:
    return 10 + 5 * torch.sin(2 * torch.pi * torch.arange(steps) / season)[None]


@pytest.mark.parametrize("steps", [1, 5, 128, 256, 300, 1024])
@pytest.mark.parametrize("horizon", [1, 28, MOST_HORIZON])
def test_when_any_length_is_read_then_quantiles_ascend_and_are_finite(
    steps: int, horizon: int
) -> None:
    with torch.inference_mode():
        output = network()(windows_of(series(wave(steps)), horizon))
    assert output.quantiles_BHQ.shape == (1, horizon, len(LEVELS))
    assert torch.isfinite(output.quantiles_BHQ).all()
    assert (output.quantiles_BHQ.diff(dim=-1) >= 0).all()
    assert (output.mean_BH >= 0).all()


@pytest.mark.parametrize("fill", [0.0, 5.0, torch.nan])
def test_when_a_context_is_zero_constant_or_missing_then_nothing_breaks(fill: float) -> None:
    with torch.inference_mode():
        output = network()(windows_of(series(torch.full((2, 100), fill)), 8))
    assert torch.isfinite(output.quantiles_BHQ).all()
    assert torch.isfinite(output.mean_BH).all()


def test_when_sales_are_rescaled_then_the_forecast_rescales_with_them() -> None:
    """Holds for any weights, so an untrained network is enough."""
    values = torch.rand(3, 200, generator=torch.Generator().manual_seed(1)) * 40
    values[0, 20:50] = torch.nan
    small, large = windows_of(series(values), 12), windows_of(series(values * 1e4), 12)
    with torch.inference_mode():
        expected, found = network()(small), network()(large)
    torch.testing.assert_close(found.quantiles_BHQ, expected.quantiles_BHQ, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(large.scale_B, small.scale_B * 1e4)


def test_when_a_season_repeats_then_candidates_of_the_season_are_right() -> None:
    steps = 364 + 70
    windows = windows_of(series(wave(steps), long_season=364), 14)
    actual = wave(steps + 14)[:, steps:]
    names = ("lag", "mean of lags", "moved lag")
    for k, name in zip(range(7, 10), names, strict=True):
        assert (windows.exists_BHJ[..., k] == 1).all()
        found = torch.sinh(windows.candidates_BHJ[..., k]) * windows.scale_B[:, None]
        atol = 2.0 if name == "moved lag" else 1e-3
        torch.testing.assert_close(found, actual, rtol=0, atol=atol, msg=name)
    profile = torch.sinh(windows.candidates_BHJ[..., 13]) * windows.scale_B[:, None]
    torch.testing.assert_close(profile, actual, rtol=0.1, atol=0.5)


def test_when_the_history_is_shorter_than_the_season_then_its_candidates_do_not_exist() -> None:
    windows = windows_of(series(wave(40), season=52), 4)
    assert (windows.exists_BHJ[..., 7:13] == 0).all()
    assert (windows.exists_BHJ[..., :6] == 1).all()


def test_when_more_missing_steps_lie_before_then_nothing_changes() -> None:
    values = wave(100)
    padded = torch.cat([torch.full((1, 12), torch.nan), values], dim=1)
    plain, longer = windows_of(series(values), 8), windows_of(series(padded), 8)
    torch.testing.assert_close(plain.fine_BRF, longer.fine_BRF)
    torch.testing.assert_close(plain.candidates_BHJ, longer.candidates_BHJ)
