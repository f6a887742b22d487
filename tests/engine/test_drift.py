"""Drift: errors since, bias, and the data of today against those learned from."""

import numpy as np
import pandas as pd
import pytest

from engine import drift
from engine.drift import Signal

WEEKS = pd.date_range("2024-01-01", periods=130, freq="W-MON")
RNG = np.random.default_rng(0)


def panel(
    periods: int = 110, *, ids: int = 10, level: float = 1.0, price: float = 2.0
) -> pd.DataFrame:
    """Sales of series of very different size, with a season of a year."""
    rng = np.random.default_rng(1)
    parts = []
    for number in range(ids):
        season = 1 + 0.5 * np.sin(np.arange(periods) / 52 * 2 * np.pi)
        sold = rng.poisson(20 * (number + 1) * season * level)
        parts.append(
            pd.DataFrame(
                {
                    "series_id": f"s{number}",
                    "timestamp": WEEKS[:periods],
                    "target": sold.astype(float),
                    "price": price + rng.normal(0, 0.05, periods),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def later(old: pd.DataFrame, start: int = 97, **factors: float) -> pd.DataFrame:
    """The panel with columns multiplied from a period on."""
    new = old.copy()
    for column, factor in factors.items():
        new.loc[new["timestamp"] >= WEEKS[start], column] *= factor
    return new


def signal(found: list[Signal], name: str) -> Signal:
    return next(each for each in found if each.name == name)


def forecast(first: int, level: float, ids: int = 10) -> pd.DataFrame:
    """Four weeks of 100 each, times the level."""
    return pd.DataFrame(
        [
            {
                "series_id": f"s{number}",
                "timestamp": WEEKS[first + step],
                "mean": 100.0 * level,
                "q0.1": 90.0 * level,
                "q0.5": 100.0 * level,
                "q0.9": 110.0 * level,
            }
            for number in range(ids)
            for step in range(4)
        ]
    )


def sold(first: int, count: int, level: float = 1.0, ids: int = 10) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"series_id": f"s{number}", "timestamp": WEEKS[first + step], "target": 100.0 * level}
            for number in range(ids)
            for step in range(count)
        ]
    )


def past_tests(level: float, ids: int) -> pd.DataFrame:
    """The model was off by a tenth at one step ahead, and by half at all others."""
    frame = forecast(90, 1.0, ids).assign(cutoff=WEEKS[89], actual=100.0)
    is_next = frame["timestamp"] == WEEKS[90]
    quantiles = ["mean", "q0.1", "q0.5", "q0.9"]
    frame.loc[is_next, quantiles] *= level
    frame.loc[~is_next, quantiles] *= 1.5
    return frame


def test_when_nothing_has_changed_then_all_is_as_before() -> None:
    old = panel()
    found = drift.inputs(old, old, "W-MON")
    assert [each.name for each in found] == ["target", "price", "zeros", "series"]
    assert {each.state for each in found} == {"ok"}
    assert "All 10 series" in signal(found, "series").words


def test_when_only_the_season_turns_then_it_is_no_drift() -> None:
    """Half a year later sales are three times as high, as every year."""
    assert drift.worst(drift.inputs(panel(84), panel(110), "W-MON")) == "ok"


def test_when_there_is_no_year_before_then_the_last_periods_are_the_measure() -> None:
    found = signal(drift.inputs(panel(40), panel(41), "W-MON"), "target")
    assert "when it was trained" in found.words
    assert "a year before" in signal(drift.inputs(panel(), panel(), "W-MON"), "target").words


@pytest.mark.parametrize(("factor", "state"), [(1.0, "ok"), (1.05, "ok"), (2.5, "act")])
def test_when_sales_move_then_the_level_says_how_far(factor: float, state: str) -> None:
    old = panel()
    found = signal(drift.inputs(old, later(old, target=factor), "W-MON"), "target")
    assert found.state == state
    if factor == 2.5:
        assert "% above a year before; their spread is very different" in found.words


def test_when_prices_move_then_prices_drift_and_sales_do_not() -> None:
    old = panel()
    found = drift.inputs(old, later(old, price=1.3), "W-MON")
    assert signal(found, "price").state == "act"
    assert "31% above" in signal(found, "price").words
    assert signal(found, "target").state == "ok"


def test_when_nothing_is_known_of_prices_then_they_are_left_out() -> None:
    old = panel().assign(price=np.nan)
    names = [each.name for each in drift.inputs(old, old, "W-MON")]
    assert "price" not in names


