"""The date that a change of devices gets which does not read them before."""

from __future__ import annotations

from sqlalchemy import bindparam, case

from signfleet.foundation.storage.tables import device

_NEXT_SECOND = device.c.changed_date - device.c.changed_date % 1000 + 1000

#: `now`, but at least the second after the last change: HTTP dates, of whole seconds, must tell the two apart.
NEXT_MOMENT = case((bindparam("now") > _NEXT_SECOND, bindparam("now")), else_=_NEXT_SECOND)
