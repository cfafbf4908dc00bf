"""Changes parts of a document: by JSON Patch, of which the contract has only `replace`, or by a partial body.

Both take a document as a GET answers it and return a changed copy, which the caller converts to its type: an error then
names the member that does not fit, and nothing has changed.

A path follows the properties of the document's type, never members that a client has added, so that the cost of a
change depends only on the length of its path.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import inspect

from signfleet.foundation.errors import Invalid
from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.numbers import whole_numbers
from signfleet.foundation.wire.validation_messages import choices, explain, known_type
from signfleet.web.contract.spelling import AT_ONCE, properties, property_name, spelled

T = TypeVar("T")

Document = dict[str, Any]

#: The most operations in one PATCH.
CHANGES_LIMIT: Final = 200

#: The depth of the deepest property of any entity fits.
DEPTH_LIMIT: Final = 16
#: The most characters of a path that an error repeats.
SHOWN_LENGTH: Final = 200

_NO_WAYS: Final[Mapping[str, str]] = {}

#: An element of an array in a JSON pointer; RFC 6901 has no leading zeros.
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class PatchOperation(msgspec.Struct):
    """One entry of a JSON Patch. `path` is a JSON pointer; a final slash and the letter case do not matter."""

    op: Literal["replace"]
    path: str
    value: Any


#: The body of a PATCH.
Changes = Annotated[list[PatchOperation], msgspec.Meta(max_length=CHANGES_LIMIT)]


def check_paths(
    changes: Sequence[PatchOperation], type_: Any, changeable: Collection[str], ways: Mapping[str, str] = _NO_WAYS
) -> None:
    """Raises `Invalid` for a path that no document of `type_` can have. It needs no document.

    `ways` maps properties that a PATCH cannot change to the requests that can.
    """
    for change in changes:
        kinds = [known_type(type_)]
        for depth, step in enumerate(_steps(change.path)):
            name = property_name(kinds, step)
            kinds = _below(kinds, name)
            if not kinds:
                raise _no_property(change.path, step)
            if depth == 0 and name not in changeable:
                way = f"; {ways[name]} changes it" if name in ways else ""
                raise Invalid(
                    f"'{_shown(change.path)}' cannot be changed by PATCH{way}; what can is below {_listed(changeable)}."
                )


async def spell_values(changes: Sequence[PatchOperation], type_: Any) -> None:
    """Spells the names in the new values as `type_`, the type of the document, does."""
    values = [change for change in changes if isinstance(change.value, dict | list)]
    if values:
        length = len(msgspec.json.encode(values))
        await run_in_thread(_spell, values, type_) if length > AT_ONCE else _spell(values, type_)


def _spell(changes: Sequence[PatchOperation], type_: Any) -> None:
    for change in changes:
        kinds = [known_type(type_)]
        for step in _steps(change.path):
            kinds = _below(kinds, property_name(kinds, step))
        change.value = spelled(change.value, kinds)


def patched(document: Document, changes: Sequence[PatchOperation], type_: Any, changeable: Collection[str]) -> Document:
    """Returns a copy of `document`, which is of `type_`, with all `changes` applied in order.

    `changeable` are the properties at the top that may be changed, themselves or below. Raises `Invalid` naming the
    path that leads nowhere, or to what cannot be changed.
    """
    check_paths(changes, type_, changeable)
    return replaced(document, changes, type_)


def replaced(document: Document, changes: Sequence[PatchOperation], type_: Any) -> Document:
    """Does what `patched` does, with changes whose paths have been checked."""
    result = dict(document)
    for change in changes:
        _replace(result, change, known_type(type_))
    return result


def merged(document: Document, partial: Document) -> Document:
    """Returns a copy of `document` with the properties of `partial`; others stay, and arrays are replaced whole."""
    result = dict(document)
    for name, value in partial.items():
        present = result.get(name)
        result[name] = merged(present, value) if isinstance(present, dict) and isinstance(value, dict) else value
    return result


def converted(document: Document, type_: type[T], at: str = "") -> T:
    """Converts the document to its type. Raises `Invalid` with the member that does not fit; `at` is its own path."""
    try:
        try:
            return msgspec.convert(document, type_)
        except msgspec.ValidationError:
            return msgspec.convert(whole_numbers(document), type_)
    except msgspec.ValidationError as error:
        raise Invalid(f"The changed document does not fit: {explain(error, type_, at)}.") from error


def _replace(document: Document, change: PatchOperation, kind: inspect.Type) -> None:
    """Makes a change in a document, with copies of what leads to it, so that others may have the same parts."""
    *parents, last = _steps(change.path)
    place: Any = document
    kinds = [kind]
    for step in parents:
        name = property_name(kinds, step)
        key = _key(place, name, change.path)
        below = place[key]
        if isinstance(below, dict | list):
            below = place[key] = below.copy()
        place, kinds = below, _below(kinds, name)
    place[_key(place, property_name(kinds, last), change.path)] = change.value


def _steps(path: str) -> list[str]:
    """Returns the steps of a JSON pointer, unescaped."""
    if not path.startswith("/") or not path.strip("/"):
        raise Invalid(f"'path' has to lead to a property, such as '/settings/description/', not '{_shown(path)}'.")
    steps = path[1:].removesuffix("/").split("/", DEPTH_LIMIT)
    if len(steps) > DEPTH_LIMIT:
        raise Invalid(f"'{_shown(path)}': no property is more than {DEPTH_LIMIT} steps deep.")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def _below(kinds: Sequence[inspect.Type], name: str) -> list[inspect.Type]:
    """Returns the types one step below: of a property, an element or a value; empty if there can be none."""
    found: list[inspect.Type] = []
    for kind in kinds:
        if isinstance(kind, inspect.StructType):
            found += properties(kind.cls).get(name, ())
        elif isinstance(kind, inspect.ListType):
            found += choices(kind.item_type)
        elif isinstance(kind, inspect.DictType):
            found += choices(kind.value_type)
    if not found and not any(isinstance(kind, inspect.StructType) for kind in kinds):
        return list(kinds)  # `_key` refuses a step into a scalar, with the document at hand
    return found


def _key(parent: Any, name: str, path: str) -> Any:
    """Returns the key of a step in `parent`: a name or an index."""
    shown = _shown(path)
    if isinstance(parent, dict):
        if name in parent:
            return name
        raise _no_property(path, name)
    if isinstance(parent, list):
        if _INDEX.fullmatch(name) and int(name) < len(parent):
            return int(name)
        raise Invalid(f"'{shown}': the array has {len(parent)} elements, and no '{_shown(name)}'.")
    if parent is None:
        raise Invalid(f"'{shown}': what '{_shown(name)}' would be part of is null; replace that as a whole.")
    raise Invalid(f"'{shown}': '{_shown(name)}' would be part of a value that has no parts.")


def _no_property(path: str, name: str) -> Invalid:
    return Invalid(f"'{_shown(path)}': there is no property '{_shown(name)}'.")


def _shown(text: str) -> str:
    """Returns a path, or part of one, for an error: a long one is cut."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"/{name}" for name in names)
