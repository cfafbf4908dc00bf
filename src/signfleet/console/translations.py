"""The languages of the console: which one a browser asks for, and its texts."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

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
#: A longer Accept-Language header is ignored.
_LONGEST: Final = 256


def later(message: str) -> str:
    """Marks a text that is declared in the source and translated where a page shows it."""
    return message


@cache
def translation(language: str) -> NullTranslations:
    """Returns the texts of a language, read once; the language of the sources needs none."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


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
