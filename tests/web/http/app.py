"""A small application of endpoints that are there to be asked, run as the real one is."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn

from signfleet.app.server import address_of, configuration
from signfleet.foundation.errors import Conflict, Forbidden, NotFound, Throttled, Unauthenticated
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError
from signfleet.foundation.wire.json import encode
from signfleet.identity.access.gate import AccessGate
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.caller.session import Session
from signfleet.web.contract.oauth import OAuthError
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.call import NO_CONTENT, Answer, Call, answer_json
from signfleet.web.http.endpoint import PAGE_SIZE, Endpoint, Endpoints
from signfleet.web.http.event_streams import EventStream, EventStreams, message
from signfleet.web.http.media import EVENT_STREAM
from signfleet.web.http.paging import page_size

#: 2024-03-13T15:51:01.250Z
MODIFIED = 1_710_345_061_250

things = Endpoints("/2022/06/REST/Things", family="Things")
open_things = Endpoints("/open", family="Open")


class Thing(msgspec.Struct, rename="camel"):
    serial_number: str
    size: int = 1


@things.get("/{device}/", scope="things.read", operation=VIEW_DEVICE, statuses="200 304")
async def get_thing(_call: Call, device: str) -> Answer:
    return answer_json({"device": device}, last_modified=MODIFIED, etag="7-1")


@things.put("/{device}/", scope="things.write", operation=VIEW_DEVICE, body=Thing, statuses="204")
async def put_thing(call: Call, device: str) -> Answer:
    call.precondition.check(MODIFIED, 7)
    return NO_CONTENT


@things.patch("/{device}/", scope="things.write", operation=VIEW_DEVICE, body=Thing, partial=True, statuses="200")
async def patch_thing(call: Call, device: str) -> Answer:
    return answer_json(call.body)


@things.delete("/{device}/Tags/", scope="things.write", body=list[str], statuses="200")
async def delete_tags(call: Call, device: str) -> Answer:
    return answer_json(call.body)


@things.get("/{device}/Tokens/{token}/", scope="things.read", statuses="200")
async def get_token(_call: Call, device: str, token: str) -> Answer:
    return answer_json({"device": device, "token": token})


@things.get("/Regions/{location_path:path}/", scope="things.read", statuses="200")
async def get_region(_call: Call, location_path: str) -> Answer:
    return answer_json(location_path)


@things.get("/Alternatives/", scope=("things.first", "things.second"), statuses="200")
async def get_alternatives(_call: Call) -> Answer:
    return answer_json(None)


@open_things.get("/person", caller="person", scope="things.read", statuses="200")
async def get_for_people(call: Call) -> Answer:
    return answer_json(call.session.login)


@open_things.get("/device", caller="device", statuses="200")
async def get_for_players(call: Call) -> Answer:
    return answer_json(call.session.device_id)


@open_things.get(
    "/parameters", caller="public", parameters=(PAGE_SIZE,), statuses="200", aliases=("/open/alias", "/*/*/REST/alias")
)
async def get_parameters(call: Call) -> Answer:
    return answer_json({"name": call.parameter("returnURL"), "size": page_size(call)})


@open_things.get("/large", caller="public", statuses="200 304")
async def get_large(_call: Call) -> Answer:
    return answer_json(["signfleet"] * 1000, etag="large")


@open_things.get("/long", caller="public", produces="text/plain", statuses="200")
async def get_long(_call: Call) -> Answer:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for _ in range(100):
            yield b"x" * 10_000

    return Answer(stream=chunks(), media_type="text/plain")


@open_things.get("/caller", caller="public", statuses="200")
async def get_caller(call: Call) -> Answer:
    return answer_json({"address": call.address, "base": call.base_url, "proven": call.proven_url})


@open_things.get("/endless", caller="public", produces="text/plain", statuses="200")
async def get_endless(_call: Call) -> Answer:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for _ in range(10_000):
            yield b"x" * 100_000

    return Answer(stream=chunks(), media_type="text/plain")


class Ticks:
    """What the stream of `/open/ticks` has done."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()


ticks = Ticks()


@open_things.get("/ticks", caller="public", produces="text/plain", statuses="200")
async def get_ticks(call: Call) -> Answer:
    """Stream `count` ticks, one every 50 ms, then nothing for ever."""

    async def chunks(count: int) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(count):
                ticks.made += 1
                yield b"tick\n"
                await asyncio.sleep(0.05)
            await asyncio.Event().wait()
        finally:
            ticks.closed.set()

    return Answer(stream=chunks(int(call.parameter("count") or 0)), media_type="text/plain")


