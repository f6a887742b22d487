"""Keys over the wire, for the command line alone, and what the service says of itself."""

from pydantic import Field

from api.wire import Call, Moment, Wire
from data import api_keys
from data.api_keys import Key, Scope
from ui import state


class KeyParams(Wire):
    key: int = Field(ge=1, lt=2**31, description="Number of a key.")


class KeyBody(Wire):
    name: str = Field(max_length=300, description="Who will use it.")
    scopes: list[Scope] = Field(default=["read"], max_length=3)
    days: int | None = Field(
        default=None,
        ge=1,
        le=api_keys.MOST_DAYS,
        description="How long it works; until it is revoked where none are given.",
    )


class KeyAnswer(Wire):
    key: int
    name: str
    ends_with: str = Field(description="Its last four letters.")
    scopes: list[Scope]
    created_at: Moment
    last_used_at: Moment | None = Field(description="At most an hour late.")
    expires_at: Moment | None = Field(description="Null: it works until it is revoked.")
    revoked_at: Moment | None


class KeysAnswer(Wire):
    keys: list[KeyAnswer]


class NewKeyAnswer(Wire):
    key: KeyAnswer
    secret: str = Field(description="Shown this once.")


class HealthAnswer(Wire):
    status: str = Field(description="`ok`; where it is not, the answer is a problem (503).")


def health(call: Call[Wire, None]) -> HealthAnswer:
    """Whether the database answers."""
    state.store().rows("SELECT 1")
    return HealthAnswer(status="ok")


def every(call: Call[Wire, None]) -> KeysAnswer:
    """All keys, revoked ones too."""
    return KeysAnswer(keys=[_answer(each) for each in api_keys.keys(state.store())])


def create(call: Call[Wire, KeyBody]) -> NewKeyAnswer:
    """A new key."""
    made, secret = api_keys.create(
        state.store(), name=call.body.name, scopes=call.body.scopes, days=call.body.days
    )
    return NewKeyAnswer(key=_answer(made), secret=secret)


def revoke(call: Call[KeyParams, None]) -> KeyAnswer:
    """The key does not work any more, from now on."""
    revoked = api_keys.revoke(state.store(), call.params.key)
    return _answer(revoked)


def _answer(key: Key) -> KeyAnswer:
    return KeyAnswer(
        key=key.key_id,
        name=key.name,
        ends_with=key.hint,
        scopes=list(key.scopes),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
