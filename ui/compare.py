"""The parts of the Compare page, drawn: verdict, leaderboard, charts, method, files."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import (
    chart_downloads,
    compare_charts,
    compare_facts,
    compare_queries,
    layout,
    navigation,
    public_models,
    queries,
    sidebar,
    table_files,
)
from ui import compare_words as words
from ui import format as fmt
from ui.compare_charts import Look
from ui.compare_facts import Compared
from ui.compare_queries import Choice
from ui.queries import Dataset

_TICKED = 4  # models ticked at first, at most


def read(choice: Choice) -> Compared:
    """The comparison; stops the page where the runs share nothing."""
    found = compare_queries.compared(choice)
    if found is None:
        layout.stop(
            "**These comparisons share no series and window**, or their sales were changed in "
            "between. Choose one of them in the list beside the title, or train again, which tests "
            "all models on the same past periods.",
            link=navigation.TRAIN,
            link_label="Train models",
        )
    return found


def verdict(choice: Choice, compared: Compared, dataset: Dataset) -> None:
    """Which model to use and why, and what is compared."""
    key = words.recommended(compared.board)
    others = tuple(
        other
        for name in compare_facts.REFERENCES
        if (other := compare_facts.key_of(compared.models, name)) and other != key
    )
    always = compare_queries.in_every_window(choice, key, others)
    with st.container(border=True):
        text = words.verdict(compared, in_every_window=always)
        st.markdown(f":material/verified: {text}")
        unit = "revenue" if choice.scope.measure == "revenue" else "units"
        st.caption(words.shared(compared, len(choice.entries), unit))
        if note := words.other_measure(choice.scope.measure, sidebar.measure(dataset)):
            st.caption(note)


def leaderboard(choice: Choice, compared: Compared) -> list[str]:
    """The table of models; gives the keys that are ticked, in its order."""
    kept = compare_queries.kept_models(choice, compared)
    in_use = next((key for key, entry in kept.items() if entry.is_champion), None)
    named = {each.dataset_id: each.name for each in queries.datasets()}
    library = {key: model.name for key, model in compared.models.items()}
    saw = public_models.seen(library, named.get(choice.scope.dataset_id, ""))
    frame = words.table(compared, in_use, saw)
    usual, against = _usually_ticked(compared), f"vs {words.plain(choice.freq).lower()}"
    keys = [str(key) for key in compared.board["key"]]
    signed = fmt.with_signed_percents(frame, {against: 0, "vs ARIMA": 0, "Bias": 1})
    styled = signed.format(words.short_seconds, subset=["Seconds"])  # type: ignore[arg-type]
    event = st.dataframe(
        styled,
        hide_index=True,
        placeholder=fmt.DASH,
        key=f"compare-board-{'-'.join(choice.run_ids)}",
        height="auto" if len(frame) <= 10 else 360,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [keys.index(key) for key in usual]}},
        alt="Models, the best first, with what their error is and whether the gap is chance",
        column_config=_board_columns(against),
    )
    if saw:
        st.caption(public_models.warning(saw))
    rows = [row for row in event.selection.rows if row < len(keys)]
    return [keys[row] for row in sorted(rows)] or keys[:1]


def _board_columns(against: str) -> dict[str, Any]:
    """How the leaderboard is drawn; `against` heads the gap to the plainest model."""
    return {
        "Model": st.column_config.TextColumn(width=134),
        "Verdict": st.column_config.MultiselectColumn(
            options=[word for word, _ in words.VERDICTS.values()],
            color=[colour for _, colour in words.VERDICTS.values()],
            width=138,
            help="Whether the gap to the best is more than chance, by drawing products again.",
        ),
        "WQL": st.column_config.NumberColumn(
            format="%.3f", width=60, help="Error of all quantiles, as a share of what sold."
        ),
        against: st.column_config.Column(width=82, help="WQL against the plainest model's."),
        "vs ARIMA": st.column_config.Column(width=78, help="WQL against ARIMA's."),
        "WAPE": st.column_config.NumberColumn(
            format="%.1f%%",
            width=64,
            help="How far off, as a share of what sold. Smaller is better.",
        ),
        "Bias": st.column_config.Column(
            width=58, help="Whether the forecast was too much or too little on the whole."
        ),
        "80% band held": st.column_config.NumberColumn(
            format="%.0f%%",
            width=100,
            help="Share of periods inside the band; ties count by their share. 80% is right.",
        ),
        "Seconds": st.column_config.Column(
            width=68, help="To train and forecast, all windows together."
        ),
        " ": st.column_config.TextColumn(width=98),
    }


def everything(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """Three charts side by side: by steps ahead, the bands, and what the models cost."""
    looks = looks_of(compared)
    left, middle, right = st.columns([0.4, 0.3, 0.3], gap="medium")
    with left:
        errors = compare_queries.by_step(choice, "WAPE")[ticked]
        steps_chart(choice, compared, errors, "WAPE", looks)
    with middle:
        bands_chart(choice, compared, ticked, looks)
    with right:
        _worth_chart(choice, compared, looks)


def steps_chart(
    choice: Choice,
    compared: Compared,
    errors: pd.DataFrame,
    measure: str,
    looks: dict[str, Look],
) -> None:
    """Error by steps ahead."""
    ahead = words.periods_ahead(choice.freq)
    st.markdown(f"**Error by {ahead}** :gray[· {measure}]")
    first, last = errors.iloc[0], errors.iloc[-1]
    found = "; ".join(
        f"{looks[str(key)].label} from {compare_charts.figure_of(first[key], measure)} to "
        f"{compare_charts.figure_of(last[key], measure)}"
        for key in errors.columns
    )
    chart_downloads.draw(
        compare_charts.by_step(errors, looks, noun=words.noun(choice.freq), measure=measure),
        title=f"Error by {ahead}",
        key=keyed("steps", choice),
        alt=f"Error by {ahead}: {found}.",
        data=lambda: named(errors, looks).reset_index(),
    )
    if not compared.same_series:
        st.caption("Each run over its own series; the leaderboard has only those that all share.")


def bands_chart(
    choice: Choice, compared: Compared, ticked: list[str], looks: dict[str, Look]
) -> None:
    """What the bands promised against what happened."""
    st.markdown("**Do the bands hold?**")
    held = compare_charts.held(compared.reliability, ticked)
    if held.empty:
        st.caption("These runs forecast no bands.")
        return
    widest = held.index.max()
    found = "; ".join(f"{looks[key].label} {held[key].iloc[-1]:.0%}" for key in ticked)
    chart_downloads.draw(
        compare_charts.bands(held, looks),
        title="Do the bands hold",
        key=keyed("bands", choice),
        alt=f"Share of sales inside the {widest:.0%} band: {found}.",
        data=lambda: named(held, looks).rename_axis("promised").reset_index(),
    )


def _worth_chart(choice: Choice, compared: Compared, looks: dict[str, Look]) -> None:
    """Error against seconds."""
    st.markdown("**Worth the time?** :gray[· WAPE, seconds]")
    board = compared.board[["key", "WAPE", "seconds"]]
    if not (board["seconds"] > 0).any():
        st.caption("These runs kept no seconds.")
        return
    found = "; ".join(
        f"{looks[str(key)].label} {fmt.share(error)} in {compare_charts.seconds(seconds)}"
        for key, error, seconds in board.itertuples(index=False)
    )
    chart_downloads.draw(
        compare_charts.worth(board, looks),
        title="Error against seconds",
        key=keyed("worth", choice),
        alt=f"Error against seconds: {found}.",
        data=lambda: board.assign(key=[looks[key].label for key in board["key"]]),
    )


def method(choice: Choice, compared: Compared) -> None:
    """Folded: every figure, the two tests, and how they are made."""
    box = st.expander("Method and all figures", icon=":material/science:", on_change="rerun",
                      key="compare_method")  # fmt: skip
    if not box.open:
        return
    with box:
        horizon, noun = choice.horizon, words.noun(choice.freq)
        st.markdown(
            "**By chance?** The series (all places of a product together) are drawn again 2,000 "
            "times; the range is where 95% of the gaps to the best lie, and p is corrected for the "
            "number of models (Holm). Diebold-Mariano looks the other way: at the mean loss of all "
            f"series {noun} by {noun}, with errors that hang together over {horizon - 1} "
            f"{noun}s. Positive: worse than the best. With few windows it sees little."
        )
        st.dataframe(
            words.chance_table(compared),
            hide_index=True,
            placeholder=fmt.DASH,
            alt="Gap to the best with its range, and both tests",
            column_config={
                "Gap": st.column_config.NumberColumn(format="%.1f%%"),
                "From": st.column_config.NumberColumn(format="%.1f%%"),
                "To": st.column_config.NumberColumn(format="%.1f%%"),
                "p": st.column_config.NumberColumn(format="%.3f"),
                "Diebold-Mariano": st.column_config.NumberColumn(format="%.2f"),
                "its p": st.column_config.NumberColumn(format="%.3f"),
            },
        )
        st.markdown("**All figures** :gray[· of the mean; MASE and RMSSE are means over series]")
        st.dataframe(
            words.figures_table(compared),
            hide_index=True,
            placeholder=fmt.DASH,
            alt="Every metric of every model",
            column_config={
                **{
                    name: st.column_config.NumberColumn(format="%.3f")
                    for name in ("WQL", "MASE", "RMSSE")
                },
                **{
                    name: st.column_config.NumberColumn(format="%.1f%%")
                    for name in ("WAPE", "Bias", "50% band", "80% band", "95% band")
                },
                "MAE": st.column_config.NumberColumn(format="%,.2f"),
                "RMSE": st.column_config.NumberColumn(format="%,.2f"),
            },
        )
        if used := compare_queries.fallbacks(choice):
            names = words.labels(compared)
            said = ", ".join(
                f"{fmt.escape(names[key])} {fmt.count(number, 'series', 'series')}"
                for key, number in used.items()
            )
            st.caption(f"Too short for the model, so a simpler method was used: {said}.")


def downloads(place: DeltaGenerator, choice: Choice, compared: Compared) -> None:
    """The Download menu: leaderboard, scores by series, and the charts drawn."""
    parts = compare_queries.parts
    with chart_downloads.menu(place):
        table_files.buttons(
            lambda: words.every_figure(compared), "Leaderboard", stem="leaderboard", key="board"
        )
        table_files.buttons(
            lambda: words.series_file(compared, parts(choice)),
            "Scores by series and window",
            stem="scores-by-series",
            key="series_scores",
        )


def looks_of(compared: Compared) -> dict[str, Look]:
    """How each model is drawn, by key."""
    return compare_charts.looks(compared.models, words.labels(compared))


def named(frame: pd.DataFrame, looks: dict[str, Look]) -> pd.DataFrame:
    """A frame whose columns are keys, for a file."""
    return frame.rename(columns={key: look.label for key, look in looks.items()})


def keyed(name: str, choice: Choice) -> str:
    """The key of a chart of these runs."""
    return chart_downloads.keyed(f"compare-{name}-{'-'.join(choice.run_ids)}")


def _usually_ticked(compared: Compared) -> list[str]:
    """The best, the references, and the next best while there is room."""
    keys = [str(key) for key in compared.board["key"]]
    references = [
        key
        for name in compare_facts.REFERENCES
        if (key := compare_facts.key_of(compared.models, name))
    ]
    wanted = list(dict.fromkeys([keys[0], *references, *keys[1:]]))[:_TICKED]
    return [key for key in keys if key in wanted]
