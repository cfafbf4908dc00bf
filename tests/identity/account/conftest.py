"""Fixtures of registration, activation and reset tests: the mails sent."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from signfleet.app.wiring import Services

Mailbox = Callable[[], Awaitable[list[EmailMessage]]]


@pytest.fixture
def mailbox(services: Services, tmp_path: Path) -> Mailbox:
    """Sends due mails and returns every mail so far, oldest first."""

    async def read() -> list[EmailMessage]:
        await services.registrations.mail_resets()
        await services.outbox.send_due()
        return [
            email.message_from_bytes(path.read_bytes(), EmailMessage, policy=email.policy.default)
            for path in sorted((tmp_path / "outbox").glob("*.eml"))
        ]

    return read


def link_in(message: EmailMessage) -> str:
    """Returns the path and query of the link in a mail; text and HTML contain the same one."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    (link,) = re.findall(r"http://127\.0\.0\.1:8080(/account/\S+)", text.get_content())
    assert f'href="http://127.0.0.1:8080{link}"' in html.get_content()
    return str(link)
