"""Why a model is the champion of its scope, or is not: the rule's numbers, and who changed it."""

from datetime import datetime

import pandas as pd
import streamlit as st

from engine import champions
from engine.champions import Verdict
from engine.registry import Crowning, Entry
from ui import corrected, forecast_words, in_use, layout, model_charts, navigation, training
from ui import format as fmt
from ui.engine import registry
from ui.in_use import InUse

MARGIN = 0.05  # share that a run may be worse, where no schedule says another
_REASON_LENGTH = 200  # letters


def change(entry: Entry) -> None:
    """The button that makes a model the champion, or none; either asks for the reason."""
    is_champion = entry.is_champion
    label = "No champion" if is_champion else "Make champion"
    icon = ":material/star_half:" if is_champion else ":material/star:"
    with (
        st.popover(label, icon=icon, type="tertiary", key=f"change-{entry.run_id}"),
        st.form(f"champion-{entry.run_id}-{is_champion}", border=False),
    ):
        st.markdown(_consequence(entry))
        why = st.text_input(
            "Why",
            key=f"champion-why-{entry.run_id}-{is_champion}",
            max_chars=_REASON_LENGTH,
            placeholder="For those who ask later",
        )
        if st.form_submit_button(label, type="primary"):
            if not why.strip():
                st.error("Say in a few words why. Nothing was changed.")
                return
            act = registry().uncrown if is_champion else registry().crown
            act(entry.run_id, why=why, who=_author())
            layout.say_after_rerun(
                "There is no champion now." if is_champion else "It is the champion now."
            )
            st.rerun()


def _consequence(entry: Entry) -> str:
    before = champions.champion_of(registry(), entry.about.scope_key)
    if entry.is_champion:
        return "Forecast then offers no model of this scope first."
    if before is None:
        return "It is offered first on Forecast, and new trainings are compared with it."
    verdict, _ = _numbers(entry, before)
    said = fmt.escape(verdict.reason)
    return f"Instead of **{fmt.escape(before.name)}**, which is the champion now. {said}"


def _author() -> str:
    name = corrected.author()
    return "" if name == corrected.NOBODY else name


def section(entry: Entry) -> None:
    """Words, chart and history of the champion of a model's scope."""
    champion = champions.champion_of(registry(), entry.about.scope_key)
    changes = registry().crownings(entry.about.scope_key)
    st.markdown("**Why it is the champion**" if entry.is_champion else "**Against the champion**")
    if entry.is_champion:
        rival = _before(entry, changes)
        st.markdown(_since(entry, changes))
    elif champion is not None:
        rival = champion
        st.markdown(f":gray[The champion is] {fmt.escape(champion.name)}")
    else:
        rival = None
        st.markdown("This scope has no champion.")
    verdict, table = _numbers(entry, rival)
    decided = champions.evidence(registry().run(entry.run_id))
    if decided is not None and (entry.is_champion or champion is None or _is_of(decided, champion)):
        verdict = decided
    st.markdown(_verdict(verdict, is_decided=verdict is decided))
    st.caption(_rule(verdict, is_decided=verdict is decided))
    _chart(entry, rival, verdict, table)
    _history(changes)


def compare_link(entry: Entry) -> None:
    """The way to the comparison that a run was tested in, or is; nothing where there is none."""
    tested = entry.run_id if not entry.about.model else _tested_in(entry)
    if tested is not None and (registry().run(tested).folder / "leaderboard.parquet").is_file():
        st.page_link(
            navigation.COMPARE,
            label="Compare",
            icon=":material/leaderboard:",
            query_params={"runs": tested},
            help="Every model of its comparison, and putting one in use.",
        )


def _tested_in(entry: Entry) -> str | None:
    run = champions.comparison_of(registry(), entry)
    return run.run_id if run else None


def parts_of(entry: Entry) -> list[str]:
    """The parts for which a run is in use besides, in words."""
    return [in_use.words(each.part) for each in _own(entry)]


def _own(entry: Entry) -> list[InUse]:
    scope = training.scope_of(entry.about)
    found = [] if scope is None else in_use.everything(scope.dataset_id)
    return [each for each in found if each.is_exception and each.run.run_id == entry.run_id]


def exceptions(entry: Entry) -> None:
    """For which parts a run is in use besides, why, and the end of that with a reason."""
    own = _own(entry)
    if not own:
        return
    st.markdown(f"**In use for {fmt.count(len(own), 'part')} besides**")
    named = {in_use.words(each.part): each for each in own}
    st.dataframe(
        pd.DataFrame(
            {
                "For": list(named),
                "Since": [_moment(each.at) for each in own],
                "Why": [each.why for each in own],
                "Who": [each.who or None for each in own],
            }
        ),
        hide_index=True,
        placeholder=fmt.DASH,
        alt="Parts for which this model is used instead of the champion",
        column_config={"Why": st.column_config.TextColumn(width=260)},
    )
    with (
        st.popover("End an exception", icon=":material/close:", type="tertiary"),
        st.form(f"end-exception-{entry.run_id}", border=False),
    ):
        chosen = st.selectbox("For", list(named), key=f"end-part-{entry.run_id}")
        why = st.text_input("Why", key=f"end-why-{entry.run_id}", max_chars=_REASON_LENGTH)
        if st.form_submit_button("End it", type="primary"):
            if not why.strip():
                st.error("Say in a few words why. Nothing was changed.")
                return
            in_use.choices().withdraw(in_use.to_part(named[chosen].part), why=why, who=_author())
            layout.say_after_rerun("The champion is in use there again.")
            st.rerun()


