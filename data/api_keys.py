"""Keys of the REST interface: made once, shown once, kept as a hash, revoked at any time.

One process alone writes them, so that a counter in it says when what is held of them is old.
"""

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from data.errors import KeyConflict, NotFound
from data.store import Store

Scope = Literal["read", "write", "jobs"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "alm_"  # so that a key is known as one where it does not belong, such as in a repository
MOST_CHARACTERS = 60  # of a name
MOST_DAYS = 3650  # that a key with an end works

_count = itertools.count(1)
_changes = 0


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key; times are UTC."""

    key_id: int
    name: str
    hint: str  # its last four letters
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None = None  # None: it works until it is revoked

    def has_ended(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


def changes() -> int:
    """Another number after every change of a key in this process."""
    return _changes


def hashed(secret: str) -> str:
    """What is kept of a key: it has 256 random bits, so that a plain hash cannot be searched.

    >>> hashed("alm_x")[:8]
    'fd7dce50'
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    store: Store, *, name: str, scopes: Sequence[str], days: int | None = None
) -> tuple[Key, str]:
    """A new key and its secret, which nobody can read again; it works for `days`, else for good.

    Raises `KeyConflict` for a name that is empty, long or in use, for unknown scopes, and for
    days out of range.
    """
    name = " ".join(name.split())
    if not name or len(name) > MOST_CHARACTERS:
        raise KeyConflict(
            f"The name {name[:40]!r} has {len(name)} characters. Use 1 to {MOST_CHARACTERS}, such "
            "as the system that will use the key."
        )
    if not scopes or (unknown := sorted(set(scopes) - set(SCOPES))):
        asked = f"{unknown[0]!r} is no scope" if scopes else "A key needs at least one scope"
        raise KeyConflict(f"{asked}. Use one or more of {', '.join(SCOPES)}.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise KeyConflict(f"A key cannot work for {days} days. Use 1 to {MOST_DAYS:,}, or no end.")
    now = datetime.now(UTC).replace(tzinfo=None)
    secret = PREFIX + secrets.token_urlsafe(32)
    with store.transaction() as cursor:
        if cursor.execute(
            "SELECT 1 FROM api_key WHERE name = $1 AND revoked_at IS NULL "
            "AND coalesce(expires_at > $2, true)",
            [name, now],
        ).fetchone():
            raise KeyConflict(f"There is a key called {name!r}. Revoke it, or choose another name.")
        ((key_id,),) = cursor.execute(
            "INSERT INTO api_key (key_id, name, hash, hint, scopes, created_at, expires_at) "
            "VALUES (nextval('api_key_key'), $1, $2, $3, $4, $5, $6) RETURNING key_id",
            [
                name,
                hashed(secret),
                secret[-4:],
                [scope for scope in SCOPES if scope in scopes],
                now,
                None if days is None else now + timedelta(days=days),
            ],
        ).fetchall()
    _changed()
    return next(key for key in keys(store) if key.key_id == key_id), secret


def revoke(store: Store, key_id: int) -> Key:
    """The key does not work any more; revoking it twice changes nothing. Raises `NotFound`."""
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE api_key SET revoked_at = $1 WHERE key_id = $2 AND revoked_at IS NULL",
            [datetime.now(UTC).replace(tzinfo=None), key_id],
        )
    _changed()
    for key in keys(store):
        if key.key_id == key_id:
            return key
    raise NotFound(f"There is no key {key_id}. `keys list` shows all.")


def keys(store: Store) -> list[Key]:
    """All keys, the oldest first; revoked ones stay listed."""
    return list(by_hash(store).values())


def by_hash(store: Store) -> dict[str, Key]:
    """All keys by the hash of their secret, the oldest first."""
    found = store.rows(
        "SELECT hash, key_id, name, hint, scopes, created_at, last_used_at, revoked_at, "
        "expires_at FROM api_key ORDER BY key_id"
    )
    return {
        hash_: Key(
            key_id=key_id,
            name=name,
            hint=hint,
            scopes=tuple(scopes),
            created_at=created.replace(tzinfo=UTC),
            last_used_at=_utc(used),
            revoked_at=_utc(revoked),
            expires_at=_utc(expires),
        )
        for hash_, key_id, name, hint, scopes, created, used, revoked, expires in found
    }


def note_use(store: Store, key_id: int, at: datetime) -> None:
    """Remember when a key was last used; `at` is UTC."""
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE api_key SET last_used_at = $1 WHERE key_id = $2",
            [at.replace(tzinfo=None), key_id],
        )
    _changed()


def _changed() -> None:
    global _changes
    _changes = next(_count)


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
