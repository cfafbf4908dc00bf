"""Lists of the console as CSV: what a page shows leads to the whole of it, for those who may see it."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

from httpx import AsyncClient

from signfleet.identity.access.operations.roles import CREATORS
from signfleet.identity.jobs.store import INSERT_FAILURE
from tests.conftest import ON_SQLITE, ROOT, CallAs, SignIn
from tests.world import World

#: Pages with a link, and the name of a column that their file has.
LISTS = {
    "/console/alerts/": "serial",
    "/console/groups/?search=Gamma": "name",
    "/console/people/?search=ulla": "person.login",
    "/console/subscriptions/": "device.serial",
    "/console/jobs/": "state",
    "/console/jobs/{job}/": "reason",
    "/console/players/{player}/errors/": "errorName",
    "/console/players/{player}/downloads/": "fileName",
    "/console/players/{player}/timeline/": "kind",
}


@ON_SQLITE
async def test_each_list_is_a_file_too(
    client: AsyncClient, world: World, call_as: CallAs, sign_in: SignIn, admin: AsyncClient
) -> None:
    joined = await world.joined()
    when = "2026-03-13T12:00:00Z"
    report = {
        "sequence": 1,
        "errors": [{"timestamp": when, "errorName": "=1+1", "errorEvent": "e"}],
        "downloads": [{"timestamp": when, "fileName": "a.mp4", "progress": 1, "status": "s"}],
    }
    await call_as(joined.access_token).post(f"{ROOT}/player/v1/report", json=report)
    await world.alert()
    change = {"filter": f"[id] IS {joined.device_id}", "group": {"id": world.ids["Group"]}}
    assert (await admin.post(f"{ROOT}/admin/v1/changes/", json=change)).status_code == 202
    job = await world._job("/changes/", world.administrator)
    key = {"network_id": world.network.network_id, "job_id": job, "id": 1, "device_id": joined.device_id}
    failure = {"name": "J1", "line": None, "column_name": None, "reason": "It is gone."}
    await world.services.store.write(lambda tx: tx.execute(INSERT_FAILURE, **key, **failure))
    client.cookies.set("signfleet", await sign_in(), domain="signfleet.test", path="/")
    rows = {}
    for path, column in LISTS.items():
        page = await client.get(ROOT + path.format(player=joined.device_id, job=job))
        (link,) = re.findall(r'href="(/console/export[^"]*)"', page.text) or [None]
        assert link, path
        file = await client.get(ROOT + unescape(link))
        assert (file.status_code, file.headers["content-type"][:8]) == (200, "text/csv"), path
        rows[path] = [row[column] for row in csv.DictReader(io.StringIO(file.text))]
        assert rows[path], path
    assert rows["/console/groups/?search=Gamma"] == ["Gamma"]
    assert rows["/console/people/?search=ulla"] == ["ulla@example.com"]
    assert rows["/console/players/{player}/errors/"] == ["'=1+1"]
    creator = call_as()
    token = await sign_in("c@example.com", role=CREATORS)
    creator.cookies.set("signfleet", token, domain="signfleet.test", path="/")
    for name in ("alerts", "errors", "downloads", "events", "subscriptions"):
        answer = await creator.get(f"{ROOT}/console/export", params={"list": name, "of": joined.device_id})
        assert answer.status_code == 403, name
    assert (await client.get(f"{ROOT}/console/export", params={"list": "x"})).status_code == 400
    assert (await client.get(f"{ROOT}/console/export", params={"list": "users", "filter": "[x"})).status_code == 400
