"""Scenarios: exact where the answer is known, honest where the model is not to be believed."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.scenarios import Change, Outcome, run_scenario

HORIZON = 14
FIRST, LAST = pd.Timestamp("2026-03-02"), pd.Timestamp("2026-03-15")


@pytest.fixture(scope="module")
def panel() -> fc.Panel:
    """Six products over a year of days whose price moves sales with an elasticity of -2."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2025-01-06", "2026-03-01")
    parts = []
    for number in range(6):
        price = np.where(rng.random(len(days) // 7 + 1) < 0.3, 8.0, 10.0).repeat(7)[: len(days)]
        week = 1 + 0.3 * np.sin(days.dayofweek.to_numpy())
        mean = 30 * (number + 1) * week * (price / 10) ** -2.0
        parts.append(
            pd.DataFrame(
                {
                    "series_id": f"p{number}",
                    "timestamp": days,
                    "target": rng.poisson(mean).astype(float),
                    "price": price,
                    "promo": (price < 9).astype(float),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return fc.Panel.from_frame(frame, freq="D", known_covariates=["price", "promo"])


@pytest.fixture(scope="module")
def theta(panel: fc.Panel) -> fc.Forecaster:
    return fc.create("theta", horizon=HORIZON).fit(panel)


@pytest.fixture(scope="module")
def gbm(panel: fc.Panel) -> fc.Forecaster:
    return fc.create("gbm", horizon=HORIZON, num_rounds=60).fit(panel)


def planned(panel: fc.Panel) -> pd.DataFrame:
    return fc.fill_future(panel, HORIZON).assign(price=10.0, promo=0.0)


def measured(panel: fc.Panel, value: float = -2.0, error: float = 0.1) -> pd.DataFrame:
    return pd.DataFrame({"series_id": panel.series_ids, "elasticity": value, "error": error})


def cut(percent: float = -10.0, **fields: object) -> Change:
    given = {"column": "price", "how": "percent", "value": percent, "first": FIRST, "last": LAST}
    return Change(**given | fields)  # type: ignore[arg-type]


def total(outcome: Outcome, measure: str) -> dict[str, float]:
    row = outcome.totals.set_index("measure").loc[measure]
    return {str(name): float(value) for name, value in row.items()}


def test_when_the_model_reads_no_prices_then_the_elasticity_answers_exactly(
    panel: fc.Panel, theta: fc.Forecaster
) -> None:
    cost = pd.Series(6.0, index=panel.series_ids)
    found = run_scenario(
        theta,
        panel,
        [cut()],
        known_future=planned(panel),
        unit_cost=cost,
        elasticity=measured(panel, error=0.0),
    )
    units = total(found, "units")
    assert units["scenario"] == pytest.approx(units["plan"] * 0.9**-2)
    assert total(found, "revenue")["scenario"] == pytest.approx(units["scenario"] * 9)
    assert total(found, "margin")["difference"] == pytest.approx(
        units["scenario"] * 3 - units["plan"] * 4
    )
    assert "reads no prices" in found.notes[0]
    assert total(found, "margin")["better"] == 0.0


def test_when_both_see_the_same_luck_then_the_difference_is_surer_than_either(
    panel: fc.Panel, theta: fc.Forecaster
) -> None:
    sure = run_scenario(
        theta, panel, [cut()], known_future=planned(panel), elasticity=measured(panel, error=0.0)
    )
    unsure = run_scenario(
        theta, panel, [cut()], known_future=planned(panel), elasticity=measured(panel, error=0.5)
    )
    widths = [total(each, "units")["high"] - total(each, "units")["low"] for each in (sure, unsure)]
    paths = sure.plan.sample(500).sum(axis=(0, 2))
    assert widths[0] < 0.4 * (np.quantile(paths, 0.9) - np.quantile(paths, 0.1))
    assert widths[1] > 1.5 * widths[0]
    for each in (sure, unsure):
        band = total(each, "units")
        assert band["low"] <= band["difference"] <= band["high"]


def test_when_the_model_learned_prices_then_its_own_answer_stands(
    panel: fc.Panel, gbm: fc.Forecaster
) -> None:
    change = cut(-20.0)
    promoted = cut(column="promo", how="to", value=1.0)
    found = run_scenario(
        gbm,
        panel,
        [change, promoted],
        known_future=planned(panel),
        elasticity=measured(panel, error=0.5),
    )
    units = total(found, "units")
    assert units["scenario"] / units["plan"] == pytest.approx(0.8**-2, rel=0.15)
    assert found.contributions["change"].tolist() == [
        "price -20%, 2 Mar to 15 Mar",
        "promo to 1, 2 Mar to 15 Mar",
    ]
    alone = found.contributions["units"].to_numpy(dtype=float)
    assert alone[0] > 0


def test_when_the_model_contradicts_the_past_then_it_is_corrected_and_said(
    panel: fc.Panel, gbm: fc.Forecaster
) -> None:
    strange = measured(panel, value=-4.0, error=0.05)
    found = run_scenario(gbm, panel, [cut(-5.0)], known_future=planned(panel), elasticity=strange)
    units = total(found, "units")
    assert units["scenario"] == pytest.approx(units["plan"] * 0.95**-4)
    assert "not credible for 6 of 6 products" in " ".join(found.notes)


def test_when_demand_stock_or_cost_change_then_the_sums_are_exact(
    panel: fc.Panel, theta: fc.Forecaster
) -> None:
    cost = pd.Series(6.0, index=panel.series_ids)

    def of(change: Change) -> Outcome:
        return run_scenario(theta, panel, [change], known_future=planned(panel), unit_cost=cost)

    more = of(cut(20.0, kind="demand", column="", series=("p1",)))
    by_series = more.series[more.series["measure"] == "units"].set_index("series_id")
    ratio = by_series["scenario"] / by_series["plan"]
    assert ratio["p1"] == pytest.approx(1.2)
    assert ratio.drop("p1").tolist() == pytest.approx([1.0] * 5)
    week = of(cut(0.0, kind="stock_out", column="", last=FIRST + pd.Timedelta(days=6)))
    assert (week.scenario.mean[:, :7] == 0).all()
    assert (week.scenario.mean[:, 7:] == week.plan.mean[:, 7:]).all()
    dearer = of(cut(10.0, kind="cost", column=""))
    units = total(dearer, "units")
    assert units["difference"] == 0
    assert total(dearer, "margin")["difference"] == pytest.approx(-0.6 * units["plan"])


def test_when_a_price_was_never_charged_then_it_is_a_guess_and_said(
    panel: fc.Panel, theta: fc.Forecaster
) -> None:
    found = run_scenario(
        theta, panel, [cut(-40.0)], known_future=planned(panel), elasticity=measured(panel)
    )
    assert found.notes[0].startswith("6.00 was never charged for p0 (lowest so far: 8.00)")


def test_when_nothing_is_measured_then_the_answer_is_the_model_s_and_said(
    panel: fc.Panel, theta: fc.Forecaster
) -> None:
    nothing = measured(panel).iloc[:0]
    found = run_scenario(theta, panel, [cut()], known_future=planned(panel), elasticity=nothing)
    assert total(found, "units")["difference"] == 0
    assert "6 products have no measured elasticity" in " ".join(found.notes)


def test_when_a_panel_has_no_prices_then_units_are_compared_and_money_is_not_known(
    panel: fc.Panel,
) -> None:
    frame = pd.DataFrame(
        {
            "series_id": np.repeat(panel.series_ids.to_numpy(), panel.length),
            "timestamp": np.tile(panel.timestamps.to_numpy(), panel.num_series),
            "target": panel.target.reshape(-1),
        }
    )
    bare = fc.Panel.from_frame(frame, freq="D")
    model = fc.create("seasonal_naive", horizon=HORIZON).fit(bare)
    found = run_scenario(model, bare, [cut(20.0, kind="demand", column="")])
    assert total(found, "units")["difference"] > 0
    assert np.isnan(total(found, "revenue")["difference"])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"column": "weather"}, "knows no 'weather'"),
        ({"how": "to", "value": 0.0}, "price zero or negative for 'p0'"),
        ({"series": ("p9",)}, "not there: 'p9'"),
        (
            {"first": pd.Timestamp("2027-01-01"), "last": pd.Timestamp("2027-01-02")},
            "touches nothing",
        ),
    ],
)
def test_when_a_change_cannot_be_made_then_the_error_says_why(
    panel: fc.Panel, theta: fc.Forecaster, fields: dict[str, object], words: str
) -> None:
    with pytest.raises((fc.ConfigError, fc.PanelError), match=words):
        run_scenario(theta, panel, [cut(**fields)], known_future=planned(panel))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"last": FIRST - pd.Timedelta(days=1)}, "before it begins"),
        ({"value": np.nan}, "Give a number"),
        ({"value": -101.0}, "below zero"),
        ({"column": ""}, "needs the name"),
    ],
)
def test_when_a_change_makes_no_sense_then_it_is_refused_at_once(
    fields: dict[str, object], words: str
) -> None:
    with pytest.raises(fc.ConfigError, match=words):
        cut(**fields)  # type: ignore[arg-type]
