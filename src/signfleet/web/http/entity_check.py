"""Checks the members of an entity that its change ignores: whole entities may be sent back, nonsense may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, UnsetType, inspect

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.numbers import whole_numbers
from signfleet.foundation.wire.validation_messages import choices, explain, known_type
from signfleet.web.contract.paging import PagedList
from signfleet.web.contract.spelling import spelled
from signfleet.web.http.endpoint import JSON, Endpoint

#: Refuses a decoded body whose members are not of their entity's types.
BodyCheck = Callable[[Any], None]

_PLAIN: Final[Mapping[type[inspect.Type], Any]] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.BoolType: bool,
    inspect.NoneType: None,
}
#: Names of JSON's types as msgspec has them, for its errors.
_JSON: Final = {bool: "bool", int: "int", float: "float", list: "array", dict: "object"}


class Moment:
    """The type of dates while a body is checked, so that they are read."""


def body_check(endpoint: Endpoint, shown: Any) -> BodyCheck | None:
    """Returns the check of an endpoint whose body is an entity or a part of it; None for other bodies.

    `shown` is what GET answers at the same address: the entity, alone or in a list.
    """
    if endpoint.body is None or endpoint.consumes != JSON or shown is None:
        return None
    if endpoint.method == "PUT":
        return type_check(shown) if _is_struct(shown) else None
    if shown in (endpoint.body, endpoint.answer) and (_is_struct(shown) or _is_struct(_item(shown))):
        return type_check(shown)
    return type_check(endpoint.answer) if endpoint.answer is not None and endpoint.answer == _item(shown) else None


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _item(shown: Any) -> Any:
    """Returns the type of the items of a list or of a page."""
    if _is_struct(shown) and issubclass(shown, PagedList):
        [items] = [field.type for field in msgspec.structs.fields(shown) if field.name == "items"]
        return _item(items)
    return get_args(shown)[0] if get_origin(shown) is list else None


@cache
def type_check(entity: Any) -> BodyCheck:
    """Returns what raises `Invalid` for a body with a member of another type than the entity's, or a bad date.

    Members may be missing or null wherever they are. How long or large a value is does not matter here.
    """
    loose, kinds = _loose(known_type(entity)), choices(known_type(entity))

    def check(body: Any) -> None:
        body = spelled(body, kinds)
        try:
            try:
                msgspec.convert(body, loose, dec_hook=_read)
            except msgspec.ValidationError:
                msgspec.convert(whole_numbers(body), loose, dec_hook=_read)
        except msgspec.ValidationError as error:
            raise Invalid(f"The body does not fit: {explain(error, loose)}.") from error

    return check


def _read(_: type, value: Any) -> Moment:
    if not isinstance(value, str):
        raise ValueError(f"Expected a date and time, got `{_JSON[type(value)]}`")
    datetime.parse(value)
    return Moment()


def _loose(kind: inspect.Type) -> Any:
    """Returns the type that admits what `kind` does, with members left out or null, and without limits."""
    loose: Any = _PLAIN.get(type(kind), Any)
    match kind:
        case inspect.Metadata():
            loose = _loose_annotated(kind)
        case inspect.StructType(cls=struct):
            loose = _loose_struct(struct)
        case inspect.ListType(item_type=item):
            loose = GenericAlias(list, (_loose(item),))
        case inspect.DictType(value_type=value):
            loose = GenericAlias(dict, (str, _loose(value)))
        case inspect.UnionType(types=types):
            loose = Union[tuple(map(_loose, types))]  # noqa: UP007 (its types are known at run time alone)
        case inspect.LiteralType(values=words):
            loose = Literal[tuple(words)]
    return loose


def _loose_annotated(kind: inspect.Metadata) -> Any:
    known = (kind.extra or {}).get("kind")
    if known == "dateTime":
        return Moment
    if known == "timeSpan" and isinstance(kind.type, inspect.StrType):
        return Annotated[str, Meta(pattern=kind.type.pattern, extra=kind.extra)]
    return _loose(kind.type)


@cache
def _loose_struct(struct: type[msgspec.Struct]) -> Any:
    kind = known_type(struct)
    assert isinstance(kind, inspect.StructType)
    members = [(field.encode_name, Union[_loose(field.type), UnsetType, None], UNSET) for field in kind.fields]  # noqa: UP007 (as above)
    return msgspec.defstruct(struct.__name__, members)
