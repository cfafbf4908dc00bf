"""People and their rights in the console."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx import AsyncClient, Response

from signfleet.identity.access.operations.definitions import DEVICE, UPDATE_DEVICE, VIEW_DEVICE
from signfleet.identity.access.operations.roles import NETWORK_MANAGERS, VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import confirm, send, sign_in
from tests.world import World

PEOPLE = "/console/people"


async def opened(client: AsyncClient, path: str) -> str:
    answer = await client.get(f"{ROOT}{path}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


async def invited(client: AsyncClient, login: str, **fields: str) -> str:
    """Invites a person; returns the path of the user's page."""
    answer = await send(client, f"{PEOPLE}/invite/", login=login, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def as_role(sign_in: SignIn, call_as: CallAs, role: object) -> AsyncClient:
    client = call_as()
    client.cookies.set("signfleet", await sign_in("other@example.com", role=role), domain="signfleet.test", path="/")
    return client


async def test_a_person_is_invited_changed_and_removed(client: AsyncClient) -> None:
    await sign_in(client)
    path = await invited(client, "new@example.com", firstName="Nia", role="Viewers", description="Night shift")
    page = await opened(client, path)
    assert "Invited" in page and "Nia" in page and "Night shift" in page
    version = hidden(page, "version")
    saved = await send(client, path, version=version, role="Publishers", description="Day shift", locked="yes")
    assert saved.status_code == 303, saved.text
    page = await opened(client, path)
    assert "Locked out" in page and '<option value="Publishers" selected>' in page
    assert "Withdraw the invitation: " in (await send(client, f"{path}remove")).text
    assert "new@example.com" in await opened(client, f"{PEOPLE}/")
    assert (await confirm(client, f"{path}remove")).status_code == 303
    assert "new@example.com" not in await opened(client, f"{PEOPLE}/")


@ON_SQLITE
async def test_a_change_that_comes_second_shows_both_values(client: AsyncClient) -> None:
    await sign_in(client)
    path = await invited(client, "new@example.com")
    version = hidden(await opened(client, path), "version")
    await send(client, path, version=version, description="Theirs")
    answer = await send(client, path, version=version, description="Mine")
    assert answer.status_code == 412
    assert '<td class="wrap">Mine</td><td class="wrap">Theirs</td>' in answer.text
    again = await send(client, path, version=hidden(answer.text, "version"), description="Mine")
    assert again.status_code == 303
    assert "Mine</textarea>" in await opened(client, path)


@ON_SQLITE
@pytest.mark.parametrize(
    ("fields", "field"),
    [({"login": "nobody"}, "login"), ({"login": "a@example.com", "firstName": "x" * 129}, "firstName")],
)
async def test_a_mistake_stands_beside_its_field(client: AsyncClient, fields: dict[str, str], field: str) -> None:
    await sign_in(client)
    answer = await send(client, f"{PEOPLE}/invite/", **fields)
    assert answer.status_code == 400
    assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', answer.text)
    assert f'value="{fields["login"]}"' in answer.text


@ON_SQLITE
async def test_the_last_administrator_cannot_be_locked_out(client: AsyncClient) -> None:
    await sign_in(client)
    page = await opened(client, f"{PEOPLE}/?search=JaneDoe")
    path = re.findall(r'href="(/console/people/users/\d+/)"', page)[0]
    version = hidden(await opened(client, path), "version")
    answer = await send(client, path, version=version, role="Administrators", locked="yes")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


async def test_a_role_is_copied_changed_and_deleted(client: AsyncClient) -> None:
    await sign_in(client)
    made = await send(client, f"{PEOPLE}/roles/new/", name="Night", description="", copy=str(VIEWERS.id))
    assert made.status_code == 303, made.text
    path = made.headers["location"]
    copying = re.search(r'href="([^"]+\?copy=\d+)"', await opened(client, path))
    assert copying
    assert re.search(r'<option value="\d+" selected>Night</option>', await opened(client, copying[1]))
    editor = f"{PEOPLE}/permissions/roles/{path.strip('/').rpartition('/')[2]}/"
    page = await opened(client, editor)
    assert hidden(page, f"was-{VIEW_DEVICE.uid}") == "allow"
    assert hidden(page, f"was-{DEVICE.uid}") == "deny"
    changes = {
        f"was-{VIEW_DEVICE.uid}": "allow",
        f"p-{VIEW_DEVICE.uid}": "deny",
        f"was-{UPDATE_DEVICE.uid}": "",
        f"p-{UPDATE_DEVICE.uid}": "allow",
    }
    assert (await send(client, editor, **changes)).status_code == 303
    page = await opened(client, editor)
    assert hidden(page, f"was-{VIEW_DEVICE.uid}") == "deny"
    assert hidden(page, f"was-{UPDATE_DEVICE.uid}") == "allow"
    version = hidden(await opened(client, path), "version")
    assert (await send(client, path, name="Evening", description="From six", version=version)).status_code == 303
    assert "Evening" in await opened(client, f"{PEOPLE}/roles/")
    assert (await confirm(client, f"{path}delete")).status_code == 303
    assert "Evening" not in await opened(client, f"{PEOPLE}/roles/")


@ON_SQLITE
async def test_a_permission_that_somebody_has_added_meanwhile_changes_nothing(client: AsyncClient) -> None:
    await sign_in(client)
    made = await send(client, f"{PEOPLE}/roles/new/", name="Night")
    editor = f"{PEOPLE}/permissions/roles/{made.headers['location'].strip('/').rpartition('/')[2]}/"
    one = {f"was-{VIEW_DEVICE.uid}": "", f"p-{VIEW_DEVICE.uid}": "allow"}
    other = {f"was-{UPDATE_DEVICE.uid}": "", f"p-{UPDATE_DEVICE.uid}": "allow"}
    assert (await send(client, editor, **one)).status_code == 303
    deny = {f"was-{VIEW_DEVICE.uid}": "", f"p-{VIEW_DEVICE.uid}": "deny"}
    refused = await send(client, editor, **deny, **other)
    assert refused.status_code == 412
    assert "Somebody else has changed this" in unescape(refused.text)
    assert hidden(refused.text, f"was-{VIEW_DEVICE.uid}") == "allow"
    assert hidden(await opened(client, editor), f"was-{UPDATE_DEVICE.uid}") == ""
    assert (await send(client, editor, **other)).status_code == 303


@ON_SQLITE
async def test_predefined_roles_and_unfit_names_are_refused(client: AsyncClient) -> None:
    await sign_in(client)
    page = await opened(client, f"{PEOPLE}/permissions/roles/{VIEWERS.id}/")
    assert "<select" not in page.partition("<main")[2]
    assert (await send(client, f"{PEOPLE}/permissions/roles/{VIEWERS.id}/")).status_code == 403
    answer = await send(client, f"{PEOPLE}/roles/new/", name="Viewers")
    assert answer.status_code == 400
    assert re.search(r'id="f-name"[^>]*aria-invalid="true"', answer.text)


async def test_a_permission_on_one_player_is_added_explained_and_removed(client: AsyncClient, world: World) -> None:
    await sign_in(client)
    path = f"{PEOPLE}/permissions/devices/{world.ids['Device']}/"
    assert "Nothing is stated here" in await opened(client, path)
    added = await send(client, path, principal="Viewers", operation=VIEW_DEVICE.uid, verdict="deny")
    assert added.status_code == 303, added.text
    page = await opened(client, path)
    value = hidden(page, "remove") if 'name="remove" value=' in page else ""
    assert value == f"{VIEW_DEVICE.uid} Role {VIEWERS.id}"
    asked = f"{PEOPLE}/permissions/?operation=Device.ViewDevice&device=A1"
    explained = await opened(client, f"{asked}&user=JaneDoe@example.com")
    assert "The role Administrators may do “Full control of players” in general." in explained
    assert "JaneDoe@example.com" in await opened(client, asked)
    assert (await confirm(client, path, remove=value)).status_code == 303
    assert "Nothing is stated here" in await opened(client, path)


@ON_SQLITE
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"principal": "Nobody", "operation": VIEW_DEVICE.uid, "verdict": "allow"}, "no role and no user"),
        ({"principal": "Viewers", "operation": "x", "verdict": "allow"}, "is not an operation on a Device"),
        ({"principal": "Viewers", "operation": VIEW_DEVICE.uid}, "whether to allow or to deny"),
    ],
)
async def test_a_permission_that_does_not_fit_says_why(
    client: AsyncClient, world: World, fields: dict[str, str], words: str
) -> None:
    await sign_in(client)
    answer = await send(client, f"{PEOPLE}/permissions/devices/{world.ids['Device']}/", **fields)
    assert answer.status_code == 400
    assert words in unescape(answer.text)


