"""From an invitation to the membership: the reader of the mailbox decides, and no earlier credential counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import person
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.account.conftest import Mailbox, link_in
from tests.identity.account.test_account import PASSWORD, Form, sign_in, submit
from tests.interleaving import reading_before_writing

VICTIM = "v@corp.example"
ATTACKERS = "Attack3r!pw"
INVITATIONS = f"{ROOT}/admin/v1/invitations/"

Elsewhere = Callable[[], Awaitable[AsyncClient]]


@pytest.fixture
def elsewhere(call_as: CallAs, sign_in: SignIn) -> Elsewhere:
    """Creates the administrator of another network, `Other`."""

    async def make() -> AsyncClient:
        other = call_as(await sign_in("ann@example.com"))
        made = (await other.post("/Self/Networks/", json={"name": "Other"})).json()
        await other.put("/Self/Session/Network/", json={"id": made["id"]})
        return other

    return make


def now() -> int:
    return time.time_ns() // 1_000_000


async def invite(admin: AsyncClient, login: str = VICTIM, role: str = "Viewers", **rest: Any) -> dict[str, Any]:
    answer = await admin.post("/Users/", json={"person": {"login": login, **rest}, "roleName": role})
    assert answer.status_code == 201, answer.text
    user: dict[str, Any] = answer.json()
    return user


async def latest_link(mailbox: Mailbox, login: str = VICTIM) -> str:
    return link_in([mail for mail in await mailbox() if mail["To"] == login][-1])


async def accept(client: AsyncClient, link: str, password: str = "") -> Response:
    return await submit(client, link, password=password, decision="accept")


def form_of(link: str, decision: str = "accept") -> dict[str, str]:
    return {"token": link.partition("token=")[2], "password": PASSWORD, "decision": decision}


async def forget_proof(services: Services, login: str) -> None:
    """Turns an account into one of older versions that an administrator created for an unproven mailbox."""
    unproved = Query(person.update().where(person.c.login == login).values(proof_date=None))
    await services.store.write(lambda tx: tx.execute(unproved))


# --- takeover


async def test_a_password_chosen_by_one_network_never_works_in_another(
    admin: AsyncClient, client: AsyncClient, elsewhere: Elsewhere, network: Tenant, mailbox: Mailbox
) -> None:
    made = await invite(await elsewhere(), password=ATTACKERS)
    await invite(admin, role="Administrators", password="Inv1ter's!pw")
    assert made["person"]["password"] is None
    link = await latest_link(mailbox)
    for name in (VICTIM, f"Other/{VICTIM}", f"{network.network}/{VICTIM}"):
        for password in (ATTACKERS, "Inv1ter's!pw"):
            assert (await sign_in(client, name, password)).status_code == 400
    assert (await accept(client, link, PASSWORD)).status_code == 200
    for name in (VICTIM, f"Other/{VICTIM}", f"{network.network}/{VICTIM}"):
        assert (await sign_in(client, name, ATTACKERS)).status_code == 400
    assert (await sign_in(client, f"{network.network}/{VICTIM}", PASSWORD)).status_code == 200
    assert (await sign_in(client, f"Other/{VICTIM}", PASSWORD)).status_code == 400


async def test_a_registration_of_the_address_reaches_no_network(
    admin: AsyncClient, client: AsyncClient, network: Tenant, mailbox: Mailbox
) -> None:
    await client.post("/Self/", json={"login": "V@corp.example", "password": ATTACKERS})
    await invite(admin)
    assert (await accept(client, await latest_link(mailbox), PASSWORD)).status_code == 200
    assert (await sign_in(client, f"{network.network}/{VICTIM}", ATTACKERS)).status_code == 400
    assert (await sign_in(client, f"{network.network}/{VICTIM}", PASSWORD)).status_code == 200
    stale = link_in(next(mail for mail in await mailbox() if mail["To"] == "V@corp.example"))
    assert (await client.get(ROOT + stale)).status_code == 404


async def test_an_unproven_account_loses_its_credentials_when_its_mailbox_is_proven(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, mailbox: Mailbox, call_as: CallAs
) -> None:
    account = await services.people.create(login=VICTIM, password=ATTACKERS, now=now())
    application = await services.applications.create("Backdoor", account.id, now())
    await forget_proof(services, VICTIM)
    signed_in = (await sign_in(client, VICTIM, ATTACKERS)).json()
    await invite(admin, role="Administrators")
    intruder = call_as(signed_in["access_token"])
    (open_one,) = (await intruder.get(INVITATIONS)).json()
    refused = await intruder.post(f"{INVITATIONS}{open_one['id']}/accept/")
    assert (refused.status_code, "mailbox" in refused.json()["message"]) == (403, True)
    link = await latest_link(mailbox)
    assert (await accept(client, link)).status_code == 400
    assert (await accept(client, link, PASSWORD)).status_code == 200
    assert (await intruder.get("/Self/")).status_code == 401
    refresh = {"grant_type": "refresh_token", "client_id": "tests", "refresh_token": signed_in["refresh_token"]}
    assert (await client.post("/Token", data=refresh)).status_code == 400
    assert (await sign_in(client, VICTIM, ATTACKERS)).status_code == 400
    form = {"grant_type": "client_credentials", "client_id": application.client_id}
    secret = {"client_secret": application.client_secret}
    token = f"{ROOT}/realms/bsncloud/protocol/openid-connect/token"
    assert (await client.post(token, data=form | secret)).status_code == 401
    assert (await sign_in(client, f"{network.network}/{VICTIM}", PASSWORD)).status_code == 200


async def test_a_reset_proves_an_unproven_account(client: AsyncClient, services: Services, mailbox: Mailbox) -> None:
    account = await services.people.create(login=VICTIM, password=ATTACKERS, now=now())
    await services.applications.create("Backdoor", account.id, now())
    await forget_proof(services, VICTIM)
    await client.get(f"/{VICTIM}/Password/")
    answer = await submit(client, await latest_link(mailbox), password=PASSWORD, repeated=PASSWORD)
    assert answer.status_code == 200
    assert await services.applications.of_person(account.id) == []


# --- which account accepts


async def test_an_account_accepts_and_keeps_its_password(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, mailbox: Mailbox
) -> None:
    account = await services.people.create(login="joe@example.com", password=PASSWORD, first_name="Joe", now=0)
    user = await invite(admin, "JOE@example.com", firstName="Joseph")
    assert (user["person"]["id"] != account.id, user["person"]["firstName"]) == (True, "Joseph")
    link = await latest_link(mailbox, "JOE@example.com")
    page = await client.get(ROOT + link)
    assert Form(page.text).inputs == []
    assert (await accept(client, link)).status_code == 200
    joined = (await admin.get(f"/Users/{user['id']}/")).json()
    assert (joined["person"]["id"], joined["person"]["firstName"]) == (account.id, "Joe")
    assert joined["person"]["activationDate"] is not None
    assert (await sign_in(client, f"{network.network}/joe@example.com", PASSWORD)).status_code == 200
    assert (await client.get(ROOT + link)).status_code == 404


@pytest.mark.parametrize(
    ("known", "invited"),
    [("straße@example.com", "strasse@example.com"), ("joe@straße.example", "joe@strasse.example")],
)
async def test_an_account_with_a_similar_mailbox_gets_nothing(
    admin: AsyncClient,
    client: AsyncClient,
    services: Services,
    network: Tenant,
    mailbox: Mailbox,
    known: str,
    invited: str,
) -> None:
    await services.people.create(login=known, password=ATTACKERS, now=0)
    await invite(admin, invited)
    assert (await accept(client, await latest_link(mailbox, invited), PASSWORD)).status_code == 200
    assert (await sign_in(client, f"{network.network}/{known}", ATTACKERS)).status_code == 400
    assert (await sign_in(client, f"{network.network}/{invited}", ATTACKERS)).status_code == 400
    assert (await sign_in(client, f"{network.network}/{invited}", PASSWORD)).status_code == 200


async def test_devices_name_the_account_after_it_accepts(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, mailbox: Mailbox
) -> None:
    await services.people.create(login="joe@example.com", password=PASSWORD, now=0)
    user = await invite(admin, "Joe@example.com")
    await register(services.store, network.network_id, ["A1"])
    principal = {"type": "User", "id": user["id"]}
    allowed = {"operationUID": VIEW_DEVICE.uid, "principal": principal, "isAllowed": True}
    assert (await admin.post("/Devices/A1/Permissions/", json=[allowed])).status_code == 204
    await accept(client, await latest_link(mailbox, "Joe@example.com"))
    (stated,) = (await admin.get("/Devices/A1/")).json()["permissions"]
    assert stated["principal"]["login"] == "joe@example.com"


# --- while it is open


async def test_an_open_invitation_gives_no_access_and_shows_its_state(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, call_as: CallAs
) -> None:
    await services.people.create(login=VICTIM, password=PASSWORD, now=0)
    user = await invite(admin, role="Administrators")
    for answer in (
        user,
        (await admin.get(f"/Users/{VICTIM}/")).json(),
        (await admin.get("/Users/")).json()["items"][1],
    ):
        assert (answer["id"], answer["person"]["activationDate"]) == (user["id"], None)
    assert (await sign_in(client, f"{network.network}/{VICTIM}", PASSWORD)).status_code == 400
    person = call_as((await sign_in(client, VICTIM, PASSWORD)).json()["access_token"])
    assert (await person.get("/Self/Users/")).json() == []
    assert (await person.get("/Self/Networks/")).json() == []
    assert (await person.put("/Self/Session/Network/", json={"id": network.network_id})).status_code == 400
    query = {"user": VICTIM, "operation": "Device.ViewDevice"}
    explanation = (await admin.get(f"{ROOT}/admin/v1/permissions/explain/", params=query)).json()
    assert (explanation["isAllowed"], "not accepted the invitation" in explanation["reason"]) == (False, True)
    assert (await admin.delete(f"/Users/{network.user_id}/")).status_code == 400


async def test_a_withdrawn_invitation_leaves_no_account_and_no_link(
    admin: AsyncClient, client: AsyncClient, services: Services, mailbox: Mailbox
) -> None:
    await invite(admin)
    link = await latest_link(mailbox)
    assert (await admin.delete(f"/Users/{VICTIM}/")).status_code == 204
    assert (await client.get(ROOT + link)).status_code == 404
    assert (await client.post(f"{ROOT}/account/invitation", data=form_of(link))).status_code == 404
    assert VICTIM not in [known.login for known in await services.people.list_()]
    await invite(admin)


async def test_an_invited_person_declines_by_the_link(
    admin: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    await invite(admin)
    link = await latest_link(mailbox)
    assert (await client.get(ROOT + link)).status_code == 200
    assert (await admin.get(f"/Users/{VICTIM}/")).status_code == 200
    assert (await submit(client, link, decision="decline")).status_code == 200
    assert (await admin.get(f"/Users/{VICTIM}/")).status_code == 404


async def test_a_signed_in_person_lists_accepts_and_declines(
    admin: AsyncClient, elsewhere: Elsewhere, call_as: CallAs, client: AsyncClient, services: Services
) -> None:
    await services.people.create(login=VICTIM, password=PASSWORD, now=0)
    ours, theirs = await invite(admin, VICTIM.upper()), await invite(await elsewhere())
    person = call_as((await sign_in(client, VICTIM, PASSWORD)).json()["access_token"])
    listed = (await person.get(INVITATIONS)).json()
    assert [(each["id"], each["network"]["name"], each["roleName"]) for each in listed] == [
        (ours["id"], "Test Network", "Viewers"),
        (theirs["id"], "Other", "Viewers"),
    ]
    assert (await person.post(f"{INVITATIONS}{ours['id']}/accept/")).status_code == 204
    assert (await person.delete(f"{INVITATIONS}{theirs['id']}/")).status_code == 204
    assert (await person.get(INVITATIONS)).json() == []
    assert [user["id"] for user in (await person.get("/Self/Users/")).json()] == [ours["id"]]
    for ref in (str(ours["id"]), "x", "4000000"):
        assert (await person.post(f"{INVITATIONS}{ref}/accept/")).status_code == 404


async def test_an_operator_accepts_on_behalf_of_an_invited_person(
    admin: AsyncClient, client: AsyncClient, services: Services, network: Tenant, mailbox: Mailbox
) -> None:
    user = await invite(admin, role="Administrators")
    link = await latest_link(mailbox)
    account = await services.people.create(login=VICTIM, password=PASSWORD, now=now())
    added = await services.users.create(network_id=network.network_id, person_id=account.id, role=VIEWERS, now=now())
    assert added == user["id"]
    assert (await admin.get(f"/Users/{VICTIM}/")).json()["roleName"] == "Viewers"
    assert (await client.get(ROOT + link)).status_code == 404


async def test_a_lost_invitation_is_mailed_again_on_request(
    admin: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    await invite(admin)
    first = await latest_link(mailbox)
    await client.get(f"/{VICTIM}/Password/")
    second = await latest_link(mailbox)
    assert (await client.get(ROOT + first)).status_code == 404
    assert (await accept(client, second, PASSWORD)).status_code == 200


@ON_SQLITE
async def test_a_network_cannot_flood_a_mailbox(admin: AsyncClient) -> None:
    for _ in range(10):
        await invite(admin)
        await admin.delete(f"/Users/{VICTIM}/")
    answer = await admin.post("/Users/", json={"person": {"login": VICTIM.upper()}})
    assert answer.status_code == 429


# --- the page and the mail


@ON_SQLITE
async def test_the_page_needs_no_script_and_shows_errors_beside_the_field(
    admin: AsyncClient, client: AsyncClient, mailbox: Mailbox
) -> None:
    await invite(admin)
    link = await latest_link(mailbox)
    form = Form((await client.get(ROOT + link)).text)
    assert form.inputs == form.labels == ["password"]
    for fields in ({"decision": "accept", "password": "weak"}, {"password": PASSWORD}):
        answer = await submit(client, link, **fields)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
        assert "<script" not in answer.text
    assert (await admin.get(f"/Users/{VICTIM}/")).json()["person"]["activationDate"] is None


@ON_SQLITE
@pytest.mark.parametrize("name", ["See evil.example", "http://evil"])
async def test_a_network_named_like_a_link_is_not_named_in_mails(
    client: AsyncClient, sign_in: SignIn, call_as: CallAs, mailbox: Mailbox, name: str
) -> None:
    other = call_as(await sign_in("ann@example.com"))
    made = await other.post("/Self/Networks/", json={"name": name.replace("/", "")})
    await other.put("/Self/Session/Network/", json={"id": made.json()["id"]})
    await invite(other)
    assert "evil" not in (await mailbox())[-1].as_string()


# --- several at once


async def test_concurrent_invitations_of_two_networks_are_independent(
    admin: AsyncClient, client: AsyncClient, elsewhere: Elsewhere, mailbox: Mailbox
) -> None:
    other = await elsewhere()
    with reading_before_writing():
        users = await asyncio.gather(invite(admin), invite(other))
    assert users[0]["person"]["id"] != users[1]["person"]["id"]
    first, second = [link_in(mail) for mail in await mailbox()]
    assert (await accept(client, first, PASSWORD)).status_code == 200
    assert (await accept(client, second)).status_code == 200
    people = [(await each.get(f"/Users/{VICTIM}/")).json()["person"]["id"] for each in (admin, other)]
    assert people[0] == people[1]


async def test_two_concurrent_acceptances_create_one_account(
    admin: AsyncClient, client: AsyncClient, elsewhere: Elsewhere, mailbox: Mailbox
) -> None:
    other = await elsewhere()
    await invite(admin)
    await invite(other)
    links = [link_in(mail) for mail in await mailbox()]
    with reading_before_writing():
        answers = await asyncio.gather(
            *(client.post(f"{ROOT}/account/invitation", data=form_of(link)) for link in links)
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    people = [(await each.get(f"/Users/{VICTIM}/")).json()["person"] for each in (admin, other)]
    assert people[0] == people[1]


async def test_of_many_concurrent_invitations_of_a_mailbox_one_succeeds(admin: AsyncClient) -> None:
    with reading_before_writing():
        answers = await asyncio.gather(
            *(admin.post("/Users/", json={"person": {"login": login}}) for login in (VICTIM, VICTIM.upper()))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 400]


@pytest.mark.parametrize("rivals", ["withdrawn", "accepted", "declined"])
async def test_of_two_concurrent_answers_one_counts(
    admin: AsyncClient, client: AsyncClient, mailbox: Mailbox, rivals: str
) -> None:
    await invite(admin)
    link = await latest_link(mailbox)
    page = f"{ROOT}/account/invitation"
    decision = "decline" if rivals == "declined" else "accept"
    with reading_before_writing():
        accepted, other = await asyncio.gather(
            client.post(page, data=form_of(link)),
            admin.delete(f"/Users/{VICTIM}/")
            if rivals == "withdrawn"
            else client.post(page, data=form_of(link, decision)),
        )
    there = (await admin.get(f"/Users/{VICTIM}/")).status_code == 200
    if rivals == "withdrawn":  # a member may be removed, too
        assert (other.status_code, there) == (204, False)
        assert accepted.status_code in {200, 404}
    else:
        assert sorted([accepted.status_code, other.status_code]) == [200, 404]
        assert there == (rivals == "accepted" or accepted.status_code == 200)
    assert (await client.get(ROOT + link)).status_code == 404
