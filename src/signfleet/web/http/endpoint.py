"""One declaration per endpoint: the route, the order of checks, the OpenAPI document and the compatibility table all
come from it.

    endpoints = Endpoints("/2022/06/REST/Devices")

    @endpoints.get("/{device}/", operation=VIEW_DEVICE, answer=Player)
    async def get_device(call: Call, device: str) -> Answer: ...

What the contract documents of a route (family, scope, statuses, errors) comes from `contract.tsv` and is declared
nowhere else. Endpoints of our own declare it, as far as it is not what is usual.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypedDict, Unpack

from msgspec import Meta

from signfleet.web.http.call import Answer, Call
from signfleet.web.http.documented import routes
from signfleet.web.http.media import JSON_TYPE

Handler = Callable[..., Awaitable[Answer]]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
#: Who may call an endpoint at all: "network" needs a chosen network, "person" a person's token, "device" a player's,
#: "public" nothing.
Caller = Literal["network", "person", "device", "public"]


class Operation(Protocol):
    """A business operation that a caller needs: opaque here but for its name, which the OpenAPI document shows."""

    @property
    def key(self) -> str: ...


#: A body larger than this is refused, unless an endpoint declares another limit. To decode so much JSON, of whatever
#: kind, takes less than a millisecond, in which nobody else is served.
BODY_LIMIT = 65_536

JSON = (JSON_TYPE,)
JSON_PATCH = ("application/json-patch+json", JSON_TYPE)
FORM = ("application/x-www-form-urlencoded",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, whose name has no letter case, or a field of a form; for the OpenAPI document."""

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
#: What lists take that are filtered, sorted and paged.
LISTING = (FILTER, SORT, *PAGING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What an endpoint is, apart from what it does."""

    method: Method
    path: str
    handler: Handler
    family: str
    #: Success and failure statuses as the contract lists them.
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    #: Failure statuses that this server answers beyond the contract's list.
    more: tuple[str, ...] = ()
    #: Any one of these scopes is enough; empty for public endpoints.
    scopes: tuple[str, ...] = ()
    #: The business operation the caller needs, where there is one.
    operation: Operation | None = None
    caller: Caller = "network"
    #: The type of the body, and of the answer; None for no body.
    body: Any = None
    answer: Any = None
    #: The body may leave properties out and is handed over as a dict.
    partial: bool = False
    #: Media types the body may have. An empty body is passed as None where `body_optional`.
    consumes: tuple[str, ...] = JSON
    body_optional: bool = False
    body_limit: int = BODY_LIMIT
    parameters: tuple[Parameter, ...] = ()
    #: Other addresses of the same endpoint.
    aliases: tuple[str, ...] = ()
    #: The answer must not be compressed or cached: it carries a secret.
    secret: bool = False
    #: The media type of the answer, which the Accept header has to admit.
    produces: str = JSON_TYPE
    #: It speaks OAuth: its errors have the form of RFC 6749, not that of the contract's error entity.
    oauth: bool = False
    #: The fields of a body that is a form, for the OpenAPI document.
    form: tuple[Parameter, ...] = ()

    @property
    def description(self) -> str:
        """What it does, as its handler's docstring says."""
        return inspect.cleandoc(self.handler.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the description."""
        return self.description.partition("\n")[0]


class _Facts(TypedDict, total=False):
    """The fields of `Endpoint` that are declared as they are; the defaults are there."""

    operation: Operation | None
    caller: Caller
    body: Any
    answer: Any
    partial: bool
    consumes: tuple[str, ...]
    body_optional: bool
    body_limit: int
    parameters: tuple[Parameter, ...]
    aliases: tuple[str, ...]
    secret: bool
    produces: str
    oauth: bool
    form: tuple[Parameter, ...]


class Declaration(_Facts, total=False):
    """What a decorator may say of an endpoint. Statuses stand in one text, separated by blanks."""

    scope: str | tuple[str, ...]
    statuses: str
    errors: str
    more: str


#: What answers of our own have where nothing else is declared.
_USUAL_STATUSES: dict[Method, str] = {"GET": "200", "POST": "201", "PUT": "204", "PATCH": "204", "DELETE": "204"}


def _usual_errors(path: str, *, has_body: bool) -> str:
    """The failure statuses of an endpoint of our own where nothing else is declared."""
    return f"400 401 403{' 404' if '{' in path else ''} 406{' 413 415' if has_body else ''} 5XX"


class Endpoints:
    """The endpoints of one part, collected by decorators; `prefix` stands before every path.

    What all of them share is declared here once. `family`, under which documentation lists them, is the contract's for
    documented routes and needed for others.
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
        statuses = statuses or _USUAL_STATUSES[method]
        errors = errors or _usual_errors(path, has_body=facts.get("body") is not None)

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
