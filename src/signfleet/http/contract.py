"""The endpoints that the contract documents: `contract.tsv`, one a line, is the list everything is measured by."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from signfleet.http.call import Answer, Call
from signfleet.http.endpoint import Endpoint
from signfleet.http.errors import NotImplementedYet

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


def missing(declared: list[Endpoint]) -> list[Endpoint]:
    """An endpoint that answers 501 for everything documented that nothing has declared."""
    present = {(endpoint.method, endpoint.path) for endpoint in declared}
    placeholders: dict[tuple[str, str], Endpoint] = {}
    for row in documented():
        key = (row.method, row.route)
        if key not in present:
            placeholders[key] = _placeholder(row)
    return list(placeholders.values())


def _placeholder(row: Documented) -> Endpoint:
    async def not_there_yet(_call: Call, **_segments: str) -> Answer:
        raise NotImplementedYet(f"{row.method} {row.path} is documented, but this server does not offer it yet.")

    not_there_yet.__doc__ = "Documented, not offered yet."
    return Endpoint(
        method=row.method,  # type: ignore[arg-type]  # the list holds these five methods only
        path=row.route,
        handler=not_there_yet,
        family=row.family,
        scopes=(),
        operation=None,
        caller="public",
        body=None,
        answer=None,
        partial=False,
        consumes=(),
        body_optional=True,
        body_limit=0,
        parameters=(),
        statuses=("501",),
        errors=(),
        more=(),
        aliases=(),
        secret=False,
    )
