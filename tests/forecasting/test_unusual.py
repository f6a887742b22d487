"""Unusual periods of many series: planted ones are found, and what has a reason is left alone."""

import numpy as np
import pytest

from forecasting import diagnostics as dx
from forecasting.arrays import BoolArray, FloatArray

DAYS = 2 * 365
WEEKDAY = np.array([0.8, 0.9, 0.9, 1.0, 1.1, 1.5, 0.8])


def rhythm(days: int = DAYS) -> dx.Rhythm:
    return dx.Rhythm(phase=np.arange(days) % 7, reach=28, year=365.25, tolerance=4)


def means(series: int = 60, *, low: float = 8, high: float = 60, seed: int = 3) -> FloatArray:
    """What products of different sizes sell on a mean day: a week, a year and growth."""
    rng = np.random.default_rng(seed)
    days = np.arange(DAYS)
    level = rng.uniform(low, high, (series, 1))
    year = 1 + 0.3 * np.sin(2 * np.pi * (days + rng.uniform(0, 365, (series, 1))) / 365)
    return np.asarray(level * year * WEEKDAY[days % 7] * (1 + 0.0004 * days))


def drawn(mean: FloatArray, seed: int = 3) -> FloatArray:
    """Sales around a mean, with more noise than chance's own."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(10, mean / 10)).astype(float)


def shop(series: int = 60, *, seed: int = 3) -> FloatArray:
    return drawn(means(series, seed=seed), seed)


def planted(seed: int = 5) -> tuple[FloatArray, BoolArray]:
    """Five wrong days in each second series: 10 and 5 times too much, and nothing sold at all."""
    rng = np.random.default_rng(seed)
    mean = means()
    values, where = drawn(mean), np.zeros(mean.shape, dtype=bool)
    for row in range(0, len(values), 2):
        for number, day in enumerate(rng.choice(np.arange(30, DAYS - 30, 12), 5, replace=False)):
            if number == 4 and mean[row, day] < 25:
                continue  # of so few, none is no wonder
            values[row, day] = np.round((10, 10, 5, 5, 0)[number] * mean[row, day])
            where[row, day] = True
    return values, where


def test_when_days_are_wrong_then_nearly_all_and_hardly_others_are_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    values, where = planted()
    found = dx.judge(values, rhythm()).flagged
    hits = int((found & where).sum())
    precision, recall = hits / found.sum(), hits / where.sum()
    false = 1000 * int((found & ~where).sum()) / values.size
    with capsys.disabled():
        print(f"precision {precision:.3f}, recall {recall:.3f}, {false:.3f} false in 1,000 days")
    assert precision >= 0.95
    assert recall >= 0.9
    assert false <= 0.2


def test_when_nothing_is_wrong_then_hardly_anything_is_flagged() -> None:
    found = dx.judge(shop(seed=11), rhythm()).flagged
    assert 1000 * found.mean() <= 0.15


def test_when_a_value_is_judged_then_band_and_expectation_are_those_of_its_weekday() -> None:
    judged = dx.judge(shop(), rhythm())
    low, high = judged.band()
    values = shop()
    inside = (values >= low) & (values <= high)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
    ratio = judged.season / judged.season.mean(axis=1, keepdims=True)
    assert np.abs(ratio.mean(axis=0) - WEEKDAY / WEEKDAY.mean()).max() < 0.03


def test_when_the_level_shifts_then_no_day_is_an_outlier() -> None:
    mean = means()
    mean[:, 400:] *= 6
    assert not dx.judge(drawn(mean), rhythm()).flagged[:, 360:440].any()


def test_when_a_peak_comes_again_a_year_later_then_it_is_a_season() -> None:
    values = shop()
    peaks = 12 * means()
    for series, day in ((3, 200), (4, 200), (4, 566), (5, 200), (5, 480)):
        values[series, day] = np.round(peaks[series, day])
    found = dx.judge(values, rhythm()).flagged
    assert found[3, 200]
    assert not found[4, [200, 566]].any()
    assert found[5, 200]


def test_when_an_event_or_a_promotion_explains_a_day_then_it_is_left_alone() -> None:
    values = shop()
    values[:, 100:104] *= 4  # all of them: an event
    promoted = np.zeros(values.shape, dtype=bool)
    for row in range(len(values)):
        promoted[row, 40 + row :: 90] = True
    values[promoted] *= 4
    explained = np.zeros(DAYS, dtype=bool)
    explained[99:105] = True
    judged = dx.judge(values, rhythm(), promoted=promoted, explained=explained)
    assert not (judged.flagged & (promoted | explained)).any()
    values[7, 101] *= 30
    found = dx.judge(values, rhythm(), promoted=promoted, explained=explained).flagged
    assert found[7, 101]


def test_when_stock_was_out_then_a_day_of_nothing_is_not_flagged() -> None:
    values = shop()
    first, second = np.argsort(means()[:, 300])[-2:]  # of few sales, none is no wonder
    values[[first, second], 300] = 0
    hidden = np.zeros(values.shape, dtype=bool)
    hidden[first, 300] = True
    found = dx.judge(values, rhythm(), hidden=hidden).flagged
    assert not found[first, 300]
    assert found[second, 300]


def test_when_all_series_fall_together_then_the_day_is_the_finding() -> None:
    values = shop()
    values[:, 300] = 0
    values[:, 310] *= 4
    judged = dx.judge(values, rhythm())
    assert np.flatnonzero(dx.whole_days(judged, rhythm())).tolist() == [300, 310]
    assert not judged.flagged[:, [300, 310]].any()
    event = np.zeros(DAYS, dtype=bool)
    event[310] = True
    assert np.flatnonzero(dx.whole_days(judged, rhythm(), explained=event)).tolist() == [300]


def test_when_the_shop_closes_on_a_day_of_every_year_then_that_is_no_finding() -> None:
    values = shop()
    values[:, [100, 465, 300]] = 0
    assert np.flatnonzero(dx.whole_days(dx.judge(values, rhythm()), rhythm())).tolist() == [300]


def test_when_more_came_back_than_was_sold_then_the_day_is_flagged() -> None:
    values = shop()
    values[1, 250] = -500
    values[2, 250] = -1
    judged = dx.judge(values, rhythm())
    assert judged.flagged[1, 250]
    assert judged.score[1, 250] < 0


def test_when_a_number_never_varies_then_the_run_is_named() -> None:
    values = shop()
    values[4, 100:120] = 33
    values[5, 100:110] = 33  # too short
    values[6] = 20  # always, as some things sell
    assert dx.repeats(values, least=14) == [(4, 100, 120)]


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 90)),
        np.full((3, 90), np.nan),
        np.full((2, 1), 7.0),
        -shop(2)[:, :60],
        np.zeros((0, 30)),
        np.eye(1, 90) * 1e12,
        np.where(np.arange(800) < 200, 5.0, np.where(np.arange(800) > 600, 5.0, np.nan))[None],
    ],
    ids=["zeros", "unknown", "one day", "negative", "no series", "one sale", "a year's gap"],
)
def test_when_series_are_odd_then_all_is_finite_or_unknown(values: FloatArray) -> None:
    judged = dx.judge(values, rhythm(values.shape[1]))
    assert judged.flagged.shape == values.shape
    assert not np.isinf(judged.score[np.isfinite(judged.score)]).any()
    low, high = judged.band()
    known = np.isfinite(low)
    assert (low[known] <= high[known]).all()
    assert dx.repeats(values, least=14) == []
    assert judged.day.shape == (values.shape[1],)


def test_when_series_are_doubled_then_the_findings_are_the_same() -> None:
    values = planted()[0][:30]
    once = dx.judge(values, rhythm()).flagged
    twice = dx.judge(np.concatenate([values, values]), rhythm()).flagged
    assert (twice[:30] == twice[30:]).all()
    assert (twice[:30] != once).mean() < 1e-3
