"""Remembers the heads of short requests: a client sends the same fields again and again, and the parser need not.

    GET /2022/06/REST/Devices/46C89C101839/ HTTP/1.1      the line, which gives the target
    Host: signs.example                                   the fields, to the empty line
    Authorization: Bearer …

A request whose line and fields both came before, byte for byte, gets what the parser made of them then. Only heads that
have no body behind them and leave the connection open are remembered, and only where nothing in them is unusual.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from signfleet.web.http.response import EXTENSIONS

#: How many lines and groups of fields are remembered, and how long a line or group may be, in bytes.
LINES, GROUPS, LENGTH = 4096, 1024, 1024

_END = b"\r\n\r\n"
#: What every remembered request has in its ASGI scope.
_SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "scheme": "http",
    "method": "GET",
    "root_path": "",
    "extensions": EXTENSIONS,
}


class _Target(NamedTuple):
    path: str
    raw_path: bytes
    query: bytes


class KnownHeads:
    """The lines and fields of one server's requests."""

    def __init__(self) -> None:
        self._targets: dict[bytes, _Target] = {}
        self._fields: dict[bytes, list[tuple[bytes, bytes]]] = {}

    def find(self, sent: bytes) -> dict[str, Any] | None:
        """Returns the scope of a request that is exactly `sent`, or None if the parser has to read it."""
        line, _, fields = sent.partition(b"\r\n")
        headers = self._fields.get(fields)
        if headers is None:
            return None
        target = self._targets.get(line)
        if target is None:
            return None
        path, raw_path, query = target
        return {**_SCOPE, "path": path, "raw_path": raw_path, "query_string": query, "headers": headers}

    def remember(self, sent: bytes, scope: dict[str, Any], target: bytes) -> None:
        """Remembers a head without a body that the parser has read, if it is all of `sent`.

        The lines are counted: what the parser takes for the end of a line or head has to be what `find` takes for it.
        """
        line, _, fields = sent.partition(b"\r\n")
        headers = scope["headers"]
        lines = len(headers) + 1
        is_usual = line == b"GET %b HTTP/1.1" % target and fields.find(_END) == len(fields) - len(_END)
        if not is_usual or len(line) > LENGTH or len(fields) > LENGTH:
            return
        if not fields.count(b"\n") == fields.count(b"\r") == lines:
            return
        if len(self._targets) >= LINES:
            self._targets.clear()
        if len(self._fields) >= GROUPS:
            self._fields.clear()
        self._targets[line] = _Target(scope["path"], scope["raw_path"], scope["query_string"])
        self._fields[fields] = headers
