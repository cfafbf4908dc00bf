"""What a handler is given, and what it gives back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from signfleet.audit.actor import Actor
from signfleet.errors import Invalid, Unauthenticated
from signfleet.http.conditional import Precondition
from signfleet.http.media import JSON_TYPE
from signfleet.wire.json import encode

if TYPE_CHECKING:
    import falcon.asgi

    from signfleet.access.sessions import Session
    from signfleet.wiring import Services


class Answer(msgspec.Struct):
    """A status, perhaps a body, and what conditional requests need to know of it."""

    status: int = 200
    body: bytes | None = None
    #: Instead of a body: one that is too long to be put together first.
    stream: AsyncIterator[bytes] | None = None
    media_type: str = JSON_TYPE
    #: ms; becomes `Last-Modified` and is what `If-Modified-Since` is compared with.
    last_modified: int | None = None
    #: Without quotes; becomes `ETag`.
    etag: str | None = None
    headers: dict[str, str] = {}


#: The answer of a change that has nothing to say.
NO_CONTENT = Answer(status=204)


def answer_json(
    value: Any,
    *,
    status: int = 200,
    last_modified: int | None = None,
    etag: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """`value` as compact JSON."""
    return Answer(status, encode(value), last_modified=last_modified, etag=etag, headers=headers or {})


class Call:
    """One request, after its checks: who calls, with which parameters and body."""

    __slots__ = ("_parameters", "body", "request", "services", "session")

    session: Session

    def __init__(self, services: Services, request: falcon.asgi.Request) -> None:
        self.services = services
        self.request = request
        #: Decoded to the declared type; bytes for what is not JSON; None where there was none.
        self.body: Any = None
        self._parameters: dict[str, str] | None = None

    @property
    def now(self) -> int:
        """ms"""
        return time.time_ns() // 1_000_000

    @property
    def network_id(self) -> int:
        """The chosen network; endpoints for which one has to be chosen are not called without."""
        network_id = self.session.network_id
        assert network_id is not None
        return network_id

    def parameter(self, name: str) -> str | None:
        """A query parameter whatever the letter case of its name; an empty one counts as not given."""
        if not self.request.query_string:
            return None
        if self._parameters is None:
            self._parameters = {
                key.lower(): value if isinstance(value, str) else value[-1]
                for key, value in self.request.params.items()
            }
        value = self._parameters.get(name.lower()) or None
        if value is not None and ("\x00" in value or "\ufffd" in value):
            raise Invalid(f"Query parameter '{name}' is not valid UTF-8 text or holds a NUL character.")
        return value

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
        """The token that the request carries, unchecked. Raises `Unauthenticated` where there is none."""
        header = self.request.get_header("Authorization")
        if header is None:
            raise Unauthenticated("A token is needed: send it as 'Authorization: Bearer <token>'.")
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("The Authorization header has to read 'Bearer <token>'.")
        return token

    @property
    def precondition(self) -> Precondition:
        """What the caller demands of the state that it is about to change."""
        return Precondition.of(self.request)

    @property
    def address(self) -> str:
        """Where the call comes from, for throttling and the audit trail."""
        return self.request.remote_addr or ""

    @property
    def actor(self) -> Actor:
        """Who calls, for the audit trail."""
        session = getattr(self.request.context, "session", None)
        if session is None:
            return Actor("anonymous", self.address)
        return Actor(session.login or f"device {session.device_id}", self.address)

    @property
    def base_url(self) -> str:
        """How the caller addresses this server, for links: `http://host:port`."""
        return self.services.settings.public_url or f"{self.request.scheme}://{self.request.netloc}"
