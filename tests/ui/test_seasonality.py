"""Seasonality: its facts and words, and the page itself on odd little shops."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.scope import Freq, Scope
from forecasting import diagnostics as dx
from forecasting.arrays import FloatArray
from tests.stores import APP
from ui import navigation, seasonality_calendar, seasonality_charts, state
from ui import seasonality_compare as compare
from ui import seasonality_detail_charts as details
from ui import seasonality_facts as facts
from ui import seasonality_tables as tables
from ui import seasonality_words as words

PAGE = "pages/explore/seasonality.py"
MONDAY = date(2021, 1, 4)
STEP = {"D": "D", "W": "W-MON", "M": "MS"}
WEEK = np.array([0.8, 0.9, 0.9, 1.0, 1.1, 1.5, 0.8])
NO_EVENTS = pd.DataFrame(
    {"name": [], "kind": [], "first_day": [], "last_day": [], "days_before": [], "days_after": []}
)
Row = tuple[int, int, date, float, float | None, float | None]


def frame(values: FloatArray, freq: Freq) -> pd.DataFrame:
    """As `data.queries.series` gives it."""
    start = "2021-01-01" if freq == "M" else "2021-01-04"
    times = pd.date_range(start, periods=len(values), freq=STEP[freq]).astype("datetime64[us]")
    return pd.DataFrame(
        {
            "timestamp": times,
            "quantity": values,
            "stockout_share": np.nan,
            "complete": True,
        }
    )


def daily(count: int = 3 * 365, *, spread: float = 0.03, growth: float = 0.1) -> FloatArray:
    """Days with a week, a year that peaks in July, and growth."""
    steps = np.arange(count)
    noise = np.random.default_rng(1).normal(0, spread, count)
    year = 1 + 0.4 * np.cos(2 * np.pi * (steps - 196) / 365.25)
    return 100 * WEEK[steps % 7] * year * np.exp(np.log1p(growth) * steps / 365.25 + noise)


def weeks(days: FloatArray) -> FloatArray:
    return days[: len(days) // 7 * 7].reshape(-1, 7).sum(axis=1)


def made(
    days: FloatArray, freq: Freq = "D", events: pd.DataFrame = NO_EVENTS
) -> facts.Patterns | None:
    frames: dict[Freq, pd.DataFrame] = {"D": frame(days, "D"), "W": frame(weeks(days), "W")}
    if freq == "M":
        frames["M"] = frame(days[: len(days) // 30 * 30].reshape(-1, 30).sum(axis=1), "M")
    return facts.patterns(frames, freq=freq, measure="quantity", events=events)


def known(found: facts.Patterns | None) -> facts.Patterns:
    assert found is not None
    return found


# --- Facts ---


def test_when_patterns_are_planted_then_they_are_found() -> None:
    found = known(made(daily()))
    assert found.yearly is not None
    assert found.yearly > 0.9
    assert found.weekly is not None
    assert found.weekly > 0.9
    assert found.week is not None
    np.testing.assert_allclose(found.week.factors, WEEK / WEEK.mean(), atol=0.02)
    assert found.year is not None
    assert found.year.top == 6
    assert found.year.factors[6] == pytest.approx(1.4, abs=0.05)
    assert found.trend is not None
    assert found.trend.yearly == pytest.approx(0.1, abs=0.02)
    assert found.peak is not None
    assert found.peak.start.month == 7
    assert found.peak.start > found.base.times[-1]
    assert found.peak.above == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_when_the_period_changes_then_the_four_answers_stay(freq: Freq) -> None:
    first, second = (words.cards(known(made(daily(), each))) for each in ("D", freq))
    assert first == second
    assert known(made(daily(), freq)).shown.freq == freq


def test_when_sales_are_noise_then_no_pattern_is_claimed() -> None:
    noise = np.random.default_rng(4).normal(100, 10, 3 * 365)
    yearly, weekly, trend, peak = words.cards(known(made(noise)))
    assert yearly.value in ("None", "Weak")
    assert weekly.value == "None"
    assert peak.value == "No clear one"
    assert trend.value.endswith("a year")


def test_when_there_is_one_year_then_the_yearly_pattern_is_not_yet_known() -> None:
    yearly, weekly, trend, peak = words.cards(known(made(daily(400))))
    assert (yearly.value, yearly.badge) == ("Not yet known", "1.1 of 2 years")
    assert weekly.value == "Strong"
    assert trend.text == "same time last year"
    assert peak.value == "Not yet known"
    assert words.cards(known(made(daily(60))))[2].value == "Not yet known"


def test_when_a_year_of_days_is_missing_then_it_is_left_out_and_named() -> None:
    days = daily(4 * 365)
    days[500:800] = 0
    found = known(made(days))
    assert found.shown.gap.sum() == 300
    assert "300 days without sales" in words.caption(found, "Shop")
    assert found.week is not None
    np.testing.assert_allclose(found.week.factors, WEEK / WEEK.mean(), atol=0.02)


def test_when_something_sells_only_before_christmas_then_its_zeros_are_demand() -> None:
    days = np.where((np.arange(4 * 365) % 365) > 300, daily(4 * 365), 0.0)
    found = known(made(days))
    assert not found.shown.gap.any()
    assert found.yearly is not None
    assert found.yearly > 0.8


def test_when_a_product_has_ended_then_its_last_day_is_named_and_no_peak_is_promised() -> None:
    days = daily(3 * 365)
    days[1000:] = 0
    found = known(made(days))
    assert found.shown.ended == found.shown.times[-1] + timedelta(days=1)
    assert len(found.shown.times) == 1000
    assert words.cards(found)[3].text.startswith("not sold since")


def test_when_days_were_out_of_stock_then_patterns_do_without_them() -> None:
    sales = frame(daily(), "D")
    sales.loc[100:140, "quantity"] = 0.0
    sales.loc[100:140, "stockout_share"] = 1.0
    ready = facts.prepare(sales, "D", "quantity", NO_EVENTS)
    assert ready is not None
    assert ready.stocked_out.sum() == 41
    assert np.isnan(ready.clean[100:141]).all()


def test_when_an_event_explains_a_day_then_it_is_not_unusual() -> None:
    days = daily()
    days[500] *= 6
    assert known(made(days)).shown.unusual.sum() == 1
    when = pd.Timestamp(MONDAY) + timedelta(days=500)
    event = pd.DataFrame(
        {"name": ["Fair"], "kind": ["own"], "first_day": [when], "last_day": [when],
         "days_before": [0], "days_after": [0]}
    )  # fmt: skip
    assert not known(made(days, events=event)).shown.unusual.any()


@pytest.mark.parametrize("values", [np.zeros(60), np.full(60, np.nan), np.zeros(0)])
def test_when_nothing_was_sold_then_there_are_no_patterns(values: FloatArray) -> None:
    assert made(values) is None


def test_when_returns_outweigh_sales_then_nothing_is_a_share_of_a_negative_level() -> None:
    found = known(made(-daily()))
    assert found.week is None
    assert found.peak is None
    assert facts.rest_percent(found.shown, found.parts) is None  # type: ignore[arg-type]
    seasonality_charts.decomposition(
        found, seasonality_charts.unit_of(found.shown.values, "quantity", "")
    )


def test_when_sales_are_40_years_of_months_then_year_and_growth_are_found() -> None:
    steps = np.arange(480)
    months = 50 * 1.03 ** (steps / 12) * (1 + 0.5 * (steps % 12 == 11))
    found = facts.patterns(
        {"M": frame(months, "M")}, freq="M", measure="quantity", events=NO_EVENTS
    )
    yearly, weekly, trend, peak = words.cards(known(found))
    assert (yearly.value, yearly.text) == ("Strong", "top: December")
    assert weekly.text == "the data comes by month"
    assert trend.value == "+3.0% a year"
    assert peak.value.startswith("Dec 20")


# --- Words ---


def test_when_likeness_peaks_at_weeks_then_the_sentence_says_so() -> None:
    found = known(made(daily()))
    assert found.parts is not None
    memory = dx.correlogram(found.parts.values - found.parts.trend, 56)
    assert memory is not None
    assert words.memory(memory, "D").startswith("Peaks at 7, 14, 21 days: the same weekday")


def test_when_tests_disagree_then_every_verdict_has_its_words() -> None:
    seen = set()
    for adf_p, kpss_p in ((0.01, 0.1), (0.5, 0.01), (0.01, 0.01), (0.5, 0.1)):
        roots = dx.UnitRoots(adf=0, adf_p=adf_p, adf_lags=1, kpss=0, kpss_p=kpss_p, kpss_lags=1)
        seen.add(words.unit_roots(roots)[0])
    assert seen == {"Steady", "Wanders", "Steady, with shifts", "Cannot be told"}


def test_when_the_level_jumps_then_the_table_names_day_and_size() -> None:
    days = daily(growth=0.0)
    days[560:] *= 1.5
    days[300] *= 8
    table = words.events_table(known(made(days)), "quantity", "")
    change = table[table["what"] == "Change"].iloc[0]
    assert abs((change["from"] - (pd.Timestamp(MONDAY) + timedelta(days=560))).days) <= 7
    assert change["how"].startswith("level +")
    unusual = table[table["what"] == "Unusual"]
    assert pd.Timestamp(MONDAY) + timedelta(days=300) in unusual["from"].tolist()
    assert len(unusual) <= 3


def test_when_the_series_is_downloaded_then_parts_add_up_and_no_cell_is_a_formula() -> None:
    found = known(made(daily()))
    text = tables.csv(found, Scope(dataset_id=1, freq="D"), node="=cmd()", place="@all")
    table = pd.read_csv(pd.io.common.StringIO(text))
    assert table["scope"].iloc[0] == "'=cmd()"
    parts = table[["trend", "season_7", "season_365", "remainder"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["filled"], atol=1e-5)
    np.testing.assert_allclose(np.exp(table["filled"]), table["quantity"], rtol=1e-4)


# --- Figures ---


def test_when_a_day_sold_nothing_then_its_square_is_blank() -> None:
    days = daily(798)  # whole weeks
    days[-3] = 0
    found = known(made(days))
    assert found.days is not None
    unit = seasonality_charts.unit_of(found.days.values, "quantity", "")
    heat = seasonality_calendar.calendar(found.days, NO_EVENTS, unit).data[0]
    assert heat.z.shape == (7, 52)
    assert heat.text[4][-1].endswith("nothing sold")
    assert np.isnan(heat.z[4][-1])
    assert int(np.isnan(heat.z).sum()) == 1


def test_when_names_are_markup_then_figures_show_them_as_text() -> None:
    drawn: compare.Multiples = {
        "a": ("<b>猫</b>" + "😀" * 200, ["Jan", "Feb"], np.array([1.0, 2.0]))
    }
    (title,) = details.multiples(drawn).layout.annotations
    assert title.text.startswith("&lt;b&gt;猫")
    assert title.text.endswith("…")
    assert len(title.text) < 50


def test_when_hours_are_known_then_the_map_shows_the_mean_of_each() -> None:
    table = pd.DataFrame(
        {"weekday": [0, 5], "hour": [9, 17], "quantity": [20.0, 60.0], "days": [10, 10]}
    )
    unit = seasonality_charts.unit_of(np.array([6.0]), "quantity", "")
    (heat,) = seasonality_calendar.hours(table, "quantity", unit).data
    assert heat.z[0][9] == 2
    assert heat.z[5][17] == 6
    assert int(np.isfinite(heat.z).sum()) == 2


# --- The page ---


@pytest.fixture
def shop(empty_store: None) -> Callable[..., AppTest]:
    """Opens the page on a dataset with these rows."""

    def opened(
        rows: Sequence[Row],
        frequency: str = "D",
        *,
        name: str = "",
        gaps: str = "zero",
        **address: str,
    ) -> AppTest:
        _fill(rows, frequency, name, gaps)
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update(address)
        app = app.switch_page(PAGE).run()
        assert not app.exception
        assert not app.error
        return app

    return opened


def _fill(rows: Sequence[Row], frequency: str, name: str, gaps: str) -> None:
    given = pd.DataFrame(
        rows, columns=["product_id", "place_id", "day", "quantity", "price", "stock"]
    )
    with state.store().transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at, frequency, gap_policy) "
            "VALUES (1, 'Shop <b>', 'upload', now()::TIMESTAMP, ?, ?)",
            [frequency, gaps],
        )
        cursor.execute(
            "INSERT INTO import_log SELECT 1, 1, 'new', '[]', '{}', 9, 9, 0, 0, 9, 0, 0, NULL, "
            "NULL, now()::TIMESTAMP, 1, NULL, 'Shop'"
        )
        cursor.register("given", given)
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name, categories) "
            "SELECT DISTINCT product_id, 1, product_id::VARCHAR, ? || product_id, "
            "[? || 'top', ? || product_id % 2] FROM given",
            [name, name, name],
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) "
            "SELECT DISTINCT place_id, 1, place_id::VARCHAR, ? || place_id FROM given",
            [name],
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, "
            "stock_on_hand, import_id) SELECT 1, product_id, place_id, day, quantity, "
            "quantity * price::DOUBLE, price::DOUBLE, stock::DOUBLE, 1 FROM given"
        )


def rows(values: Sequence[float] | FloatArray, *, step: int = 1, product: int = 1) -> list[Row]:
    return [
        (product, 1, MONDAY + timedelta(days=step * i), float(value), 2.0, None)
        for i, value in enumerate(values)
        if np.isfinite(value)
    ]


def text_of(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.caption, *app.metric]
    return "\n".join(str(part.value) for part in parts)


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


TABS = ("Compare", "Changes", "Memory", "Stationarity", "Periods", "Transformation",
        "Hour of day")  # fmt: skip


def open_every_tab(app: AppTest) -> None:
    for tab in TABS:
        app.session_state["seasonality_tabs"] = tab
        app.run()
        assert not app.exception, tab
        assert not app.error, tab


@pytest.mark.parametrize("period", ["Day", "Week", "Month"])
def test_when_there_is_one_day_then_a_sentence_says_what_is_needed(
    shop: Callable[..., AppTest], period: str
) -> None:
    text = text_of(shop(rows([5]), by=period))
    assert "One day of sales" in text or f"No complete {period.lower()} of sales here yet" in text


def test_when_all_is_zero_then_a_sentence_says_so(shop: Callable[..., AppTest]) -> None:
    assert "Nothing was sold in All products" in text_of(shop(rows(np.zeros(90))))


ODD: dict[str, FloatArray] = {
    "two days": np.array([3.0, 4.0]),
    "nine days": np.arange(9.0),
    "three weeks": daily(21),
    "constant": np.full(800, 4.0),
    "negative": -daily(800),
    "mixed signs": np.random.default_rng(2).normal(0, 5, 800),
    "one sale": np.eye(1, 900, 450)[0],
    "one season": daily(365),
    "a gap of a year": np.where(np.abs(np.arange(1460) - 700) < 183, 0.0, daily(1460)),
}


@pytest.mark.parametrize(
    ("name", "period"),
    [(name, "Day") for name in ODD]
    + [(name, period) for name in ("two days", "three weeks", "negative", "one season")
       for period in ("Week", "Month")],
)  # fmt: skip
def test_when_sales_are_odd_then_the_page_has_a_picture_or_a_sentence(
    shop: Callable[..., AppTest], name: str, period: str
) -> None:
    app = shop(rows(ODD[name]), by=period)
    assert app.metric or "sold" in text_of(app) or "of sales" in text_of(app)
    if app.metric:
        assert charts(app) >= 1
        if period == "Day":
            open_every_tab(app)


def test_when_days_are_not_known_for_a_year_then_they_are_left_out(
    shop: Callable[..., AppTest],
) -> None:
    values = daily(1460)
    values[500:865] = np.nan
    app = shop(rows(values), gaps="missing", by="Day")
    assert "365 days without sales" in text_of(app)
    assert charts(app) >= 4


def test_when_rows_are_weeks_then_the_weekly_card_says_why_it_is_empty(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(rows(weeks(daily(5 * 365)), step=7), frequency="W")
    assert app.metric[1].value == "–"
    assert "Every week" in text_of(app)
    open_every_tab(app)


@pytest.mark.parametrize("name", ["猫咪咖啡" * 50, "قهوة عربية " * 18, "😀🎉" * 100])
def test_when_names_are_long_and_foreign_then_the_page_shows_them(
    shop: Callable[..., AppTest], name: str
) -> None:
    both = [*rows(daily(800)), *rows(daily(800), product=2)]
    app = shop(both, name=name, category=name + "top")
    assert charts(app) >= 5
    app.session_state["seasonality_tabs"] = "Compare"
    app.run()
    assert not app.exception
    frame = app.dataframe[0].value
    assert frame["label"].str.startswith(name[:4]).all()


def test_when_members_are_chosen_then_only_they_are_compared(
    shop: Callable[..., AppTest],
) -> None:
    both = [*rows(daily(800)), *rows(2 * daily(800), product=2), *rows(daily(800), product=3)]
    app = shop(both, name="Thing ")
    app.session_state["seasonality_tabs"] = "Compare"
    app.run()
    app.get_by_key("compare_categories-products").set_value("Products")
    app.run()
    assert app.dataframe[0].value["label"].tolist() == ["Thing 2", "Thing 1", "Thing 3"]
    app.multiselect[0].set_value(["3"])
    app.run()
    assert app.dataframe[0].value["label"].tolist() == ["Thing 3"]


def test_when_order_lines_have_times_then_the_hours_are_drawn(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(rows(daily(60)))
    app.session_state["seasonality_tabs"] = "Hour of day"
    assert "no time of day" in text_of(app.run())
    with state.store().transaction() as cursor:
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, revenue, kind) SELECT 1, 1, 1, 1, TIMESTAMP '2021-01-04 09:30:00' "
            "+ INTERVAL 1 DAY * i, 3, 6, 'sale' FROM range(60) t(i)"
        )
    st.cache_data.clear()
    app.run()
    assert "When in the week" in text_of(app)


def test_when_the_page_is_listed_then_it_stands_under_explore() -> None:
    assert "Seasonality" in [entry.title for entry in navigation.TABLE["Explore"]]
