"""The wall of pictures, and links to it for screens that nobody signs in at."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from httpx import AsyncClient
from PIL import Image

from signfleet.app.wiring import Services
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import confirm, send, sign_in
from tests.world import World, now

WALL = "/console/wall/"
SCRIPT = {"HX-Request": "true"}


def painted(brightness: int, size: tuple[int, int] = (1280, 720)) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize(size).point(lambda value: value * brightness // 255).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
async def player(client: AsyncClient, world: World, call_as: CallAs) -> int:
    """A player with a picture, and after it a black one; the client is signed in."""
    joined = await world.joined()
    own = call_as(joined.access_token)
    for second, brightness in ((1, 255), (2, 0)):
        path = f"{ROOT}/player/v1/screenshots/2026-03-13T12:00:0{second}Z"
        sent = await own.put(path, content=painted(brightness), headers={"Content-Type": "image/jpeg"})
        assert sent.status_code == 201
    await sign_in(client)
    return joined.device_id


async def link(client: AsyncClient, search: str = "", **fields: str) -> str:
    made = await send(client, f"{WALL}links/", search=search, name="Desk", side="640", **{"days": "7", **fields})
    assert made.status_code == 200
    found = re.search(r"http://[^/]+(/console/kiosk/[\w-]{43}/)", made.text)
    assert found
    return found[1]


async def test_the_wall_shows_pictures_in_two_sizes_and_what_they_look_like(
    client: AsyncClient, call_as: CallAs, player: int
) -> None:
    for side, size in (("320", (320, 180)), ("640", (640, 360))):
        page = (await client.get(ROOT + WALL, params={"side": side})).text
        assert '<span class="badge bad">black</span>' in page
        (source,) = re.findall(r'<img src="([^"]+)" alt="What', page)
        picture = await call_as().get(source)
        assert picture.status_code == 200
        assert Image.open(BytesIO(picture.content)).size == size
        assert (await call_as().get(source.replace(f"/{side}/", "/150/"))).status_code == 404
    part = (await client.get(ROOT + WALL, headers=SCRIPT | {"X-Refresh": "true"})).text
    assert (part.strip()[:3], f'id="w{player}"' in part, "<ul" in part) == ("<li", True, False)
    for wrong in ("side=5", "order=x", "search=x:y"):
        assert (await client.get(f"{ROOT}{WALL}?{wrong}")).status_code == 400


@ON_SQLITE
async def test_a_link_shows_its_filter_alone_until_it_is_revoked(
    client: AsyncClient, call_as: CallAs, admin: AsyncClient, player: int
) -> None:
    await admin.patch(f"/Devices/{player}/", json=[{"op": "replace", "path": "/settings/name", "value": "Foyer"}])
    wide, narrow = await link(client), await link(client, search="nothing-is-named-so")
    anybody = call_as()
    shown = await anybody.get(ROOT + wide)
    assert (shown.status_code, f'id="w{player}"' in shown.text) == (200, True)
    for absent in ("/console/players/", "/console/sign-out", "<form"):
        assert absent not in shown.text
    assert 'id="w' not in (await anybody.get(ROOT + narrow)).text
    assert (await anybody.get(ROOT + WALL)).status_code == 303
    assert (await anybody.get(f"{ROOT}/console/kiosk/{'x' * 43}/")).status_code == 404
    assert 'lang="en"' in shown.text
    await send(client, "/console/profile/preferences", language="fr", zone="Asia/Tokyo")
    shown = await anybody.get(ROOT + wide, headers={"Accept-Language": "de"})
    assert ('lang="fr"' in shown.text, 'data-zone="Asia/Tokyo"' in shown.text) == (True, True)
    listed = (await client.get(f"{ROOT}{WALL}links/")).text
    assert wide.split("/")[3] not in listed
    trail = (await admin.get(f"{ROOT}/admin/v1/audit/", params={"filter": "[entity] IS 'WallLink'"})).text
    assert "Create" in trail
    assert wide.split("/")[3] not in trail
    (first, second) = re.findall(r'action="(/console/wall/links/\d+/revoke)"', listed)
    for address in (first, second):
        assert (await confirm(client, address)).status_code == 303
    assert (await send(client, first)).status_code == 404
    for path in (wide, narrow):
        assert (await anybody.get(ROOT + path)).status_code == 404


@ON_SQLITE
async def test_a_link_expires_and_ends_with_its_author(
    client: AsyncClient, services: Services, world: World, sign_in: SignIn, player: int
) -> None:
    token = (await link(client)).split("/")[3]
    opened = await services.wall_links.open(token, now() + 7 * DAY - 60_000)
    assert opened.session.network_id == world.network.network_id
    with pytest.raises(Exception, match="has expired or was revoked"):
        await services.wall_links.open(token, now() + 7 * DAY)
    await sign_in("boss@example.com")
    author = await services.users.row(world.network.user_id)
    await services.users.set_locked(author, True, now())
    with pytest.raises(Exception, match="has expired or was revoked"):
        await services.wall_links.open(token, now())


@ON_SQLITE
async def test_only_those_who_may_change_the_network_share_its_walls(
    call_as: CallAs, sign_in: SignIn, client: AsyncClient, player: int
) -> None:
    viewer = call_as()
    viewer.cookies.set("signfleet", await sign_in("v@example.com", role=VIEWERS), domain="signfleet.test", path="/")
    assert "Read-only link" not in (await viewer.get(ROOT + WALL)).text
    assert (await send(viewer, f"{WALL}links/", name="x", side="320", days="7")).status_code == 403
    for fields in ({"days": "9999"}, {"side": "1000"}, {"name": " "}, {"search": "[x"}):
        given = {"name": "x", "side": "320", "days": "7", "search": ""} | fields
        assert (await send(client, f"{WALL}links/", **given)).status_code == 400
