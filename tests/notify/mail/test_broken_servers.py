"""Mail servers that are slow, broken or lie: no mail is lost, and none is sent again that a server has taken."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest
import time_machine

from signfleet.foundation.storage.interface import Store
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import outbox as table
from signfleet.notify.mail import delivery
from tests.notify.mail.test_outbox import MAIL, NOON, outbox_to, put

HOURS = 3 * 3600
#: What a server does instead of an answer.
SILENCE, RESET, ENDLESS = (object() for _ in range(3))
#: How a good server answers each step.
GOOD: Final = {
    "HELO": b"220",
    "EHLO": b"250",
    "MAIL": b"250",
    "RCPT": b"250",
    "DATA": b"354",
    "BODY": b"250",
    "QUIT": b"221",
    "RSET": b"250",
}
#: A step, what happens at it, and what the outbox says of it.
FAULTS: Final = [
    ("HELO", SILENCE, "Timed out"),
    ("HELO", RESET, "SMTPServerDisconnected|ConnectionReset|SMTPConnectError"),
    ("HELO", ENDLESS, "too long|Timed out"),
    ("HELO", b"HTTP/1.1 400 Bad Request\r\n", "Malformed"),
    ("EHLO", RESET, "Disconnected|lost|Reset"),
    ("RCPT", b"450 try later\r\n", "try later"),
    ("DATA", RESET, "Disconnected|lost|Reset"),
    ("DATA", b"250 taken\r\n", "250"),
    ("BODY", SILENCE, "Timed out"),
    ("BODY", RESET, "Disconnected|lost|Reset"),
    ("BODY", b"451 \xff\x00\x1b[31m" + b"x" * 2000 + b"\r\n", "451"),
    ("BODY", b"999 fine\r\n", "999"),
    ("BODY", b"25", "Disconnected|Timed out|lost|EOF"),
]


class Liar:
    """A mail server with one fault: `step` and `answer`; `to` limits it to a recipient."""

    def __init__(self) -> None:
        self.step, self.answer, self.to = "", b"", b""
        self.port = 0
        #: Every message that came whole, whatever was answered.
        self.bodies: list[bytes] = []
        self.taken = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def close(self) -> None:
        """Ends what still answers."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the sockets close in the loop's next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._act("HELO", writer)
            while line := await reader.readline():
                step = line[:4].decode().upper()
                await self._act(step, writer, line)
                if step == "DATA" != self.step:
                    self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                    await self._act("BODY", writer)
                    self.taken += self.step != "BODY"

    async def _act(self, step: str, writer: asyncio.StreamWriter, line: bytes = b"") -> None:
        if step != self.step or self.to not in line:
            writer.write(GOOD[step] + b" x\r\n")
        elif isinstance(self.answer, bytes):
            writer.write(self.answer)
            await writer.drain()
            if not self.answer.endswith(b"\n"):
                raise ConnectionError
        elif self.answer is SILENCE:
            await asyncio.Event().wait()
        elif self.answer is RESET:
            raise ConnectionError
        while step == self.step and self.answer is ENDLESS:
            writer.write(b"220-" + b"x" * 500 + b"\r\n")
            await writer.drain()
        await writer.drain()


@asynccontextmanager
async def lying() -> AsyncIterator[Liar]:
    liar = Liar()
    server = await asyncio.start_server(liar.serve, "127.0.0.1", 0)
    liar.port = server.sockets[0].getsockname()[1]
    try:
        yield liar
    finally:
        server.close()
        await liar.close()


async def test_a_mail_survives_every_fault_under_one_message_id_and_is_taken_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.2)
    async with lying() as liar:
        outbox = outbox_to(store, tmp_path, smtp_host="127.0.0.1", smtp_port=liar.port, smtp_security="none")
        with time_machine.travel("2026-05-01T12:00:00Z") as clock:
            await put(store, outbox, NOON)
            for attempts, (liar.step, liar.answer, reason) in enumerate(FAULTS, 1):
                await outbox.send_due()
                (row,) = await store.scan_all(Query(table.select()))
                assert (row.state, row.attempts) == ("waiting", attempts), (liar.step, reason)
                assert re.search(reason, row.last_error), (liar.step, reason, row.last_error)
                assert row.last_error.isprintable()
                assert len(row.last_error) <= 500
                clock.shift(HOURS)
            liar.step, liar.answer = "QUIT", RESET  # it has the mail by then
            await outbox.send_due()
            await outbox.send_due()
        assert await store.scan_all(Query(table.select())) == []
        assert liar.taken == 1
        ids = {re.search(rb"Message-ID: (\S+)", body)[1] for body in liar.bodies}
        assert (len(liar.bodies), len(ids)) == (6, 1)


async def test_a_recipient_for_whom_the_server_stalls_stops_no_other(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_SECONDS", 0.2)
    async with lying() as liar:
        liar.step, liar.answer, liar.to = "RCPT", SILENCE, b"slow@"
        outbox = outbox_to(store, tmp_path, smtp_host="127.0.0.1", smtp_port=liar.port, smtp_security="none")
        for number in range(8):
            name = "slow" if number % 2 else f"other{number}"
            await put(store, outbox, 0, MAIL._replace(recipient=f"{name}@example.com"))
        await outbox.send_due()
        assert liar.taken == 4
        left = await store.scan_all(Query(table.select()))
        assert [row.receiver for row in left] == ["slow@example.com"] * 4
