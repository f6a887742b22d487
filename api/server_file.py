"""`var/server.json`: where the running app answers, for the command line of the same user."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "server.json"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the app answers, and the token with which it knows the command line."""

    url: str  # without a slash at its end
    token: str
    pid: int


def announce(var: Path, url: str) -> str:
    """Write the file, readable by this user alone; the token in it, which is of this process."""
    token = secrets.token_urlsafe(32)
    var.mkdir(parents=True, exist_ok=True)
    fresh = var / f".{NAME}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    content = json.dumps(asdict(Address(url=url, token=token, pid=os.getpid())))
    with open(fresh, "x", opener=_for_this_user, encoding="utf-8") as target:
        target.write(content)
    fresh.replace(var / NAME)
    return token


def withdraw(var: Path) -> None:
    """Take the file away, unless another app has written its own."""
    found = read(var)
    if found is not None and found.pid == os.getpid():
        (var / NAME).unlink(missing_ok=True)


def read(var: Path) -> Address | None:
    """What the app wrote last; None where there is none, or it cannot be read."""
    try:
        return Address(**json.loads((var / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def url_of(*, address: str, port: int, is_encrypted: bool) -> str:
    """How a client of this machine reaches a server; the interface is not below its base path.

    >>> url_of(address="0.0.0.0", port=8501, is_encrypted=False)
    'http://127.0.0.1:8501'
    >>> url_of(address="::1", port=80, is_encrypted=True)
    'https://[::1]:80'
    """
    host = "127.0.0.1" if address in ("", "0.0.0.0", "::") else address
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if is_encrypted else 'http'}://{host}:{port}"


def _for_this_user(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
