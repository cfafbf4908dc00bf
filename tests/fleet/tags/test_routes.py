"""/Tags/Keys/ and /Tags/Values/: the tags in use in a network."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services
from signfleet.fleet.tags.patterns import like
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.identity.access.operations.roles import CREATORS, VIEWERS
from tests.conftest import CallAs, SignIn
from tests.fleet.devices.stored import register
from tests.identity.access.granted import grant

CITY, COLOUR, FLOOR = "string::[Device].<City>", "string::[Device].<Colour>", "number::[Device].<Floor>"


@pytest.fixture
async def devices(admin: AsyncClient, services: Services, network: Tenant) -> list[int]:
    ids = await register(services.store, network.network_id, ["A1", "A2"])
    await admin.post("/Devices/A1/Tags/", json={CITY: "Paris", FLOOR: "3"})
    await admin.post("/Devices/A2/Tags/", json={CITY: "Pisa", COLOUR: "red"})
    return ids


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("", [CITY, COLOUR, FLOOR]),
        ("string::[Device].<C*>", [CITY, COLOUR]),
        ("String::[device].<c*Y>", [CITY]),
        ("number::[Device].<*>", [FLOOR]),
        ("*::[Device].<*o*>", [COLOUR, FLOOR]),
        ("<city>", [CITY]),
        ("string::[Content].<*>", []),
        ("string::[sys].[Device].<*>", []),
    ],
)
async def test_keys_are_listed_by_pattern(
    admin: AsyncClient, devices: list[int], pattern: str, keys: list[str]
) -> None:
    assert (await admin.get("/Tags/Keys/", params={"pattern": pattern})).json() == keys


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("string::[Device].<City>:*", ["Paris", "Pisa"]),
        ("string::[Device].<City>:*s", ["Paris"]),
        ("string::[Device].<City>:PISA", ["Pisa"]),
        ("number::[Device].<Floor>:*", ["3"]),
        ("string::[Device].<Nothing>:*", []),
    ],
)
async def test_values_are_listed_by_pattern(
    admin: AsyncClient, devices: list[int], pattern: str, values: list[str]
) -> None:
    assert (await admin.get("/Tags/Values/", params={"pattern": pattern})).json() == values


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("Keys", "City"),
        ("Keys", "string::[Device].<City"),
        ("Keys", "<" + "x" * 2000 + ">"),
        ("Values", ""),
        ("Values", "string::[Device].<City>"),
    ],
)
async def test_a_malformed_pattern_is_refused(admin: AsyncClient, path: str, pattern: str) -> None:
    answer = await admin.get(f"/Tags/{path}/", params={"pattern": pattern})
    assert (answer.status_code, "'pattern'" in answer.json()["message"]) == (400, True)


async def test_tags_of_hidden_devices_are_hidden(
    devices: list[int], services: Services, network: Tenant, sign_in: SignIn, call_as: CallAs
) -> None:
    await grant(
        services.store, network.network_id, VIEW_DEVICE, allowed=False, entity_id=devices[1], role_id=VIEWERS.id
    )
    viewer = call_as(await sign_in("vera@example.com", role=VIEWERS))
    assert (await viewer.get("/Tags/Keys/")).json() == [CITY, FLOOR]
    assert (await viewer.get("/Tags/Values/", params={"pattern": f"{CITY}:*"})).json() == ["Paris"]
    creator = call_as(await sign_in("carl@example.com", role=CREATORS))
    assert (await creator.get("/Tags/Keys/")).status_code == 403


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("abc", "ABC", True),
        ("a*c", "ac", True),
        ("a*b*c", "axxbyyc", True),
        ("*b*", "abc", True),
        ("ab*ba", "aba", False),
        ("a*", "ba", False),
        ("", "a", False),
        ("*", "", True),
    ],
)
def test_a_star_stands_for_any_text(pattern: str, text: str, fits: bool) -> None:
    assert like(pattern, text) is fits
