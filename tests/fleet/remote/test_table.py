"""The routes of Remote DWS, and simulated players behind them, against one table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from signfleet.fleet.remote.table import ROUTES, Route, route_of, segments_of
from signfleet.simulator.machine import Machine
from signfleet.simulator.remote.dispatch import ROUTES as ANSWERED
from signfleet.simulator.remote.dispatch import answer
from signfleet.simulator.remote.state import State
from tests.fleet.remote.calling import HEALTHY, NOW, request_of
from tests.fleet.remote.documented import CASES, SHAPES, Map, misfits


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
    assert misfits(SHAPES[route.name], result) == []
    if not route.pattern.startswith("storage"):
        assert '"error"' not in json.dumps(result), "clients search the answer for this word"


def test_another_shape_is_found() -> None:
    shape = {"a": [int], "b": Map(bool), "c": (int, type(None)), "d": str, "e": float}
    value = {"a": [1, True, "x"], "b": {"f": 1}, "c": None, "e": 1}
    assert sorted(misfits(shape, value)) == [".a[1]: True", ".a[2]: 'x'", ".b.f: 1", ".d is missing"]


def test_every_documented_shape_has_its_route() -> None:
    assert SHAPES.keys() == {route.name for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_table_names_documented_members_alone(route: Route) -> None:
    shape = SHAPES[route.name]
    named = {member.partition(":")[0] for member in route.answers.split()}
    assert named <= shape.keys() if isinstance(shape, dict) else len(named) == 1


@pytest.mark.parametrize(("request_", "shape"), CASES)
def test_answers_that_depend_on_the_request_have_their_shape(request_: dict[str, Any], shape: Any) -> None:
    said = answer(State(Machine(HEALTHY, NOW)), request_, NOW).result
    assert misfits(shape, said["data"]) == []


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
