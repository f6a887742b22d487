"""Deliveries: whole files in a folder, mail over a real socket, and what is said where it fails."""

import json
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine import delivery
from engine.delivery import DeliveryFailed, Parcel
from engine.errors import EngineError
from tests.engine.smtp_sink import Sink

PARCEL = Parcel(
    subject="Forecast review: 咖啡\r\nBcc: evil@b.example",
    text="Dataset: Demo shop\n",
    files={"review.pdf": b"%PDF-1.7 \x00\xff", "review.html": b"<html>\r\n.\r\n</html>"},
    facts={"run": "LSTM · All products", "run_id": "ab12"},
    marker="s1-7",
)


def test_when_mail_is_taken_then_all_of_it_arrives() -> None:
    with Sink() as sink:
        delivery.by_mail(PARCEL, sink.server(), ["a@b.example", "c@d.example"])
    ((sender, recipients, mail),) = sink.mails
    assert (sender, recipients) == ("almanac@shop.example", ["a@b.example", "c@d.example"])
    assert mail["Subject"] == "Forecast review: 咖啡 Bcc: evil@b.example"
    assert mail["Bcc"] is None
    found = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert found == PARCEL.files
    assert "Demo shop" in mail.get_body().get_content()  # type: ignore[union-attr]


def test_when_a_mail_is_sent_again_then_it_has_the_same_name() -> None:
    with Sink() as sink:
        for _ in range(2):
            delivery.by_mail(PARCEL, sink.server(), ["a@b.example"])
    first, second = (mail["Message-ID"] for _, _, mail in sink.mails)
    assert first == second


def test_when_a_password_is_right_then_it_is_used_and_when_wrong_then_it_is_said() -> None:
    with Sink(users={"almanac": "secret"}) as sink:
        delivery.by_mail(PARCEL, sink.server(user="almanac", password="secret"), ["a@b.example"])
        with pytest.raises(DeliveryFailed, match="refuses the user 'almanac'") as raised:
            delivery.by_mail(PARCEL, sink.server(user="almanac", password="?"), ["a@b.example"])
    assert len(sink.mails) == 1
    assert "secret" not in str(raised.value) + repr(sink.server(password="secret"))


@pytest.mark.parametrize(
    ("answers", "words", "for_good"),
    [
        ({"MAIL": ["451 come back later"]}, "answers 451: come back later", False),
        ({"RCPT": ["550 no such user"]}, r"refuses a@b.example \(550 no such user\)", True),
        ({"RCPT": ["450 busy"]}, r"450 busy", False),
        ({".": ["552 too large"]}, "answers 552: too large", True),
        ({".": ["421 closing"]}, "421", False),
    ],
    ids=["later", "nobody", "busy", "large", "closing"],
)
def test_when_the_server_refuses_then_its_words_are_kept(
    answers: dict[str, list[str]], words: str, for_good: bool
) -> None:
    with Sink(answers=answers) as sink, pytest.raises(DeliveryFailed, match=words) as raised:
        delivery.by_mail(PARCEL, sink.server(), ["a@b.example"])
    assert raised.value.for_good == for_good
    assert sink.mails == []


def test_when_some_recipients_are_refused_then_the_others_have_it_and_it_is_not_repeated() -> None:
    with (
        Sink(answers={"RCPT": ["250 ok", "550 gone"]}) as sink,
        pytest.raises(DeliveryFailed, match="Sent to the others") as raised,
    ):
        delivery.by_mail(PARCEL, sink.server(), ["a@b.example", "c@d.example"])
    assert raised.value.for_good
    assert [recipients for _, recipients, _ in sink.mails] == [["a@b.example"]]


def test_when_a_server_has_no_tls_then_nothing_is_sent_in_the_clear() -> None:
    with Sink() as sink, pytest.raises(DeliveryFailed, match="STARTTLS"):
        delivery.by_mail(PARCEL, sink.server(security="starttls"), ["a@b.example"])
    assert sink.mails == []


def test_when_nobody_listens_then_the_address_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = delivery.MailServer(host="127.0.0.1", port=port, sender="a@b.example", security="none")
    with pytest.raises(DeliveryFailed, match=rf"127.0.0.1:{port} cannot be reached"):
        delivery.by_mail(PARCEL, server, ["a@b.example"])


