"""What changed, in the app: two forecasts of one scope, made by real models."""

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

import forecasting as fc
from engine.registry import About
from engine.requests import ForecastRequest, PanelSpec
from engine.runs import Run
from tests.stores import open_at
from ui import navigation, queries
from ui.engine import registry

SPEC = PanelSpec(freq="W-MON", known_covariates=("promo",), gaps="zero")
HORIZON = 6


def forecast_run(name: str, weeks: int, *, promo: float, level: float = 40.0) -> None:
    """A finished forecast of three products by boosting; a promotion doubles what sells."""
    rng = np.random.default_rng(3)
    times = pd.date_range("2024-01-01", periods=120, freq="W-MON")
    on = (np.arange(120) % 7 == 2).astype(float)
    parts = [
        pd.DataFrame(
            {
                "series_id": str(product),
                "timestamp": times,
                "target": level * product * (1 + on) + rng.normal(0, 1, 120),
                "promo": on,
            }
        )
        for product in (1, 2, 3)
    ]
    frame = pd.concat(parts).query("timestamp <= @times[@weeks - 1]").reset_index(drop=True)
    panel = fc.Panel.from_frame(frame, "W-MON", known_covariates=["promo"], gaps="zero")
    future = fc.fill_future(panel, HORIZON).assign(promo=promo)
    model = fc.create("gbm", horizon=HORIZON, seed=0).fit(panel)
    request = ForecastRequest(panel=SPEC, model="gbm", horizon=HORIZON)
    run = Run.create(registry().run(name).folder, request, frame, future)
    run.save_model(model)
    run.write_frame("forecast", model.predict(panel, known_future=future).to_frame())
    about = About(
        model="gbm", horizon=HORIZON, scope_words="All products by product, week",
        data_until=f"{times[weeks - 1]:%Y-%m-%d}",
        scope={"dataset": 1, "categories": [], "product": None, "place": None, "freq": "W",
               "measure": "quantity", "split": "product"},
    )  # fmt: skip
    registry().add(name, about, name=name)


def opened(app: AppTest, **address: str) -> AppTest:
    return open_at(app, navigation.CHANGES, **address)


def cards(app: AppTest) -> dict[str, float]:
    return {card.label: float(str(card.value).replace(",", "").replace("−", "-"))
            for card in app.metric}  # fmt: skip


def test_when_nothing_was_forecast_twice_then_the_page_says_what_it_will_show(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    assert any("No two forecasts" in part.value for part in app.markdown)


def test_when_a_promotion_was_planned_then_the_plan_is_the_cause_and_all_adds_up(
    demo_app: AppTest,
) -> None:
    demo_app.run()
    forecast_run("First", 110, promo=0.0)
    forecast_run("Second", 112, promo=1.0)
    app = opened(demo_app)
    found = cards(app)
    assert list(found) == ["Before", "New sales", "Plan", "Model", "Now"]
    assert abs(sum(list(found.values())[:4]) - found["Now"]) <= 2  # each is rounded
    assert found["Plan"] > 0.5 * found["Before"]
    table = app.dataframe[0].value
    names = queries.products(1)["name"]
    assert set(table["label"]) == {names[1], names[2], names[3]}
    assert table["change"].abs().is_monotonic_decreasing
    assert {each[0] for each in table["cause"]} == {"Plan"}


def test_when_the_earlier_model_was_not_kept_then_it_is_said(demo_app: AppTest) -> None:
    demo_app.run()
    forecast_run("First", 110, promo=0.0)
    forecast_run("Second", 112, promo=0.0)
    run = registry().run("First")
    for file in run.model.iterdir():
        file.unlink()
    run.model.rmdir()
    app = demo_app.switch_page(navigation.CHANGES).run()
    assert not app.exception
    assert "was not kept" in app.error[0].value
