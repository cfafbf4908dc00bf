"""Quotas: what people, networks and devices may have of a kind, as the settings say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from httpx import AsyncClient, Response

from signfleet.foundation.settings import Settings
from tests.conftest import CallAs
from tests.fleet.players.conftest import HD1024, PLAYER

LIMITS = {
    "networks_per_person": 3,
    "applications_per_person": 3,
    "setup_tokens_per_network": 3,
    "groups_per_network": 3,
    "roles_per_network": 3,
}

Create = Callable[[AsyncClient, int], Awaitable[Response]]


async def network(admin: AsyncClient, number: int) -> Response:
    return await admin.post("/Self/Networks/", json={"name": f"Another {number}"})


async def application(admin: AsyncClient, number: int) -> Response:
    return await admin.post("/Self/Applications/", json={"name": f"Another {number}"})


async def setup_token(admin: AsyncClient, _number: int) -> Response:
    return await admin.post("/Provisioning/Setups/Tokens/")


async def group(admin: AsyncClient, number: int) -> Response:
    return await admin.post("/Groups/Regular/", json={"name": f"Another {number}"})


async def role(admin: AsyncClient, number: int) -> Response:
    return await admin.post("/Roles/", json={"name": f"Another {number}"})


#: How each is created, the setting, and how many there are from the beginning.
KINDS: Sequence[tuple[Create, str, int]] = (
    (network, "networks_per_person", 1),
    (application, "applications_per_person", 1),
    (setup_token, "setup_tokens_per_network", 0),
    (group, "groups_per_network", 1),
    (role, "roles_per_network", 0),
)


def test_the_defaults_are_generous() -> None:
    settings = Settings()
    assert settings.networks_per_person == 25
    assert settings.applications_per_person == 50
    assert settings.setup_tokens_per_network == settings.roles_per_network == 200
    assert settings.groups_per_network == 1000
    assert settings.errors_per_device == settings.downloads_per_device == 2000


@pytest.mark.settings(**LIMITS)
@pytest.mark.parametrize(("create", "setting", "present"), KINDS)
async def test_many_at_once_do_not_exceed_a_quota(
    admin: AsyncClient, create: Create, setting: str, present: int
) -> None:
    answers = await asyncio.gather(*(create(admin, number) for number in range(8)))
    refused = [answer for answer in answers if answer.status_code not in {200, 201}]
    assert len(answers) - len(refused) == LIMITS[setting] - present
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]) == (400, "quota_reached")
        assert f"'{setting}' allows 3" in answer.json()["message"]


@pytest.mark.settings(**LIMITS)
async def test_deletions_make_room(admin: AsyncClient) -> None:
    for number in range(2):
        assert (await group(admin, number)).status_code == 201
    assert (await group(admin, 2)).status_code == 400
    assert (await admin.delete("/Groups/Regular/Another 0/")).status_code == 204
    assert (await group(admin, 2)).status_code == 201


@pytest.mark.settings(**LIMITS)
async def test_players_make_no_more_groups_than_people(
    admin: AsyncClient, call_as: CallAs, issue_setup_token: Callable[..., Awaitable[str]]
) -> None:
    joining = call_as(await issue_setup_token())
    answers = [
        await joining.post(f"{PLAYER}/register", json=HD1024 | {"serial": f"S{number}", "group": f"Group {number}"})
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert "'groups_per_network' allows 3" in answers[2].json()["message"]
    assert (await admin.get("/Devices/Count/")).json() == 2, "who was refused has left nothing behind"
    again = await joining.post(f"{PLAYER}/register", json=HD1024 | {"serial": "S2", "group": "Group 0"})
    assert again.status_code == 201


@pytest.mark.settings(**LIMITS)
async def test_expired_setup_tokens_do_not_count(
    admin: AsyncClient, issue_setup_token: Callable[..., Awaitable[str]]
) -> None:
    for _ in range(5):
        await issue_setup_token(age=2000, lifetime=1000)
    assert (await setup_token(admin, 0)).status_code == 200
