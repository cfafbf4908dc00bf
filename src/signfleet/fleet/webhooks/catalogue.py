"""The properties of the outbox's messages that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.webhooks.schemas import OutboxMessage
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import outbox

_COLUMNS = {
    "id": outbox.c.id,
    "channel": outbox.c.channel,
    "webhookId": outbox.c.webhook_id,
    "state": outbox.c.state,
    "creationDate": outbox.c.creation_date,
    "nextAttemptDate": outbox.c.next_attempt_date,
    "giveUpDate": outbox.c.give_up_date,
    "lastAttemptDate": outbox.c.last_attempt_date,
    "attempts": outbox.c.attempts,
    "status": outbox.c.status,
    "duration": outbox.c.duration,
}
OUTBOX = Catalogue(
    [found for found in properties_of(OutboxMessage) if found.path in _COLUMNS],
    Columns(outbox, _COLUMNS),
    entities=("Message", "Delivery"),
    default_sort="[Message].[Id] DESC",
)
"""The catalogue of /admin/v1/outbox/ and of the deliveries of a webhook."""
