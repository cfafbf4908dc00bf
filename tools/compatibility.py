"""Writes COMPATIBILITY.md: every endpoint that the contract documents, what it does not do yet, and what tests it.

    python tools/compatibility.py

A test covers an endpoint by the mark `@pytest.mark.contract("GET /Devices/{device}/")`, our spelling of its route below
/2022/06/REST.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from signfleet.app.wiring import endpoints
from signfleet.fleet.remote.table import ROUTES
from signfleet.web.http.documented import PREFIX, Documented, documented
from signfleet.web.http.endpoint import Endpoint

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "COMPATIBILITY.md"

HEAD = """# Compatibility

`make docs` generates this page from the endpoint declarations and the tests; a test fails if it is
out of date.

signfleet implements the HTTP API that BSN.cloud documents as its Main API 2022/06. Paths are
relative to `/2022/06/REST`; Provisioning and Token answer below any other version too, such as
`/2019/03/REST`. The letter case of paths and a final slash do not matter.

signfleet offers all {all} documented endpoints.
[docs/differences.md](docs/differences.md) lists the deliberate differences from the documentation.

| method | path | scope | state | tests |
| --- | --- | --- | --- | --- |
"""

#: What an endpoint that answers does not do yet, by method and our route.
LIMITS = {
    "PUT /Self/Users/{user}/Notifications/": "offered; stores the settings, sends no notifications yet",
}

REMOTE = """
## Remote DWS

The routes below `/rest/v1/`, each with `?destinationType=player&destinationName=SERIAL`; a final
slash does not matter, letter case does. `PUT /rest/v1/sendWsMessage` calls any of them. signfleet
relays them to players that speak its player protocol; simulated players answer all of them.
[docs/remote-control.md](docs/remote-control.md) says how.

| method | route | permission | members of `data` | members of the result | state |
| --- | --- | --- | --- | --- | --- |
"""

#: What public clients or references name, and this server leaves out.
LEFT_OUT = ("POST update/sync", "GET system", "system/supervisors/…", "GET logs/crash-dumps", "remoteview/…")

MORE = """
## Endpoints beyond the documented ones

| method | path | effect |
| --- | --- | --- |
"""


def key(row: Documented) -> str:
    """Returns the name by which tests mark a documented endpoint."""
    return f"{row.method} {row.route.removeprefix(PREFIX)}"


def marks() -> Iterator[tuple[str, Path]]:
    """Returns every endpoint that a `contract` mark names, with the files of its tests."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.contract":
                for argument in node.args:
                    yield ast.literal_eval(argument), path.relative_to(ROOT)


def render() -> str:
    """Returns the whole page."""
    files: dict[str, set[Path]] = defaultdict(set)
    for name, path in marks():
        files[name].add(path)
    lines = []
    for row in documented():
        tests = ", ".join(f"[{path.relative_to('tests')}]({path})" for path in sorted(files[key(row)]))
        scope = row.scope if row.scope.startswith("(") else f"`{row.scope}`"
        state = LIMITS.get(key(row), "offered")
        lines.append(f"| {row.method} | `{row.path}` | {scope} | {state} | {tests} |\n")
    text = HEAD.format(all=len(documented())) + "".join(lines) + remote() + MORE
    return text + "".join(f"| {more.method} | `{more.path}` | {more.summary} |\n" for more in beyond())


def remote() -> str:
    """Returns the routes of Remote DWS as a table."""
    rows = [
        f"| {route.method} | `{route.pattern}/` | {route.operation.singular} | {_code(route.takes)}"
        f" | {_code(route.answers)} | offered |\n"
        for route in ROUTES
    ]
    return REMOTE + "".join(rows) + "".join(f"| | `{route}` | | | | not planned |\n" for route in LEFT_OUT)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def beyond() -> list[Endpoint]:
    """Lists the endpoints that the contract does not document."""
    known = {(row.method, row.route) for row in documented()}
    return [endpoint for endpoint in endpoints() if (endpoint.method, endpoint.path) not in known]


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
