"""The SQL of the health check."""

from __future__ import annotations

from sqlalchemy import select

from signfleet.storage.query import Query
from signfleet.storage.tables import network

#: Costs next to nothing, and fails where the schema is not there.
ANYTHING = Query(select(network.c.id).limit(1))
