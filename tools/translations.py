"""Writes the catalogues of the console's languages again: adds new texts, removes old ones, keeps translations.

`python -m tools.translations` prints for each language how many texts have no translation yet.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from signfleet.console.translations import ERRORS, FOLDER, LANGUAGES
from tools.error_texts import error_texts

CONSOLE = FOLDER.parent
#: Functions of Python modules and templates whose first argument is a text.
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "text": None, "later": None}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def extracted() -> Catalog:
    """Returns every text of the console, and of the errors that its pages show."""
    catalogue = Catalog(project="signfleet", charset="utf-8")
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    found = extract_from_dir(CONSOLE, METHODS, options, KEYWORDS)
    for place, _line, message, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        catalogue.add(message, None, [(place, 0)], auto_comments=comments, context=context)
    for text in error_texts():
        catalogue.add(text, context=ERRORS)
    return catalogue


def stored(language: str) -> Catalog:
    """Returns the translations of a language, none for a new one."""
    path = path_of(language)
    locale = language.replace("-", "_")
    if not path.exists():
        return Catalog(locale, project="signfleet", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def path_of(language: str) -> Path:
    return FOLDER / f"{language}.po"


def update(language: str) -> int:
    """Writes the catalogue of a language again; returns how many of its texts have no translation."""
    catalogue = stored(language)
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    FOLDER.mkdir(exist_ok=True)
    with path_of(language).open("wb") as file:
        write_po(file, catalogue, width=100, omit_header=True, sort_output=True, no_location=True)
    return sum(not each.string or not all(each.string) for each in catalogue if each.id)


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != "en":
            print(f"{code}: {update(code)} without a translation")
