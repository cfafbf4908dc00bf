"""Dates as forms of browsers have them: of a wall clock, without a zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def ms_of(text: str, zone: tzinfo) -> int | None:
    """Returns the time in ms that a clock in a zone shows as `text`, such as 2024-03-13T08:30; None for other text."""
    try:
        shown = datetime.fromisoformat(text) if text.isascii() and len(text) <= 32 else None
    except ValueError:
        return None
    if shown is None or not 1970 <= shown.year < 9999:
        return None
    if shown.tzinfo is None:
        shown = shown.replace(tzinfo=zone)
    moment = int(shown.timestamp() * 1000)
    return moment if moment >= 0 else None


def shown_at(ms: int, zone: tzinfo) -> str:
    """Returns what a clock in a zone shows at a time in ms, for the field of a form."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%dT%H:%M")
