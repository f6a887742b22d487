"""Choosing what is in use from a comparison: for all of it or a part, with the reason.

The rule of `ui.champion_score` proposes; a person may decide otherwise, and says why. What is
chosen for all that a run forecasts is its champion, anything narrower an exception.
"""

from dataclasses import replace

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.scope import Scope, Split
from engine.errors import EngineError
from engine.registry import Entry
from ui import (
    champion_score,
    compare_queries,
    corrected,
    in_use,
    layout,
    navigation,
    queries,
    run_queries,
)
from ui import compare_words as words
from ui import format as fmt
from ui import scope as scopes
from ui.compare_facts import Compared
from ui.compare_queries import Choice
from ui.engine import registry

_BOX, _PART, _MODEL = "compare_use", "champion_part", "champion_model"
_REASON_LENGTH = 200  # letters
_WIDTH = 430  # pixels, so that the table shows all its columns
_MOST_PARTS = 60  # in the list


def control(place: DeltaGenerator, choice: Choice, compared: Compared) -> None:
    """The one act of the Compare page: what is used for forecasts from now on."""
    kept = compare_queries.kept_models(choice, compared)
    if not kept:
        return
    now = in_use.of(choice.scope)
    with place:
        if now is not None and now.run.run_id in {entry.run_id for entry in kept.values()}:
            st.page_link(
                navigation.FORECAST,
                label="Show its forecast",
                icon=":material/show_chart:",
                query_params={"run": now.run.run_id},
            )
        box = st.popover(
            "Use for forecasts",
            icon=":material/verified:",
            type="primary",
            key=_BOX,
            on_change="rerun",
            help="Forecast opens with what is in use, and says why.",
        )
        if box.open:
            with box, st.container(width=_WIDTH):
                _form(choice, compared, kept)


def _form(choice: Choice, compared: Compared, kept: dict[str, Entry]) -> None:
    offered = parts_of(choice.scope, choice.split, next(iter(kept.values())).run_id)
    label = next(iter(offered))
    if len(offered) > 1:
        label = st.selectbox("For", list(offered), key=_PART) or label
    part = offered[label]
    now = in_use.of(part)
    if now is not None:
        st.markdown(f":gray[{in_use.sentence(now, part)}]")
    ranked, series = _ranked(choice, compared, part, next(iter(kept.values())).run_id)
    _table(choice, compared, ranked, kept)
    keys = [key for key in ranked.index if key in kept]
    if not keys:
        st.caption("None of these models was tested on it.")
        return
    key = st.selectbox(
        "Use",
        keys,
        format_func=lambda each: words.label(compared.models[each], choice.freq),
        key=f"{_MODEL}-{label}",
    )
    said = champion_score.in_words(ranked, keys[0], series=series, windows=len(compared.cutoffs))
    why = st.text_area(
        "Why",
        height=70,
        value=said if key == keys[0] else "",
        key=f"champion-reason-{label}-{key}",
        max_chars=_REASON_LENGTH,
        placeholder="The rule prefers another; say why this one",
    )
    pressed = st.button("Use it", type="primary", key="champion_use")
    if pressed and put_in_use(kept[key or keys[0]], part, choice.scope, why):
        st.rerun()
    if label == next(iter(offered)):
        _exceptions(choice, compared, kept, offered)


def _table(
    choice: Choice, compared: Compared, ranked: pd.DataFrame, kept: dict[str, Entry]
) -> None:
    names = {key: words.label(compared.models[key], choice.freq) for key in ranked.index}
    frame = pd.DataFrame(
        {
            "Model": [names[key] for key in ranked.index],
            "Score": ranked["score"].to_numpy(),
            "WQL": ranked["WQL"].to_numpy(),
            "Bias": ranked["bias"].to_numpy() * 100,
            "Lost": ranked["money"].to_numpy() * 100,
            " ": ["" if key in kept else "not kept" for key in ranked.index],
        }
    )
    st.dataframe(
        fmt.with_signed_percents(frame, {"Bias": 1}),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Models by the score of the rule, the best first",
        column_config={
            "Score": st.column_config.NumberColumn(format="%.3f", help=champion_score.RULE),
            "WQL": st.column_config.NumberColumn(format="%.3f"),
            "Lost": st.column_config.NumberColumn(
                format="%.1f%%", help="Money lost by being off, as a share of what sold."
            ),
        },
    )


