"""Local models: equality with statsforecast, budget, progress, processes."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc


def test_when_seasonal_naive_is_written_out_then_it_equals_statsforecast(panel: fc.Panel) -> None:
    from statsforecast.models import SeasonalNaive

    some = panel.subset(["busy 0"])
    forecast = fc.create("seasonal_naive", horizon=20).fit(some).predict(some)
    theirs = SeasonalNaive(7).forecast(some.target[0], 20, level=[80, 95])
    np.testing.assert_array_equal(forecast.mean[0], theirs["mean"])
    np.testing.assert_allclose(forecast.quantile(0.9)[0], theirs["hi-80"])
    np.testing.assert_allclose(forecast.quantile(0.975)[0], theirs["hi-95"])


def test_when_naive_is_written_out_then_it_equals_statsforecast(panel: fc.Panel) -> None:
    from statsforecast.models import Naive

    some = panel.subset(["negative"])
    forecast = fc.create("naive", horizon=5).fit(some).predict(some)
    theirs = Naive().forecast(some.target[0], 5, level=[80])
    np.testing.assert_array_equal(forecast.mean[0], theirs["mean"])
    np.testing.assert_allclose(forecast.quantile(0.1)[0], theirs["lo-80"])


@pytest.mark.parametrize("name", ["theta", "ets", "ces", "mstl"])
def test_when_a_method_is_called_through_us_then_its_own_numbers_come_back(
    name: str, panel: fc.Panel
) -> None:
    from statsforecast import models

    theirs = {
        "theta": models.DynamicOptimizedTheta(7, decomposition_type="multiplicative"),
        "ets": models.AutoETS(7),
        "ces": models.AutoCES(7),
        "mstl": models.MSTL(7, trend_forecaster=models.AutoETS(model="ZZN")),
    }[name]
    some = panel.subset(["busy 2"])
    forecast = fc.create(name, horizon=7).fit(some).predict(some)
    expected = theirs.forecast(some.target[0], 7, level=[50])
    np.testing.assert_allclose(forecast.mean[0], expected["mean"], rtol=0.01)
    np.testing.assert_allclose(forecast.quantile(0.75)[0], expected["hi-50"], rtol=0.03)


def test_when_the_season_is_long_then_every_method_follows_it() -> None:
    weeks = np.arange(156)
    target = 100 + 40 * np.sin(2 * np.pi * weeks / 52)
    noise = np.random.default_rng(0).normal(0, 2, len(weeks))
    stamps = pd.date_range("2021-01-03", periods=len(weeks), freq="W")
    frame = pd.DataFrame({"series_id": "a", "timestamp": stamps, "target": target + noise})
    panel = fc.Panel.from_frame(frame, freq="W")
    ahead = 100 + 40 * np.sin(2 * np.pi * np.arange(156, 182) / 52)
    for name in ("arima", "ets", "theta", "seasonal_naive"):
        forecast = fc.create(name, horizon=26).fit(panel).predict(panel)
        assert not forecast.notes
        assert np.abs(forecast.mean[0] - ahead).mean() < 6, name


def test_when_the_budget_is_used_up_then_the_rest_get_a_fallback_and_say_so(
    panel: fc.Panel,
) -> None:
    model = fc.create("ets", horizon=3).fit(panel, budget_seconds=0)
    notes = {note.series_id: note for note in model.predict(panel).notes}
    assert notes["busy 0"].used == "seasonal naive"
    assert notes["busy 0"].reason == "the budget of 0 seconds was used up"
    assert notes["dead"].used == "zero"


def test_when_fitted_then_progress_ends_at_the_number_of_series(panel: fc.Panel) -> None:
    seen: list[fc.Progress] = []
    fc.create("naive", horizon=3).fit(panel, on_progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (panel.num_series, panel.num_series)
    assert str(seen[-1]) == f"naive: fitting series {panel.num_series}/{panel.num_series} (100 %)"


def test_when_several_processes_work_then_the_forecast_is_the_same(panel: fc.Panel) -> None:
    frame = panel.subset(["busy 0", "slow 0"]).to_frame()
    copies = [frame.assign(series_id=frame["series_id"] + f" {i}") for i in range(36)]
    many = fc.Panel.from_frame(pd.concat(copies), freq="D")
    alone = fc.create("croston", horizon=3).fit(many).predict(many)
    together = fc.create("croston", horizon=3, n_jobs=2).fit(many).predict(many)
    np.testing.assert_array_equal(alone.quantiles, together.quantiles)


def test_when_an_observer_raises_then_fitting_stops(panel: fc.Panel) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: fc.Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fc.create("naive", horizon=3).fit(panel, on_progress=cancel)
