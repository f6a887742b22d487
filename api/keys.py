"""Who asks: the keys of the REST interface, checked in memory.

Only the app's process opens the database, so a key that is made or revoked in it, on the page or
over the wire, is so at once.
Beside them there is one token of the running process, in `var/server.json`, for the command line
of the same user: who can read that file can read the database as well.
"""

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.problems import Problem
from data import api_keys
from data.api_keys import SCOPES, Key
from data.store import Store

LOCAL = "local"  # the scope of the token alone: it may make and revoke keys
HOW = (
    "Make one on the page API keys, or with `python -m almanac keys create NAME --scopes read` on "
    "the machine of the app, and send it as `Authorization: Bearer alm_...`."
)
_NOTED = timedelta(hours=1)

_lock = threading.Lock()
_known: dict[str, Key] | None = None
_seen = 0  # `api_keys.changes` when they were read
_used: dict[int, datetime] = {}
_token_hash = ""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose request it is."""

    name: str
    scopes: frozenset[str]
    key_id: int | None = None  # None: the command line of this machine


COMMAND_LINE = Caller(name="command line", scopes=frozenset((*SCOPES, LOCAL)))


def caller(authorization: str) -> Caller:
    """The holder of the key in the header. Raises `Problem` (401) where it is not valid."""
    scheme, _, secret = authorization.strip().partition(" ")
    secret = secret.strip()
    if not authorization:
        raise Problem("unknown-key", f"This needs a key. {HOW}")
    if scheme.lower() != "bearer" or not secret:
        raise Problem("unknown-key", f"The header Authorization holds no key. {HOW}")
    hashed = api_keys.hashed(secret)
    if _token_hash and secrets.compare_digest(hashed, _token_hash):
        return COMMAND_LINE
    key = known().get(hashed)
    if key is None:
        raise Problem("unknown-key", f"This key is not known. {HOW}")
    if key.revoked_at is not None:
        raise Problem(
            "unknown-key", f"The key {key.name!r} was revoked on {key.revoked_at:%-d %b %Y}. {HOW}"
        )
    if key.has_ended(datetime.now(UTC)):
        raise Problem(
            "unknown-key", f"The key {key.name!r} worked until {key.expires_at:%-d %b %Y}. {HOW}"
        )
    return Caller(name=key.name, scopes=frozenset(key.scopes), key_id=key.key_id)


def require(who: Caller, scope: str) -> None:
    """Raises `Problem` (403) where the key has another scope."""
    if scope not in who.scopes:
        raise Problem(
            "wrong-scope",
            f"The key {who.name!r} has the scopes {', '.join(sorted(who.scopes))}; this needs "
            f"{scope}. " + (HOW if scope != LOCAL else "Only the command line may manage keys."),
        )


def known() -> dict[str, Key]:
    """All keys by the hash of their secret."""
    global _known, _seen
    with _lock:
        if _known is None or _seen != api_keys.changes():
            _seen = api_keys.changes()
            _known = api_keys.by_hash(_store())
        return _known


def forget() -> None:
    """Read the keys anew: another database was opened."""
    global _known
    with _lock:
        _known = None


def trust(token: str) -> None:
    """Take this token for the command line of this machine; "" for none."""
    global _token_hash
    _token_hash = api_keys.hashed(token) if token else ""


def is_loaded() -> bool:
    """Whether `caller` answers from memory."""
    return _known is not None and _seen == api_keys.changes()


def claims_use(who: Caller) -> bool:
    """Whether this request is the one that writes down that a key is used: once an hour."""
    if who.key_id is None:
        return False
    now = datetime.now(UTC)
    if now - _used.get(who.key_id, now - 2 * _NOTED) < _NOTED:
        return False
    _used[who.key_id] = now
    return True


def note_use(who: Caller) -> None:
    """Write down that a key is used."""
    if who.key_id is not None:
        api_keys.note_use(_store(), who.key_id, datetime.now(UTC))


def _store() -> Store:
    from ui import state

    return state.store()
