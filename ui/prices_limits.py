"""Limits of single products on the Prices page: a competitor's price, the lowest, the highest."""

from typing import Any

import pandas as pd
import streamlit as st

from data import price_files, price_rules
from data.errors import DataError
from data.price_rules import LIMITS, Kept
from data.scope import Scope
from ui import corrected, layout, queries, state, table_files
from ui import format as fmt
from ui import prices_reads as reads
from ui.queries import Dataset

LISTED = 2_000
_LABELS = {"competitor": "Competitor", "at_least": "At least", "at_most": "At most"}
_MEANS = {
    "competitor": "What a competitor charges; the rules of all products say how far from it.",
    "at_least": "The lowest price that may be charged, such as one agreed with the supplier.",
    "at_most": "The highest price that may be charged, such as the one printed on the pack.",
}


def edit(dataset: Dataset, scope: Scope, kept: Kept) -> None:
    """A table of the products beside the title, to type in; empty is no limit."""
    table = _table(dataset, scope)
    if table.empty:
        st.caption("No product here. Choose another category beside the title.")
        return
    config = st.column_config
    money = f"{dataset.currency}%,.2f"
    shown = table.head(LISTED)
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=["name", "price"],
        placeholder="",
        height=320,
        key=f"price_limits-{dataset.dataset_id}-{kept.edit_id}-{scope.categories}",
        alt="Products with their price now, a competitor's price, and limits to type in.",
        column_config={
            "name": config.TextColumn("Product", width=220),
            "price": config.NumberColumn(
                "Price now", format=money, width=90, help="Asked last outside promotions."
            ),
            **{
                name: config.NumberColumn(
                    _LABELS[name], format=money, min_value=0.0, width=100, help=_MEANS[name]
                )
                for name in LIMITS
            },
        },
    )
    if len(table) > LISTED:
        st.caption(f"The first {LISTED:,} of {len(table):,}; a file can name all of them.")
    before, after = shown[list(LIMITS)], edited[list(LIMITS)].astype(float)
    changed = after[(after.ne(before) & ~(after.isna() & before.isna())).any(axis=1)]
    said = f"Limits of {fmt.count(len(changed), 'product')}"
    if len(changed) and st.button(f"Keep {said.lower()}", type="primary", key="price_limits_save"):
        _keep(dataset, changed, said)


def upload(dataset: Dataset, kept: Kept) -> None:
    """A file of prices by product code: chosen, checked, kept on a press."""
    st.caption(
        "CSV with the columns product (its code), competitor, at\\_least, at\\_most. Prices in "
        f"{fmt.escape(dataset.currency)}; an empty cell is no limit. Products not named stay as "
        "they are."
    )
    table_files.buttons(
        lambda: example(dataset), "The list as it is", stem="price-limits", key="price_limits_file"
    )
    file = st.file_uploader(
        "Prices of products",
        type=["csv"],
        key=f"price_limits_upload-{kept.edit_id}",
        label_visibility="collapsed",
        max_upload_size=price_files.LARGEST // 1_000_000,
    )
    if file is None:
        return
    codes = queries.products(dataset.dataset_id)["code"]
    try:
        parsed = price_files.read(
            file.getvalue(),
            dict(zip(codes.astype(str), codes.index.tolist(), strict=True)),
            currency=dataset.currency,
        )
    except DataError as error:
        st.error(fmt.escape(str(error)))
        return
    if parsed.problems:
        _problems(parsed)
        return
    said = f"{fmt.count(len(parsed.limits), 'product')} from a file"
    if st.button(f"Keep {said}", type="primary", key="price_limits_import"):
        _keep(dataset, parsed.limits, said)


def example(dataset: Dataset) -> pd.DataFrame:
    """The limits by product code as the upload takes them; every product, best sellers first."""
    products = queries.products(dataset.dataset_id)
    limits = price_rules.limits(state.store(), dataset.dataset_id).reindex(products.index)
    return pd.DataFrame(
        {"product": products["code"].astype(str), "name": products["name"].astype(str)}
    ).join(limits)


def _table(dataset: Dataset, scope: Scope) -> pd.DataFrame:
    products = queries.products(dataset.dataset_id)
    products = products[products.index.isin(reads.products_of(scope))]
    known = reads.now(dataset.dataset_id, scope.place_id).set_index("product_id")["price"]
    limits = price_rules.limits(state.store(), dataset.dataset_id)
    frame = pd.DataFrame({"name": products["name"].astype(str), "price": known})
    return frame.reindex(products.index).join(limits)


def _keep(dataset: Dataset, limits: pd.DataFrame, said: str) -> None:
    try:
        price_rules.save_limits(
            state.store(), dataset.dataset_id, limits, words=said, author=corrected.author()
        )
    except DataError as error:
        st.error(fmt.escape(_named(str(error), dataset, limits)))
        return
    layout.say_after_rerun(f"Kept: {said}.")
    st.rerun()


def _named(text: str, dataset: Dataset, limits: pd.DataFrame) -> str:
    """The error with the product's name instead of its number in the database."""
    products = queries.products(dataset.dataset_id)["name"]
    for product in limits.index:
        text = text.replace(f"roduct {product} ", f"roduct “{products.get(product)}” ")
    return text


def _problems(parsed: price_files.Parsed) -> None:
    st.error(
        f"{fmt.count(parsed.problem_count, 'cell')} cannot be read. Nothing was kept; correct the "
        "file and choose it again."
    )
    rows: list[tuple[Any, ...]] = [
        (each.line, each.column, each.value, each.reason) for each in parsed.problems
    ]
    st.dataframe(
        pd.DataFrame(rows, columns=["Line", "Column", "Value", "What is wrong"]),
        hide_index=True,
        alt="Cells of the file that cannot be read, with the reason.",
    )
    if parsed.problem_count > len(parsed.problems):
        st.caption(f"The first {len(parsed.problems)} of {parsed.problem_count:,}.")
