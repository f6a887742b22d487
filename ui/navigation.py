"""The one table of pages: a section of the sidebar, and the scripts in it, in order.

A new page is one file under `pages/<section>/` and one line here.
"""

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True)
class Entry:
    """One page: its script, its words, and whether the address without a path opens it."""

    path: str  # relative to app.py; the file name is also the URL
    title: str
    icon: str
    help: str  # one sentence, shown as a tooltip
    default: bool = False


HOME = "pages/start/home.py"
FORECAST = "pages/forecast/forecast.py"
COMPARE = "pages/forecast/compare.py"
CHANGES = "pages/forecast/changes.py"
TRAIN = "pages/forecast/train.py"
JOBS = "pages/forecast/jobs.py"
MODELS = "pages/forecast/models.py"
SCHEDULES = "pages/forecast/schedules.py"
REPORTS = "pages/plan/reports.py"
UPLOAD = "pages/data/upload.py"

TABLE: dict[str, tuple[Entry, ...]] = {
    "": (Entry(HOME, "Home", ":material/inbox:", "What is loaded and what moves.", default=True),),
    "Data": (
        Entry(UPLOAD, "Upload", ":material/upload_file:", "Bring sales: checked before kept."),
        Entry(
            "pages/data/quality.py",
            "Data quality",
            ":material/fact_check:",
            "How far the sales can be trusted, and what to look at first.",
        ),
        Entry(
            "pages/data/imports.py",
            "Imports",
            ":material/history:",
            "What was imported, when, and undoing the last one.",
        ),
        Entry(
            "pages/data/keys.py",
            "API keys",
            ":material/key:",
            "Who may ask over REST, and how: forecasts out, sales in.",
        ),
    ),
    "Explore": (
        Entry(
            "pages/explore/overview.py",
            "Overview",
            ":material/area_chart:",
            "What sells against last year, and where growth comes from.",
        ),
        Entry(
            "pages/explore/segments.py",
            "Segments",
            ":material/grid_view:",
            "Which products earn and which vary; sets of them to keep.",
        ),
        Entry(
            "pages/explore/seasonality.py",
            "Seasonality",
            ":material/calendar_view_week:",
            "When it sells: week, year, trend and the next peak.",
        ),
        Entry(
            "pages/explore/calendar.py",
            "Calendar",
            ":material/event:",
            "What comes, what it does to sales, and editing it.",
        ),
        Entry(
            "pages/explore/lost_sales.py",
            "Lost sales",
            ":material/remove_shopping_cart:",
            "When products were out of stock, and what would have sold.",
        ),
        Entry(
            "pages/explore/unusual.py",
            "Unusual sales",
            ":material/crisis_alert:",
            "Sales that do not fit, why, and correcting them so that it can be undone.",
        ),
    ),
    "Forecast": (
        Entry(
            FORECAST,
            "Forecast",
            ":material/show_chart:",
            "What will sell, in which range, beside last year.",
        ),
        Entry(COMPARE, "Compare", ":material/leaderboard:", "Which model is better, and is it so."),
        Entry(
            CHANGES,
            "What changed",
            ":material/difference:",
            "Why a forecast is another one than before: sales, plan or model.",
        ),
        Entry(TRAIN, "Train", ":material/model_training:", "Networks, trained in the background."),
        Entry(JOBS, "Jobs", ":material/progress_activity:", "What is being done, and was."),
        Entry(MODELS, "Models", ":material/deployed_code:", "Every trained model, to use again."),
        Entry(SCHEDULES, "Schedules", ":material/event_repeat:", "What repeats by itself."),
    ),
    "Plan": (
        Entry(
            "pages/plan/what_if.py",
            "What-if",
            ":material/alt_route:",
            "Prices, promotions, events and stock other than planned: what it would do.",
        ),
        Entry(
            "pages/plan/prices.py",
            "Prices",
            ":material/price_change:",
            "How sales answer prices, and which price earns most.",
        ),
        Entry(
            "pages/plan/promotions.py",
            "Promotions",
            ":material/percent_discount:",
            "What past promotions earned, all counted, and which kinds work.",
        ),
        Entry(
            "pages/plan/inventory.py",
            "Inventory",
            ":material/inventory_2:",
            "What to order now, what is too much, and what to move.",
        ),
        Entry(REPORTS, "Reports", ":material/description:", "PDF, Excel and HTML to hand on."),
    ),
}


def entries() -> list[Entry]:
    """Every page, in the order of the sidebar."""
    return [entry for section in TABLE.values() for entry in section]


def current() -> StreamlitPage:
    """The page that the address asks for, after drawing the navigation."""
    return st.navigation(
        {
            section: [
                st.Page(
                    entry.path,
                    title=entry.title,
                    icon=entry.icon,
                    help=entry.help,
                    default=entry.default,
                )
                for entry in section_entries
            ]
            for section, section_entries in TABLE.items()
            if section_entries
        },
        expanded=True,  # else Streamlit folds the last section away
    )


def open_forecast(dataset_id: int, product: str, place_id: int | None = None) -> NoReturn:
    """Go on to the forecast of the product of this id, in one place or in all of them."""
    asked = {"dataset": str(dataset_id), "product": product}
    if place_id is not None:
        asked["place"] = str(place_id)
    st.switch_page(FORECAST, query_params=asked)
