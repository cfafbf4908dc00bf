"""Mails from templates: `name.txt`, whose first line is the subject, and `name.html`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from signfleet.foundation.settings import Settings, SettingsError
from signfleet.foundation.templates import environment, render

FOLDER = Path(__file__).parent / "templates"


class Mail(NamedTuple):
    """A mail to be sent."""

    recipient: str
    subject: str
    text: str
    html: str


class Composer:
    """Fills the templates in. Raises `SettingsError` where the operator's are not to be found."""

    def __init__(self, settings: Settings) -> None:
        if settings.mail_templates and not Path(settings.mail_templates).is_dir():
            raise SettingsError(f"mail_templates: there is no folder '{settings.mail_templates}'.")
        self._templates = environment(FOLDER, settings.mail_templates)

    def compose(self, name: str, recipient: str, **values: Any) -> Mail:
        subject, _, text = render(self._templates, f"{name}.txt", **values).partition("\n")
        return Mail(recipient, subject.strip(), text.lstrip(), render(self._templates, f"{name}.html", **values))
