"""The Segments page: words, cells, odd little shops, saving and using a segment."""

import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import saved_segments
from data.segments import Thresholds
from tests.data.shop import Row, fill
from tests.ui.test_overview import LAST, SHOPS, texts, year_of
from ui import segments_words as words
from ui import state, table_files

PAGE = "pages/explore/segments.py"
Open = Callable[..., AppTest]


def classified() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": ["=a", "b", "c"],
            "name": ["A", "B", "C"],
            "abc": ["A", "A", "C"],
            "xyz": ["X", "Z", ""],
            "pattern": ["Smooth", "Lumpy", ""],
            "stage": ["New", "Steady", "Ended"],
            "share": [0.6, 0.4, 0.0],
            "amount": [6.0, 4.0, 0.0],
            "units": [6.0, 4.0, 0.0],
            "cv": [0.1, 2.0, np.nan],
            "adi": [1.0, 2.0, np.nan],
            "cv2": [0.1, 0.9, np.nan],
            "trend": [np.nan, 0.1, -1.0],
            "score": [90.0, 10.0, np.nan],
            "spark": [[1.0], [2.0], [-1.0]],
        },
        index=pd.Index([7, 8, 9], name="product_id"),
    )


def test_when_classes_are_chosen_then_only_their_products_are_left() -> None:
    frame = classified()
    assert list(words.Filter().of(frame).index) == [7, 8, 9]
    assert list(words.Filter(abc=("A",), stage=("Steady", "Ended")).of(frame).index) == [8]
    assert words.Filter(xyz=("Y",)).of(frame).empty


def test_when_the_matrix_is_made_then_every_cell_is_there_and_products_without_class_are_not() -> (
    None
):
    cells = words.cells(classified(), "pattern").set_index(["abc", "column"])
    assert len(cells) == 12
    assert cells["products"].sum() == 2
    assert cells.at[("A", "Lumpy"), "share"] == 0.4


@pytest.mark.parametrize("kind", [*words.CLASSES, "score"])
@pytest.mark.parametrize("period", ["W", "M"])
def test_when_a_limit_changes_then_its_definition_says_so(kind: str, period: str) -> None:
    usual = words.definition(kind, Thresholds(), period, "revenue")
    other = Thresholds(
        a_share=0.7, x_cv=0.4, adi=1.5, new_periods=4, cv2=0.6, ended_periods=9, trend=0.3
    )
    assert usual.endswith(".")
    assert ("week" in usual) == (period == "W") or kind == "abc"
    if kind != "score":
        assert usual != words.definition(kind, other, period, "revenue")


def test_when_products_are_taken_away_then_no_cell_is_a_formula() -> None:
    frame = pd.read_csv(
        io.BytesIO(table_files.csv(words.every_product(classified(), dataset="@shop")))
    )
    assert frame.at[0, "code"] == "'=a"
    assert frame.at[0, "dataset"] == "'@shop"
    assert len(frame) == 3


# --- The page ---


@pytest.mark.parametrize("name", [name for name in SHOPS if "zeros" not in name and "only" not in
                                  name])  # fmt: skip
@pytest.mark.parametrize("columns", ["XYZ", "Pattern"])
def test_when_the_shop_is_odd_then_there_is_a_matrix(
    open_page: Open, name: str, columns: str
) -> None:
    fill(state.store(), SHOPS[name], names=("咖啡 قهوة ☕" * 20, "<b>"))
    app = open_page(PAGE, columns=columns)
    assert len(app.metric) == 4
    assert len(app.get("plotly_chart")) >= 2
    assert "nan" not in texts(app).lower()


@pytest.mark.parametrize("name", ["all zeros", "returns only"])
def test_when_nothing_ever_sold_then_a_sentence_says_so(open_page: Open, name: str) -> None:
    fill(state.store(), SHOPS[name])
    assert "never sold anything" in texts(open_page(PAGE))


def shop() -> Sequence[Row]:
    odd = [(3, 1, LAST - timedelta(days=70 * i), 50.0 * (i + 1), 1.0) for i in range(9)]
    return [*year_of(1, quantity=40), *year_of(2, quantity=2), *odd]


def test_when_the_address_names_classes_then_the_page_shows_them_alone(open_page: Open) -> None:
    fill(state.store(), shop())
    whole = open_page(PAGE)
    assert whole.metric[0].value == "3"
    lumpy = open_page(PAGE, class_pattern=["Intermittent", "Lumpy"])
    assert lumpy.metric[0].value == "1"
    assert lumpy.dataframe[0].value["name"].tolist() == ["Mug 3"]
    none = open_page(PAGE, class_stage="New")
    assert "No product has all of these classes" in texts(none)


def test_when_a_segment_is_saved_then_it_is_listed_and_can_be_looked_at(open_page: Open) -> None:
    fill(state.store(), shop())
    app = open_page(PAGE, class_abc="A")
    count = app.metric[0].value
    app.text_input[0].set_value("Top *sellers*").run()
    next(b for b in app.button if b.label.startswith(f"Save {count} product")).click().run()
    assert not app.exception
    assert "Top \\*sellers\\*" in texts(app)
    (kept,) = saved_segments.segments(state.store(), 1)
    assert (str(kept.products), kept.rule["abc"]) == (count, ["A"])
    for path in ("pages/explore/overview.py", "pages/forecast/forecast.py", PAGE):
        seen = open_page(path, segment=str(kept.segment_id))
        assert "Leave the segment" in texts(seen)
        assert "Top" in texts(seen)
    again = next(b for b in app.button if b.label.startswith(f"Save {count} product"))
    again.click().run()
    assert "already" in app.error[0].value


def test_when_a_segment_is_unknown_then_the_page_says_so_and_leads_back(open_page: Open) -> None:
    fill(state.store(), shop())
    app = open_page(PAGE, segment="77")
    assert "This segment does not exist" in texts(app)
    app.main.button[0].click().run()
    assert app.metric[0].value == "3"


def test_when_sales_have_come_since_then_a_segment_can_be_built_again(open_page: Open) -> None:
    fill(state.store(), shop())
    saved_segments.save(
        state.store(),
        1,
        "Old",
        rule={
            "abc": [], "xyz": [], "pattern": ["Smooth"], "stage": [], "thresholds": {},
            "categories": [], "place_id": None, "measure": "quantity",
        },
        products=[3],
        built_through=date(2025, 1, 1),
    )  # fmt: skip
    app = open_page(PAGE)
    assert "Built on sales through" in "".join(str(b.value) for b in app.get("badge")) + texts(app)
    next(b for b in app.button if b.label == "Build again").click().run()
    (kept,) = saved_segments.segments(state.store(), 1)
    assert (kept.products, kept.revision, kept.built_through) == (2, 2, LAST)
    assert not any(b.label == "Build again" for b in app.button)
