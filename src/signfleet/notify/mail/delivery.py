"""Passes a mail to the mail server, or writes it to a file where none is set."""

from __future__ import annotations

import asyncio
import os
import re
from email.message import EmailMessage
from email.policy import EmailPolicy

import aiosmtplib
import msgspec
import structlog

from signfleet.foundation.settings import Settings, SettingsError
from signfleet.foundation.wire import datetime, timespan
from signfleet.notify.mail.addresses import sender as sender_of
from signfleet.notify.mail.addresses import with_ascii_domain
from signfleet.notify.mail.composing import Mail
from signfleet.notify.outbox.channel import Answer, ChannelName, NotDelivered, PermanentFailure
from signfleet.notify.outbox.store import OutboxRow

log = structlog.get_logger("mail")

TIMEOUT_SECONDS = 30
#: SMTP's answers that are final. Above them is none: who says 999 is no mail server.
PERMANENT = range(500, 600)
#: Lines as long as mail allows: a link in a plain text stays in one piece.
POLICY = EmailPolicy(max_line_length=900)


#: The wait after a failed attempt starts here and doubles up to the longest, in ms.
FIRST_WAIT = timespan.MINUTE
LONGEST_WAIT = 2 * timespan.HOUR


class _Content(msgspec.Struct):
    """The content of a mail in the outbox."""

    text: str
    html: str
    unsubscribe: str | None = None


_read = msgspec.json.Decoder(_Content).decode


def message_of(mail: Mail, sender: str, mail_id: int, created: int) -> EmailMessage:
    """Returns the message. A mail that is sent twice has the same Message-ID: mail programs show it once."""
    message = EmailMessage(POLICY)
    from_ = sender_of(sender)
    message["From"] = from_
    message["To"] = with_ascii_domain(mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = datetime.format_http(created).replace("GMT", "+0000")
    message["Message-ID"] = f"<{created}.{mail_id}@{from_.domain or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


class Delivery:
    """Sends by SMTP as the settings say, or writes `.eml` files into the folder `outbox` of the data folder."""

    name: ChannelName = "mail"
    lifetime = 5 * timespan.DAY
    has_log = False

    def __init__(self, settings: Settings) -> None:
        """Raises `SettingsError` for a sender that no message can have."""
        self._settings = settings
        try:
            sender_of(settings.mail_from)
        except ValueError as error:
            raise SettingsError(f"mail_from: {error}.") from error

    def wait(self, attempts: int) -> int:
        """Returns the time to wait after so many attempts, in ms."""
        wait: int = min(FIRST_WAIT * 2 ** min(attempts, 16), LONGEST_WAIT)
        return wait

    async def deliver(self, row: OutboxRow) -> Answer:
        """Returns when the mail server or the file has the mail. Raises `NotDelivered` or `PermanentFailure`."""
        content = _read(row.content)
        mail = Mail(row.receiver, row.subject, content.text, content.html, content.unsubscribe)
        try:
            message = message_of(mail, self._settings.mail_from, row.id, row.creation_date)
            if self._settings.smtp_host is None:
                await asyncio.to_thread(self._write_file, message, mail, row.id)
            else:
                await self._send(message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            kind = PermanentFailure if _is_final(error) else NotDelivered
            raise kind(f"{type(error).__name__}: {error}") from error
        return Answer()

    async def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        await aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=TIMEOUT_SECONDS,
        )

    def _write_file(self, message: EmailMessage, mail: Mail, mail_id: int) -> None:
        folder = self._settings.data_folder / "outbox"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{mail_id:08d}-{re.sub(r'[^A-Za-z0-9@.-]', '_', mail.recipient)}.eml"
        # Its links grant access: only the operator may read it.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(bytes(message))
        log.info("no mail server is set: the mail was written to a file", path=str(path))


def _is_final(error: Exception) -> bool:
    """Returns whether every recipient, or the mail itself, got a final answer.

    A refused sender or login is not final: the operator can mend the settings.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code in PERMANENT for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPDataError | aiosmtplib.SMTPRecipientRefused) and error.code in PERMANENT
