"""Large bodies: how many bytes of them are in memory at a time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from signfleet.foundation.errors import Busy, Throttled
from signfleet.foundation.settings import Settings
from signfleet.web.http import body_budget
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.body_budget import SMALL, BodyBudget
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import Endpoints


class Bodies:
    """Bodies in a room of 100 bytes, which stay until they are sent away."""

    def __init__(self, room: BodyBudget) -> None:
        self.room = room
        self.inside: list[str] = []

    def come(self, name: str, size: int) -> tuple[asyncio.Task[None], asyncio.Event]:
        leave = asyncio.Event()

        async def stay() -> None:
            async with self.room.admit(size, name):
                self.inside.append(name)
                await leave.wait()
                self.inside.remove(name)

        return asyncio.create_task(stay()), leave


@pytest.fixture
def hall() -> Bodies:
    return Bodies(BodyBudget(100, patience=5))


async def a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_body_that_does_not_fit_waits_for_its_turn(hall: Bodies) -> None:
    visits = {name: hall.come(name, 25) for name in "abcd"}
    waiting = {name: hall.come(name, size) for name, size in (("e", 25), ("f", 1))}
    await a_moment()
    assert hall.inside == [*"abcd"], "f would fit, and e was there before"
    visits["b"][1].set()
    await a_moment()
    assert hall.inside == [*"acde"]
    visits["a"][1].set()
    await a_moment()
    assert hall.inside == [*"cdef"]
    for task, leave in (*visits.values(), *waiting.values()):
        leave.set()
        await task


async def test_one_caller_cannot_exceed_its_share(hall: Bodies) -> None:
    task, leave = hall.come("a", 20)
    await a_moment()
    with pytest.raises(Throttled, match="one after the other"):
        async with hall.room.admit(6, "a"):
            pass
    async with hall.room.admit(5, "a"), hall.room.admit(25, "b"):
        pass
    leave.set()
    await task
    async with hall.room.admit(25, "a"):
        pass


async def test_a_wait_that_is_too_long_is_503() -> None:
    hall = Bodies(BodyBudget(100, patience=0.01))
    visits = [hall.come(name, 25) for name in "abcd"]
    await a_moment()
    with pytest.raises(Busy) as raised:
        async with hall.room.admit(1, "e"):
            pass
    assert raised.value.retry_after > 0
    for task, leave in visits:
        leave.set()
        await task


async def test_the_number_of_waiting_bodies_is_limited(hall: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_budget, "WAITING", 1)
    visits = [hall.come(name, 25) for name in "abcde"]
    await a_moment()
    with pytest.raises(Busy):
        async with hall.room.admit(1, "f"):
            pass
    for task, leave in visits:
        leave.set()
        await task


@pytest.mark.parametrize("seed", range(20))
async def test_all_room_is_free_after_any_sequence_of_bodies(seed: int) -> None:
    chance, room = random.Random(seed), BodyBudget(100, patience=0.003)
    inside = 0

    async def visit(number: int) -> None:
        nonlocal inside
        size = chance.randint(1, 25)
        async with room.admit(size, number % 7):
            inside += size
            assert inside <= 100
            try:
                await asyncio.sleep(chance.choice([0, 0, 0.001, 0.004]))
            finally:
                inside -= size

    tasks = [asyncio.create_task(visit(number)) for number in range(60)]
    for task in tasks:
        if chance.random() < 0.3:
            await asyncio.sleep(0)
            task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        assert outcome is None or isinstance(outcome, Busy | Throttled | asyncio.CancelledError)
    async with room.admit(25, "a"), room.admit(25, "b"), room.admit(25, "c"), room.admit(25, "d"):
        pass


#: All endpoints here are public.
NO_GATE: Any = None
things = Endpoints("/things", family="Things")


@things.put("/", caller="public", consumes=("image/png",), body=bytes, body_limit=1_000_000, statuses="200")
async def put_thing(call: Call) -> Answer:
    return answer_json(len(call.body))


class Request:
    """A PUT of a body that comes when it is sent."""

    def __init__(self, app: AsgiApp, client: str, headers: dict[str, str]) -> None:
        self.is_read = False
        self.sent = asyncio.Event()
        self.status = 0
        scope = {
            "method": "PUT",
            "path": "/things/",
            "raw_path": b"/things/",
            "query_string": b"",
            "client": (client, 1),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self.task = asyncio.create_task(app(scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        self.is_read = True
        await self.sent.wait()
        return {"type": "http.request", "body": bytes(10)}

    async def send(self, event: Any) -> None:
        self.status = event.get("status", self.status)


@pytest.mark.parametrize(
    ("length", "waits"),
    [
        ({"Content-Length": str(SMALL)}, False),
        ({"Content-Length": str(SMALL + 1)}, True),
        ({"Transfer-Encoding": "chunked"}, True),
        ({}, False),
    ],
)
async def test_a_body_that_may_be_large_is_read_when_there_is_room(length: dict[str, str], waits: bool) -> None:
    app = AsgiApp([*things], {Settings: Settings(access_log=False)}, NO_GATE, bodies=BodyBudget(4_000_000, patience=30))
    large = {"Content-Type": "image/png", "Content-Length": "1000000"}
    others = [Request(app, f"192.0.2.{number}", large) for number in range(4)]
    await a_moment()
    assert all(other.is_read for other in others)
    request = Request(app, "192.0.2.9", {"Content-Type": "image/png"} | length)
    too_many = Request(app, "192.0.2.1", large)
    await a_moment()
    assert request.is_read is not waits
    assert too_many.status == 429
    for each in (*others, request):
        each.sent.set()
        await each.task
        assert each.status == 200
