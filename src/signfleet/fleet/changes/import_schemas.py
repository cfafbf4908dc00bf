"""What a dry run of an import answers."""

from __future__ import annotations

import msgspec

from signfleet.fleet.changes.schemas import Example


class LineError(msgspec.Struct, rename="camel", kw_only=True):
    """A line that an import would fail at, and its column if it is one cell."""

    line: int
    column: str | None
    reason: str


class ImportPreview(msgspec.Struct, rename="camel", kw_only=True):
    """How many lines a file has, how many would fail, and what would happen to the first devices.

    `errors` lists the first hundred of `errorCount`.
    """

    count: int
    examples: list[Example]
    error_count: int
    errors: list[LineError]
