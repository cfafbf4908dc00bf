"""Two people edit one thing: the second one loses no text, and sees both values."""

from __future__ import annotations

import asyncio
import re
from html import unescape

from httpx import AsyncClient

from signfleet.identity.access.operations.definitions import VIEW_GROUP
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tests.world import World

#: Each form that edits something: its page, its address below /console/, a field, and what each of the two writes.
FORMS = {
    "players/{Device}/settings/": ("", "name", "Lobby", "Foyer"),
    "players/{Device}/": ("note/", "note", "Key at the desk", "Key is lost"),
    "groups/{Group}/": ("", "name", "Lobbies", "Foyers"),
    "people/users/{User}/": ("", "description", "At the desk", "In the shop"),
    "people/roles/{Role}/": ("", "description", "Sees all", "Sees some"),
    "alerts/rules/{Rule}/": ("", "name", "Dark", "Silent"),
    "alerts/webhooks/{Webhook}/": ("", "name", "Desk", "Door"),
    "settings/ network": ("network", "name", "Venue", "Places"),
    "settings/ tokens": ("tokens", "userAccessTokenLifetime", "20", "30"),
    "settings/ health": ("health", "nearlyFullPercent", "20", "30"),
    "settings/ level": ("level", "level", "Trial", "Control"),
    "settings/ commands": ("commands", "dangerAllowed", "yes", ""),
    "settings/ joining": ("joining", "protocol1Until", "2024-03-13T08:30", "2024-03-14T08:30"),
    "profile/": ("names", "firstName", "Jane", "Joan"),
    "people/permissions/roles/{Role}/": ("", f"p-{VIEW_GROUP.uid}", "allow", "deny"),
    "people/permissions/users/{User}/": ("", f"p-{VIEW_GROUP.uid}", "allow", "deny"),
}


def fields_of(page: str, action: str) -> dict[str, str]:
    """Returns the fields of the form with an address, as a browser sends them."""
    found = re.search(rf'<form[^>]* action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert found, f"no form for {action}"
    fields = {}
    for tag, attributes, inner in re.findall(r"<(input|textarea|select)([^>]*)>(?:([^<]*)</textarea>)?", found[1]):
        given = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
        if "name" not in given or (given.get("type") in ("checkbox", "radio") and " checked" not in attributes):
            continue
        fields[given["name"]] = unescape(inner if tag == "textarea" else given.get("value", ""))
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', found[1], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        fields[name] = unescape(chosen[1]) if chosen else ""
    return fields


@ON_SQLITE
async def test_a_change_that_comes_second_keeps_its_text_and_shows_both_values(
    client: AsyncClient, world: World
) -> None:
    await sign_in(client)
    ids = {**world.ids, "Rule": await world.rule(), "Webhook": await world.webhook()}
    for path, (below, field, first, second) in FORMS.items():
        address = "/console/" + path.partition(" ")[0].format(**ids)
        page = await client.get(ROOT + address)
        read = fields_of(page.text, address + below)
        changed = await send(client, address + below, **(read | {field: first}))
        assert changed.status_code in (200, 303), (path, changed.text)
        late = await send(client, address + below, **(read | {field: second}))
        assert late.status_code == 412, (path, late.text)
        kept = fields_of(late.text, address + below)
        assert kept.get(field, "") == second, path
        assert "Stored now" in late.text, path
        again = await send(client, address + below, **kept)
        assert again.status_code in (200, 303), (path, again.text)


async def test_of_two_changes_at_once_one_wins_and_the_other_sees_both_values(
    client: AsyncClient, world: World
) -> None:
    await sign_in(client)
    ids = {**world.ids, "Rule": await world.rule(), "Webhook": await world.webhook()}
    for path, (below, field, first, second) in FORMS.items():
        address = "/console/" + path.partition(" ")[0].format(**ids)
        read = fields_of((await client.get(ROOT + address)).text, address + below)
        both = [send(client, address + below, **(read | {field: text})) for text in (first, second)]
        answers = dict(zip((first, second), await asyncio.gather(*both), strict=True))
        lost = {text: answer for text, answer in answers.items() if answer.status_code == 412}
        stored = fields_of((await client.get(ROOT + address)).text, address + below).get(field, "")
        if not lost and read.get(field, "") in answers:  # that one changed nothing, and came first
            assert stored != read.get(field, ""), path
            continue
        assert len(lost) == 1, (path, [answer.status_code for answer in answers.values()])
        [(text, answer)] = lost.items()
        assert fields_of(answer.text, address + below).get(field, "") == text, path
        assert "Stored now" in answer.text, path
        assert stored == next(each for each in answers if each != text), path


@ON_SQLITE
async def test_a_change_that_somebody_else_has_made_already_is_no_conflict(client: AsyncClient, world: World) -> None:
    await sign_in(client)
    ids = {**world.ids, "Rule": await world.rule(), "Webhook": await world.webhook()}
    for path, (below, field, first, _) in FORMS.items():
        address = "/console/" + path.partition(" ")[0].format(**ids)
        read = fields_of((await client.get(ROOT + address)).text, address + below)
        for _again in range(2):
            changed = await send(client, address + below, **(read | {field: first}))
            assert changed.status_code in (200, 303), (path, changed.text)