def _exceptions(
    choice: Choice, compared: Compared, kept: dict[str, Entry], offered: dict[str, Scope]
) -> None:
    """Categories in which another model is clearly better than the best of all."""
    found = _worth_it(choice, compared, kept, offered)
    if found.empty:
        return
    st.markdown(
        "**Exceptions worth making**",
        help=f"At least {champion_score.BETTER:.0%} better by the score, in every window, for at "
        f"least {champion_score.FEWEST} series.",
    )
    labels = {
        str(row["part"]): f"{row['part']}: "
        f"{words.label(compared.models[row['model']], choice.freq)}, "
        f"{fmt.growth(row['score'] / row['against'] - 1)}"
        for row in found.to_dict("records")
    }
    chosen = st.multiselect(
        "Exceptions",
        list(labels),
        default=list(labels),
        format_func=lambda each: labels[each],
        label_visibility="collapsed",
        key="champion_exceptions",
    )
    if chosen and st.button(f"Make {fmt.count(len(chosen), 'exception')}", key="champion_except"):
        for row in found[found["part"].isin(chosen)].to_dict("records"):
            better = fmt.growth(row["score"] / row["against"] - 1)
            put_in_use(
                kept[row["model"]],
                offered[f"Category: {row['part']}"],
                choice.scope,
                f"Score {row['score']:.3f}, {better} against the best of all, in every window, "
                f"{row['series']} series",
            )
        st.rerun()


def put_in_use(entry: Entry, part: Scope, whole: Scope, why: str) -> bool:
    """Use a run for a part of what it forecasts; says what was done, or what is missing."""
    if not why.strip():
        st.error("Say in a few words why. Nothing was changed.")
        return False
    author = corrected.author()
    who = "" if author == corrected.NOBODY else author
    try:
        if part == whole:
            registry().crown(entry.run_id, why=why, who=who)
        else:
            in_use.choices().choose(
                in_use.to_part(part), entry.run_id, name=entry.name, why=why, who=who
            )
    except EngineError as error:
        st.error(fmt.escape(str(error)))
        return False
    layout.say_after_rerun(
        f"In use for {fmt.escape(in_use.words(part))}.", icon=":material/verified:"
    )
    return True


def parts_of(scope: Scope, split: Split, run_id: str) -> dict[str, Scope]:
    """All that a run forecasts, then the categories, segments and places it can be chosen for."""
    whole = f"All of it: {in_use.words(scope)}"
    found = {whole: scope}
    depth = len(scope.categories)
    if scope.product_id is None:
        paths = queries.category_paths(scope.dataset_id)
        below = {p[depth] for p in paths if len(p) > depth and p[:depth] == scope.categories}
        for name in sorted(below):
            found[f"Category: {name}"] = replace(scope, categories=(*scope.categories, name))
    if scope.product_id is None and scope.segment_id is None:
        for kept in queries.segments(scope.dataset_id):
            segment = replace(scope, segment_id=kept.segment_id, segment_revision=kept.revision)
            found[f"Segment: {kept.name}"] = segment
    if scope.place_id is None and split in ("place", "product_place"):
        for place_id in queries.places(scope.dataset_id).index:
            part = replace(scope, place_id=int(place_id))
            found[f"Place: {scopes.place(part)}"] = part
    covered = {
        label: part
        for label, part in found.items()
        if label == whole or run_queries.selecting(part, run_id) is not None
    }
    return dict(list(covered.items())[:_MOST_PARTS])


def _ranked(
    choice: Choice, compared: Compared, part: Scope, run_id: str
) -> tuple[pd.DataFrame, int]:
    """Models by score on a part, and the number of its series."""
    wanted = run_queries.selecting(part, run_id)
    scores = compared.scores
    if part != choice.scope and wanted is not None:
        ids = scores["series_id"].astype(str)
        known = {series_id: wanted(series_id) for series_id in ids.unique()}
        scores = scores[ids.map(known).to_numpy(dtype=bool)]
    return champion_score.board(scores, _prices(choice)), int(scores["series_id"].nunique())


def _worth_it(
    choice: Choice, compared: Compared, kept: dict[str, Entry], offered: dict[str, Scope]
) -> pd.DataFrame:
    parts = compare_queries.parts(choice)
    nothing = pd.DataFrame({"part": []})
    if "category" not in parts or len(kept) < 2:
        return nothing
    prices = _prices(choice)
    ranked = [key for key in champion_score.board(compared.scores, prices).index if key in kept]
    names = parts["category"].set_axis(parts.index.astype(str))
    found = champion_score.exceptions(compared.scores, names, ranked[0], kept, prices)
    return found[[f"Category: {part}" in offered for part in found["part"]]]


def _prices(choice: Choice) -> "pd.Series[float] | None":
    """What a unit of each series costs; None where that is one already, or not known."""
    if choice.scope.measure == "revenue" or choice.split not in ("product", "product_place"):
        return None
    products = queries.products(choice.scope.dataset_id)
    price = products["revenue"] / products["quantity"].where(products["quantity"] > 0)
    ids = compare_queries.parts(choice).index.astype(str)
    numbers = [int(each) if each.isdecimal() else -1 for each in (i.split(":")[0] for i in ids)]
    return pd.Series(price.reindex(numbers).to_numpy(dtype=float), index=ids)
