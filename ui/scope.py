"""Choosing what to look at: a node of the product tree or a segment, a place, and a period.

Category, product, place and segment live in the address, and so does whether sales are corrected;
the period is a bound widget. An address that names what does not exist (any more) ends in a plain
message with a way back.
"""

import pandas as pd
import streamlit as st

from data.saved_segments import Segment
from data.scope import Freq, Level, Scope
from ui import address, corrected, kept_choice, queries, sidebar
from ui import format as fmt
from ui.layout import Head
from ui.queries import Dataset

PERIODS: dict[str, Freq] = {"Day": "D", "Week": "W", "Month": "M"}
LISTED = 2_000  # products offered by name; the others are found by typing their code
FEW_PLACES = 5  # up to here they stand side by side

_ALL = 0  # stands for all places in the switch; ids start at 1
_FIND = "find_product"
_PLACE = "place_choice"
_CATEGORY = "category_choice"
_SEGMENT = "segment_choice"


def current(head: Head, *, corrections: bool = True, shows: str = "") -> tuple[Dataset, Scope]:
    """The dataset and scope of the address; draws the scope control beside the title.

    Where `corrections` can be used and are, a line below the title says so. Stops the page with a
    message where there is no data, with what it `shows` once there are some, or where the address
    names something unknown.
    """
    dataset = sidebar.chosen(shows=shows)
    categories, product_id, place_id = address.path(), address.number("product"), None
    products, places = queries.products(dataset.dataset_id), queries.places(dataset.dataset_id)
    if product_id is not None:
        if product_id not in products.index:
            _unknown("This product does not exist in {}.", dataset, "product")
        categories = products["categories"][product_id]
    elif categories and not _below(dataset.dataset_id, categories):
        _unknown("There is no category “" + fmt.escape(categories[-1]) + "” in {}.", dataset)
    if (place_id := address.number("place")) is not None and place_id not in places.index:
        _unknown("This place does not exist in {}.", dataset, "place")
    segment = _segment(dataset)
    with head.scope:
        freq = _control(
            dataset, products, places, categories, product_id, place_id, segment, corrections
        )
    uses = corrections and corrected.is_asked(dataset.dataset_id)
    scope = Scope(
        dataset_id=dataset.dataset_id,
        categories=tuple(categories),
        product_id=product_id,
        place_id=place_id,
        segment_id=segment.segment_id if segment and product_id is None else None,
        segment_revision=segment.revision if segment and product_id is None else 0,
        freq=freq,
        measure=sidebar.measure(dataset),
        corrected=uses,
        correction_revision=corrected.revision(dataset.dataset_id) if uses else 0,
    )
    if uses:
        st.caption(corrected.caption(scope))
    return dataset, scope


def name(scope: Scope) -> str:
    """The node of the tree in words: a product, a category, a segment, or all products."""
    if scope.product_id is not None:
        return str(queries.products(scope.dataset_id).at[scope.product_id, "name"])
    kept = next(
        (
            each
            for each in queries.segments(scope.dataset_id)
            if each.segment_id == scope.segment_id
        ),
        None,
    )
    if scope.categories:
        return f"{scope.categories[-1]} in {kept.name}" if kept else scope.categories[-1]
    return kept.name if kept else "All products"


def place(scope: Scope) -> str:
    """The place in words."""
    if scope.place_id is None:
        return "all places"
    return str(queries.places(scope.dataset_id).at[scope.place_id, "name"])


