"""Below the navigation: which dataset, and units or revenue. Hidden while there is no data."""

import streamlit as st

from data.scope import Freq, Measure, Scope
from ui import address, jobs, kept_choice, layout, navigation, queries
from ui import format as fmt
from ui.engine import engine
from ui.queries import Dataset

_DATASET = "dataset_choice"
BUSY, IDLE = "2s", "15s"  # between looks at the jobs


def show() -> None:
    """Draw the dataset selector and the switch, both as the address says, and what runs."""
    datasets = queries.datasets()
    if not datasets:
        engine()  # from the first page on, so that jobs of the last start go on
        return
    current = dataset()
    if current and address.number("dataset") is None:
        address.go({"dataset": current.dataset_id})  # so that a link names it
    with st.sidebar:
        by_id = {entry.dataset_id: entry.name for entry in datasets}
        st.session_state[_DATASET] = current.dataset_id if current else None
        st.selectbox(
            "Dataset",
            list(by_id),
            format_func=lambda key: by_id[key],
            index=0 if current else None,
            placeholder="Choose a dataset",
            key=_DATASET,
            on_change=_switch,
            help="Everything on the screen comes from this dataset.",
        )
        if current and current.has_revenue:
            st.segmented_control(
                "Show",
                ["Units", "Revenue"],
                default=kept_choice.default("show", "Revenue"),
                required=True,
                key="show",
                bind="query-params",
                width="stretch",
                help="Changes every number, chart and file. Costs stay money.",
            )
        _jobs()


def _jobs() -> None:
    """One line of what runs, refreshed by itself; nothing while nothing does."""
    every = BUSY if jobs.count_active() else IDLE
    st.fragment(run_every=every, key="sidebar_jobs")(_line)()


def _line() -> None:
    with layout.errors_in_words():
        if not (listed := jobs.active()):
            return
        words, left, share, run_id = jobs.in_a_line(listed)
        st.page_link(
            navigation.JOBS,
            label=words,
            icon=":material/progress_activity:",
            query_params={"job": run_id},
        )
        st.progress(share, text=left)


def dataset() -> Dataset | None:
    """The dataset in use: the address's, else the newest. None: no data, or an unknown one."""
    datasets = queries.datasets()
    asked = address.number("dataset")
    if asked is None:
        return datasets[0] if datasets else None
    return next((entry for entry in datasets if entry.dataset_id == asked), None)


def chosen(*, shows: str = "") -> Dataset:
    """The dataset in use; stops the page with a message where there is none.

    `shows` is a sentence on what the page shows once there are sales.
    """
    found = dataset()
    if found is None and has_data():
        newest = queries.datasets()[0]
        st.markdown("This link leads to a dataset that does not exist here (any more).")
        st.button(f"Show {fmt.escape(newest.name)}", on_click=_show, args=(newest.dataset_id,))
        st.stop()
    if found is None:
        layout.stop(
            f"**No sales yet.** {shows} Load the demo shop, or bring a file.".replace("  ", " "),
            link=navigation.HOME,
            link_label="Start on Home",
        )
    if not found.sales_rows:
        layout.stop(f"**{fmt.escape(found.name)}** has no sales. Upload some, or choose another.")
    return found


def has_data() -> bool:
    """Whether anything was imported."""
    return bool(queries.datasets())


def whole(found: Dataset) -> Scope:
    """All products and places of a dataset by week, or by month where it has nothing finer."""
    freq: Freq = "M" if found.frequency == "M" else "W"
    return Scope(dataset_id=found.dataset_id, freq=freq, measure=measure(found))


def measure(found: Dataset) -> Measure:
    """Units or revenue; a dataset without prices has units only."""
    shown = st.session_state.get("show", "Revenue")
    return "revenue" if found.has_revenue and shown == "Revenue" else "quantity"


def _switch() -> None:
    _show(st.session_state[_DATASET])


def _show(dataset_id: int) -> None:
    """Another dataset: the products and places of the old one mean nothing in it."""
    address.go({**dict.fromkeys(address.NAMES), "dataset": dataset_id})
