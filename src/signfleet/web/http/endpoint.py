"""One declaration per endpoint: the route, the order of checks, the OpenAPI document and the compatibility table all
come from it.

    endpoints = Endpoints("/2022/06/REST/Devices")

    @endpoints.get("/{device}/", operation=VIEW_DEVICE, answer=Player)
    async def get_device(call: Call, device: str) -> Answer: ...

The family, scope, statuses and errors of a documented route come from `contract.tsv`, which alone declares them.
signfleet's own endpoints declare what differs from the defaults.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypedDict, Unpack

from msgspec import Meta

from signfleet.web.http.call import Answer, Call
from signfleet.web.http.documented import routes
from signfleet.web.http.errors import ErrorBody
from signfleet.web.http.media import JSON_TYPE

Handler = Callable[..., Awaitable[Answer]]
ErrorForm = Callable[[Call, int, ErrorBody], Any]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
#: Who may call an endpoint: "network" needs a token with a chosen network, "person" a person's token, "device" a
#: player's token, "public" no token.
Caller = Literal["network", "person", "device", "public"]


class Operation(Protocol):
    """A business operation that a caller needs. Only its name matters here; the OpenAPI document shows it."""

    @property
    def key(self) -> str: ...


#: Larger bodies are refused, unless an endpoint declares another limit. Decoding blocks the event loop; JSON of this
#: size and of any shape takes less than a millisecond.
BODY_LIMIT = 65_536

JSON = (JSON_TYPE,)
JSON_PATCH = ("application/json-patch+json", JSON_TYPE)
FORM = ("application/x-www-form-urlencoded",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, whose name matches in any letter case, or a form field; for the OpenAPI document."""

    name: str
    description: str
    type: Any = str
    required: bool = False


