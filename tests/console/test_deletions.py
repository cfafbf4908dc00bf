"""Whatever the console deletes, it asks first: it names the thing, and how many players or people it is about."""

from __future__ import annotations

from html import unescape

from httpx import AsyncClient

from signfleet.app.wiring import Services
from signfleet.console import wiring
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import alert_window
from signfleet.identity.saved_views.service import NewView
from tests.conftest import ON_SQLITE
from tests.console.browsing import confirm, send, sign_in
from tests.console.test_strangers import dump, things
from tests.world import World, now

#: What a deletion asks, by the path that pages declare: the name of the thing, and what goes with it.
ASKED = {
    "/console/alerts/rules/{rule}/delete": ("Stored", "0 alerts that are not resolved yet end"),
    "/console/alerts/webhooks/{webhook}/delete": ("Stored", "0 messages wait for it and are not delivered"),
    "/console/alerts/windows/{window}/delete": ("Night", "Alerts open again for 1 player"),
    "/console/groups/{group}/delete": ("Gamma", "1 player moves to Default"),
    "/console/people/applications/{application}/delete": ("Script", "Its tokens end at once"),
    "/console/people/roles/{role}/delete": ("Rho", "0 permissions go too"),
    "/console/people/setup-tokens/{setup_token}/revoke": ("{setup_token:.12}", "0 players have joined with it"),
    "/console/people/users/{user}/remove": ("ulla@example.com", "0 permissions of this user go too"),
    "/console/players/views/delete": ("Dark ones", "see it"),
    "/console/profile/sessions/{session}/end": ("a browser", "signed out at once"),
    "/console/profile/sign-out-everywhere": ("JaneDoe@example.com", "this one too"),
    "/console/wall/links/{link}/revoke": ("Stored", "Every screen that shows this wall"),
}
FIELDS = {
    "/console/groups/{group}/delete": {"version": "*"},
    "/console/people/applications/{application}/delete": {"version": "*"},
    "/console/players/views/delete": {"name": "Dark ones", "shared": "1"},
}


def test_every_deletion_has_its_question() -> None:
    declared = {endpoint.path for endpoint in wiring.endpoints() if endpoint.method == "POST"}
    ends = ("/delete", "/remove", "/revoke", "/end", "/sign-out-everywhere")
    assert {path for path in declared if path.endswith(ends)} == set(ASKED)


@ON_SQLITE
async def test_a_deletion_asks_first_with_the_name_and_the_count(
    client: AsyncClient, world: World, services: Services
) -> None:
    await sign_in(client)
    values = await things(world, services)
    owner = await services.sessions.authenticate(await world.sign_in(), now())
    await services.saved_views.save(owner, NewView("players", "Dark ones", "search=x", is_shared=True), now())
    group = [{"op": "replace", "path": "/settings/group/name", "value": "Gamma"}]
    assert (await world.admin.patch("/Devices/A1/", json=group)).status_code == 204
    for declared, (name, words) in ASKED.items():
        path, fields = declared.format_map(values), FIELDS.get(declared, {})
        before = await dump(services)
        asked = await send(client, path, **fields)
        assert asked.status_code == 200, (declared, asked.text)
        text = unescape(asked.text).partition('id="sure">')[2].partition("</section>")[0]
        assert (name.format_map(values) in text, words in text) == (True, True), (declared, text)
        assert (await send(client, path, **fields, count="9999")).status_code == 400, declared
        assert await dump(services) == before, declared
    for declared in sorted(ASKED, key=lambda path: path.endswith("everywhere")):
        path, fields = declared.format_map(values), FIELDS.get(declared, {})
        assert (await confirm(client, path, **fields)).status_code == 303, declared


@ON_SQLITE
async def test_a_window_whose_filter_no_version_reads_any_more_can_be_deleted(
    client: AsyncClient, world: World, services: Services
) -> None:
    await sign_in(client)
    path = f"/console/alerts/windows/{(await things(world, services))['window']}/delete"
    older = Query(alert_window.update().values(filter="[Gone] IS 'x'"))
    await services.store.write(lambda tx: tx.execute(older))
    assert (await confirm(client, path)).status_code == 303
