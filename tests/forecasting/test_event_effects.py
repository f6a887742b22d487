"""Lifts that are put into series by hand come out again, with ranges that are honest."""

import numpy as np
import pandas as pd
import pytest

from forecasting.diagnostics.events import Window, measure, pool

TIMES = pd.date_range("2022-01-01", periods=1096)
LIFTS = {"before": 0.9, "on": 2.0, "after": 0.8}


def windows(years: tuple[int, ...] = (2022, 2023, 2024)) -> list[Window]:
    found = []
    for year in years:
        day = pd.Timestamp(year, 11, 11)
        for phase, first, last in (("before", -10, -1), ("on", 0, 0), ("after", 1, 3)):
            shift = [day + pd.Timedelta(days=days) for days in (first, last)]
            found.append(Window("Fair", phase, *shift, year))
    return found


def series(seed: int = 0, mean: float = 800.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    expected = mean * np.exp(0.2 * np.sin(2 * np.pi * np.arange(len(TIMES)) / 365.25))
    expected *= np.array([0.8, 0.9, 0.9, 1.0, 1.2, 1.5, 0.7])[TIMES.dayofweek]
    for window in windows():
        expected[(window.first <= TIMES) & (window.last >= TIMES)] *= LIFTS[window.phase]
    return rng.poisson(expected).astype(float)


@pytest.fixture(scope="module")
def fair():
    made = measure(TIMES, series(), windows())
    assert made is not None
    return made


@pytest.mark.parametrize("phase", list(LIFTS))
def test_when_a_lift_is_planted_then_it_is_measured(fair, phase):
    effect = fair.of("Fair", phase)
    assert effect.lift == pytest.approx(LIFTS[phase], rel=0.06)
    assert effect.is_clear
    assert effect.low < effect.lift < effect.high
    assert [once.year for once in effect.past] == [2022, 2023, 2024]


def test_when_an_event_does_nothing_then_it_is_not_called_clear():
    nothing = [
        Window("Nothing", "on", day, day, day.year)
        for day in pd.to_datetime(["2022-05-04", "2023-05-04", "2024-05-04"])
    ]
    effect = measure(TIMES, series(), [*windows(), *nothing]).of("Nothing", "on")
    assert effect.low < 1 < effect.high
    assert not effect.is_clear


def test_when_promotions_come_with_the_event_then_they_are_not_counted_for_it():
    values, promo = series(), np.zeros(len(TIMES))
    promo[::9] = 1.0
    for window in windows():
        if window.phase == "on":
            promo[window.first == TIMES] = 1.0
    values = np.round(values * np.exp(0.5 * promo))
    controlled = measure(TIMES, values, windows(), controls=promo[:, None]).of("Fair", "on")
    blind = measure(TIMES, values, windows()).of("Fair", "on")
    assert controlled.lift == pytest.approx(2.0, rel=0.08)
    assert blind.lift > 2.6


def test_when_occurrences_differ_then_the_range_of_the_next_is_wider():
    values = series()
    for year, factor in ((2022, 0.6), (2023, 1.5), (2024, 1.0)):
        values[pd.Timestamp(year, 11, 11) == TIMES] *= factor
    effect = measure(TIMES, values, windows()).of("Fair", "on")
    assert effect.spread > 0.1
    assert effect.next_high / effect.next_low > effect.high / effect.low


def test_when_a_window_is_cut_off_by_the_data_then_it_is_no_occurrence():
    cut = slice(0, list(TIMES).index(pd.Timestamp("2024-11-12")))
    made = measure(TIMES[cut], series()[cut], windows())
    assert len(made.of("Fair", "on").past) == 3
    assert len(made.of("Fair", "after").past) == 2


def test_when_one_day_is_a_bulk_order_then_lifts_hardly_move(fair):
    values = series()
    values[400] *= 30
    assert measure(TIMES, values, windows()).of("Fair", "on").lift == pytest.approx(
        fair.of("Fair", "on").lift, rel=0.05
    )


def test_when_sales_come_by_week_then_a_window_is_the_weeks_that_it_touches():
    weekly = pd.Series(series(), index=TIMES).resample("W-MON", label="left", closed="left").sum()
    made = measure(pd.DatetimeIndex(weekly.index), weekly.to_numpy(), windows())
    on, before = made.of("Fair", "on"), made.of("Fair", "before")
    assert 1.05 < on.lift < 1.2  # one doubled day among seven, and paler days beside it
    assert before.lift < 1


@pytest.mark.parametrize(
    "values",
    [np.zeros(1096), np.full(1096, np.nan), np.full(1096, -3.0), series()[:20]],
    ids=["zeros", "unknown", "returns", "short"],
)
def test_when_nothing_can_be_measured_then_nothing_is(values):
    assert measure(TIMES[: len(values)], values, windows()) is None


def test_when_no_window_lies_in_the_data_then_nothing_is_measured():
    far = [Window("Far", "on", pd.Timestamp("2031-01-01"), pd.Timestamp("2031-01-01"), 2031)]
    assert measure(TIMES, series(), far) is None


def test_when_categories_are_pooled_then_the_noisy_one_moves_most():
    raw = {
        name: measure(TIMES, series(seed, mean), windows())
        for seed, (name, mean) in enumerate({"a": 900.0, "b": 700.0, "tiny": 2.0}.items())
    }
    drawn = pool(raw)

    def moved(name: str) -> float:
        return abs(np.log(drawn[name].of("Fair", "on").lift / raw[name].of("Fair", "on").lift))

    assert moved("tiny") > 3 * moved("a")
    assert drawn["tiny"].of("Fair", "on").error < raw["tiny"].of("Fair", "on").error
