"""Differences of documents by path, and how they are put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from signfleet.foundation.errors import Conflict
from signfleet.web.contract.patch import Document

#: Set by the server with each change.
_DATES: Final = ("lastModifiedDate",)
#: Compared and put back as a whole: a group by its id, whatever it is called by now.
_WHOLE: Final = ("group",)


def flat_difference(before: Document, after: Document, at: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the old and new values that differ, by path below `at`; null for a member that one lacks."""
    changes = list(_changes(before, after, at))
    return {path: old for path, old, _ in changes}, {path: new for path, _, new in changes}


def _changes(before: Document, after: Document, at: str) -> Iterator[tuple[str, Any, Any]]:
    for name in (*before, *(name for name in after if name not in before)):
        old, new, path = before.get(name), after.get(name), f"{at}/{_escaped(name)}"
        if old == new or name in _DATES:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and name not in _WHOLE:
            yield from _changes(old, new, path)
        else:
            yield path, old, new


def put_back(present: Document, before: dict[str, Any], after: dict[str, Any], at: str) -> Document:
    """Returns a copy of a document with the values of `before`, where those of `after` are still there.

    Raises `Conflict` with the first path where they are not.
    """
    result = dict(present)
    for path, new in after.items():
        *parents, last = [_plain(step) for step in path.removeprefix(f"{at}/").split("/")]
        place: Any = result
        for step in parents:
            inner = place.get(step) if isinstance(place, dict) else None
            if not isinstance(inner, dict):
                raise _changed(path)
            place[step] = place = dict(inner)
        old = before[path]
        if not _same(last, place.get(last), new):
            raise _changed(path)
        place[last] = {"id": old["id"], "name": None, "link": None} if last in _WHOLE and old else old
    return result


def _same(name: str, present: Any, written: Any) -> bool:
    if name in _WHOLE and isinstance(present, dict) and isinstance(written, dict):
        return bool(present.get("id") == written.get("id"))
    return bool(present == written)


def _changed(path: str) -> Conflict:
    return Conflict(f"'{path}' has changed since.")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
