"""Reads what people type into the search box, and writes it as the filter that it means.

    lobby health:error model:xt1144 place:Berlin tag:lit tag:floor=2 group:"Retail Floor"

Words match names and serials; the other parts are conditions. What begins with `[` or `<` is an expression already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from signfleet.foundation.errors import Invalid

_PARTS: Final = re.compile(r'(?:(\w+):)?((?:"[^"]*"|[^\s"])+|\S+)')
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
PROPERTIES: Final[Mapping[str, str]] = {
    "health": "[status].[health]",
    "model": "[model]",
    "serial": "[serial]",
    "group": "[settings].[group].[name]",
    "reason": "[reason].[code]",
    "firmware": "[status].[firmware].[version]",
    "address": "[status].[network].[externalIp]",
    "subscription": "[subscription].[status]",
}
#: More parts would make a filter that nobody means.
LIMIT: Final = 10


class Condition(NamedTuple):
    """A part of the search: what was typed, and its filter."""

    words: str
    filter: str


def read(text: str) -> list[Condition]:
    """Returns the conditions of a search. Raises `Invalid` for an unknown name before a colon."""
    text = text.strip()
    if text.startswith(("[", "<", "(")):
        return [Condition(text, text)]
    found = [_condition(match) for match in _PARTS.finditer(text)]
    if len(found) > LIMIT:
        raise Invalid(f"A search has at most {LIMIT} words and conditions.")
    return found


def filter_of(conditions: list[Condition]) -> str | None:
    """Returns the filter that all of the conditions make together."""
    return " AND ".join(f"({each.filter})" for each in conditions) if len(conditions) > 1 else _only(conditions)


def quoted(value: str) -> str:
    """Returns a text as an expression has it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def exactly(value: str) -> str:
    """Returns a text as an expression has it that is to match this text alone, without wildcards."""
    return quoted(value).replace("*", "\\*").replace("?", "\\?")


def _only(conditions: list[Condition]) -> str | None:
    return conditions[0].filter if conditions else None


def _condition(match: re.Match[str]) -> Condition:
    name, value = match[1], match[2].replace('"', "")
    text = quoted(value)
    if name is None:
        return Condition(match[0], f"[settings].[name] CONTAINS {text} OR [serial] CONTAINS {text}")
    if name.lower() == "tag":
        return Condition(match[0], _tagged(value.replace("<", "").replace(">", "")))
    if name.lower() == "place":
        return Condition(match[0], f"[settings].[location].[path] CONTAINS {text}")
    known = PROPERTIES.get(name.lower())
    if known is None:
        raise Invalid(
            f"'{name}:' is no condition; there are {', '.join(f'{each}:' for each in [*PROPERTIES, 'place', 'tag'])}."
        )
    return Condition(match[0], f"{known} IS {text}")


def _tagged(text: str) -> str:
    """Returns the filter of a tag's name, or of a name and a value with "=" between.

    The type of the tag is not known: a text that is also a number or a truth means either.
    """
    key, is_valued, value = text.partition("=")
    if not is_valued:
        return f"<{key}> IS NOT NULL"
    is_literal = _NUMBER.fullmatch(value) or value.upper() in ("TRUE", "FALSE")
    return f"<{key}> IS {quoted(value)}" + (f" OR <{key}> IS {value}" if is_literal else "")