@open_things.get("/events", caller="device", produces=EVENT_STREAM, answer=str, statuses="200")
async def stream_events(call: Call, streams: EventStreams) -> Answer:
    """Stream `count` messages of `size` bytes, then end for a `reason`, or stay open."""
    count, size = (int(call.parameter(name) or 0) for name in ("count", "size"))

    async def pump(stream: EventStream) -> None:
        for number in range(count):
            stream.push(message(encode("x" * size), id_=str(number), kind="thing"))
            if call.parameter("patient"):
                await stream.room()
        if reason := call.parameter("reason"):
            stream.end(reason)
        if call.parameter("fail"):
            raise RuntimeError("hunter2")

    return streams.answer(call, pump)


@open_things.get("/secret", caller="public", secret=True, statuses="200")
async def get_secret(_call: Call) -> Answer:
    return answer_json(["signfleet"] * 1000)


@open_things.get("/text", caller="public", produces="text/plain", statuses="200")
async def get_text(_call: Call) -> Answer:
    return Answer(body=b"text", media_type="text/plain; charset=utf-8")


@open_things.post("/small", caller="public", body=dict[str, Any], body_limit=100, statuses="200")
async def post_small(call: Call) -> Answer:
    return answer_json(call.body)


#: The bodies that have reached `post_kept`.
kept: list[Any] = []


@open_things.post("/kept", caller="public", body=list[Any], statuses="200")
async def post_kept(call: Call) -> Answer:
    kept.append(call.body)
    return answer_json(kept)


@open_things.post("/optional", caller="public", body=Thing, body_optional=True, statuses="200")
async def post_optional(call: Call) -> Answer:
    return answer_json(call.body)


@open_things.post("/nothing", caller="public", statuses="204")
async def post_nothing(_call: Call) -> Answer:
    return NO_CONTENT


FAILURES: dict[str, BaseException] = {
    "stopped": asyncio.CancelledError(),
    "unexpected": RuntimeError("hunter2"),
    "storage": StorageError("disk full"),
    "conflict": Conflict("It is there already.", "id 7"),
    "not-found": NotFound("There is no such thing."),
    "throttled": Throttled("Too many attempts.", retry_after=30),
    "oauth": OAuthError(401, "invalid_client", "Who?", {"WWW-Authenticate": "Basic"}),
    "oauth-bare": OAuthError(400, "invalid_grant", None),
}


@open_things.get("/fail/{name}", caller="public", statuses="200")
async def fail(_call: Call, name: str) -> Answer:
    raise FAILURES[name]


def session(**given: Any) -> Session:
    fields: dict[str, Any] = dict.fromkeys(Session.__struct_fields__) | {"id": 1, "last_modified": 0, "scope": ""}
    return Session(**fields | given)


class FewSessions:
    """Some tokens that everybody may know."""

    known = {  # noqa: RUF012 - never changed
        "user": session(person_id=1, login="user@example.com", network_id=1, user_id=1, role_id=1, scope="things"),
        "reader": session(person_id=1, network_id=1, user_id=1, role_id=2, scope="things.read"),
        "person": session(person_id=1, login="user@example.com", scope="things"),
        "chooser": session(person_id=1, scope="things bsn.api.self.session"),
        "device": session(device_id=5, network_id=1, scope="things"),
        "second": session(person_id=1, network_id=1, user_id=1, role_id=1, scope="things.second"),
    }

    def cached(self, token: str, _now: int) -> Session | None:
        return self.known.get(token)

    async def authenticate(self, _token: str, _now: int) -> Session:
        raise Unauthenticated("The access token is unknown or was revoked.")


#: The open streams of `served`.
streams = EventStreams()


class FewPermissions:
    def allows_all(self, _session: Session, _operation: Any) -> bool:
        return False

    async def require(self, session: Session, operation: Any, alternative: Any = None) -> None:
        if session.role_id == 2:
            raise Forbidden("Your role does not allow it.")


def endpoints() -> list[Endpoint]:
    return [*things, *open_things]


#: The loops of the servers that run.
loops: list[asyncio.AbstractEventLoop] = []


def stop_streams() -> None:
    """Ends all streams, in the loop of the server that started last."""
    loops[-1].call_soon_threadsafe(streams.stop)


@contextmanager
def served(**given: Any) -> Iterator[str]:
    """Run the application in a thread, with these settings; gives its address."""
    settings = Settings(**given)
    sessions: Any = FewSessions()
    permissions: Any = FewPermissions()
    app = AsgiApp(endpoints(), {Settings: settings, EventStreams: streams}, AccessGate(sessions, permissions))
    server = uvicorn.Server(configuration(app, settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            with asyncio.Runner() as runner:
                loops.append(runner.get_loop())
                runner.run(server.serve([listener]))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join()
