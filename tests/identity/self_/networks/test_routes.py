"""/Self/Networks: the networks in which the person is a member, by id and by name."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.examples import alike, example, moment
from tests.interleaving import reading_before_writing

NETWORKS = "/Self/Networks/"


@pytest.fixture(params=["id", "name"])
def address(request: pytest.FixtureRequest, network: Tenant) -> str:
    """Returns the path of the administrator's network, by id and by name."""
    return f"{NETWORKS}{network.network_id if request.param == 'id' else 'test%20NETWORK'}/"


async def entity(admin: AsyncClient, address: str) -> Any:
    return (await admin.get(address)).json()


# --- reading and creating


@pytest.mark.contract("GET /Self/Networks/")
async def test_the_persons_networks_are_listed(admin: AsyncClient, network: Tenant) -> None:
    answer = await admin.get(NETWORKS)
    assert answer.status_code == 200
    assert alike(answer.json(), example("002-12-get-self-networks-answer"))
    assert [found["id"] for found in answer.json()] == [network.network_id]


@pytest.mark.contract("GET /Self/Networks/{network}/")
async def test_a_network_is_found_by_id_and_by_name(admin: AsyncClient, network: Tenant, address: str) -> None:
    answer = await admin.get(address)
    assert alike(answer.json(), example("002-14-get-self-networks-id-int-answer"))
    assert (answer.json()["id"], answer.json()["name"]) == (network.network_id, network.network)
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert (await admin.get(address, headers=since)).status_code == 304


@pytest.mark.contract("POST /Self/Networks/")
async def test_the_creator_of_a_network_is_its_administrator(admin: AsyncClient) -> None:
    body = example("002-13-post-self-networks-request")
    body["settings"]["userAccessTokenLifetime"] = "00:20:00"
    answer = await admin.post(NETWORKS, json=body, headers={"BSN-Notifications-Enabled": "True"})
    assert answer.status_code == 201
    assert alike(answer.json(), example("002-13-post-self-networks-answer-2"))
    created = answer.json()
    assert created["settings"]["userAccessTokenLifetime"] == "00:20:00"
    assert (created["subscription"]["level"], created["subscription"]["expireDate"]) == ("Control", None)
    assert (await admin.get(answer.headers["Location"])).json() == created
    roles = {user["network"]["name"]: user["roleName"] for user in (await admin.get("/Self/Users/")).json()}
    assert roles["TestDisplay"] == "Administrators"
    assert (await admin.put("/Self/Session/Network/", json={"name": "testdisplay"})).status_code == 204
    assert (await admin.get("/Devices/Count/")).json() == 0


@pytest.mark.parametrize("subscription", [None, {}, {"level": None}, {"level": "Control"}])
async def test_a_new_network_starts_at_the_free_level(admin: AsyncClient, subscription: object) -> None:
    created = (await admin.post(NETWORKS, json={"name": "Levelled", "subscription": subscription})).json()
    assert (created["subscription"]["level"], created["subscription"]["expireDate"]) == ("Control", None)


@pytest.mark.settings(trial_days=2)
async def test_a_new_network_can_start_with_its_trial(admin: AsyncClient) -> None:
    body = {"name": "Levelled", "subscription": {"level": "Trial"}}
    answer = await admin.post(NETWORKS, json=body)
    assert answer.status_code == 201
    created, address = answer.json(), answer.headers["Location"]
    subscription = created["subscription"]
    assert subscription["level"] == "Trial"
    assert moment(subscription["expireDate"]) - moment(subscription["creationDate"]) == 2 * 86_400_000
    assert (await admin.get(f"{address}Subscriptions/")).json() == [subscription]
    for level, status in (("Control", 204), ("Trial", 400)):
        assert (await admin.put(f"{address}Subscription/", json={"level": level})).status_code == status


