"""A mail server on this machine."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from tests.processes import free_port


class Received:
    """What a mail server takes in; `refuse` is what it answers instead, while it is set."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refuse: str | None = None
        self.attempts = 0

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        self.attempts += 1
        if self.refuse is not None:
            return self.refuse
        assert isinstance(envelope.content, bytes)
        parsed: Any = email.message_from_bytes(envelope.content, EmailMessage, policy=email.policy.default)
        self.messages.append(parsed)
        return "250 taken"


@contextmanager
def mail_server(received: Received) -> Iterator[Controller]:
    """Runs a mail server without SMTPUTF8, as most are."""
    controller = Controller(received, enable_SMTPUTF8=False, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def plain(controller: Controller) -> dict[str, Any]:
    return {"smtp_host": controller.hostname, "smtp_port": controller.port, "smtp_security": "none"}
