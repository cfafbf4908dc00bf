"""Gives handlers the services that their signatures name, once, when the server starts.

    async def get_device(call: Call, devices: Devices, device: str) -> Answer: ...

`devices` is the server's one `Devices`; `device` is a parameter of the path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, get_type_hints

from signfleet.web.http.call import Call
from signfleet.web.http.endpoint import Endpoint, Handler

_PATH_PARAMETER = re.compile(r"\{(\w+)")


class MissingService(Exception):
    """A handler names a service that does not exist."""


def with_services(endpoint: Endpoint, services: Mapping[type, Any]) -> Handler:
    """Returns the handler of `endpoint` with its services bound. Raises `MissingService`."""
    in_path = set(_PATH_PARAMETER.findall(endpoint.path))
    given: dict[str, Any] = {}
    for name, kind in _parameters(endpoint.handler).items():
        if kind is Call or name in in_path:
            continue
        if kind not in services:
            raise MissingService(f"{endpoint.method} {endpoint.path}: '{name}' is neither in the path nor a service.")
        given[name] = services[kind]
    return partial(endpoint.handler, **given) if given else endpoint.handler


@lru_cache(1024)
def _parameters(handler: Handler) -> dict[str, Any]:
    hints = get_type_hints(handler)
    return {name: kind for name, kind in hints.items() if name != "return"}
