"""`/admin/v1/wall-links`: links that show a wall of pictures to everybody who has them."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.foundation.errors import NotFound
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.timespan import DAY, HOUR
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.world import now

LINKS = f"{ROOT}/admin/v1/wall-links/"


def link(**members: Any) -> dict[str, Any]:
    return {"name": "Foyer", "expirationDate": datetime.format(now() + DAY)} | members


async def test_a_link_is_created_listed_changed_and_deleted(admin: AsyncClient, call_as: CallAs) -> None:
    made = await admin.post(LINKS, json=link(filter="[Serial] IS 'A1'"))
    assert (made.status_code, made.json()["side"], made.json()["author"]) == (201, "320", "JaneDoe@example.com")
    address = made.json()["link"]
    own = f"{LINKS}{made.json()['id']}/"
    anybody = call_as()
    assert "Foyer" in (await anybody.get(address)).text
    stored = (await admin.get(own)).json()
    assert "link" not in stored
    assert (await admin.get(LINKS)).json() == [stored]
    assert (await admin.put(own, json=link(name="Desk", side="640"))).status_code == 204
    assert (await admin.put(own, json={"name": "Desk", "side": "640"})).status_code == 204  # its end stays
    changed = (await admin.get(own)).json()
    assert changed["expirationDate"] < datetime.format(now() + 2 * DAY)
    assert (changed["name"], changed["filter"], changed["side"]) == ("Desk", None, "640")
    assert "Desk" in (await anybody.get(address)).text
    assert (await admin.delete(own)).status_code == 204
    for answer in (await admin.get(own), await admin.delete(own), await anybody.get(address)):
        assert answer.status_code == 404


@ON_SQLITE
@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"name": " "}, "'name'"),
        ({"name": "a\nb"}, "'name'"),
        ({"side": "1000"}, "'side'"),
        ({"filter": "[Serial] IS"}, "at 12"),
        ({"expirationDate": "soon"}, "'expirationDate'"),
        ({"expirationDate": "2020-01-01T00:00:00Z"}, "in the future"),
        ({"expirationDate": datetime.format(now() + 367 * DAY)}, "at most 366 days"),
    ],
)
async def test_what_does_not_fit_is_refused(admin: AsyncClient, members: dict[str, Any], words: str) -> None:
    stored = f"{LINKS}{(await admin.post(LINKS, json=link())).json()['id']}/"
    for answer in (await admin.post(LINKS, json=link(**members)), await admin.put(stored, json=link(**members))):
        assert (answer.status_code, words in answer.json()["message"]) == (400, True), answer.text


@ON_SQLITE
async def test_a_link_shows_nothing_after_its_end_which_can_be_moved(admin: AsyncClient, services: Services) -> None:
    made = (await admin.post(LINKS, json=link(expirationDate=datetime.format(now() + HOUR)))).json()
    token, later = made["link"].split("/")[-2], now() + 2 * HOUR
    with pytest.raises(NotFound, match="has expired"):
        await services.wall_links.open(token, later)
    assert (await admin.put(f"{LINKS}{made['id']}/", json=link())).status_code == 204
    assert (await services.wall_links.open(token, later)).link.id == made["id"]


@ON_SQLITE
async def test_viewers_share_no_wall(call_as: CallAs, sign_in: SignIn) -> None:
    viewer = call_as(await sign_in("v@example.com", role=VIEWERS))
    assert (await viewer.get(LINKS)).status_code == 403
    assert (await viewer.post(LINKS, json=link())).status_code == 403