def _is_of(verdict: Verdict, champion: Entry) -> bool:
    return verdict.against == champion.run_id


def _before(entry: Entry, changes: list[Crowning]) -> Entry | None:
    """What was the champion before: as the rule says, else as the history does."""
    decided = champions.evidence(registry().run(entry.run_id))
    if decided is not None:
        return registry().entry(decided.against)
    earlier = [each.run_id for each in changes if each.is_crowned and each.run_id != entry.run_id]
    return registry().entry(earlier[0]) if earlier else None


def _since(entry: Entry, changes: list[Crowning]) -> str:
    """Since when, by whom and why, in a line."""
    crowned = next((each for each in changes if each.run_id == entry.run_id), None)
    if crowned is None:
        return ":blue-badge[:material/star: Champion] :gray[since before reasons were kept]"
    by = f" by {crowned.who}" if crowned.who else ""
    line = f":blue-badge[:material/star: Champion] :gray[{fmt.escape(_moment(crowned.at) + by)}]"
    own = crowned.who != champions.RULE and crowned.why
    return f"{line} {fmt.escape(crowned.why)}" if own else line


def _verdict(verdict: Verdict, *, is_decided: bool) -> str:
    said = fmt.escape(verdict.reason)
    if is_decided or verdict.candidate is None:
        return said
    would = "would put it in use" if verdict.promoted else "would not put it in use"
    return f"{said} The rule {would}."


def _rule(verdict: Verdict, *, is_decided: bool) -> str:
    parts = [f"Rule: not over {verdict.margin:.0%} worse on the windows that both were tested on"]
    if is_decided and verdict.at:
        parts.append(f"decided {_moment(verdict.at)}")
    return fmt.escape(" · ".join(parts))


def _chart(entry: Entry, rival: Entry | None, verdict: Verdict, table: pd.DataFrame | None) -> None:
    if table is None:
        return
    own = training.model_name(entry.about.model)
    scope = training.scope_of(entry.about)
    other = forecast_words.model_name(champions.LAST_YEAR, scope.freq if scope else "W")
    if rival is not None and verdict.rival != "last year":
        other = training.model_name(rival.about.model)
        if other == own:  # the same model, trained earlier
            own, other = f"{own}, this one", f"{other} of {_day(rival.about.created_at)}"
    st.markdown("**WQL by test window** :gray[· less is better]")
    st.plotly_chart(
        model_charts.windows(table, own, other),
        key=f"windows-{entry.run_id}-{st.context.theme.type}",
        config={"displayModeBar": False},
        alt=model_charts.describe_windows(table, own, other),
    )


def _history(changes: list[Crowning]) -> None:
    if not changes:
        return
    title = fmt.count(len(changes), "change") + " of the champion"
    with st.expander(title, icon=":material/history:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "When": [_moment(each.at) for each in changes],
                    "Model": [each.name for each in changes],
                    "Change": ["Champion" if each.is_crowned else "None" for each in changes],
                    "Why": [each.why or None for each in changes],
                    "Who": [each.who or None for each in changes],
                }
            ),
            hide_index=True,
            placeholder=fmt.DASH,
            alt="How the champion of this scope has changed",
            column_config={"Why": st.column_config.TextColumn(width=300)},
        )


def _numbers(entry: Entry, rival: Entry | None) -> tuple[Verdict, pd.DataFrame | None]:
    """What the rule says now, and the errors by window."""
    own = champions.comparison_of(registry(), entry)
    other = champions.comparison_of(registry(), rival) if rival else None
    return _compared(
        entry.run_id,
        rival.run_id if rival else None,
        (own.run_id if own else "", other.run_id if other else ""),
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _compared(
    run_id: str, rival_id: str | None, tests: tuple[str, str]
) -> tuple[Verdict, pd.DataFrame | None]:
    """`tests` are the runs whose finished backtests are compared; what they hold never changes."""
    entry = registry().entry(run_id)
    assert entry is not None  # it is on screen
    rival = registry().entry(rival_id) if rival_id else None
    verdict = champions.compare(registry(), entry, rival, margin=MARGIN)
    if not verdict.rival:
        return verdict, None
    is_naive = verdict.rival == "last year" or rival is None
    table = champions.by_window(
        champions.tests_of(registry(), entry),
        champions.tests_of(registry(), entry if is_naive or rival is None else rival),
        model=entry.about.model,
        champion_model=champions.LAST_YEAR if is_naive or rival is None else rival.about.model,
    )
    return verdict, table


def _moment(at: float) -> str:
    then = datetime.fromtimestamp(at)
    return f"{fmt.day(then.date())}, {then:%H:%M}"


def _day(at: float) -> str:
    then = datetime.fromtimestamp(at)
    return f"{then.day} {then:%b}"
