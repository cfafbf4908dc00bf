"""Parses the parts of paths that may be an id, a name or a serial."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.foundation.wire.text import fold

LARGEST_ID = 2**31 - 1

#: No name may be one of these: in a path, clients resolve them as steps and never send them.
DOT_SEGMENTS = (".", "..")


def id_of(segment: str) -> int | None:
    """Returns the id that a reference in a path means, digits that fit a 32-bit integer; None for a name."""
    if segment.isascii() and segment.isdigit() and len(segment) <= 10 and int(segment) <= LARGEST_ID:
        return int(segment)
    return None


class Reference(NamedTuple):
    """What a path segment names: an id, or else a name or serial, folded. Exactly one of the two is set."""

    id: int | None
    key: str | None

    @classmethod
    def parse(cls, segment: str) -> Reference:
        """Reads digits that fit a 32-bit integer as an id, and anything else as a name, in any letter case."""
        number = id_of(segment)
        return cls(None, fold(segment)) if number is None else cls(number, None)
