"""The outbox, against a real mail server on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from signfleet.foundation.settings import Settings, SettingsError
from signfleet.foundation.storage.interface import Store, Transaction
from signfleet.notify.mail.composing import Composer, Mail
from signfleet.notify.mail.delivery import Delivery
from signfleet.notify.outbox.service import Outbox
from tests.notify.mail.server import Received, mail_server, plain
from tests.processes import free_port

#: 2026-05-01T12:00:00Z in ms.
NOON = 1_777_636_800_000
MAIL = Mail("jane@example.com", "Grüße", "Täxt\n", "<p>Täxt</p>")


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def server(received: Received) -> Iterator[Controller]:
    with mail_server(received) as controller:
        yield controller


def outbox_to(store: Store, tmp_path: Path, **settings: Any) -> Outbox:
    return Outbox(
        store, Delivery(Settings(**{"data": str(tmp_path), "mail_from": "Fleet <fleet@example.com>"} | settings))
    )


async def put(store: Store, outbox: Outbox, now: int, mail: Mail = MAIL) -> None:
    async def work(tx: Transaction) -> None:
        await outbox.put(tx, mail.message(), now)

    await store.write(work)


async def test_a_mail_arrives_once_as_text_and_html(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    outbox = outbox_to(store, tmp_path, **plain(server))
    await put(store, outbox, 1_777_777_777_000)
    await outbox.send_due()
    await outbox.send_due()
    (message,) = received.messages
    assert (message["From"], message["To"], message["Subject"]) == (
        "Fleet <fleet@example.com>",
        "jane@example.com",
        "Grüße",
    )
    assert message["Date"].datetime.timestamp() == 1_777_777_777
    assert message["Message-ID"].endswith("@example.com>")
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "Täxt"


async def test_no_mail_is_lost_while_the_server_is_away(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    away = outbox_to(store, tmp_path, **(plain(server) | {"smtp_port": free_port()}))
    there = outbox_to(store, tmp_path, **plain(server))
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await put(store, away, NOON)
        await away.send_due()
        await there.send_due()
        assert received.messages == []  # its next attempt is a minute off
        clock.shift(60)
        await there.send_due()
    assert len(received.messages) == 1


async def test_the_wait_between_attempts_doubles_up_to_two_hours(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    received.refuse = "451 not now"
    outbox = outbox_to(store, tmp_path, **plain(server))
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await put(store, outbox, NOON)
        await outbox.send_due()
        attempts = [received.attempts]
        for wait in (60, 120, 240, 480, 960, 1920, 3840, 7200, 7200):
            clock.shift(wait - 1)
            await outbox.send_due()
            attempts.append(received.attempts)
            clock.shift(1)
            await outbox.send_due()
            attempts.append(received.attempts)
    assert attempts == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10]


async def test_a_refused_mail_is_not_sent_again(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    received.refuse = "550 no such mailbox"
    outbox = outbox_to(store, tmp_path, **plain(server))
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await put(store, outbox, NOON)
        for _ in range(3):
            await outbox.send_due()
            clock.shift(24 * 3600)
    assert received.attempts == 1


async def test_a_domain_is_sent_in_its_ascii_form(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    """This mail server does not offer SMTPUTF8, as most do not."""
    outbox = outbox_to(store, tmp_path, **plain(server) | {"mail_from": "Fleet <fleet@müller.example>"})
    await put(store, outbox, 0, MAIL._replace(recipient="info@Müller.example"))
    await outbox.send_due()
    (message,) = received.messages
    assert (message["To"], message["From"]) == (
        "info@xn--mller-kva.example",
        "Fleet <fleet@xn--mller-kva.example>",
    )


@pytest.mark.parametrize("name", ["Müller, Signage", '"Müller, Signage"', "A; B: (C)", "日本"])
async def test_a_sender_may_have_any_name(
    store: Store, tmp_path: Path, server: Controller, received: Received, name: str
) -> None:
    outbox = outbox_to(store, tmp_path, **plain(server) | {"mail_from": f"{name} <a@example.com>"})
    await put(store, outbox, 0)
    await outbox.send_due()
    (message,) = received.messages
    (address,) = message["From"].addresses
    assert (address.display_name, address.addr_spec) == (name.strip('"'), "a@example.com")


@pytest.mark.parametrize("sender", ["Fleet <a b@example.com>", "a..b@example.com"])
def test_an_invalid_sender_fails_the_start(sender: str) -> None:
    with pytest.raises(SettingsError, match=r"^mail_from: "):
        Delivery(Settings(mail_from=sender))


async def test_an_undeliverable_mail_fails_after_days_and_stays_stored(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    received.refuse = "451 never"
    outbox = outbox_to(store, tmp_path, **plain(server))
    with time_machine.travel("2026-05-01T12:00:00Z", tick=False) as clock:
        await put(store, outbox, NOON)
        for _ in range(7):
            await outbox.send_due()
            clock.shift(24 * 3600)
        received.refuse = None
        await outbox.send_due()
    assert received.messages == []


async def test_two_processes_send_a_mail_once(
    store: Store, tmp_path: Path, server: Controller, received: Received
) -> None:
    outboxes = [outbox_to(store, tmp_path, **plain(server)) for _ in range(3)]
    for _ in range(5):
        await put(store, outboxes[0], 0)
    await asyncio.gather(*(outbox.send_due() for outbox in outboxes))
    assert len(received.messages) == 5


async def test_without_a_mail_server_mails_become_private_files_of_the_operator(store: Store, tmp_path: Path) -> None:
    outbox = outbox_to(store, tmp_path)
    await put(store, outbox, 0, MAIL._replace(recipient="../../x@example.com"))
    await outbox.send_due()
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0
    assert b"x@example.com" in path.read_bytes()


async def test_a_link_stays_in_one_piece_in_the_file(store: Store, tmp_path: Path) -> None:
    link = "http://127.0.0.1:8080/account/activate?token=" + "x" * 43
    outbox = outbox_to(store, tmp_path)
    await put(store, outbox, 0, MAIL._replace(text=f"Hello\n\n{link}\n", html=f"<a href='{link}'>{link}</a>"))
    await outbox.send_due()
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.read_text().count(link) == 3


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ssl.SSLContext]:
    """What a server of 127.0.0.1 needs for TLS, by an authority that clients here trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    yield context


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_login_and_mail_go_through_tls(
    store: Store, tmp_path: Path, received: Received, trusted: ssl.SSLContext, security: str
) -> None:
    logins: list[LoginPassword] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, credentials: Any) -> AuthResult:
        logins.append(credentials)
        return AuthResult(success=True)

    options: dict[str, Any] = {"authenticator": authenticate}
    if security == "tls":
        controller = Controller(
            received, hostname="127.0.0.1", port=free_port(), ssl_context=trusted, auth_require_tls=False, **options
        )
    else:
        controller = Controller(
            received,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=trusted,
            require_starttls=True,
            auth_required=True,
            **options,
        )
    controller.start()
    try:
        settings = plain(controller) | {"smtp_security": security, "smtp_username": "fleet", "smtp_password": "secret"}
        outbox = outbox_to(store, tmp_path, **settings)
        await put(store, outbox, 0)
        await outbox.send_due()
    finally:
        controller.stop()
    assert len(received.messages) == 1
    assert logins == [LoginPassword(b"fleet", b"secret")]


async def test_an_operator_can_replace_a_template(tmp_path: Path) -> None:
    (tmp_path / "reset.txt").write_text("Neues Kennwort für {{ login }}\nHier: {{ link }}\n")
    composer = Composer(Settings(mail_templates=str(tmp_path)))
    values = {"login": "j@example.com", "first_name": None, "server": "http://x", "link": "http://x/y", "minutes": 15}
    mail = composer.compose("reset", "j@example.com", days=0, **values)
    assert (mail.subject, mail.text) == ("Neues Kennwort für j@example.com", "Hier: http://x/y\n")
    assert "<html" in mail.html
