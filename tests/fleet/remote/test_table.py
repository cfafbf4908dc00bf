"""The routes of Remote DWS, and simulated players behind them, against one table."""

from __future__ import annotations

from typing import Any

import pytest

from signfleet.fleet.remote.table import ROUTES, Route, route_of, segments_of
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import ROUTES as ANSWERED
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State
from tests.fleet.remote.calling import HEALTHY, NOW, request_of

TYPES: dict[str, Any] = {
    "text": str,
    "bool": bool,
    "number": (int, float),
    "list": list,
    "object": dict,
    "any": object,
}


def ask(state: State, route: Route, now: int = NOW) -> dict[str, Any]:
    wanted = request_of(route)
    return answer(state, wanted | {"route": f"/v1/{wanted['path']}"}, now).result


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
