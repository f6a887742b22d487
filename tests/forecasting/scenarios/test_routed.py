"""Several models asked as one: each answers for its own series alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ConfigError
from forecasting.future import fill_future, known_future_array
from forecasting.scenarios import Change, Member, Routed, run_scenario

DAYS = pd.date_range("2026-01-01", periods=120)


def panel(ids: list[str], *, days: pd.DatetimeIndex = DAYS, promo: bool = False) -> fc.Panel:
    """Series at ten times their number a day, sold twice as often at half the price."""
    rng, rows = np.random.default_rng(len(ids)), []
    for number, series_id in enumerate(ids, start=1):
        price = rng.choice([5.0, 10.0], len(days))
        rows.append(
            pd.DataFrame(
                {
                    "series_id": series_id, "timestamp": days, "price": price,
                    "promo": (price < 6) * 1.0,
                    "target": 10.0 * number * np.where(price < 6, 2.0, 1.0),
                }
            )
        )  # fmt: skip
    known = ["price", "promo"] if promo else ["price"]
    return fc.Panel.from_frame(pd.concat(rows), "D", known_covariates=known)


def member(ids: list[str], *, horizon: int = 7, model: str = "gbm", **options: object) -> Member:
    own = panel(ids, **options)  # type: ignore[arg-type]
    future = known_future_array(own, fill_future(own, horizon), horizon)
    made = fc.create(model, horizon=horizon).fit(own)
    return Member(model=made, panel=own, ids=own.series_ids, future=future)


def test_when_two_models_answer_then_each_says_what_it_says_alone() -> None:
    one, other = member(["b", "d"]), member(["a", "c"], promo=True, horizon=9)
    routed, joined, future = Routed.of([one, other])
    assert joined.series_ids.tolist() == ["a", "b", "c", "d"]
    assert joined.known_names == ("price", "promo")
    assert routed.config.horizon == future.shape[1] == 7
    found = routed.predict(joined, known_future=future)
    for each in (one, other):
        alone = each.model.predict(each.panel, known_future=each.future)
        rows = found.series_ids.get_indexer(each.ids)
        np.testing.assert_allclose(found.mean[rows], alone.mean[:, :7])
        np.testing.assert_allclose(found.quantiles[rows], alone.quantiles[:, :7])
    part = joined.subset(["c", "b"])
    again = routed.predict(part, known_future=future[[2, 1]])
    np.testing.assert_allclose(again.mean, found.mean[[2, 1]])


def test_when_a_price_falls_then_only_models_of_those_series_answer_it() -> None:
    members = [member(["1:1", "2:1"]), member(["3:1"], model="seasonal_naive")]
    routed, joined, future = Routed.of(members)
    day = pd.Timestamp("2026-05-02")
    change = Change(column="price", value=5.0, first=day, last=day + pd.Timedelta(days=2))
    outcome = run_scenario(routed, joined, [change], known_future=future, num_paths=20)
    units = outcome.series[outcome.series["measure"] == "units"].set_index("series_id")
    assert (units.loc[["1:1", "2:1"], "difference"] >= 0).all()
    assert units.loc["1:1":"2:1", "difference"].sum() > 0
    assert units.loc["3:1", "difference"] == 0  # it reads no prices


def test_when_ids_differ_from_those_that_were_learned_then_models_are_asked_by_their_own() -> None:
    own = member(["7", "8"])
    named = replace(own, ids=pd.Index(["7:2", "8:2"]))
    routed, joined, future = Routed.of([named, member(["9:2"])])
    found = routed.predict(joined, known_future=future)
    alone = own.model.predict(own.panel, known_future=own.future)
    np.testing.assert_allclose(found.mean[:2], alone.mean)


def test_when_models_cannot_answer_together_then_it_is_said() -> None:
    with pytest.raises(ConfigError, match="no model to ask"):
        Routed.of([])
    with pytest.raises(ConfigError, match="'a' has two models"):
        Routed.of([member(["a"]), member(["a", "b"])])
    with pytest.raises(ConfigError, match="D until 2026-04-10 and D until 2026-04-30"):
        Routed.of([member(["a"]), member(["b"], days=DAYS[:100])])
    routed, _, _ = Routed.of([member(["a"]), member(["b"])])
    with pytest.raises(ConfigError, match="charge of no model"):
        routed.predict(panel(["c"]), known_future=np.ones((1, 7, 1)))
