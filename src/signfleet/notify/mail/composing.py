"""Mails from templates: `name.txt`, whose first line is the subject, and `name.html`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from signfleet.foundation.settings import Settings, SettingsError
from signfleet.foundation.templates import environment, render
from signfleet.foundation.wire.json import encode
from signfleet.notify.outbox.channel import NO_NETWORK, Message

FOLDER = Path(__file__).parent / "templates"


class Mail(NamedTuple):
    """A mail to be sent."""

    recipient: str
    subject: str
    text: str
    html: str
    #: Where one request ends such mails to the recipient (RFC 8058); None for mails that the recipient asked for.
    unsubscribe: str | None = None

    def message(self, network_id: int = NO_NETWORK) -> Message:
        """Returns the mail as the outbox stores it."""
        content = {"text": self.text, "html": self.html, "unsubscribe": self.unsubscribe}
        return Message("mail", self.recipient, self.subject, encode(content).decode(), network_id)


class Composer:
    """Fills the templates in. Raises `SettingsError` where the operator's are not to be found."""

    def __init__(self, settings: Settings) -> None:
        if settings.mail_templates and not Path(settings.mail_templates).is_dir():
            raise SettingsError(f"mail_templates: there is no folder '{settings.mail_templates}'.")
        self._templates = environment(FOLDER, settings.mail_templates)

    def compose(self, name: str, recipient: str, *, unsubscribe: str | None = None, **values: Any) -> Mail:
        """Returns the mail of a template; `unsubscribe` is a value of the template too, where it is given."""
        if unsubscribe is not None:
            values["unsubscribe"] = unsubscribe
        subject, _, text = render(self._templates, f"{name}.txt", **values).partition("\n")
        html = render(self._templates, f"{name}.html", **values)
        return Mail(recipient, subject.strip(), text.lstrip(), html, unsubscribe)
