"""The Overview: words, figures, and the page itself on odd little shops."""

import io
import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import alignments
from data.comparison import Alignment, Comparison, compare
from data.fiscal import FiscalCalendar
from data.split import Split
from tests.data.shop import Row, fill
from ui import overview_charts as charts
from ui import overview_words as words
from ui import state, table_files
from ui.overview_tiles import tiles

PAGE = "pages/explore/overview.py"
LAST = date(2026, 11, 17)
LONG = ("咖啡 قهوة ☕ <b>x</b> $1$ *" * 12)[:200]
Open = Callable[..., AppTest]


def year_of(product: int, *, quantity: float = 3, price: float | None = 2, days: int = 730,
            place: int = 1) -> list[Row]:  # fmt: skip
    return [
        (product, place, LAST - timedelta(days=back), quantity, price) for back in range(0, days, 5)
    ]


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.main.button, *app.metric]
    return "\n".join(str(part.value) + str(getattr(part, "label", "")) for part in parts)


def shown_charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


# --- Words and figures ---


def span(first: date = date(2020, 1, 1), **alignment: str) -> Comparison:
    return compare(
        data_first=first,
        data_last=LAST,
        reach="year",
        alignment=Alignment(**alignment),  # type: ignore[arg-type]
        freq="D",
    )


def test_when_days_are_compared_then_the_caption_says_which_and_why() -> None:
    said = words.against(span(), "weekday")
    assert said == (
        "1 Jan 2026 – 17 Nov 2026 against 2 Jan 2025 – 18 Nov 2025, the same weekdays, "
        "52 weeks before"
    )
    assert "do not reach back" in words.against(span(date(2026, 1, 1)), "weekday")
    (late,) = words.remarks(span(date(2025, 3, 1)))
    assert late.startswith("Begins Sat 28 Feb")
    long = compare(
        data_first=date(2020, 1, 1),
        data_last=date(2024, 1, 31),
        reach="year",
        alignment=Alignment(by="fiscal", week_53="number"),
        freq="D",
    )
    (left_out,) = words.remarks(long)
    assert left_out == ("Week 53 (4 days so far) is left out: the year before had 52 weeks.")


def test_when_growth_is_split_then_the_sentence_has_all_parts() -> None:
    split = Split(before=100_00, now=130_00, steps={"volume": 40_00, "price": -12_00, "mix": 2_00})
    assert words.split_sentence(split, "revenue", "€") == (
        "Growth +€30: volume +€40, price −€12, mix +€2."
    )
    figure = charts.growth_parts(split, "revenue", "€")
    assert list(figure.data[0].x) == [40, -12, 2, 30]
    assert "−€12.00" in figure.data[0].hovertext[1]


@pytest.mark.parametrize("values", [[1.0], [5, 3, 2, 1, 1, 0.5], [1e9, 1e-6], [1] * 24])
def test_when_tiles_are_laid_then_their_areas_are_right_and_none_covers_another(
    values: list[float],
) -> None:
    laid = tiles(values, width=600, height=340)
    for value, tile in zip(values, laid, strict=True):
        assert tile.width * tile.height == pytest.approx(value / sum(values) * 600 * 340)
        assert tile.x >= -1e-6
        assert tile.y >= -1e-6
        assert tile.x + tile.width <= 600 + 1e-6
        assert tile.y + tile.height <= 340 + 1e-6
    for one, other in pairwise(laid):
        across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert min(across, down) <= 1e-6


@pytest.mark.parametrize(("crowd", "drawn"), [(4.0, 3), (5.0, 3), (5.5, 2)])
def test_when_the_small_ones_together_are_the_largest_then_they_are_named_not_drawn(
    crowd: float, drawn: int
) -> None:
    frame = pd.DataFrame(
        {
            "kind": ["product", "product", "other"],
            "label": ["A", "B", "9 others"],
            "value": [5.0, 3.0, crowd],
        }
    )
    shown, left_out = charts.without_crowd(frame)
    assert len(shown) == drawn
    assert shown["value"].is_monotonic_decreasing
    assert left_out == (None if drawn == 3 else ("9 others", crowd))


def test_when_weeks_are_cut_off_then_the_line_leaves_them_out_unless_few_are_left() -> None:
    frame = pd.DataFrame({"complete": [False, True, True, True, False]})
    assert len(charts.whole_periods(frame)) == 3
    assert len(charts.whole_periods(frame.iloc[2:])) == 3


def test_when_a_file_is_taken_away_then_no_cell_is_a_formula() -> None:
    frame = pd.DataFrame(
        {
            "code": ["=1+1"],
            "name": ["@x"],
            "categories": [["-A", "B"]],
            "units": [1.0],
            "units_before": [2.0],
            "revenue": [3.456],
            "revenue_before": [0.0],
            "is_new": [False],
            "is_gone": [True],
        }
    )
    table = words.every_product(frame, dataset="+Shop", comparison=span())
    row = pd.read_csv(io.BytesIO(table_files.csv(table))).iloc[0]
    assert (row["dataset"], row["code"], row["name"]) == ("'+Shop", "'=1+1", "'@x")
    assert (row["categories"], row["revenue"]) == ("'-A > B", 3.46)
    assert row["before_first_day"] == "2025-01-02"


