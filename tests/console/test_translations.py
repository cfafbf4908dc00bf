"""Every text of the console can be translated, and every translation fits its text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signfleet.console.rendering import FOLDER
from signfleet.console.translations import LANGUAGES, translation
from tools.translations import extracted, path_of, stored

TEMPLATES = sorted(FOLDER.rglob("*.html"))
#: Names, and what is the same in every language.
FIXED = {"signfleet", "UTC", "Ctrl", "K", "curl", "Authorization", "Bearer", "TOKEN", "H", "CSV", "px"}
_CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_ATTRIBUTE = re.compile(r'\s(?:aria-label|title|placeholder|alt|content)="([^"]*)"')
TRANSLATED = [language for language in LANGUAGES if path_of(language).exists()]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_templates_have_no_text_outside_the_translations(path: Path) -> None:
    text = re.sub(r"<meta [^>]*>", "", _CODE.sub(" ", path.read_text(encoding="utf-8")))
    attributes = " ".join(_ATTRIBUTE.findall(text))
    words = re.findall(r"[^\W\d_]+", re.sub(r"<[^>]*>|&\w+;", " ", text) + " " + attributes)
    assert set(words) <= FIXED


def test_texts_in_templates_and_modules_are_found() -> None:
    ids = {message.id for message in extracted()}
    assert {"Sign in", "Players", ("%(num)s player", "%(num)s players")} <= ids


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_placeholders_of_their_texts(language: str) -> None:
    for message in stored(language):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        wanted = {name for each in ids for name in re.findall(r"%\((\w+)\)", each)}
        for string in filter(None, strings if message.id else []):
            assert set(re.findall(r"%\((\w+)\)", string)) <= wanted, message.id
            assert "%(num)s" in string or "num" not in wanted or "%(num)s" not in ids[0], message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_has_a_translation(language: str) -> None:
    missing = [each.id for each in stored(language) if each.id and not (each.string and all(each.string))]
    present = {(each.id, each.context) for each in stored(language)}
    assert not missing
    lacking = [each.id for each in extracted() if each.id and (each.id, each.context) not in present]
    assert not lacking, "run `make translations`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_be_read(language: str) -> None:
    assert translation(language).ngettext("one", "many", 2)
