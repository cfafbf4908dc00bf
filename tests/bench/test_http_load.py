"""The load generator: every answer counts once, and a wrong answer is an error rather than a fast one."""

from __future__ import annotations

import asyncio

import pytest

from bench import http_load


async def served(answer: bytes, pieces: int, requests: list[bytes]) -> asyncio.Server:
    """A server that answers each request with `answer`, sent in pieces."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                requests.append(await reader.readuntil(http_load.HEAD_END))
                step = -(-len(answer) // pieces)
                for start in range(0, len(answer), step):
                    writer.write(answer[start : start + step])
                    await asyncio.sleep(0)
        except asyncio.IncompleteReadError:
            writer.close()

    return await asyncio.start_server(handle, http_load.HOST, 0)


async def load(answer: bytes, pieces: int = 1) -> tuple[float, list[bytes]]:
    requests: list[bytes] = []
    server = await served(answer, pieces, requests)
    port = server.sockets[0].getsockname()[1]
    payload = http_load.request("GET", "/here", {"Accept": "*/*"})
    async with server:
        return await http_load.rate(port, payload, connections=2, seconds=0.05), requests


@pytest.mark.parametrize("pieces", [1, 2, 60])
def test_answers_are_counted_however_they_arrive(pieces: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"
    rate, requests = asyncio.run(load(answer, pieces))
    assert rate > 0
    assert set(requests) == {b"GET /here HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n"}


def test_an_answer_without_a_body_counts() -> None:
    rate, _ = asyncio.run(load(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"))
    assert rate > 0


def test_an_error_answer_ends_the_measurement() -> None:
    with pytest.raises(ConnectionError, match="503"):
        asyncio.run(load(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"))


def test_a_script_is_sent_to_its_end() -> None:
    async def measure() -> list[bytes]:
        requests: list[bytes] = []
        server = await served(b"HTTP/1.1 204 No Content\r\n\r\n", 1, requests)
        port = server.sockets[0].getsockname()[1]
        script = [http_load.request(method, "/", {}) for method in ("POST", "PATCH", "DELETE")]
        async with server:
            await http_load.rate(port, [script], connections=1, seconds=0.02)
        return requests

    methods = [request.split()[0] for request in asyncio.run(measure())]
    assert methods == [b"POST", b"PATCH", b"DELETE"] * (len(methods) // 3)
