"""What services say in English has words that can be translated, and errors appear in the language of the reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages import Catalog
from babel.messages.pofile import write_po
from httpx import AsyncClient

from signfleet.console import translations
from signfleet.console.player.command_forms import COMMANDS
from signfleet.console.translations import ERRORS, PLACEHOLDER, error_text
from signfleet.console.words import METRIC_UNITS, TABLES, message
from signfleet.fleet.commands.kinds import KINDS as COMMAND_KINDS
from signfleet.fleet.devices.catalogue import DEVICES
from signfleet.fleet.health.rules import ReasonCode
from signfleet.fleet.permission_explanation.schemas import Obstacle
from signfleet.foundation.errors import Invalid
from signfleet.foundation.expressions.tree import Unit
from signfleet.foundation.expressions.types import Kind
from signfleet.foundation.wire.tags import TYPES
from signfleet.foundation.wire.types import Health
from signfleet.identity.access.operations.definitions import ROOTS
from signfleet.identity.audit.schemas import Action, AuditedEntity
from signfleet.notify.events.kinds import KINDS
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tools.translations import extracted

OPERATIONS = [operation for root in ROOTS.values() for operation in root]
KNOWN = {
    "operation": {each.singular for each in OPERATIONS} | {each.full_name for each in OPERATIONS},
    "entity": set(get_args(AuditedEntity)) | {each.entity for each in OPERATIONS} | set(ROOTS),
    "action": set(get_args(Action)),
    "event": set(KINDS),
    "reason": set(get_args(ReasonCode)),
    "health": set(get_args(Health)),
    "metric": set(METRIC_UNITS),
    "download": {"ok", "downloading", "failed"},
    "obstacle": set(get_args(Obstacle)),
}


@pytest.mark.parametrize("table", TABLES)
def test_every_name_that_services_use_has_words(table: str) -> None:
    assert set(TABLES[table]) == KNOWN[table]


def test_every_command_has_words() -> None:
    assert {kind.name for kind in COMMAND_KINDS.values() if not kind.internal} == set(COMMANDS)


def test_messages_of_services_are_texts_to_translate() -> None:
    messages = {each.id for each in extracted() if each.context == ERRORS}
    assert {
        "There is no group '%(ref)s' in this network.",  # NotFound.in_network
        "there already is a group '%(name)s'.",  # without the member at its beginning
        "You are not allowed to do '%(key)s' here.",
        "Expected a name between the brackets at %(value)s, found none.",  # in a filter
        "did you mean %(near)s?",  # a part of others
        "Too many attempts to sign in as this person",
        "There is no time zone '%(timezone)s'; the nearest are %(near)s",
    } <= messages
    assert not [each for each in messages if "Query parameter" in each]


@pytest.mark.parametrize("language", ["en", "xx"])
def test_a_message_that_no_catalogue_has_stays_english(language: str) -> None:
    assert error_text(language, "'name': it is made of cheese.") == "'name': it is made of cheese."


def test_beside_its_field_a_message_does_not_repeat_the_field() -> None:
    assert message("en", "'name': there already is a group 'A'.", is_beside=True) == "There already is a group 'A'."
    assert message("en", "'name' has 1 to 128 characters.", is_beside=True) == "'name' has 1 to 128 characters."


def test_messages_name_operations_in_words() -> None:
    assert message("en", "You are not allowed to do 'Device.UpdateDevice' here.").endswith("'Change players' here.")
    assert message("en", "There is no file 'Readme.Txt'.") == "There is no file 'Readme.Txt'."


CATALOGUE = r"""
msgctxt "error"
msgid "there is no role '%(name)s', only %(count)s others."
msgstr "es gibt %(count)s Rollen, aber nicht '%(name)s'."

msgctxt "error"
msgid "%(error)s; try 100%% again."
msgstr "%(error)s; noch 100%% einmal."

msgctxt "error"
msgid "Expected %(expectation)s at %(at)s, found %(found)s; %(hint)s"
msgstr "Bei %(at)s steht %(found)s, nicht %(expectation)s; %(hint)s"

msgctxt "error"
msgid "an operator such as IS after %(operand)s"
msgstr "ein Operator wie IS nach %(operand)s"

msgctxt "error"
msgid "did you mean %(near)s?"
msgstr "vielleicht %(near)s?"

msgctxt "error"
msgid "the end"
msgstr "das Ende"

msgctxt "error"
msgid "Expected %(expected)s"
msgstr "Hierher gehört %(expected)s"

