"""The compared scenarios as a report to hand on: PDF, Excel or HTML, made when it is clicked."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import reports
from reports import Language
from ui import chart_downloads, report_facts, report_files, report_look, report_scenarios
from ui import scope as scopes
from ui.what_if import View

_FORMS = {"PDF": "pdf", "Excel": "xlsx", "HTML": "html"}


def offer(place: DeltaGenerator, view: View) -> None:
    """The Report menu in the title row."""
    look = report_look.current()
    with place.popover("Report", icon=":material/description:", type="tertiary"):
        language = st.segmented_control(
            "Language",
            list(reports.LANGUAGES),
            default=look.language,
            format_func=lambda key: reports.LANGUAGES[key],
            required=True,
            label_visibility="collapsed",
            key="what_if_report_language",
        )
        stem = chart_downloads.slug(f"scenarios {scopes.name(view.scope)}")

        def content(ending: str) -> Callable[[], bytes]:
            return lambda: report_files.file(
                review(view, language or "en"), ending, paper=look.paper, style=look.style
            )

        with st.container(horizontal=True):
            for label, ending in _FORMS.items():
                st.download_button(
                    label,
                    content(ending),
                    file_name=f"{stem}.{ending}",
                    mime=report_files.MIMES[ending],
                    on_click="ignore",
                    type="tertiary",
                    key=f"what_if_report_{ending}",
                    help="The plan beside the scenarios that are compared below.",
                )


def review(view: View, language: Language) -> reports.Review:
    """The comparison that the page shows."""
    return reports.scenario_comparison(
        report_scenarios.comparison(
            report_facts.setting(view.dataset, view.scope, language),
            scopes.name(view.scope),
            scopes.place(view.scope),
            [
                (
                    f"{view.letter(each)} · {each.name}",
                    view.found[each.scenario_id].result,
                    view.found[each.scenario_id].is_stale,
                )
                for each in view.compared
            ],
            by=view.by.asked.asker.entry.name if view.by.asked else "",
        )
    )
