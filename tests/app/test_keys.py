"""Keys on screen: made and shown once, revoked for good, with examples that work."""

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from api import keys as checked
from api.problems import Problem
from data import api_keys
from data.errors import KeyConflict
from tests.stores import open_at, words
from ui import keys, state

PAGE = "pages/data/keys.py"


def test_when_there_is_no_key_then_the_page_teaches(empty_app: AppTest) -> None:
    app = open_at(empty_app, PAGE)
    assert "No keys yet" in words(app)
    assert [button.label for button in app.button] == ["New key"]


def test_when_there_are_keys_then_they_are_listed_with_examples_for_the_dataset(
    demo_app: AppTest,
) -> None:
    store = state.store()
    old, _ = api_keys.create(store, name="old", scopes=["jobs"])
    api_keys.revoke(store, old.key_id)
    _, secret = api_keys.create(store, name="till", scopes=["read", "write"])
    app = open_at(demo_app, PAGE)
    shown = app.dataframe[0].value
    assert shown["Name"].tolist() == ["till", "old"]  # what works comes first
    assert shown["Ends with"].tolist()[0] == f"…{secret[-4:]}"
    assert shown["May"].map(list).tolist() == [["read", "send"], ["work"]]
    assert shown["State"].map(list).tolist() == [["Works"], ["Revoked"]]
    assert secret not in str(app.main)
    in_curl, in_python = [block.value for block in app.code]
    assert "/api/v1/datasets/1/forecasts" in in_curl
    assert "/api/v1/datasets/1" in in_python


def test_when_a_key_is_made_or_revoked_in_the_app_then_rest_knows_at_once(
    empty_store: None,
) -> None:
    key, secret = api_keys.create(state.store(), name="till", scopes=["read"])
    assert checked.caller(f"Bearer {secret}").key_id == key.key_id
    api_keys.revoke(state.store(), key.key_id)  # as the dialog does
    with pytest.raises(Problem, match="revoked"):
        checked.caller(f"Bearer {secret}")


def test_when_a_key_has_an_end_then_it_works_until_then(
    empty_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = api_keys.create(state.store(), name="guest", scopes=["read"], days=30)
    checked.forget()
    assert checked.caller(f"Bearer {secret}").key_id == key.key_id
    later = datetime.now(UTC) + timedelta(days=31)
    assert keys.status(key, later) == "Ended"
    with state.store().transaction() as cursor:
        cursor.execute("UPDATE api_key SET expires_at = now()::TIMESTAMP - INTERVAL 2 DAY")
    checked.forget()
    with pytest.raises(Problem, match="worked until"):
        checked.caller(f"Bearer {secret}")
    again, _ = api_keys.create(state.store(), name="guest", scopes=["read"], days=1)
    assert again.key_id != key.key_id
    with pytest.raises(KeyConflict, match="0 days"):
        api_keys.create(state.store(), name="never", scopes=["read"], days=0)
