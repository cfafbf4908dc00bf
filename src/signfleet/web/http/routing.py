"""Routes whose literals match in any letter case and with or without a final slash, while parameters keep theirs.

A path is looked up segment by segment, as it was sent: an escaped slash belongs to its segment.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from signfleet.web.http.response import Response

#: Answers a call, given the parameters of its path.
Responder = Callable[..., "Awaitable[Response]"]

#: How many paths the router caches with their routes, and how long they may be, in bytes.
CACHE_SIZE, CACHED_LENGTH = 4096, 160

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


class Route:
    """A path and what answers there, by method."""

    __slots__ = ("_places", "responders", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        self.responders: dict[str, Responder] = {}
        #: The parameters' places among the segments; the last may take all that follow.
        self._places = _places(template)

    def parameters(self, segments: list[str]) -> dict[str, str]:
        """Returns the parameters of a path by their names."""
        return {
            name: "/".join(segments[place:]) if takes_rest else segments[place]
            for name, place, takes_rest in self._places
        }


@cache
def _places(template: str) -> list[tuple[str, int, bool]]:
    """Returns the parameters of a declared path: name, place, and whether it takes the rest of the path."""
    return [
        (match[1], place, bool(match[2]))
        for place, segment in enumerate(_split(template))
        if (match := _PARAMETER.fullmatch(segment))
    ]


class _Node:
    """What may follow one beginning of a path: a literal first, then a number, a parameter, the rest of the path."""

    __slots__ = ("literals", "number", "parameter", "rest", "route")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.number: _Node | None = None
        self.parameter: _Node | None = None
        self.rest: Route | None = None
        self.route: Route | None = None

    def find(self, segments: list[str], place: int) -> Route | None:
        if place == len(segments):
            return self.route
        literal = self.literals.get(segments[place].lower())
        route = None if literal is None else literal.find(segments, place + 1)
        if route is None and self.number is not None and segments[place].isascii() and segments[place].isdigit():
            route = self.number.find(segments, place + 1)
        if route is None and self.parameter is not None and segments[place]:
            route = self.parameter.find(segments, place + 1)
        return self.rest if route is None else route


class Router:
    """All routes."""

    def __init__(self) -> None:
        self._root = _Node()
        self._find_cached = lru_cache(CACHE_SIZE)(self._find)

    def add(self, method: str, template: str, responder: Responder) -> None:
        """Makes `responder` answer `method` at `template`, such as `/Devices/{device}/` or `/Regions/{place:path}/`.

        A segment `*` stands for any number, which the responder does not get. What answers GET answers HEAD.
        """
        node = self._root
        for segment in _split(template):
            parameter = _PARAMETER.fullmatch(segment) if segment.startswith("{") else None
            if segment == "*":
                node.number = node.number or _Node()
                node = node.number
            elif parameter is None:
                literal = segment.lower()
                node = node.literals.get(literal) or node.literals.setdefault(literal, _Node())
            elif parameter[2]:
                route = node.rest = node.rest or Route(template)
                break
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        else:
            route = node.route = node.route or Route(template)
        route.responders[method] = responder
        if method == "GET":
            route.responders["HEAD"] = responder

    def find(self, raw_path: bytes) -> tuple[Route, dict[str, str]] | None:
        """Returns the route of a path without its query, and the parameters in it."""
        return self._find_cached(raw_path) if len(raw_path) <= CACHED_LENGTH else self._find(raw_path)

    def _find(self, raw_path: bytes) -> tuple[Route, dict[str, str]] | None:
        segments = _split(raw_path.decode("utf-8", "replace"))
        if b"%" in raw_path:
            segments = [unquote(segment) for segment in segments]
        route = self._root.find(segments, 0)
        return None if route is None else (route, route.parameters(segments))


def _split(path: str) -> list[str]:
    return path.strip("/").split("/")
