"""The contract's scalar types as annotations: limits for validation, kinds for the expression language."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

DateTime = Annotated[
    str, Meta(extra={"kind": "dateTime"}, extra_json_schema={"format": "date-time"}, description="RFC 3339, in UTC.")
]
TimeSpan = Annotated[
    str,
    Meta(
        extra={"kind": "timeSpan"},
        pattern=r"^(\d{1,5}\.)?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,7})?)?$",
        description="`hh:mm:ss`, with days as `d.` before and a fraction behind where needed.",
    ),
]
#: Never filtered by, never sorted on, masked wherever it is shown to others.
Secret = Annotated[str, Meta(extra={"secret": True}, max_length=8192)]

Id = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Byte = Annotated[int, Meta(ge=0, le=255)]
UShort = Annotated[int, Meta(ge=0, le=65535)]
Short = Annotated[int, Meta(ge=-32768, le=32767)]
Long = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]

Health = Literal["Normal", "Warning", "Error", "Unknown"]
