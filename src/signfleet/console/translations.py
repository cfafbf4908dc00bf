"""The languages of the console: which one a browser asks for, and its texts.

Services know no language: their errors are in English. Catalogues have these messages too, with the context `ERRORS`
and a placeholder for each value (`tools/error_texts.py` finds them where they are raised), so that a page
recognises a message and shows its translation with the same values. One that no catalogue has stays English.
"""

from __future__ import annotations

import re
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "locale"
#: By code; English is the language of the sources.
LANGUAGES: Final = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt-BR": "Português (Brasil)",
    "ja": "日本語",
}
#: The context of messages of errors in the catalogues.
ERRORS: Final = "error"
#: A longer message stays English: what callers send must not make the search long.
_LONGEST_MESSAGE: Final = 300
PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
#: The member of a body at the beginning of a message.
MEMBER: Final = re.compile(r"'[^']{1,64}': ")
#: Values that are messages themselves.
_NESTED: Final = ("error", "message")
#: A longer Accept-Language header is ignored.
_LONGEST: Final = 256


def later(message: str) -> str:
    """Marks a text that is declared in the source and translated where a page shows it."""
    return message


class _Message(NamedTuple):
    """A message of an error: what every one of its kind contains, how to take it apart, and its translation."""

    fixed: str
    pattern: re.Pattern[str]
    text: str


class _Texts(NamedTuple):
    """What a catalogue has."""

    translation: NullTranslations
    messages: list[_Message]


@cache
def _texts(language: str) -> _Texts:
    """Returns the texts of a language, read once; the language of the sources needs none."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return _Texts(NullTranslations(), [])
    compiled = BytesIO()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.replace("-", "_"))
    write_mo(compiled, catalogue)
    compiled.seek(0)
    errors = [each for each in catalogue if each.context == ERRORS and each.string]
    messages = [_message(str(each.id), str(each.string)) for each in errors]
    return _Texts(GNUTranslations(compiled), sorted(messages, key=lambda each: -len(each.fixed)))


def _message(english: str, text: str) -> _Message:
    fixed, pattern = "", ""
    for number, part in enumerate(PLACEHOLDER.split(english)):
        if number % 2:
            pattern += f"(?P<{part}>.*?)"
        else:
            between = part.replace("%%", "%")
            fixed, pattern = max(fixed, between, key=len), pattern + re.escape(between)
    return _Message(fixed, re.compile(pattern, re.DOTALL), text)


def translation(language: str) -> NullTranslations:
    """Returns the texts of a language."""
    return _texts(language).translation


def error_text(language: str, message: str) -> str:
    """Returns the message of an error in a language; in English where no catalogue has it."""
    if len(message) > _LONGEST_MESSAGE:
        return message
    member = MEMBER.match(message)
    start = member.end() if member else 0
    for each in _texts(language).messages:
        if each.fixed in message and (found := each.pattern.fullmatch(message, start)):
            values = {
                name: error_text(language, value) if name in _NESTED else value
                for name, value in found.groupdict().items()
            }
            return message[:start] + each.text % values
    return message


def locale_of(language: str) -> Locale:
    """Returns how the readers of a language write dates and numbers."""
    return Locale.parse(language, sep="-")


def language_of(accepted: str | None) -> str:
    """Returns the language that an Accept-Language header prefers, English where it names none that exists."""
    if not accepted or len(accepted) > _LONGEST:
        return "en"
    weighted = [part.strip().partition(";") for part in accepted.split(",")]
    ordered = sorted(weighted, key=lambda part: -_quality(part[2]))
    preferred = [name for name, _, quality in ordered if _quality(quality) > 0]
    return negotiate_locale(preferred, list(LANGUAGES), sep="-", aliases={"pt": "pt-BR"}) or "en"


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
