"""Files on their way out: into a folder of the server, or by mail, and how a failure is repeated.

Only the standard library: a folder is written atomically, mail goes over SMTP with STARTTLS or TLS.
Whoever calls keeps what `Attempt.again_in` says; nothing here sleeps or remembers.
"""

import hashlib
import json
import re
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Literal

from engine import files
from engine.errors import EngineError

Security = Literal["starttls", "tls", "none"]
SECURITY: tuple[Security, ...] = ("starttls", "tls", "none")
WAITS = (60.0, 300.0, 1_800.0, 7_200.0, 21_600.0)  # seconds before the next try, one per failure
MOST_RECIPIENTS = 50
MOST_BYTES = 20_000_000  # of a mail's attachments: many servers take no more
_TIMEOUT = 20.0  # seconds for each word of the mail server
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What is delivered."""

    subject: str
    text: str  # of the mail, and of the note beside the files
    files: Mapping[str, bytes]  # name: content
    facts: Mapping[str, str] = field(default_factory=dict)  # the run it came from, and the like
    marker: str = ""  # equal for every try of one delivery


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed in; from the environment, never kept."""

    host: str
    sender: str
    port: int = 0  # 0: the usual one of `security`
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"

    def __post_init__(self) -> None:
        if self.security not in SECURITY:
            raise EngineError(
                f"ALMANAC_SMTP_SECURITY={self.security!r} is unknown. Use starttls, tls or none."
            )
        if not 0 <= self.port < 65_536:
            raise EngineError(f"ALMANAC_SMTP_PORT={self.port} is no port. Use 1 to 65535.")
        checked_addresses([self.sender])


class DeliveryFailed(EngineError):
    """A delivery that did not arrive; `for_good` where a further try would not either."""

    def __init__(self, words: str, *, for_good: bool = False) -> None:
        super().__init__(words)
        self.for_good = for_good


def mail_server(environ: Mapping[str, str]) -> MailServer | None:
    """The server of ALMANAC_SMTP_*; None where none is named. Raises `EngineError`.

    >>> mail_server({}) is None
    True
    >>> mail_server({"ALMANAC_SMTP_HOST": "mail", "ALMANAC_SMTP_FROM": "a@b.example"}).security
    'starttls'
    """
    host = environ.get("ALMANAC_SMTP_HOST", "").strip()
    if not host:
        return None
    sender = environ.get("ALMANAC_SMTP_FROM", "").strip()
    if not sender:
        raise EngineError("ALMANAC_SMTP_HOST is set, but not ALMANAC_SMTP_FROM: name the sender.")
    port = environ.get("ALMANAC_SMTP_PORT", "").strip() or "0"
    if not port.isdecimal():
        raise EngineError(f"ALMANAC_SMTP_PORT={port[:20]!r} is no port. Use 1 to 65535.")
    password = environ.get("ALMANAC_SMTP_PASSWORD", "")
    if not password and (kept := environ.get("ALMANAC_SMTP_PASSWORD_FILE")):
        try:
            password = Path(kept).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise EngineError(f"ALMANAC_SMTP_PASSWORD_FILE cannot be read: {error}") from error
    return MailServer(
        host=host,
        sender=sender,
        port=int(port),
        user=environ.get("ALMANAC_SMTP_USER", "").strip(),
        password=password,
        security=environ.get("ALMANAC_SMTP_SECURITY", "starttls").strip().lower(),  # type: ignore[arg-type]
    )


