"""Every product of the scope with its first forecast, below the forecast of the scope itself.

It is there before anything was trained: seconds after an upload.
"""

import pandas as pd
import streamlit as st

from data.scope import Scope
from ui import address, background, forecast_words, queries, state
from ui import format as fmt
from ui.queries import Dataset

_TABLE = "every_product"
_HELP = (
    "By our pretrained network, which learned from made-up sales and reads yours as it forecasts. "
    "Products with few sales are forecast like others of their category and price. Train fits a "
    "model to your data, and its forecasts add up to that of the scope. A click opens a product."
)


def show(scope: Scope, dataset: Dataset, horizon: int) -> None:
    """The table; nothing for a single product. The page goes on while it is made."""
    if scope.product_id is not None:
        return
    ahead = forecast_words.periods(horizon, scope.freq)
    title = st.empty()
    title.markdown(_title(ahead), help=_HELP)
    products = queries.products(dataset.dataset_id)

    def made(tell: background.Tell) -> pd.DataFrame:
        from ui import first_forecasts  # late: the library takes a while to import

        known = first_forecasts.Products(
            names={str(key): str(name) for key, name in products["name"].items()},
            categories={str(key): path for key, path in products["categories"].items()},
        )
        return first_forecasts.every_product(store, scope, horizon, known, tell)

    store = state.store()
    found = background.later(
        "first_forecasts",
        queries.version(),
        (scope, horizon),
        made,
        label="Forecasting every product",
    )
    if found is None or found.empty:
        return
    title.markdown(_title(f"{fmt.count(len(found), 'product')}, next {ahead}"), help=_HELP)
    _draw(found, scope, dataset, ahead)


def _title(what: str) -> str:
    return (
        f"**Every product** :gray[· {what}] :blue-badge[First forecast, not trained on your data]"
    )


def _draw(found: pd.DataFrame, scope: Scope, dataset: Dataset, ahead: str) -> None:
    money = scope.measure == "revenue"
    amount = f"{dataset.currency if money else ''}%,d"
    number = st.column_config.NumberColumn
    key = f"{_TABLE}-{scope}"
    shown = pd.DataFrame(
        {
            "product": found["product"],
            "forecast": found["forecast"].round(),
            "low": found["low"].round(),
            "high": found["high"].round(),
            "growth": found["growth"] * 100,
            "line": found["line"],
            "note": found["note"],
        }
    )
    if not found["note"].any():
        shown = shown.drop(columns="note")
    st.dataframe(
        fmt.with_signed_percents(shown, {"growth": 0}),
        hide_index=True,
        placeholder="new",
        height="auto" if len(found) <= 9 else 360,
        key=key,
        on_select=lambda: _open(key, found["product_id"].tolist()),
        selection_mode="single-cell",
        alt=f"First forecasts of {fmt.count(len(found), 'product')}, next {ahead}",
        column_config={
            "product": st.column_config.TextColumn("Product", width=240),
            "forecast": number("Revenue" if money else "Units", format=amount, width=86),
            "low": number("8 in 10: from", format=amount, width=90),
            "high": number("to", format=amount, width=80),
            "growth": number("vs LY", width=64),
            "line": st.column_config.LineChartColumn(
                "Sold, then forecast", width=170, y_min=0, color="gray"
            ),
            "note": st.column_config.TextColumn("Note", width=300),
        },
    )


def _open(key: str, ids: list[str]) -> None:
    """Make the clicked product the scope."""
    cells = st.session_state[key].selection.cells
    if cells:
        address.go({"product": ids[cells[0][0]]})
