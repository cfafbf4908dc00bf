"""The settings of a network in the console."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx import AsyncClient

from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import send, sign_in

SETTINGS = "/console/settings/"


async def fields(client: AsyncClient, group: str) -> dict[str, str]:
    """Returns what the form of a group would send."""
    page = (await client.get(f"{ROOT}{SETTINGS}")).text
    form = page.partition(f'action="{SETTINGS}{group}"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = unescape(value[1])
    for name_, inside in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        found[name_] = re.findall(r'value="(\w*)" selected', inside)[0]
    return found


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("network", "name", "Venues & more"),
        ("tokens", "userAccessTokenLifetime", "20"),
        ("tokens", "automaticTaggedPlaylistApprovalEnabled", "yes"),
        ("health", "lateReports", "3"),
        ("health", "suspendedSubscription", "Warning"),
        ("level", "level", "Trial"),
        ("commands", "dangerAllowed", "yes"),
        ("joining", "joinsByRecord", "yes"),
    ],
)
async def test_a_value_is_changed_and_the_others_stay(client: AsyncClient, group: str, name: str, value: str) -> None:
    await sign_in(client)
    before = await fields(client, group)
    answer = await send(client, f"{SETTINGS}{group}", **{**before, name: value})
    assert answer.status_code == 303, answer.text
    after = await fields(client, group)
    assert after.pop(name) == value
    differing = {each for each in before if each != name and before[each] != after.get(each)}
    assert differing <= {"version"}


@ON_SQLITE
async def test_the_date_of_joining_is_that_of_the_reader(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    assert (await send(client, "/console/profile/preferences", language="", zone="asia/tokyo")).status_code == 303
    given = await fields(client, "joining") | {"protocol1Until": "2024-03-01T09:00"}
    assert (await send(client, f"{SETTINGS}joining", **given)).status_code == 303
    assert (await admin.get(f"{ROOT}/admin/v1/joining/")).json()["protocol1Until"] == "2024-03-01T00:00:00Z"
    assert (await fields(client, "joining"))["protocol1Until"] == "2024-03-01T09:00"


@ON_SQLITE
async def test_the_join_address_is_shown_while_players_may_join_by_it(client: AsyncClient, admin: AsyncClient) -> None:
    await sign_in(client)
    assert "/player/v1/join/" not in (await client.get(f"{ROOT}{SETTINGS}")).text
    await send(client, f"{SETTINGS}joining", **(await fields(client, "joining") | {"joinsByRecord": "yes"}))
    address = (await admin.get(f"{ROOT}/admin/v1/joining/")).json()["joinAddress"]
    assert f">{address}<" in (await client.get(f"{ROOT}{SETTINGS}")).text


@ON_SQLITE
@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("tokens", "userAccessTokenLifetime", "soon"),
        ("tokens", "userAccessTokenLifetime", "00:00:01"),
        ("health", "lateReports", "many"),
        ("health", "lateReports", "0"),
        ("health", "lateReports", "1e400"),
        ("health", "silentAfter", "00:01:00"),
        ("joining", "protocol1Until", "9998-01-01T00:00"),
        ("joining", "protocol1Until", "x"),
        ("network", "name", "a/b"),
        ("network", "name", "7"),
    ],
)
async def test_a_mistake_stands_beside_its_field(client: AsyncClient, group: str, name: str, value: str) -> None:
    await sign_in(client)
    answer = await send(client, f"{SETTINGS}{group}", **{**await fields(client, group), name: value})
    assert answer.status_code == 400
    assert re.search(rf'id="f-{name}"[^>]*aria-invalid="true"', answer.text), answer.text
    shown = {"00:00:01": "1", "00:01:00": "1"}.get(value, value)
    assert f'value="{shown}"' in answer.text


@ON_SQLITE
async def test_readers_see_the_settings_and_change_none(sign_in: SignIn, call_as: CallAs) -> None:
    client = call_as()
    token = await sign_in("viewer@example.com", role=VIEWERS)
    client.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    assert "<fieldset disabled>" in (await client.get(f"{ROOT}{SETTINGS}")).text
    for group in ("network", "tokens", "health", "level", "commands", "joining"):
        assert (await send(client, f"{SETTINGS}{group}")).status_code == 403
    assert (await send(client, f"{SETTINGS}nothing")).status_code == 404
