"""The Data quality page: its words and figures, and the page itself on odd little shops."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pandas as pd
import pytest
from streamlit.elements.lib import streamlit_plotly_theme as theme
from streamlit.testing.v1 import AppTest

from data.quality import Quality
from data.quality_findings import Found
from data.quality_tables import Totals
from data.scope import Freq
from tests.stores import APP
from ui import navigation, quality_charts, state
from ui import quality_words as words

PAGE = "pages/data/quality.py"
MONDAY = date(2024, 1, 1)
Row = tuple[int, int, date, float, float | None, float | None]


def totals(**changes: object) -> Totals:
    fields: dict[str, object] = {
        "products": 2,
        "series": 2,
        "first_day": MONDAY,
        "last_day": MONDAY,
        "life": 10_000,
        "closed": 0,
        "missing": 0,
        "sold_days": 10,
        "stock_known": 0,
        "stock_out": 0,
        "sold": 10.0,
        "returned": 0.0,
        "priceless": 0,
        "categorised": True,
        "refused": 0,
        "set_aside": 0,
    }
    return Totals(**(fields | changes))  # type: ignore[arg-type]


def quality(*found: Found, **changes: object) -> Quality:
    empty = pd.DataFrame()
    return Quality(
        totals=totals(**changes),
        found=found,
        bin="month",
        bins=empty,
        days=empty,
        products=empty,
    )


def days(count: int, *, empty: Sequence[int] = (), freq: str = "D") -> pd.DataFrame:
    """Periods from Monday 1 January 2024, with nothing sold in the `empty` ones."""
    frame = pd.DataFrame({"day": pd.date_range(MONDAY, periods=count, freq=freq)})
    frame["sells"] = [i not in empty for i in range(count)]
    frame["rows"] = [0 if i in empty else 4 for i in range(count)]
    frame["share"] = frame["rows"] / 8
    return frame


# --- Words ---


def test_when_a_gap_is_tiny_then_coverage_is_not_called_complete() -> None:
    assert words.covered_share(quality(missing=0)) == "100%"
    assert words.covered_share(quality(missing=1)) == ">99.9%"
    assert words.covered_share(quality(missing=2_500)) == "75.0%"


def test_when_findings_are_listed_then_what_to_fix_comes_first() -> None:
    codes = ["new", "negative", "out", "priceless"]
    found = [Found(code=code, rows=i + 1, of=10) for i, code in enumerate(codes)]
    listed = words.lines(quality(*found), "D")
    assert [line.severity for line in listed] == ["fix", "look", "look", "note"]
    assert [line.count for line in listed][1:3] == ["3 product-days", "2 product-days"]


@pytest.mark.parametrize("code", words.FINDINGS)
@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_when_something_is_found_then_all_its_words_follow_the_data(code: str, freq: Freq) -> None:
    (line,) = words.lines(quality(Found(code=code, rows=1, of=2, times=3)), freq)
    assert "{" not in line.title + line.count + line.why
    assert line.why.endswith(".")
    if freq != "D" and code in ("closed", "missing"):
        assert line.title.startswith({"W": "Weeks", "M": "Months"}[freq])


def test_when_everything_is_affected_then_no_share_is_shown() -> None:
    (line,) = words.lines(quality(Found(code="no_prices", rows=2, of=2)), "D")
    assert line.share is None


def products() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product_id": [1, 2],
            "code": ["=cmd()", "B"],
            "name": ["@sum", "Böwl"],
            "why": [["Returns", "New"], []],
            "first_day": pd.to_datetime(["2024-01-01", "2024-02-01"]),
            "last_sold": pd.to_datetime(["2024-03-01", None]),
            "missing": [0.25, 0.0],
            "zero": [0.0, 1.0],
            "out": [float("nan")] * 2,
            "returned": [0.5, float("nan")],
            "priceless": [0.0, 0.0],
            "largest": [3.0, float("nan")],
            "units": [10.0, 0.0],
            "revenue": [20.0, float("nan")],
            "doubt_units": [5.0, 7.0],
            "doubt_revenue": [10.0, float("nan")],
            "spark": [[1.0, 2.0], [0.0, -3.0]],
        }
    )


def test_when_the_measure_changes_then_the_order_of_the_table_does() -> None:
    units = words.table(products(), money=False, rows=5)
    assert units["product_id"].tolist() == [2, 1]
    assert units.at[0, "spark"] == [0, 0]
    money = words.table(products(), money=True, rows=1)
    assert money["product_id"].tolist() == [1]
    assert money.at[0, "missing"] == 25
    assert money.at[0, "doubt"] == 10


def test_when_the_table_is_downloaded_then_no_cell_is_a_formula() -> None:
    lines = words.csv(products(), dataset="+Shop", place="Berlin").splitlines()
    assert lines[0].startswith("dataset,place,code,name,why,first_day,last_sale,share_without_row")
    assert lines[1].startswith("""'+Shop,Berlin,'=cmd(),'@sum,"Returns, New",2024-01-01,2024-03""")
    assert lines[2].startswith("'+Shop,Berlin,B,Böwl,,2024-02-01,,0.0,1.0,,,")


