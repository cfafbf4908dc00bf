"""The ASGI application: finds the endpoint of a request, answers, and logs; errors in the contract's form."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from signfleet.foundation.errors import NotFound, Unavailable
from signfleet.foundation.settings import Settings
from signfleet.foundation.wire import datetime
from signfleet.web.http.body_budget import BodyBudget
from signfleet.web.http.call import Call, Disconnected
from signfleet.web.http.cors import Cors
from signfleet.web.http.endpoint import Endpoint
from signfleet.web.http.entity_check import body_check
from signfleet.web.http.errors import STOPPING, MethodNotAllowed, error_response
from signfleet.web.http.event_streams import EventStreams
from signfleet.web.http.injection import with_services
from signfleet.web.http.media import HTML_TYPE
from signfleet.web.http.pipeline import Gate, responder
from signfleet.web.http.request_log import RequestLog, request_id
from signfleet.web.http.response import WHOLE, Header, Receive, Response, Send, header
from signfleet.web.http.routing import Responder, Route, Router

#: Makes a responder of an endpoint's own one.
Intercept = Callable[[Endpoint, Responder], Responder]

#: Browsers take an answer for what it says it is.
_NOSNIFF = header("X-Content-Type-Options", "nosniff")
#: Who came by TLS comes by TLS for a year.
_STRICT = header("Strict-Transport-Security", "max-age=31536000")
#: The page for people.
START = "/console/"


class AsgiApp:
    """Serves every endpoint. Handlers get their `services` by type; it raises `MissingService` where one is not there.

    `gate` checks the callers of endpoints that are not public. A testing server lets `intercept` put faults before
    what endpoints do.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        services: Mapping[type, Any],
        gate: Gate,
        *,
        bodies: BodyBudget | None = None,
        intercept: Intercept | None = None,
    ) -> None:
        settings: Settings = services[Settings]
        bodies = bodies or BodyBudget()
        self._cors = Cors(settings.cors_origins)
        self._public_base = settings.public_base
        #: The path under which a proxy offers this server, where it does not take it off itself.
        self._root = urlsplit(settings.public_base).path.encode()
        self._streams: EventStreams = services.get(EventStreams) or EventStreams()
        self._log = RequestLog(access_log=settings.access_log)
        self._router = Router()
        known = list(endpoints)
        answers = {endpoint.path: endpoint.answer for endpoint in known if endpoint.method == "GET"}
        for endpoint in known:
            handler = with_services(endpoint, services)
            respond = responder(endpoint, handler, gate, bodies, body_check(endpoint, answers.get(endpoint.path)))
            if intercept is not None:
                respond = intercept(endpoint, respond)
            for path in (endpoint.path, *endpoint.aliases):
                self._router.add(endpoint.method, path, respond)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        if self._root and scope["raw_path"].startswith(self._root + b"/"):
            scope["raw_path"] = scope["raw_path"][len(self._root) :]
            scope["path"] = unquote(scope["raw_path"].decode("latin-1"))
        call = Call(scope, receive, self._public_base)
        id_ = request_id(call.header(b"x-request-id"))
        template, response = await self._answer(call)
        if response is None:
            return
        headers = response.headers
        headers += (_date(call.now // 1000), (b"x-request-id", id_.encode()), _NOSNIFF)
        if call.is_over_tls:
            headers.append(_STRICT)
        if self._cors.is_on:
            self._cors.add(call, headers)
        template = template or "none"
        if response.stream is None:
            size = 0 if call.method == "HEAD" else len(response.body)
            self._log.record(call, template, response.status, started, id_, size=size)
            await response.send(send, whole=WHOLE in scope.get("extensions", ()))
            return
        is_whole = False
        try:
            is_whole = await response.send_stream(receive, send, has_body=call.method != "HEAD")
        finally:
            self._log.record(call, template, response.status, started, id_, size=response.streamed, is_whole=is_whole)

    def end_streams(self) -> None:
        """Ends the streams of events: the server stops, and they would last for its whole grace."""
        self._streams.stop()

    async def _answer(self, call: Call) -> tuple[str | None, Response | None]:
        """Returns the route, and the answer; None if the client has left."""
        if (preflight := self._cors.preflight(call)) is not None:
            return "preflight", preflight
        template = None
        try:
            found = self._router.find(call.raw_path)
            if found is None:
                if _is_browser_at_root(call):
                    return "/", self._to_console()
                raise NotFound("There is nothing at this address.")
            route, parameters = found
            template = route.template
            respond = route.responders.get(call.method)
            return template, _without_endpoint(call, route) if respond is None else await respond(call, **parameters)
        except Disconnected:
            return template, None
        except asyncio.CancelledError:  # the seconds that requests have to finish after the signal to stop are over
            return template, error_response(call, template, Unavailable(STOPPING))
        except Exception as error:
            return template, error_response(call, template, error)

    def _to_console(self) -> Response:
        """Leads people who open the server's address to the console; programs get 404 there."""
        location = header("Location", f"{self._root.decode()}{START}")
        return Response(303, [location, header("Vary", "Accept"), header("Cache-Control", "no-store")])


@lru_cache(maxsize=16)
def _date(seconds: int) -> Header:
    """Returns the header with a moment in seconds since 1970 UTC."""
    return header("Date", datetime.format_http(seconds * 1000))


def _is_browser_at_root(call: Call) -> bool:
    is_read = call.method in ("GET", "HEAD") and not call.raw_path.strip(b"/")
    return is_read and HTML_TYPE in (call.header(b"accept") or "").lower()


def _without_endpoint(call: Call, route: Route) -> Response:
    """Answers OPTIONS. Raises `MethodNotAllowed` for a method that the path lacks."""
    allowed = sorted(route.responders)
    if call.method == "OPTIONS":
        return Response(200, [header("Allow", ", ".join(allowed))])
    raise MethodNotAllowed(call.method, [*allowed, "OPTIONS"])
