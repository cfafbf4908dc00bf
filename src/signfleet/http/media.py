"""Media types: which a client takes, which it sends, and in which errors are told."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

JSON_TYPE = "application/json"
ERROR_TYPE = "application/vnd.bsn.error+json"


class Accepted(NamedTuple):
    """Whether a client takes JSON, and the media type in which it is told of errors."""

    json: bool
    error_type: str


@lru_cache(maxsize=1024)
def accepted(header: str | None) -> Accepted:
    """What an Accept header admits. None at all admits everything."""
    if not header or not header.strip():
        return Accepted(True, ERROR_TYPE)
    ranges = {}
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges[media_range] = _quality(parameters) > 0
    return Accepted(_admits(ranges, JSON_TYPE), ERROR_TYPE if _admits(ranges, ERROR_TYPE) else JSON_TYPE)


def _admits(ranges: dict[str, bool], media_type: str) -> bool:
    """The most specific range decides."""
    candidates = [media_type, "application/*", "*/*"]
    if media_type.endswith("+json"):
        candidates.insert(1, "application/*+json")
    return next((ranges[candidate] for candidate in candidates if candidate in ranges), False)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0


@lru_cache(maxsize=1024)
def is_sent_as(header: str | None, consumes: tuple[str, ...]) -> bool:
    """Whether a Content-Type is one of `consumes`; vendor types of JSON count as JSON. None at all is let pass."""
    if header is None:
        return True
    media_type, *parameters = (piece.strip().lower() for piece in header.split(";"))
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name == "charset" and charset.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            return False
    if media_type in consumes:
        return True
    return JSON_TYPE in consumes and (media_type == "text/json" or _is_vendor_json(media_type))


def _is_vendor_json(media_type: str) -> bool:
    return media_type.startswith("application/vnd.") and media_type.endswith("+json")