# --- The page ---

SHOPS: dict[str, Sequence[Row]] = {
    "one day": [(1, 1, LAST, 3.0, 2.0)],
    "one product": year_of(1),
    "no prices": [*year_of(1, price=None), *year_of(2, price=None)],
    "all zeros": [*year_of(1, quantity=0), *year_of(2, quantity=0)],
    "returns only": [*year_of(1, quantity=-2), *year_of(2, quantity=-1)],
    "returns last year": [
        (1, 1, LAST, 5.0, 1.0),
        (1, 1, LAST - timedelta(days=364), -9.0, 1.0),
    ],
    "young": year_of(1, days=40),
    "gone": [(1, 1, LAST - timedelta(days=364), 5.0, 1.0), (2, 1, LAST, 1.0, 1.0)],
}


@pytest.mark.parametrize("name", SHOPS)
@pytest.mark.parametrize("show", ["Units", "Revenue"])
def test_when_the_shop_is_odd_then_there_is_a_picture_or_a_sentence(
    open_page: Open, name: str, show: str
) -> None:
    fill(state.store(), SHOPS[name], names=(LONG, LONG))
    app = open_page(PAGE, show=show)
    assert len(app.metric) >= 4
    assert shown_charts(app) >= 1
    assert "nan" not in texts(app).lower()
    assert "inf" not in [metric.value for metric in app.metric]


@pytest.mark.parametrize("frequency", ["D", "W", "M"])
@pytest.mark.parametrize("reach", ["Year", "Quarter", "Month", "52 weeks", "13 weeks", "4 weeks"])
def test_when_time_is_chosen_then_the_page_follows_for_every_frequency(
    open_page: Open, frequency: str, reach: str
) -> None:
    rows = year_of(1) + year_of(2, place=2)
    if frequency == "M":
        rows = [(1, 1, date(2024 + i // 12, i % 12 + 1, 1), 5.0, 2.0) for i in range(35)]
    fill(state.store(), rows, frequency=frequency)
    app = open_page(PAGE, reach=reach)
    assert " against " in app.caption[0].value
    assert app.metric[0].delta is not None


@pytest.mark.parametrize("align", ["Weekday", "ISO week", "Fiscal week"])
def test_when_alignment_is_chosen_then_the_caption_names_it(open_page: Open, align: str) -> None:
    fill(state.store(), year_of(1, days=1200))
    app = open_page(PAGE, align=align)
    assert {"Weekday": "weekdays", "ISO week": "ISO weeks", "Fiscal week": "fiscal weeks"}[
        align
    ] in app.caption[0].value


def test_when_an_alignment_is_kept_then_the_dataset_opens_with_it_again(open_page: Open) -> None:
    fill(state.store(), year_of(1, days=1200))
    app = open_page(PAGE, align="Fiscal week", pattern="5-4-4", fy_month="June")
    assert "fiscal weeks" in app.caption[0].value
    spoken = app.caption[0].value
    next(button for button in app.button if button.label == "Keep for this dataset").click().run()
    assert not app.exception
    again = open_page(PAGE)
    assert again.caption[0].value == spoken
    assert alignments.kept(state.store(), 1) == Alignment(
        by="fiscal", fiscal=FiscalCalendar(pattern="5-4-4", last_month=6)
    )
    again.get_by_key("align").set_value("Weekday").run()
    assert "weekdays" in again.caption[0].value
    other = open_page(PAGE, align="ISO week")
    assert "ISO weeks" in other.caption[0].value


def test_when_the_tree_is_nine_deep_then_every_level_can_be_seen(open_page: Open) -> None:
    path = [f"{LONG[:190]} {level}" for level in range(9)]
    fill(state.store(), year_of(1) + year_of(2), categories=[path])
    for depth in (1, 5, 9):
        app = open_page(PAGE, category=path[:depth])
        assert shown_charts(app) == 3
    app = open_page(PAGE, product="1")
    assert shown_charts(app) == 2
    assert "What sells" not in texts(app)


def test_when_a_scope_sold_nothing_then_a_sentence_says_so(open_page: Open) -> None:
    fill(state.store(), [(1, 1, LAST - timedelta(days=200), 1.0, 1.0), (2, 1, LAST, 1.0, 1.0)])
    app = open_page(PAGE, product="1", reach="4 weeks")
    assert "sold nothing" in texts(app)


def test_when_names_hold_markup_then_it_stays_text(open_page: Open) -> None:
    fill(state.store(), year_of(1) + year_of(2), names=("<b>x</b>", "$a$ :red[b]"))
    app = open_page(PAGE)
    spec = json.dumps([json.loads(chart.proto.spec) for chart in app.get("plotly_chart")])
    assert "&lt;b&gt;x" in spec
    assert "<b>x</b>" not in spec
