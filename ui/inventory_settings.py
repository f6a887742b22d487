"""“How we order”: settings of the shop and its classes, and files of exceptions and deliveries."""

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from data import inventory, inventory_files, inventory_settings
from data.inventory_files import Kind, Parsed
from data.inventory_settings import NUMBERS, USUAL, Setting
from ui import format as fmt
from ui import inventory_reads as reads
from ui import inventory_words as words
from ui import layout, queries, state
from ui.queries import Dataset

CLASSES = ("", "A", "B", "C", *(a + x for a in "ABC" for x in "XYZ"))
_TITLES: dict[Kind, str] = {
    "settings": "Settings of single items or classes",
    "deliveries": "Deliveries on the way",
    "stock": "Stock on hand",
}
_DOES: dict[Kind, str] = {
    "settings": "Each line replaces what was said for the same class, product and place.",
    "deliveries": "The file replaces the whole list, so it has to hold all that is on its way.",
    "stock": "A later day counts instead of an earlier one, of sales or of counts.",
}


def fold(dataset: Dataset) -> None:
    """The fold at the end of the page."""
    with st.expander("How we order", icon=":material/tune:"):
        _classes(dataset)
        imports(dataset, kinds=("settings", "deliveries", "stock"))
        _log(dataset)


def imports(dataset: Dataset, *, kinds: tuple[Kind, ...]) -> None:
    """Files of settings, deliveries and stock: chosen, checked, and imported on a press."""
    kind: Kind = kinds[0]
    if len(kinds) > 1:
        st.markdown("**Import a file** :gray[· CSV; products and places by their codes]")
        kind = st.segmented_control(
            "File of",
            kinds,
            format_func=lambda name: _TITLES[name],
            default=kinds[1],
            required=True,
            key="inventory_kind",
            label_visibility="collapsed",
        )
    heads = ", ".join(inventory_files.HEADS[kind])
    st.caption(f"Columns: {heads.replace('_', chr(92) + '_')}. {_DOES[kind]}")
    st.download_button(
        "An example",
        _example(kind, dataset.dataset_id),
        file_name=f"{kind}.csv",
        mime="text/csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        key=f"inventory_example_{kind}",
    )
    file = st.file_uploader(
        _TITLES[kind],
        type=["csv"],
        key=f"inventory_file_{kind}_{reads.revision(dataset.dataset_id)}",
        label_visibility="collapsed",
        max_upload_size=inventory_files.LARGEST // 1_000_000,
    )
    if file is None:
        return
    store = state.store()
    parsed = inventory_files.read(
        file.getvalue(), kind, inventory_files.codes(store, dataset.dataset_id)
    )
    if parsed.problems:
        _problems(parsed)
        return
    if st.button(f"Import {fmt.count(parsed.rows, 'row')}", key=f"inventory_import_{kind}"):
        inventory_files.keep(store, dataset.dataset_id, parsed)
        layout.say_after_rerun(f"{fmt.count(parsed.rows, 'row')} imported.")
        st.rerun()


def _example(kind: Kind, dataset_id: int) -> str:
    """A file of a few lines with a product and a place of this dataset."""
    text = inventory_files.EXAMPLES[kind]
    codes = (queries.products(dataset_id)["code"], queries.places(dataset_id)["code"])
    for stands_for, known in zip(("P00001", "S1"), codes, strict=True):
        if len(known) and not set(str(known.iloc[0])) & set(',"\n'):
            text = text.replace(stands_for, fmt.cell(str(known.iloc[0])))
    return text


def _problems(parsed: Parsed) -> None:
    st.error(
        f"{fmt.count(parsed.problem_count, 'line')} cannot be read. Nothing was imported; correct "
        "the file and choose it again."
    )
    st.dataframe(
        pd.DataFrame([(each.line, each.value, each.reason) for each in parsed.problems],
                     columns=["Line", "Value", "What is wrong"]),
        hide_index=True,
        alt="Lines of the file that cannot be read, with the reason.",
    )  # fmt: skip
    if parsed.problem_count > len(parsed.problems):
        st.caption(f"The first {len(parsed.problems)} of {parsed.problem_count:,}.")


