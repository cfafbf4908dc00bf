"""Faults that a test suite requests: refused, slow and lost answers, by route."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog

from signfleet.foundation.errors import Invalid, SignfleetError, Throttled, Unavailable
from signfleet.foundation.expressions.suggestions import nearest
from signfleet.testing.schemas import Fault
from signfleet.web.http.call import Call, Disconnected
from signfleet.web.http.documented import PREFIX
from signfleet.web.http.endpoint import Endpoint
from signfleet.web.http.errors import as_oauth_error
from signfleet.web.http.response import Response
from signfleet.web.http.routing import Responder

#: Routes without faults: those that remove faults, and those that monitor the server.
SPARED = ("/testing/", "/health/", "/metrics")
EVERY = "*"
#: The most faults at a time.
MOST = 1000

log = structlog.get_logger("testing")


class FaultList:
    """The pending faults. A request gets the first one that matches its route and method."""

    def __init__(self) -> None:
        self._routes: dict[str, str] = {}
        self._faults: list[Fault] = []
        self._is_suspended = False
        #: Set when all faults are removed, which ends the wait of slow answers.
        self._cleared = asyncio.Event()

    def know(self, endpoints: Iterable[Endpoint]) -> None:
        """Sets the routes that faults may name."""
        paths = {path for endpoint in endpoints for path in (endpoint.path, *endpoint.aliases)}
        self._routes = {_key(path): path for path in paths if not path.startswith(SPARED)}

    def list_(self) -> list[Fault]:
        """Returns the pending faults with their remaining times."""
        return list(self._faults)

    def add(self, fault: Fault) -> None:
        """Appends a fault. Raises `Invalid` for a route that does not exist."""
        if len(self._faults) >= MOST:
            raise Invalid(f"There are {MOST} faults already; remove them with DELETE /testing/v1/faults.")
        if fault.route != EVERY and _key(fault.route) not in self._routes:
            known = [path.removeprefix(PREFIX) for path in self._routes.values()]
            close = " or ".join(f"'{path}'" for path in nearest(fault.route.removeprefix(PREFIX), known))
            hint = (
                f"did you mean {close}?" if close else "write it as the reference does, such as '/Devices/{device}/'."
            )
            raise Invalid(f"'route': there is no route '{fault.route}'; {hint}")
        self._faults.append(fault)

    def clear(self) -> None:
        """Removes all faults and ends the wait of slow answers."""
        self._faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspends all faults inside the block."""
        self._is_suspended = True
        try:
            yield
        finally:
            self._is_suspended = False

    def intercept(self, endpoint: Endpoint, respond: Responder) -> Responder:
        """Returns a responder that applies faults before it calls `respond`."""
        if endpoint.path.startswith(SPARED):
            return respond
        keys = {_key(path) for path in (endpoint.path, *endpoint.aliases)}

        async def respond_faultily(call: Call, **segments: str) -> Response:
            fault = self._take(call.method, keys)
            if fault is None:
                return await respond(call, **segments)
            log.info("fault", kind=fault.kind, route=endpoint.path, method=call.method)
            try:
                await self._delay_or_refuse(fault)
            except SignfleetError as error:
                raise as_oauth_error(error) if endpoint.oauth else error from None
            if fault.kind == "LostAnswer":
                with suppress(SignfleetError):
                    await respond(call, **segments)
                raise Disconnected
            return await respond(call, **segments)

        return respond_faultily

    def _take(self, method: str, keys: set[str]) -> Fault | None:
        if self._is_suspended:
            return None
        for fault in self._faults:
            if (fault.route == EVERY or _key(fault.route) in keys) and fault.method in (None, method):
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    async def _delay_or_refuse(self, fault: Fault) -> None:
        match fault.kind:
            case "TooManyRequests":
                raise Throttled("A test asked for this refusal.", retry_after=fault.seconds)
            case "Unavailable":
                raise Unavailable("A test asked for this failure.", retry_after=fault.seconds)
            case "Slow":
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._cleared.wait(), fault.seconds)


def _key(route: str) -> str:
    """Normalises a route for comparison: no contract prefix, no outer slashes, lower case."""
    return route.lower().removeprefix(PREFIX.lower()).strip("/")
