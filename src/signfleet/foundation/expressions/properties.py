"""Derives the properties of an entity from its msgspec type, so that filters know a new field without more work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import inspect

from signfleet.foundation.expressions.types import Kind

_SCALARS = {
    inspect.StrType: Kind.STRING,
    inspect.IntType: Kind.NUMBER,
    inspect.FloatType: Kind.NUMBER,
    inspect.BoolType: Kind.BOOLEAN,
}
_ARRAYS = {
    inspect.StrType: Kind.STRING_ARRAY,
    inspect.IntType: Kind.NUMERIC_ARRAY,
    inspect.FloatType: Kind.NUMERIC_ARRAY,
}


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its `path` as in JSON (`settings.group.id`), its kind and, for an enumeration, its words.

    `whole` marks numbers without a fraction, and `open` an enumeration whose entities may have words beyond the known
    ones. `step` is the resolution of a point in time as the API shows it, in ms: filters compare what is shown.
    """

    path: str
    kind: Kind
    words: tuple[str, ...] = ()
    whole: bool = False
    open: bool = False
    step: int = 1

    def __str__(self) -> str:
        return ".".join(f"[{name[:1].upper()}{name[1:]}]" for name in self.path.split("."))


def properties_of(entity: type, words: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Property, ...]:
    """Returns every property of a msgspec Struct that a filter can name, in the order of its fields.

    Not those inside an array of objects or a free-form object, nor those with `Meta(extra={"secret": True})`.
    `Meta(extra={"kind": "dateTime"})` (or timeSpan, enum…) gives the kind where the Python type does not, and `step`
    that of the property. `words` gives, by path, the known words of open enumerations, which stored data extends.
    """
    opened = words or {}
    return tuple(
        Property(found.path, Kind.ENUM, opened[found.path], open=True) if found.path in opened else found
        for found in _walk(inspect.type_info(entity), "", ())
    )


def _walk(kind: inspect.Type, path: str, within: tuple[type, ...]) -> Iterator[Property]:
    kind, extra = _unwrap(kind)
    if extra.get("secret"):
        return
    if isinstance(kind, inspect.StructType):
        if kind.cls in within:  # a type that contains itself has no end
            return
        if path:
            yield Property(path, Kind.OBJECT)
        for field in kind.fields:
            yield from _walk(field.type, f"{path}.{field.encode_name}".lstrip("."), (*within, kind.cls))
    elif (found := _leaf(kind, extra, path)) is not None:
        yield found


def _leaf(kind: inspect.Type, extra: Mapping[str, Any], path: str) -> Property | None:
    if "kind" in extra:
        return Property(path, Kind(extra["kind"]), tuple(extra.get("words", ())), step=extra.get("step", 1))
    if isinstance(kind, inspect.LiteralType | inspect.EnumType):
        words = kind.values if isinstance(kind, inspect.LiteralType) else (member.value for member in kind.cls)
        return Property(path, Kind.ENUM, tuple(str(word) for word in words))
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        item, _ = _unwrap(kind.item_type)
        array = _ARRAYS.get(type(item))
        return None if array is None else Property(path, array)
    scalar = _SCALARS.get(type(kind))
    return None if scalar is None else Property(path, scalar, whole=isinstance(kind, inspect.IntType))


def _unwrap(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """Returns a type without `Annotated`, `| None` and `| UnsetType`, and the `extra` that they carried."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            extra |= kind.extra or {}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            parts = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
            if len(parts) != 1:
                return kind, extra
            kind = parts[0]
        else:
            return kind, extra
