"""Patterns of tag keys: `string::[Device].<C*>` for keys, `string::[Device].<City>:*` for values.

`*` matches any text. Type and entity may be `*` or absent, with the delimiter that follows them, and so may the mark of
system tags, `[sys].`: `<C*>` alone is a pattern too. Letter case does not matter.
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
    """A parsed pattern. A part that is None matches anything."""

    type: str | None
    #: True: only system tags. False: any tags; but if the pattern names an entity, no system tags.
    system: bool
    entity: str | None
    name: str
    value: str | None

    @classmethod
    def parse(cls, text: str | None) -> TagPattern:
        """Parses a pattern; an empty one matches every key. Raises `Invalid`."""
        if text is None or not text.strip():
            return cls(None, False, None, "*", None)
        match = _FORM.fullmatch(text.strip()) if len(text) <= LIMIT else None
        if match is None:
            raise Invalid(
                "Query parameter 'pattern' has to have the form 'string::[Device].<C*>', followed by ':' and a pattern"
                f" of values if you look for values, and at most {LIMIT} characters."
            )
        kind, entity = match["type"], match["entity"]
        return cls(
            None if kind in (None, "*") else fold(kind),
            match["system"] is not None,
            None if entity in (None, "*") else fold(entity),
            match["name"],
            match["value"],
        )

    def matches(self, key: TagKey) -> bool:
        """Checks whether a key matches."""
        return (
            self.type in (None, fold(key.type))
            and self.entity in (None, fold(key.entity))
            and (key.system if self.system else self.entity is None or not key.system)
            and like(self.name, key.name)
        )


def like(pattern: str, text: str) -> bool:
    """Checks whether a text matches a pattern in which `*` matches any text.

    Example: `like("C*t*y", "City")` compares the start `c` and the end `y`, and looks for `t` between them.
    """
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
