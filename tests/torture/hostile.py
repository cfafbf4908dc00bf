"""Many hostile requests over loopback, while another client checks that the server is alive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from random import Random

import httptools
import httpx

from signfleet.app.wiring import endpoints
from signfleet.foundation.settings import Settings
from tests.api import MAIN
from tests.running import bootstrapped
from tests.torture.figures import Figures
from tests.torture.forked import forked_server
from tests.torture.writers import Operator

CONNECTIONS = 4
#: Requests that are sent before their answers are read.
PIPELINED = 4
#: The longest that another client's /health/live may take (ms), looked at where a run is long enough to mean something.
STALL_LIMIT = 250

METHODS = ("GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "X" * 40)
TEXTS = (
    "", "0", "-1", "9" * 30, "1e999", "NaN", "null", "true", "A1", "%00", "%ff%fe", "..", "%2e%2e%2f", "'", '"', "\\",
    "[Serial] IS 'A'", "[" * 500, "((((" * 200, "a" * 3000, "ß", "\u202e", "\U0001f600", "2024-13-45T99:99:99Z",
    "*", "; DROP TABLE device", "${jndi:x}", "{{7*7}}", "<script>", "\t", "%25", "application/json", "Bearer x",
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"{}", b"null", b"0", b'"', b"[" * 20_000, b'{"a":' * 5_000, b"\xff\xfe", b"\x00" * 100,
    b'{"name": "\\u0000"}', b'{"name": 1e999}', b'{"name": "' + b"x" * 50_000 + b'"}',
    b"{" + b'"a":1,' * 5_000 + b'"b":1}',
    b'[{"op":"add","path":"/a","value":1}]', b'[{"op":"test","path":"' + b"/a" * 2_000 + b'"}]',
    b"grant_type=password&username=%00&password=" + b"p" * 1_000, b"a=1&" * 5_000,
    b'{"serial":"A","settings":{"name":null,"description":{}}}', b'{"sequence":-1,"errors":[{}]}',
)  # fmt: skip
HEADERS = (
    "Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "If-Match", "If-None-Match", "If-Modified-Since",
    "If-Unmodified-Since", "Range", "X-Request-Id", "X-Forwarded-For", "Cookie", "Authorization", "Expect-CT", "X",
)  # fmt: skip
TYPES = ("application/json", "application/x-www-form-urlencoded", "application/json-patch+json", "image/jpeg", "a/b")


class _Answers:
    """Counts answers by status."""

    def __init__(self, statuses: dict[int, int]) -> None:
        self._statuses = statuses
        self._parser = httptools.HttpResponseParser(self)
        self.complete = 0

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self.complete += 1


def request(random: Random, paths: list[str], tokens: list[str]) -> bytes:
    """Returns a random request, framed well enough that the server reads the next one on the connection."""
    parts = random.choice(paths).split("/")
    path = "/".join(random.choice(TEXTS) if part.startswith("{") or random.random() < 0.05 else part for part in parts)
    if random.random() < 0.4:
        path += f"?{random.choice(('filter', 'sort', 'pageSize', 'marker', 'x'))}={random.choice(TEXTS)}"
    target = "".join(c if "!" <= c <= "~" and c != "#" else "".join(f"%{b:02X}" for b in c.encode()) for c in path)
    # An answer to HEAD has no body, and a parser that does not see the request cannot know that.
    method = random.choice([method for method in METHODS if method not in {"HEAD", "get", "X" * 40}])
    lines = [f"{method} {target or '/'} HTTP/1.1", "Host: 127.0.0.1"]
    if random.random() < 0.7:
        lines.append(f"Authorization: Bearer {random.choice(tokens)}")
    lines.append(f"Content-Type: {random.choice(TYPES)}")
    for _ in range(random.randrange(4)):
        value = random.choice(TEXTS).encode("ascii", "ignore").decode().replace("\t", " ")
        name = random.choice([header for header in HEADERS if header not in {"Content-Type", "Authorization"}])
        lines.append(f"{name}: {value}")
    body = random.choice(BODIES) if random.random() < 0.5 else b""
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _attack(
    port: int, count: int, random: Random, paths: list[str], tokens: list[str], statuses: dict[int, int]
) -> int:
    """Sends requests until `count` had an answer, and returns how many it sent.

    Replaces a connection that the server closes; the requests still unanswered on it are lost.
    """
    sent = answered = 0
    while answered < count and sent < 4 * count:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = _Answers(statuses)
        with contextlib.suppress(ConnectionError, httptools.HttpParserError):
            while answered + answers.complete < count:
                sent += PIPELINED
                writer.write(b"".join(request(random, paths, tokens) for _ in range(PIPELINED)))
                expected = answers.complete + PIPELINED
                while answers.complete < expected:
                    data = await asyncio.wait_for(reader.read(1 << 16), 60)
                    if not data:
                        raise ConnectionResetError
                    answers.feed(data)
        answered += answers.complete
        writer.close()
    return sent


async def _watch(address: str, waits: list[float]) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=60, verify=False) as http:
        while True:
            before = time.perf_counter()
            assert (await http.get("/health/live")).status_code == 200
            waits.append((time.perf_counter() - before) * 1000)
            await asyncio.sleep(0.02)


def hostile_generator(folder: Path, rounds: int) -> Figures:
    """Sends requests until the server has answered `rounds` thousand."""
    database = f"sqlite:///{folder / 'signfleet.db'}"
    settings = Settings(data=str(folder), database=database, port=0, access_log=False)
    operator = Operator(bootstrapped(folder, database))
    statuses: dict[int, int] = {}
    waits: list[float] = []
    paths = [endpoint.path.replace(":path}", "}") for endpoint in endpoints()]
    assert any(path.startswith(MAIN) for path in paths)
    count = rounds * 1000 // CONNECTIONS

    async def attack(address: str) -> int:
        async with httpx.AsyncClient(base_url=address, verify=False) as http:
            await operator.sign_in(http)
            tokens = [http.headers["Authorization"].removeprefix("Bearer "), "x"]
        watch = asyncio.create_task(_watch(address, waits))
        port = int(address.rpartition(":")[2])
        attacks = (_attack(port, count, Random(number), paths, tokens, statuses) for number in range(CONNECTIONS))
        sent = sum(await asyncio.gather(*attacks))
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        return sent

    with forked_server(settings, folder / "server.log") as server:
        sent = asyncio.run(attack(server.address))
        code, _ = server.stop()
    figures = Figures("hostile requests")
    figures.add("sent", sent)
    figures.add("answered", sum(statuses.values()))
    for hundred in (2, 3, 4, 5):
        number = sum(many for status, many in statuses.items() if status // 100 == hundred and status != 501)
        figures.add(f"{hundred}xx", number, wanted=0 if hundred == 5 else None)
    figures.add("501", statuses.get(501, 0))
    figures.add("longest /health/live (ms)", round(max(waits)), at_most=STALL_LIMIT if rounds >= 100 else None)
    figures.add("exit code", code, wanted=0)
    return figures
