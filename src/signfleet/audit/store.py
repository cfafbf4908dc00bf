"""The SQL of the audit trail."""

from __future__ import annotations

from sqlalchemy import bindparam, select, tuple_

from signfleet.storage.query import Query, among
from signfleet.storage.tables import audit

#: How many entries one unit of work forgets.
BATCH = 5000

INSERT = Query(audit.insert())
AMONG = Query(select(audit).where(audit.c.network_id == bindparam("network_id"), among(audit.c.id, "ids")))

_old = select(audit.c.network_id, audit.c.id).where(audit.c.date < bindparam("before")).limit(BATCH)
DELETE_OLD = Query(audit.delete().where(tuple_(audit.c.network_id, audit.c.id).in_(_old)))
