"""Dates in headers have whole seconds; clients that rely on them still detect every change."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from httpx import AsyncClient

from signfleet.app.bootstrap import Tenant

NETWORK = "/Self/Networks/{network}/"
APPLICATION = "/Self/Applications/{application}/"

#: Path to read → two changes of it, each a path and a body.
CHANGES: dict[str, list[tuple[str, Any]]] = {
    "/Self/": [("/Self/", {"firstName": name}) for name in ("Janet", "Joan")],
    "/Self/Profile/mine/": [("/Self/Profile/mine/", value) for value in ("1", "2")],
    "/Self/Users/{user}/Profile/mine/": [("/Self/Users/{user}/Profile/mine/", value) for value in ("1", "2")],
    "/Self/Users/{user}/": [("/Users/{user}/", {"description": text}) for text in ("one", "two")],
    "/Self/Session/": [
        ("/Self/Session/AuthorizationScope/", [scope]) for scope in ("bsn.api.self", "bsn.api.self.session")
    ],
    NETWORK: [
        (f"{NETWORK}Settings/", {"userAccessTokenLifetime": "00:20:00"}),
        (f"{NETWORK}Subscription/", {"level": "Trial"}),
    ],
    f"{NETWORK}Settings/": [
        (f"{NETWORK}Settings/", {"userAccessTokenLifetime": time}) for time in ("00:20:00", "00:30:00")
    ],
    f"{NETWORK}Subscription/": [(f"{NETWORK}Subscription/", {"level": level}) for level in ("Trial", "Control")],
    APPLICATION: [(APPLICATION, {"name": name}) for name in ("one", "two")],
}


@pytest.mark.parametrize(("path", "changes"), CHANGES.items())
async def test_a_change_within_the_same_second_is_detected(
    admin: AsyncClient, network: Tenant, path: str, changes: list[tuple[str, Any]]
) -> None:
    (application, *_) = (await admin.get("/Self/Applications/")).json()
    ids = {"network": network.network_id, "user": network.user_id, "application": application["id"]}
    (one, first), (other, second) = [(where.format(**ids), what) for where, what in changes]
    with time_machine.travel(int(time.time()) + 5, tick=False) as clock:
        assert (await admin.put(one, json=first)).status_code in {201, 204}
        seen = (await admin.get(path.format(**ids))).headers["Last-Modified"]
        clock.shift(0.5)
        assert (await admin.put(other, json=second)).status_code == 204
        since = await admin.get(path.format(**ids), headers={"If-Modified-Since": seen})
        assert since.status_code == 200
        assert (await admin.put(other, json=second, headers={"If-Unmodified-Since": seen})).status_code == 412
