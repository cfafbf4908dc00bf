"""Makes the ASGI application: routes from declarations, the request log around them, errors in the contract's form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import falcon.asgi

from signfleet.http.endpoint import Endpoint
from signfleet.http.errors import tell
from signfleet.http.pipeline import responder
from signfleet.http.request_log import RequestLog
from signfleet.http.routing import CaseInsensitiveRouter

if TYPE_CHECKING:
    from signfleet.wiring import Services


#: Falcon's application; it is generic in request and response types, of which we use its own.
App = falcon.asgi.App[falcon.asgi.Request, falcon.asgi.Response]


class _Resource:
    """The endpoints of one path, as Falcon wants them: `on_get`, `on_put` and so on."""


def application(endpoints: Iterable[Endpoint], services: Services) -> App:
    app = falcon.asgi.App(
        router=CaseInsensitiveRouter(),
        middleware=[RequestLog(access_log=services.settings.access_log)],
    )
    app.req_options.keep_blank_qs_values = True
    app.add_error_handler(Exception, tell)
    app.add_error_handler(falcon.HTTPError, tell)
    resources: dict[str, _Resource] = {}
    for endpoint in endpoints:
        respond = responder(endpoint, services)
        for path in (endpoint.path, *endpoint.aliases):
            resource = resources.setdefault(path, _Resource())
            setattr(resource, f"on_{endpoint.method.lower()}", respond)
            if endpoint.method == "GET":
                setattr(resource, "on_head", respond)  # noqa: B010 - beside its siblings
    for path, resource in resources.items():
        app.add_route(path, resource)
    return app