def checked_addresses(addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses without blanks and repeats. Raises `EngineError` for what is none.

    >>> checked_addresses(["a@b.example", " a@b.example "])
    ('a@b.example',)
    """
    found = tuple(dict.fromkeys(each.strip() for each in addresses if each.strip()))
    if not found:
        raise EngineError("Name at least one address to send to.")
    if len(found) > MOST_RECIPIENTS:
        raise EngineError(
            f"{len(found)} addresses are too many, at most {MOST_RECIPIENTS}. Use a mailing list."
        )
    for each in found:
        if not _ADDRESS.fullmatch(each):
            raise EngineError(f"{each[:60]!r} is no mail address. Write it as name@shop.example.")
    return found


def again_in(failures: int) -> float | None:
    """Seconds until the next try after so many failures; None: it is given up.

    >>> again_in(1), again_in(3), again_in(6)
    (60.0, 1800.0, None)
    """
    return WAITS[failures - 1] if failures <= len(WAITS) else None


def to_folder(parcel: Parcel, folder: Path) -> Path:
    """Write the files into a folder, which is made; each appears whole or not at all.

    Beside them lies `<first name>.json` with the facts. Written once more they are replaced.
    Raises `DeliveryFailed`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in parcel.files.items():
            with files.replacing(folder / _plain(name)) as fresh:
                fresh.write_bytes(content)
        note = {
            "subject": parcel.subject,
            **parcel.facts,
            "files": {
                _plain(name): hashlib.sha256(content).hexdigest()
                for name, content in parcel.files.items()
            },
        }
        first = _plain(next(iter(parcel.files), "report"))
        text = json.dumps(note, ensure_ascii=False, indent=2)
        files.write_text(folder / f"{first}.json", text)
    except OSError as error:
        raise DeliveryFailed(
            f"The files cannot be written to {folder}: {error.strerror or error}. Free space on "
            "the disk, or let Almanac write there."
        ) from error
    return folder


def by_mail(parcel: Parcel, server: MailServer, recipients: Sequence[str]) -> None:
    """Send the files to all recipients in one mail. Raises `DeliveryFailed`.

    Where the server takes some recipients and refuses others, it names those it refused and is
    not sent again, or the first would get it twice.
    """
    addresses = checked_addresses(recipients)
    size = sum(len(content) for content in parcel.files.values())
    if size > MOST_BYTES:
        raise DeliveryFailed(
            f"The files have {size / 1e6:.0f} MB, more than mail takes "
            f"({MOST_BYTES / 1e6:.0f} MB). Deliver them to a folder, or choose fewer forms.",
            for_good=True,
        )
    message = _message(parcel, server.sender, addresses)
    try:
        with _connected(server) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            refused = smtp.send_message(message, server.sender, addresses)
    except smtplib.SMTPRecipientsRefused as error:
        final = all(code >= 500 for code, _ in error.recipients.values())
        raise DeliveryFailed(_refused(error.recipients), for_good=final) from error
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryFailed(
            f"{server.host} refuses the user {server.user!r}: {_said(error.smtp_error)}. Check "
            "ALMANAC_SMTP_USER and ALMANAC_SMTP_PASSWORD."
        ) from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailed(
            f"{server.host} answers {error.smtp_code}: {_said(error.smtp_error)}.",
            for_good=error.smtp_code in (550, 552, 554),
        ) from error
    except (smtplib.SMTPException, ssl.SSLError) as error:
        raise DeliveryFailed(f"{server.host} does not take the mail: {error}.") from error
    except (OSError, socket.gaierror) as error:
        port = server.port or _PORTS[server.security]
        raise DeliveryFailed(
            f"The mail server {server.host}:{port} cannot be reached: {error.strerror or error}. "
            "Check ALMANAC_SMTP_HOST and ALMANAC_SMTP_PORT."
        ) from error
    if refused:
        raise DeliveryFailed(f"Sent to the others. {_refused(refused)}", for_good=True)


def _message(parcel: Parcel, sender: str, addresses: tuple[str, ...]) -> EmailMessage:
    message = EmailMessage(policy=SMTP_POLICY)
    message["Subject"] = " ".join(parcel.subject.split())[:200]
    message["From"], message["To"] = sender, ", ".join(addresses)
    message["Date"] = formatdate(localtime=False)
    domain = sender.rpartition("@")[2]
    # The same for every try, so that a mail that arrived twice is shown once.
    message["Message-ID"] = (
        f"<almanac-{hashlib.sha256(parcel.marker.encode()).hexdigest()[:24]}@{domain}>"
        if parcel.marker
        else make_msgid(domain=domain)
    )
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(parcel.text)
    kinds = {
        "pdf": ("application", "pdf"),
        "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "html": ("text", "html"),
    }
    for name, content in parcel.files.items():
        main, sub = kinds.get(name.rpartition(".")[2], ("application", "octet-stream"))
        message.add_attachment(content, maintype=main, subtype=sub, filename=_plain(name))
    return message


def _connected(server: MailServer) -> smtplib.SMTP:
    port = server.port or _PORTS[server.security]
    context = ssl.create_default_context()
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, port, timeout=_TIMEOUT, context=context)
    smtp = smtplib.SMTP(server.host, port, timeout=_TIMEOUT)
    if server.security == "starttls":
        try:
            smtp.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            smtp.close()
            raise
    return smtp


def _refused(recipients: Mapping[str, tuple[int, bytes]]) -> str:
    said = [f"{address} ({code} {_said(words)})" for address, (code, words) in recipients.items()]
    return f"The mail server refuses {', '.join(said[:5])}. Check the addresses."


def _said(words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return " ".join(text.split())[:160].rstrip(".")


def _plain(name: str) -> str:
    """A name without folders or signs that a file system may refuse."""
    flat = re.sub(r"[^\w.\- ]", "-", name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    return flat[:120] or "report"
