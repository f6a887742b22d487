"""Scenarios over a plan of days: sums that are known exactly, and edits that cannot be."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ConfigError, PanelError
from forecasting.scenarios import (
    Base,
    Change,
    Cross,
    DailyPlan,
    Outcome,
    Response,
    run_measured,
    run_planned,
)

DAYS = pd.date_range("2026-11-20", periods=28)
WEEKS = DAYS[::7]
IDS = pd.Index(["1:1", "1:2", "2:1"], name="series_id")
LEVELS = (0.1, 0.5, 0.9)


def base(*, promo_days: slice | None = None, shares: np.ndarray | None = None) -> Base:
    """Three series that sell 70, 140 and 210 a week at 10 each and cost 6."""
    mean = np.array([[70.0], [140.0], [210.0]]) * np.ones((1, 4))
    quantiles = np.stack([mean * 0.8, mean, mean * 1.2], axis=2)
    forecast = fc.Forecast(
        mean=mean, quantiles=quantiles, quantile_levels=LEVELS, series_ids=IDS, timestamps=WEEKS,
        cutoff=pd.Timestamp("2026-11-13"),
    )  # fmt: skip
    regular = np.full((3, 28), 10.0)
    price, promo = regular.copy(), np.zeros((3, 28))
    if promo_days is not None:
        price[0, promo_days], promo[0, promo_days] = 8.0, 1.0
    plan = DailyPlan.of(
        IDS, DAYS, price=price, regular=regular, promo=promo, unit_cost=np.full(3, 6.0)
    )
    seen = (np.full(3, 7.0), np.full(3, 12.0))
    return Base.of(forecast, plan, seen, shares=shares)


def response(**slopes: float) -> Response:
    usual = {"elasticity": -2.0, "error": 0.0, "uplift": 0.2, "uplift_error": 0.0,
             "after": -0.1, "before": 0.0} | slopes  # fmt: skip
    return Response.of(pd.DataFrame({"series_id": IDS, **usual}), IDS)


def total(outcome: Outcome, measure: str) -> dict[str, float]:
    row = outcome.totals.set_index("measure").loc[measure]
    return {str(name): float(value) for name, value in row.items()}


def change(first: int = 0, last: int = 6, **fields: object) -> Change:
    given = {"column": "price", "how": "percent", "value": -10.0} | fields
    return Change(first=DAYS[first], last=DAYS[last], **given)  # type: ignore[arg-type]


def test_when_a_price_falls_for_a_week_then_units_money_and_weeks_are_exact() -> None:
    found = run_measured(base(), [[change()]], response())
    more = 420 * (0.9**-2 - 1)
    assert total(found, "units")["difference"] == pytest.approx(more)
    assert total(found, "revenue")["difference"] == pytest.approx(420 * (0.9**-2 * 9 - 10))
    assert total(found, "margin")["difference"] == pytest.approx(420 * (0.9**-2 * 3 - 4))
    units = found.steps[found.steps["measure"] == "units"]
    assert units["difference"].to_numpy() == pytest.approx([more, 0, 0, 0], abs=1e-9)
    assert units["low"].iloc[0] < more < units["high"].iloc[0]
    assert units["low"].iloc[1] == units["high"].iloc[1] == 0


def test_when_a_price_falls_on_one_day_then_only_that_day_answers() -> None:
    """A mean price over the week would answer less than half as much."""
    found = run_measured(base(), [[change(2, 2, value=-30.0)]], response())
    assert total(found, "units")["difference"] == pytest.approx(60 * (0.7**-2 - 1))
    weekend = np.tile([1.0, 1, 1, 1, 1, 1, 4], (3, 4))
    heavy = run_measured(base(shares=weekend), [[change(6, 6, value=-30.0)]], response())
    assert total(heavy, "units")["difference"] == pytest.approx(0.4 * 420 * (0.7**-2 - 1))


def test_when_a_promotion_is_added_then_the_days_after_it_sell_less() -> None:
    promotion = Change(
        kind="promotion", how="percent", value=-20, first=DAYS[7], last=DAYS[13], series=("1:1",)
    )
    found = run_measured(base(), [[promotion]], response())
    lifted = 70 * (0.8**-2 * np.exp(0.2) - 1)
    dip = 70 * (np.exp(-0.1) - 1)
    assert total(found, "units")["difference"] == pytest.approx(lifted + dip)
    assert found.contributions["around"].iloc[0] == pytest.approx(dip)


def test_when_a_promotion_is_moved_then_its_price_moves_with_it_and_its_days_become_regular() -> (
    None
):
    made = base(promo_days=slice(0, 7))
    move = Change(kind="move_promotion", shift=14, first=DAYS[0], last=DAYS[6], series=("1:1",))
    edited = made.plan.edited(move)
    assert edited.price[0, :7].tolist() == [10.0] * 7
    assert edited.price[0, 14:21].tolist() == [8.0] * 7
    assert edited.promo[0].nonzero()[0].tolist() == list(range(14, 21))
    assert np.array_equal(edited.price[1:], made.plan.price[1:])
    off = made.plan.edited(Change(kind="no_promotion", first=DAYS[0], last=DAYS[6]))
    assert off.price.tolist() == [[10.0] * 28] * 3
    assert not off.promo.any()


def test_when_luck_is_shared_then_the_band_is_that_of_the_difference() -> None:
    sure = run_measured(base(), [[change(0, 27)]], response())
    unsure = run_measured(base(), [[change(0, 27)]], response(error=0.5))
    width = [total(each, "units")["high"] - total(each, "units")["low"] for each in (sure, unsure)]
    paths = sure.plan.sample(2000).sum(axis=(0, 2))
    assert width[0] < 0.5 * (np.quantile(paths, 0.9) - np.quantile(paths, 0.1))
    assert width[1] > 2 * width[0]
    beyond = run_measured(base(), [[change(0, 27, value=-40.0)]], response(error=0.1))
    assert "was never charged for 1:1 (lowest so far: 7.00)" in beyond.notes[0]


def test_when_stock_demand_and_cost_change_then_sums_are_exact() -> None:
    out = Change(kind="stock_out", first=DAYS[0], last=DAYS[6], series=("2:1",))
    dearer = Change(kind="cost", how="amount", value=1.0, first=DAYS[0], last=DAYS[27])
    hype = Change(kind="demand", how="percent", value=50, first=DAYS[7], last=DAYS[13])
    found = run_measured(base(), [[out], [dearer], [hype]], response(), names=["a", "b", "c"])
    assert found.contributions["units"].tolist() == pytest.approx([-210, 0, 210])
    assert total(found, "units")["difference"] == pytest.approx(0, abs=1e-9)
    assert total(found, "margin")["difference"] == pytest.approx(-210 * 4 + 210 * 4 - 1680)


def test_when_nothing_changes_then_the_difference_is_zero_with_no_band() -> None:
    found = run_measured(base(), [], response())
    assert (found.totals[["difference", "low", "high"]].to_numpy() == 0).all()
    assert found.contributions.empty


def test_when_prices_are_unknown_then_units_answer_and_money_is_left_unknown() -> None:
    made = base()
    plan = DailyPlan.of(IDS, DAYS, price=np.full((3, 28), np.nan))
    blank = Base.of(made.forecast, plan, (np.full(3, np.nan), np.full(3, np.nan)))
    hype = Change(kind="demand", how="percent", value=10, first=DAYS[0], last=DAYS[6])
    found = run_measured(blank, [[hype]], response())
    assert total(found, "units")["difference"] == pytest.approx(42)
    assert np.isnan(total(found, "revenue")["difference"])
    assert np.isnan(total(found, "margin")["low"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (change(value=-100.0), "zero or negative for '1:1'"),
        (Change(kind="no_promotion", first=DAYS[0], last=DAYS[3]), "No promotion is planned"),
        (
            Change(column="price", first=DAYS[27] + DAYS.freq, last=DAYS[27] + 9 * DAYS.freq),
            "touches nothing",
        ),
        (change(series=("9:9",)), "not there: '9:9'"),
        (Change(column="weather", first=DAYS[0], last=DAYS[0]), "no 'weather'"),
    ],
)  # fmt: skip
def test_when_an_edit_cannot_be_then_the_error_says_why(wrong: Change, said: str) -> None:
    with pytest.raises((ConfigError, PanelError), match=said):
        base().plan.edited(wrong)


def test_when_a_price_point_is_asked_then_prices_end_so() -> None:
    edited = base().plan.edited(change(ending=0.99))
    assert edited.price[0, 0] == pytest.approx(8.99)
    assert edited.price[0, 7] == 10.0


def test_when_a_trained_model_is_asked_then_only_touched_series_change() -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2025-10-01", "2026-11-19")
    parts = []
    for number, series in enumerate(IDS):
        cut = rng.random(len(days) // 7 + 1) < 0.3
        price = np.where(cut, 8.0, 10.0).repeat(7)[: len(days)]
        target = rng.poisson(10 * (number + 1) * (price / 10) ** -2.0).astype(float)
        parts.append(
            pd.DataFrame({"series_id": series, "timestamp": days, "target": target, "price": price})
        )
    panel = fc.Panel.from_frame(
        pd.concat(parts, ignore_index=True), freq="D", known_covariates=["price"]
    )
    model = fc.create("gbm", horizon=28, num_rounds=40).fit(panel)
    future = np.full((3, 28, 1), 10.0)
    forecast = model.predict(panel, known_future=future)
    plan = DailyPlan.of(IDS, DAYS, price=future[:, :, 0], unit_cost=np.full(3, 6.0))
    asked = Base.of(forecast, plan, (np.full(3, 8.0), np.full(3, 10.0)))
    cut_one = change(0, 13, value=-20.0, series=("2:1",))
    found = run_planned(model, panel, future, asked, [[cut_one]], response(error=1.0))
    rows = found.series[found.series["measure"] == "units"].set_index("series_id")
    assert rows.loc["1:1", "difference"] == rows.loc["1:2", "difference"] == 0
    changed = future.copy()
    changed[2, :14] = 8.0
    whole = model.predict(panel, known_future=changed)
    assert rows.loc["2:1", "scenario"] == pytest.approx(whole.mean[2].sum(), rel=1e-4)
    assert len(found.steps[found.steps["measure"] == "units"]) == 4  # weeks of a forecast by day


def cross(slope: float = -0.3, *, error: float = 0.0) -> Cross:
    """The first two series are siblings of three in one place; a usual promotion brings 40 %."""
    return Cross(
        group=np.array([0, 0, 1]), slope=np.array([slope, slope, 0.0]),
        error=np.array([error, error, 0.0]), usual=np.full(3, np.log(1.4)),
        others=np.array([2.0, 2.0, 1.0]),
    )  # fmt: skip


def test_when_a_price_falls_then_siblings_lose_their_part_and_it_is_told_apart() -> None:
    cut = [change(series=("1:1",))]
    alone = run_measured(base(), [cut], response())
    found = run_measured(base(), [cut], response(), cross=cross())
    own = -2.0 * np.log(0.9) / np.log(1.4)  # of a usual promotion
    lost = 140 * (np.exp(-0.3 * own / 2) - 1)
    difference = total(found, "units")["difference"]
    assert difference == pytest.approx(total(alone, "units")["difference"] + lost)
    row = found.contributions.iloc[0]
    assert row["beside_units"] == pytest.approx(lost)
    assert row["beside_revenue"] == pytest.approx(10 * lost)
    assert row["beside_margin"] == pytest.approx(4 * lost)
    assert row["units"] == pytest.approx(difference)
    series = found.series[found.series["measure"] == "units"].set_index("series_id")
    assert series.loc["2:1", "difference"] == 0  # of another group
    dearer = run_measured(
        base(), [[change(series=("1:1",), value=10.0)]], response(), cross=cross()
    )
    assert dearer.contributions["beside_units"].iloc[0] > 0


def test_when_it_is_unsure_what_siblings_lose_then_the_band_is_wider() -> None:
    cut = [change(series=("1:1",))]
    sure = total(run_measured(base(), [cut], response(), cross=cross()), "units")
    unsure = total(run_measured(base(), [cut], response(), cross=cross(error=0.3)), "units")
    assert unsure["high"] - unsure["low"] > 1.5 * (sure["high"] - sure["low"])


def test_when_all_of_a_group_are_cheaper_then_each_loses_to_all_others() -> None:
    both = [change(series=("1:1", "1:2"), value=-50.0)]  # far beyond a usual promotion
    found = run_measured(base(), [both], response(), cross=cross())
    units = found.series[found.series["measure"] == "units"].set_index("series_id")
    own, capped = 0.5**-2, np.exp(-0.3 * 2.0 / 2)
    assert units.loc["1:1", "difference"] == pytest.approx(70 * (own * capped - 1))
