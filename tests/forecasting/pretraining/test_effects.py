"""What covariates do is found within the context, and shared in a group as far as it must be."""

import torch

from forecasting.pretraining.effects import effects, readings

STEPS, AHEAD = 200, 20


def shop(
    uplift: float, *, series: int = 8, noise: float = 0.1, steps: int = STEPS, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Values (B, C) with a weekly season and trend, and a flag (B, T, 1) that lifts them."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(steps + AHEAD)
    flag = (torch.rand(series, steps + AHEAD, generator=generator) < 0.15).float()
    wave = torch.sin(2 * torch.pi * time / 7) + time / 100
    values = wave + uplift * flag + noise * torch.randn(series, steps + AHEAD, generator=generator)
    return values[:, :steps], flag[..., None]


def found(values: torch.Tensor, known: torch.Tensor, *, groups: int = 1) -> torch.Tensor:
    series = len(values)
    group = torch.arange(series) * groups // series
    return measured(values, torch.ones_like(values), known, group)


def measured(
    values: torch.Tensor, seen: torch.Tensor, known: torch.Tensor, group: torch.Tensor
) -> torch.Tensor:
    stride = torch.full((len(values),), 7)
    against_past = readings(known, seen, stride, group)[..., 1]
    return effects(values, seen, against_past, stride, group)


def lift(effect: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """The effect (B,) of the flag in the horizon."""
    flag = known[..., 0][:, -AHEAD:]
    on = (effect[:, -AHEAD:] * flag).sum(dim=1) / flag.sum(dim=1).clamp(min=1)
    off = (effect[:, -AHEAD:] * (1 - flag)).sum(dim=1) / (1 - flag).sum(dim=1)
    return on - off


def test_when_a_flag_lifts_sales_then_its_effect_is_found_despite_season_and_trend() -> None:
    values, known = shop(0.8)
    torch.testing.assert_close(
        lift(found(values, known), known), torch.full((8,), 0.8), atol=0.12, rtol=0
    )


def test_when_a_covariate_does_nothing_then_so_does_its_effect() -> None:
    values, known = shop(0.0, noise=0.5)
    assert found(values, known).abs().max() < 0.15


def test_when_a_covariate_never_changes_then_it_has_no_effect() -> None:
    values, known = shop(0.5)
    assert (found(values, torch.ones_like(known)) == 0).all()


def test_when_a_series_is_short_then_it_takes_the_effect_of_its_group() -> None:
    values, known = shop(0.8, series=16)
    seen = torch.ones_like(values)
    seen[0, :-9] = 0
    together = measured(values * seen, seen, known, torch.zeros(16, dtype=torch.long))
    alone = measured(values * seen, seen, known, torch.arange(16))
    known[0, -AHEAD:, 0] = 1.0
    assert lift(together, known)[1:].min() > 0.6
    assert together[0].max() > 3 * alone[0].max().clamp(min=0.02)


def test_when_values_are_missing_then_effects_are_finite() -> None:
    values, known = shop(0.8)
    nothing = torch.zeros_like(values)
    effect = measured(nothing, nothing, known, torch.zeros(8, dtype=torch.long))
    assert (effect == 0).all()


def test_when_a_covariate_goes_far_beyond_what_was_seen_then_its_effect_does_not() -> None:
    values, known = shop(0.8)
    known[:, -AHEAD:, 0] = 3.0  # a flag that was 0 or 1
    little, far = found(values, known), found(values, known * torch.where(known > 1, 10.0, 1.0))
    torch.testing.assert_close(little[:, -AHEAD:], far[:, -AHEAD:], atol=0.05, rtol=0)
    known[:, -AHEAD:, 0] = 1.0
    assert far.max() < 3 * found(values, known).max()


def test_when_covariates_are_read_then_against_their_mean_and_against_their_past() -> None:
    price = torch.cat([torch.zeros(60), torch.ones(60)]).expand(4, -1)[..., None]
    ones, stride = torch.ones(4, 100), torch.full((4,), 1)
    read = readings(price, ones, stride, torch.zeros(4, dtype=torch.long))
    assert read.shape == (4, 120, 1, 2)
    high = read[0, :, 0]
    assert high[119, 0] == high[61, 0] > 0  # it is as high as before ...
    assert high[119, 1] < 0.1 * high[61, 1]  # ... but no news any more
