"""Ways through the console: one page of each route, and what a page offers to the person who reads it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import httpx

from signfleet.console import wiring
from signfleet.identity.access.operations.definitions import VIEW_USER
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.operations.roles import SystemRole
from signfleet.identity.access.rules import system_allows
from signfleet.testing import TestingServer
from signfleet.web.http.endpoint import Endpoint

#: Routes of GET that answer no page: streams, files, parts of pages and the redirect to the first section.
NO_PAGES = (
    "/console/",
    "/console/events",
    "/console/find",
    "/console/players/csv",
    "/console/export",
    "/console/audit/export.csv",
    "/console/people/permissions/find",
    "/console/{address:path}/",
)
#: Forms that make something to look at, before the walk begins.
MADE: tuple[tuple[str, dict[str, str]], ...] = (
    ("/console/groups/", {"name": "Walked", "description": "Ground floor"}),
    ("/console/people/roles/new/", {"name": "Walkers", "description": "From ten"}),
    ("/console/people/invite/", {"login": "walker@example.com", "role": "Viewers"}),
    ("/console/people/applications/", {"name": "Walk", "scopes": "bsn.api.main.devices.retrieve", "days": "30"}),
    ("/console/people/setup-tokens/", {"uses": "3", "days": "7"}),
    (
        "/console/alerts/windows/",
        {"name": "Night", "begin": "2190-01-01T22:00", "end": "2190-01-02T04:00", "repeats": "daily"},
    ),
    ("/console/alerts/webhooks/new/", {"name": "Desk", "url": "https://example.com/", "enabled": "yes"}),
    ("/console/players/views", {"name": "Walk", "query": "?search=health:error"}),
    ("/console/players/{player}/tags/", {"key": "Walk", "value": "first"}),
    ("/console/players/{player}/commands/screenshot/", {}),
)


class Walk(NamedTuple):
    """The administrator's requests, the address of one page of each route, and the player to which they lead."""

    http: httpx.Client
    addresses: dict[str, str]
    player: int


def routes() -> list[str]:
    """Returns the routes of all pages of the console."""
    found = [each.path for each in wiring.endpoints() if each.method == "GET" and each.path not in NO_PAGES]
    return [path for path in found if not path.startswith("/console/static/")]


def operation_of(endpoint: Endpoint) -> Operation | None:
    """Returns what somebody must be allowed to do to open a page, or to send a form."""
    found: Operation | None = inspect.getclosurevars(endpoint.handler).nonlocals.get("operation")
    return found


def allows(role: SystemRole, operation: Operation | None) -> bool:
    """Returns whether a role may do an operation; users always see themselves."""
    return operation is None or operation is VIEW_USER or system_allows(role.id, operation)


@cache
def _patterns(method: str) -> list[tuple[re.Pattern[str], Endpoint]]:
    """Returns the patterns of paths, the most exact ones first."""
    found = [each for each in wiring.endpoints() if each.method == method]
    found.sort(key=lambda each: (each.path.count(":path"), each.path.count("{")))
    return [(re.compile(re.sub(r"\{(\w+)(:path)?\}", _any_value, each.path)), each) for each in found]


def _any_value(parameter: re.Match[str]) -> str:
    return ".+" if parameter[2] else "[^/]+"


@cache
def endpoint_at(method: str, path: str) -> Endpoint | None:
    """Returns the endpoint of the console that answers at a path."""
    return next((endpoint for pattern, endpoint in _patterns(method) if pattern.fullmatch(path)), None)


@contextmanager
def signed_in(server: TestingServer, login: str, password: str) -> Iterator[httpx.Client]:
    """Sends the requests of a browser in which a person has signed in."""
    with httpx.Client(base_url=server.base_url, headers={"Origin": server.base_url}, timeout=60) as http:
        answer = http.post("/console/sign-in", data={"login": login, "password": password})
        assert answer.status_code == 303, answer.text
        yield http


@contextmanager
def walking(server: TestingServer, player: int) -> Iterator[Walk]:
    """Makes one of everything, and follows links until each route has an address."""
    with signed_in(server, server.login, server.password) as http:
        for path, fields in MADE:
            answer = http.post(path.format(player=player), data=fields)
            assert answer.status_code < 400, (path, answer.text)
        wall = http.post("/console/wall/links/", data={"name": "Desk", "side": "320", "days": "7", "search": ""})
        job = http.post("/console/players/change/", data=_change(player))
        assert job.status_code == 303, job.text
        kiosk = re.search(r"/console/kiosk/[\w-]{43}/", wall.text)
        assert kiosk
        arguments = {"response_type": "code", "client_id": "signfleet", "redirect_uri": "http://127.0.0.1:1/callback"}
        challenge = {"code_challenge": "E" * 43, "code_challenge_method": "S256", "state": "s"}
        known = {
            "/console/kiosk/{token}/": kiosk[0],
            "/console/authorize": f"/console/authorize?{httpx.QueryParams(arguments | challenge)}",
            "/console/add/arrivals": "/console/add/arrivals?since=1",
        }
        wanted = [path for path in routes() if path not in known]
        yield Walk(http, known | _reached(http, player, wanted), player)


def _change(player: int) -> dict[str, str]:
    """Returns the form that starts a change of one player."""
    return {"do": "tag", "filter": f"[id] IS {player}", "filled": "1", "key": "Walk", "value": "again", "count": "1"}


def _reached(http: httpx.Client, player: int, wanted: list[str]) -> dict[str, str]:
    """Returns the first address of each route that links lead to from the pages without parameters."""
    patterns = {
        path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace("{player}", str(player))) + "$") for path in wanted
    }
    found = {path: path for path in wanted if "{" not in path}
    waiting = ["/console/", *found.values(), f"/console/players/{player}/"]
    seen = set(waiting)
    while waiting:
        page = http.get(waiting.pop(0), follow_redirects=True)
        assert page.status_code == 200, (page.url, page.text)
        for link in re.findall(r'(?:href|hx-get)="(/console/[^"?#]*)', page.text):
            for path, pattern in patterns.items():
                if path not in found and link not in found.values() and pattern.match(link):
                    found[path] = link
                    waiting += [link] if link not in seen else []
                    seen.add(link)
    return found
