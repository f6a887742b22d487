"""Further looks at a comparison: bands, residuals, the windows of a product, value added."""

import pandas as pd
import streamlit as st

from forecasting.diagnostics.residual_checks import ResidualChecks, check_residuals
from ui import (
    chart_downloads,
    compare,
    compare_charts,
    compare_check_charts,
    compare_parts,
    compare_queries,
)
from ui import compare_check_words as check_words
from ui import compare_words as words
from ui import format as fmt
from ui.compare_facts import Compared
from ui.compare_queries import Choice
from ui.forecasts import SEASON

_ALL = "All together"
_LINES = 4  # models in one chart of a product
_LISTED = 500  # products offered by name
_BEFORE = 26  # periods of history before the first window


def bands(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """Promised and observed by quantile, and where in its distribution each sale fell."""
    looks = compare.looks_of(compared)
    if len(choice.entries) > 1:
        st.caption("Of all windows and series of each run, not only of those that all share.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Sold less than the quantile** :gray[· promised, happened]")
        frame = compared.reliability[compared.reliability["model"].isin(ticked)]
        off = {
            key: float((own["observed"] - own["level"]).abs().max())
            for key, own in frame.groupby("model", observed=True)
        }
        found = "; ".join(
            f"{looks[str(key)].label} {value:.0%} at most" for key, value in off.items()
        )
        chart_downloads.draw(
            compare_check_charts.levels(frame, looks),
            title="Sold less than the quantile",
            key=compare.keyed("levels", choice),
            alt=f"How far shares are from what quantiles promise: {found}.",
            data=lambda: frame.assign(model=[looks[key].label for key in frame["model"]]),
        )
    with right:
        key = ticked[0]
        st.markdown(f"**{fmt.escape(looks[key].label)}: where sales fell** :gray[· PIT]")
        own = compared.pit[compared.pit["model"] == key]
        said = check_words.pit_words(own)
        chart_downloads.draw(
            compare_check_charts.pit(own, looks[key]),
            title=f"Where sales fell, {looks[key].label}",
            key=compare.keyed("pit", choice),
            alt=f"Probability integral transform: {said}",
            data=lambda: own.assign(model=looks[key].label),
        )
        st.caption(f"{said} Level bars are right.")


def residuals(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """What is left in the errors of one model: memory, lean, tails."""
    names = words.labels(compared)
    keys = list(compared.models)
    left, right = st.columns(2, gap="medium")
    with left:
        key = st.selectbox(
            "Model",
            keys,
            index=keys.index(ticked[0]),
            format_func=names.__getitem__,
            key=f"compare-residual-{'-'.join(choice.run_ids)}",
        )
    with right:
        part = _part(choice)
    looks, noun = compare.looks_of(compared), words.noun(choice.freq)
    if part == _ALL:
        errors = compare_parts.errors_in_time(compared, key, choice.freq)
    else:
        column = _column(choice)
        errors = compare_queries.errors_in_time(
            compare_queries.past_forecasts(choice, column, part)[1], key, choice.freq
        )
    season = SEASON[choice.freq]
    checks = check_residuals(errors, lags=max(26, season + 1) if season <= 12 else 26)
    if checks is None:
        st.caption(
            "Fewer than eight errors, or all alike: too little to look at. More windows, or a "
            "longer horizon, give more."
        )
        return
    for text in check_words.residual_words(
        checks, horizon=choice.horizon, noun=noun, season=season
    ):
        st.markdown(text)
    _residual_charts(choice, checks, looks[key], noun)
    st.caption(
        f"Errors of {fmt.escape(part.lower() if part == _ALL else part)}, forecast less sold, as a "
        f"share of the mean {noun}. Errors several {noun}s ahead resemble their neighbours even "
        f"where the model is perfect, up to {fmt.count(choice.horizon - 1, noun)} apart."
    )


def _residual_charts(
    choice: Choice, checks: ResidualChecks, look: compare_charts.Look, noun: str
) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Memory of errors** :gray[· correlation with {noun}s before]")
        chart_downloads.draw(
            compare_check_charts.memory(checks, look, noun=noun),
            title=f"Memory of errors, {look.label}",
            key=compare.keyed("memory", choice),
            alt=f"{fmt.count(len(checks.standing_out), 'lag')} outside the band of pure noise.",
            data=lambda: pd.DataFrame(
                {
                    "lag": checks.lags,
                    "correlation": checks.acf,
                    "ljung_box": checks.ljung_box,
                    "p_value": checks.p_values,
                }
            ),
        )
    with right:
        st.markdown("**Against normal errors** :gray[· quantiles; on the line is normal]")
        chart_downloads.draw(
            compare_check_charts.quantiles(checks, look),
            title=f"Errors against normal, {look.label}",
            key=compare.keyed("normal", choice),
            alt=f"Quantiles of {checks.count} errors against a normal distribution.",
            data=lambda: pd.DataFrame({"normal": checks.normal, "error": checks.ordered}),
        )


def forecast_and_actual(
    choice: Choice, compared: Compared, ticked: list[str], column: str, part: str
) -> None:
    """What each model had forecast in each window, and what sold."""
    looks = compare.looks_of(compared)
    history, tests = compare_queries.past_forecasts(choice, column, part)
    tests = pd.concat([tests[tests["model"] == key] for key in ticked[:_LINES]])
    if tests.empty:
        st.caption("The forecasts of this product were not kept.")
        return
    first = history["timestamp"][history["timestamp"] < tests["timestamp"].min()].tail(_BEFORE)
    shown = history[
        history["timestamp"].between(first.min() if len(first) else pd.Timestamp.min,
                                     tests["timestamp"].max())
    ]  # fmt: skip
    unit = "Revenue" if choice.scope.measure == "revenue" else "Units"
    noun = words.noun(choice.freq)
    st.markdown(
        f"**{fmt.escape(part)}** :gray[· {unit.lower()} a {noun}; each line begins at its cut-off]"
    )
    chart_downloads.draw(
        compare_charts.windows(shown, tests, looks, view=part),
        title=f"Forecast and sold, {part}",
        key=compare.keyed("windows", choice),
        alt=f"{part}: sold, and what {len(ticked[:_LINES])} models forecast in "
        f"{fmt.count(tests['cutoff'].nunique(), 'window')}.",
        data=lambda: tests.assign(model=[looks[key].label for key in tests["model"]]),
    )
    if len(ticked) > _LINES:
        st.caption(f"The first {_LINES} ticked models.")


def value_added(choice: Choice, compared: Compared, ticked: list[str]) -> None:
    """What each kind of model adds to the one before it."""
    ladder = compare_parts.ladder(compared)
    names = words.labels(compared)
    st.markdown("**What each step adds** :gray[· WAPE of the best of its kind]")
    st.markdown(check_words.ladder_words(ladder, names))
    texts = [
        stage if stage in ("Last year", "Average") else f"{stage}: {names[key]}"
        for stage, key in zip(ladder["stage"], ladder["key"], strict=True)
    ]
    chart_downloads.draw(
        compare_check_charts.steps_of_ladder(ladder, texts),
        title="Forecast value added",
        key=compare.keyed("ladder", choice),
        alt="; ".join(
            f"{text} {fmt.share(error)}" for text, error in zip(texts, ladder["WAPE"], strict=True)
        ),
        data=lambda: ladder.assign(key=[names[key] for key in ladder["key"]]),
    )
    st.caption(
        "The best of each kind is chosen on these same windows, so its lead is a little flattered. "
        "Overrides join the ladder once there are any."
    )


def _part(choice: Choice) -> str:
    """All series together, or one product."""
    found = compare_queries.parts(choice)
    listed = sorted(found[_column(choice)].dropna().unique())[:_LISTED]
    options = [_ALL, *(str(each) for each in listed if each != _ALL)]
    return str(st.selectbox("Errors of", options, key=f"compare-of-{'-'.join(choice.run_ids)}"))


def _column(choice: Choice) -> str:
    return "product" if "product" in compare_queries.parts(choice) else "name"
