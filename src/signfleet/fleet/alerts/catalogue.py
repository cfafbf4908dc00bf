"""The properties of alerts that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.alerts.schemas import Alert
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns, Flat
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import alert

_COLUMNS = {
    "id": alert.c.id,
    "ruleId": alert.c.rule_id,
    "cause.kind": alert.c.cause,
    "deviceId": alert.c.device_id,
    "serial": alert.c.serial_key,
    "state": alert.c.state,
    "sinceDate": alert.c.since_date,
    "openDate": alert.c.open_date,
    "lastDate": alert.c.last_date,
    "count": alert.c.count,
    "resolveDate": alert.c.resolve_date,
}
ALERTS = Catalogue(
    [found for found in properties_of(Alert) if found.path in (*_COLUMNS, "ruleIds")],
    Columns(alert, _COLUMNS, flat=Flat(alert.c.rules, alert.c.id)),
    entities=("Alert",),
    default_sort="[Alert].[Id] DESC",
)
"""The catalogue of /admin/v1/alerts/."""
