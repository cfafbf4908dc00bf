"""What services say in English has words that can be translated, and errors appear in the language of the reader."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from httpx import AsyncClient

from signfleet.console import translations
from signfleet.console.player.command_forms import COMMANDS
from signfleet.console.translations import ERRORS, error_text
from signfleet.console.words import TABLES, message
from signfleet.fleet.commands.kinds import KINDS as COMMAND_KINDS
from signfleet.fleet.health.rules import ReasonCode
from signfleet.fleet.permission_explanation.schemas import Obstacle
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

msgid "a text of a page"
msgstr "ein Text"
"""


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
            "there is no role '" + 300 * "A" + "', only 3 others.",
            "there is no role '" + 300 * "A" + "', only 3 others.",
        ),
    ],
    ids=range(6),
)
def test_a_message_is_recognised_with_its_values(
    english: str, german: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    (tmp_path / "da.po").write_text(CATALOGUE, encoding="utf-8")
    assert error_text("da", english) == german
    translations._texts.cache_clear()


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
