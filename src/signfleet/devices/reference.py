"""How clients address a device: by id or by serial, in the same place of a path."""

from __future__ import annotations

from typing import NamedTuple

from signfleet.wire.ids import id_of
from signfleet.wire.text import fold


class Reference(NamedTuple):
    """Exactly one of the two is set."""

    id: int | None
    serial_key: str | None

    @classmethod
    def parse(cls, segment: str) -> Reference:
        """A segment of digits that fits a 32-bit integer is an id; anything else is a serial, in any letter case."""
        number = id_of(segment)
        return cls(None, fold(segment)) if number is None else cls(number, None)
