"""The parts of the Reports page, drawn: choices, a look at the pages, and the files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import reports
from data.scope import Scope
from data.store import Store
from engine.registry import Entry
from reports import Language, Paper, Review, Style
from ui import (
    background,
    chart_downloads,
    forecast_words,
    forecasts,
    layout,
    models,
    navigation,
    queries,
    report_files,
    report_look,
    report_requests,
    run_choice,
    training,
)
from ui import format as fmt
from ui import report_facts as facts
from ui import scope as scopes
from ui.queries import Dataset
from ui.report_requests import CARD, CATEGORY, ORDERS, REVIEW, SHEET, Asked

_ABOUT = {
    REVIEW: "What will sell in the scope against last year, what moves, and how far to trust it.",
    CATEGORY: "The last year against the one before, movers, classes, season, festivals, forecast.",
    SHEET: "A page for each product: forecast, price, promotion, stock and places.",
    ORDERS: "What to order in each place, late ones first; what is too much, and what to move.",
    CARD: "What a trained model was made from, how it was tested, and its limits.",
}
_COUNTS = (1, 5, 12, 24)  # product sheets in one file
_WIDTH = 860  # of the look at a page, pixels
_SHARPNESS = 110  # dots per inch of the look at a page
_FILES: tuple[tuple[str, str, str], ...] = (
    ("PDF", "pdf", ":material/picture_as_pdf:"),
    ("Excel", "xlsx", ":material/table:"),
    ("HTML", "html", ":material/language:"),
)
_KEPT = 12  # built reports in memory


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls of the page say."""

    template: str
    language: Language
    paper: Paper
    style: Style


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """A report and how it was asked for, so that it can be asked for again."""

    review: Review
    asked: Asked


def controls() -> Choice:
    """Which report, in which language, on which paper."""
    look = report_look.current()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        template = st.segmented_control(
            "Report",
            list(_ABOUT),
            default=REVIEW,
            required=True,
            label_visibility="collapsed",
            key="report",
            bind="query-params",
        )
        st.space("stretch")
        language = st.segmented_control(
            "Language",
            get_args(Language),
            default=look.language,
            format_func=lambda key: reports.LANGUAGES[key],
            required=True,
            label_visibility="collapsed",
            key="language",
            bind="query-params",
        )
        paper = st.segmented_control(
            "Paper",
            get_args(Paper),
            default=look.paper,
            format_func=lambda key: reports.PAPERS[key],
            required=True,
            label_visibility="collapsed",
            key="paper",
            bind="query-params",
        )
    chosen = template or REVIEW
    st.caption(_ABOUT[chosen])
    return Choice(
        template=chosen,
        language=language or look.language,
        paper=paper or look.paper,
        style=look.style,
    )


def review(scope: Scope, dataset: Dataset, choice: Choice) -> Built:
    """The report that was chosen; until it is built the page says how far it is, and ends there.

    The page stops in words where there is nothing to report.
    """
    asked = _card(dataset, choice) if choice.template == CARD else _asked(scope, choice)

    def body(store: Store, tell: background.Tell) -> Review:
        made = report_requests.build(store, asked, lambda share, words: tell(0.8 * share))
        if report_files.is_large(made):
            for number, (_, ending, _) in enumerate(_FILES):
                tell(0.8 + 0.06 * number)
                report_files.file(made, ending, paper=choice.paper, style=choice.style)
        return made

    try:
        made = background.result(
            "report",
            queries.version(),
            report_requests.key(asked),
            body,
            label=f"Building the {choice.template[0].lower()}{choice.template[1:]}",
            kept=_KEPT,
        )
    except reports.ReportError as error:
        layout.stop(fmt.escape(str(error)))
    return Built(review=made, asked=asked)


