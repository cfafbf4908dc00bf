"""The request as a handler gets it, and the answer that it returns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec

from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid, MissingToken
from signfleet.foundation.wire.address import canonical
from signfleet.foundation.wire.json import encode
from signfleet.web.caller.actor import Actor
from signfleet.web.contract.conditional import Precondition
from signfleet.web.http.media import JSON_TYPE
from signfleet.web.http.response import Receive

if TYPE_CHECKING:
    from signfleet.web.caller.session import Session

T = TypeVar("T")

#: How many parameters a query may have, and how many escaped bytes (`%5B`): each takes its time to read.
PARAMETERS_LIMIT = 50
ESCAPES_LIMIT = 4096
#: A longer query is parsed each time: strangers could fill the memory.
CACHED_QUERY = 512


class Answer(msgspec.Struct):
    """A status, a body if there is one, and its validators for conditional requests."""

    status: int = 200
    body: bytes | None = None
    #: Instead of a body, if that is too long for the memory or has no end.
    stream: AsyncGenerator[bytes, None] | None = None
    media_type: str = JSON_TYPE
    #: ms; becomes `Last-Modified` and is what `If-Modified-Since` is compared with.
    last_modified: int | None = None
    #: Without quotes; becomes `ETag`.
    etag: str | None = None
    headers: dict[str, str] = {}


#: The answer to a change that returns no entity.
NO_CONTENT = Answer(status=204)


def answer_json(
    value: Any,
    *,
    status: int = 200,
    last_modified: int | None = None,
    etag: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Answers `value` as compact JSON."""
    return Answer(status, encode(value), last_modified=last_modified, etag=etag, headers=headers or {})


def answer_created(call: Call, entity: Any, prefix: str, *segments: object) -> Answer:
    """Returns 201 with the new entity; Location is its absolute URI, of these parts of a path below `prefix`.

    A relative one would lose the path below which a proxy serves this server.
    """
    path = "/".join(quote(str(segment), safe="") for segment in segments)
    return answer_json(entity, status=201, headers={"Location": f"{call.base_url}{prefix}/{path}/"})


class Disconnected(Exception):
    """The client left before its request was complete."""


