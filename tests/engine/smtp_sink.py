"""A mail server for tests: a real socket that takes mail, or answers as it was told to."""

import asyncio
import base64
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType

from engine.delivery import MailServer


@dataclass
class Sink:
    """Use as a context; `answers` are given, in turn, to the command they name."""

    answers: dict[str, list[str]] = field(default_factory=dict)  # MAIL, RCPT, DATA, ., AUTH, EHLO
    users: dict[str, str] = field(default_factory=dict)  # password by user; empty: no login
    mails: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> "Sink":
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def server(self, **changed: object) -> MailServer:
        """How a client reaches it."""
        given: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "sender": "almanac@shop.example",
            "security": "none",
        }
        return MailServer(**{**given, **changed})  # type: ignore[arg-type]

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()

    def _answer(self, command: str, usual: str) -> bytes:
        told = self.answers.get(command)
        return ((told.pop(0) if told else usual) + "\r\n").encode()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        sender, recipients = "", []
        while line := (await reader.readline()).decode().strip():
            command = line.split(" ")[0].upper()
            if command == "EHLO":
                usual = "250-sink\r\n250 AUTH PLAIN" if self.users else "250 sink"
                writer.write(self._answer("EHLO", usual))
            elif command == "AUTH":
                _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                good = self.users.get(user) == password
                self.logins.append(user)
                writer.write(self._answer("AUTH", "235 ok" if good else "535 wrong password"))
            elif command == "MAIL":
                sender, recipients = line[line.index("<") + 1 : line.index(">")], []
                writer.write(self._answer("MAIL", "250 ok"))
            elif command == "RCPT":
                answer = self._answer("RCPT", "250 ok")
                if answer.startswith(b"2"):
                    recipients.append(line[line.index("<") + 1 : line.index(">")])
                writer.write(answer)
            elif command == "DATA":
                await self._take(reader, writer, sender, recipients)
            elif command == "HANGUP":
                break
            else:
                writer.write(b"250 ok\r\n" if command != "QUIT" else b"221 bye\r\n")
            await writer.drain()
            if command == "QUIT":
                break
        writer.close()

    async def _take(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: str,
        recipients: list[str],
    ) -> None:
        first = self._answer("DATA", "354 go on")
        writer.write(first)
        if not first.startswith(b"3"):
            return
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        answer = self._answer(".", "250 taken")
        if answer.startswith(b"2"):
            message = message_from_bytes(b"".join(lines), policy=policy.default)
            self.mails.append((sender, list(recipients), message))  # type: ignore[arg-type]
        writer.write(answer)
