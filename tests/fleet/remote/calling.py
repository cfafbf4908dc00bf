"""A good request for each route of Remote DWS."""

from __future__ import annotations

from typing import Any

from signfleet.fleet.remote.table import Route
from signfleet.simulator.fleet import fleet

NOW = 1_710_347_352_000
HEALTHY = next(profile for profile in fleet(200) if profile.condition == "healthy" and profile.model == "HD1024")
#: The values of parameters, and requests that a fresh player accepts where the path alone is not enough.
PATHS = {
    "files/{path}": "files/sd/autorun.brs",
    "PUT files/{path}": "files/sd/new",
    "POST files/{path}": "files/sd/local-sync.json",
    "registry/{section}/{key}": "registry/html/mp",
    "registry/{section}": "registry/html",
}
VALUES = {
    "device": "sd",
    "connector": "hdmi",
    "output": "0",
    "interface": "eth0",
    "name": "a.example",
    "host": "a.example",
}
DATA: dict[str, dict[str, Any]] = {
    "PUT time": {"time": "10:00:00", "date": "2024-01-01"},
    "PUT control/dws-password": {"password": "", "previous_password": ""},
    "PUT custom": {"command": "next"},
    "PUT video/{connector}/output/{output}/mode": {"name": {"modename": "1280x720x60p"}},
    "PUT display-control/power-settings": {"setting": "standby"},
    "PUT display-control/sd-connection": {"connection": "display"},
    "PUT display-control/video-output": {"output": "hdmi2"},
    "PUT display-control/firmware": {"url": "http://files.example/tv.bin"},
}
EXAMPLES = {"bool": True, "text": "text", "number": 50, "any": 23, "object": {}}


def request_of(route: Route) -> dict[str, Any]:
    """Returns method, path without the slash at its ends, data and query."""
    called = f"{route.method} {route.pattern}"
    path = PATHS.get(called, PATHS.get(route.pattern, route.pattern))
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    needed = [member.split(":") for member in route.takes.split() if not member.endswith("?")]
    data = DATA.get(called, {name: EXAMPLES[kind] for name, kind in needed})
    query = {"url": "http://files.example/x.bsfw"} if "firmware" in path else {}
    return {"method": route.method, "path": path, "data": data, "query": query}
