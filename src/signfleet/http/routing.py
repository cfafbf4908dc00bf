"""Routes whose literals match in any letter case and with or without a final slash, while parameters keep theirs."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from falcon.routing import CompiledRouter

_PARAMETER = re.compile(r"\{(\w+)(:\w+)?\}")
#: Stands for an escaped slash inside a segment while the route is looked up.
_SLASH = "\x1f"


class _Methods(dict[str, Any]):
    """Falcon calls a method that it does not know a bad request; it is not allowed, like others that it does know."""

    def __missing__(self, method: str) -> Any:
        return self["TRACE"]  # which nothing here allows


class CaseInsensitiveRouter(CompiledRouter):
    """Falcon's compiled router, asked with the lower-cased path; parameters are then cut from the path as it was sent.

    It works on the raw path, so that an escaped slash belongs to its segment.
    """

    def __init__(self) -> None:
        super().__init__()
        #: Template → the parameters' places among the segments; the last may take all that follow.
        self._places: dict[str, tuple[tuple[str, int, bool], ...]] = {}

    def add_route(self, uri_template: str, resource: object, **options: Any) -> None:
        segments = uri_template.strip("/").split("/")
        template = "/" + "/".join(part if part.startswith("{") else part.lower() for part in segments)
        places = []
        for place, segment in enumerate(segments):
            if match := _PARAMETER.fullmatch(segment):
                places.append((match[1], place, match[2] == ":path"))
        self._places[template] = tuple(places)
        super().add_route(template, resource, **options)

    def map_http_methods(self, resource: object, **options: Any) -> Any:
        return _Methods(super().map_http_methods(resource, **options))

    def find(self, uri: str, req: Any = None) -> Any:
        if req is not None:
            uri = req.scope["raw_path"].decode("latin-1").partition("?")[0]
        path = uri.strip("/")
        segments = None
        if "%" in path:
            segments = [unquote(segment) for segment in path.split("/")]
            path = "/".join(segment.replace("/", _SLASH) for segment in segments)
        found = super().find("/" + path.lower())
        if found is None:
            return None
        params, template = found[2], found[3]
        if places := self._places[template]:  # type: ignore[index]  # our own templates
            segments = segments or path.split("/")
            for name, place, takes_rest in places:
                params[name] = "/".join(segments[place:]) if takes_rest else segments[place]
        return found