msgid "a text of a page"
msgstr "ein Text"
"""
#: Filters with a fault each.
FAULTY = (
    *("[Id] >", "[Id", "[]"),
    *("<", "< >", "[Nme] IS 'x'"),
    *("[Settings].[Nmae] IS 'x'", "[Id] IS", "[Id] IS 'x'"),
    *("[Id] IZ 3", "[Status].[Health] IS 'Eror'", "[Status].[Health] IS 'qqq'"),
    *("([Id] IS 1", "[Id] IN (1", "[Id] IS 1 ORR"),
    *("x IS 2", "[LastReport] IS AFTER 'yesterday'", "[LastReport] IS AFTER '2024-02-30'"),
    *("[LastReport] IS IN LAST (dayz, 3)", "[LastReport] IS IN LAST (days, x)", "[LastReport] IS IN LAST (days, 1, 7)"),
    *("[Id] CONTAINS 'x'", "<Floor> IS IN LAST 3", "[Id] IS 12x"),
    *("[Name] = 'x'", '[Name] IS "x"', "[Status].[Uptime] IS 'long'"),
    *("[Status].[Uptime] IS '30:00:00'", "[Id] IS 1e999", "[a].[b].<x> IS 1"),
    *("q::<x> IS 1", "string::[x] IS 1", "[Name] BEGINS WITH 3"),
    *("[Unknown] IS 1",),
)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("there is no role 'A', only 3 others.", "es gibt 3 Rollen, aber nicht 'A'."),
        ("'role': there is no role 'A', only 3 others.", "'role': es gibt 3 Rollen, aber nicht 'A'."),
        ("there is no role '%(count)s', only ', only' others.", "es gibt ', only' Rollen, aber nicht '%(count)s'."),
        (
            "there is no role 'A', only 3 others.; try 100% again.",
            "es gibt 3 Rollen, aber nicht 'A'.; noch 100% einmal.",
        ),
        ("a text of a page", "a text of a page"),
        (
            "Expected an operator such as IS after [the end] at 5, found the end; did you mean A, B or C?",
            "Bei 5 steht das Ende, nicht ein Operator wie IS nach [the end]; vielleicht A, B oder C?",
        ),
        (
            "Expected IS or HAS at 5, found there is no role '1', only 2 others.; did you mean A?",
            "Bei 5 steht there is no role '1', only 2 others., nicht IS oder HAS; vielleicht A?",
        ),
        ("Expected 3 or 4 - at 'a.b'.", "Hierher gehört 3 oder 4 ('a.b')."),
        (
            "there is no role '" + 300 * "A" + "', only 3 others.",
            "there is no role '" + 300 * "A" + "', only 3 others.",
        ),
    ],
    ids=range(9),
)
def test_a_message_is_recognised_with_its_values(
    english: str, german: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    (tmp_path / "de.po").write_text(CATALOGUE, encoding="utf-8")
    translations._texts.cache_clear()
    assert error_text("de", english) == german
    translations._texts.cache_clear()


def test_a_long_message_with_many_repetitions_is_taken_apart_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pattern with `.*?` for each value would take seconds."""
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    values = "".join(f"%(v{number})s, " for number in range(12))
    text = f'msgctxt "error"\nmsgid "There are {values}and others"\nmsgstr "{values}usw."\n'
    (tmp_path / "de.po").write_text(text, encoding="utf-8")
    translations._texts.cache_clear()
    message = f"There are {'a, ' * 90}and more"
    assert error_text("de", message) == message
    assert error_text("de", f"There are {'a, ' * 12}and others") == f"{'a, ' * 12}usw."
    translations._texts.cache_clear()


def test_no_part_of_a_message_about_a_filter_stays_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a catalogue that replaces every word of its own by a dot, only values remain."""
    catalogue = Catalog(locale="de")
    for each in extracted():
        if each.context == ERRORS:
            named = [found[0] for found in PLACEHOLDER.finditer(str(each.id))]
            catalogue.add(each.id, " · ".join(["·", *named, "·"]), context=ERRORS)
    with (tmp_path / "de.po").open("wb") as file:
        write_po(file, catalogue)
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    translations._texts.cache_clear()
    english = {}
    for text in FAULTY:
        with pytest.raises(Invalid) as wrong:
            DEVICES.filter(text)
        shown = error_text("de", wrong.value.message)
        values = re.sub(r"\[[\w.\]\[]*\]|<\w*>|'[^']*'|\b[A-Z]+\b", "", shown)
        values = re.sub("|".join(map(re.escape, sorted(VALUES, key=len, reverse=True))), "", values)
        if words := re.findall(r"[A-Za-z]{3,}", values):
            english[text] = (wrong.value.message, shown, words)
    translations._texts.cache_clear()
    assert not english, "\n".join(map(str, english.values()))


#: What stands in messages as it is in the language of filters: units, kinds and known words.
VALUES = {unit.value for unit in Unit} | {kind.value for kind in Kind} | set(get_args(Health)) | {*TYPES, "oder"}


@ON_SQLITE
async def test_an_error_of_a_form_appears_in_the_language_of_the_reader(client: AsyncClient) -> None:
    await sign_in(client)
    client.headers["Accept-Language"] = "de"
    await send(client, "/console/groups/", name="Lobby")
    answer = await send(client, "/console/groups/", name="Lobby")
    expected = error_text("de", "there already is a group 'Lobby'.")
    assert expected[1:].replace("'", "&#39;") in answer.text


@ON_SQLITE
async def test_the_audit_trail_and_rights_are_in_words(client: AsyncClient) -> None:
    await sign_in(client)
    await send(client, "/console/groups/", name="Lobby")
    audit = await client.get(f"{ROOT}/console/audit/")
    assert '<td data-label="Change">created</td>' in audit.text and ">Create<" not in audit.text
    rights = await client.get(f"{ROOT}/console/people/permissions/roles/2/")
    assert "See players" in rights.text and "View Device" not in rights.text
