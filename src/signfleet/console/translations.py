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
from babel.lists import format_list
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
#: The member of a body at the end of a message.
PLACE: Final = re.compile(r" - at '([^']{1,64})'(?=\.?$)")
#: Values that are messages themselves, or parts of messages with words of their own.
_NESTED: Final = {
    *("complaint", "error", "example", "expectation", "expected", "got", "hint", "kind"),
    *("message", "policy", "reason", "what", "where"),
}
#: Values that may be the text of a caller, so that only a part without values is recognised in them.
_PLAIN: Final = {"found"}
#: Values that may be several words, of which one is meant: "A, B or C".
_CHOICES: Final = {"either", "expectation", "expected", "kind", "near"}
_BETWEEN: Final = re.compile(", | or ")
#: A longer Accept-Language header is ignored.
_LONGEST: Final = 256


def later(message: str) -> str:
    """Marks a text that is declared in the source and translated where a page shows it."""
    return message


class _Message(NamedTuple):
    """A message of an error: what every one of its kind contains, how to take it apart, and its translation.

    Of two that fit, the one with more words of its own (`length`) is meant.
    """

    length: int
    fixed: str
    #: What stands before, between and after the values of `names`.
    between: list[re.Pattern[str]]
    names: list[str]
    text: str

    def values(self, message: str, start: int) -> dict[str, str] | None:
        """Returns the values of a message from `start` on, the shortest that fit; None for one of another kind.

        The time is linear in the message, however often parts of it repeat.
        """
        found = self.between[0].match(message, start)
        values = {} if found is None else found.groupdict()
        for name, between in zip(self.names, self.between[1:], strict=True):
            if found is None:
                return None
            end = found.end()
            if (found := between.search(message, end)) is not None:
                values |= {name: message[end : found.start()], **found.groupdict()}
        return None if found is None else values


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
    return _Texts(GNUTranslations(compiled), sorted(messages, key=lambda each: -each.length))


def _message(english: str, text: str) -> _Message:
    words = [part.replace("%%", "%") for part in PLACEHOLDER.split(english)]
    between, names = [re.escape(words[0])], list[str]()
    for name, following in zip(words[1::2], words[2::2], strict=True):
        if name == "at":  # a position: messages have it between words that are as frequent as "at"
            between[-1] += rf"(?P<at>\d+){re.escape(following)}"
        else:
            names.append(name)
            between.append(re.escape(following))
    between[-1] += r"\Z"
    fixed = words[::2]
    patterns = [re.compile(each) for each in between]
    return _Message(sum(map(len, fixed)), max(fixed, key=len), patterns, names, text)


def translation(language: str) -> NullTranslations:
    """Returns the texts of a language."""
    return _texts(language).translation


def error_text(language: str, message: str) -> str:
    """Returns the message of an error in a language; in English where no catalogue has it."""
    if len(message) > _LONGEST_MESSAGE:
        return message
    if place := PLACE.search(message):
        text = error_text(language, message[: place.start()])
        return f"{text} ('{place[1]}'){message[place.end() :]}" if text != message[: place.start()] else message
    member = MEMBER.match(message)
    start = member.end() if member else 0
    for each in _texts(language).messages:
        if each.fixed in message and (found := each.values(message, start)) is not None:
            values = {name: _value(language, name, value) for name, value in found.items()}
            return message[:start] + each.text % values
    if message.endswith(".") and not message.endswith(".."):  # a sentence that is a part of others elsewhere
        text = error_text(language, message[:-1])
        return f"{text}." if text != message[:-1] else message
    return message


def _value(language: str, name: str, value: str) -> str:
    """Returns a value of a message in a language, if it has words."""
    if name in _PLAIN:
        return translation(language).pgettext(ERRORS, value)
    if name in _NESTED and (text := error_text(language, value)) != value:
        return text
    if name in _CHOICES and " or " in value:
        return format_list([error_text(language, each) for each in _BETWEEN.split(value)], "or", locale_of(language))
    return value


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
