"""A search on the Jobs page, drawn: four numbers, the best settings, charts, and its trials."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from engine.runs import Run, Status
from ui import format as fmt
from ui import tuning_charts, tuning_importance, tuning_jobs, tuning_words
from ui.tuning_jobs import Search

TABLE_HEIGHT = 436  # of the trials, so that nothing moves when one more is tried
CARD_HEIGHT = 92


def detail(run: Run, status: Status | None, *, is_over: bool) -> None:
    """Everything of a search under its progress bar."""
    search = tuning_jobs.search_of(run)
    if search is None:
        st.caption("What this search was asked was deleted, so its trials cannot be shown.")
        return
    _metrics(search, status, is_over=is_over)
    _best(search)
    _charts(search, run.run_id, is_over=is_over)
    _trials(search, is_over=is_over)


def _metrics(search: Search, status: Status | None, *, is_over: bool) -> None:
    """Four cards; what is not known yet is a dash."""
    best, gain = search.best, search.gain
    states = search.trials["state"].value_counts()
    pruned, failed = int(states.get("pruned", 0)), int(states.get("failed", 0))
    took = search.complete["seconds"].dropna()
    memory = status.memory_mb if status else None
    with st.grid(4, min_column_width=165):
        st.metric(
            "Best WQL" if is_over else "Best WQL so far",
            fmt.DASH if best is None else f"{float(best['value']):.3f}",
            None if gain is None else fmt.delta(-gain),
            delta_color="inverse",
            delta_description="vs usual" if gain is not None else None,
            border=True,
            height=CARD_HEIGHT,
            help="Quantile error over the test windows, smaller is better. The settings are "
            "chosen on these very windows, so on new periods the gain is a little smaller.",
        )
        st.metric(
            "Trials",
            f"{search.settled} of {search.request.trials or search.settled}",
            f"{pruned} pruned" + (f", {failed} failed" if failed else ""),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height=CARD_HEIGHT,
            help="A pruned trial was ended early, since it was bound to be a bad one.",
        )
        st.metric(
            "A complete trial",
            fmt.DASH if took.empty else fmt.duration(float(took.mean())),
            border=True,
            height=CARD_HEIGHT,
            help="How long one takes, on average.",
        )
        st.metric(
            "Memory",
            fmt.DASH if memory is None else f"{memory / 1024:.1f} GB",
            border=True,
            height=CARD_HEIGHT,
        )


def _best(search: Search) -> None:
    """The best settings in a sentence; one line from the start, so that nothing moves."""
    best, gain = search.best, search.gain
    if best is None:
        st.markdown(":gray[The usual settings are tried first; then others are compared.]")
        return
    number = int(best["trial"])
    if best["why"] == "the default":
        st.markdown(f"**The usual settings are the best so far** :gray[· trial {number}]")
        return
    words = fmt.escape(tuning_jobs.settings_of(search, best))
    better = f" :gray[· {fmt.share(gain)} less error than the usual ones]" if gain else ""
    st.markdown(f"**Best settings, trial {number}:** {words}{better}")


def _charts(search: Search, run_id: str, *, is_over: bool) -> None:
    theme, usual = st.context.theme.type, search.default_value
    left, right = st.columns([0.62, 0.38], gap="medium")
    with left:
        st.markdown("**Error of each trial** :gray[· WQL, smaller is better]")
        st.plotly_chart(
            tuning_charts.values(
                search.trials,
                asked=search.request.trials or len(search.trials),
                usual=usual,
                view=run_id,
            ),
            key=f"trials-{run_id}-{theme}",
            config={"displayModeBar": False},
            height=tuning_charts.HEIGHT,
            alt=f"Error of each trial: {tuning_charts.describe(search.trials, usual)}",
        )
    with right:
        st.markdown("**What mattered** :gray[· share of the differences]")
        _importance(search, run_id, theme, is_over=is_over)


def _importance(search: Search, run_id: str, theme: str | None, *, is_over: bool) -> None:
    names = tuple(tuning_jobs.differing(search))
    shares = tuning_importance.importance(search.complete[["value", *names]], names)
    if shares:
        first, share = next(iter(shares.items()))
        st.plotly_chart(
            tuning_charts.importance(shares, view=run_id),
            key=f"importance-{run_id}-{theme}",
            config={"displayModeBar": False},
            height=tuning_charts.HEIGHT,
            alt=f"What mattered most: {tuning_words.label(first)}, {share:.0%}",
        )
        return
    done = len(search.complete)
    missing = tuning_importance.FEWEST - done
    words = "All complete trials are alike."
    if missing > 0 and is_over:
        words = (
            f"{fmt.count(done, 'complete trial')} cannot tell; {tuning_importance.FEWEST} are "
            "needed. More trials find out, or fewer that end early."
        )
    elif missing > 0:
        words = f"Known after {fmt.count(missing, 'more complete trial')}."
    with st.container(height=tuning_charts.HEIGHT, border=False):
        st.caption(words)


def _trials(search: Search, *, is_over: bool) -> None:
    order = "the best first" if is_over else "the newest first"
    st.markdown(f"**Trials** :gray[· {order}; pruned ones were ended early]")
    badges = [tuning_jobs.BEST, *tuning_jobs.STATE_WORDS.values()]
    shown = tuning_jobs.table(search, is_over=is_over)
    st.dataframe(
        shown,
        hide_index=True,
        placeholder=fmt.DASH,
        height=TABLE_HEIGHT,
        alt=f"Trials of the search: {len(shown)}",
        column_config={
            "Trial": st.column_config.NumberColumn(format="%d", width=52),
            "State": st.column_config.MultiselectColumn(
                options=[word for word, _ in badges],
                color=[colour for _, colour in badges],
                width=138,
            ),
            "WQL": st.column_config.NumberColumn(format="%.3f", width=66),
            "vs usual": st.column_config.TextColumn(width=76, alignment="right"),
            "Seconds": st.column_config.NumberColumn(format="%.1f", width=70),
            "Note": st.column_config.TextColumn(width=230),
            **{name: _setting_column(shown[name], name) for name in shown.columns[4:-2]},
        },
    )


def _setting_column(values: "pd.Series[Any]", name: str) -> ColumnConfig:
    """A number of three digits, or a word."""
    if pd.api.types.is_numeric_dtype(values):
        return st.column_config.NumberColumn(name, format="%.3g", width=92)
    return st.column_config.TextColumn(name, width=92)
