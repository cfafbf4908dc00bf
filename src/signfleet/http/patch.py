"""Changes of part of a document: JSON Patch with `replace` alone, as the contract has it, and bodies that leave
properties out.

Both take a document as it would be answered and give a changed copy, to be converted to its type afterwards: what does
not fit is then told with its place, and nothing was changed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Literal, TypeVar

import msgspec

from signfleet.errors import Invalid
from signfleet.wire.misfit import explain

T = TypeVar("T")

Document = dict[str, Any]

#: An element of an array in a JSON pointer; RFC 6901 has no leading zeros.
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class Change(msgspec.Struct):
    """One entry of a JSON Patch. `path` is a JSON pointer; a final slash and the letter case do not matter."""

    op: Literal["replace"]
    path: str
    value: Any


def patched(document: Document, changes: Iterable[Change], changeable: Collection[str]) -> Document:
    """A copy of `document` with all `changes` made, in their order.

    `changeable` are the properties at the top that may be changed, themselves or below. Raises `Invalid` naming the
    path that leads nowhere, or to what cannot be changed.
    """
    result: Document = msgspec.json.decode(msgspec.json.encode(document))
    for change in changes:
        _replace(result, change, changeable)
    return result


def merged(document: Document, partial: Document) -> Document:
    """A copy of `document` with the properties of `partial`; what that leaves out stays, arrays are taken whole."""
    result = dict(document)
    for name, value in partial.items():
        present = result.get(name)
        result[name] = merged(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return result


def converted(document: Document, type_: type[T], at: str = "") -> T:
    """The document as its type. Raises `Invalid` with the place of what does not fit; it stands at `at` in a whole."""
    try:
        return msgspec.convert(document, type_)
    except msgspec.ValidationError as error:
        raise Invalid(f"The changed document does not fit: {explain(error, type_, at)}.") from error


def _replace(document: Document, change: Change, changeable: Collection[str]) -> None:
    segments = _segments(change.path)
    parent: Any = document
    for depth, segment in enumerate(segments):
        key = _key(parent, segment, change.path)
        if depth == 0 and key not in changeable:
            raise Invalid(f"'{change.path}' cannot be changed; what can is below {_listed(changeable)}.")
        if depth == len(segments) - 1:
            parent[key] = change.value
        else:
            parent = parent[key]


def _segments(path: str) -> list[str]:
    """The parts of a JSON pointer, unescaped."""
    if not path.startswith("/") or not path.strip("/"):
        raise Invalid(f"'path' has to lead to a property, such as '/settings/description/', not '{path}'.")
    return [segment.replace("~1", "/").replace("~0", "~") for segment in path[1:].removesuffix("/").split("/")]


def _key(parent: Any, segment: str, path: str) -> Any:
    """The name or index of `segment` in `parent`, as it is spelled there."""
    if isinstance(parent, dict):
        if segment in parent:
            return segment
        folded = segment.casefold()
        for name in parent:
            if name.casefold() == folded:
                return name
        raise Invalid(f"'{path}': there is no property '{segment}'.")
    if isinstance(parent, list):
        if _INDEX.fullmatch(segment) and int(segment) < len(parent):
            return int(segment)
        raise Invalid(f"'{path}': the array has {len(parent)} elements, and no '{segment}'.")
    if parent is None:
        raise Invalid(f"'{path}': what '{segment}' would be part of is null; replace that as a whole.")
    raise Invalid(f"'{path}': '{segment}' would be part of a value that has no parts.")


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"/{name}" for name in names)
