"""Texts of players, people and receivers that would be markup if a page did not escape them."""

from __future__ import annotations

import re

from httpx import AsyncClient

from signfleet.app.wiring import Services
from tests.conftest import ON_SQLITE, ROOT, CallAs
from tests.console.browsing import send, sign_in
from tests.console.test_pages import PATHS
from tests.world import World

MARK = "\"'><i x=1>&"
RAW = re.compile(r"<i x=1>|[\"']'?><i x|>&[^;&\s]*\s*<")


@ON_SQLITE
async def test_no_text_becomes_markup_on_any_page(
    client: AsyncClient, admin: AsyncClient, services: Services, world: World, call_as: CallAs
) -> None:
    player = world.ids["Device"]
    own = call_as((await world.player(device_id=player)).access_token)
    when = "2026-03-13T12:00:00Z"
    report = {
        "sequence": 1,
        "errors": [{"timestamp": when, "errorName": MARK, "errorEvent": MARK, "reason": MARK}],
        "downloads": [{"timestamp": when, "fileName": MARK, "progress": 1, "status": MARK}],
        "status": {
            "firmware": {"version": MARK},
            "network": {"externalIp": "192.0.2.1", "interfaces": [{"name": MARK, "mac": MARK}]},
            "storage": [{"interface": "SD1", "access": MARK, "system": MARK}],
        },
        "applied": {"settingsETag": MARK, "failed": [{"path": MARK, "reason": MARK}]},
    }
    assert (await own.post(f"{ROOT}/player/v1/report", json=report)).status_code == 200
    patch = {"Content-Type": "application/json-patch+json"}
    body = [{"op": "replace", "path": f"/settings/{name}", "value": MARK} for name in ("name", "description")]
    assert (await admin.patch(f"/Devices/{player}/", json=body, headers=patch)).status_code == 204
    assert (await admin.post(f"/Devices/{player}/Tags/", json={"string::[Device].<Owner>": MARK})).status_code < 300
    for path, fields in (
        ("/console/groups/", {"name": MARK, "description": MARK}),
        ("/console/people/roles/new/", {"name": MARK, "description": MARK}),
        ("/console/alerts/rules/new/", {"name": MARK, "kind": "silent", "silence": "5", "minutes": "0"}),
        ("/console/alerts/webhooks/new/", {"name": MARK, "url": "http://127.0.0.1:9/?x=%22'%3E", "enabled": "yes"}),
        ("/console/people/applications/", {"name": MARK, "description": MARK}),
        ("/console/wall/links/", {"name": MARK, "side": "320", "days": "7", "search": ""}),
        ("/console/players/views", {"name": MARK, "query": "?search=x"}),
        (f"/console/players/{player}/note/", {"note": MARK}),
        ("/console/profile/names", {"firstName": MARK, "lastName": MARK}),
        (f"/console/alerts/{await world.alert()}/acknowledge", {"note": MARK}),
    ):
        client.headers["User-Agent"] = "Mozilla/5.0 " + MARK
        await sign_in(client) if "signfleet" not in client.cookies else None
        answer = await send(client, path, **fields)
        assert answer.status_code < 500, (path, answer.text)
    tabs = [
        f"/console/players/{player}/{tab}" for tab in ("", "timeline/", "errors/", "downloads/", "settings/", "audit/")
    ]
    seen = 0
    for path in [
        *PATHS,
        *tabs,
        "/console/people/roles/",
        "/console/alerts/?state=acknowledged",
        "/console/find?words=x",
    ]:
        for query in ("", ("&" if "?" in path else "?") + "search=%22'%3E%3Ci%20x=1%3E%26&filter=%22'%3E%3Ci%20x=1%3E"):
            answer = await client.get(ROOT + path + query)
            assert answer.status_code in (200, 400), (path, answer.status_code)
            assert not RAW.search(answer.text), (path, RAW.search(answer.text))
            seen += answer.text.count("&lt;i x=1&gt;")
    assert seen > 50
