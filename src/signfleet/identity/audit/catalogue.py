"""The properties that filters and sorts of the audit trail can name."""

from __future__ import annotations

from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import audit
from signfleet.identity.audit.schemas import AuditRecord

AUDIT = Catalogue(
    properties_of(AuditRecord),
    Columns(
        audit,
        {
            "id": audit.c.id,
            "date": audit.c.date,
            "actor": audit.c.actor_key,
            "address": audit.c.address,
            "action": audit.c.action,
            "entity": audit.c.entity,
            "entityId": audit.c.entity_id,
            "deviceId": audit.c.device_id,
            "name": audit.c.name_key,
        },
    ),
    entities=("Audit", "AuditRecord"),
    default_sort="[Audit].[Date] DESC",
)
"""The catalogue of /admin/v1/audit/."""
