"""The date of a change that updates devices without reading them first."""

from __future__ import annotations

from sqlalchemy import bindparam, case

from signfleet.foundation.storage.tables import device

_NEXT_SECOND = device.c.changed_date - device.c.changed_date % 1000 + 1000

#: `now`, but at least the second after the last change: HTTP dates have whole seconds and have to differ.
NEXT_MOMENT = case((bindparam("now") > _NEXT_SECOND, bindparam("now")), else_=_NEXT_SECOND)