def _asked(scope: Scope, choice: Choice) -> Asked:
    """The report of a scope, with its model and how far ahead."""
    if choice.template == CATEGORY and scope.product_id is not None:
        scope = replace(scope, product_id=None)
        st.caption(f"Reviews look at categories: this one at {fmt.escape(scopes.name(scope))}.")
    if choice.template == ORDERS:
        return Asked(template=ORDERS, scope=scope, language=choice.language)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        model, run = run_choice.model(scope)
        ahead = st.segmented_control(
            "Ahead",
            forecasts.HORIZONS[scope.freq],
            default=forecasts.DEFAULT_HORIZON[scope.freq],
            format_func=lambda number: forecast_words.periods(number, scope.freq),
            required=True,
            label_visibility="collapsed",
            key=f"ahead_{scope.freq.lower()}",
            bind="query-params",
        )
        count = 1
        if choice.template == SHEET and scope.product_id is None:
            count = _count()
    run_choice.note_absence(scope, run)
    return Asked(
        template=choice.template,
        scope=scope,
        language=choice.language,
        horizon=ahead or forecasts.DEFAULT_HORIZON[scope.freq],
        model=model,
        run_id=run.run_id if run else "",
        count=count,
    )


def _count() -> int:
    found = st.segmented_control(
        "Products",
        _COUNTS,
        default=5,
        format_func=lambda number: fmt.count(number, "product"),
        required=True,
        label_visibility="collapsed",
        key="sheets",
        bind="query-params",
        help="The ones that will sell most.",
    )
    return found or 5


def _card(dataset: Dataset, choice: Choice) -> Asked:
    """The card of a model of this dataset; the page stops where there is none."""
    kept = {entry.run_id: entry for entry in models.listed() if _is_of(entry, dataset)}
    if not kept:
        layout.stop(
            "**No trained model of this dataset yet.** Every training that finishes leaves one, "
            "and its card says how far to trust it.",
            link=navigation.TRAIN,
            link_label="Train a model",
        )
    asked = st.query_params.get("run")
    chosen = st.selectbox(
        "Model of the card",
        list(kept),
        index=list(kept).index(asked) if asked in kept else 0,
        format_func=lambda key: facts.model_words(kept[key]),
        label_visibility="collapsed",
        key="card_model",
    )
    return Asked(
        template=CARD,
        scope=Scope(dataset_id=dataset.dataset_id),
        language=choice.language,
        run_id=chosen,
    )


def _is_of(entry: Entry, dataset: Dataset) -> bool:
    scope = training.scope_of(entry.about)
    return scope is not None and scope.dataset_id == dataset.dataset_id


def downloads(place: DeltaGenerator, built: Built, choice: Choice) -> None:
    """The three files, each made when it is clicked, and how all reports look."""
    made = built.review
    stem = chart_downloads.slug(f"{made.template} {made.title}")

    def content(ending: str) -> Callable[[], bytes]:
        return lambda: report_files.file(made, ending, paper=choice.paper, style=choice.style)

    with place.container(horizontal=True, width="content"):
        report_look.popover()
        for label, ending, icon in _FILES:
            st.download_button(
                label,
                content(ending),
                file_name=f"{stem}.{ending}",
                mime=report_files.MIMES[ending],
                icon=icon,
                on_click="ignore",
                type="primary" if ending == "pdf" else "secondary",
                key=f"report_{ending}",
            )


def preview(built: Built, choice: Choice) -> None:
    """The pages as the PDF has them, one at a time, after what no font can show."""
    made = built.review
    if gaps := reports.gaps(made):
        scripts = fmt.escape(" and ".join(gaps))
        st.warning(
            f"No font on this machine carries {scripts}, so the PDF and these pictures lack some "
            "letters. Install one (Debian: fonts-noto-cjk, fonts-noto-color-emoji) and start "
            "Almanac again. Excel and HTML use the reader's own fonts."
        )
    try:
        with st.skeleton(height=600):
            pictures = _pictures(made.digest(), choice.paper, choice.style, made)
    except reports.ReportError as error:
        st.error(fmt.escape(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center", width=_WIDTH):
        st.markdown(f"**{fmt.count(len(pictures), 'page')}** :gray[· as the PDF has them]")
        st.space("stretch")
        page = st.pagination(len(pictures), key=f"page-{len(pictures)}") if len(pictures) > 1 else 1
    with st.container(border=True, width=_WIDTH):
        st.image(
            pictures[page - 1],
            width="stretch",
            alt=f"Page {page} of {len(pictures)}: {made.template}, {made.title[:80]}",
        )


@st.cache_data(max_entries=24, show_spinner=False)
def _pictures(digest: str, paper: Paper, style: Style, _made: Review) -> list[bytes]:
    return reports.pages(_made, paper=paper, style=style, dots_per_inch=_SHARPNESS)
