"""The head of a request: counts it while it arrives, checks it when it is complete, and makes an ASGI scope of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import httptools

from signfleet.web.http.authority import is_authority
from signfleet.web.http.known_heads import KnownHeads
from signfleet.web.http.media import CACHED_LENGTH
from signfleet.web.http.rejection import Rejection, RequestRejected, malformed
from signfleet.web.http.response import EXTENSIONS

#: A longer address is rejected: the server unescapes and searches its parts before it knows the caller.
TARGET = 16_384


#: Fields that announce a body or another protocol.
_OF_MESSAGE = {b"content-length", b"expect", b"trailer", b"transfer-encoding", b"upgrade"}


class HeadLimits(Protocol):
    """The limits of a head."""

    @property
    def head_size(self) -> int: ...
    @property
    def headers(self) -> int: ...


class Request(NamedTuple):
    """A complete head: the scope, and how to treat the body and the connection."""

    scope: dict[str, Any]
    keep_alive: bool
    #: Of the body; None for a chunked one.
    length: int | None
    expects_continue: bool

    def framing(self) -> bytes:
        """Returns another head that frames the same body."""
        body = b"transfer-encoding: chunked" if self.length is None else b"content-length: %d" % self.length
        connection = b"keep-alive" if self.keep_alive else b"close"
        return b"POST / HTTP/1.1\r\n%b\r\nconnection: %b\r\n\r\n" % (body, connection)


class RequestHead:
    """Collects a connection's heads, one after the other. Raises `RequestRejected` from inside the parser's callbacks.

    It checks limits when a head is complete and after each portion that the parser gets, not for each field.
    """

    __slots__ = ("_arrived", "_known", "_limits", "_portion", "_sent", "_target", "headers", "is_open", "moved")

    def __init__(self, limits: HeadLimits, known: KnownHeads) -> None:
        self._limits = limits
        self._known = known
        #: True from a request's first byte until its head is complete.
        self.is_open = False
        #: Whether the parser has completed anything but fields since the portion began.
        self.moved = False
        self._target = b""
        #: Fields of the head; after it those that follow a chunked body, which are counted and ignored.
        self.headers: list[tuple[bytes, bytes]] = []
        #: Bytes of the portion that the parser reads now, and of all portions since the head began.
        self._portion = self._arrived = 0
        #: That portion, unless a head began before it.
        self._sent: bytes | memoryview = b""

    def read(self, portion: bytes | memoryview) -> None:
        """Counts a portion that the parser is about to read."""
        self.moved = False
        self._portion = len(portion)
        self._arrived += self._portion
        self._sent = b"" if self.is_open else portion

    def begin(self) -> None:
        self.moved = self.is_open = True
        self._target = b""
        self.headers = []
        self._arrived = self._portion

    def add_target(self, part: bytes) -> None:
        """Adds a part of the address."""
        self.moved = True
        self._target += part
        if len(self._target) > TARGET:
            raise RequestRejected(
                Rejection(414, "uri_too_long", f"The address is longer than {TARGET} bytes.", "long address")
            )

    def add_field(self, name: bytes, value: bytes) -> None:
        """Adds a field."""
        self.headers.append((name.lower(), value))

    def is_too_long(self) -> bool:
        """Returns whether the head has too many fields, or too many bytes in them and the address."""
        headers, limits = self.headers, self._limits
        if len(headers) > limits.headers:
            return True
        if self._arrived <= limits.head_size:
            return False
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in headers) > limits.head_size

    def too_long(self) -> Rejection:
        limits = self._limits
        text = f"The head of the request has more than {limits.headers} fields or {limits.head_size} bytes."
        return Rejection(431, "request_header_fields_too_large", text, "long head")

    def finish(self, parser: httptools.HttpRequestParser) -> Request:
        """Returns the request of a complete head. Raises `RequestRejected`."""
        if self.is_too_long():
            raise RequestRejected(self.too_long())
        self.is_open = False
        headers, self.headers = self.headers, []
        target, self._target = self._target, b""
        sent, self._sent = self._sent, b""
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        if version not in ("1.1", "1.0"):
            raise RequestRejected(
                Rejection(505, "http_version_not_supported", f"This server does not speak HTTP/{version}.", "malformed")
            )
        if method == "CONNECT":
            raise RequestRejected(Rejection(501, "not_implemented", "This server is no proxy.", "malformed"))
        fields = dict(headers)
        if len(fields) < len(headers):
            _check_single(headers)
        _check_host(fields.get(b"host"), version)
        coding = fields.get(b"transfer-encoding")
        if coding is not None and coding.strip().lower() != b"chunked":
            raise RequestRejected(_other_coding())
        try:
            url = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            raise RequestRejected(malformed("its address is malformed")) from None
        raw_path = url.path or b"/"
        path = raw_path.decode("ascii")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "scheme": "http",
            "method": method,
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": url.query or b"",
            "root_path": "",
            "extensions": EXTENSIONS,
            "headers": headers,
        }
        keep_alive = version == "1.1" and parser.should_keep_alive()
        if keep_alive and method == "GET" and type(sent) is bytes and _is_plain(fields):
            self._known.remember(sent, scope, target)
        return Request(
            scope,
            keep_alive,
            int(fields.get(b"content-length", b"0")) if coding is None else None,
            b"expect" in fields and fields[b"expect"].lower() == b"100-continue",
        )


def _is_plain(fields: dict[bytes, bytes]) -> bool:
    """Returns whether a head has no body behind it, and offers no other protocol."""
    return fields.keys().isdisjoint(_OF_MESSAGE) and fields.get(b"connection", b"").lower() in (b"", b"keep-alive")


def _check_single(headers: list[tuple[bytes, bytes]]) -> None:
    """Rejects a head that repeats a field which frames the message or names its host."""
    names = [name for name, _ in headers]
    if names.count(b"host") > 1:
        raise RequestRejected(malformed("the header 'Host' is there more than once"))
    if names.count(b"transfer-encoding") > 1:
        raise RequestRejected(_other_coding())


def _check_host(host: bytes | None, version: str) -> None:
    if host is None:
        if version == "1.1":
            raise RequestRejected(malformed("the header 'Host' is missing"))
    elif not (_is_host(host) if len(host) <= CACHED_LENGTH else is_authority(host.decode("latin-1"))):
        raise RequestRejected(malformed("the header 'Host' is no host with or without a port"))


@lru_cache(1024)
def _is_host(host: bytes) -> bool:
    return is_authority(host.decode("latin-1"))


def _other_coding() -> Rejection:
    return Rejection(501, "not_implemented", "The only Transfer-Encoding here is chunked.", "malformed")
