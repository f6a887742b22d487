"""The parts of the Reports page, drawn: choices, a look at the pages, and the files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import reports
from data.scope import Scope
from engine.registry import Entry
from reports import Language, Paper, Review
from ui import (
    chart_downloads,
    forecast_words,
    forecasts,
    layout,
    models,
    navigation,
    queries,
    run_choice,
    training,
)
from ui import format as fmt
from ui import report_facts as facts
from ui.queries import Dataset

REVIEW, SHEET, CARD = "Forecast review", "Product sheet", "Model card"
_ABOUT = {
    REVIEW: "What will sell in the scope against last year, what moves, and how far to trust it.",
    SHEET: "A page for each product: forecast, price, promotion, stock and places.",
    CARD: "What a trained model was made from, how it was tested, and its limits.",
}
_COUNTS = (1, 5, 12, 24)  # product sheets in one file
_WIDTH = 860  # of the look at a page, pixels
_SHARPNESS = 110  # dots per inch of the look at a page
_FILES: tuple[tuple[str, str, str, str], ...] = (
    ("PDF", "pdf", "application/pdf", ":material/picture_as_pdf:"),
    (
        "Excel",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ":material/table:",
    ),
    ("HTML", "html", "text/html", ":material/language:"),
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the controls of the page say."""

    template: str
    language: Language
    paper: Paper


def controls() -> Choice:
    """Which report, in which language, on which paper."""
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
            default="en",
            format_func=lambda key: reports.LANGUAGES[key],
            required=True,
            label_visibility="collapsed",
            key="language",
            bind="query-params",
        )
        paper = st.segmented_control(
            "Paper",
            get_args(Paper),
            default="a4",
            format_func=lambda key: reports.PAPERS[key],
            required=True,
            label_visibility="collapsed",
            key="paper",
            bind="query-params",
        )
    chosen = template or REVIEW
    st.caption(_ABOUT[chosen])
    return Choice(template=chosen, language=language or "en", paper=paper or "a4")


def review(scope: Scope, dataset: Dataset, choice: Choice) -> Review:
    """The report that was chosen; stops the page where there is nothing to report."""
    try:
        if choice.template == CARD:
            return _card(dataset, choice)
        return _forecast(scope, dataset, choice)
    except reports.ReportError as error:
        layout.stop(fmt.escape(str(error)))


def _forecast(scope: Scope, dataset: Dataset, choice: Choice) -> Review:
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
    horizon = ahead or forecasts.DEFAULT_HORIZON[scope.freq]
    if forecasts.history_of(queries.series(scope), scope.measure).empty:
        noun = forecasts.NOUN[scope.freq][0]
        layout.stop(
            f"**No complete {noun} of sales here yet.** A report needs one. Choose a shorter "
            "period or a wider scope above."
        )
    run_choice.note_absence(scope, run)
    if choice.template == SHEET:
        return _sheets(scope, dataset, choice, run, count=count, horizon=horizon)
    with st.skeleton(height=420):
        if run is not None:
            made = run_choice.outlook(scope, run, horizon)
        else:
            made = queries.outlook(scope, horizon, model)
        given = facts.forecast(dataset, scope, run, made, choice.language)
        return reports.forecast_review(given)


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


def _sheets(
    scope: Scope, dataset: Dataset, choice: Choice, run: Entry | None, *, count: int, horizon: int
) -> Review:
    place = st.empty()

    def tell(share: float, words: str) -> None:
        place.progress(share, text=words)

    found = facts.products(dataset, scope, run, count=count, horizon=horizon, tell=tell)
    place.empty()
    return reports.product_sheets(found, facts.setting(dataset, scope, choice.language))


def _card(dataset: Dataset, choice: Choice) -> Review:
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
    return reports.model_card(facts.model(dataset, kept[chosen], choice.language))


def _is_of(entry: Entry, dataset: Dataset) -> bool:
    scope = training.scope_of(entry.about)
    return scope is not None and scope.dataset_id == dataset.dataset_id


def downloads(place: DeltaGenerator, made: Review, choice: Choice) -> None:
    """The three files, each made when it is clicked."""
    stem = chart_downloads.slug(f"{made.template} {made.title}")
    renderers: dict[str, Callable[[], bytes]] = {
        "pdf": lambda: reports.pdf(made, paper=choice.paper),
        "xlsx": lambda: reports.excel(made, paper=choice.paper),
        "html": lambda: reports.html(made),
    }
    with place.container(horizontal=True, width="content"):
        for label, ending, mime, icon in _FILES:
            st.download_button(
                label,
                renderers[ending],
                file_name=f"{stem}.{ending}",
                mime=mime,
                icon=icon,
                on_click="ignore",
                type="primary" if ending == "pdf" else "secondary",
                key=f"report_{ending}",
            )


def preview(made: Review, choice: Choice) -> None:
    """The pages as the PDF has them, one at a time, after what no font can show."""
    if gaps := reports.gaps(made):
        scripts = fmt.escape(" and ".join(gaps))
        st.warning(
            f"No font on this machine carries {scripts}, so the PDF and these pictures lack some "
            "letters. Install one (Debian: fonts-noto-cjk, fonts-noto-color-emoji) and start "
            "Almanac again. Excel and HTML use the reader's own fonts."
        )
    try:
        with st.skeleton(height=600):
            pictures = _pictures(made.digest(), choice.paper, made)
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
def _pictures(digest: str, paper: Paper, _made: Review) -> list[bytes]:
    return reports.pages(_made, paper=paper, dots_per_inch=_SHARPNESS)
