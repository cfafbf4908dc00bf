"""Writes COMPATIBILITY.md: every documented endpoint, what it does not do yet, and what tests it.

    python tools/compatibility.py

The 94 endpoints with a full description come from `contract.tsv`, the others that references or public clients name
from `references.tsv`. A test covers an endpoint by the mark `@pytest.mark.contract("GET /Devices/{device}/")`, our
spelling of its route below /2022/06/REST, or all routes of an API by its name, such as `"Remote DWS"`. Where no test is
marked, the tests of the handler's own module count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from signfleet.app.wiring import endpoints
from signfleet.fleet.remote.table import ROUTES
from signfleet.web.http.documented import PREFIX, Documented, documented
from signfleet.web.http.endpoint import Endpoint

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "COMPATIBILITY.md"
REFERENCES = Path(__file__).with_name("references.tsv")
MAIN, REMOTE_DWS, B_DEPLOY = "Main API", "Remote DWS", "B-Deploy"

HEAD = """# Compatibility

`make docs` generates this page from the endpoint declarations, the tests and a list of what public
references name; a test fails if it is out of date.

| API | documented routes | offered |
| --- | --- | --- |
{summary}
[docs/differences.md](docs/differences.md) lists the deliberate differences from the documentation.
[Families that are left out](#families-that-are-left-out) are about content: presentations,
playlists, feeds and web pages.

## Main API 2022/06

Paths are relative to `/2022/06/REST`; Provisioning and Token answer below any other version too,
such as `/2019/03/REST`. The letter case of paths and a final slash do not matter. signfleet offers
all {all} endpoints that the reference describes in full:

| method | path | scope | state | tests |
| --- | --- | --- | --- | --- |
"""

#: What an endpoint that answers does not do yet, by method and our route.
LIMITS = {
    "PUT /Self/Users/{user}/Notifications/": "offered; some of the settings send nothing yet (docs/alerts.md)",
}

LISTED = """
### Further endpoints

The reference lists these, and public clients show their bodies. An entity of the path is named by
id or by name.

| method | path | state | tests |
| --- | --- | --- | --- |
"""

REMOTE = """
## Remote DWS

The routes below `/rest/v1/`, each with `?destinationType=player&destinationName=SERIAL`; a final
slash does not matter, letter case does. `PUT /rest/v1/sendWsMessage` calls any of them. signfleet
relays them to players that speak its player protocol; simulated players answer all of them, and the
tests ask them through the server. [docs/remote-control.md](docs/remote-control.md) says how.

A body may lack the outer `data`. Simulated players take members in any letter case and in the
spellings of clients: `enabled` for `enable`, `port` or `portnumber` for `portNumber`,
`previousPassword` for `previous_password`, `data` for the `command` of `custom/`. Parameters such
as `contents`, `raw`, `resolveAddress`, `best` and `active` reach the player.

| method | route | permission | members of `data` | members of the result | state | tests |
| --- | --- | --- | --- | --- | --- | --- |
"""

BDEPLOY = """
## B-Deploy

Setups and the records that assign them to serial numbers, on the same address as the Main API.

| method | path | state | tests |
| --- | --- | --- | --- |
"""

#: Why a route is not offered, by the first that its API and route begin with.
NOT_PLANNED = {
    f"{MAIN} /Groups/Regular/{{group}}/Schedule/": "not planned: there are no presentations to schedule",
    f"{MAIN} /Groups/Regular/{{group}}/": "not planned: PUT changes single members too",
    f"{REMOTE_DWS} remoteview/": "not planned: no public client calls it, and players stream no video to the server",
    f"{REMOTE_DWS} ": "not planned: one new client calls it, no reference describes it",
    f"{B_DEPLOY} ": "not planned: no public source says who issues activation codes and what the answer is",
}

CLIENTS = """
## Public clients

Published packages run unmodified in the tests. Requests of other clients are replayed as they are
on the wire, where their spelling differs from that of the packages.

| client | what works | tests |
| --- | --- | --- |
"""
_REPLAYED = ("simulator/remote/test_spellings.py", "fleet/provisioning/test_bdeploy_clients.py")
CLIENT_ROWS = (
    (
        "`bsn-cloud-api` (PyPI)",
        "88 of 88 functions",
        ("clients/test_bsn_cloud_api.py", "clients/test_remote_dws.py"),
    ),
    (
        "`pybrightsign` (PyPI)",
        "signing in, networks and devices",
        ("clients/test_pybrightsign.py",),
    ),
    (
        "Go SDK `gopurple`",
        "the routes of 61 of 61 tools for accounts, players, groups, subscriptions, B-Deploy and Remote DWS; the one"
        " for logs does not read the text that the reference documents. Tools for content, presentations, schedules and"
        " supervisors: none",
        _REPLAYED,
    ),
    ("Express demo `bsn-cloud-api-demo`", "the routes behind 28 of 28 of its own", _REPLAYED),
    ("PowerShell `BrightSignAPI`", "B-Deploy and the reboot", _REPLAYED),
    ("JavaScript SDK `bsn-cloud-core`", "B-Deploy without activation codes", _REPLAYED[1:]),
    (
        "signage back ends that call `sendWsMessage`",
        "all, once they choose a network",
        ("fleet/remote/test_routes.py",),
    ),
    ("pages of other origins", "Remote DWS from a browser", ("web/http/test_cors_in_a_browser.py",)),
)

LEFT_OUT = """
## Families that are left out

signfleet manages devices, not what they show. A call to one of these families answers 404. Tagged
groups could be offered; filters on tags, which mass changes and commands take too, do their work.

| family | base | state |
| --- | --- | --- |
"""
FAMILIES = (
    ("Content, with its upload API", "/Content/, /Upload/2019/03/REST"),
    ("Presentations", "/Presentations/"),
    ("Playlists, dynamic and tagged", "/Playlists/Dynamic/, /Playlists/Tagged/"),
    ("Feeds of media and of text", "/Feeds/Media/, /Feeds/Text/"),
    ("Web pages, web pages of devices, web applications", "/WebPages/, /DeviceWebPages/, /WebApplications/"),
    ("Plugins of autoruns", "/Autoruns/Plugins/"),
    ("Tagged groups, whose members follow from a rule on tags", "/Groups/Tagged/"),
)

MORE = """
## Endpoints beyond the documented ones

| method | path | effect |
| --- | --- | --- |
"""


class Reference(NamedTuple):
    """A route that a public reference or client names."""

    api: str
    method: str
    route: str

    @property
    def path(self) -> str:
        """Returns the path on this server."""
        base = {MAIN: PREFIX, REMOTE_DWS: "/rest/v1/", B_DEPLOY: ""}[self.api]
        return base + self.route


def references(api: str) -> list[Reference]:
    """Lists what references name of an API, besides the 94 endpoints."""
    lines = REFERENCES.read_text(encoding="utf-8").splitlines()[1:]
    return [found for found in (Reference(*line.split("\t")) for line in lines) if found.api == api]


def key(row: Documented) -> str:
    """Returns the name by which tests mark a documented endpoint."""
    return f"{row.method} {row.route.removeprefix(PREFIX)}"


@cache
def marks() -> tuple[tuple[str, Path], ...]:
    """Returns every endpoint or API that a `contract` mark names, with the files of its tests."""
    return tuple(_marks())


def _marks() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "pytest.mark.contract" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.contract":
                for argument in node.args:
                    yield ast.literal_eval(argument), path.relative_to(ROOT)


def proofs(name: str, endpoint: Endpoint | None = None) -> list[Path]:
    """Returns the files of the tests that a mark names, or else those of the module of an endpoint."""
    marked = sorted({path for marked, path in marks() if marked == name})
    if marked or endpoint is None:
        return marked
    _, *parts, module = endpoint.handler.__module__.split(".")
    return [Path("tests", *parts, f"test_{module}.py")]


def links(paths: list[Path]) -> str:
    return ", ".join(f"[{path.relative_to('tests')}]({path})" for path in paths)


def render() -> str:
    """Returns the whole page."""
    lines = []
    for row in documented():
        scope = row.scope if row.scope.startswith("(") else f"`{row.scope}`"
        state = LIMITS.get(key(row), "offered")
        lines.append(f"| {row.method} | `{row.path}` | {scope} | {state} | {links(proofs(key(row)))} |\n")
    text = HEAD.format(all=len(documented()), summary=summary()) + "".join(lines)
    text += LISTED + listed(MAIN) + remote() + BDEPLOY + listed(B_DEPLOY)
    text += CLIENTS + "".join(
        f"| {client} | {works} | {links([Path('tests', each) for each in tests])} |\n"
        for client, works, tests in CLIENT_ROWS
    )
    text += LEFT_OUT + "".join(f"| {name} | `{base}` | not planned |\n" for name, base in FAMILIES) + MORE
    return text + "".join(f"| {more.method} | `{more.path}` | {more.summary} |\n" for more in beyond())


def summary() -> str:
    """Returns how much of each API is offered, as lines of a table."""
    lines = [f"| Main API, described in full | {len(documented())} | {len(documented())} |\n"]
    for name, api in (("Main API, listed", MAIN), (REMOTE_DWS, REMOTE_DWS), (B_DEPLOY, B_DEPLOY)):
        found = references(api)
        offered = sum(endpoint_of(each) is not None for each in found)
        lines.append(f"| {name} | {len(found)} | {offered} |\n")
    return "".join(lines)


@cache
def _offered() -> dict[str, Endpoint]:
    """Returns the endpoints by method and path with nameless parameters, the routes of Remote DWS by themselves."""
    found = {f"{each.method} {_plain(path)}": each for each in endpoints() for path in (each.path, *each.aliases)}
    doors = {each.method: each for each in endpoints() if each.path == "/rest/v1/{route:path}"}
    return found | {f"{route.method} {_plain(f'/rest/v1/{route.pattern}')}": doors[route.method] for route in ROUTES}


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")


def endpoint_of(reference: Reference) -> Endpoint | None:
    """Returns the endpoint that offers a route; None if none does."""
    return _offered().get(f"{reference.method} {_plain(reference.path)}")


def state_of(reference: Reference) -> str:
    if endpoint_of(reference) is not None:
        return "offered"
    called = f"{reference.api} {reference.route}"
    return next(why for beginning, why in NOT_PLANNED.items() if called.startswith(beginning))


def tests_of(reference: Reference) -> list[Path]:
    """Returns the files of the tests of an offered route."""
    endpoint = endpoint_of(reference)
    return [] if endpoint is None else proofs(reference.api, endpoint)


def listed(api: str) -> str:
    """Returns the routes of an API as lines of a table."""
    rows = [(each.method, each.route, state_of(each), links(tests_of(each))) for each in references(api)]
    return "".join(f"| {method} | `{route}` | {state} | {tests} |\n" for method, route, state, tests in rows)


def remote() -> str:
    """Returns the routes of Remote DWS as a table."""
    known = {f"{route.method} {_plain(route.pattern)}": route for route in ROUTES}
    lines = []
    for each in references(REMOTE_DWS):
        route = known.get(f"{each.method} {_plain(each.route)}")
        cells = ("", "", "") if route is None else (route.operation.singular, _code(route.takes), _code(route.answers))
        lines.append(
            f"| {each.method} | `{each.route}` | {' | '.join(cells)} | {state_of(each)} | {links(tests_of(each))} |\n"
        )
    return REMOTE + "".join(lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def beyond() -> list[Endpoint]:
    """Lists the endpoints that no reference names."""
    known = {(row.method, row.route) for row in documented()}
    named = {
        endpoint_of(each) and id(endpoint_of(each)) for api in (MAIN, REMOTE_DWS, B_DEPLOY) for each in references(api)
    }
    return [each for each in endpoints() if (each.method, each.path) not in known and id(each) not in named]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
