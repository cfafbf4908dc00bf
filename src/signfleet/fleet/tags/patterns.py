"""Patterns of tag keys: `string::[Device].<C*>` for keys, `string::[Device].<City>:*` for values.

`*` stands for any text; type, entity and the mark of system tags may be `*` or left out with what follows them, so that
`<C*>` alone is a pattern too. Letter case does not matter.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.tags import TagKey
from signfleet.foundation.wire.text import fold

_FORM: Final = re.compile(
    r"(?:(?P<type>[a-z]+|\*)::)?(?P<system>\[sys\]\.)?(?:\[(?P<entity>[a-z]+|\*)\]\.)?<(?P<name>[^<>]*)>(?::(?P<value>.*))?",
    re.IGNORECASE | re.DOTALL,
)
LIMIT: Final = 1024


class TagPattern(NamedTuple):
    """What keys, and values, have to be like. None admits any."""

    type: str | None
    #: True: only tags of the system. False: any, unless the pattern names an entity, then only those of people.
    system: bool
    entity: str | None
    name: str
    value: str | None

    @classmethod
    def parse(cls, text: str | None) -> TagPattern:
        """Read a pattern; none at all admits every key. Raises `Invalid`."""
        if text is None or not text.strip():
            return cls(None, False, None, "*", None)
        match = _FORM.fullmatch(text.strip()) if len(text) <= LIMIT else None
        if match is None:
            raise Invalid(
                "Query parameter 'pattern' has to be like 'string::[Device].<C*>', with ':' and the values behind it"
                f" where these are looked for, and at most {LIMIT} characters long."
            )
        kind, entity = match["type"], match["entity"]
        return cls(
            None if kind in (None, "*") else fold(kind),
            match["system"] is not None,
            None if entity in (None, "*") else fold(entity),
            match["name"],
            match["value"],
        )

    def admits(self, key: TagKey) -> bool:
        """Whether a key fits."""
        return (
            self.type in (None, fold(key.type))
            and self.entity in (None, fold(key.entity))
            and (key.system if self.system else self.entity is None or not key.system)
            and like(self.name, key.name)
        )


def like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which `*` stands for any text."""
    first, *others = fold(pattern).split("*")
    folded = fold(text)
    if not others:
        return folded == first
    if not folded.startswith(first):
        return False
    at = len(first)
    *between, last = others
    for part in between:
        found = folded.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(folded) - len(last) >= at and folded.endswith(last)
