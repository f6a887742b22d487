"""Joint sample paths and measured correlation: bands of sums over products and over lead times."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.coherence import add_up
from forecasting.correlation import (
    Correlation,
    correlation_of,
    correlation_of_errors,
    normal_scores,
    spread_of,
)
from forecasting.hierarchy import TOTAL, Hierarchy
from forecasting.paths import sample_jointly

LEVELS = fc.DEFAULT_QUANTILE_LEVELS
SERIES, STEPS, SIGMA = 60, 7, 10.0
CATEGORY = np.arange(SERIES) % 6
ATTRIBUTES = pd.DataFrame({"category": CATEGORY}, index=[f"s{at:02}" for at in range(SERIES)])


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    return Hierarchy.from_frame(ATTRIBUTES)


def normal_forecast(mean: float = 100.0, sigma: float = SIGMA) -> fc.Forecast:
    """Bands that are right for each series by itself."""
    centre = np.full((SERIES, STEPS), mean)
    return fc.Forecast(
        mean=centre,
        quantiles=np.maximum(centre[..., None] + sigma * normal_scores(LEVELS), 0.0),
        quantile_levels=LEVELS,
        series_ids=ATTRIBUTES.index,
        timestamps=pd.date_range("2024-01-02", periods=STEPS),
        cutoff=pd.Timestamp("2024-01-01"),
    )


def simulated_errors(
    windows: int, *, total: float, category: float, step: float, seed: int
) -> np.ndarray:
    """Errors (W, B, H) of standard deviation 10 with shared factors, written out step by step."""
    rng = np.random.default_rng(seed)
    steps = []
    for at in range(STEPS):
        fresh = np.sqrt(total) * rng.normal(size=(windows, 1))
        fresh = fresh + np.sqrt(category) * rng.normal(size=(windows, 6))[:, CATEGORY]
        fresh += np.sqrt(1 - total - category) * rng.normal(size=(windows, SERIES))
        steps.append(step * steps[-1] + np.sqrt(1 - step**2) * fresh if at else fresh)
    return SIGMA * np.stack(steps, axis=2)


def covered(forecast: fc.Forecast, errors: np.ndarray, low: float, high: float) -> float:
    """Share of mean + errors (W, nodes, H) within the band."""
    actual = forecast.mean + errors
    inside = (actual >= forecast.quantile(low)) & (actual <= forecast.quantile(high))
    return float(inside.mean())


def test_when_errors_share_a_factor_then_bands_of_sums_hold_and_independent_ones_do_not(
    hierarchy: Hierarchy,
) -> None:
    truth = {"total": 0.1, "category": 0.2, "step": 0.4}
    past = simulated_errors(20, **truth, seed=1)
    future = simulated_errors(300, **truth, seed=2)
    measured = correlation_of_errors(past, np.full(past.shape, SIGMA), hierarchy)
    by_category = np.stack([future[:, at == CATEGORY].sum(axis=1) for at in range(6)], axis=1)
    together = {TOTAL: future.sum(axis=1, keepdims=True), ("category",): by_category}
    levels = add_up(normal_forecast(), ATTRIBUTES, correlation=measured)
    apart = add_up(normal_forecast(), ATTRIBUTES, correlation=Correlation.independent())
    for level, errors in together.items():
        assert covered(levels[level], errors, 0.1, 0.9) == pytest.approx(0.80, abs=0.06)
        assert covered(levels[level], errors, 0.025, 0.975) == pytest.approx(0.95, abs=0.04)
        assert covered(apart[level], errors, 0.1, 0.9) < 0.55


@pytest.mark.parametrize(("total", "category"), [(0.0, 0.0), (0.2, 0.0), (0.05, 0.3)])
def test_when_errors_have_known_factors_then_they_are_found(
    hierarchy: Hierarchy, total: float, category: float
) -> None:
    errors = simulated_errors(60, total=total, category=category, step=0.4, seed=3)
    found = correlation_of_errors(errors, np.full(errors.shape, SIGMA), hierarchy)
    assert found.shared[TOTAL] == pytest.approx(total, abs=0.05)
    assert found.shared[("category",)] == pytest.approx(category, abs=0.06)
    assert found.step == pytest.approx(0.4, abs=0.05)


def test_when_little_was_measured_then_it_counts_little(hierarchy: Hierarchy) -> None:
    errors = simulated_errors(1, total=0.6, category=0.0, step=0.9, seed=4)
    found = correlation_of_errors(errors, np.full(errors.shape, SIGMA), hierarchy)
    assert 0 < found.shared[TOTAL] < 0.3


def test_when_paths_are_drawn_then_each_series_has_its_quantiles_and_pairs_their_correlation(
    hierarchy: Hierarchy,
) -> None:
    chosen = Correlation(step=0.5, shared={TOTAL: 0.2, ("category",): 0.3})
    paths = sample_jointly(normal_forecast(), 4000, correlation=chosen, hierarchy=hierarchy)
    assert paths.shape == (SERIES, 4000, STEPS)
    for level, value in ((0.05, 83.55), (0.5, 100.0), (0.95, 116.45)):
        np.testing.assert_allclose(np.quantile(paths, level, axis=1), value, atol=2)
    between = np.corrcoef(paths[:, :, 0])
    np.testing.assert_allclose(between[0, 6], 0.5, atol=0.05)  # of one category
    np.testing.assert_allclose(between[0, 1], 0.2, atol=0.05)
    along = [np.corrcoef(paths[0, :, at], paths[0, :, at + 1])[0, 1] for at in range(STEPS - 1)]
    np.testing.assert_allclose(along, 0.5, atol=0.06)


def test_when_products_and_lead_time_are_summed_then_the_spread_is_that_of_the_errors(
    hierarchy: Hierarchy,
) -> None:
    truth = {"total": 0.1, "category": 0.2, "step": 0.4}
    errors = simulated_errors(200, **truth, seed=5)
    measured = correlation_of_errors(errors, np.full(errors.shape, SIGMA), hierarchy)
    paths = sample_jointly(normal_forecast(), 2000, correlation=measured, hierarchy=hierarchy)
    assert paths.sum(axis=(0, 2)).std() == pytest.approx(errors.sum(axis=(1, 2)).std(), rel=0.15)
    alone = sample_jointly(normal_forecast(), 2000, correlation=Correlation.independent())
    assert alone.sum(axis=(0, 2)).std() < 0.5 * errors.sum(axis=(1, 2)).std()


def test_when_no_quantile_is_negative_then_no_path_is_and_one_seed_gives_one_result() -> None:
    forecast = normal_forecast(mean=5.0)
    paths = sample_jointly(forecast, 500, seed=7)
    assert paths.min() == 0.0
    np.testing.assert_array_equal(paths, sample_jointly(forecast, 500, seed=7))
    assert (paths != sample_jointly(forecast, 500, seed=8)).any()


def test_when_sales_are_rare_then_the_mean_of_the_total_is_still_the_sum_of_means() -> None:
    """Most quantiles are zero, as on M5; the average of the quantiles is far under the mean."""
    quantiles = np.zeros((SERIES, STEPS, len(LEVELS)))
    quantiles[:, :, -2:] = [1.0, 2.0]
    rare = normal_forecast()
    rare = fc.Forecast(**{**rare.__dict__, "quantiles": quantiles, "mean": rare.mean / 500})
    total = add_up(rare, ATTRIBUTES)[TOTAL]
    np.testing.assert_allclose(total.mean, SERIES * 0.2)
    assert (total.quantile(0.1) < total.mean).all()
    assert (total.quantile(0.9) > total.mean).all()
    assert (total.quantiles >= 0).all()


def test_when_a_backtest_was_run_then_its_errors_give_the_correlation() -> None:
    """Sales that a common factor lifts and lowers day by day, which no model can know ahead."""
    rng, days = np.random.default_rng(6), 160
    weather = rng.normal(0, 20, days)
    frames = []
    for at in range(12):
        own = rng.normal(0, 20, days)
        target = 200 + own + (weather if at < 6 else 0)
        stamps = pd.date_range("2024-01-01", periods=days)
        name = f"{'ice' if at < 6 else 'tea'} {at}"
        frames.append(pd.DataFrame({"series_id": name, "timestamp": stamps, "target": target}))
    panel = fc.Panel.from_frame(pd.concat(frames), freq="D")
    kinds = panel.series_ids.str.split().str[0]
    ice = pd.DataFrame({"kind": kinds}, index=panel.series_ids)[kinds == "ice"]
    tea = pd.DataFrame({"kind": kinds}, index=panel.series_ids)[kinds == "tea"]
    past = fc.backtest(panel, ["theta"], horizon=7, num_windows=6).forecasts
    warm = correlation_of(past, Hierarchy.from_frame(ice, levels=[TOTAL]))
    cold = correlation_of(past, Hierarchy.from_frame(tea, levels=[TOTAL]))
    assert warm.shared[TOTAL] > 0.3
    assert cold.shared[TOTAL] < 0.12
    with pytest.raises(fc.PanelError, match="held_out has the models 'theta', 'ets'"):
        correlation_of(pd.concat([past, past.assign(model="ets")]), Hierarchy.from_frame(ice))
    with pytest.raises(fc.PanelError, match="held_out lacks the columns 'actual'"):
        correlation_of(past.drop(columns="actual"), Hierarchy.from_frame(ice))
    with pytest.raises(fc.PanelError, match="No series of the hierarchy has both"):
        correlation_of(past, Hierarchy.from_frame(ice.rename(index=lambda name: f"no {name}")))


def test_when_bands_are_normal_then_their_spread_is_the_standard_deviation() -> None:
    rng = np.random.default_rng(8)
    quantiles = 3.0 + rng.gamma(2, 2, (4, 1)) * normal_scores(LEVELS)
    sigmas = (quantiles[:, 7] - quantiles[:, 6]) / np.diff(normal_scores(LEVELS))[6]
    np.testing.assert_allclose(spread_of(quantiles, LEVELS), sigmas)
    with pytest.raises(fc.ConfigError, match="at least two"):
        spread_of(np.ones((2, 1)), (0.5,))


def test_when_a_correlation_is_written_and_read_then_it_is_the_same() -> None:
    chosen = Correlation(step=0.2, shared={TOTAL: 0.1, ("category", "place"): 0.3})
    assert Correlation.from_json(chosen.to_json()) == chosen


@pytest.mark.parametrize(
    ("step", "shared", "message"),
    [
        (2.0, {}, "step=2.0"),
        (0.5, {TOTAL: 0.7, ("category",): 0.5}, r"at most 1 together \(now 1.2\)"),
        (0.5, {TOTAL: -0.1}, "none negative"),
    ],
)
def test_when_a_correlation_is_impossible_then_it_is_refused(
    step: float, shared: dict, message: str
) -> None:
    with pytest.raises(fc.ConfigError, match=message):
        Correlation(step=step, shared=shared)


def test_when_levels_or_series_do_not_fit_then_paths_are_refused(hierarchy: Hierarchy) -> None:
    by_place = Correlation(shared={("place",): 0.2})
    with pytest.raises(fc.ConfigError, match=r"does not have: \('place',\)"):
        sample_jointly(normal_forecast(), 5, correlation=by_place, hierarchy=hierarchy)
    fewer = hierarchy.subset(ATTRIBUTES.index[:5])
    with pytest.raises(fc.ConfigError, match="not those of the hierarchy"):
        sample_jointly(normal_forecast(), 5, hierarchy=fewer)
    with pytest.raises(fc.ConfigError, match="n=0"):
        sample_jointly(normal_forecast(), 0)
