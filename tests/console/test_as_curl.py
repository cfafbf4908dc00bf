"""Every page teaches the API: its lines for curl are requests that the server answers."""

from __future__ import annotations

import re
import shlex
from html import unescape
from typing import NamedTuple

import pytest
from httpx import AsyncClient

from signfleet.console import wiring
from signfleet.console.curl import curl, curl_for_token
from signfleet.console.player.command_forms import COMMANDS
from signfleet.fleet.commands.schemas import CommandRules
from tests.conftest import ON_SQLITE, ROOT
from tests.console.browsing import send, sign_in
from tests.world import World, now

#: Routes of GET that show no page of their own, or one that is for no reader of the API.
WITHOUT = {
    "/console/": "leads to the first section",
    "/console/events": "a stream",
    "/console/find": "a part of a page",
    "/console/add/arrivals": "a part of a page",
    "/console/players/{player}/metrics/{name}/": "a part of a page, which has the line",
    "/console/players/csv": "a file",
    "/console/export": "a file",
    "/console/audit/export.csv": "a file",
    "/console/people/permissions/find": "leads to the permissions",
    "/console/authorize": "a program asks, which has sent its request already",
    "/console/kiosk/{token}/": "a screen at which nobody works",
    "/console/{address:path}/": "there is no page",
}
#: Further addresses: what a search or a choice shows.
MORE = (
    "/console/players/?search=A1",
    "/console/players/?search=nothing-like+it%27s",
    "/console/players/?search=[Id]+IS+0",
    "/console/networks/players/?search=serial:A1",
    "/console/people/permissions/?user=ulla@example.com&operation=Device.ViewDevice&device=A1",
    "/console/people/permissions/users/{user}/",
    "/console/people/permissions/roles/{role}/",
    "/console/people/permissions/groups/{group}/",
    "/console/audit/?entity=Group&person=JaneDoe",
    "/console/alerts/?state=acknowledged",
    "/console/wall/?search=A1",
    "/console/map/?search=A1",
    "/console/groups/?search=Gamma",
    "/console/people/?search=ulla",
    "/console/players/{player}/rights/?user=ulla@example.com",
    *(f"/console/players/{{player}}/commands/{name}/" for name in COMMANDS),
)
_LINE = re.compile(r"<code>(curl .*?)</code>", re.DOTALL)


class Line(NamedTuple):
    """A line for curl as the request that it makes."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None
    user: str | None


def parsed(line: str, variables: dict[str, str]) -> Line:
    """Reads a line as a shell and curl do."""
    words = [re.sub(r"\$(\w+)", lambda found: variables[found[1]], word) for word in _words(line)]
    assert words.pop(0) == "curl"
    method, headers, body, user, urls = "", {}, None, None, []
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case "-u":
                user = words.pop(0)
            case url:
                urls.append(url)
    (url,) = urls
    if body is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return Line(method or ("GET" if body is None else "POST"), url, headers, body, user)


def _words(line: str) -> list[str]:
    return shlex.split(line.replace("\\\n", " "))  # which shells take for the end of no line


def lines_in(page: str) -> list[str]:
    return [unescape(each) for each in _LINE.findall(page)]


def _place(line: Line) -> int:
    """Returns where a request stands among all: what deletes comes last, and at the very end what ends the session."""
    return {"GET": 0, "DELETE": 3 if "/sessions/" in line.url else 2}.get(line.method, 1)


@pytest.fixture
async def paths(world: World, client: AsyncClient) -> list[str]:
    """The address of one page of each route, in a network that has one of everything."""
    await world.services.commands.set_rules(world.network.network_id, CommandRules(danger_allowed=True), now())
    refs = {
        "player": world.ids["Device"],
        "group": world.ids["Group"],
        "role": world.ids["Role"],
        "user": world.ids["User"],
        "alert": await world.alert(),
        "rule": await world.rule(),
        "webhook": await world.webhook(),
        "command": "reboot",
        "kind": "devices",
        "ref": world.ids["Device"],
    }
    await world.wall_link()
    await sign_in(client)
    await send(client, f"/console/players/{refs['player']}/tags/", key="Floor", value="1")
    night = {"begin": "2190-01-01T22:00", "end": "2190-01-02T04:00", "repeats": "daily"}
    assert (await send(client, "/console/alerts/windows/", name="N", **night)).status_code == 303
    change = {"do": "tag", "filter": "[Serial] IS 'A1'", "filled": "1", "key": "F", "value": "2", "count": "1"}
    job = await send(client, "/console/players/change/", **change)
    assert job.status_code == 303
    refs["job"] = job.headers["location"].rstrip("/").rpartition("/")[2]
    tags = (await client.get(f"{ROOT}/console/tags/")).text
    refs["key"] = re.findall(r'href="/console/tags/([^"/]+)/"', tags)[0]
    routes = [each.path for each in wiring.endpoints() if each.method == "GET"]
    shown = [path for path in routes if path not in WITHOUT and not path.startswith("/console/static/")]
    return [re.sub(r"\{(\w+)\}", lambda found: str(refs[found[1]]), path) for path in [*shown, *MORE]]


@ON_SQLITE
async def test_every_page_has_lines_for_curl_that_run(
    world: World, client: AsyncClient, admin: AsyncClient, admin_token: str, paths: list[str]
) -> None:
    lines: dict[str, str] = {}
    lacking = []
    for path in paths:
        page = await client.get(ROOT + path)
        found = lines_in(page.text)
        if page.status_code != 200 or not found:
            lacking.append((path, page.status_code))
        if "search=" in path and "as filter" not in page.text:
            lacking.append((path, "as filter"))
        lines |= {line: path for line in found if line not in lines}
    assert not lacking
    network = world.network
    variables = {"TOKEN": admin_token, "CLIENT_ID": network.client_id, "CLIENT_SECRET": network.client_secret}
    requests = {line: parsed(line, variables) for line in lines}
    wrong = []
    for line, each in sorted(requests.items(), key=lambda item: _place(item[1])):
        auth = None if each.user is None else tuple(each.user.split(":"))
        answer = await client.request(each.method, each.url, headers=each.headers, content=each.body, auth=auth)
        if not answer.is_success:
            wrong.append((lines[line], line, answer.status_code, answer.text))
    assert not wrong


def test_a_line_survives_the_shell() -> None:
    body = {"name": "Jane's $HOME", "filter": "[a] IS 'b'"}
    line = parsed(curl("PUT", "http://x.test/?filter=%5Ba%5D%20IS%20'b'", body), {"TOKEN": "t", "HOME": "$HOME"})
    assert line.method == "PUT"
    assert line.url == "http://x.test/?filter=%5Ba%5D%20IS%20'b'"
    assert line.body == '{"name": "Jane\'s $HOME", "filter": "[a] IS \'b\'"}'
    assert line.headers == {"Authorization": "Bearer t", "Content-Type": "application/json"}
    assert parsed(curl("POST", "http://x.test/"), {"TOKEN": "t"}).method == "POST"
    assert parsed(curl_for_token("http://x.test"), {"CLIENT_ID": "a", "CLIENT_SECRET": "b"}).user == "a:b"
