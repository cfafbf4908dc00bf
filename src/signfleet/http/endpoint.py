"""One declaration per endpoint: the route, the order of checks, the OpenAPI document and the compatibility table all
come from it.

    endpoints = Endpoints("Devices", "/2022/06/REST/Devices")

    @endpoints.get("/{device}/", scope="bsn.api.main.devices.retrieve", operation=VIEW_DEVICE, answer=Player,
                   statuses="200 304", errors="300 400 401 403 404 406 5XX")
    async def get_device(call: Call, device: str) -> Answer: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from signfleet.access.operations.operation import Operation
from signfleet.http.call import Answer, Call
from signfleet.http.media import JSON_TYPE

Handler = Callable[..., Awaitable[Answer]]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What an endpoint is, apart from what it does."""

    method: Method
    path: str
    handler: Handler
    family: str
    #: Any one of these scopes is enough; empty for public endpoints.
    scopes: tuple[str, ...]
    #: The business operation the caller needs, where there is one.
    operation: Operation | None
    #: Who may call it at all: "network" needs a chosen network, "person" a person's token, "device" a player's,
    #: "public" nothing.
    caller: Literal["network", "person", "device", "public"]
    #: The type of the body, and of the answer; None for no body.
    body: Any
    answer: Any
    #: The body may leave properties out and is handed over as a dict.
    partial: bool
    #: Media types the body may have. An empty body is passed as None where `body_optional`.
    consumes: tuple[str, ...]
    body_optional: bool
    body_limit: int
    parameters: tuple[Parameter, ...]
    #: Success and failure statuses as the contract lists them.
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    #: Failure statuses that this server answers beyond the contract's list.
    more: tuple[str, ...]
    #: Other addresses of the same endpoint.
    aliases: tuple[str, ...]
    #: The answer must not be compressed or cached: it carries a secret.
    secret: bool
    #: The media type of the answer, which the Accept header has to admit.
    produces: str = JSON_TYPE
    #: It speaks OAuth: whatever fails is told as RFC 6749 has it, not with the contract's error entity.
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

    @property
    def is_offered(self) -> bool:
        """False for what is documented, but answers 501."""
        return self.statuses != ("501",)


@dataclass
class Endpoints:
    """The endpoints of one family, collected by decorators; `prefix` stands before every path."""

    family: str
    prefix: str
    declared: list[Endpoint] = field(default_factory=list)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.declared)

    def get(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, **declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, **declaration)

    def put(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self._declare("PUT", path, **declaration)

    def patch(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self._declare("PATCH", path, consumes=JSON_PATCH, **declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, **declaration)

    def _declare(
        self,
        method: Method,
        path: str,
        *,
        statuses: str,
        errors: str = "400 401 403 406 5XX",
        more: str = "",
        scope: str | tuple[str, ...] = (),
        operation: Operation | None = None,
        caller: Literal["network", "person", "device", "public"] = "network",
        body: Any = None,
        answer: Any = None,
        partial: bool = False,
        consumes: tuple[str, ...] = JSON,
        body_optional: bool = False,
        body_limit: int = BODY_LIMIT,
        parameters: tuple[Parameter, ...] = (),
        aliases: tuple[str, ...] = (),
        secret: bool = False,
        produces: str = JSON_TYPE,
        oauth: bool = False,
        form: tuple[Parameter, ...] = (),
    ) -> Callable[[Handler], Handler]:
        scopes = (scope,) if isinstance(scope, str) else scope

        def declare(handler: Handler) -> Handler:
            self.declared.append(
                Endpoint(
                    method=method,
                    path=self.prefix + path,
                    handler=handler,
                    family=self.family,
                    scopes=scopes,
                    operation=operation,
                    caller=caller,
                    body=body,
                    answer=answer,
                    partial=partial,
                    consumes=consumes,
                    body_optional=body_optional,
                    body_limit=body_limit,
                    parameters=parameters,
                    statuses=tuple(statuses.split()),
                    errors=tuple(errors.split()),
                    more=tuple(more.split()),
                    aliases=aliases,
                    secret=secret,
                    produces=produces,
                    oauth=oauth,
                    form=form,
                )
            )
            return handler

        return declare


__all__ = [
    "FILTER",
    "FORM",
    "MARKER",
    "PAGE_SIZE",
    "PAGING",
    "SORT",
    "Answer",
    "Call",
    "Endpoint",
    "Endpoints",
    "Parameter",
]