def way(dataset: Dataset, scope: Scope) -> None:
    """The row below the title: the way up the tree, a search, and the places where few."""
    places = queries.places(dataset.dataset_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _breadcrumb(scope)
        st.space("stretch")
        _find(dataset)
        if 1 < len(places) <= FEW_PLACES:
            _place_switch(places, scope.place_id)


def has_deeper_categories(scope: Scope) -> bool:
    """Whether the category of the scope has categories of its own."""
    depth = len(scope.categories)
    return scope.product_id is None and any(
        len(path) > depth for path in _below(scope.dataset_id, scope.categories)
    )


def has_children(scope: Scope, level: Level) -> bool:
    """Whether the scope has categories, products or places inside to look at one by one."""
    if level == "category":
        return has_deeper_categories(scope)
    if level == "place":
        return scope.place_id is None and len(queries.places(scope.dataset_id)) > 1
    return scope.product_id is None


def _unknown(message: str, dataset: Dataset, *names: str) -> None:
    st.markdown(message.format(fmt.escape(dataset.name)) + " It may have been removed since.")
    cleared = {key: None for key in names or ("category",)}
    st.button("Show everything", on_click=address.go, args=(cleared,))
    st.stop()


def _segment(dataset: Dataset) -> Segment | None:
    """The saved segment of the address; stops the page where it does not exist."""
    asked = address.number("segment")
    if asked is None:
        return None
    saved = queries.segments(dataset.dataset_id)
    found = next((each for each in saved if each.segment_id == asked), None)
    if found is None:
        _unknown("This segment does not exist in {}.", dataset, "segment")
    return found


def _control(
    dataset: Dataset,
    products: pd.DataFrame,
    places: pd.DataFrame,
    categories: tuple[str, ...],
    product_id: int | None,
    place_id: int | None,
    segment: Segment | None,
    corrections: bool,
) -> Freq:
    """The popover whose label is the scope in words; gives the period."""
    offered = [word for word, freq in PERIODS.items() if "DWM".index(freq) >= _finest(dataset)]
    usual = "Week" if "Week" in offered else offered[0]
    if st.session_state.get("by") not in offered:
        st.session_state.pop("by", None)  # left over from a dataset of days
    period = PERIODS[_period_asked(offered) or usual]
    node = products.at[product_id, "name"] if product_id is not None else None
    where = places.at[place_id, "name"] if place_id is not None else "all places"
    whole = segment.name if segment else "all products"
    words = [node or (categories[-1] if categories else whole), where]
    if segment and categories and product_id is None:
        words.insert(1, segment.name)
    label = " · ".join([*(fmt.escape(_short(str(word))) for word in words), _word(period)])
    with st.popover(label[0].upper() + label[1:], icon=":material/tune:"):
        by = st.segmented_control(
            "Period",
            offered,
            default=kept_choice.default("by", usual),
            required=True,
            key="by",
            bind="query-params",
            help="Weeks are ISO weeks, from Monday.",
        )
        if product_id is None and (deeper := _deeper(dataset, categories)):
            _category_choice(dataset, categories, deeper)
        if product_id is None:
            _segment_choice(dataset, segment)
        if len(places) > FEW_PLACES:
            place_choice(places, place_id)
        if corrections:
            corrected.switch(dataset.dataset_id)
    return PERIODS[by or usual]


def _finest(dataset: Dataset) -> int:
    return "DWM".index(dataset.frequency)


def _period_asked(offered: list[str]) -> str | None:
    """The period of the widget, or of the address where the widget is not drawn yet."""
    asked = st.session_state.get("by") or st.query_params.get("by")
    return asked if asked in offered else None


def _breadcrumb(scope: Scope) -> None:
    """Buttons for the nodes above, then the node itself in bold."""
    if scope.segment_id is not None:
        st.button(
            "Leave the segment",
            type="tertiary",
            key="leave-segment",
            icon=":material/close:",
            on_click=address.go,
            args=({"segment": None},),
        )
    ancestors = [()] + [scope.categories[: i + 1] for i in range(len(scope.categories))]
    if scope.product_id is None:
        ancestors.pop()
    for path in ancestors:
        st.button(
            fmt.escape(path[-1]) if path else "All products",
            type="tertiary",
            key=f"up-{len(path)}",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=address.go,
            args=({"category": path, "product": None},),
        )
    st.markdown(f"**{fmt.escape(name(scope))}**", width="content")


def _find(dataset: Dataset) -> None:
    labels = _product_labels(queries.version(), dataset.dataset_id)
    st.selectbox(
        "Find a product",
        list(labels),
        format_func=lambda key: labels.get(key, key),
        index=None,
        placeholder="Find a product…",
        label_visibility="collapsed",
        key=_FIND,
        accept_new_options=dataset.products > LISTED,
        on_change=_found,
        args=(dataset.dataset_id,),
        width=210,
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _product_labels(version: queries.Version, dataset_id: int) -> dict[int, str]:
    """What the search offers: the best sellers by name, with their code."""
    listed = queries.products(dataset_id).head(LISTED)
    return {
        int(key): name if name == code else f"{name} · {code}"
        for key, name, code in zip(listed.index, listed["name"], listed["code"], strict=True)
    }


def _found(dataset_id: int) -> None:
    """Go to the product that was chosen or typed; what is typed may be a code or part of a name."""
    chosen = st.session_state[_FIND]
    st.session_state[_FIND] = None
    if isinstance(chosen, str):
        products = queries.products(dataset_id)
        hits = products.index[products["code"].str.lower() == chosen.lower()]
        if not len(hits):
            hits = products.index[
                products["name"].str.contains(chosen, case=False, regex=False, na=False)
            ]
        if not len(hits):
            st.toast(f"No product is called “{fmt.escape(chosen)}”.", icon=":material/search_off:")
            return
        chosen = int(hits[0])
    if chosen is not None:
        address.go({"product": int(chosen), "category": None})


def _place_switch(places: pd.DataFrame, place_id: int | None) -> None:
    names = {_ALL: "All places"}
    names |= {int(key): str(places.at[key, "name"]) for key in places.index}
    st.session_state[_PLACE] = _ALL if place_id is None else place_id
    st.segmented_control(
        "Place",
        list(names),
        format_func=lambda key: fmt.escape(names[key]),
        required=True,
        key=_PLACE,
        label_visibility="collapsed",
        on_change=_go_to_place,
    )


def place_choice(places: pd.DataFrame, place_id: int | None) -> None:
    """A select of all places; none chosen is all of them together."""
    names = {int(key): str(places.at[key, "name"]) for key in places.index}
    st.session_state[_PLACE] = place_id
    st.selectbox(
        "Place",
        list(names),
        format_func=lambda key: names[key],
        index=None,
        placeholder="All places",
        key=_PLACE,
        on_change=_go_to_place,
    )


def _go_to_place() -> None:
    address.go({"place": st.session_state[_PLACE] or None})


def _segment_choice(dataset: Dataset, segment: Segment | None) -> None:
    """A select of the saved segments, where there are any."""
    names = {each.segment_id: each.name for each in queries.segments(dataset.dataset_id)}
    if not names:
        return
    st.session_state[_SEGMENT] = segment.segment_id if segment else None
    st.selectbox(
        "Segment",
        list(names),
        format_func=lambda key: names[key],
        index=None,
        placeholder="No segment",
        key=_SEGMENT,
        on_change=_go_to_segment,
        help="A set of products saved on the Segments page.",
    )


def _go_to_segment() -> None:
    address.go({"segment": st.session_state[_SEGMENT]})


def _category_choice(dataset: Dataset, path: tuple[str, ...], deeper: list[str]) -> None:
    levels = dataset.category_levels
    label = levels[len(path)] if len(path) < len(levels) else "Category"
    st.session_state[_CATEGORY] = None
    st.selectbox(
        fmt.escape(label.capitalize()),
        deeper,
        index=None,
        placeholder=f"Narrow down {path[-1] if path else 'all products'}",
        key=_CATEGORY,
        on_change=_go_to_category,
        args=(path,),
    )


def _go_to_category(path: tuple[str, ...]) -> None:
    if chosen := st.session_state[_CATEGORY]:
        address.go({"category": (*path, chosen), "product": None})


def _deeper(dataset: Dataset, path: tuple[str, ...]) -> list[str]:
    below = _below(dataset.dataset_id, path)
    return sorted({each[len(path)] for each in below if len(each) > len(path)})


def _below(dataset_id: int, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The category paths of all products at or under `path`."""
    return [each for each in queries.category_paths(dataset_id) if each[: len(path)] == path]


def _word(freq: Freq) -> str:
    return {"D": "day", "W": "week", "M": "month"}[freq]


def _short(text: str, length: int = 28) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
