"""Names of properties in any letter case, as the contract's own serialiser reads them.

An exact name comes first: another spelling beside it is left out. Of two that are both inexact the last one counts, as
of a name that JSON has twice. Names that are data, such as those of tags, stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import inspect

from signfleet.foundation.wire.validation_messages import choices, known_type

#: So many bytes of JSON are spelled in the event loop, more outside: each name takes a microsecond.
AT_ONCE = 2048

#: A body with more of them is looked at outside the event loop.
_QUOTES_LIMIT = 8192
#: So many texts that could be names are looked for as names.
_LOOKED_AT = 8
#: An escaped letter, which a name may have.
_ESCAPED = re.compile(rb"\\u00[4-7]")

#: The properties of a type, by their names on the wire, with the types that each may have.
Properties = Mapping[str, Sequence[inspect.Type]]


class Spelling:
    """Spells the names in a JSON text as its type does."""

    def __init__(self, type_: Any) -> None:
        self._kinds = choices(known_type(type_))
        names = {name for kind in _structs(self._kinds) for name in properties(kind.cls)}
        folded = [_fold(name) for name in names]
        self._folded = frozenset(name.encode() for name in folded)
        # A name that is spelled differently elsewhere in the type may stand in the wrong place.
        self._exact = frozenset(name.encode() for name in names if folded.count(_fold(name)) == 1)
        strict = _strict(self._kinds) if names else None
        self._strict = None if strict is None else msgspec.json.Decoder(strict)

    def is_exact(self, body: bytes) -> bool:
        """Returns whether the text shows that no name has to be spelled differently.

        A few calls into C, whatever the length: every body comes through here.
        """
        if not self._folded:
            return True
        if self._strict is not None:
            try:
                self._strict.decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass  # perhaps a name that no type knows, which is allowed
            else:
                return True
        if body.count(b'"') > _QUOTES_LIMIT or (b"\\u00" in body and _ESCAPED.search(body)):
            return False
        others = set(body.split(b'"')) - self._exact
        if self._folded.isdisjoint(map(bytes.lower, others)):
            return True
        found = [name for name in others if name.lower() in self._folded]
        return len(found) <= _LOOKED_AT and not any(re.search(rb'"%b"\s*+:' % name, body) for name in found)

    def spell(self, body: bytes) -> bytes:
        """Returns the JSON text with its names as the type spells them. Raises what decoding raises."""
        return msgspec.json.encode(spelled(msgspec.json.decode(body), self._kinds))


def spelled(value: Any, kinds: Sequence[inspect.Type]) -> Any:
    """Returns a decoded value of one of `kinds` with the names of its properties as they spell them."""
    if isinstance(value, list):
        below = _elements(kinds, inspect.ListType, "item_type")
        return [spelled(item, below) for item in value] if below else value
    if not isinstance(value, dict):
        return value
    structs = [properties(kind.cls) for kind in kinds if isinstance(kind, inspect.StructType)]
    if not structs:
        below = _elements(kinds, inspect.DictType, "value_type")
        return {name: spelled(item, below) for name, item in value.items()} if below else value
    return {
        name: spelled(value[given], [found for known in structs for found in known.get(name, ())])
        for given, name in _names(value, kinds)
    }


def members(value: dict[str, Any], struct: type) -> dict[str, Any]:
    """Returns an object with its own names as `struct` spells them; what is below them stays as it is."""
    known = properties(struct)
    if value.keys() <= known.keys():
        return value
    return {name: value[given] for given, name in _names(value, [known_type(struct)])}


@cache
def exact(type_: Any) -> Any:
    """Returns a type like `type_`, with the same limits, whose objects admit no member that it does not know."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return msgspec.defstruct(
            type_.__name__,
            [(field.name, exact(field.type), _field(field)) for field in msgspec.structs.fields(type_)],
            kw_only=True,
            forbid_unknown_fields=True,
        )
    parts = get_args(type_)
    if not parts or get_origin(type_) is Literal:
        return type_
    if get_origin(type_) is Annotated:
        return Annotated[(exact(parts[0]), *parts[1:])]
    if get_origin(type_) in (Union, UnionType):
        return reduce(or_, map(exact, parts))
    return get_origin(type_)[tuple(map(exact, parts))]


def _field(field: msgspec.structs.FieldInfo) -> Any:
    """Declares a field with the name and default of another."""
    declare: Any = msgspec.field  # its overloads know no default that may be missing
    return declare(name=field.encode_name, default=field.default, default_factory=field.default_factory)


def property_name(kinds: Sequence[inspect.Type], name: str) -> str:
    """Returns the name of a property as the types spell it; `name` itself where they know no such property."""
    structs = [kind.cls for kind in kinds if isinstance(kind, inspect.StructType)]
    if any(name in properties(struct) for struct in structs):
        return name
    folded = _fold(name)
    return next((_spellings(struct)[folded] for struct in structs if folded in _spellings(struct)), name)


@cache
def properties(struct: type) -> Properties:
    """Returns the properties of a type by their names on the wire, each with the types that its value may have."""
    kind = known_type(struct)
    assert isinstance(kind, inspect.StructType)
    return {field.encode_name: choices(field.type) for field in kind.fields}


@cache
def _spellings(struct: type) -> Mapping[str, str]:
    """Returns the names of a type's properties by their folded ones."""
    return {_fold(name): name for name in properties(struct)}


def _strict(kinds: Sequence[inspect.Type]) -> Any:
    """Returns a type that admits exact names alone, and skips the values without properties.

    None where no such type can be had: a value may be one of several types with properties.
    """
    kinds = [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]
    if next(_structs(kinds), None) is None:
        return msgspec.Raw
    if len(kinds) > 1:
        return None
    kind = kinds[0]
    below: Any = None
    if isinstance(kind, inspect.StructType):
        fields = [(name, _strict(of), msgspec.UNSET) for name, of in properties(kind.cls).items()]
        if all(of is not None for _name, of, _default in fields):
            below = msgspec.defstruct(kind.cls.__name__, fields, forbid_unknown_fields=True)
    elif isinstance(kind, inspect.ListType) and (item := _strict(choices(kind.item_type))) is not None:
        below = GenericAlias(list, (item,))
    elif isinstance(kind, inspect.DictType) and (value := _strict(choices(kind.value_type))) is not None:
        below = GenericAlias(dict, (str, value))
    return None if below is None else below | None


def _fold(name: str) -> str:
    """Returns a name without its letter case, as `bytes.lower` has it: all properties have names in ASCII."""
    return name.lower() if name.isascii() else name


def _names(value: dict[str, Any], kinds: Sequence[inspect.Type]) -> Iterator[tuple[str, str]]:
    """Returns the names in an object that count, as they are given and as they are spelled."""
    for given in value:
        name = property_name(kinds, given)
        if name == given or name not in value:
            yield given, name


def _elements(kinds: Sequence[inspect.Type], of: type[inspect.Type], attribute: str) -> list[inspect.Type]:
    """Returns the types of what is in the arrays, or objects with free names, that `kinds` admit."""
    return [found for kind in kinds if isinstance(kind, of) for found in choices(getattr(kind, attribute))]


def _structs(kinds: Sequence[inspect.Type]) -> Iterator[inspect.StructType]:
    """Returns all types with properties at any depth."""
    seen: set[type] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.StructType):
            if kind.cls not in seen:
                seen.add(kind.cls)
                yield kind
                waiting += [found for below in properties(kind.cls).values() for found in below]
        elif isinstance(kind, inspect.ListType):
            waiting += choices(kind.item_type)
        elif isinstance(kind, inspect.DictType):
            waiting += choices(kind.value_type)
