"""Forecast on the demo shop: drivers, what stands beside it, and children that add up."""

import json

from streamlit.testing.v1 import AppTest

from data.scope import Scope
from tests.app.test_pages import text_of
from ui import navigation, queries


def opened(app: AppTest, **address: str) -> AppTest:
    app.run().switch_page(navigation.FORECAST)
    app.session_state["show"] = "Units"
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def traces(app: AppTest) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    return found


def test_when_forecast_opens_then_what_is_inside_adds_up_to_it(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app)
    assert not app.exception
    assert not app.error
    assert "too little history to tell what lifts or lowers it" in text_of(app)  # 80 weeks
    children = app.dataframe[0].value
    made = queries.outlook(Scope(dataset_id=1), 13, "automatic")
    assert children["forecast"].sum() == round(made.future["mean"].sum())
    assert children["forecast"].min() >= 0


def test_when_others_are_chosen_then_they_stand_beside_it_and_drivers_can_be_left_out(
    demo_app: AppTest,
) -> None:
    app = opened(demo_app, beside="seasonal_naive,theta,nonsense", lines_w="Last year", by="Week")
    assert not app.exception
    names = {str(each.get("name")) for each in traces(app)}
    shown = {"Last year's weeks", "Theta"} & names
    assert shown  # what is on screen itself is not offered beside it
    assert "nonsense" not in names
    assert not any(each["type"] == "bar" for each in traces(app))


def test_when_days_are_shown_then_the_plainest_model_is_last_weeks(demo_app: AppTest) -> None:
    app = opened(demo_app, by="Day", product="3", model="theta")
    assert not app.exception
    assert not app.error
    text = text_of(app)
    assert "last week's days" in text
    assert "Below: what lifts or lowers it from its level" in text
    assert {"Season", "Recent days"} <= {
        str(each.get("name")) for each in traces(app) if each["type"] == "bar"
    }
    assert "last year's weeks" not in text
