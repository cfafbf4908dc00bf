"""Every endpoint with a body reads the names in it in any letter case, and does the same with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from httpx import AsyncClient, Response

from signfleet.app.wiring import Services
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import audit
from signfleet.identity.jobs.schemas import Job
from signfleet.web.http.endpoint import FORM, Endpoint
from tests.conftest import ROOT, CallAs
from tests.world import OFFERED, Request, World, name

#: Of tags, lists of texts and profile values: there is no property in them.
FREE = (bytes, str, dict[str, Any], list[str])
#: Dates too: one in so many falls on a whole second, and then its text has no fraction.
NUMBER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9-]+T[0-9:]+(\.[0-9]+)?Z|[0-9]+")
WITH_NAMES = [
    endpoint
    for endpoint in OFFERED
    if endpoint.body is not None and endpoint.consumes != FORM and endpoint.body not in FREE
]


def respelled(value: Any, change: Callable[[str], str]) -> Any:
    """Changes all names in the value, those in the values of a PATCH too."""
    if isinstance(value, dict):
        return {change(key): respelled(item, change) for key, item in value.items()}
    return [respelled(item, change) for item in value] if isinstance(value, list) else value


def pascal(text: str) -> str:
    return text[0].upper() + text[1:]


def shape(value: Any) -> Any:
    """Returns the value without its numbers, dates and secrets, and without like items of a list."""
    if isinstance(value, dict):
        return {NUMBER.sub("0", key): shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return [item for place, item in enumerate(shapes) if item not in shapes[:place]]
    if isinstance(value, str):
        return "long" if len(value) > 40 else NUMBER.sub("0", value)
    return 0 if type(value) is int else value


async def trail(services: Services) -> list[Any]:
    return await services.store.scan_all(Query(audit.select().order_by(audit.c.id)))


async def shown(world: World, endpoint: Endpoint, answer: Response) -> Any:
    """Returns what was answered; of a job, what it is at its end, because it runs while the answer is on its way."""
    shown = answer.json() if answer.content else None
    if endpoint.answer is Job and answer.is_success:
        await world.services.job_runner.finish(world.network.network_id, shown["id"])
        shown = (await world.admin.get(f"{ROOT}/admin/v1/jobs/{shown['id']}/")).json()
    return shape(shown)


async def effect(world: World, call_as: CallAs, endpoint: Endpoint, change: Callable[[str], str]) -> Any:
    """Sends a good request with the names in its body changed; the answer, and the new entries of the audit trail."""
    await world.restore()
    request: Request = await world.request(endpoint)
    body, sent = request.sent["json"], dict(request.sent)
    sent["content"] = json.dumps(respelled(sent.pop("json"), change))
    sent["headers"] = {"Content-Type": endpoint.consumes[0]} | sent["headers"]
    client: AsyncClient = world.admin
    if endpoint.caller == "device":
        client = call_as((await world.player()).access_token)
    before = len(await trail(world.services))
    answer = await client.request(request.method, request.url, **sent)
    result = await shown(world, endpoint, answer)
    entries = [
        (row.action, row.entity, shape(json.loads(row.after or "0")), row.before != row.after)
        for row in (await trail(world.services))[before:]
    ]
    if request.method == "POST" and request.url.endswith("/Permissions/"):
        await client.request("DELETE", request.url, json=body)
    return answer.status_code, result, entries


def test_dates_have_one_shape() -> None:
    dates = ["2026-11-26T23:59:59Z", "2026-11-26T23:59:59.1Z", "2026-11-26T23:59:59.123Z"]
    assert shape(dates) == ["0"]


async def test_a_body_does_the_same_in_every_spelling(world: World, call_as: CallAs) -> None:
    for endpoint in WITH_NAMES:
        exact = await effect(world, call_as, endpoint, str)
        assert exact[0] < 300, (name(endpoint), exact)
        for change in (pascal, str.upper, str.lower):
            assert await effect(world, call_as, endpoint, change) == exact, name(endpoint)
