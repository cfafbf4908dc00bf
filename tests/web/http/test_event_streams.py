"""Streams of events: messages, heart-beats, slow readers, and how they end."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.foundation.wire.json import encode
from signfleet.web.http import event_streams
from signfleet.web.http.event_streams import message
from tests.web.http import app
from tests.web.http.wire import connected, request

#: Far more than anything here takes on a busy machine.
LIMIT = 30
TOKEN = "Authorization: Bearer device"


@pytest.fixture
def player(address: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer device", "Accept": "text/event-stream"}
    with httpx.Client(base_url=address, headers=headers, timeout=LIMIT) as client:
        yield client


@pytest.fixture(autouse=True)
def no_heart_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no write help the server to notice that a reader has left."""
    monkeypatch.setattr(event_streams, "BEAT_SECONDS", 3600)


def parse(text: str) -> list[dict[str, str]]:
    """Reads a stream as the HTML standard says: blocks of `field: value` lines; comments begin with a colon."""
    blocks = [[line for line in block.split("\n") if not line.startswith(":")] for block in text.split("\n\n")]
    fields = [dict(line.split(": ", 1) for line in block if line) for block in blocks]
    return [block for block in fields if block]


def until_closed_everywhere() -> None:
    """Waits until no stream is open."""
    end = time.monotonic() + LIMIT
    while app.streams.open:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_messages_arrive_with_id_and_kind_and_a_last_one_has_the_reason(player: httpx.Client) -> None:
    answer = player.get("/open/events?count=2&size=3&reason=Enough.")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert parse(answer.text) == [
        {"retry": "3000"},
        {"id": "0", "event": "thing", "data": '"xxx"'},
        {"id": "1", "event": "thing", "data": '"xxx"'},
        {"event": "end", "data": '{"reason":"Enough."}'},
    ]


def test_the_head_comes_before_the_first_message(player: httpx.Client) -> None:
    with player.stream("GET", "/open/events") as answer:
        assert answer.status_code == 200
        assert next(answer.iter_text()) == "retry: 3000\n\n"


def test_a_quiet_stream_has_a_heart_beat(player: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "BEAT_SECONDS", 0.02)
    with player.stream("GET", "/open/events?count=1") as answer:
        text = ""
        for chunk in answer.iter_text():
            text += chunk
            if text.count("\n:\n") >= 3:
                break
    assert len(parse(text)) == 2


def test_a_stream_closes_when_its_reader_leaves(address: str) -> None:
    until_closed_everywhere()
    with connected(address) as connection:
        connection.sendall(request("/open/events?count=1", TOKEN))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert len(app.streams.open) == 1
    until_closed_everywhere()


def test_a_reader_that_does_not_read_is_disconnected(address: str) -> None:
    """What it has taken is whole; it goes on with the id of the last message."""
    with connected(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request("/open/events?count=1000&size=20000", TOKEN, "Connection: close"))
        text = b"".join(iter(lambda: connection.recv(1_000_000), b""))
    assert b"The client reads too slowly." in text
    assert 1 <= text.count(b"id: ") < 1000
    until_closed_everywhere()


def test_a_source_waits_for_a_slow_reader(player: httpx.Client) -> None:
    answer = player.get("/open/events?count=200&size=20000&patient=yes&reason=Enough.")
    assert [line["id"] for line in parse(answer.text)[1:-1]] == [str(number) for number in range(200)]
    assert "Enough." in answer.text


def test_a_source_that_fails_ends_the_stream(player: httpx.Client) -> None:
    answer = player.get("/open/events?count=1&fail=yes")
    assert parse(answer.text)[-1] == {"event": "end", "data": '{"reason":"The server failed."}'}
    assert "hunter2" not in answer.text


def test_head_opens_no_stream(player: httpx.Client) -> None:
    until_closed_everywhere()
    assert player.head("/open/events").status_code == 200
    assert not app.streams.open


def test_a_client_that_wants_no_stream_is_refused(player: httpx.Client) -> None:
    assert player.get("/open/events", headers={"Accept": "application/json"}).status_code == 406


def test_streams_end_when_the_server_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "streams", event_streams.EventStreams())
    texts: list[str] = []
    with app.served(access_log=False) as address:
        headers = {"Authorization": "Bearer device"}

        def read() -> None:
            texts.append(httpx.get(f"{address}/open/events?count=1", headers=headers, timeout=LIMIT).text)

        thread = threading.Thread(target=read)
        thread.start()
        while not app.streams.open:
            time.sleep(0.01)
        app.stop_streams()
        thread.join(LIMIT)
        assert httpx.get(f"{address}/open/events", headers=headers).status_code == 503
    assert "The server is stopping" in texts[0]


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, st.from_regex(r"[0-9-]{1,20}", fullmatch=True), st.from_regex(r"[A-Za-z]{0,20}", fullmatch=True))
def test_a_message_is_read_as_it_was_written(value: Any, id_: str, kind: str) -> None:
    [read] = parse(message(encode(value), id_=id_, kind=kind).decode())
    assert json.loads(read["data"]) == json.loads(encode(value))
    assert (read["id"], read.get("event", "")) == (id_, kind)


async def test_room_ends_with_the_stream() -> None:
    class NoCall:
        bearer_token, session = "", None

    call: Any = NoCall()

    async def pump(_stream: event_streams.EventStream) -> None: ...

    stream = event_streams.EventStream(event_streams.EventStreams(), call, pump, None)
    stream.push(b"x" * 100_000)
    waiting = asyncio.create_task(stream.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    stream.end("Enough.")
    async with asyncio.timeout(LIMIT):
        await waiting
