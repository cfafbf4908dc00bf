"""Changes of part of a document: JSON Patch with `replace` alone, as the contract has it, and bodies that leave
properties out.

Both take a document as it would be answered and return a changed copy, to be converted to its type afterwards: an error
then names the place of what does not fit, and nothing has changed.

A path leads along the properties of the document's type, never into what a client has put beside them, so that the work
of a change depends on the length of its path alone.
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

#: How many changes one request may carry.
CHANGES_LIMIT: Final = 200

#: No property of any entity lies deeper.
DEPTH_LIMIT: Final = 16
#: So much of a path is repeated in an error.
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
    """Raises `Invalid` for a path that leads nowhere in any document of `type_`, before any document is read.

    `ways` names the requests that change what a PATCH cannot, by property.
    """
    for change in changes:
        kinds = [known_type(type_)]
        for depth, segment in enumerate(_segments(change.path)):
            name = property_name(kinds, segment)
            kinds = _below(kinds, name)
            if not kinds:
                raise _no_property(change.path, segment)
            if depth == 0 and name not in changeable:
                way = f"; {ways[name]} changes it" if name in ways else ""
                raise Invalid(
                    f"'{_shown(change.path)}' cannot be changed by PATCH{way}; what can is below {_listed(changeable)}."
                )


async def spell_values(changes: Sequence[PatchOperation], type_: Any) -> None:
    """Spells the names in the new values as `type_`, that of the document, does."""
    values = [change for change in changes if isinstance(change.value, dict | list)]
    if values:
        length = len(msgspec.json.encode(values))
        await run_in_thread(_spell, values, type_) if length > AT_ONCE else _spell(values, type_)


def _spell(changes: Sequence[PatchOperation], type_: Any) -> None:
    for change in changes:
        kinds = [known_type(type_)]
        for segment in _segments(change.path):
            kinds = _below(kinds, property_name(kinds, segment))
        change.value = spelled(change.value, kinds)


def patched(document: Document, changes: Sequence[PatchOperation], type_: Any, changeable: Collection[str]) -> Document:
    """A copy of `document`, which is of `type_`, with all `changes` made, in their order.

    `changeable` are the properties at the top that may be changed, themselves or below. Raises `Invalid` naming the
    path that leads nowhere, or to what cannot be changed.
    """
    check_paths(changes, type_, changeable)
    result: Document = msgspec.json.decode(msgspec.json.encode(document))
    for change in changes:
        _replace(result, change, known_type(type_))
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
        try:
            return msgspec.convert(document, type_)
        except msgspec.ValidationError:
            return msgspec.convert(whole_numbers(document), type_)
    except msgspec.ValidationError as error:
        raise Invalid(f"The changed document does not fit: {explain(error, type_, at)}.") from error


def _replace(document: Document, change: PatchOperation, kind: inspect.Type) -> None:
    *parents, last = _segments(change.path)
    place: Any = document
    kinds = [kind]
    for segment in parents:
        name = property_name(kinds, segment)
        place = place[_key(place, name, change.path)]
        kinds = _below(kinds, name)
    place[_key(place, property_name(kinds, last), change.path)] = change.value


def _segments(path: str) -> list[str]:
    """The parts of a JSON pointer, unescaped."""
    if not path.startswith("/") or not path.strip("/"):
        raise Invalid(f"'path' has to lead to a property, such as '/settings/description/', not '{_shown(path)}'.")
    segments = path[1:].removesuffix("/").split("/", DEPTH_LIMIT)
    if len(segments) > DEPTH_LIMIT:
        raise Invalid(f"'{_shown(path)}': no property lies more than {DEPTH_LIMIT} steps deep.")
    return [segment.replace("~1", "/").replace("~0", "~") for segment in segments]


def _below(kinds: Sequence[inspect.Type], name: str) -> list[inspect.Type]:
    """The types of what is one step below: a property, an element, a value. None where there can be nothing."""
    found: list[inspect.Type] = []
    for kind in kinds:
        if isinstance(kind, inspect.StructType):
            found += properties(kind.cls).get(name, ())
        elif isinstance(kind, inspect.ListType):
            found += choices(kind.item_type)
        elif isinstance(kind, inspect.DictType):
            found += choices(kind.value_type)
    if not found and not any(isinstance(kind, inspect.StructType) for kind in kinds):
        return list(kinds)  # of values without parts the document says what is wrong
    return found


def _key(parent: Any, name: str, path: str) -> Any:
    """The name or index of a step in `parent`."""
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
    """A path or a part of one for an error, which does not repeat a long one."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"/{name}" for name in names)