async def test_an_application_shows_its_secret_once(client: AsyncClient) -> None:
    await sign_in(client)
    path = f"{PEOPLE}/applications/"
    made = await send(client, path, name="Nightly", scopes="bsn.api.main.devices.retrieve", days="30")
    client_id, secret = re.findall(r'<code class="secret">([^<]+)</code>', made.text)
    page = await opened(client, path)
    assert client_id in page and secret not in page
    token = await client.post(
        f"{ROOT}/realms/bsncloud/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
    )
    assert token.json()["scope"] == "bsn.api.main.devices.retrieve"
    number = re.findall(r"/applications/(\d+)/secret", page)[-1]
    renewed = await send(client, f"{path}{number}/secret")
    assert re.findall(r'<code class="secret">([^<]+)</code>', renewed.text)[1] != secret
    assert (await confirm(client, f"{path}{number}/delete", version="1")).status_code == 412
    version = re.findall(
        rf'applications/{number}/delete".*?name="version" value="(\d+)"', await opened(client, path), re.S
    )
    assert (await confirm(client, f"{path}{number}/delete", version=version[0])).status_code == 303
    assert client_id not in await opened(client, path)


@ON_SQLITE
@pytest.mark.parametrize(
    ("fields", "field"),
    [({"name": "x", "days": "0"}, "days"), ({"name": ""}, "name"), ({"name": "x", "scopes": "root"}, "scopes")],
)
async def test_an_application_that_does_not_fit_says_where(
    client: AsyncClient, fields: dict[str, str], field: str
) -> None:
    await sign_in(client)
    answer = await send(client, f"{PEOPLE}/applications/", **fields)
    assert answer.status_code in (400, 403)
    if answer.status_code == 400:
        assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', answer.text)