# --- Figures ---


def test_when_streamlit_changes_its_stand_ins_then_this_fails() -> None:
    assert [getattr(theme, f"SEQUENTIAL_{i}") for i in range(10)] == list(quality_charts.SEQUENTIAL)


def test_when_a_day_sold_nothing_then_its_square_is_blank() -> None:
    figure = quality_charts.calendar(days(21, empty=[8]), "D")
    (heat,) = figure.data
    assert list(heat.y) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert heat.z.shape == (7, 3)
    assert pd.isna(heat.z[1][1])
    assert heat.text[1][1] == "Tue 9 Jan 2024: no row"
    assert heat.text[0][0] == "Mon 1 Jan 2024: 4 series with a row, 50.0% of those alive"
    assert int(pd.isna(heat.z).sum()) == 1


def test_when_the_data_are_long_then_the_calendar_shows_the_last_three_years() -> None:
    (heat,) = quality_charts.calendar(days(2_000), "D").data
    assert len(heat.x) in (quality_charts.CALENDAR_WEEKS, quality_charts.CALENDAR_WEEKS + 1)
    assert pd.Timestamp(heat.x[-1]) == pd.Timestamp("2029-06-18")


@pytest.mark.parametrize(("freq", "step", "shape"), [("W", "W-MON", (2, 52)), ("M", "MS", (6, 12))])
def test_when_data_are_weeks_or_months_then_years_stand_below_each_other(
    freq: Freq, step: str, shape: tuple[int, int]
) -> None:
    (heat,) = quality_charts.calendar(days(70, freq=step), freq).data
    assert heat.z.shape == shape
    assert list(heat.y)[:2] == ["2024", "2025"]


def test_when_nothing_ever_sold_then_the_calendar_is_blank_and_says_so() -> None:
    (heat,) = quality_charts.calendar(days(14, empty=range(14)), "D").data
    assert pd.isna(heat.z).all()
    text = quality_charts.describe_calendar(days(14, empty=range(14)), "D")
    assert text.startswith("Nothing sold on 14 of 14 days")


def test_when_there_are_holes_then_the_longest_is_named() -> None:
    text = quality_charts.describe_calendar(days(30, empty=[3, 10, 11, 12, 20]), "D")
    assert text == (
        "Nothing sold on 5 of 30 days; the longest hole has 3 days, 11 Jan 2024 – 13 Jan 2024."
    )
    assert quality_charts.describe_calendar(days(9), "D") == "Something sold in every day of 9."


def test_when_a_month_sold_nothing_then_its_place_is_marked() -> None:
    bins = pd.DataFrame({"start": pd.date_range("2024-01-01", periods=4, freq="MS")})
    bins["series"] = [5, 0, 7, 6]
    figure = quality_charts.selling(bins, "month")
    assert [note.x for note in figure.layout.annotations] == [pd.Timestamp("2024-02-01")]
    assert figure.data[0].text[2] == "Mar 2024: 7 series sold"
    assert quality_charts.describe_selling(bins, "month") == (
        "Between 0 and 7 series sold in each month of 4."
    )


# --- The page ---


@pytest.fixture
def shop(empty_store: None) -> Callable[..., AppTest]:
    """Opens the page on a dataset with these rows."""

    def opened(rows: Sequence[Row], frequency: str = "D", **address: str) -> AppTest:
        _fill(rows, frequency)
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.query_params.update(address)
        app = app.switch_page(PAGE).run()
        assert not app.exception
        assert not app.error
        return app

    return opened


