"""Publishing the plan: a dialog that names what the version will hold."""

from datetime import date

import streamlit as st

from data import plans, publications
from data.errors import PlanError
from data.scope import Scope
from ui import corrected, forecast_words, layout, plan_reads, plan_words, state
from ui import format as fmt
from ui.plan_reads import Sheet


def button(sheet: Sheet) -> None:
    """What is not published yet, and the button that opens the dialog."""
    if sheet.published is None:
        st.markdown(":orange-badge[:material/edit: Not published]", width="content")
    elif sheet.published.revision != sheet.plan.revision:
        st.markdown(":orange-badge[:material/edit: Changed since published]", width="content")
    if st.button("Publish", icon=":material/publish:", key="plan_publish"):
        _dialog(sheet)


@st.dialog("Publish the plan")
def _dialog(sheet: Sheet) -> None:
    with layout.errors_in_words():  # a dialog runs on its own, outside the guard of app.py
        _form(sheet)


def _form(sheet: Sheet) -> None:
    plan, dataset = sheet.plan, sheet.dataset
    whole = plans.series(state.store(), plan, Scope(dataset_id=dataset.dataset_id, freq=plan.freq))
    first = sheet.series["timestamp"].iloc[0]
    ahead = whole[whole["timestamp"] >= first]
    last = ahead["timestamp"].iloc[-1]
    periods = forecast_words.periods(len(ahead), plan.freq)
    said = plan_words.contents(
        float(ahead["final"].sum()),
        float(ahead["mean"].sum()),
        plan_reads.history(plan),
        sheet.published,
    )
    st.markdown(
        f"All of **{fmt.escape(dataset.name)}**, {periods} from "
        f"{plan_words.header(first, plan.freq)} to {plan_words.header(last, plan.freq)}: {said}"
    )
    st.caption("A version never changes. Stock, reports and the API build on the latest.")
    name = st.text_input(
        "Name",
        value=_suggested(dataset.dataset_id),
        max_chars=publications.MOST_CHARACTERS,
        key="plan_publish_name",
    )
    note = st.text_area("Note", key="plan_publish_note", max_chars=1000, height=80)
    corrected.author_input()
    if st.button(f"Publish {periods}", type="primary", key="plan_publish_go"):
        try:
            made = publications.publish(
                state.store(),
                plan,
                name=name,
                note=note,
                author=corrected.author(),
                based_on=plan.revision,
            )
        except PlanError as error:
            st.error(fmt.escape(str(error)))
            return
        layout.say_after_rerun(f"Published: {fmt.escape(made.name)}.")
        st.rerun()


def _suggested(dataset_id: int) -> str:
    """The day, with a number where a version has that name already."""
    taken = {each.name for each in publications.listed(state.store(), dataset_id)}
    day = f"{date.today().day} {date.today():%B %Y}"
    names = [day, *(f"{day}, no. {number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)
