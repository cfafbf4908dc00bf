"""The routes of Remote DWS, and simulated players behind them, against one table."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.fleet.remote.table import ROUTES, Route, route_of, segments_of
from signfleet.simulator.fleet import fleet
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import ROUTES as ANSWERED
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State

NOW = 1_710_347_352_000
HEALTHY = next(profile for profile in fleet(200) if profile.condition == "healthy" and profile.model == "HD1024")
TYPES: dict[str, Any] = {
    "text": str,
    "bool": bool,
    "number": (int, float),
    "list": list,
    "object": dict,
    "any": object,
}
#: The values of parameters, and requests that a fresh player accepts where the path alone is not enough.
PATHS = {
    "files/{path}": "files/sd/autorun.brs",
    "PUT files/{path}": "files/sd/new",
    "POST files/{path}": "files/sd/local-sync.json",
    "registry/{section}/{key}": "registry/html/mp",
    "registry/{section}": "registry/html",
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


def ask(state: State, route: Route, now: int = NOW) -> dict[str, Any]:
    called = f"{route.method} {route.pattern}"
    path = PATHS.get(called, PATHS.get(route.pattern, route.pattern))
    for name, value in {"device": "sd", "connector": "hdmi", "output": "0", "interface": "eth0"}.items():
        path = path.replace(f"{{{name}}}", value)
    path = path.replace("{name}", "a.example").replace("{host}", "a.example")
    needed = [member.split(":") for member in route.takes.split() if not member.endswith("?")]
    data = DATA.get(called, {name: EXAMPLES[kind] for name, kind in needed})
    query = {"url": "http://files.example/x.bsfw"} if "firmware" in path else {}
    return answer(state, {"method": route.method, "route": f"/v1/{path}", "data": data, "query": query}, now).result


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_simulated_player_answers_in_the_documented_shape(route: Route) -> None:
    state = State(Machine(HEALTHY, NOW))
    if route.name == "DELETE diagnostics/packet-capture/":
        answer(state, {"method": "POST", "route": "/v1/diagnostics/packet-capture"}, NOW)
    said = ask(state, route)
    assert said["status"] == 200, said
    result = said["data"]
    if ":" not in route.answers:
        assert isinstance(result, TYPES[route.answers])
        return
    for name, kind in (member.split(":") for member in route.answers.split()):
        assert isinstance(result[name], TYPES[kind]), (name, result)
        assert kind != "number" or not isinstance(result[name], bool)
    if not route.pattern.startswith("storage"):
        assert "error" not in result


def test_players_answer_exactly_the_routes_of_the_table() -> None:
    def plain(pattern: str) -> str:
        parts = ["*" if part.startswith("{") else part for part in pattern.split("/")]
        return "/".join([*parts[:-1], "**"] if pattern.endswith("{path}") else parts)

    assert {(route.method, plain(route.pattern)) for route in ROUTES} == set(ANSWERED)


def test_a_seed_gives_the_same_answers_again() -> None:
    one, other = State(Machine(HEALTHY, NOW)), State(Machine(HEALTHY, NOW))
    assert [ask(one, route) for route in ROUTES] == [ask(other, route) for route in ROUTES]


@pytest.mark.parametrize(
    ("method", "path", "pattern"),
    [
        ("GET", "info/", "info"),
        ("GET", "files/sd", "files/{path}"),
        ("GET", "files/sd/a/b.txt", "files/{path}"),
        ("GET", "registry/recovery_url/", "registry/recovery_url"),
        ("GET", "registry/a%2Fb/c%20d/", "registry/{section}/{key}"),
        ("DELETE", "registry/flush", "registry/{section}"),
        ("PUT", "registry/flush/", "registry/flush"),
        ("GET", "INFO", None),
        ("GET", "files", None),
        ("POST", "info", None),
        ("GET", "registry//x", None),
    ],
)
def test_a_path_has_one_route_or_none(method: str, path: str, pattern: str | None) -> None:
    route = route_of(method, segments_of(path))
    assert (route and route.pattern) == pattern
