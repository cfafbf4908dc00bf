"""The head of a request: counted while it is read, checked when it is whole, and put into an ASGI scope."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

import httptools

from signfleet.http.authority import is_authority
from signfleet.http.refusal import Refusal, Refused, malformed

#: A longer address is refused: its parts are unescaped and searched before anybody has signed in.
TARGET = 16_384


class HeadLimits(Protocol):
    """How much of a head is read."""

    @property
    def head_size(self) -> int: ...
    @property
    def headers(self) -> int: ...


class Request(NamedTuple):
    """A whole head: the scope, and how its body and the connection are to be treated."""

    scope: dict[str, Any]
    keep_alive: bool
    #: Of the body; None for a chunked one.
    length: int | None
    expects_continue: bool

    def framing(self) -> bytes:
        """Another head with the same body behind it."""
        body = b"transfer-encoding: chunked" if self.length is None else b"content-length: %d" % self.length
        connection = b"keep-alive" if self.keep_alive else b"close"
        return b"POST / HTTP/1.1\r\n%b\r\nconnection: %b\r\n\r\n" % (body, connection)


class Head:
    """Collects a connection's heads, one after the other. Raises `Refused` from inside the parser's callbacks."""

    __slots__ = ("_fields", "_limits", "_size", "_target", "headers", "is_open", "moved")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        #: From a request's first byte until its head is whole.
        self.is_open = False
        #: Whether the parser has come to the end of anything since this was last set to false.
        self.moved = False
        self._target = bytearray()
        self.headers: list[tuple[bytes, bytes]] = []
        self._fields = self._size = 0

    def begin(self) -> None:
        self.moved = self.is_open = True
        self._target = bytearray()
        self.headers = []
        self._fields = self._size = 0

    def add_target(self, part: bytes) -> None:
        """A part of the address."""
        self.moved = True
        self._target += part
        self._count(len(part))
        if len(self._target) > TARGET:
            raise Refused(Refusal(414, "uri_too_long", f"The address is longer than {TARGET} bytes.", "long address"))

    def add_field(self, name: bytes, value: bytes) -> None:
        """A field of the head, or one behind a chunked body, which is counted and passed over."""
        self.moved = True
        self._fields += 1
        self._count(len(name) + len(value) + 4)
        if self.is_open:
            self.headers.append((name.lower(), value))

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.head_size or self._fields > self._limits.headers:
            raise Refused(self.too_long())

    def too_long(self) -> Refusal:
        limits = self._limits
        text = f"The head of the request has more than {limits.headers} fields or {limits.head_size} bytes."
        return Refusal(431, "request_header_fields_too_large", text, "long head")

    def finish(self, parser: httptools.HttpRequestParser) -> Request:
        """What the head asks for; `Refused` where it is none that may be answered."""
        self.is_open = False
        self._fields = self._size = 0
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        if version not in ("1.1", "1.0"):
            raise Refused(
                Refusal(505, "http_version_not_supported", f"HTTP/{version} is not spoken here.", "malformed")
            )
        if method == "CONNECT":
            raise Refused(Refusal(501, "not_implemented", "This server is no proxy.", "malformed"))
        headers = self.headers
        fields = dict(headers)
        self._check_host(fields, version)
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (coding.strip().lower() != b"chunked" or self._is_double(b"transfer-encoding")):
            raise Refused(Refusal(501, "not_implemented", "The only Transfer-Encoding here is chunked.", "malformed"))
        try:
            url = httptools.parse_url(bytes(self._target))
        except httptools.HttpParserInvalidURLError:
            raise Refused(malformed("its address is none")) from None
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
            "headers": headers,
        }
        return Request(
            scope,
            version == "1.1" and parser.should_keep_alive(),
            int(fields.get(b"content-length", b"0")) if coding is None else None,
            b"expect" in fields and fields[b"expect"].lower() == b"100-continue",
        )

    def _check_host(self, fields: dict[bytes, bytes], version: str) -> None:
        host = fields.get(b"host")
        if host is None:
            if version == "1.1":
                raise Refused(malformed("the header 'Host' is missing"))
        elif self._is_double(b"host"):
            raise Refused(malformed("the header 'Host' is there more than once"))
        elif not is_authority(host.decode("latin-1")):
            raise Refused(malformed("the header 'Host' is no host with or without a port"))

    def _is_double(self, field: bytes) -> bool:
        return sum(name == field for name, _ in self.headers) > 1
