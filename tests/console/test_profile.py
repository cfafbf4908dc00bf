"""The person's own profile in the console."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx import AsyncClient

from tests.conftest import ON_SQLITE, ROOT, CallAs
from tests.console.browsing import LOGIN, PASSWORD, confirm, send, sign_in

PROFILE = "/console/profile/"
NEW = "Q7!vault-of-signs"


async def opened(client: AsyncClient) -> str:
    answer = await client.get(f"{ROOT}{PROFILE}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


async def test_names_are_changed_unless_another_browser_was_first(client: AsyncClient) -> None:
    await sign_in(client)
    version = re.findall(r'name="version" value="(\d+)"', await opened(client))[0]
    assert (await send(client, f"{PROFILE}names", version=version, firstName="Jo")).status_code == 303
    assert 'value="Jo"' in await opened(client)
    second = await send(client, f"{PROFILE}names", version=version, firstName="Joan")
    assert second.status_code == 412
    assert '<td class="wrap">Joan</td><td class="wrap">Jo</td>' in second.text
    long = await send(client, f"{PROFILE}names", version=version, firstName="x" * 129)
    assert (long.status_code, 'id="f-firstName" name="firstName"' in long.text) == (400, True)


async def test_language_and_zone_hold_for_every_page(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    assert (await send(client, f"{PROFILE}preferences", language="de", zone="europe/berlin")).status_code == 303
    for path in (PROFILE, "/console/networks/"):
        page = (await client.get(f"{ROOT}{path}", headers={"Accept-Language": "fr"})).text
        assert '<html lang="de" dir="ltr" data-zone="Europe/Berlin">' in page
    assert re.search(r'title="[^"]+ Europe/Berlin"', await opened(client))
    assert (await admin.get("/Self/Profile/console.language/")).json() == "de"
    assert (await send(client, f"{PROFILE}preferences", language="", zone="")).status_code == 303
    assert '<html lang="en" dir="ltr">' in await opened(client)


@ON_SQLITE
async def test_an_unknown_zone_is_explained(client: AsyncClient) -> None:
    await sign_in(client)
    answer = await send(client, f"{PROFILE}preferences", language="", zone="Europe/Berlni")
    assert answer.status_code == 400
    assert "Europe/Berlin" in answer.text
    assert (await send(client, f"{PROFILE}preferences", language="tlh", zone="")).status_code == 400


@ON_SQLITE
async def test_a_strange_value_in_the_profile_breaks_no_page(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    for key in ("console.language", "console.timeZone"):
        await admin.put(f"/Self/Profile/{key}/", json='"><script>')
    assert '<html lang="en" dir="ltr">' in await opened(client)


async def test_a_new_password_needs_the_present_one(client: AsyncClient, call_as: CallAs) -> None:
    await sign_in(client)
    other = call_as()
    await sign_in(other)
    wrong = await send(client, f"{PROFILE}password", current="wrong", new=NEW, again=NEW)
    assert wrong.status_code == 400
    assert re.search(r'id="f-current"[^>]*aria-invalid="true"', wrong.text)
    assert NEW not in wrong.text
    assert (await send(client, f"{PROFILE}password", current=PASSWORD, new=NEW, again="x")).status_code == 400
    weak = await send(client, f"{PROFILE}password", current=PASSWORD, new="weak", again="weak")
    assert re.search(r'id="f-new"[^>]*aria-invalid="true"', weak.text)
    assert (await send(client, f"{PROFILE}password", current=PASSWORD, new=NEW, again=NEW)).status_code == 303
    assert (await client.get(f"{ROOT}{PROFILE}")).status_code == 200
    assert (await other.get(f"{ROOT}{PROFILE}")).status_code == 303
    assert (await sign_in(other, password=NEW)).status_code == 303


async def test_sessions_are_listed_and_ended(client: AsyncClient, call_as: CallAs) -> None:
    await sign_in(client)
    other = call_as()
    await sign_in(other)
    (id_,) = re.findall(r"/sessions/(\d+)/end", await opened(client))
    assert (await confirm(client, f"{PROFILE}sessions/{id_}/end")).status_code == 303
    assert (await other.get(f"{ROOT}{PROFILE}")).status_code == 303
    await sign_in(other)
    gone = await confirm(client, f"{PROFILE}sign-out-everywhere")
    assert (gone.headers["location"], "Max-Age=0" in gone.headers["set-cookie"]) == ("/console/sign-in", True)
    for browser in (client, other):
        assert (await browser.get(f"{ROOT}{PROFILE}")).status_code == 303


@ON_SQLITE
async def test_signing_out_everywhere_ends_api_tokens_and_is_on_record(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    await confirm(client, f"{PROFILE}sign-out-everywhere")
    assert (await admin.get("/Self/")).status_code == 401


@ON_SQLITE
async def test_mails_are_chosen_and_templates_stay(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    (user,) = (await admin.get("/Self/Users/")).json()
    path = f"/Self/Users/{user['id']}/Notifications/"
    await admin.put(path, json={"deviceFailureNotificationTemplate": "Look"})
    assert (await send(client, f"{PROFILE}mails", event="deviceFailure")).status_code == 303
    stored = (await admin.get(path)).json()
    assert stored["deviceFailureNotificationTemplate"] == "Look"
    assert [name for name, value in stored.items() if value is True] == ["deviceFailureNotificationEnabled"]
    assert 'value="deviceFailure" checked' in await opened(client)


@ON_SQLITE
@pytest.mark.parametrize("path", ["sessions/x/end", "sessions/99999/end"])
async def test_sessions_of_others_do_not_exist(client: AsyncClient, path: str) -> None:
    await sign_in(client)
    assert (await send(client, f"{PROFILE}{path}")).status_code == 404
    assert LOGIN in await opened(client)
