"""Keys of the REST interface: made once, shown once, kept as a hash, revoked at any time."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from data.errors import KeyConflict, NotFound
from data.store import Store

Scope = Literal["read", "write", "jobs"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "alm_"  # so that a key is known as one where it does not belong, such as in a repository
MOST_CHARACTERS = 60  # of a name


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


def hashed(secret: str) -> str:
    """What is kept of a key: it has 256 random bits, so that a plain hash cannot be searched.

    >>> hashed("alm_x")[:8]
    'fd7dce50'
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def create(store: Store, *, name: str, scopes: Sequence[str]) -> tuple[Key, str]:
    """A new key and its secret, which nobody can read again.

    Raises `KeyConflict` for a name that is empty, long or in use, and for unknown scopes.
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
    secret = PREFIX + secrets.token_urlsafe(32)
    with store.transaction() as cursor:
        if cursor.execute(
            "SELECT 1 FROM api_key WHERE name = $1 AND revoked_at IS NULL", [name]
        ).fetchone():
            raise KeyConflict(f"There is a key called {name!r}. Revoke it, or choose another name.")
        ((key_id,),) = cursor.execute(
            "INSERT INTO api_key (key_id, name, hash, hint, scopes, created_at) "
            "VALUES (nextval('api_key_key'), $1, $2, $3, $4, $5) RETURNING key_id",
            [
                name,
                hashed(secret),
                secret[-4:],
                [scope for scope in SCOPES if scope in scopes],
                datetime.now(UTC).replace(tzinfo=None),
            ],
        ).fetchall()
    return next(key for key in keys(store) if key.key_id == key_id), secret


def revoke(store: Store, key_id: int) -> Key:
    """The key does not work any more; revoking it twice changes nothing. Raises `NotFound`."""
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE api_key SET revoked_at = $1 WHERE key_id = $2 AND revoked_at IS NULL",
            [datetime.now(UTC).replace(tzinfo=None), key_id],
        )
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
        "SELECT hash, key_id, name, hint, scopes, created_at, last_used_at, revoked_at "
        "FROM api_key ORDER BY key_id"
    )
    return {
        hash_: Key(
            key_id=key_id,
            name=name,
            hint=hint,
            scopes=tuple(scopes),
            created_at=created.replace(tzinfo=UTC),
            last_used_at=used.replace(tzinfo=UTC) if used else None,
            revoked_at=revoked.replace(tzinfo=UTC) if revoked else None,
        )
        for hash_, key_id, name, hint, scopes, created, used, revoked in found
    }


def note_use(store: Store, key_id: int, at: datetime) -> None:
    """Remember when a key was last used; `at` is UTC."""
    with store.transaction() as cursor:
        cursor.execute(
            "UPDATE api_key SET last_used_at = $1 WHERE key_id = $2",
            [at.replace(tzinfo=None), key_id],
        )
