"""The parts of the Segments page: cards, the matrix that filters everything, stages, products."""

from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope
from data.segments import WINDOW, Thresholds, period_of
from ui import (
    chart_downloads,
    layout,
    navigation,
    queries,
    segments_charts,
    segments_choice,
    table_files,
)
from ui import format as fmt
from ui import scope as scopes
from ui import segments_points as points
from ui import segments_words as words
from ui.queries import Dataset

LISTED = 100  # products in the table of the screen

_OPEN = "open_classified"


def read(scope: Scope, dataset: Dataset, limits: Thresholds) -> pd.DataFrame:
    """Every product with its classes; stops the page in words where none ever sold."""
    with st.skeleton(height=420):
        classified = queries.classified_products(scope, dataset.frequency, limits)
    if classified.empty:
        layout.stop(
            f"**{fmt.escape(scopes.name(scope))}** never sold anything in "
            f"{fmt.escape(scopes.place(scope))}, so that there is nothing to classify."
        )
    return classified


def caption(scope: Scope, dataset: Dataset) -> str:
    """What data, and over which time."""
    period = period_of(dataset.frequency)
    return (
        f"{fmt.escape(dataset.name)} · sales through {fmt.day(dataset.last_day)} · classes by the "
        f"last {WINDOW[period]} whole {words.NOUN[period]}s, {_what(scope)}"
    )


def choose(limits: Thresholds, scope: Scope, dataset: Dataset) -> words.Filter:
    """The classes to look at."""
    return segments_choice.classes(limits, period_of(dataset.frequency), scope.measure)


def chosen(
    classified: pd.DataFrame, picked: words.Filter, limits: Thresholds, scope: Scope
) -> tuple[pd.DataFrame, bool]:
    """The products of the chosen classes; with True those of them in a lasso alone."""
    found = picked.of(classified)
    lasso = found.index.intersection(list(points.lassoed(picked, limits, scope)))
    return (found.loc[found.index.isin(lasso)], True) if len(lasso) else (found, False)


def cards(
    chosen: pd.DataFrame,
    classified: pd.DataFrame,
    limits: Thresholds,
    scope: Scope,
    dataset: Dataset,
) -> None:
    """Four cards about the chosen products."""
    whole = len(classified)
    hard = chosen["pattern"].isin(["Erratic", "Intermittent", "Lumpy"]).sum()
    with st.grid(4, min_column_width=150):
        _card("Products", f"{len(chosen):,}", f"of {whole:,}", "that ever sold", None)
        _card(
            "Revenue last year" if scope.measure == "revenue" else "Units last year",
            fmt.amount(float(chosen["amount"].sum()), scope.measure, dataset.currency),
            fmt.share(float(chosen["share"].sum())),
            "of all",
            None,
        )
        score = _weighted(chosen)
        _card(
            "Forecastability",
            fmt.DASH if score is None else f"{score:.0f}",
            "of 100" if score is not None else None,
            "weighted by units" if score is not None else "too few sales",
            words.definition("score", limits, period_of(dataset.frequency), scope.measure),
        )
        _card(
            "Hard to forecast",
            fmt.share(hard / len(chosen) if len(chosen) else None),
            fmt.count(int(hard), "product"),
            "",
            "Products whose demand is erratic, intermittent or lumpy.",
        )


def _card(label: str, value: str, badge: str | None, text: str, help: str | None) -> None:
    st.metric(
        label,
        value,
        badge,
        delta_color="off",
        delta_arrow="off",
        delta_description=text or None,
        border=True,
        height="stretch",
        help=help,
    )


def _weighted(chosen: pd.DataFrame) -> float | None:
    known = chosen[chosen["score"].notna() & (chosen["units"] > 0)]
    if known.empty:
        return None
    return float((known["score"] * known["units"]).sum() / known["units"].sum())


def matrix(
    classified: pd.DataFrame,
    picked: words.Filter,
    limits: Thresholds,
    scope: Scope,
    dataset: Dataset,
) -> None:
    """ABC against variability or pattern: cells to click, or products as points to lasso."""
    period = period_of(dataset.frequency)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**What earns and how it sells** :gray[· share of {_what(scope)}]",
            width="content",
            help=words.definition("abc", limits, period, scope.measure),
        )
        st.space("stretch")
        across = _switch("Columns", ["XYZ", "Pattern"], "columns")
        view = _switch("Drawn as", ["Cells", "Points"], "drawn")
    columns: Literal["xyz", "pattern"] = "pattern" if across == "Pattern" else "xyz"
    if view == "Points":
        within = picked.of(classified)
        points.show(within, picked, columns, limits, scope, dataset.currency)
        return
    # The other filters hold in the cells, so that counts and cells always agree.
    others = words.Filter(
        stage=picked.stage,
        xyz=() if columns == "xyz" else picked.xyz,
        pattern=() if columns == "pattern" else picked.pattern,
    )
    within = others.of(classified)
    cells = words.cells(within, columns)
    key = chart_downloads.keyed(f"matrix-{hash((picked, columns, scope)):x}")
    chart_downloads.draw(
        segments_charts.matrix(cells, columns, picked, _what(scope)),
        title="What earns and how it sells",
        key=key,
        alt=words.describe_cells(cells, _what(scope)),
        data=lambda: cells,
        on_select=lambda: _on_cell(key, columns),
    )
    silent = int((within[columns] == "").sum())
    said = words.definition(columns, limits, period, scope.measure)
    none = f" {fmt.count(silent, 'product')} sold nothing in this time." if silent else ""
    st.caption(said + none)


def _switch(label: str, options: list[str], key: str) -> str | None:
    return st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )


def _on_cell(key: str, columns: str) -> None:
    for abc, column in chart_downloads.chosen(key):
        segments_choice.choose_cell(abc, columns, column)


