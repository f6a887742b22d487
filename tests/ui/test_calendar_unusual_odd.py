"""Calendar, Lost and Unusual sales on odd little shops: a picture or a sentence, sane numbers."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from tests.data.shop import Row, fill
from tests.ui.test_explore_odd import ARABIC, CHINESE, EMOJI, ODD, by_the_hour, days, lively
from tests.ui.test_overview import LAST, texts
from ui import state

Open = Callable[..., AppTest]
PAGES = {
    "Calendar": "pages/explore/calendar.py",
    "Lost": "pages/explore/lost_sales.py",
    "Unusual": "pages/explore/unusual.py",
}
# What a page says instead of a picture: why there is none.
SENTENCES = (
    "No complete ", "Nothing was sold", "Nothing unusual", "Too few ", "Too little to measure",
    "No lost sales found", "Days without stock cannot be told",
)  # fmt: skip
MONDAY = LAST - timedelta(days=LAST.weekday())
OLD: dict[str, tuple[list[Row], str]] = {
    "70 years of months": (
        [(1, 1, date(1956 + n // 12, n % 12 + 1, 1), 5.0, 2.0) for n in range(840)],
        "M",
    ),
    "a week 70 years ago": (
        [(1, 1, MONDAY - timedelta(weeks=n), 5.0, 2.0) for n in (*range(150), 3650)],
        "W",
    ),
}
BY = {"D": "Day", "W": "Week", "M": "Month"}
ANSWER = {  # by page, what a shop is answered with; the rest get charts
    ("Calendar", "one day"): "Too little to measure",
    ("Calendar", "all zeros"): "Too little to measure",
    ("Lost", "one day"): "No lost sales found",
    ("Lost", "all zeros"): "No lost sales found",
    ("Lost", "40 years of months"): "Days without stock cannot be told",
    ("Lost", "70 years of months"): "Days without stock cannot be told",
    ("Lost", "a week 70 years ago"): "Days without stock cannot be told",
    ("Unusual", "one day"): "Too few days",
    ("Unusual", "all zeros"): "Nothing was sold",
}


def tables(app: AppTest) -> str:
    return "\n".join(str(table.value.astype(str).to_csv()) for table in app.dataframe)


def check(app: AppTest) -> str:
    """There is something to see, and nothing odd is said; gives what is said."""
    said = texts(app) + tables(app)
    charts = app.get("plotly_chart")
    assert charts or any(words in said for words in SENTENCES)
    assert all(chart.proto.alt for chart in charts)
    assert not re.search(r"\b(nan|inf)\b|[-+−]0%|\d\.\d{5}", said.lower())
    return said


def opened(open_page: Open, page: str, **address: str | list[str]) -> AppTest:
    """The page by day where it knows days: there most goes wrong."""
    return open_page(PAGES[page], **address)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", [*ODD, *OLD])
def test_when_the_shop_is_odd_then_there_is_a_picture_or_a_sentence(
    open_page: Open, page: str, name: str
) -> None:
    rows, frequency = {**ODD, **OLD}[name]
    fill(state.store(), rows, frequency=frequency)
    said = check(opened(open_page, page, by=BY[frequency]))
    assert ANSWER.get((page, name), "") in said


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("word", "depth"), [(CHINESE, 9), (ARABIC, 1), (EMOJI, 9)])
def test_when_names_are_long_and_the_tree_is_deep_then_every_level_opens(
    open_page: Open, page: str, word: str, depth: int
) -> None:
    path = [f"{level}{word}"[:200] for level in range(depth)]
    rows = [*days(120, lively), *days(120, lively, product=2)]
    fill(state.store(), rows, categories=[path], names=[word[:200], f"2{word}"[:200]])
    for level in (0, depth):
        check(opened(open_page, page, by="Day", category=path[:level]))
    check(opened(open_page, page, by="Day", product="1"))


@pytest.mark.parametrize("page", PAGES)
def test_when_sales_come_by_the_hour_over_a_change_of_clocks_then_every_page_opens(
    open_page: Open, page: str
) -> None:
    by_the_hour(state.store())
    check(opened(open_page, page, by="Day"))
