"""The Calendar page: there at once while effects are measured, and events of single places."""

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import calendar_store
from data.calendar_entries import Entry
from data.store import Store
from tests.data.shop import Row, fill
from tests.ui.test_overview import LAST, texts
from ui import background, calendar_queries, state
from ui.background import Tell

PAGE = "pages/explore/calendar.py"


def two_places(days: int = 200) -> list[Row]:
    return [
        (1, place, LAST - timedelta(days=back), 20.0 + back % 7, 2.0)
        for place in (1, 2)
        for back in range(days)
    ]


def test_when_effects_take_long_then_the_year_and_the_lists_are_there_meanwhile(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(state.store(), two_places())
    gate = threading.Event()

    def slow(store: Store, scope: object, by_category: bool, tell: Tell) -> object:
        while not gate.wait(0.01):
            tell(0.5)
        return calendar_queries.Effects(measured={}, series=pd.DataFrame())

    monkeypatch.setattr(calendar_queries, "_effects", slow)
    monkeypatch.setattr(background, "PATIENCE", 0.2)
    app = open_page(PAGE)
    assert app.button(key="background_cancel")
    assert "Their effects stand here as soon as they are measured." in texts(app)
    assert "**The year**" in texts(app)
    assert "Save changes" in texts(app)
    monkeypatch.setattr(background, "PATIENCE", 20.0)
    app.button(key="background_cancel").click().run()
    assert "was stopped.**" in texts(app)
    assert "**The year**" in texts(app)
    gate.set()
    app.button(key="background_start").click().run()
    assert "Too little to measure" in texts(app)
    assert not app.exception


def test_when_an_event_is_of_one_place_then_the_page_says_so_and_leads_there(
    open_page: Callable[..., AppTest],
) -> None:
    fill(state.store(), two_places())
    fair = Entry(
        kind="own", name="Fair", first_day=date(2026, 12, 5), last_day=date(2026, 12, 6),
        yearly=True, place_id=2,
    )  # fmt: skip
    calendar_store.save(state.store(), 1, [fair], words="Fair added")
    app = open_page(PAGE)
    (ahead,) = [table.value for table in app.dataframe if "On its days" in table.value]
    assert ahead.loc[ahead["Event"] == "Fair", "On its days"].tolist() == ["in Store 2 only"]
    button = app.button(key="calendar-place-2")
    assert button.label == "Fair in Store 2"
    button.click().run()
    assert app.query_params["place"] in ("2", ["2"])
    assert "measured there alone" not in texts(app)
    assert not app.exception
