"""Keys are shown once, kept as a hash, and revoked; requests that come twice are answered once."""

from datetime import UTC, datetime

import pytest

from data import api_keys, receipts
from data.errors import ImportConflict, KeyConflict, NotFound
from data.receipts import AlreadyDone, Slip
from data.store import Store


def test_when_a_key_is_made_then_only_its_hash_is_kept(store: Store) -> None:
    key, secret = api_keys.create(store, name=" The  ERP ", scopes=["write", "read"])
    assert (key.name, key.scopes) == ("The ERP", ("read", "write"))
    assert secret.startswith(api_keys.PREFIX)
    assert len(secret) > 40
    assert api_keys.by_hash(store)[api_keys.hashed(secret)] == key
    assert secret not in str(store.rows("SELECT * FROM api_key"))


def test_when_a_name_is_taken_then_it_is_free_again_after_revoking(store: Store) -> None:
    key, _ = api_keys.create(store, name="erp", scopes=["read"])
    with pytest.raises(KeyConflict, match="erp"):
        api_keys.create(store, name="erp", scopes=["read"])
    first = api_keys.revoke(store, key.key_id).revoked_at
    assert first is not None
    assert api_keys.revoke(store, key.key_id).revoked_at == first
    api_keys.create(store, name="erp", scopes=["read"])
    assert len(api_keys.keys(store)) == 2
    with pytest.raises(NotFound):
        api_keys.revoke(store, 99)


@pytest.mark.parametrize(
    ("name", "scopes"), [("", ["read"]), ("x" * 61, ["read"]), ("a", []), ("a", ["all"])]
)
def test_when_a_key_cannot_be_then_it_is_refused(
    store: Store, name: str, scopes: list[str]
) -> None:
    with pytest.raises(KeyConflict):
        api_keys.create(store, name=name, scopes=scopes)


def test_when_a_key_is_used_then_the_time_is_kept_in_utc(store: Store) -> None:
    key, _ = api_keys.create(store, name="erp", scopes=["read"])
    at = datetime(2026, 11, 20, 6, tzinfo=UTC)
    api_keys.note_use(store, key.key_id, at)
    assert api_keys.keys(store)[0].last_used_at == at


def test_when_a_request_was_answered_then_it_is_done_no_more(store: Store) -> None:
    slip = Slip(owner="erp", idempotency_key="monday", digest="abc")
    receipts.look(store, slip)
    with store.transaction() as cursor:
        receipts.keep(cursor, slip, {"rows": 3})
    with pytest.raises(AlreadyDone) as done:
        receipts.look(store, slip)
    assert done.value.answer == {"rows": 3}
    with pytest.raises(ImportConflict, match="monday"):
        receipts.look(store, Slip(owner="erp", idempotency_key="monday", digest="other"))
    receipts.look(store, Slip(owner="another", idempotency_key="monday", digest="other"))


def test_when_the_work_fails_then_its_receipt_is_not_kept(store: Store) -> None:
    slip = Slip(owner="erp", idempotency_key="monday", digest="abc")

    def work() -> None:
        with store.transaction() as cursor:
            receipts.keep(cursor, slip, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    receipts.look(store, slip)