def _fill(rows: Sequence[Row], frequency: str) -> None:
    frame = pd.DataFrame(
        rows, columns=["product_id", "place_id", "day", "quantity", "price", "stock"]
    )
    with state.store().transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, created_at, frequency) "
            "VALUES (1, 'Shop <b>', 'upload', now()::TIMESTAMP, ?)",
            [frequency],
        )
        cursor.execute(
            "INSERT INTO import_log SELECT 1, 1, 'new', '[]', '{}', 9, 8, 0, 1, 8, 0, 0, NULL, "
            "NULL, now()::TIMESTAMP, 1, NULL, 'Shop'"
        )
        cursor.register("given", frame)
        cursor.execute(
            "INSERT INTO product (product_id, dataset_id, code, name) "
            "SELECT DISTINCT product_id, 1, product_id::VARCHAR, '<script>' || product_id "
            "FROM given"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name) "
            "SELECT DISTINCT place_id, 1, place_id::VARCHAR, '*Place* ' || place_id FROM given"
        )
        cursor.execute(
            "INSERT INTO sales (dataset_id, product_id, place_id, day, quantity, revenue, price, "
            "stock_on_hand, import_id) SELECT 1, product_id, place_id, day, quantity, "
            "quantity * price::DOUBLE, price::DOUBLE, stock::DOUBLE, 1 FROM given"
        )


def every_day(
    count: int, *, quantity: float = 5, price: float | None = 2.0, step: int = 1
) -> list[Row]:
    return [(1, 1, MONDAY + timedelta(days=step * i), quantity, price, None) for i in range(count)]


def text_of(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.caption]
    return "\n".join(str(part.value) for part in parts)


def card(app: AppTest, label: str) -> tuple[str, str]:
    found = next(metric for metric in app.metric if metric.label == label)
    return str(found.value), str(found.delta)


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def test_when_there_is_one_day_of_one_product_then_no_empty_chart_is_drawn(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(every_day(1))
    assert charts(app) == 0
    assert "One day of sales" in text_of(app)
    assert card(app, "Days covered") == ("100%", "no gap")
    assert card(app, "Out of stock")[0] == "–"


def test_when_nothing_was_sold_then_the_page_says_what_to_do(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(every_day(40, quantity=0))
    assert "Nothing was ever sold" in text_of(app)
    assert card(app, "Returned")[0] == "–"


def test_when_rows_are_weeks_then_everything_is_counted_in_weeks(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(every_day(60, step=7), frequency="W")
    assert card(app, "Weeks covered") == ("100%", "no gap")
    assert "Every week" in text_of(app)
    assert "day" not in card(app, "Out of stock")[1]
    assert charts(app) == 2


def test_when_there_are_no_prices_then_the_page_works_in_units(
    shop: Callable[..., AppTest],
) -> None:
    app = shop([*every_day(40, price=None), (1, 1, MONDAY + timedelta(days=40), -90, None, None)])
    assert "**No prices**" in text_of(app)
    assert "most units in doubt" in text_of(app)
    assert len(app.dataframe) == 1


def test_when_data_are_old_then_freshness_is_orange_and_in_words(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(every_day(40))
    value, delta = card(app, "Data until")
    assert value.endswith("9 Feb 2024")
    assert "ago" in delta
    freshness = next(metric for metric in app.metric if metric.label == "Data until")
    assert "ORANGE" in str(freshness.proto)


def test_when_names_hold_markup_then_they_are_shown_as_text(
    shop: Callable[..., AppTest],
) -> None:
    app = shop([*every_day(40), (1, 2, MONDAY, -50.0, 2.0, None)])
    text = text_of(app)
    assert "\\<script\\>1" in text
    assert "<script>1" not in text.replace("\\<script\\>", "")
    assert "Shop \\<b\\>" in text


def test_when_rows_were_refused_then_a_link_leads_to_imports(
    shop: Callable[..., AppTest],
) -> None:
    text = text_of(shop(every_day(40)))
    assert "**Left out at import** 1 row" in text
    assert "1 could not be read" in text


def test_when_a_place_is_chosen_then_only_its_sales_count(shop: Callable[..., AppTest]) -> None:
    rows = [*every_day(40), *((1, 2, *row[2:]) for row in every_day(10))]
    app = shop(rows, place="2")
    assert "1 product, 1 series" in text_of(app)
    app.get_by_key("place_choice").set_value(None)
    app.run()
    assert "1 product, 2 series" in text_of(app)
    assert "place" not in app.query_params


def test_when_the_address_names_an_unknown_place_then_a_button_leads_back(
    shop: Callable[..., AppTest],
) -> None:
    app = shop(every_day(40), place="77")
    assert "This place does not exist" in text_of(app)
    app.main.button[0].click().run()
    assert card(app, "Days covered")[0] == "100%"


def test_when_the_page_is_listed_then_it_stands_between_upload_and_imports() -> None:
    titles = [entry.title for entry in navigation.TABLE["Data"]]
    assert titles[:3] == ["Upload", "Data quality", "Imports"]
