"""Answers lists, in pages or whole, as CSV: one row for each entity, one column for each value, page after page.

A client asks for it by an Accept header that names `text/csv` and does not admit JSON; every other header gets what it
gets elsewhere. Columns are the paths of the entity's properties, such as `settings.name`, in the order of its type;
arrays and open objects are JSON. Each page is a call of the list's own handler, so that permissions hold for each.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cache, lru_cache
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from signfleet.foundation.storage.query import run_in_thread
from signfleet.foundation.wire.csv_text import Path, cell_of, paths_of, rows_as_csv, struct_of
from signfleet.web.http.call import Answer, Call

CSV_TYPE: Final = "text/csv"


def names_csv(accept: str) -> bool:
    """Returns whether an Accept header names CSV itself, not by a range."""
    return any(
        part.partition(";")[0].strip().lower() == CSV_TYPE and ";q=0" not in part.replace(" ", "") + ";"
        for part in accept.split(",")
    )


def is_list(method: str, answer: Any) -> bool:
    """Returns whether an endpoint answers entities: a page of them, or an array."""
    return method == "GET" and _entity_of(answer) is not None


@lru_cache(maxsize=64)
def columns_of(answer: Any) -> tuple[Path, ...]:
    """Returns the paths of the columns of a list."""
    return tuple(paths_of(_entity_of(answer)))


@cache
def _entity_of(answer: Any) -> type[msgspec.Struct] | None:
    """Returns the type of the entities of an array, or of a struct with `items` and `nextMarker`; None for others."""
    if get_origin(answer) is list:
        [item] = get_args(answer)
        return struct_of(item)
    struct = struct_of(answer)
    if struct is None or not {"items", "next_marker"} <= set(struct.__struct_fields__):
        return None
    return _entity_of(get_type_hints(answer)["items"])


async def answer_csv(
    call: Call,
    handler: Callable[..., Awaitable[Answer]],
    parameters: dict[str, str],
    kind: Any,
    admit: Callable[[], Awaitable[None]],
) -> Answer:
    """Answers all pages from the one that the call asks for. Raises what the handler raises for the first one.

    `admit` checks before each other page that the caller's token is still valid.
    """
    columns = columns_of(kind)
    first = await handler(call, **parameters)

    async def pages() -> AsyncGenerator[bytes, None]:
        yield rows_as_csv([[".".join(path) for path in columns]])
        answer = first
        while True:
            chunk, marker = await run_in_thread(_page, answer.body or b"", columns)
            yield chunk
            if marker is None:
                return
            call.set_parameter("marker", marker)
            await admit()
            answer = await handler(call, **parameters)

    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Answer(stream=pages(), media_type=f"{CSV_TYPE}; charset=utf-8; header=present", headers=headers)


def _page(body: bytes, columns: tuple[Path, ...]) -> tuple[bytes, str | None]:
    """Returns the rows of a page as CSV, and the marker of the next one."""
    page = msgspec.json.decode(body)
    items, marker = (page, None) if isinstance(page, list) else (page["items"], page["nextMarker"])
    return rows_as_csv([[cell_of(item, path) for path in columns] for item in items]), marker
