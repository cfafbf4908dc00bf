"""What a picture looks like beside the one before it, from the brightness of 16 by 16 parts of each."""

from __future__ import annotations

from typing import Final, Literal

Look = Literal["changed", "same", "black"]

#: Nothing on a black picture is brighter, of 255.
BLACK: Final = 12
#: How far a part of two pictures of the same may differ, of 255: encoders add some noise.
NOISE: Final = 2


def look(grid: str, before: str | None) -> Look | None:
    """Returns what a picture looks like; None for the first one of a player. Grids are in hexadecimal."""
    parts = bytes.fromhex(grid)
    if parts and max(parts) <= BLACK:
        return "black"
    if not before:
        return None
    pairs = zip(parts, bytes.fromhex(before), strict=True)
    return "changed" if any(abs(now - then) > NOISE for now, then in pairs) else "same"