class Call:
    """One request, and after its checks the session of its caller."""

    __slots__ = ("_headers", "_parameters", "_public_base", "_receive", "_scope", "body", "method", "session")

    #: Missing before the token was checked, and on public endpoints.
    session: Session

    def __init__(self, scope: Mapping[str, Any], receive: Receive, public_base: str) -> None:
        self._public_base = public_base
        self.method: str = scope["method"]
        #: Decoded to the declared type; bytes for what is not JSON; None where there was none.
        self.body: Any = None
        self._scope = scope
        self._receive = receive
        headers = scope["headers"]
        self._headers: dict[bytes, bytes] = dict(headers)
        if len(self._headers) < len(headers):
            self._headers = _joined(headers)
        self._parameters: Mapping[str, str] | None = None

    def has_header(self, name: bytes) -> bool:
        """Returns whether the request has a header, by its name in small letters."""
        return name in self._headers

    def header(self, name: bytes) -> str | None:
        """Returns a header, by its name in small letters."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def path(self) -> str:
        """Without the query, unescaped."""
        path: str = self._scope["path"]
        return path

    @property
    def raw_path(self) -> bytes:
        """Without the query, as it was sent."""
        raw_path: bytes = self._scope["raw_path"]
        return raw_path

    @property
    def query(self) -> str:
        """After the path, as it was sent."""
        query: bytes = self._scope["query_string"]
        return query.decode("latin-1")

    @property
    def is_over_tls(self) -> bool:
        """Whether the client spoke TLS, with a trusted proxy that says so."""
        return self._scope.get("scheme") == "https"

    @property
    def now(self) -> int:
        """ms, an even number: that of something new says that there was no other state before (`datetime.settled`)."""
        return clock.now() // 2 * 2

    @property
    def network_id(self) -> int:
        """The chosen network; endpoints for which one has to be chosen are not called without."""
        return self.session.network

    def parameter(self, name: str) -> str | None:
        """Returns a query parameter whatever the letter case of its name; an empty one counts as not given."""
        query: bytes = self._scope["query_string"]
        if not query and self._parameters is None:
            return None
        if self._parameters is None:
            self._parameters = _parsed_cached(query) if len(query) <= CACHED_QUERY else _parsed(query)
        value = self._parameters.get(name.lower()) or None
        if value is not None and ("\x00" in value or "\ufffd" in value):
            raise Invalid(f"Query parameter '{name}' is not valid UTF-8 text or contains a NUL character.")
        return value

    def set_parameter(self, name: str, value: str) -> None:
        """Sets a query parameter, as if the client had sent it."""
        self.parameter(name)
        self._parameters = {**(self._parameters or {}), name.lower(): value}

    def body_length(self, limit: int) -> int:
        """Returns how many bytes the body has at most; a body longer than `limit` is not read."""
        length = limit if b"transfer-encoding" in self._headers else self._content_length
        return 0 if length > limit else length

    async def read(self, limit: int) -> bytes | None:
        """Returns the body, or None where it has more than `limit` bytes. Raises `Disconnected`."""
        if self._content_length > limit:
            return None
        chunks: list[bytes] = []
        room = limit
        while True:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise Disconnected
            chunks.append(event.get("body", b""))
            room -= len(chunks[-1])
            if room < 0:  # a chunked body does not announce its length
                return None
            if not event.get("more_body", False):
                return b"".join(chunks)

    async def unless_left(self, answer: Coroutine[Any, Any, T]) -> T:
        """Returns what `answer` returns; cancels it and raises `Disconnected` when the client leaves before.

        For what waits long, after the body was read.
        """
        answering = asyncio.ensure_future(answer)
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            raise Disconnected
        finally:  # also where the server stops and cancels this task
            for task in (answering, leaving):
                task.cancel()
            await asyncio.wait((answering, leaving))

    async def _left(self) -> None:
        """Returns when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    @property
    def _content_length(self) -> int:
        """The announced length of the body, 0 for none. The parser rejects lengths that are no numbers."""
        length = self._headers.get(b"content-length", b"0")
        return int(length) if length.isdigit() and len(length) < 20 else 0

    @property
    def person_id(self) -> int:
        """Who calls; endpoints that are for people are not called by devices."""
        person_id = self.session.person_id
        assert person_id is not None
        return person_id

    @property
    def device_id(self) -> int:
        """The device that calls; endpoints for players are not called by people."""
        device_id = self.session.device_id
        assert device_id is not None
        return device_id

    @property
    def bearer_token(self) -> str:
        """The token that the request carries, unchecked. Raises `MissingToken` where there is none."""
        header = self.header(b"authorization")
        if header is None:
            raise MissingToken("A token is needed: send it as 'Authorization: Bearer <token>'.")
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise MissingToken("The Authorization header has to read 'Bearer <token>'.")
        return token

    @property
    def precondition(self) -> Precondition:
        """The caller's conditions on the state that it is about to change."""
        return Precondition.of(self.header(b"if-unmodified-since"), self.header(b"if-match"))

    @property
    def address(self) -> str:
        """Where the call comes from, for throttling, the log and the audit trail: the client, as proxies forward it."""
        client = self._scope.get("client")
        return canonical(client[0]) if client else ""

    @property
    def actor(self) -> Actor:
        """Who calls, for the audit trail."""
        session = self.known_session
        if session is None:
            return Actor("anonymous", self.address, self.proven_url)
        return Actor(session.login or f"device {session.device_id}", self.address, self.proven_url)

    @property
    def known_session(self) -> Session | None:
        """The session, if the caller is known."""
        return getattr(self, "session", None)

    @property
    def base_url(self) -> str:
        """How the caller addresses this server, for links: `http://host:port`, perhaps with a path."""
        return self.proven_url or f"{self._scope['scheme']}://{self.header(b'host') or self._server}"

    @property
    def proven_url(self) -> str | None:
        """`base_url` as far as the operator's setting or a trusted proxy says it: no caller can make it up."""
        if self._public_base:
            return self._public_base
        host = self._scope.get("forwarded_host")
        return None if host is None else f"{self._scope['scheme']}://{host}"

    @property
    def port(self) -> int | None:
        """The port of this server that the call came to."""
        port: int | None = self._scope["server"][1]
        return port

    @property
    def _server(self) -> str:
        """The address that the server listens at: clients of HTTP/1.0 need not name one."""
        host, port = self._scope["server"]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parsed(query: bytes) -> Mapping[str, str]:
    """Returns values by their names in small letters.

    Raises `Invalid` for more of them, or of what is escaped, than any good request has.
    """
    if query.count(b"&") >= PARAMETERS_LIMIT:
        raise Invalid(f"The query has more than {PARAMETERS_LIMIT} parameters.")
    if query.count(b"%") > ESCAPES_LIMIT:
        raise Invalid(f"The query has more than {ESCAPES_LIMIT} escaped bytes; write a shorter one, or two requests.")
    return {name.lower(): value for name, value in parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)}


#: Clients repeat their queries.
_parsed_cached = lru_cache(maxsize=1024)(_parsed)


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name; one that is sent more than once reads as a list (RFC 9110, section 5.3)."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(parts) for name, parts in values.items()}