def test_when_more_periods_are_empty_then_zeros_drift() -> None:
    old = panel()
    new = old.copy()
    recent = new.index[new["timestamp"] >= WEEKS[97]]
    new.loc[RNG.choice(recent, len(recent) // 4, replace=False), "target"] = 0.0
    found = signal(drift.inputs(old, new, "W-MON"), "zeros")
    assert found.state == "act"
    assert found.words.startswith("25% of the periods sold nothing, 0% a year before")


def test_when_series_come_and_go_then_they_are_counted() -> None:
    old, new = panel(), panel(ids=13)
    new = new[new["series_id"] != "s0"]
    found = signal(drift.inputs(old, new, "W-MON"), "series")
    assert found.state == "act"
    assert found.words == "3 of 12 series are new to it, 1 it learned from are gone."


def test_when_there_are_too_few_values_then_it_is_not_known() -> None:
    old = panel(8, ids=1)
    assert signal(drift.inputs(old, old, "W-MON"), "target").state == "unknown"
    assert drift.inputs(old.iloc[:0], old, "W-MON") == []


def test_when_samples_are_of_one_kind_then_the_index_is_what_chance_makes_it() -> None:
    values = [
        drift.stability_index(RNG.normal(size=200), RNG.normal(size=200), bins=5)
        for _ in range(100)
    ]
    assert np.mean(values) == pytest.approx(4 * 2 / 200, rel=0.3)


def test_when_bins_are_empty_then_the_index_stays_finite() -> None:
    value = drift.stability_index(np.arange(30.0), np.full(30, 99.0), bins=5)
    assert 1 < value < 20


def test_when_a_forecast_takes_over_then_the_one_before_counts_until_then() -> None:
    both = [(WEEKS[101], forecast(102, 3.0, 1)), (WEEKS[99], forecast(100, 2.0, 1))]
    found = drift.published(both)
    assert found["timestamp"].tolist() == list(WEEKS[100:106])
    assert found["mean"].tolist() == [200.0, 200.0, 300.0, 300.0, 300.0, 300.0]
    assert found["step"].tolist() == [1, 2, 1, 2, 3, 4]
    assert drift.published([]).empty


@pytest.mark.parametrize(
    ("level", "state", "words"),
    [
        (1.1, "ok", "off by 10.0%, 10.0% in its tests (WQL 0."),
        (1.14, "watch", "off by 14.0%, 10.0% in its tests"),
        (1.3, "act", "far more than expected."),
    ],
)
def test_when_sales_arrive_then_errors_are_those_of_tests_as_far_ahead(
    level: float, state: str, words: str
) -> None:
    """One week has arrived; further ahead the tests were off by half, which is no measure."""
    rows = drift.since(
        drift.published([(WEEKS[99], forecast(100, level, 30))]), sold(100, 1, ids=30)
    )
    assert len(rows) == 30
    found = drift.accuracy(rows, past_tests(1.1, 30))
    assert (found.state, words in found.words) == (state, True)
    assert found.words.startswith("Since 1 Dec it was off by")


def test_when_few_values_have_arrived_then_it_is_watched_but_no_reason_to_act() -> None:
    rows = drift.since(drift.published([(WEEKS[99], forecast(100, 3.0, 2))]), sold(100, 1, ids=2))
    assert drift.accuracy(rows, past_tests(1.1, 2)).state == "watch"


def test_when_nothing_has_sold_yet_then_errors_are_not_known() -> None:
    rows = drift.since(drift.published([(WEEKS[99], forecast(100, 1.0))]), sold(90, 5))
    for found in (drift.accuracy(rows, None), drift.bias(rows, None)):
        assert (found.state, found.value) == ("unknown", None)
        assert "sold yet" in found.words
    missing = sold(100, 1).assign(target=np.nan)
    assert drift.since(forecast(100, 1.0), missing).empty


def test_when_there_are_no_tests_then_the_error_is_told_but_not_judged() -> None:
    rows = drift.since(drift.published([(WEEKS[99], forecast(100, 1.2))]), sold(100, 1))
    found = drift.accuracy(rows, None)
    assert found.state == "unknown"
    assert "off by 20.0%" in found.words


@pytest.mark.parametrize(
    ("level", "state", "words"),
    [
        (1.1, "ok", "10.0% too high"),
        (0.92, "ok", "8.0% too low"),
        (1.2, "watch", "20.0% too high"),
        (0.8, "act", "20.0% too low"),
    ],
)
def test_when_a_forecast_leans_then_bias_is_what_its_tests_did_not_have(
    level: float, state: str, words: str
) -> None:
    rows = drift.since(
        drift.published([(WEEKS[99], forecast(100, level, 30))]), sold(100, 1, ids=30)
    )
    found = drift.bias(rows, past_tests(1.1, 30))
    assert (found.state, words in found.words) == (state, True)
    assert "+10.0% in its tests" in found.words


def test_when_periods_have_passed_then_each_has_its_error_beside_that_of_tests_as_far_ahead() -> (
    None
):
    published = drift.published([(WEEKS[100], forecast(101, 1.1))])
    rows = drift.since(published, sold(101, 2))
    found = drift.by_period(rows, past_tests(1.1, 10))
    assert found["timestamp"].tolist() == [WEEKS[101], WEEKS[102]]
    assert found["error"].tolist() == pytest.approx([0.1, 0.1])
    assert found["expected"].tolist() == pytest.approx([0.1, 0.5])
    assert drift.by_period(rows, None)["expected"].isna().all()
    assert drift.by_period(rows.iloc[:0], past_tests(1.1, 10)).empty


def test_when_there_is_no_bias_then_no_sign_is_shown() -> None:
    rows = drift.since(drift.published([(WEEKS[100], forecast(101, 1.0))]), sold(101, 4))
    found = drift.bias(rows, past_tests(1.0, 10).assign(actual=100.0, mean=100.0))
    assert "balanced on the whole, 0% in its tests" in found.words
    assert drift.bias(rows, None).words.endswith("there are no tests to compare with.")
