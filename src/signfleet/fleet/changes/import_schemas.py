"""What a dry run of an import answers."""

from __future__ import annotations

from typing import Any

import msgspec

from signfleet.foundation.wire.types import Id


class LineError(msgspec.Struct, rename="camel", kw_only=True):
    """A line that an import would fail at, and its column if it is one cell."""

    line: int
    column: str | None
    reason: str


class LineExample(msgspec.Struct, rename="camel", kw_only=True):
    """What a line would change: old and new values by path, or why it would fail. `id` is that of its device."""

    line: int
    id: Id | None
    serial: str
    before: dict[str, Any]
    after: dict[str, Any]
    error: str | None


class ImportPreview(msgspec.Struct, rename="camel", kw_only=True):
    """How many lines a file has, how many would fail, and what the first others would change.

    `errors` lists the first hundred of `errorCount`.
    """

    count: int
    examples: list[LineExample]
    error_count: int
    errors: list[LineError]