def _classes(dataset: Dataset) -> None:
    """The settings of the shop and of classes, to edit; an empty cell takes the line above it."""
    st.markdown(
        "**All products and classes** :gray[· an empty cell takes A, B or C, then all products; a "
        "product's own lead time and cost go first]"
    )
    given = reads.settings(dataset.dataset_id)
    table = _table(given[given["product_id"].isna()])
    revision = reads.revision(dataset.dataset_id)
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=["class"],
        placeholder="",
        key=f"inventory_classes_{dataset.dataset_id}_{revision}",
        column_config=_columns(),
        alt="Lead time, service and pack sizes of all products and of each class.",
    )
    exceptions = int(given["product_id"].notna().sum())
    deliveries = len(inventory.coming(state.store(), dataset.dataset_id, date.min))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{fmt.count(exceptions, 'exception')} of single items · "
            f"{fmt.count(deliveries, 'delivery', 'deliveries')} listed",
            width="content",
        )
        st.space("stretch")
        if not edited.equals(table) and st.button(
            "Save settings", type="primary", key="inventory_save_settings"
        ):
            inventory_settings.save(state.store(), dataset.dataset_id, _read(edited))
            layout.say_after_rerun("Settings saved; orders are planned anew.")
            st.rerun()


def _table(given: pd.DataFrame) -> pd.DataFrame:
    known = given.set_index("class").reindex(list(CLASSES))
    table = known[[*NUMBERS, "target"]].copy()
    table["service_level"] = table["service_level"] * 100
    for name in NUMBERS:
        table[name] = table[name].astype(float)
        usual = USUAL[name] * (100 if name == "service_level" else 1)
        if pd.isna(table.at["", name]) and pd.notna(usual) and usual != float("inf"):
            table.loc["", name] = usual
    if pd.isna(table.at["", "target"]):
        table.loc["", "target"] = USUAL["target"]
    table.insert(0, "class", [name or "All products" for name in CLASSES])
    return table.reset_index(drop=True).drop(columns="unit_cost")


def _read(edited: pd.DataFrame) -> list[Setting]:
    found = []
    for name, (_, row) in zip(CLASSES, edited.iterrows(), strict=True):
        given: dict[str, Any] = {
            key: None if pd.isna(row[key]) else float(row[key])
            for key in NUMBERS
            if key in edited.columns
        }
        if given["service_level"] is not None:
            given["service_level"] /= 100
        target = None if pd.isna(row["target"]) else str(row["target"])
        found.append(Setting(class_=name, target=target, **given))
    return found


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "class": config.TextColumn("Class", width=96, help="As on Segments, with usual limits."),
        "lead_time_days": config.NumberColumn(
            "Lead time", min_value=0.0, format="%g", width=96, help="Days from order to shelf."
        ),
        "lead_time_sd_days": config.NumberColumn(
            "Varies by", min_value=0.0, format="%g", width=96,
            help="Standard deviation of the lead time, days.",
        ),
        "review_days": config.NumberColumn(
            "Every", min_value=0.5, format="%g", width=84, help="Days between two orders."
        ),
        "pack_size": config.NumberColumn(
            "Pack", min_value=0.001, format="%g", width=80,
            help="Units of a pack; orders are whole packs.",
        ),
        "min_order": config.NumberColumn(
            "Least", min_value=0.0, format="%g", width=80, help="Smallest order, units."
        ),
        "shelf_life_days": config.NumberColumn(
            "Keeps", min_value=0.5, format="%g", width=84, help="Shelf life, days; empty: for ever."
        ),
        "service_level": config.NumberColumn(
            "Service, %", min_value=0.1, max_value=99.9, format="%g", width=96,
            help="What is asked of the stock; the next column says of what it is a share.",
        ),
        "target": config.SelectboxColumn(
            "Measured as", options=list(words.TARGETS), width=210,
            format_func=lambda name: words.TARGETS[str(name)],
            help="What the service level is a share of; “least cost” needs price and unit cost.",
        ),
    }  # fmt: skip


def _log(dataset: Dataset) -> None:
    made = inventory.history(state.store(), dataset.dataset_id, limit=12)
    if made.empty:
        return
    st.markdown("**Decisions** :gray[· the latest]")
    said = ["approved" if approved else "taken back" for approved in made["approved"]]
    st.dataframe(
        pd.DataFrame(
            {
                "When": made["decided_at"],
                "Who": made["author"],
                "Product": made["product"],
                "Place": made["place"],
                "Proposed": made["proposed"],
                "Quantity": made["quantity"],
                "Decision": said,
                "Reason": made["reason"],
            }
        ),
        hide_index=True,
        alt="The latest decisions on orders.",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM HH:mm"),
            "Proposed": st.column_config.NumberColumn(format="%,d"),
            "Quantity": st.column_config.NumberColumn(format="%,d"),
        },
    )
