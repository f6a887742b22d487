"""What every page shares: words that outlive the run in which they were said."""

from streamlit.testing.v1 import AppTest


def says_before_a_rerun() -> None:
    """A script whose button says two things and runs it again, as pages do after a save."""
    import streamlit as st

    from ui import layout

    layout.page("A page")
    if st.button("Save"):
        layout.say_after_rerun("3 rows are saved.")
        layout.say_after_rerun("Sales count as recorded.", icon=":material/undo:")
        st.rerun()


def says_and_goes_on() -> None:
    """The same without the rerun: the run in which it is said is the one that must not show it."""
    import streamlit as st

    from ui import layout

    layout.page("A page")
    if st.button("Save"):
        layout.say_after_rerun("3 rows are saved.")


def test_when_something_is_said_before_a_rerun_then_the_next_run_shows_it_once(
    empty_store: None,
) -> None:
    app = AppTest.from_function(says_before_a_rerun).run()
    assert not app.toast
    app.button[0].click().run()
    assert [(each.value, each.icon) for each in app.toast] == [
        ("3 rows are saved.", ":material/check:"),
        ("Sales count as recorded.", ":material/undo:"),
    ]
    app.run()
    assert not app.toast
    assert not app.exception


def test_when_something_is_said_then_it_is_kept_for_the_next_run_and_not_shown_in_this_one(
    empty_store: None,
) -> None:
    """AppTest shows toasts of a run that was cut short too; a browser may not have drawn them."""
    app = AppTest.from_function(says_and_goes_on).run()
    app.button[0].click().run()
    assert not app.toast
    app.run()
    assert [each.value for each in app.toast] == ["3 rows are saved."]
