"""Evaluates conditional requests: `If-Modified-Since` (304) and `If-Unmodified-Since` (412) of the contract, and entity
tags, because an HTTP date cannot distinguish two states within one second. After two changes within one second, the
date of that second matches neither state, so the client reads again.

An entity tag is `"version"` or `"version-status"`: the version counts changes by clients, the status changes that a
device reports. A precondition compares only the version: a status report never fails a write.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from signfleet.foundation import clock
from signfleet.foundation.errors import Invalid, Stale
from signfleet.foundation.wire import datetime


class TooSoon(Stale):
    """A second change within one second, which no HTTP date can distinguish: the server makes it in the next second."""


class Precondition(msgspec.Struct, frozen=True):
    """What a write requires: `unmodified_since` in ms, a whole second; `tags` without quotes, `*` for any."""

    unmodified_since: int | None = None
    tags: frozenset[str] | None = None

    @classmethod
    def of(cls, since: str | None, tags: str | None) -> Precondition:
        """Parses the headers `If-Unmodified-Since` and `If-Match`. Raises `Invalid`."""
        if since is None and tags is None:
            return NONE
        if tags is not None and tags.count(",") >= TAGS:
            raise Invalid(f"Header 'If-Match' has more than {TAGS} entity tags.")
        return cls(
            None if since is None else _unmodified_since(since),
            None if tags is None else frozenset(entity_tags(tags)),
        )

    def check(self, last_modified: int, version: int | str) -> None:
        """Raises `Stale` unless the state is the one that the caller has read. `last_modified` is in ms.

        Raises `TooSoon` if the caller sent a date and the state is of the current second.
        """
        if self.tags is not None:
            self.check_version(version)
            return
        if self.unmodified_since is None:
            return
        settled = datetime.settled(last_modified)
        if settled > self.unmodified_since:
            if last_modified // 1000 * 1000 > self.unmodified_since:
                raise Stale(
                    "It was changed since you read it: its last change, "
                    f"{datetime.format_http(last_modified)}, lies after 'If-Unmodified-Since'."
                )
            raise Stale(
                "It was changed more than once within the second that 'If-Unmodified-Since' names, perhaps since you"
                " read it: read it again, one second later at the earliest, or send its ETag in 'If-Match'."
            )
        if settled // 1000 - clock.now() // 1000 in (0, 1):
            raise TooSoon("It is being changed by others all the time; read it again, or send its ETag in 'If-Match'.")

    def check_version(self, version: int | str) -> None:
        """Raises `Stale` unless something that has no date of its own has the version that the caller has read."""
        if self.tags is None or "*" in self.tags:
            return
        if str(version) not in {tag.partition("-")[0] for tag in self.tags}:
            raise Stale("It was changed since you read it: its ETag differs from the one in 'If-Match'.")

    def check_absent(self) -> None:
        """Raises `Stale` if the caller sent entity tags for something that does not exist."""
        if self.tags is not None:
            raise Stale("There is nothing here that could have the ETag in 'If-Match'.")


NONE = Precondition()

#: No ordinary client sends more entity tags in one header.
TAGS = 100


def version_of(entity: Any) -> str:
    """Returns the version of something that has no date of its own: what is equal has the same version."""
    return hashlib.sha256(msgspec.json.encode(entity)).hexdigest()[:16]


def entity_tags(header: str) -> list[str]:
    """Returns the entity tags of a header, without quotes and `W/`."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",") if tag.strip()]


def is_unchanged(tags: str | None, since: str | None, last_modified: int | None, etag: str | None) -> bool:
    """Returns whether a GET with these headers, `If-None-Match` and `If-Modified-Since`, may be answered with 304."""
    if tags is not None:
        if tags.count(",") >= TAGS:
            return False  # the caller gets the whole answer
        known = entity_tags(tags)
        return etag is not None and ("*" in known or etag in known)
    if since is None or last_modified is None:
        return False
    try:
        return datetime.settled(last_modified) <= datetime.parse_http(since)
    except ValueError:
        return False  # RFC 9110 ignores a malformed date; the caller gets the whole answer


def _unmodified_since(text: str) -> int:
    """Parses the date. RFC 9110 ignores a malformed one; it is refused here, since ignoring it could lose a change."""
    try:
        return datetime.parse_http(text)
    except ValueError as error:
        raise Invalid(
            f"Header 'If-Unmodified-Since': '{text}' is not an HTTP date such as 'Wed, 13 Mar 2024 15:51:01 GMT'."
        ) from error
