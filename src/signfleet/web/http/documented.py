"""Reads `contract.tsv`, which lists the endpoints that the contract documents, one per line."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

PREFIX = "/2022/06/REST"

#: The contract's names of the first parameter. It documents an entity by id and by name in two lines; here both are
#: one route.
_CONTRACT_PARAMETERS = {
    "/Devices/": {"id", "deviceId", "deviceid", "serial"},
    "/Self/Networks/": {"id", "networkId", "name", "networkName"},
    "/Self/Users/": {"id"},
}
_PARAMETER_OF_ROUTE = {"/Devices/": "device", "/Self/Networks/": "network", "/Self/Users/": "user"}


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
        """Returns the path as the routes declare it."""
        return _route_of(self.path)


@cache
def _route_of(path: str) -> str:
    path = path.replace("{*locationPath}", "{location_path:path}")
    for family, names in _CONTRACT_PARAMETERS.items():
        match = re.match(re.escape(family) + r"\{(\w+)(:int)?\}", path)
        if match and match[1] in names:
            path = f"{family}{{{_PARAMETER_OF_ROUTE[family]}}}{path[match.end() :]}"
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
    """What the contract documents of one route; statuses are one text, separated by spaces."""

    family: str
    #: The lines for id and for name may differ in scope; then either is enough for both.
    scopes: tuple[str, ...]
    statuses: str
    errors: str


@cache
def routes() -> dict[tuple[str, str], DocumentedRoute]:
    """Returns what is documented of each route, by method and path; lines for id and for name are merged."""
    lines: dict[tuple[str, str], list[Documented]] = {}
    for row in documented():
        lines.setdefault((row.method, row.route), []).append(row)
    return {key: _route(rows) for key, rows in lines.items()}


def _route(rows: list[Documented]) -> DocumentedRoute:
    scopes = dict.fromkeys(row.scope for row in rows if row.scope.startswith("bsn."))
    statuses = {status for row in rows for status in row.statuses}
    errors = {status for row in rows for status in row.errors}
    return DocumentedRoute(rows[0].family, tuple(scopes), " ".join(sorted(statuses)), " ".join(sorted(errors)))