@pytest.mark.parametrize("level", ["Content", "Nonsense", "", "trial", 5])
async def test_a_new_network_cannot_have_another_level(admin: AsyncClient, level: object) -> None:
    answer = await admin.post(NETWORKS, json={"name": "Levelled", "subscription": {"level": level}})
    assert answer.status_code == 400
    assert "'subscription.level'" in answer.json()["message"]
    assert [network["name"] for network in (await admin.get(NETWORKS)).json()] == ["Test Network"]


@pytest.mark.parametrize("name", ["", " ", "n" * 31, "12345", "a/b", "a\nb", "TEST network", ".", "..", 7, None])
async def test_a_name_has_to_be_short_new_and_not_a_number(admin: AsyncClient, name: object) -> None:
    answer = await admin.post(NETWORKS, json={"name": name})
    assert answer.status_code == 400
    assert "name" in answer.json()["message"]


async def test_a_name_of_30_characters_in_any_script_fits(admin: AsyncClient) -> None:
    name = "Größe 東京 №1 " + "x" * 18
    assert len(name) == 30
    assert (await admin.post(NETWORKS, json={"name": name})).json()["name"] == name
    assert (await admin.get(NETWORKS + name.upper().replace(" ", "%20"))).status_code == 200


@pytest.mark.parametrize("ref", ["4711", "Elsewhere", "99999999999", "%2F"])
async def test_networks_of_other_people_are_404(admin: AsyncClient, services: Services, ref: str) -> None:
    await services.networks.create("Elsewhere", time.time_ns() // 1_000_000)
    for path in ("", "Settings/", "Subscription/", "Subscriptions/"):
        assert (await admin.get(f"{NETWORKS}{ref}/{path}")).status_code == 404
    assert (await admin.patch(f"{NETWORKS}{ref}/", json=[])).status_code == 404
    assert (await admin.put(f"{NETWORKS}{ref}/Settings/", json={})).status_code == 404


# --- settings


@pytest.mark.contract("GET /Self/Networks/{network}/Settings/")
@pytest.mark.contract("PUT /Self/Networks/{network}/Settings/")
async def test_settings_are_replaced_as_in_the_example(admin: AsyncClient, address: str) -> None:
    before = await entity(admin, address)
    answer = await admin.put(f"{address}Settings/", json=example("002-19-put-self-networks-id-int-settings-request"))
    assert (answer.status_code, answer.content) == (204, b"")
    settings = (await admin.get(f"{address}Settings/")).json()
    assert alike(settings, example("002-18-get-self-networks-id-int-settings-answer"))
    assert settings["userRefreshTokenLifetime"] == "30.00:00:00"
    assert moment(settings["lastModifiedDate"]) > moment(before["settings"]["lastModifiedDate"])
    assert (await entity(admin, address))["lastModifiedDate"] == before["lastModifiedDate"]


async def test_settings_missing_from_a_body_are_unchanged(admin: AsyncClient, address: str) -> None:
    assert (await admin.put(f"{address}Settings/", json={"deviceAccessTokenLifetime": "00:30:00"})).status_code == 204
    settings = (await entity(admin, address))["settings"]
    assert settings["deviceAccessTokenLifetime"] == "00:30:00"
    assert settings["userAccessTokenLifetime"] == "00:15:00"


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("userAccessTokenLifetime", "soon"),
        ("userAccessTokenLifetime", "00:00:09"),
        ("deviceRefreshTokenLifetime", "99999.00:00:00"),
        ("deviceRegistrationTokenLifetime", None),
        ("userRefreshTokenLifetime", 900),
        ("automaticTaggedPlaylistApprovalEnabled", "yes"),
    ],
)
async def test_an_invalid_setting_is_named_and_changes_nothing(
    admin: AsyncClient, network: Tenant, name: str, value: object
) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    before = await entity(admin, address)
    for answer in (
        await admin.put(f"{address}Settings/", json={"deviceAccessTokenLifetime": "00:30:00", name: value}),
        await admin.patch(
            address,
            json=[
                {"op": "replace", "path": "/settings/deviceAccessTokenLifetime", "value": "00:30:00"},
                {"op": "replace", "path": f"/settings/{name}", "value": value},
            ],
        ),
    ):
        assert answer.status_code == 400
        assert name in answer.json()["message"]
        if answer.request.method == "PUT":
            assert "settings." not in answer.json()["message"]  # positions are relative to the body
    assert await entity(admin, address) == before


