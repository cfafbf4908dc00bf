"""How clients address a device: by id or by serial, in the same place of a path."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.wire.text import fold

_LARGEST_ID = 2**31 - 1


class Reference(NamedTuple):
    """Exactly one of the two is set."""

    id: int | None
    serial_key: str | None

    @classmethod
    def parse(cls, segment: str) -> Reference:
        """A segment of digits that fits a 32-bit integer is an id; anything else is a serial, in any letter case."""
        if segment.isascii() and segment.isdigit() and len(segment) <= 10 and int(segment) <= _LARGEST_ID:
            return cls(int(segment), None)
        return cls(None, fold(segment))