async def test_a_setup_token_is_issued_and_revoked(client: AsyncClient) -> None:
    await sign_in(client)
    path = f"{PEOPLE}/setup-tokens/"
    issued = await send(client, path, uses="3", days="7")
    (token,) = re.findall(r'<code class="secret">([^<]+)</code>', issued.text)
    page = await opened(client, path)
    assert token not in page and "0 of 3" in page
    (id_,) = re.findall(r"/setup-tokens/(\w{64})/revoke", page)
    assert (await confirm(client, f"{path}{id_}/revoke")).status_code == 303
    assert id_ not in await opened(client, path)
    wrong = await send(client, path, uses="many")
    assert wrong.status_code == 400
    assert re.search(r'id="f-uses"[^>]*aria-invalid="true"', wrong.text)


@ON_SQLITE
async def test_who_may_only_set_up_players_changes_nobody(sign_in: SignIn, call_as: CallAs) -> None:
    client = await as_role(sign_in, call_as, NETWORK_MANAGERS)
    assert (await client.get(f"{ROOT}{PEOPLE}/setup-tokens/")).status_code == 200
    refused: list[Response] = [
        await send(client, f"{PEOPLE}/invite/", login="x@example.com"),
        await send(client, f"{PEOPLE}/roles/new/", name="x"),
        await send(client, f"{PEOPLE}/permissions/roles/{VIEWERS.id}/"),
        await client.get(f"{ROOT}{PEOPLE}/roles/"),
        await client.get(f"{ROOT}{PEOPLE}/permissions/"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
