"""Media types: those that a client accepts, those that it sends, and that of errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

JSON_TYPE = "application/json"
ERROR_TYPE = "application/vnd.bsn.error+json"
HTML_TYPE = "text/html"
EVENT_STREAM = "text/event-stream"
#: Of answers that ignore the Accept header.
ANY_TYPE = "*/*"

#: A longer header is not cached: strangers could fill the memory.
CACHED_LENGTH = 256
#: An Accept header with more ranges or characters than this is disregarded, as RFC 9110 allows.
ACCEPT_RANGES, ACCEPT_LENGTH = 64, 2048

#: Unregistered names that clients send nevertheless.
_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}

T = TypeVar("T")


def cached_if_short(function: Callable[..., T]) -> Callable[..., T]:
    """Caches the results of `function` for short headers."""
    cached = lru_cache(maxsize=1024)(function)

    @wraps(function)
    def call(header: str | None, *others: Any) -> T:
        is_long = header is not None and len(header) > CACHED_LENGTH
        return function(header, *others) if is_long else cached(header, *others)

    return call


@cached_if_short
def admits(accept: str | None, media_type: str) -> bool:
    """Returns whether an Accept header admits `media_type`: the most specific range decides; None admits all."""
    if not accept or not accept.strip() or media_type == ANY_TYPE:
        return True
    if len(accept) > ACCEPT_LENGTH or accept.count(",") >= ACCEPT_RANGES:
        return True
    ranges = {}
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges[media_range] = _quality(parameters) > 0
    kind = media_type.partition("/")[0]
    candidates = [media_type, f"{kind}/*", "*/*"]
    if media_type.endswith("+json"):
        candidates.insert(1, f"{kind}/*+json")
    return next((ranges[candidate] for candidate in candidates if candidate in ranges), False)


def error_type(accept: str | None) -> str:
    """Returns the media type of errors for an Accept header."""
    return ERROR_TYPE if admits(accept, ERROR_TYPE) else JSON_TYPE


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0


@cached_if_short
def is_sent_as(header: str | None, consumes: tuple[str, ...]) -> bool:
    """Returns whether a Content-Type is one of `consumes`; vendor types of JSON count as JSON; None is accepted."""
    if not header or not header.strip():
        return True
    media_type = header.partition(";")[0].strip().lower()
    if _ALIASES.get(media_type, media_type) in consumes:
        return True
    return JSON_TYPE in consumes and (media_type == "text/json" or _is_vendor_json(media_type))


def _is_vendor_json(media_type: str) -> bool:
    return media_type.startswith("application/vnd.") and media_type.endswith("+json")
