"""The Reports page: templates, languages, and the way there from the Forecast page."""

import dataclasses

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import reports
from data.scope import Scope
from engine.registry import About
from reports import fonts
from tests.app.test_pages import text_of
from ui import engine as engines
from ui import navigation, queries


def opened(app: AppTest, **address: str) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    return app.switch_page(navigation.REPORTS).run()


def test_when_a_product_is_reported_then_its_pages_and_files_are_there(demo_app: AppTest) -> None:
    app = opened(demo_app.run(), product="3")
    assert not app.exception
    assert not app.error
    assert len(app.get("image") or app.get("imgs")) == 1
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["PDF", "Excel", "HTML"]


def test_when_no_font_carries_the_script_then_the_page_says_which_and_what_to_install(
    demo_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "families", lambda: ("Libertinus Serif",))
    app = opened(demo_app.run(), product="3")
    app.segmented_control(key="language").set_value("zh").run()
    assert not app.exception
    warned = [warning.value for warning in app.warning]
    assert len(warned) == 1
    assert "No font on this machine carries Chinese" in warned[0]
    assert "fonts-noto-cjk" in warned[0]


def test_when_another_template_and_language_are_chosen_then_the_report_changes(
    demo_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = watch(monkeypatch, "product_sheets")
    app = opened(demo_app.run(), report="Product sheet")
    assert not app.exception
    assert made[-1].sections[0].title == "Products"
    assert len(made[-1].sections) == 6


def test_when_no_model_was_trained_then_the_card_leads_to_train(demo_app: AppTest) -> None:
    app = opened(demo_app.run(), report="Model card")
    assert not app.exception
    assert "No trained model of this dataset yet" in text_of(app)


def test_when_a_run_is_chosen_then_its_series_are_the_rows_and_its_card_has_its_test(
    demo_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = demo_app.run()
    keep_run()
    made = watch(monkeypatch, "forecast_review")
    opened(app, run="run1")
    assert not app.exception
    rows = made[-1].rows
    assert rows is not None
    assert len(rows) == 2 * 13
    assert set(rows["product"]) == set(queries.products(1)["name"].loc[[3, 4]])
    assert set(rows["place"]) == {"all places"}
    cards = watch(monkeypatch, "model_card")
    app.session_state["report"] = "Model card"
    app.run()
    assert not app.exception
    titles = [section.title for section in cards[-1].sections]
    assert titles == ["Summary", "Data", "Options", "Test on the past", "Calibration", "Limits"]
    engines.close()


def watch(monkeypatch: pytest.MonkeyPatch, builder: str) -> list[reports.Review]:
    """What a builder makes from here on."""
    made: list[reports.Review] = []
    real = getattr(reports, builder)

    def watched(*args: object) -> reports.Review:
        made.append(real(*args))
        return made[-1]

    monkeypatch.setattr(reports, builder, watched)
    return made


def keep_run() -> None:
    """A finished run of two products with its comparison, as the engine leaves them."""
    last = pd.Timestamp(queries.series(Scope(dataset_id=1))["timestamp"].iloc[-2])
    times = pd.date_range(last, periods=14, freq="W-MON")[1:]
    levels = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    frame = pd.concat(
        pd.DataFrame({"series_id": key, "timestamp": times, "mean": 100.0}) for key in ("3", "4")
    )
    for level in levels:
        frame[f"q{level}"] = 60 + 80 * level
    about = About(
        model="lstm",
        scope={
            **{"dataset": 1, "categories": [], "product": None, "place": None, "freq": "W"},
            **{"measure": "revenue", "split": "product", "corrected": False},
        },
        scope_words="All products, all places by product, week",
        series=2,
        horizon=13,
        data_until=f"{last:%Y-%m-%d}",
        group="together",
    )
    known = engines.registry()
    known.add("run1", about, name="LSTM · All products")
    known.add("tested", dataclasses.replace(about, model=""), name="Comparison")
    run, tested = known.run("run1"), known.run("tested")
    run.model.mkdir(parents=True)
    tested.folder.mkdir()
    run.write_frame("forecast", frame)
    past = frame.assign(cutoff=times[0], model="lstm", actual=95.0)
    models = ("lstm", "seasonal_naive", "arima")
    tested.write_frame("backtest", pd.concat(past.assign(model=name) for name in models))
    board = pd.DataFrame({"model": models, "WAPE": [0.1, 0.2, 0.15], "bias": 0.0, "coverage": 0.8})
    tested.write_frame("leaderboard", board.assign(WQL=0.1, MASE=0.9))
    tested.write_frame("scores", pd.DataFrame({"cutoff": [times[0]]}))
    tested.write_frame(
        "reliability", pd.DataFrame({"model": "lstm", "level": levels, "observed": levels})
    )
