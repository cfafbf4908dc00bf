"""The endpoints that the contract documents: `contract.tsv`, one a line, is the list everything is measured by."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

PREFIX = "/2022/06/REST"

#: What the contract calls a parameter → what our routes do. One thing is often addressed by id and by name: those are
#: two lines of the contract and one route.
_PARAMETERS = {
    "/Devices/": {"id", "deviceId", "deviceid", "serial"},
    "/Self/Networks/": {"id", "networkId", "name", "networkName"},
    "/Self/Users/": {"id"},
}
_OURS = {"/Devices/": "device", "/Self/Networks/": "network", "/Self/Users/": "user"}


class Documented(NamedTuple):
    """One line of the contract."""

    family: str
    method: str
    path: str
    scope: str
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    seed: str

    @property
    def route(self) -> str:
        """The path as our routes spell it."""
        path = self.path.replace("{*locationPath}", "{location_path:path}")
        for family, names in _PARAMETERS.items():
            match = re.match(re.escape(family) + r"\{(\w+)(:int)?\}", path)
            if match and match[1] in names:
                path = f"{family}{{{_OURS[family]}}}{path[match.end() :]}"
        return PREFIX + path


@cache
def documented() -> tuple[Documented, ...]:
    lines = files(__package__).joinpath("contract.tsv").read_text().splitlines()[1:]
    rows = []
    for line in lines:
        family, method, path, scope, statuses, errors, seed = line.split("\t")
        rows.append(Documented(family, method, path, scope, tuple(statuses.split()), tuple(errors.split()), seed))
    return tuple(rows)


class DocumentedRoute(NamedTuple):
    """What the contract says of one of our routes; statuses in one text, separated by blanks."""

    family: str
    #: Where the line for ids names another scope than that for names, either is enough for both.
    scopes: tuple[str, ...]
    statuses: str
    errors: str


@cache
def routes() -> dict[tuple[str, str], DocumentedRoute]:
    """What is documented of each route, by method and path: the lines for id and name together."""
    lines: dict[tuple[str, str], list[Documented]] = {}
    for row in documented():
        lines.setdefault((row.method, row.route), []).append(row)
    return {key: _route(rows) for key, rows in lines.items()}


def _route(rows: list[Documented]) -> DocumentedRoute:
    scopes = dict.fromkeys(row.scope for row in rows if row.scope.startswith("bsn."))
    statuses = {status for row in rows for status in row.statuses}
    errors = {status for row in rows for status in row.errors}
    return DocumentedRoute(rows[0].family, tuple(scopes), " ".join(sorted(statuses)), " ".join(sorted(errors)))
