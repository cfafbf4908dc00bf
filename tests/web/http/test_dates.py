"""No date lies ahead: neither `Last-Modified` nor what is stored, however often something is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from signfleet.foundation.wire import datetime
from tests.world import OFFERED, World, name, next_second, now

DATES = ("creationDate", "lastModifiedDate", "registrationDate", "activationDate")


def dates(value: Any) -> Iterator[str]:
    """The dates of an answer that say when something was."""
    if isinstance(value, list):
        for item in value:
            yield from dates(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in DATES and isinstance(item, str):
                yield item
            else:
                yield from dates(item)


async def test_dates_are_never_in_the_future_after_many_changes(world: World) -> None:
    changes = [endpoint for endpoint in OFFERED if endpoint.method in ("PUT", "PATCH") and endpoint.family != "Players"]
    for _ in range(3):
        for endpoint in changes:
            method, url, sent = await world.request(endpoint)
            answer = await world.admin.request(method, url, **sent)
            assert answer.status_code < 300, f"{name(endpoint)}: {answer.text}"
    dated = set()
    for endpoint in OFFERED:
        if endpoint.method == "GET" and endpoint.produces == "application/json" and endpoint.family != "Players":
            method, url, sent = await world.request(endpoint)
            answer = await world.admin.request(method, url, **sent)
            if answer.status_code != 200:
                continue
            assert all((datetime.parse(date) or 0) <= now() for date in dates(answer.json())), name(endpoint)
            if "Last-Modified" in answer.headers:
                dated.add(name(endpoint))
                assert date_of(answer, "Last-Modified") <= date_of(answer, "Date"), name(endpoint)
    assert {"GET /Devices/{device}/", "GET /Self/", "GET /Self/Networks/{network}/Settings/"} <= dated


def date_of(answer: Response, header: str) -> int:
    return datetime.parse_http(answer.headers[header])


#: What is guarded by dates: its address and a change of it.
GUARDED = [
    ("/Devices/A1/", {"settings": {"description": "{}"}}),
    ("/Groups/Regular/Gamma/", {"description": "{}"}),
    ("/Users/ulla@example.com/", {"description": "{}"}),
    ("/Self/Profile/kept/", "{}"),
]


async def change(client: AsyncClient, path: str, body: Any, text: str, **headers: str) -> int:
    filled = body.replace("{}", text) if isinstance(body, str) else fill(body, text)
    return (await client.put(path, json=filled, headers=headers)).status_code


def fill(body: dict[str, Any], text: str) -> dict[str, Any]:
    return {key: fill(value, text) if isinstance(value, dict) else text for key, value in body.items()}


@pytest.mark.parametrize(("path", "body"), GUARDED)
async def test_the_later_of_two_changes_within_a_second_is_refused_for_a_second_at_most(
    world: World, path: str, body: Any
) -> None:
    admin = world.admin
    assert await change(admin, path, body, "first") in (201, 204)
    await next_second()
    assert await change(admin, path, body, "second") == 204
    seen = await admin.get(path)
    assert await change(admin, path, body, "third") == 204
    for header in ("Last-Modified", "Date"):
        if header in seen.headers:
            guard = {"If-Unmodified-Since": seen.headers[header]}
            assert await change(admin, path, body, "lost", **guard) == 412, header
    async with asyncio.timeout(30):
        while True:
            again = await admin.get(path)
            assert date_of(again, "Date") <= now()
            header = "Last-Modified" if "Last-Modified" in again.headers else "Date"
            guard = {"If-Unmodified-Since": again.headers[header]}
            if await change(admin, path, body, "fourth", **guard) == 204:
                return
            await asyncio.sleep(0.2)


async def test_the_date_of_a_get_matches_an_unchanged_entity(world: World) -> None:
    admin, path = world.admin, "/Devices/A1/"
    for number in range(40):
        assert await change(admin, path, GUARDED[0][1], str(number)) == 204
    await next_second()
    seen = await admin.get(path)
    date = seen.headers["Date"]
    assert (await admin.get(path, headers={"If-Modified-Since": date})).status_code == 304
    answer = await admin.put(path, json={"settings": {"description": "passes"}}, headers={"If-Unmodified-Since": date})
    assert answer.status_code == 204, answer.text


async def test_alternating_reads_and_writes_are_never_refused(world: World) -> None:
    for number in range(3):
        date = (await world.admin.get("/Devices/A1/")).headers["Last-Modified"]
        guard = {"If-Unmodified-Since": date}
        assert await change(world.admin, "/Devices/A1/", GUARDED[0][1], f"{number}", **guard) == 204
