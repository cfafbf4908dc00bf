"""`/console/audit`: who changed what, when and from where; also as CSV."""

from __future__ import annotations

from typing import Any, Final, get_args
from urllib.parse import urlencode

import msgspec

from signfleet.console.audit.values import differences
from signfleet.console.names import names_of
from signfleet.console.pages import Pages
from signfleet.console.view import View
from signfleet.fleet.health.service import HealthLists
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire import datetime, zones
from signfleet.foundation.wire.wall_clock import ms_of
from signfleet.identity.access.operations.definitions import VIEW_AUDIT
from signfleet.identity.audit.schemas import Action, AuditedEntity
from signfleet.identity.audit.service import AuditTrail
from signfleet.web.contract.paging import ListQuery
from signfleet.web.http.call import Answer

PAGE_SIZE: Final = 100
CSV: Final = "text/csv; charset=utf-8; header=present"
FIELDS: Final = ("filter", "person", "entity", "action", "since", "until")
ENTITIES: Final = sorted(set(get_args(AuditedEntity)) - {"Permission"})
ACTIONS: Final = sorted(get_args(Action))

pages = Pages("/console/audit")


class Entry(msgspec.Struct, rename="camel"):
    """An entry as the list shows it."""

    id: int
    date: str
    actor: str
    address: str | None
    action: str
    entity: str
    entity_id: int | None
    device_id: int | None
    name: str | None
    before: Any
    after: Any


_decoder = msgspec.json.Decoder(list[Entry])


@pages.get("/", operation=VIEW_AUDIT)
async def list_audit(view: View, audit: AuditTrail, health_lists: HealthLists, links: Links) -> Answer:
    """List the changes that the address asks for, newest first, a page at a time."""
    given = {name: (view.call.parameter(name) or "").strip() for name in FIELDS}
    found, filter_, error = None, None, None
    try:
        filter_ = _filter(view, given)
        query = ListQuery(filter_, None, view.call.parameter("marker"), PAGE_SIZE)
        found = await audit.list_(view.session, query)
    except Invalid as wrong:
        error = wrong.message
    entries = [] if found is None else _decoder.decode(b"[%b]" % b",".join(found.items))
    asked = {name: value for name, value in given.items() if value}
    more = found and found.next_marker and f"?{urlencode({**asked, 'marker': found.next_marker})}"
    return view.page(
        "audit/rows.html" if view.wants_rows and found else "audit/list.html",
        400 if error else 200,
        entries=[(entry, differences(view, entry.before, entry.after)) for entry in entries],
        names=await names_of(view, health_lists, links, (entry.device_id or 0 for entry in entries)),
        found=found,
        error=error,
        given=given,
        filter=filter_,
        csv=f"/console/audit/export.csv{'?' if asked else ''}{urlencode(asked)}",
        more=more,
        marker=view.call.parameter("marker"),
        entities=ENTITIES,
        actions=ACTIONS,
    )


@pages.get("/export.csv", operation=VIEW_AUDIT)
async def export_audit(view: View, audit: AuditTrail) -> Answer:
    """Export all changes that the address asks for as CSV."""
    given = {name: (view.call.parameter(name) or "").strip() for name in FIELDS}
    scope = await audit.scope(view.session)
    chunks = audit.csv(view.session.network, _filter(view, given), None, scope)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Answer(stream=chunks, media_type=CSV, headers=headers)


def _filter(view: View, given: dict[str, str]) -> str | None:
    """Returns the filter of the form's fields. Raises `Invalid`."""
    conditions = [given["filter"]] if given["filter"] else []
    for field, name in (("person", "actor"), ("entity", "entity"), ("action", "action")):
        if given[field]:
            conditions.append(f"[{name}] IS {_quoted(given[field])}")
    for field, comparison in (("since", "IS AFTER"), ("until", "IS BEFORE")):
        if given[field]:
            moment = ms_of(given[field], zones.zone(view.zone))
            if moment is None:
                raise Invalid(f"'{field}': '{given[field]}' is not a date and time such as 2024-03-13T08:30.")
            conditions.append(f"[date] {comparison} '{datetime.format(moment)}'")
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return " AND ".join(f"({each})" for each in conditions)


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "''").replace("*", "\\*").replace("?", "\\?"))