PageSize = Annotated[int, Meta(ge=1, le=100)]
FILTER = Parameter("filter", "An expression that narrows the result.")
SORT = Parameter("sort", "An expression that orders the result, such as `[Id] ASC`.")
MARKER = Parameter("marker", "`nextMarker` of the previous page.")
PAGE_SIZE = Parameter("pageSize", "How many items a page has: 1 to 100, 100 by default.", PageSize)
PAGING = (MARKER, PAGE_SIZE)
#: The parameters of a list that clients filter, sort and page.
LISTING = (FILTER, SORT, *PAGING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The declaration of an endpoint, with its handler."""

    method: Method
    path: str
    handler: Handler
    family: str
    #: Success and failure statuses as the contract lists them.
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    #: Failure statuses that this server adds to the contract's list.
    more: tuple[str, ...] = ()
    #: Any one of these scopes is enough; empty for public endpoints.
    scopes: tuple[str, ...] = ()
    #: The business operation that the caller needs, if any.
    operation: Operation | None = None
    #: Other operations, of which any one is enough instead.
    alternatives: tuple[Operation, ...] = ()
    caller: Caller = "network"
    #: The types of the request body and of the answer; None: no body.
    body: Any = None
    answer: Any = None
    #: The body may leave properties out; the handler gets a dict.
    partial: bool = False
    #: Media types of the body. With `body_optional`, the handler gets None for an empty body.
    consumes: tuple[str, ...] = JSON
    body_optional: bool = False
    body_limit: int = BODY_LIMIT
    #: The type of a body that does not fit `body`: the handler says what of it does not.
    body_otherwise: Any = None
    #: The body may be sent with `Content-Encoding: gzip`.
    packed: bool = False
    parameters: tuple[Parameter, ...] = ()
    #: Other paths of the same endpoint; a segment `*` stands for any number, as in versions of the API.
    aliases: tuple[str, ...] = ()
    #: The answer contains a secret: it must not be compressed or cached.
    secret: bool = False
    #: The media type of the answer; a request whose Accept header excludes it gets 406.
    produces: str = JSON_TYPE
    #: A client whose Accept header names `text/event-stream` gets a stream instead.
    streams: bool = False
    #: An OAuth endpoint: its errors follow RFC 6749, not the contract's error entity.
    oauth: bool = False
    #: Returns the body of an error, from its status and the contract's entity, where that differs from the entity.
    error_body: ErrorForm | None = None
    #: The fields of a form body, for the OpenAPI document.
    form: tuple[Parameter, ...] = ()

    @property
    def description(self) -> str:
        """Returns the handler's docstring."""
        return inspect.cleandoc(self.handler.__doc__ or "")

    @property
    def summary(self) -> str:
        """Returns the first line of the description."""
        return self.description.partition("\n")[0]


class _Facts(TypedDict, total=False):
    """The fields of `Endpoint` that a decorator passes through; `Endpoint` has their defaults."""

    operation: Operation | None
    alternatives: tuple[Operation, ...]
    caller: Caller
    body: Any
    answer: Any
    partial: bool
    consumes: tuple[str, ...]
    body_optional: bool
    body_limit: int
    body_otherwise: Any
    packed: bool
    parameters: tuple[Parameter, ...]
    aliases: tuple[str, ...]
    secret: bool
    produces: str
    streams: bool
    oauth: bool
    error_body: ErrorForm | None
    form: tuple[Parameter, ...]


class Declaration(_Facts, total=False):
    """The keywords of a decorator. Statuses are one text, separated by spaces."""

    scope: str | tuple[str, ...]
    statuses: str
    errors: str
    more: str


#: The success status of signfleet's own endpoints that declare none.
_DEFAULT_STATUSES: dict[Method, str] = {"GET": "200", "POST": "201", "PUT": "204", "PATCH": "204", "DELETE": "204"}


def _default_errors(path: str, *, has_body: bool) -> str:
    """Returns the failure statuses of one of signfleet's own endpoints that declares none."""
    return f"400 401 403{' 404' if '{' in path else ''} 406{' 413 415' if has_body else ''} 5XX"


class Endpoints:
    """Collects the endpoints of one part through decorators; every path begins with `prefix`.

    Keywords given here apply to all of them. `family` is the heading in the documentation; documented routes take the
    contract's, others need one.
    """

    def __init__(self, prefix: str, *, family: str = "", **shared: Unpack[Declaration]) -> None:
        self.prefix = prefix
        self.declared: list[Endpoint] = []
        self._family = family
        self._shared = shared

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.declared)

    def get(self, path: str, **declaration: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, **(self._shared | declaration))

    def post(self, path: str, **declaration: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, **(self._shared | declaration))

    def put(self, path: str, **declaration: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        return self._declare("PUT", path, **(self._shared | declaration))

    def patch(self, path: str, **declaration: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path, **(Declaration(consumes=JSON_PATCH) | self._shared | declaration))

    def delete(self, path: str, **declaration: Unpack[Declaration]) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, **(self._shared | declaration))

    def _declare(
        self,
        method: Method,
        path: str,
        *,
        scope: str | tuple[str, ...] = (),
        statuses: str = "",
        errors: str = "",
        more: str = "",
        **facts: Unpack[_Facts],
    ) -> Callable[[Handler], Handler]:
        path = self.prefix + path
        family, scopes = self._family, (scope,) if isinstance(scope, str) else scope
        documented = routes().get((method, path))
        if documented:
            if scope or statuses or errors:
                raise ValueError(f"{method} {path}: scope, statuses and errors are those of contract.tsv.")
            family, scopes, statuses, errors = documented
        elif not family:
            raise ValueError(f"{method} {path} is not in contract.tsv: its Endpoints need a family.")
        statuses = statuses or _DEFAULT_STATUSES[method]
        errors = errors or _default_errors(path, has_body=facts.get("body") is not None)

        def declare(handler: Handler) -> Handler:
            self.declared.append(
                Endpoint(
                    method=method,
                    path=path,
                    handler=handler,
                    family=family,
                    scopes=scopes,
                    statuses=tuple(statuses.split()),
                    errors=tuple(errors.split()),
                    more=tuple(more.split()),
                    **facts,
                )
            )
            return handler

        return declare


__all__ = [
    "FILTER",
    "FORM",
    "LISTING",
    "MARKER",
    "PAGE_SIZE",
    "PAGING",
    "SORT",
    "Answer",
    "Call",
    "Declaration",
    "Endpoint",
    "Endpoints",
    "Parameter",
]
