"""Saved segments: keep the chosen products under a name, use them, work them out again, delete."""

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from data import saved_segments
from data.errors import DataError
from data.saved_segments import Segment
from data.scope import Scope
from data.segments import Thresholds
from ui import address, layout, queries, state
from ui import format as fmt
from ui import segments_words as words
from ui.queries import Dataset

OVERVIEW = "pages/explore/overview.py"


def save(
    chosen: pd.DataFrame,
    picked: words.Filter,
    by_hand: bool,
    limits: Thresholds,
    scope: Scope,
    dataset: Dataset,
) -> None:
    """The primary button: a name, and the products are kept; `by_hand`: no rule names them."""
    with st.popover("Save as segment", icon=":material/bookmark_add:", type="primary"):
        name = st.text_input(
            "Name", value=words.suggestion(picked), max_chars=80, key=f"name-{hash(picked)}"
        )
        st.caption("It can be chosen as scope on every screen, beside the title.")
        if not st.button(f"Save {fmt.count(len(chosen), 'product')}", disabled=chosen.empty):
            return
        assert dataset.last_day is not None
        try:
            saved_segments.save(
                state.store(),
                dataset.dataset_id,
                name,
                rule=_rule(picked, limits, scope) | {"by_hand": by_hand},
                products=[int(key) for key in chosen.index],
                built_through=dataset.last_day,
            )
        except DataError as error:
            st.error(str(error))
            return
    layout.say_after_rerun(f"“{fmt.escape(name.strip())}” is saved.")
    st.rerun()


def _rule(picked: words.Filter, limits: Thresholds, scope: Scope) -> dict[str, Any]:
    return {
        **{kind: list(classes) for kind, classes in asdict(picked).items()},
        "thresholds": asdict(limits),
        "categories": list(scope.categories),
        "place_id": scope.place_id,
        "measure": scope.measure,
    }


def table(dataset: Dataset) -> None:
    """Every saved segment in a line: use it, work it out again, delete it."""
    kept = queries.segments(dataset.dataset_id)
    if not kept:
        return
    st.markdown("**Saved segments** :gray[· a scope for every screen]")
    for segment in kept:
        stale = dataset.last_day is not None and segment.built_through < dataset.last_day
        stale &= not segment.rule.get("by_hand")  # these products, whatever becomes of them
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{fmt.escape(segment.name)}** :gray[· "
                f"{fmt.escape(words.rule_words(segment.rule))} · "
                f"{fmt.count(segment.products, 'product')}]",
                width="content",
            )
            if stale:
                st.badge(f"Built on sales through {fmt.day(segment.built_through)}", color="orange")
            st.space("stretch")
            if stale and st.button("Build again", key=f"again-{segment.segment_id}"):
                _rebuild(segment, dataset)
            if st.button(
                "Delete",
                key=f"drop-{segment.segment_id}",
                type="tertiary",
                icon=":material/delete:",
            ):
                saved_segments.delete(state.store(), segment.segment_id)
                if address.number("segment") == segment.segment_id:
                    address.go({"segment": None})
                st.rerun()
            if st.button("Open", key=f"use-{segment.segment_id}"):
                st.switch_page(
                    OVERVIEW,
                    query_params={
                        "dataset": str(dataset.dataset_id),
                        "segment": str(segment.segment_id),
                    },
                )


def _rebuild(segment: Segment, dataset: Dataset) -> None:
    """The products that the saved rule names in today's sales."""
    rule = segment.rule
    scope = Scope(
        dataset_id=dataset.dataset_id,
        categories=tuple(rule["categories"]),
        place_id=rule["place_id"],
        measure=rule["measure"],
    )
    picked = words.Filter(**{kind: tuple(rule[kind]) for kind in words.CLASSES})
    limits = Thresholds(**rule["thresholds"])
    classified = queries.classified_products(scope, dataset.frequency, limits)
    found = picked.of(classified) if len(classified) else classified
    assert dataset.last_day is not None
    saved_segments.rebuild(
        state.store(),
        segment,
        products=[int(key) for key in found.index],
        built_through=dataset.last_day,
    )
    st.rerun()
