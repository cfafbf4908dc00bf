"""Serial numbers: their form, and which ones are reserved."""

from __future__ import annotations

from typing import Final

from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import LARGEST_ID, id_of
from signfleet.foundation.wire.text import fold

SERIAL_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"
#: The same in words.
SERIAL_FORM: Final = "a serial: up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit"
#: Path segments below /Devices/ with a meaning of their own.
RESERVED: Final = frozenset({"all", "count", "models", "operations", "regions", "screenshots"})


def check_serial(serial: str) -> None:
    """Raises `Invalid` if no address could name a new device by this serial number."""
    if fold(serial) in RESERVED:
        raise Invalid(f"'serial': '{serial}' has a meaning of its own in addresses; no device can have it.")
    if id_of(serial) is not None:
        raise Invalid(f"'serial': '{serial}' would be taken for an id; a number has to be above {LARGEST_ID}.")
