"""Describes settings in words, for help texts, errors and the documentation."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from signfleet.foundation.settings.declarations import Settings

SWITCH = "true or false"


class SettingDescription(NamedTuple):
    """One setting, as help texts and the documentation show it."""

    name: str
    #: "text", "number", `SWITCH`, or the choices with `|` between them.
    kind: str
    default: Any
    description: str
    #: Whether its flag may be repeated.
    is_list: bool


@cache
def describe_settings() -> tuple[SettingDescription, ...]:
    """Returns every setting, in the order of `Settings`; each command asks for its flags."""
    information: Any = msgspec.inspect.type_info(Settings)
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(
        SettingDescription(field.name, _kind(hints[field.name]), field.default, *_description(hints[field.name]))
        for field in information.fields
    )


def _description(annotation: Any) -> tuple[str, bool]:
    """Returns the text, and whether the setting is a list."""
    meta = next(meta for meta in annotation.__metadata__ if isinstance(meta, Meta))
    return meta.description or "", bool(meta.extra and meta.extra.get("list"))


def _kind(annotation: Any) -> str:
    kind = annotation.__origin__
    options = get_args(kind)
    if get_origin(kind) is Literal:
        return "|".join(options)
    kind = next((option for option in options if option is not NoneType), kind)
    return {str: "text", int: "number", float: "number", bool: SWITCH}[kind]


def describe_value(annotation: Any) -> str:
    """Returns what a value of this type has to be, for an error: "a whole number from 1 to 3650"."""
    kind = _kind(annotation)
    metas = [meta for meta in annotation.__metadata__ if isinstance(meta, Meta)]
    if kind == "number":
        return next(f"a whole number from {meta.ge} to {meta.le}" for meta in metas)
    if "|" in kind:
        return kind.replace("|", " or ")
    return next((meta.extra["is"] for meta in metas if meta.extra), SWITCH if kind == SWITCH else "text")
