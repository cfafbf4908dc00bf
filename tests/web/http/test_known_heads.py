"""A head that came before needs no parser, and means exactly what the parser would read."""

from __future__ import annotations

import string
from contextlib import suppress
from typing import Any

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signfleet.web.http.connection_limits import Limits
from signfleet.web.http.known_heads import GROUPS, LENGTH, LINES, KnownHeads
from signfleet.web.http.rejection import RequestRejected
from signfleet.web.http.request_head import Request, RequestHead
from signfleet.web.http.request_parser import RequestParser
from tests.web.http.app import served
from tests.web.http.wire import connected, request, status, until_closed


class Reader:
    """What the parser makes of the requests that arrive on one connection."""

    def __init__(self, known: KnownHeads) -> None:
        self.requests: list[Request] = []
        self._head = RequestHead(Limits(), known)
        self.on_url, self.on_header = self._head.add_target, self._head.add_field
        self._parser = RequestParser(self, self._head, 65_536)

    def on_message_begin(self) -> None:
        self._head.begin()

    def on_headers_complete(self) -> None:
        self._head.moved = True
        self.requests.append(self._head.finish(self._parser.parser))

    def read(self, *portions: bytes) -> list[dict[str, Any]]:
        for portion in portions:
            self._parser.unread.append(portion)
            self._parser.feed()
        return [request.scope for request in self.requests]


def read(known: KnownHeads, *portions: bytes) -> list[dict[str, Any]]:
    return Reader(known).read(*portions)


def test_a_line_and_fields_that_came_before_are_known() -> None:
    known = KnownHeads()
    first, other = request("/a%20b/?c=d", "Accept: x"), request("/other", "Authorization: y")
    assert known.find(first) is None
    expected = read(known, first) + read(known, other)
    assert [known.find(first), known.find(other)] == expected
    assert known.find(request("/other", "Accept: x")) == expected[1] | {"headers": expected[0]["headers"]}
    assert known.find(request("/third", "Accept: x")) is None


@pytest.mark.parametrize(
    "sent",
    [
        request("/a", "Connection: close"),
        request("/a", "Connection: Upgrade", "Upgrade: h2c"),
        request("/a", "Content-Length: 0"),
        request("/a", "Transfer-Encoding: chunked"),
        request("/a", "Expect: 100-continue"),
        request("/a", method="HEAD"),
        request("/a", method="DELETE"),
        request("/a").replace(b"1.1", b"1.0"),
        request(f"/{'a' * LENGTH}"),
        request("/a", f"Cookie: {'a' * LENGTH}"),
        request("/a") + request("/b"),
        request("/a") + b"GET",
        b"\r\n" + request("/a"),
    ],
)
def test_an_unusual_head_is_not_known(sent: bytes) -> None:
    known = KnownHeads()
    read(known, sent)
    assert known.find(sent) is None


def test_a_head_in_two_parts_is_not_known() -> None:
    known, sent = KnownHeads(), request("/a")
    read(known, sent[:9], sent[9:])
    assert known.find(sent) is known.find(sent[9:]) is None


def test_a_browser_that_asks_to_keep_the_connection_is_known() -> None:
    known, sent = KnownHeads(), request("/a", "Connection: Keep-Alive")
    expected = read(known, sent)
    assert [known.find(sent)] == expected


def test_only_so_many_are_known() -> None:
    known = KnownHeads()
    for number in range(max(LINES, GROUPS) + 1):
        read(known, request(f"/{number}", f"X: {number}"))
    assert known.find(request("/0", "X: 0")) is None
    assert known.find(request(f"/{number}", f"X: {number}")) is not None


PIECES = st.sampled_from(
    [b"GET", b" ", b"/", b"/a?b=%20", b" HTTP/1.1", b"\r\n", b"\n", b"\r", b"Host: x", b":", b"A: b"]
)
TEXT = st.text(string.ascii_letters + string.digits + "/?&=%-._~", max_size=20)


@given(st.lists(PIECES, max_size=12).map(b"".join), st.lists(PIECES, max_size=12).map(b"".join), TEXT)
def test_what_is_known_equals_what_the_parser_reads(before: bytes, after: bytes, text: str) -> None:
    usual = request(f"/{text}", "A: b")
    known = KnownHeads()
    for sent in (before, after, before + after, usual, usual + before, before + usual):
        with suppress(RequestRejected, httptools.HttpParserError):
            read(known, sent)
    for sent in (before, after, before + after, before + usual, usual + after, request(f"/{text}", "A: b")):
        found = known.find(sent)
        if found is not None:
            assert read(KnownHeads(), sent) == [found]


def test_known_heads_and_others_take_turns_on_one_connection() -> None:
    body = request("/open/echo", "Content-Type: application/json", "Content-Length: 2", method="POST")
    with served() as address, connected(address) as connection:
        for _ in range(3):
            for size in (10, 20):
                connection.sendall(request(f"/open/parameters?pageSize={size}"))
                assert connection.recv(65_536).endswith(b'"size":%d}' % size)
            connection.sendall(body + b"{}")
            assert status(connection.recv(65_536)) != 400
            split = request("/open/parameters")
            connection.sendall(split[:30])
            connection.sendall(split[30:])
            assert connection.recv(65_536).endswith(b'"size":100}')
        connection.sendall(request("/open/parameters") * 2 + request("/open/parameters", "Connection: close"))
        assert until_closed(connection).count(b'"size":100}') == 3
