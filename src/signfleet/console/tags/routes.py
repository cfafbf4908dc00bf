"""`/console/tags`: the keys and values of tags in use, and changes of all players that have one."""

from __future__ import annotations

from typing import Any, Final

from signfleet.console.changes.asking import JOBS, Question, ask_or_start
from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.players.search import exactly
from signfleet.console.view import View
from signfleet.fleet.changes.schemas import NewChange, TagEdits
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.tags.service import CountedKey, TagIndex
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.tags import TagKey, normalise
from signfleet.identity.access.operations.definitions import MANAGE_TAGS, VIEW_DEVICE
from signfleet.identity.access.permissions import Permissions
from signfleet.web.http.call import Answer

VALUE_LIMIT: Final = 4096
#: Of a key with more values, the page shows the most frequent ones.
SHOWN: Final = 200

#: The types with one value, and whether an expression quotes it.
SCALARS: Final = {"string": True, "dateTime": True, "timeSpan": True, "number": False, "boolean": False}

pages = Pages("/console/tags")


@pages.get("/", operation=VIEW_DEVICE)
async def list_tags(view: View, tag_index: TagIndex) -> Answer:
    """List the keys of tags in use, with how many players have each."""
    return view.page("tags/list.html", keys=await tag_index.counted_keys(view.session))


@pages.get("/{key}/", operation=VIEW_DEVICE)
async def show_tag(view: View, tag_index: TagIndex, permissions: Permissions, key: str) -> Answer:
    """Get one key: its values, with how many players have each."""
    return await _page(view, tag_index, permissions, await tag_index.counted_key(view.session, id_of(key)))


@pages.post("/{key}/", operation=MANAGE_TAGS)
async def change_tag(
    view: View, *, tag_index: TagIndex, permissions: Permissions, changes: Changes, key: str
) -> Answer:
    """Give all players of a value another one, or remove the tag from those of a value, or from all."""
    form = FormData(view.call)
    found = await tag_index.counted_key(view.session, id_of(key))
    old, new = form.get("old"), form.get("new")
    try:
        if len(new) > VALUE_LIMIT or len(old) > VALUE_LIMIT:
            raise Invalid(f"A value has at most {VALUE_LIMIT} characters.")
        filter_ = _having(found.key, old) if form.get("of") == "value" else f"{found.key} IS NOT NULL"
        edits = TagEdits(remove=[str(found.key)]) if form.get("do") == "remove" else TagEdits(set={str(found.key): new})
        change = NewChange(filter=filter_, tags=edits)
        asked = await ask_or_start(view, changes, form, change, ["do", "of", "old", "new"])
    except Invalid as error:
        return await _page(view, tag_index, permissions, found, 400, error=error.message)
    if isinstance(asked, Question):
        return await _page(view, tag_index, permissions, found, question=asked)
    return view.redirect(f"{JOBS}{asked.id}/")


async def _page(
    view: View, tag_index: TagIndex, permissions: Permissions, found: CountedKey, status: int = 200, **state: Any
) -> Answer:
    known: dict[str, Any] = {"error": None, "question": None}
    return view.page(
        "tags/tag.html",
        status,
        tag=found,
        is_scalar=found.key.type in SCALARS,
        values=await tag_index.counted_values(view.session, found.id, SHOWN),
        may_change=not found.key.system and await permissions.allows(view.session, MANAGE_TAGS),
        **{**known, **state},
    )


def _having(key: TagKey, value: str) -> str:
    """Returns the filter of the players whose tag has a value. Raises `Invalid` for one that is not of its type."""
    if key.type not in SCALARS:
        raise Invalid(f"'{key}' has lists of values; change them player by player.")
    try:
        text = normalise(key.type, value)
    except ValueError as error:
        raise Invalid(f"'{key}': {error}.") from error
    return f"{key} IS {exactly(text) if SCALARS[key.type] else text}"
