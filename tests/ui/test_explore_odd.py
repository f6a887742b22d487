"""Overview, Segments and Seasonality on odd little shops: a picture or a sentence, and files."""

import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.store import Store
from tests.data.shop import Row, fill
from tests.ui.test_overview import LAST, texts
from ui import state

Open = Callable[..., AppTest]
PAGES = {
    "Overview": ("pages/explore/overview.py", {"movers": "Map"}),
    "Segments": ("pages/explore/segments.py", {"drawn": "Points"}),
    "Seasonality": ("pages/explore/seasonality.py", {"by": "Day"}),
}
CHINESE, ARABIC, EMOJI = "双十一咖啡" * 40, "قهوة عربية " * 18, "☕🎉😀🧸" * 50


def days(
    count: int, amount: Callable[[int], float], *, product: int = 1, skip: range = range(0)
) -> list[Row]:
    """A row a day until the last one; `skip` counts days back."""
    return [
        (product, 1, LAST - timedelta(days=back), amount(back), 2.0)
        for back in range(count)
        if back not in skip
    ]


def months(years: int) -> list[Row]:
    return [
        (1, 1, date(1986 + place // 12, place % 12 + 1, 1), 5.0 + place % 12, 2.0)
        for place in range(12 * years)
    ]


def lively(back: int) -> float:
    return 20 + 8 * (back % 7 == 3) + 6 * float(np.sin(2 * np.pi * back / 365))


def by_the_hour(store: Store) -> None:
    """300 days of product 1, most with order lines of every hour.

    The night of 25 October 2026 has two o'clock twice, that of 29 March has none.
    """
    fill(store, days(300, lively))
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, revenue, kind) SELECT 1, 1, 1, 1, $1 + INTERVAL 1 HOUR * i, 1, 2, 'sale' "
            "FROM range(24 * 240) t(i)",
            [datetime(2026, 3, 22)],
        )
        cursor.execute(
            "INSERT INTO order_line (dataset_id, import_id, product_id, place_id, sold_at, "
            "quantity, revenue, kind) SELECT 1, 1, 1, 1, $1, 9, 2, 'sale'",
            [datetime(2026, 10, 25, 2, 30)],
        )


ODD: dict[str, tuple[Sequence[Row], str]] = {
    "one day": ([(1, 1, LAST, 3.0, 2.0)], "D"),
    "one product": (days(400, lively), "D"),
    "all zeros": (days(60, lambda back: 0.0), "D"),
    "negatives": (days(60, lambda back: -2.0), "D"),
    "one season": (days(365, lively), "D"),
    "40 years of months": (months(40), "M"),
    "a gap of a year": (days(1200, lively, skip=range(300, 665)), "D"),
    "huge and tiny": ([*days(400, lambda b: 1e9), *days(400, lambda b: 1e-4, product=2)], "D"),
    "two products, one ended": (
        [*days(500, lively), (2, 1, LAST - timedelta(days=400), 1.0, 9.0)],
        "D",
    ),
}


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What every download button of the last run would give, by its label."""
    made: dict[str, bytes] = {}
    drawn = st.download_button

    def button(label: str, data: Callable[[], bytes], **options: Any) -> bool:
        made[label] = data()
        return drawn(label, data, **options)

    monkeypatch.setattr(st, "download_button", button)
    return made


def check(app: AppTest, files: dict[str, bytes]) -> None:
    """There is something to see, nothing odd is said, and every file is a table."""
    said = texts(app)
    charts = app.get("plotly_chart")
    assert charts or "sold nothing" in said or "never sold" in said or "of sales" in said or (
        "Nothing was sold" in said
    )  # fmt: skip
    assert all(chart.proto.alt for chart in charts)
    assert not {"nan", "inf"} & {str(metric.value).lower() for metric in app.metric}
    assert "-0%" not in said
    assert "+0%" not in said
    drawn = [button.proto.label for button in app.get("download_button")]  # of this page alone
    of_charts = [label for label in drawn if label.endswith("(CSV)")]
    own = {"CSV", "Excel", "Parquet"} <= set(drawn)  # the page's own table, in three forms
    assert len(of_charts) + own == (len(charts) + 1 if charts else 0)
    readers = {"Excel": pd.read_excel, "Parquet": pd.read_parquet}
    for label, content in files.items():
        table = readers.get(label, pd.read_csv)(io.BytesIO(content))
        assert len(table.columns) >= 2, label


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ODD)
def test_when_the_shop_is_odd_then_there_is_a_picture_or_a_sentence(
    open_page: Open, files: dict[str, bytes], page: str, name: str
) -> None:
    rows, frequency = ODD[name]
    fill(state.store(), rows, frequency=frequency)
    path, address = PAGES[page]
    check(open_page(path, **address if frequency == "D" else {}), files)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("word", "depth"), [(CHINESE, 9), (ARABIC, 1), (EMOJI, 9)])
def test_when_names_are_long_and_the_tree_is_deep_then_every_level_opens(
    open_page: Open, files: dict[str, bytes], page: str, word: str, depth: int
) -> None:
    path = [f"{level}{word}"[:200] for level in range(depth)]
    rows = [*days(120, lively), *days(120, lively, product=2)]
    fill(state.store(), rows, categories=[path], names=[word[:200], f"2{word}"[:200]])
    script, address = PAGES[page]
    for level in (0, depth):
        files.clear()
        check(open_page(script, category=path[:level], **address), files)


@pytest.mark.parametrize("page", PAGES)
def test_when_sales_come_by_the_hour_over_a_change_of_clocks_then_every_page_opens(
    open_page: Open, files: dict[str, bytes], page: str
) -> None:
    by_the_hour(state.store())
    script, address = PAGES[page]
    app = open_page(script, **address)
    check(app, files)
    if page == "Seasonality":
        app.session_state["seasonality_tabs"] = "Hour of day"
        files.clear()
        check(app.run(), files)
        assert "When in the week (CSV)" in files
