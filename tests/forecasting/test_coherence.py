"""Coherent forecasts: every method adds up, nothing is negative, bands are ordered."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import metrics, reconciliation
from forecasting.coherence import add_up, errors_of, reconcile
from forecasting.correlation import Correlation, correlation_of, normal_scores
from forecasting.hierarchy import BOTTOM, TOTAL, Hierarchy, merged, taken

LEVELS = fc.DEFAULT_QUANTILE_LEVELS
STEPS = 4
METHODS = ("bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink")
AUS = Path(os.environ.get("ALMANAC_DATA", "../shared/data")) / "aus_retail"
AUS /= "turnover_monthly.parquet"


def attributes(series: int = 24) -> pd.DataFrame:
    at = np.arange(series)
    names = [f"s{each:02}" for each in at]
    return pd.DataFrame({"category": at % 3, "place": at // 3 % 4}, index=names)


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    levels = [(), ("category",), ("place",), ("category", "place")]
    return Hierarchy.from_frame(attributes(), levels=levels)


def forecast_of(mean: np.ndarray, ids: pd.Index, relative: float = 0.3) -> fc.Forecast:
    """A forecast with normal bands, cut at zero."""
    quantiles = mean[..., None] * (1 + relative * normal_scores(LEVELS))
    return fc.Forecast(
        mean=mean,
        quantiles=np.sort(np.maximum(quantiles, 0.0), axis=2),
        quantile_levels=LEVELS,
        series_ids=ids,
        timestamps=pd.date_range("2024-01-02", periods=STEPS),
        cutoff=pd.Timestamp("2024-01-01"),
    )


def incoherent(hierarchy: Hierarchy, *, noise: float = 0.2, smallest: float = 0.0) -> fc.Forecast:
    """Forecasts of all nodes, each wrong by itself."""
    rng = np.random.default_rng(0)
    sales = smallest + rng.gamma(1.0, 10.0, (hierarchy.num_series, STEPS))
    means = hierarchy.aggregate_values(sales)
    return forecast_of(means * rng.normal(1, noise, means.shape).clip(0.1), hierarchy.node_ids)


def past_errors(hierarchy: Hierarchy, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    errors = hierarchy.aggregate_values(rng.normal(0, 3, (hierarchy.num_series, 40)))
    return pd.DataFrame(errors + rng.normal(0, 2, errors.shape), index=hierarchy.node_ids)


@pytest.mark.parametrize("method", METHODS)
def test_when_reconciled_then_means_add_up_and_nothing_is_negative(
    hierarchy: Hierarchy, method: reconciliation.Method
) -> None:
    base = incoherent(hierarchy)
    made = reconcile(base, hierarchy, method=method, errors=past_errors(hierarchy))
    bottom = made.mean[hierarchy.rows(BOTTOM)]
    np.testing.assert_allclose(made.mean, hierarchy.summing_matrix @ bottom, rtol=1e-9)
    assert (made.mean >= 0).all()
    assert (made.quantiles >= 0).all()
    assert (np.diff(made.quantiles, axis=2) >= 0).all()
    assert list(made.series_ids) == list(hierarchy.node_ids)
    assert not made.notes


@pytest.mark.parametrize("method", ["ols", "wls_struct", "wls_var"])
def test_when_the_free_solution_is_positive_then_it_is_the_weighted_least_squares_one(
    hierarchy: Hierarchy, method: reconciliation.Method
) -> None:
    """Against the textbook formula with dense matrices."""
    base, errors = incoherent(hierarchy, noise=0.02, smallest=20.0), past_errors(hierarchy)
    matrix = hierarchy.summing_matrix.toarray()
    weights = {
        "ols": np.ones(len(matrix)),
        "wls_struct": 1 / matrix.sum(axis=1),
        "wls_var": 1 / (errors.to_numpy() ** 2).mean(axis=1),
    }[method]
    left = matrix.T @ (weights[:, None] * matrix)
    expected = np.linalg.solve(left, matrix.T @ (weights[:, None] * base.mean))
    assert (expected > 0).all()
    made = reconcile(base, hierarchy, method=method, errors=errors)
    np.testing.assert_allclose(made.mean[hierarchy.rows(BOTTOM)], expected, rtol=1e-3)


@pytest.mark.parametrize("method", METHODS[1:])
def test_when_the_free_solution_is_negative_then_the_bounded_one_is_nearest(
    hierarchy: Hierarchy, method: reconciliation.Method
) -> None:
    """A total of almost nothing pulls series below zero; cutting there would miss the total."""
    base = incoherent(hierarchy)
    small = base.mean.copy()
    small[: len(hierarchy.upper_ids)] *= 0.05
    made = reconcile(
        replace(base, mean=small), hierarchy, method=method, errors=past_errors(hierarchy)
    )
    bottom = made.mean[hierarchy.rows(BOTTOM)]
    assert (bottom >= 0).all()
    assert (bottom == 0).any() or bottom.min() < 1e-3
    free = np.asarray(hierarchy.summing_matrix @ np.maximum(bottom, 0))
    np.testing.assert_allclose(made.mean, free, rtol=1e-9)
    assert made.mean[0].sum() < 0.6 * base.mean[0].sum()


def test_when_a_forecast_adds_up_already_then_no_method_changes_it(hierarchy: Hierarchy) -> None:
    means = hierarchy.aggregate_values(np.random.default_rng(2).gamma(1, 5, (24, STEPS)))
    base = forecast_of(means, hierarchy.node_ids)
    for method in METHODS:
        made = reconcile(base, hierarchy, method=method, errors=past_errors(hierarchy))
        np.testing.assert_allclose(made.mean, means, rtol=1e-6)


def test_when_base_forecasts_are_negative_then_the_result_may_be(hierarchy: Hierarchy) -> None:
    base = incoherent(hierarchy)
    minus = replace(base, mean=-base.mean, quantiles=-base.quantiles[:, :, ::-1])
    made = reconcile(minus, hierarchy, method="wls_struct")
    plus = reconcile(base, hierarchy, method="ols")
    assert (made.mean[0] < 0).all()
    assert (made.quantiles[0] < 0).all()
    assert (plus.mean[0] > 0).all()


def test_when_the_mean_is_moved_then_the_bands_of_the_series_move_along_and_zeros_stay(
    hierarchy: Hierarchy,
) -> None:
    base = incoherent(hierarchy)
    quantiles = base.quantiles.copy()
    quantiles[:, :, :3] = 0.0
    base = replace(base, quantiles=quantiles)
    made = reconcile(base, hierarchy, method="ols")
    bottom = hierarchy.rows(BOTTOM)
    moved = made.mean[bottom] - base.mean[bottom]
    assert np.abs(moved).max() > 1
    expected = np.maximum(base.quantiles[bottom] + moved[..., None], 0.0)
    expected[:, :, :3] = 0.0
    np.testing.assert_allclose(made.quantiles[bottom], expected)
    assert (np.diff(made.quantiles[bottom], axis=2) >= 0).all()


def test_when_a_mean_is_next_to_nothing_then_its_band_does_not_explode(
    hierarchy: Hierarchy,
) -> None:
    """Seen with theta on M5: a mean of 1e-9 under a band up to 3."""
    base = incoherent(hierarchy)
    mean = base.mean.copy()
    mean[-1] = 1e-9
    made = reconcile(replace(base, mean=mean), hierarchy, method="ols")
    assert made.quantiles[-1].max() <= base.quantiles[-1].max() + made.mean[-1].max()
    assert made.quantiles[0].max() < 2 * base.quantiles[0].max()


def test_when_there_are_too_many_nodes_for_mint_then_another_is_used_and_a_note_says_so(
    hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, errors = incoherent(hierarchy), past_errors(hierarchy)
    monkeypatch.setattr(reconciliation, "DENSE_NODES", 20)
    made = reconcile(base, hierarchy, method="mint_shrink", errors=errors)
    wls = reconcile(base, hierarchy, method="wls_var", errors=errors)
    np.testing.assert_array_equal(made.mean, wls.mean)
    (note,) = made.notes
    assert note.used == "wls_var"
    assert "dense 44 x 44 matrix" in note.reason


def test_when_there_are_too_many_for_the_exact_bound_then_means_are_cut_with_a_note(
    hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = incoherent(hierarchy)
    small = base.mean.copy()
    small[: len(hierarchy.upper_ids)] *= 0.05
    monkeypatch.setattr(reconciliation, "EXACT_CELLS", 10)
    made = reconcile(replace(base, mean=small), hierarchy, method="ols")
    assert (made.mean >= 0).all()
    assert "negative means were set to zero" in made.notes[0].reason


def test_when_some_errors_are_missing_or_zero_then_mint_still_works(hierarchy: Hierarchy) -> None:
    errors = past_errors(hierarchy)
    errors.iloc[-1] = 0.0  # never sold
    errors.iloc[-2] = np.nan  # never tested
    errors.iloc[-3, :10] = np.nan
    base = incoherent(hierarchy)
    for method in ("wls_var", "mint_shrink"):
        made = reconcile(base, hierarchy, method=method, errors=errors.iloc[:-3])
        whole = reconcile(base, hierarchy, method=method, errors=errors)
        assert np.isfinite(made.quantiles).all()
        assert np.isfinite(whole.mean).all()


def test_when_levels_are_forecast_apart_then_they_are_put_in_order(hierarchy: Hierarchy) -> None:
    whole = incoherent(hierarchy)
    parts = hierarchy.by_level(whole)
    assert list(parts) == [*hierarchy.levels, BOTTOM]
    shuffled = {level: parts[level] for level in reversed(parts)}
    again = merged(shuffled, hierarchy)
    np.testing.assert_array_equal(again.mean, whole.mean)
    made = reconcile(shuffled, hierarchy, method="ols")
    np.testing.assert_array_equal(made.mean, reconcile(whole, hierarchy, method="ols").mean)


def test_when_added_up_then_series_stay_and_every_level_is_their_sum() -> None:
    frame = attributes()
    bottom = forecast_of(np.random.default_rng(3).gamma(2, 5, (24, STEPS)), frame.index)
    noted = replace(bottom, notes=(fc.Note("s03", "naive", "only 3 observations"),))
    levels = add_up(noted, frame.iloc[::-1], [(), ("category",)])
    assert list(levels) == [(), ("category",), BOTTOM]
    np.testing.assert_array_equal(levels[BOTTOM].quantiles, bottom.quantiles)
    assert levels[BOTTOM].notes == noted.notes
    assert not levels[TOTAL].notes
    np.testing.assert_allclose(levels[("category",)].mean.sum(axis=0), levels[TOTAL].mean[0])
    np.testing.assert_allclose(levels[TOTAL].mean[0], bottom.mean.sum(axis=0))
    assert (np.diff(levels[TOTAL].quantiles, axis=2) > 0).all()


def test_when_series_are_tied_by_levels_that_are_not_shown_then_the_total_still_feels_it() -> None:
    frame = attributes()
    bottom = forecast_of(np.full((24, STEPS), 50.0), frame.index)
    tied = Correlation(shared={("category",): 0.5})
    (total, series) = add_up(bottom, frame, [()], correlation=tied).items()
    assert (total[0], series[0]) == (TOTAL, BOTTOM)
    apart = add_up(bottom, frame, [()], correlation=Correlation.independent())[TOTAL]
    assert np.ptp(total[1].quantiles[0, 0]) > 1.8 * np.ptp(apart.quantiles[0, 0])


def test_when_seeds_differ_then_the_band_of_a_total_hardly_does() -> None:
    frame = attributes()
    bottom = forecast_of(np.full((24, STEPS), 50.0), frame.index)
    bands = [add_up(bottom, frame, [()], seed=seed)[TOTAL].quantiles for seed in range(4)]
    widths = [band[0, :, -1] - band[0, :, 0] for band in bands]
    np.testing.assert_allclose(np.std(widths, axis=0) / np.mean(widths, axis=0), 0, atol=0.12)
    assert (np.ptp(widths[0]) / widths[0]).max() < 1e-6  # equal steps have equal bands


def test_when_series_are_missing_from_either_side_then_they_are_named(
    hierarchy: Hierarchy,
) -> None:
    frame = attributes()
    bottom = forecast_of(np.ones((24, STEPS)), frame.index)
    with pytest.raises(fc.PanelError, match=r"9 series of the forecast.*'s00'.* and 4 more"):
        add_up(bottom, frame.iloc[9:])
    others = replace(bottom, series_ids=bottom.series_ids + "x")
    with pytest.raises(fc.PanelError, match="lacks 44 series: 'total'"):
        reconcile(others, hierarchy)
    parts = hierarchy.by_level(incoherent(hierarchy))
    with pytest.raises(fc.ConfigError, match=r"base lacks the levels \('series_id',\)"):
        reconcile({level: parts[level] for level in hierarchy.levels}, hierarchy)
    extra = Hierarchy.from_frame(frame.iloc[:20], levels=[()])
    whole = replace(bottom, series_ids=pd.Index([*frame.index[:23], "total"]))
    with pytest.raises(fc.PanelError, match="has 3 series that are not in the hierarchy: 's20'"):
        reconcile(whole, extra)


def test_when_levels_do_not_share_timestamps_or_quantiles_then_the_level_is_named(
    hierarchy: Hierarchy,
) -> None:
    parts = hierarchy.by_level(incoherent(hierarchy))
    later = replace(parts[TOTAL], timestamps=parts[TOTAL].timestamps + pd.Timedelta(days=1))
    with pytest.raises(fc.PanelError, match=r"level \(\) has 4 from 2024-01-03"):
        reconcile({**parts, TOTAL: later}, hierarchy)
    fewer = replace(
        parts[TOTAL], quantiles=parts[TOTAL].quantiles[:, :, 1:], quantile_levels=LEVELS[1:]
    )
    with pytest.raises(fc.ConfigError, match="do not share their quantile_levels"):
        reconcile({**parts, TOTAL: fewer}, hierarchy)


def test_when_options_cannot_work_then_the_message_says_what_to_do(hierarchy: Hierarchy) -> None:
    base, errors = incoherent(hierarchy), past_errors(hierarchy)
    with pytest.raises(fc.ConfigError, match=r"method='mint' is unknown\. Use one of bottom_up"):
        reconcile(base, hierarchy, method="mint")  # type: ignore[arg-type]
    with pytest.raises(fc.ConfigError, match="'wls_var' weighs nodes by their errors"):
        reconcile(base, hierarchy, method="wls_var")
    with pytest.raises(fc.PanelError, match="errors lack 1 nodes: 'total'"):
        reconcile(base, hierarchy, method="wls_var", errors=errors.iloc[1:])
    with pytest.raises(fc.PanelError, match="more than one row for 'total'"):
        reconcile(base, hierarchy, method="wls_var", errors=pd.concat([errors, errors[:1]]))
    with pytest.raises(fc.ConfigError, match="all zero or unknown"):
        reconcile(base, hierarchy, method="wls_var", errors=errors * 0)


def test_when_series_and_levels_were_backtested_then_their_errors_serve_mint() -> None:
    frame, rng = attributes(6), np.random.default_rng(4)
    stamps = pd.date_range("2024-01-01", periods=60)
    rows = [
        pd.DataFrame({"series_id": name, "timestamp": stamps, "target": rng.poisson(9, 60)})
        for name in frame.index
    ]
    panel = fc.Panel.from_frame(pd.concat(rows), freq="D")
    hierarchy = Hierarchy.from_frame(frame, levels=[(), ("category",)])
    above = hierarchy.aggregate(panel)
    low, high = (
        fc.backtest(each, ["seasonal_naive"], horizon=STEPS, num_windows=3)
        for each in (panel, above)
    )
    errors = errors_of(low.forecasts, high.forecasts)
    assert errors.shape == (6 + 4, 3 * STEPS)
    by_hand = low.windows[0].actual - low.windows[0].forecast.mean
    np.testing.assert_array_equal(errors.loc[panel.series_ids].iloc[:, :STEPS], by_hand)
    model = fc.create("seasonal_naive", horizon=STEPS)
    base = {BOTTOM: model.fit(panel).predict(panel)}
    upper = model.fit(above).predict(above)
    base |= {TOTAL: taken(upper, np.array([0])), ("category",): taken(upper, np.arange(1, 4))}
    made = reconcile(base, hierarchy, method="mint_shrink", errors=errors)
    np.testing.assert_allclose(made.mean[0], made.mean[hierarchy.rows(BOTTOM)].sum(axis=0))
    with pytest.raises(fc.PanelError, match="A frame has the models 'seasonal_naive', 'ets'"):
        errors_of(pd.concat([low.forecasts, low.forecasts.assign(model="ets")]))


@pytest.mark.skipif(
    not AUS.is_file(),
    reason=f"Australian retail is not at {AUS}; set ALMANAC_DATA to the folder of the data sets",
)
def test_when_real_retail_is_added_up_then_bands_of_the_total_hold_unlike_independent_ones() -> (
    None
):
    """Monthly turnover by state and industry; correlation from windows before those scored."""
    frame = pd.read_parquet(AUS)
    frame["timestamp"] = pd.to_datetime(frame["month"], unit="D")  # days since 1970
    frame = frame[frame["timestamp"] >= "2004-01-01"].rename(columns={"turnover": "target"})
    panel = fc.Panel.from_frame(frame[["series_id", "timestamp", "target"]], freq="MS")
    names = frame.drop_duplicates("series_id").set_index("series_id")[["state", "industry"]]
    hierarchy = Hierarchy.from_frame(names.loc[panel.series_ids])
    result = fc.backtest(panel, ["seasonal_naive"], horizon=6, num_windows=14)
    cutoffs = sorted(result.forecasts["cutoff"].unique())
    past = result.forecasts[result.forecasts["cutoff"] < cutoffs[8]]
    measured = correlation_of(past, hierarchy)
    assert measured.shared[TOTAL] > 0.05
    held = {"measured": [], "independent": []}
    for window in result.windows[8:]:
        of_these = names.loc[window.forecast.series_ids]
        actual = Hierarchy.from_frame(of_these).aggregate_values(window.actual)[:1]
        for name, chosen in (("measured", measured), ("independent", Correlation.independent())):
            total = add_up(window.forecast, of_these, correlation=chosen)[TOTAL]
            inside = metrics.coverage(actual, total.quantile(0.025), total.quantile(0.975))
            held[name].append(float(inside))
    assert np.mean(held["measured"]) > 0.8
    assert np.mean(held["independent"]) < np.mean(held["measured"]) - 0.2
