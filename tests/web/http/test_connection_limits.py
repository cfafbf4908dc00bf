"""What is refused before the application sees it: by size, by time, by number, and for not being HTTP."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from signfleet.web.http.connection_limits import RESERVE_PER_ADDRESS
from tests.web.http.app import served
from tests.web.http.wire import ask, connected, request, status, until_closed

CLOSE = "Connection: close"


@pytest.fixture(scope="module")
def hasty() -> Iterator[str]:
    """A server that waits a second for a request, and longer for the next one."""
    with served(head_timeout=1, body_timeout=1, idle_timeout=4) as address:
        yield address


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """A server with few places."""
    with served(max_connections=6, max_connections_per_address=5) as address:
        yield address


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True


# --- size ---------------------------------------------------------------------------------------------------------


def test_a_hundred_header_fields_are_accepted_and_more_are_431(address: str) -> None:
    fields = [f"X-{number}: v" for number in range(98)]  # beside Host and Connection
    assert status(ask(address, request("/open/parameters", CLOSE, *fields))) == 200
    answer = ask(address, request("/open/parameters", CLOSE, "X-More: v", *fields))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(head) == 431
    assert b"content-type: application/vnd.bsn.error+json" in head
    assert b"connection: close" in head
    assert json.loads(body)["error"] == "request_header_fields_too_large"


def test_a_million_header_fields_are_refused_without_delaying_other_clients(address: str) -> None:
    with connected(address) as connection, httpx.Client(base_url=address) as other:
        started = time.perf_counter()
        connection.sendall(request("/open/parameters")[:-2] + b"a:\r\n" * 1_000_000 + b"\r\n")
        assert other.get("/open/parameters").status_code == 200
        assert status(until_closed(connection)) == 431
        assert time.perf_counter() - started < 30


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"v" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"v" * 8000) for n in range(9)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"n" * 100_000,  # never ends
        b"\r\n" * 50_000,  # never begins
    ],
    ids=["one long field", "many long fields", "an endless name", "empty lines"],
)
def test_a_head_of_more_than_64_kb_is_431(address: str, head: bytes) -> None:
    assert status(ask(address, head)) == 431


def test_a_field_at_the_limit_is_accepted(address: str) -> None:
    assert status(ask(address, request("/open/parameters", CLOSE, "X-Long: " + "v" * 65_000))) == 200


def test_an_address_of_more_than_16_kb_is_414(address: str) -> None:
    assert status(ask(address, request("/open/parameters?returnURL=" + "a" * 16_000, CLOSE))) == 200
    assert status(ask(address, request("/" + "a" * 20_000))) == 414


def test_extensions_and_trailers_of_a_chunked_body_are_limited(address: str) -> None:
    chunked = request("/open/small", "Transfer-Encoding: chunked", "Content-Type: application/json", method="POST")
    trailer = b"".join(b"X-%d: v\r\n" % number for number in range(200))
    assert status(ask(address, chunked + b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n")) in (200, 431)
    assert b"HTTP/1.1 431" in ask(address, chunked + b"2;" + b"x" * 100_000)


def test_a_body_that_is_refused_unread_leaves_the_answer_readable(address: str) -> None:
    head = request("/open/small", "Content-Type: application/json", "Content-Length: 5000000", method="POST")
    answer = ask(address, head + b"[" + b" " * 4_999_999)
    assert status(answer) == 413
    assert b"connection: close" in answer


# --- what is no request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        request("/", host=None),
        request("/", "Host: x"),
        request("/", "Host: y"),
        *(
            request("/", host=host)
            for host in ("", "a b", "a,b", "x@y", "a/b", "x:port", "x:99999", "[::1", "[x]", "ü")
        ),
    ],
    ids=lambda sent: sent.decode().split("\r\n", 1)[1].strip().replace("\r\n", ", ")[:40],
)
def test_a_missing_repeated_or_invalid_host_is_400(address: str, sent: bytes) -> None:
    answer = ask(address, sent)
    assert status(answer) == 400
    assert b"Host" in answer


@pytest.mark.parametrize(
    "host", ["x", "x:80", "signs.example.com:8443", "203.0.113.7", "[2001:db8::1]:80", "my_box.", "a~"]
)
def test_a_valid_host_is_accepted(address: str, host: str) -> None:
    assert status(ask(address, request("/open/parameters", CLOSE, host=host))) == 200


def test_http_1_0_needs_no_host(address: str) -> None:
    assert status(ask(address, b"GET /open/parameters HTTP/1.0\r\n\r\n")) == 200


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request("/open/small", "Transfer-Encoding: gzip, chunked", method="POST") + b"0\r\n\r\n", 501),
        (request("/open/small", "Transfer-Encoding: gzip", method="POST"), 501),
        (request("/open/small", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", method="POST"), 400),
        (request("/open/small", "Transfer-Encoding: chunked", "Content-Length: 2", method="POST"), 400),
        (request("/open/small", "Content-Length: 2", "Content-Length: 3", method="POST"), 400),
        (request("x:80", method="CONNECT"), 501),
        (request("/", method="NONSENSE"), 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, 400),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_the_error_explains_a_malformed_request(address: str, sent: bytes, expected: int) -> None:
    answer = ask(address, sent)
    assert status(answer) == expected
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"].endswith(".")


def test_a_malformed_request_does_not_affect_the_one_before(address: str) -> None:
    answers = ask(address, request("/open/parameters") + b"NONSENSE\r\n\r\n")
    assert status(answers) == 200
    assert answers.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400" in answers


# --- requests at once, upgrades, bodies ---------------------------------------------------------------------------


def test_requests_before_a_half_close_are_all_answered(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"".join(request(f"/open/parameters?returnURL={number}") for number in range(2000)))
        connection.shutdown(socket.SHUT_WR)
        answers = until_closed(connection)
    assert [answers.count(b'{"name":"%d"' % number) for number in range(2000)] == [1] * 2000


def test_a_partial_request_before_a_half_close_ends_at_once(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(request("/open/parameters") + request("/open/parameters")[:-4])
        connection.shutdown(socket.SHUT_WR)
        assert until_closed(connection).count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_upgrade_to_another_protocol_is_ignored(address: str, body: bytes) -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
    length = (f"Content-Length: {len(body)}", "Content-Type: application/json")
    first = request("/open/small", *upgrade, *length, method="POST") + body
    answers = ask(address, first + request("/open/parameters", CLOSE))
    assert answers.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200" in answers


def test_a_client_that_expects_100_continue_gets_it(address: str) -> None:
    headers = ("Expect: 100-continue", "Content-Length: 9", "Content-Type: application/json", CLOSE)
    with connected(address) as connection:
        connection.sendall(request("/open/small", *headers, method="POST"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"a":"b"}')
        assert until_closed(connection).endswith(b'{"a":"b"}')


def test_a_refused_request_gets_no_100_continue(address: str) -> None:
    headers = ("Expect: 100-continue", "Content-Length: 9", "Content-Type: text/plain")
    answer = ask(address, request("/open/small", *headers, method="POST"))
    assert status(answer) == 415
    assert b"100 Continue" not in answer


@pytest.mark.parametrize("size", [1, 7, 8192, 8193, 100_000])
def test_a_body_in_pieces_arrives_whole(address: str, size: int) -> None:
    body = json.dumps(["x" * 60_000]).encode()
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[n : n + size] for n in range(0, len(body), size))
    )
    headers = ("Transfer-Encoding: chunked", "Content-Type: application/json", CLOSE)
    assert b"x" * 60_000 in ask(address, request("/open/kept", *headers, method="POST") + chunks + b"0\r\n\r\n")


# --- time ---------------------------------------------------------------------------------------------------------


def test_a_missing_head_is_408(hasty: str) -> None:
    answer = ask(hasty, request("/open/parameters")[:-2])
    assert status(answer) == 408
    assert b"head" in answer


def test_a_head_sent_byte_by_byte_is_408(hasty: str) -> None:
    with connected(hasty) as connection:
        connection.settimeout(0.2)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        answer = b""
        for _ in range(60):
            try:
                connection.sendall(b"X")
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
    assert status(answer) == 408


def test_a_connection_that_sends_nothing_is_closed(hasty: str) -> None:
    with connected(hasty) as connection:
        assert until_closed(connection) in (b"",)


def test_an_idle_connection_is_closed_later(hasty: str) -> None:
    with connected(hasty) as connection:
        connection.sendall(request("/open/parameters"))
        assert status(connection.recv(65_536)) == 200
        time.sleep(1.2)  # longer than a head may take
        connection.sendall(request("/open/parameters"))
        assert status(connection.recv(65_536)) == 200
        assert until_closed(connection) == b""


@pytest.mark.parametrize("trickles", [False, True])
def test_a_body_that_makes_no_progress_or_too_little_is_408(hasty: str, trickles: bool) -> None:
    headers = ("Content-Type: application/json", "Content-Length: 90")
    with connected(hasty) as connection:
        connection.settimeout(0.2)
        connection.sendall(request("/open/small", *headers, method="POST") + b"{")
        answer = b""
        for _ in range(80):
            try:
                answer = connection.recv(1000)
                break
            except TimeoutError:
                if trickles:
                    connection.sendall(b" ")
    assert status(answer) == 408
    assert b"body" in answer


def test_a_client_that_does_not_read_its_answer_is_dropped(hasty: str) -> None:
    host, _, port = hasty.removeprefix("http://").partition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.settimeout(60)
        connection.sendall(request("/open/endless"))
        time.sleep(4)
        try:
            received = until_closed(connection)
        except ConnectionError:
            received = b""
    assert not received.endswith(b"0\r\n\r\n")
    assert len(received) < 500_000_000


# --- number -------------------------------------------------------------------------------------------------------


def test_connections_per_address_are_limited(small: str) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(connected(small)) for _ in range(5)]
        for connection in taken:
            connection.sendall(request("/open/parameters"))
            assert status(connection.recv(65_536)) == 200
        with connected(small) as more:
            answer = until_closed(more)
        assert status(answer) == 429
        assert b"retry-after: 2" in answer
        taken[0].close()
        for _ in range(50):
            with connected(small) as more:
                more.sendall(request("/open/parameters", CLOSE))
                try:
                    if status(until_closed(more)) == 200:
                        break
                except ConnectionError:
                    pass
            time.sleep(0.1)
        else:
            raise AssertionError("the place did not become free")


def test_a_full_server_still_answers_health_checks() -> None:
    with served(max_connections=3) as full, ExitStack() as stack:
        taken = [stack.enter_context(connected(full)) for _ in range(3)]
        for connection in taken:
            connection.sendall(request("/open/parameters"))
            assert status(connection.recv(65_536)) == 200
        answer = ask(full, request("/open/parameters"))
        assert status(answer) == 503
        assert b"retry-after: 2" in answer
        for path in ("/health/live", "/Health/ready", "/metrics"):
            answer = ask(full, request(path))
            assert status(answer) == 404  # this small application has none of them, but was asked
            assert b"connection: close" in answer


def test_one_address_cannot_use_all_reserved_connections() -> None:
    with served(max_connections=1) as full, ExitStack() as stack:
        first = stack.enter_context(connected(full))
        first.sendall(request("/open/parameters"))
        assert status(first.recv(65_536)) == 200
        reserved = [stack.enter_context(connected(full)) for _ in range(RESERVE_PER_ADDRESS)]
        time.sleep(0.2)
        assert all(is_open(connection) for connection in reserved)
        with connected(full) as more:
            assert status(until_closed(more)) == 503


def test_a_trusted_proxy_may_have_more_connections_than_others() -> None:
    with (
        served(max_connections_per_address=2, trusted_proxies="127.0.0.0/8") as address,
        ExitStack() as stack,
    ):
        for _ in range(8):
            connection = stack.enter_context(connected(address))
            connection.sendall(request("/open/parameters"))
            assert status(connection.recv(65_536)) == 200


def test_refusals_are_counted_and_their_log_lines_limited(tmp_path: Path) -> None:
    from tests.running import running_server

    with running_server("--data", str(tmp_path), "--no-access-log") as server:
        for _ in range(20):
            assert status(ask(server.address, request("/", host="a b"))) == 400
        text = httpx.get(f"{server.address}/metrics").text
        server.stop()
    assert 'signfleet_connections_refused_total{reason="malformed"} 20.0' in text
    assert "signfleet_connections_limit" in text
    assert "signfleet_connections 1.0" in text
    refused = [line for line in server.log if line["event"] == "connection refused"]
    assert len(refused) == 1
    assert refused[0]["address"] == "127.0.0.1"