async def test_the_next_tokens_have_the_new_lifetimes(client: AsyncClient, admin: AsyncClient, network: Tenant) -> None:
    body = {"userAccessTokenLifetime": "00:30:00", "deviceRegistrationTokenLifetime": "1.00:00:00"}
    assert (await admin.put(f"{NETWORKS}{network.network_id}/Settings/", json=body)).status_code == 204
    form = {
        "grant_type": "password",
        "client_id": "x",
        "username": f"{network.network}/{network.login}",
        "password": network.password,
    }
    assert (await client.post("/Token", data=form)).json()["expires_in"] == 1800
    token = (await admin.post("/Provisioning/Setups/Tokens/")).json()
    assert token["validTo"][:10] != token["validFrom"][:10]
    assert token["validTo"][11:] == token["validFrom"][11:]


# --- subscriptions


@pytest.mark.contract("PATCH /Self/Networks/{network}/")
@pytest.mark.contract("GET /Self/Networks/{network}/Subscription/")
@pytest.mark.contract("GET /Self/Networks/{network}/Subscriptions/")
async def test_a_trial_starts_and_the_history_lists_earlier_levels(admin: AsyncClient, address: str) -> None:
    headers = {"Content-Type": "application/json-patch+json"}
    body = example("002-15-patch-self-networks-networkid-int-request")
    answer = await admin.patch(address, json=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    subscription = (await admin.get(f"{address}Subscription/")).json()
    assert alike(subscription, example("002-22-get-self-networks-id-int-subscription-answer"))
    assert subscription["level"] == "Trial"
    assert moment(subscription["expireDate"]) > moment(subscription["creationDate"])
    history = (await admin.get(f"{address}Subscriptions/")).json()
    assert alike(history, example("002-26-get-self-networks-id-int-subscriptions-answer"))
    assert [record["level"] for record in history] == ["Trial", "Control"]
    assert history[0] == subscription
    assert history[1]["expireDate"] == history[0]["creationDate"]
    assert history[1]["lastModifiedDate"] == history[1]["creationDate"]


@pytest.mark.contract("PUT /Self/Networks/{network}/Subscription/")
async def test_a_put_changes_the_level(admin: AsyncClient, address: str) -> None:
    body = example("002-23-put-self-networks-id-int-subscription-request")
    assert (await admin.put(f"{address}Subscription/", json=body)).status_code == 204
    assert (await entity(admin, address))["subscription"]["level"] == "Trial"


async def test_a_new_level_is_in_the_audit_trail_by_the_networks_name(
    admin: AsyncClient, address: str, network: Tenant
) -> None:
    await admin.put(f"{address}Subscription/", json={"level": "Trial"})
    query = {"filter": f"[Entity] IS 'Network' AND [Name] IS '{network.network}'"}
    entry = (await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"][0]
    assert (entry["before"], entry["after"]) == (
        {"subscription": {"level": "Control"}},
        {"subscription": {"level": "Trial"}},
    )


async def test_setting_the_current_level_changes_nothing(admin: AsyncClient, address: str) -> None:
    assert (await admin.put(f"{address}Subscription/", json={"level": "Control"})).status_code == 204
    assert len((await admin.get(f"{address}Subscriptions/")).json()) == 1


async def test_a_network_has_one_trial(admin: AsyncClient, address: str) -> None:
    for level, status in (("Trial", 204), ("Control", 204), ("Trial", 400)):
        assert (await admin.put(f"{address}Subscription/", json={"level": level})).status_code == status
    assert (await entity(admin, address))["subscription"]["level"] == "Control"


@ON_SQLITE
@pytest.mark.parametrize("level", ["Content", "Gold", "", "trial", None, 1])
async def test_other_levels_are_refused(admin: AsyncClient, address: str, level: object) -> None:
    answer = await admin.put(f"{address}Subscription/", json={"level": level})
    assert answer.status_code == 400
    assert "level" in answer.json()["message"]


async def test_settings_and_level_change_together_or_not_at_all(admin: AsyncClient, address: str) -> None:
    changes = [
        {"op": "replace", "path": "/settings/userAccessTokenLifetime/", "value": "00:45:00"},
        {"op": "replace", "path": "/SUBSCRIPTION/Level", "value": "Content"},
    ]
    before = await entity(admin, address)
    assert (await admin.patch(address, json=changes)).status_code == 400
    assert await entity(admin, address) == before
    changes[1]["value"] = "Trial"
    assert (await admin.patch(address, json=changes)).status_code == 204
    after = await entity(admin, address)
    assert (after["settings"]["userAccessTokenLifetime"], after["subscription"]["level"]) == ("00:45:00", "Trial")


# --- permissions and conditions


@ON_SQLITE
@pytest.mark.parametrize(
    "change",
    [
        {"op": "add", "path": "/settings/a", "value": 1},
        {"op": "replace", "path": "/name", "value": "Other"},
        {"op": "replace", "path": "/settings/nothing", "value": 1},
        {"op": "replace", "path": "/settings/userAccessTokenLifetime"},
        {"path": "/subscription/level", "value": "Trial"},
        {"op": "replace", "path": "/subscription", "value": None},
        {"op": "replace", "path": "/subscription/expireDate/", "value": "garbage"},
        {"op": "replace", "path": "/Subscription/ExpireDate", "value": None},
        {"op": "replace", "path": "/subscription/id/", "value": 7},
        {"op": "replace", "path": "/subscription/creationDate", "value": "2024-01-01T00:00:00Z"},
        {"op": "replace", "path": "/settings/lastModifiedDate/", "value": "2024-01-01T00:00:00Z"},
    ],
)
async def test_an_invalid_patch_is_refused(admin: AsyncClient, network: Tenant, change: dict[str, object]) -> None:
    answer = await admin.patch(f"{NETWORKS}{network.network_id}/", json=[change])
    assert answer.status_code == 400


async def test_a_conditional_change_of_a_changed_network_is_refused(admin: AsyncClient, address: str) -> None:
    etag = (await admin.get(address)).headers["ETag"]
    change = [{"op": "replace", "path": "/settings/userAccessTokenLifetime", "value": "00:45:00"}]
    old = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert (await admin.patch(address, json=change, headers=old)).status_code == 412
    assert (await admin.put(f"{address}Subscription/", json={"level": "Trial"}, headers=old)).status_code == 412
    assert (await admin.patch(address, json=change, headers={"If-Match": etag})).status_code == 204
    change[0]["value"] = "00:50:00"
    assert (await admin.patch(address, json=change, headers={"If-Match": etag})).status_code == 412


async def test_concurrent_changes_all_apply(admin: AsyncClient, network: Tenant) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    names = ("userAccessTokenLifetime", "deviceAccessTokenLifetime")
    with reading_before_writing():
        answers = await asyncio.gather(*(admin.put(f"{address}Settings/", json={name: "00:45:00"}) for name in names))
    settings = (await entity(admin, address))["settings"]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert [settings[name] for name in names] == ["00:45:00", "00:45:00"]


async def test_of_two_conditional_changes_of_a_network_one_succeeds(admin: AsyncClient, network: Tenant) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    seen = {"If-Match": (await admin.get(address)).headers["ETag"]}
    with reading_before_writing():
        answers = await asyncio.gather(
            *(admin.put(f"{address}Subscription/", json={"level": "Trial"}, headers=seen) for _ in range(2))
        )
    assert sorted(answer.status_code for answer in answers) == [204, 412]
    assert len((await admin.get(f"{address}Subscriptions/")).json()) == 2


async def test_only_administrators_change_a_network(sign_in: SignIn, call_as: CallAs, network: Tenant) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    viewer = call_as(await sign_in("joe@example.com", role=VIEWERS))
    assert (await viewer.get(address)).status_code == 200
    settings = {"userAccessTokenLifetime": "00:45:00"}
    assert (await viewer.put(f"{address}Settings/", json=settings)).status_code == 403
    assert (await viewer.put(f"{address}Subscription/", json={"level": "Trial"})).status_code == 403
    assert (await viewer.put(f"{address}Settings/", json={})).status_code == 204


async def test_the_role_in_the_changed_network_counts(sign_in: SignIn, call_as: CallAs, network: Tenant) -> None:
    viewer = call_as(await sign_in("joe@example.com", role=VIEWERS))
    own = (await viewer.post(NETWORKS, json={"name": "Joes"})).json()
    settings = {"userAccessTokenLifetime": "00:45:00"}
    assert (await viewer.put(f"{NETWORKS}{own['id']}/Settings/", json=settings)).status_code == 204
    await viewer.put("/Self/Session/Network/", json={"id": own["id"]})
    assert (await viewer.put(f"{NETWORKS}{network.network_id}/Settings/", json=settings)).status_code == 403


async def test_the_audit_trail_records_changes_of_a_network(admin: AsyncClient, network: Tenant) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    await admin.put(f"{address}Settings/", json={"userAccessTokenLifetime": "00:45:00"})
    await admin.put(f"{address}Subscription/", json={"level": "Trial"})
    query = {"filter": "[Entity] IS 'Network' AND [Action] IS 'Update'"}
    trial, settings = (await admin.get(f"{ROOT}/admin/v1/audit/", params=query)).json()["items"]
    assert {settings["actor"], trial["actor"]} == {network.login}
    assert settings["before"]["settings"]["userAccessTokenLifetime"] == "00:15:00"
    assert settings["after"]["settings"]["userAccessTokenLifetime"] == "00:45:00"
    assert trial["before"] == {"subscription": {"level": "Control"}}
    assert trial["after"] == {"subscription": {"level": "Trial"}}


async def test_setup_tokens_are_in_the_audit_trail_without_their_text(admin: AsyncClient) -> None:
    token = (await admin.post("/Provisioning/Setups/Tokens/")).json()["token"]
    await admin.delete(f"/Provisioning/Setups/Tokens/{token}/")
    trail = await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[Entity] IS 'Token'"})
    assert [(entry["action"], entry["entity"]) for entry in trail.json()["items"]] == [
        ("Revoke", "Token"),
        ("Create", "Token"),
    ]
    assert token not in trail.text


# --- events


@ON_SQLITE
async def test_each_change_of_a_network_leaves_one_event(
    admin: AsyncClient, services: Services, network: Tenant
) -> None:
    address = f"{NETWORKS}{network.network_id}/"
    lifetime, levels = {"deviceAccessTokenLifetime": "00:30:00"}, ("Trial", "Trial", "Control")
    for path, body in (*[("Settings/", lifetime)] * 2, *(("Subscription/", {"level": level}) for level in levels)):
        answer = await admin.put(f"{address}{path}", json=body)
        assert answer.status_code == 204, answer.text
    for is_locked_out in (True, False):
        row = await services.networks.find(network.network)
        assert row is not None
        await services.networks.set_locked(row, is_locked_out, row.last_modified_date + 1)
        assert (await admin.get("/Devices/")).is_success is not is_locked_out
    query = {"filter": "[Kind] BEGINS WITH 'Network'", "sort": "[Id] ASC"}
    _created, *events = (await admin.get(f"{ROOT}/admin/v1/events/", params=query)).json()["items"]
    assert [(event["kind"], event["name"], event["data"]) for event in events] == [
        ("NetworkSettingsChanged", None, {}),
        ("NetworkLevelChanged", "Trial", {"from": "Control", "to": "Trial"}),
        ("NetworkLevelChanged", "Control", {"from": "Trial", "to": "Control"}),
        ("NetworkLocked", None, {"isLockedOut": True}),
        ("NetworkLocked", None, {"isLockedOut": False}),
    ]