def lives(
    classified: pd.DataFrame,
    picked: words.Filter,
    limits: Thresholds,
    scope: Scope,
    dataset: Dataset,
) -> None:
    """Stages of life, to click, and how well the chosen products can be forecast."""
    period = period_of(dataset.frequency)
    others = words.Filter(abc=picked.abc, xyz=picked.xyz, pattern=picked.pattern)
    within = others.of(classified)
    st.markdown(
        "**Stage of life** :gray[· products]",
        help=words.definition("stage", limits, period, scope.measure),
    )
    key = chart_downloads.keyed(f"stages-{hash((picked, scope)):x}")
    groups = within.groupby("stage")["share"].agg(products="size", share="sum")
    chart_downloads.draw(
        segments_charts.stages(
            {str(stage): int(count) for stage, count in groups["products"].items()},
            {str(stage): float(share) for stage, share in groups["share"].items()},
            picked,
            _what(scope),
        ),
        title="Stage of life",
        key=key,
        alt=", ".join(f"{stage}: {count}" for stage, count in groups["products"].items()),
        data=lambda: groups.reset_index(),
        on_select=lambda: _on_stage(key),
    )
    st.markdown(
        "**Forecastability** :gray[· products by score]",
        help=words.definition("score", limits, period, scope.measure),
    )
    shown = picked.of(classified)["score"]
    if shown.notna().sum() == 0:
        st.caption("Too few periods for a score.")
        return
    chart_downloads.draw(
        segments_charts.scores(shown),
        title="Forecastability",
        key=chart_downloads.keyed("scores"),
        alt=f"Median score {shown.median():.0f} of 100",
        data=lambda: picked.of(classified)[["code", "name", "score"]],
    )


def _on_stage(key: str) -> None:
    for (stage,) in chart_downloads.chosen(key):
        segments_choice.toggle("stage", stage)


def products(
    chosen: pd.DataFrame, picked: words.Filter, by_hand: bool, scope: Scope, dataset: Dataset
) -> None:
    """The chosen products, largest first; Open leads to their forecast."""
    rest = "" if len(chosen) <= LISTED else f", the largest {LISTED} of {len(chosen):,}"
    with st.container(horizontal=True, vertical_alignment="center"):
        hand = " · chosen in the chart" if by_hand else ""
        st.markdown(f"**Products** :gray[· {_chosen_words(picked)}{hand}{rest}]", width="content")
        if not picked.is_empty:
            st.button(
                "Show all",
                type="tertiary",
                icon=":material/close:",
                on_click=segments_choice.clear,
            )
    if chosen.empty:
        st.caption("No product has all of these classes. Show all, or choose fewer.")
        return
    table = words.table(chosen, LISTED).assign(open="Open")
    config = _columns(scope, dataset)
    st.dataframe(
        fmt.with_signed_percents(table[list(config)], {"trend": 0}),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Products with their classes, largest first",
        column_config=config,
    )
    if click := st.session_state.get(_OPEN):
        product = str(table.at[click["row"], "product_id"])
        navigation.open_forecast(dataset.dataset_id, product, scope.place_id)


def _columns(scope: Scope, dataset: Dataset) -> dict[str, Any]:
    config = st.column_config
    money = scope.measure == "revenue"
    noun = words.NOUN[period_of(dataset.frequency)]

    def badge(label: str, options: tuple[str, ...], colours: list[str], width: int) -> Any:
        return config.MultiselectColumn(label, options=list(options), color=colours, width=width)

    return {
        "name": config.TextColumn("Product", width=214),
        "abc": badge("ABC", words.CLASSES["abc"], ["blue", "gray", "gray"], 52),
        "xyz": badge("XYZ", words.CLASSES["xyz"], ["gray", "gray", "orange"], 52),
        "pattern": badge(
            "Pattern", words.CLASSES["pattern"], ["gray", "orange", "orange", "orange"], 104
        ),
        "stage": badge(
            "Life", words.CLASSES["stage"], ["blue", "green", "gray", "orange", "gray"], 90
        ),
        "score": config.NumberColumn("Score", format="%.0f", width=58),
        "amount": config.NumberColumn(
            "Revenue" if money else "Units",
            format=f"{dataset.currency if money else ''}%,d",
            width=92,
        ),
        "share": config.NumberColumn("Share", format="%.1f%%", width=62),
        "trend": config.NumberColumn(
            "Trend",
            width=62,
            help="Units of the last quarter against the same a year before.",
        ),
        "spark": config.LineChartColumn(f"26 {noun}s", width=92, y_min=0, color="gray"),
        "open": config.ButtonColumn("", key=_OPEN, type="tertiary", width=54),
    }


def downloads(place: DeltaGenerator, chosen: pd.DataFrame, dataset: Dataset) -> None:
    """The Download menu: every chosen product, and the charts."""

    def everything() -> pd.DataFrame:
        return words.every_product(chosen, dataset=dataset.name)

    with chart_downloads.menu(place):
        label = fmt.count(len(chosen), "product")
        table_files.buttons(everything, label, stem="segments", key="segments")


def actions(place: DeltaGenerator) -> tuple[DeltaGenerator, DeltaGenerator, Thresholds]:
    """The right end of the title row: thresholds now, places for Download and for saving."""
    with place:
        limits = segments_choice.thresholds()
        files = chart_downloads.begin(place)
        return files, st.container(horizontal=True, width="content"), limits


def _chosen_words(picked: words.Filter) -> str:
    return words.rule_words({kind: list(getattr(picked, kind)) for kind in words.CLASSES})


def _what(scope: Scope) -> str:
    return "revenue" if scope.measure == "revenue" else "units"
