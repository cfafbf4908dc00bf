"""Gives handlers the services that their signatures name, once, when the server starts.

    async def get_device(call: Call, devices: Devices, device: str) -> Answer: ...

`devices` is the server's one `Devices`; `device` is a part of the path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, get_type_hints

from signfleet.web.http.call import Call
from signfleet.web.http.endpoint import Endpoint, Handler

_SEGMENT = re.compile(r"\{(\w+)")


class MissingService(Exception):
    """A handler names a service that nobody built."""


def with_services(endpoint: Endpoint, services: Mapping[type, Any]) -> Handler:
    """The handler of `endpoint` with its services given. Raises `MissingService`."""
    segments = set(_SEGMENT.findall(endpoint.path))
    given: dict[str, Any] = {}
    for name, kind in _parameters(endpoint.handler).items():
        if kind is Call or name in segments:
            continue
        if kind not in services:
            raise MissingService(f"{endpoint.method} {endpoint.path}: '{name}' is no part of the path, and no service.")
        given[name] = services[kind]
    return partial(endpoint.handler, **given) if given else endpoint.handler


@lru_cache(1024)
def _parameters(handler: Handler) -> dict[str, Any]:
    hints = get_type_hints(handler)
    return {name: kind for name, kind in hints.items() if name != "return"}
