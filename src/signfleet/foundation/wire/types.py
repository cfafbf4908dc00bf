"""The contract's scalar types as annotations: limits for validation, kinds for the expression language."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from signfleet.foundation.wire.timespan import PATTERN as TIMESPAN_PATTERN

DateTime = Annotated[
    # No format date-time: the contract's own examples contain local times, `0001-01-01T00:00:00`.
    str, Meta(extra={"kind": "dateTime"}, description="RFC 3339, in UTC, such as `2024-03-13T16:30:00Z`.")
]
TimeSpan = Annotated[
    str,
    Meta(
        extra={"kind": "timeSpan", "is": "a time span such as `00:05:00` or, with days, `1.12:00:00`"},
        pattern=TIMESPAN_PATTERN,
        description="`hh:mm:ss`, with days as `d.` before and a fraction after it where needed.",
    ),
]
#: Filters and sorts do not know it, and every view for others masks it.
Secret = Annotated[str, Meta(extra={"secret": True}, max_length=8192)]

Id = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Byte = Annotated[int, Meta(ge=0, le=255)]
UShort = Annotated[int, Meta(ge=0, le=65535)]
Short = Annotated[int, Meta(ge=-32768, le=32767)]
Long = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]

Health = Literal["Normal", "Warning", "Error", "Unknown"]
