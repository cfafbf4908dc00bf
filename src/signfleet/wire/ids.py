"""Ids in paths, where a name or serial may stand as well."""

from __future__ import annotations

LARGEST_ID = 2**31 - 1

#: No name may be one of these: as path segments, clients take them for steps and never send them.
DOT_SEGMENTS = (".", "..")


def id_of(segment: str) -> int | None:
    """The id that a path segment means: digits that fit a 32-bit integer. None for anything else, which is a name."""
    if segment.isascii() and segment.isdigit() and len(segment) <= 10 and int(segment) <= LARGEST_ID:
        return int(segment)
    return None
