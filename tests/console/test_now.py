"""The first page of the day: what is wrong beside the players themselves."""

from __future__ import annotations

import re
from html import unescape

from httpx import AsyncClient

from signfleet.foundation import clock
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import device, subscription, webhook
from signfleet.identity.access.operations.roles import VIEWERS
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.console.browsing import sign_in as sign_in_by_form
from tests.world import World


@ON_SQLITE
async def test_receivers_that_fail_and_subscriptions_that_end_are_steps(
    client: AsyncClient, world: World, sign_in: SignIn, call_as: CallAs
) -> None:
    await sign_in_by_form(client)
    page = f"{ROOT}/console/now/"
    id_ = await world.webhook()
    await world.joined()
    before = (await client.get(page)).text
    assert ("Stored" in before, "ends soon" in before) == (False, False)
    store = world.services.store
    await store.write(lambda tx: tx.execute(Query(webhook.update().values(failures=3))))
    await store.write(lambda tx: tx.execute(Query(subscription.update().values(status="Suspending"))))
    after = (await client.get(page)).text
    assert ("Stored: 3 failures" in after, "1 ends soon" in after) == (True, True)
    links = re.findall(r'href="(/console/(?:alerts/webhooks|subscriptions)/[^"]+)"', after)
    assert links[0].startswith(f"/console/alerts/webhooks/{id_}/")
    for link in links:
        assert (await client.get(ROOT + unescape(link))).status_code == 200
    viewer = call_as()
    viewer.cookies.set("signfleet", await sign_in("v@example.com", role=VIEWERS), domain="signfleet.test", path="/")
    assert "Stored" not in (await viewer.get(page)).text


@ON_SQLITE
async def test_one_dark_player_is_not_compared_with_itself(client: AsyncClient, world: World) -> None:
    await sign_in_by_form(client)
    await world.joined()
    silent = {"health": "Error", "health_reason": "silent", "health_since": clock.now()}
    update = Query(device.update().where(device.c.serial == "J1").values(**silent))
    await world.services.store.write(lambda tx: tx.execute(update))
    page = (await client.get(f"{ROOT}/console/now/")).text
    assert ("1 player is dark" in page, "They have nothing in common" in page) == (True, False)
