"""The SQL of device groups."""

from __future__ import annotations

from signfleet.storage.query import Query
from signfleet.storage.tables import device_group

INSERT_GROUP = Query(device_group.insert())
