"""A widget tells a browser that draws late what was chosen."""

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from ui import kept_choice

    st.selectbox(
        "Show",
        ["Units", "Revenue"],
        index=0 if kept_choice.default("show", "Units") else None,
        key="show",
    )


def test_when_a_page_runs_again_then_the_choice_is_said_again() -> None:
    """Without it the second run says nothing, and a browser that mounts it shows no choice."""
    app = AppTest.from_function(script).run()
    assert app.selectbox(key="show").value == "Units"
    app.run()
    box = app.selectbox(key="show").proto
    assert (box.set_value, box.raw_value) == (True, "Units")
    app.selectbox(key="show").set_value("Revenue").run()
    app.run()
    assert app.selectbox(key="show").proto.raw_value == "Revenue"
    assert app.session_state["show"] == "Revenue"