def test_when_files_are_too_large_for_mail_then_the_folder_is_named() -> None:
    large = Parcel(subject="x", text="", files={"a.pdf": b"x" * (delivery.MOST_BYTES + 1)})
    server = delivery.MailServer(host="nowhere.invalid", sender="a@b.example")
    with pytest.raises(DeliveryFailed, match="Deliver them to a folder") as raised:
        delivery.by_mail(large, server, ["a@b.example"])
    assert raised.value.for_good


def test_when_files_go_to_a_folder_then_the_run_stands_beside_them(tmp_path: Path) -> None:
    where = delivery.to_folder(PARCEL, tmp_path / "a" / "b")
    assert {each.name for each in where.iterdir()} == {
        "review.pdf",
        "review.html",
        "review.pdf.json",
    }
    assert (where / "review.pdf").read_bytes() == PARCEL.files["review.pdf"]
    note = json.loads((where / "review.pdf.json").read_text(encoding="utf-8"))
    assert (note["run_id"], list(note["files"])) == ("ab12", ["review.pdf", "review.html"])


@pytest.mark.parametrize("name", ["../../x.pdf", "/etc/x.pdf", "..\\x.pdf", "a\x00\n.pdf", ".."])
def test_when_a_name_leads_elsewhere_then_it_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    where = delivery.to_folder(Parcel(subject="", text="", files={name: b"x"}), tmp_path / "in")
    assert {each.parent for each in tmp_path.rglob("*") if each.is_file()} == {where}


def test_when_the_disk_is_full_then_the_old_file_stays_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "review.pdf").write_bytes(b"old")
    code = (
        "import resource, sys; from pathlib import Path; from engine import delivery\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "parcel = delivery.Parcel(subject='', text='', files={'review.pdf': b'x' * 5000})\n"
        "try: delivery.to_folder(parcel, Path(sys.argv[1]))\n"
        "except delivery.DeliveryFailed as error: print(error)\n"
    )
    assert resource.RLIMIT_FSIZE  # the same error path as a full disk: a write that is cut short
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in done.stdout
    assert "Free space" in done.stdout
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("review.pdf", b"old")
    ]


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ALMANAC_SMTP_HOST": "mail"}, "ALMANAC_SMTP_FROM"),
        ({"ALMANAC_SMTP_HOST": "mail", "ALMANAC_SMTP_FROM": "nobody"}, "no mail address"),
        (
            {
                "ALMANAC_SMTP_HOST": "mail",
                "ALMANAC_SMTP_FROM": "a@b.example",
                "ALMANAC_SMTP_PORT": "x",
            },
            "no port",
        ),
        (
            {
                "ALMANAC_SMTP_HOST": "mail",
                "ALMANAC_SMTP_FROM": "a@b.example",
                "ALMANAC_SMTP_SECURITY": "no",
            },
            "Use starttls, tls or none",
        ),
    ],
)
def test_when_the_environment_is_wrong_then_the_variable_is_named(
    environ: dict[str, str], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        delivery.mail_server(environ)


def test_when_a_password_file_is_named_then_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden\n", encoding="utf-8")
    environ = {
        "ALMANAC_SMTP_HOST": "mail",
        "ALMANAC_SMTP_FROM": "a@b.example",
        "ALMANAC_SMTP_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    found = delivery.mail_server(environ)
    assert found is not None
    assert found.password == "hidden"


@pytest.mark.parametrize(
    "addresses",
    [[], [""], ["a"], ["a@b\nBcc: x@y.example"], ["a b@c.example"], ["<a@b.example>"]],
)
def test_when_an_address_is_none_then_it_is_refused(addresses: list[str]) -> None:
    with pytest.raises(EngineError, match="address"):
        delivery.checked_addresses(addresses)


def test_when_tries_fail_then_the_waits_grow_and_end() -> None:
    waits = [delivery.again_in(number) for number in range(1, 8)]
    known = [each for each in waits if each is not None]
    assert known == sorted(known)
    assert len(known) == 5
    assert waits[5:] == [None, None]
