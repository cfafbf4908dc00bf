"""The properties that filters and sorts of events can name."""

from __future__ import annotations

from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import event
from signfleet.identity.events.schemas import EventRecord

EVENTS = Catalogue(
    properties_of(EventRecord),
    Columns(
        event,
        {
            "id": event.c.id,
            "date": event.c.date,
            "kind": event.c.kind,
            "deviceId": event.c.device_id,
            "serial": event.c.serial_key,
            "name": event.c.name_key,
        },
    ),
    entities=("Event", "EventRecord"),
    default_sort="[Event].[Date] DESC",
)
"""The catalogue of /admin/v1/events/."""
